/**
 * One world from its seed: nodes and cards are drawn, faults strike, everything is checked once a
 * minute and after each fault; then it is healed and has to come to rest with nothing lost.
 */

import { FakeRandom } from '../support/fake-clock.ts'
import { SimBank } from './bank-client.ts'
import { Chance } from './chance.ts'
import { Checker } from './checks.ts'
import type { RestoreMutant } from './collector.ts'
import { drawFault, faultNamed } from './faults.ts'
import { restProblems, unquiet } from './final-checks.ts'
import { generationProblems, lossProblems } from './losses.ts'
import type { SimNode } from './node.ts'
import type { StoreMutant } from './store.ts'
import { HOUR_8_MS, SimWorld } from './world.ts'

const MINUTE_MS = 60_000
/** An hour ends within a world, and is sealed within it. */
const START_MS = HOUR_8_MS + 38 * MINUTE_MS
const FAULTY_MS = 24 * MINUTE_MS
/** As 48 h are to a backup of days ago. */
const FORGETFUL_MS = 2 * MINUTE_MS
/** Distrust of a peer lasts 5 minutes, the longest wait of a link. */
const QUIET_MINUTES_MAX = 20

export interface SeedResult {
  readonly seed: number
  readonly problems: readonly string[]
  readonly trace: readonly string[]
  readonly steps: number
  readonly simulatedMs: number
  /** How often the bank was answered what; `null` in a world without one. */
  readonly bank: SimBank['answers'] | null
}

export interface SeedOptions {
  readonly mutant?: StoreMutant
  readonly restoreMutant?: RestoreMutant
  /** Faults which befall it at least. */
  readonly always?: readonly string[]
  /** Faults per world; drawn where it is not given. */
  readonly faults?: number
  /** There is a bank that draws cards. */
  readonly isLending?: boolean
  /** Looks at the world before it is gone; for whoever has to understand a failure. */
  readonly onEnd?: (world: SimWorld) => Promise<void>
}

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  await using world = new SimWorld({
    seed,
    startMs: START_MS,
    ...(options.mutant === undefined ? {} : { mutant: options.mutant }),
    ...(options.restoreMutant === undefined ? {} : { restoreMutant: options.restoreMutant }),
  })
  const bank = options.isLending === true ? new SimBank(world) : null
  const checker = new Checker(world, bank)
  const problems = await live(world, checker, options, bank)
  await options.onEnd?.(world)
  return {
    seed,
    problems: problems.map((problem) => problem.slice(0, 500)),
    trace: world.trace,
    steps: checker.steps,
    simulatedMs: world.nowMs - START_MS,
    bank: bank?.answers ?? null,
  }
}

async function live(
  world: SimWorld,
  checker: Checker,
  options: SeedOptions,
  bank: SimBank | null,
): Promise<string[]> {
  const chance = new Chance(new FakeRandom(world.seed ^ 0x5eed))
  await begin(world, chance)
  if (bank !== null) await world.until(world.collector.createBankToken())
  bank?.start()
  const faults = drawFaults(chance, options.faults ?? chance.whole(3, 9), options.always ?? [])
  for (const { atMs, strike } of [...faults, ...minutes()].sort(byTime)) {
    await world.run(Math.max(0, START_MS + atMs - world.nowMs))
    strike(world)
    await world.run(1_000)
    const problems = await checker.step()
    if (problems.length > 0) return problems
    await reEnrollRefused(world)
  }
  bank?.stop()
  return heal(world, checker)
}

async function begin(world: SimWorld, chance: Chance): Promise<void> {
  await world.collector.start()
  await world.run(100)
  const nodes = chance.whole(2, 5)
  // Their spools keep what was acknowledged for less time than some backups are old.
  const isForgetful = chance.whole(0, 4) === 0
  const spoolLimits = isForgetful ? { ackedRetentionMs: FORGETFUL_MS } : {}
  for (let node = 0; node < nodes; node += 1) {
    const cards = Array.from({ length: chance.whole(1, 4) }, (_, card) => `card-${node}-${card}`)
    await world.addNode({
      cards,
      siteCode: `SITE-${1 + (node % 2)}`,
      settings: {
        phase: chance.whole(0, 16) / 16,
        keepCardsPerNode: chance.isHeads ? 0 : 1,
        spoolLimits,
      },
    })
  }
}

interface Strike {
  readonly atMs: number
  readonly strike: (world: SimWorld) => void
}

function drawFaults(chance: Chance, count: number, always: readonly string[]): Strike[] {
  return Array.from({ length: count }, (_, at) => {
    const named = always[at]
    const fault = named === undefined ? drawFault(chance) : faultNamed(named)
    return {
      atMs: chance.whole(2 * MINUTE_MS, FAULTY_MS),
      strike: (world: SimWorld) => fault.strike(world, chance),
    }
  })
}

/** Once a minute nothing happens but a check. */
function minutes(): Strike[] {
  return Array.from({ length: FAULTY_MS / MINUTE_MS }, (_, minute) => ({
    atMs: (minute + 1) * MINUTE_MS,
    strike: () => {},
  }))
}

function byTime(left: Strike, right: Strike): number {
  return left.atMs - right.atMs
}

/** What an administrator does about a node that is told not to come back: it is enrolled anew. */
async function reEnrollRefused(world: SimWorld): Promise<void> {
  for (const node of world.nodes) {
    const isLost = node.isAlive ? node.isRefused : !node.hasDisk
    if (!isLost || !world.collector.isAlive || node.line.state !== 'up') continue
    world.note(`${node.name} is enrolled anew`)
    node.kill()
    node.wipeDisk()
    try {
      await world.enroll(node)
      node.start()
    } catch (error) {
      world.note(`${node.name} could not be enrolled: ${String(error)}`)
    }
  }
}

async function heal(world: SimWorld, checker: Checker): Promise<string[]> {
  // What strikes later undoes itself before anything is expected of the world.
  let left: string[] = []
  for (let minute = 0; minute < QUIET_MINUTES_MAX; minute += 1) {
    if (minute >= 7) for (const node of world.nodes) mend(world, node)
    if (minute >= 7 && !world.collector.isAlive) await world.collector.start()
    await world.run(MINUTE_MS)
    if (minute >= 7) await reEnrollRefused(world)
    const problems = await checker.step()
    if (problems.length > 0) return problems
    left = minute < 10 ? ['healing'] : await unquiet(world)
    if (left.length > 0) continue
    return [
      ...(await restProblems(world)),
      ...lossProblems(world),
      ...(await generationProblems(world)),
    ]
  }
  return left.map((problem) => `the world does not come to rest: ${problem}`)
}

function mend(world: SimWorld, node: SimNode): void {
  node.line.setState('up')
  node.line.delayMs = 1
  node.stepWall(0)
  node.setDiskFull(false)
  node.freeBytes = 100 * 1024 ** 3
  world.collector.setDiskFull(false)
  world.collector.stepWall(0)
  if (!node.isAlive && node.hasDisk) node.start()
}
