import type { RunName, UnitReading } from '@yiben/shared'
import { runCode, runName, stateOf } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Possession } from '../../../agent/src/owners/owner.ts'
import type { VerdictInput } from '../../../agent/src/verdict/verdict.ts'
import { verdictOf } from '../../../agent/src/verdict/verdict.ts'
import { GIB, input, MIB, NO_PROCESS, OFFERS_ALL, ONE_PROCESS, reading } from './readings.ts'

const GIVEN: Possession = { status: 'given', by: 'scheduler', toBank: false }
const CONTRACT: Possession = { status: 'given', by: 'contract', toBank: false }
const UNPROVEN: Possession = { status: 'unproven', sentence: 'Slurm is silent.' }
const DRAINED: Possession = { status: 'withdrawn', cause: 'drained' }
const MAINTENANCE: Possession = { status: 'withdrawn', cause: 'maintenance' }
const FAILED = { status: 'failed', cause: 'ecc', detail: 'Alarm' } as const
const WARNING = { status: 'warning', cause: null, detail: 'Warning' } as const
const NO_HEALTH = { status: 'unknown', cause: null, detail: null } as const

const NONE = { basis: 'none', idleMemoryBytesMax: 0, idlePowerWattsMax: null } as const
const APPROVED = {
  basis: 'approved',
  idleMemoryBytesMax: 4 * GIB,
  idlePowerWattsMax: 100,
} as const
const SHIPPED_910B = {
  basis: 'shipped',
  idleMemoryBytesMax: 3407 * MIB,
  idlePowerWattsMax: 97.8,
} as const

interface Row {
  readonly name: string
  readonly read?: Partial<UnitReading>
  readonly given?: Partial<VerdictInput>
  readonly is: RunName
}

function check({ read, given, is }: Row): void {
  const facts = input({ ...(read === undefined ? {} : { reading: reading(read) }), ...given })
  expect(runName(verdictOf(facts).code)).toBe(is)
}

