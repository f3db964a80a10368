/**
 * A process of a nation's load generator: some provinces of `nation-child.ts`, told by its parent what
 * to do. Not run by hand.
 */
import { createRealWorld } from '@yiben/shared'
import type { NationCommand, NationCount } from './nation.ts'
import { NationChild } from './nation-child.ts'
import type { HourSums } from './nation-plan.ts'

const REFUSALS_KEPT = 5

const world = createRealWorld()
let children: readonly NationChild[] = []
let waits: number[] = []
let refused = 0
const refusals: string[] = []

function make({ plan, first, tokens, url }: Extract<NationCommand, { kind: 'make' }>): void {
  children = tokens.map(
    (token, at) =>
      new NationChild({
        world,
        plan,
        number: first + at,
        url,
        token,
        onAcked: (waitedMs) => waits.push(waitedMs),
        onRefused: (sentence) => {
          refused += 1
          if (refusals.length < REFUSALS_KEPT) refusals.push(sentence)
        },
      }),
  )
  for (const child of children) {
    child.run().catch((error: unknown) => {
      console.error(error)
      process.exit(1)
    })
  }
}

function sumsOf(hours: readonly (readonly [hourMs: number, revision: number])[]): HourSums {
  const all = children.flatMap(({ province }) =>
    hours.map(([hourMs, revision]) => province.sumsOf(hourMs, revision)),
  )
  return all.reduce((sum, one) => ({
    busyMs: sum.busyMs + one.busyMs,
    freeMs: sum.freeMs + one.freeMs,
    unknownMs: sum.unknownMs + one.unknownMs,
    allMs: sum.allMs + one.allMs,
  }))
}

function count(): NationCount {
  const told = waits
  waits = []
  return {
    online: children.filter(({ isOnline }) => isOnline).length,
    settled: children.filter(({ isSettled }) => isSettled).length,
    records: children.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    cards: children.reduce((sum, { province }) => sum + province.cards, 0),
    sites: children.reduce((sum, { province }) => sum + province.sites, 0),
    nodes: children.reduce((sum, { province }) => sum + province.nodes, 0),
    cpuMs: Math.round((process.cpuUsage().user + process.cpuUsage().system) / 1_000),
    refused,
    refusals,
    waits: told,
    sums: null,
  }
}

process.on('message', (command: NationCommand) => {
  if (command.kind === 'make') make(command)
  else if (command.kind === 'tell') {
    for (const child of children.slice(0, command.children ?? children.length)) {
      child.tell(command.telling)
    }
  }
  const sums = command.kind === 'sum' ? sumsOf(command.hours) : null
  process.send?.({ ...count(), sums } satisfies NationCount)
})
// Without its parent nobody would stop it.
process.on('disconnect', () => process.exit(0))
