/**
 * A process of a fleet's load generator: many nodes of `fleet-node.ts`, told by its parent what to do.
 * Not run by hand.
 */
import { createRealWorld } from '@yiben/shared'
import { MINUTE_MS, seededRandom } from './activity.ts'
import type { FleetCommand, FleetCount, FleetPlan } from './fleet.ts'
import { FleetNode, minutesOf } from './fleet-node.ts'

/** How often nodes are looked at for a minute that is over. */
const LOOK_EVERY_MS = 100
/** Different pasts that nodes share: encoding one each would take longer than what is measured. */
const PASTS = 16
/** Connections are opened over so long, as agents do that start with their machines. */
const START_EVERY = 50

const world = createRealWorld()
const nodes: FleetNode[] = []
let waits: number[] = []
let refused = 0
let welcomes = 0
let isTicking = false

function make(plan: FleetPlan): void {
  const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
  const pasts = Array.from({ length: plan.backlogMinutes === 0 ? 0 : PASTS }, (_, seed) =>
    minutesOf(seed, nowMs - plan.backlogMinutes * MINUTE_MS, plan.backlogMinutes),
  )
  for (let number = plan.first; number < plan.first + plan.count; number += 1) {
    const node = new FleetNode({
      ...plan.place,
      world,
      number,
      owner: {
        onWelcome: () => {
          welcomes += 1
        },
        onRefused: (records) => {
          refused += records.length
        },
      },
      onAcked: (waitedMs) => waits.push(waitedMs),
    })
    const past = pasts[number % PASTS] ?? []
    // Nodes do not end their minutes all at once; those of a shared past do.
    const phaseMs = past.length > 0 ? 0 : Math.floor(seededRandom(number)() * MINUTE_MS)
    node.begin(past.length > 0 ? nowMs - plan.backlogMinutes * MINUTE_MS : nowMs - phaseMs, past)
    nodes.push(node)
  }
}

async function connect(): Promise<void> {
  for (const [at, node] of nodes.entries()) {
    node.link.run().catch((error: unknown) => {
      console.error(error)
      process.exit(1)
    })
    if (at % START_EVERY === START_EVERY - 1) await new Promise((go) => setTimeout(go, 20))
  }
}

function tick(): void {
  if (isTicking) return
  isTicking = true
  setInterval(() => {
    const nowMs = Date.now()
    for (const node of nodes) node.tick(nowMs)
  }, LOOK_EVERY_MS)
}

function count(): FleetCount {
  const counted: FleetCount = {
    nodes: nodes.length,
    online: nodes.filter((node) => node.isOnline).length,
    settled: nodes.filter(({ spool }) => spool.unacknowledged === 0).length,
    unacknowledged: nodes.reduce((sum, { spool }) => sum + spool.unacknowledged, 0),
    welcomes,
    refused,
    waits,
  }
  waits = []
  return counted
}

process.on('message', (command: FleetCommand) => {
  if (command.kind === 'make') make(command.plan)
  else if (command.kind === 'connect') void connect()
  else if (command.kind === 'tick') tick()
  process.send?.(count())
})
// Without its parent nobody would stop it.
process.on('disconnect', () => process.exit(0))