describe('with utilization (evidence A) the first rule that applies decides', () => {
  test.each<Row>([
    { name: 'quiet, empty, nobody has it', is: 'free/proven' },
    { name: '1 % is quiet', read: { utilization: { compute: 0.01 } }, is: 'free/proven' },
    { name: 'above 1 % is grey', read: { utilization: { compute: 0.011 } }, is: 'busy/grey' },
    { name: 'below 5 % is grey', read: { utilization: { compute: 0.049 } }, is: 'busy/grey' },
    { name: '5 % is busy', read: { utilization: { compute: 0.05 } }, is: 'busy/active' },
    {
      name: 'any engine makes it busy',
      read: { utilization: { compute: 0, decoder: 0.3 } },
      is: 'busy/active',
    },
    { name: 'a kernel 60 s ago', read: { kernelAgeMs: 60_000 }, is: 'busy/kernel' },
    { name: 'a kernel 61 s ago is past', read: { kernelAgeMs: 61_000 }, is: 'free/proven' },
    {
      name: 'busy comes before faulty',
      read: { utilization: { compute: 0.9 }, health: FAILED },
      is: 'busy/active',
    },
    {
      name: 'busy comes before given',
      read: { utilization: { compute: 0.9 } },
      given: { possession: GIVEN },
      is: 'busy/active',
    },
    { name: 'a failed health has its cause', read: { health: FAILED }, is: 'faulty/ecc' },
    { name: 'a warning is not OK', read: { health: WARNING }, is: 'faulty/health' },
    { name: 'a health nobody tells is no fault', read: { health: NO_HEALTH }, is: 'free/proven' },
    { name: 'drained', given: { possession: DRAINED }, is: 'faulty/drained' },
    { name: 'in maintenance', given: { possession: MAINTENANCE }, is: 'faulty/maintenance' },
    {
      name: 'utilization not told',
      read: { utilization: {} },
      is: 'unknown/missing_signal',
    },
    {
      name: 'the compute engine not told, another quiet',
      read: { utilization: { compute: null, memory_controller: 0 } },
      is: 'unknown/missing_signal',
    },
    { name: 'memory not told', read: { memoryUsedBytes: null }, is: 'unknown/missing_signal' },
    {
      name: 'the process list not told where it is offered',
      read: { processes: null },
      is: 'unknown/missing_signal',
    },
    {
      name: 'the process list not told where it is not offered',
      read: { processes: null },
      given: { offers: { ...OFFERS_ALL, processes: false } },
      is: 'free/proven',
    },
    {
      name: 'a missing signal comes before given',
      read: { utilization: {} },
      given: { possession: GIVEN },
      is: 'unknown/missing_signal',
    },
    {
      name: 'utilization out of range, named by the probe',
      read: { utilization: { memory_controller: 0 }, outOfRange: ['utilization.compute'] },
      is: 'unknown/out_of_range',
    },
    {
      name: 'a negative utilization',
      read: { utilization: { compute: -0.01 } },
      is: 'unknown/out_of_range',
    },
    {
      name: 'a utilization of 130 %',
      read: { utilization: { compute: 1.3 } },
      is: 'unknown/out_of_range',
    },
    {
      name: 'more memory used than there is',
      read: { memoryUsedBytes: 81 * GIB },
      is: 'unknown/out_of_range',
    },
    {
      name: 'power out of range is not required',
      read: { powerWatts: null, outOfRange: ['powerWatts'] },
      is: 'free/proven',
    },
    {
      name: 'quiet at far more than idle power',
      read: { powerWatts: 300 },
      is: 'unknown/contradiction',
    },
    { name: 'twice idle power is not far', read: { powerWatts: 150 }, is: 'free/proven' },
    {
      name: 'far by factor, not by 50 W',
      read: { powerWatts: 60 },
      given: {
        baseline: { basis: 'shipped', idleMemoryBytesMax: 0, idlePowerWattsMax: 13 },
      },
      is: 'free/proven',
    },
    {
      name: 'without a known idle power nothing contradicts',
      read: { powerWatts: 600 },
      given: { baseline: NONE },
      is: 'free/proven',
    },
    {
      name: 'given by the scheduler',
      given: { possession: GIVEN },
      is: 'allocated/scheduler',
    },
    { name: 'given by contract', given: { possession: CONTRACT }, is: 'allocated/contract' },
    {
      name: 'given comes before memory in use',
      read: { memoryUsedBytes: 24 * GIB },
      given: { possession: GIVEN },
      is: 'allocated/scheduler',
    },
    {
      name: 'grey comes before given',
      read: { utilization: { compute: 0.02 } },
      given: { possession: GIVEN },
      is: 'busy/grey',
    },
    { name: 'a compute process', read: { processes: ONE_PROCESS }, is: 'occupied/in_use' },
    {
      name: 'a display server is no compute process',
      read: { processes: { computeCount: 0, graphicsCount: 2, memoryUsedBytes: 4 * MIB } },
      is: 'free/proven',
    },
    {
      name: 'a process proves use without a memory figure',
      read: { processes: ONE_PROCESS, memoryUsedBytes: null },
      is: 'occupied/in_use',
    },
    {
      name: 'possession unproven',
      given: { possession: UNPROVEN },
      is: 'unknown/possession',
    },
    {
      name: 'a loaded card is occupied, whoever gives it away',
      read: { memoryUsedBytes: 24 * GIB, processes: ONE_PROCESS },
      given: { possession: UNPROVEN },
      is: 'occupied/in_use',
    },
  ])('$name: $is', check)
})

