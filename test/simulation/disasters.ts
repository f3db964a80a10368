/** Faults of the world that reach further than a program or a line: restores, upgrades, forgers. */
import { LEASES_CAPABILITY } from '../../agent/src/agent-leases.ts'
import type { Chance } from './chance.ts'
import { FORGERIES, SimForger } from './forger.ts'
import { loseLedger, takeBackup } from './losses.ts'
import type { SimWorld } from './world.ts'

const SECOND_MS = 1_000

/** A copy is made now; later the ledger is lost, and the copy takes its place. */
export function restoreCollector(world: SimWorld, chance: Chance): void {
  const ageMs = chance.whole(5, 480) * SECOND_MS
  world.standStill(0, async () => {
    world.note('the ledger is backed up')
    const backup = await takeBackup(world)
    world.standStill(ageMs, async () => {
      world.note(`the ledger is lost; it is restored from ${ageMs / SECOND_MS} s ago`)
      await loseLedger(world, backup)
    })
  })
}

/** Another release of the agent, which may be one that knows nothing of leases. */
export function upgradeAgent(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  const version = `0.${chance.whole(1, 4)}.${chance.whole(0, 10)}`
  const capabilities = chance.isHeads ? [LEASES_CAPABILITY, 'of-tomorrow/1'] : []
  const delayMs = chance.whole(2, 40) * SECOND_MS
  world.note(`${node.name} becomes ${version}, able to ${capabilities.join(', ') || 'nothing'}`)
  void node.stop().then(() => {
    node.release = { version, capabilities }
    world.fate.clock.after(delayMs, () => {
      if (node.hasDisk) node.start()
    })
  })
}

/** A machine that is in the roster as any other and tells what somebody has made up. */
export function letInForger(world: SimWorld, chance: Chance): void {
  const forgery = chance.of(FORGERIES)
  const forger = new SimForger(world, forgery, chance)
  world.note(`${forger.name} comes: ${forgery.name}`)
  forger.start(chance.whole(60, 400) * SECOND_MS)
}