describe('memory is held against the baseline (C13)', () => {
  const total = { memoryTotalBytes: 64 * GIB }
  const limitBytes = 3407 * MIB + Math.ceil(0.01 * 64 * GIB)
  test.each<Row>([
    {
      name: 'at the shipped baseline',
      read: { ...total, memoryUsedBytes: 3407 * MIB },
      given: { baseline: SHIPPED_910B },
      is: 'free/proven',
    },
    {
      name: 'within 1 % of the total above it',
      read: { ...total, memoryUsedBytes: limitBytes - 1 },
      given: { baseline: SHIPPED_910B },
      is: 'free/proven',
    },
    {
      name: 'a new driver needs 900 MiB more',
      read: { ...total, memoryUsedBytes: 4307 * MIB },
      given: { baseline: SHIPPED_910B },
      is: 'occupied/baseline_unproven',
    },
    {
      name: 'the same, once approved',
      read: { ...total, memoryUsedBytes: 4307 * MIB },
      given: { baseline: { ...APPROVED, idleMemoryBytesMax: 4307 * MIB } },
      is: 'free/proven',
    },
    {
      name: 'above an approved baseline it is somebody’s',
      read: { ...total, memoryUsedBytes: 5 * GIB },
      given: { baseline: APPROVED },
      is: 'occupied/in_use',
    },
    {
      name: 'one reading of 0 below the baseline is still free',
      read: { ...total, memoryUsedBytes: 0 },
      given: { baseline: SHIPPED_910B },
      is: 'free/proven',
    },
    {
      name: 'nothing known, 256 MiB of a small card',
      read: { memoryTotalBytes: 16 * GIB, memoryUsedBytes: 256 * MIB },
      given: { baseline: NONE },
      is: 'free/proven',
    },
    {
      name: 'nothing known, one byte more',
      read: { memoryTotalBytes: 16 * GIB, memoryUsedBytes: 256 * MIB + 1 },
      given: { baseline: NONE },
      is: 'occupied/baseline_unproven',
    },
    {
      name: 'nothing known, 24 GiB held without a process in sight',
      read: { memoryUsedBytes: 24 * GIB },
      given: { baseline: NONE },
      is: 'occupied/in_use',
    },
    {
      name: 'neither baseline nor possession proven',
      read: { memoryUsedBytes: 900 * MIB },
      given: { baseline: NONE, possession: UNPROVEN },
      is: 'unknown/possession',
    },
  ])('$name: $is', check)
})

describe('without utilization (evidence B) possession decides', () => {
  const offers = { ...OFFERS_ALL, utilization: false }
  const read = { utilization: {} }
  test.each<Row>([
    { name: 'given', read, given: { offers, possession: GIVEN }, is: 'allocated/scheduler' },
    {
      name: 'given, with nothing else told',
      read: { ...read, memoryUsedBytes: null, processes: null },
      given: { offers, possession: GIVEN },
      is: 'allocated/scheduler',
    },
    {
      name: 'a process',
      read: { ...read, processes: ONE_PROCESS },
      given: { offers },
      is: 'occupied/in_use',
    },
    {
      name: 'memory in use',
      read: { ...read, memoryUsedBytes: 40 * GIB },
      given: { offers },
      is: 'occupied/in_use',
    },
    { name: 'a complete empty process list', read, given: { offers }, is: 'free/proven' },
    {
      name: 'an empty process list in a container',
      read,
      given: { offers, hostPidNamespace: false },
      is: 'unknown/missing_signal',
    },
    {
      name: 'no process list offered',
      read: { ...read, processes: null },
      given: { offers: { ...offers, processes: false } },
      is: 'unknown/missing_signal',
    },
    {
      name: 'possession unproven',
      read,
      given: { offers, possession: UNPROVEN },
      is: 'unknown/possession',
    },
    {
      name: 'a failed health',
      read: { ...read, health: FAILED },
      given: { offers, possession: GIVEN },
      is: 'faulty/ecc',
    },
  ])('$name: $is', check)

  test('evidence says which class it was', () => {
    expect(verdictOf(input()).evidence).toBe('A')
    expect(verdictOf(input({ offers, reading: reading(read) })).evidence).toBe('B')
  })
})

describe('what is known without a reading passes through', () => {
  const nothing = { reading: null }
  test.each<Row>([
    { name: 'nothing read, no reason', given: nothing, is: 'unknown/probe' },
    ...(
      [
        'faulty/no_driver',
        'faulty/fallen_off_bus',
        'allocated/passthrough',
        'unknown/paused',
        'unknown/probe',
      ] as const
    ).map((is) => ({
      name: 'the reason stands',
      given: { ...nothing, readingProblem: runCode(is) },
      is,
    })),
    {
      name: 'drained outweighs a tool that fails',
      given: { ...nothing, readingProblem: runCode('unknown/probe'), possession: DRAINED },
      is: 'faulty/drained',
    },
    {
      name: 'the card’s own fault outweighs drained',
      given: { ...nothing, readingProblem: runCode('faulty/no_driver'), possession: DRAINED },
      is: 'faulty/no_driver',
    },
    {
      name: 'given outweighs no missing reading',
      given: { ...nothing, possession: GIVEN },
      is: 'unknown/probe',
    },
  ])('$name: $is', check)

  test('an unread utilization is absent, not 0', () => {
    expect(verdictOf(input(nothing)).utilizationRatio).toBeNull()
    expect(verdictOf(input({ reading: reading({ utilization: {} }) })).utilizationRatio).toBeNull()
  })
})

describe('free is never a guess', () => {
  /** Four times in five the value of an empty card, so that free verdicts are among them. */
  const mostly = <T>(good: T, ...others: T[]) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(good) },
      { weight: 1, arbitrary: fc.constantFrom(...others) },
    )
  const anyReading: fc.Arbitrary<UnitReading> = fc.record({
    key: fc.constant('GPU-1'),
    utilization: fc.record({
      compute: mostly<number | null>(0, null, -1, 0.01, 0.03, 0.05, 1, 1.3, Number.NaN),
      decoder: mostly<number | null>(0, null, 0.02, 0.5),
    }),
    memoryUsedBytes: mostly<number | null>(0, null, -1, 200 * MIB, 5 * GIB, 200 * GIB),
    memoryTotalBytes: mostly<number | null>(80 * GIB, null),
    powerWatts: mostly<number | null>(70, null, 0, 400),
    temperatureCelsius: fc.constant(null),
    health: mostly<UnitReading['health']>(NO_HEALTH, FAILED, WARNING),
    processes: mostly<UnitReading['processes']>(NO_PROCESS, null, ONE_PROCESS),
    kernelAgeMs: mostly<number | null>(null, 0, 59_000, 100_000),
    outOfRange: mostly<readonly string[]>([], ['utilization'], ['powerWatts']),
  })
  const anyInput: fc.Arbitrary<VerdictInput> = fc.record({
    reading: fc.oneof({ weight: 9, arbitrary: anyReading }, fc.constant(null)),
    readingProblem: mostly<VerdictInput['readingProblem']>(
      null,
      runCode('unknown/probe'),
      runCode('faulty/no_tool'),
    ),
    offers: fc.record({
      utilization: fc.boolean(),
      memory: fc.boolean(),
      processes: fc.boolean(),
      health: fc.boolean(),
      power: fc.boolean(),
    }),
    possession: mostly<Possession>({ status: 'nobody' }, GIVEN, UNPROVEN, DRAINED),
    baseline: fc.constantFrom(NONE, APPROVED, SHIPPED_910B),
    hostPidNamespace: fc.boolean(),
    thresholds: fc.constant(input().thresholds),
  })

  test('a free verdict has read every signal and every signal says so', () => {
    let seenFree = 0
    fc.assert(
      fc.property(anyInput, (facts) => {
        const { code, evidence } = verdictOf(facts)
        if (stateOf(code) !== 'free') return
        seenFree += 1
        expect(facts.possession.status).toBe('nobody')
        expect(facts.readingProblem).toBeNull()
        expect(facts.reading?.memoryUsedBytes).toBeGreaterThanOrEqual(0)
        expect(facts.reading?.memoryUsedBytes).toBeLessThanOrEqual(5 * GIB)
        expect(facts.reading?.processes?.computeCount ?? 0).toBe(0)
        if (facts.offers.processes) expect(facts.reading?.processes).not.toBeNull()
        if (evidence === 'A') {
          expect(facts.reading?.utilization.compute).toBeLessThanOrEqual(0.01)
        } else {
          expect(facts.hostPidNamespace).toBe(true)
          expect(facts.reading?.processes).toEqual(NO_PROCESS)
        }
      }),
      { numRuns: 5000 },
    )
    expect(seenFree).toBeGreaterThan(50)
  })

  test('every verdict says why in a sentence', () => {
    fc.assert(
      fc.property(anyInput, (facts) => {
        expect(verdictOf(facts).sentence).toMatch(/\S.*\.$/)
      }),
    )
  })
})
