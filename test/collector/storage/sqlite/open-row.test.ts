/** The compact open row gives back exactly what was put in. */
import { HANDOVER_KINDS, runCode } from '@yiben/shared'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { NodeId, UnitId } from '../../../../collector/src/model/ids.ts'
import type { OpenNode, OpenUnit } from '../../../../collector/src/model/timeline.ts'
import { migrate } from '../../../../collector/src/storage/sqlite/migrate.ts'
import {
  markChanged,
  putOpen,
  readOpen,
} from '../../../../collector/src/storage/sqlite/open-row.ts'
import { hourOf } from '../../../conformance/fleet.ts'
import { connect } from './support.ts'

const NODE = 'n-1' as NodeId
const time = fc.integer({ min: 0, max: 4_102_444_800_000 })
const amount = fc.integer({ min: 0, max: 3_600_000 })

const window = fc.record({ startMs: time, ageStartMs: time, provenToMs: time, provenMs: amount })
const withheld = fc.record({
  sinceMs: time,
  by: fc.constantFrom('veto' as const, 'pause' as const, 'bit' as const),
})
const consent = fc.oneof(
  fc.constant({ depositable: true, withheld: null }),
  fc.constant({ depositable: false, withheld: null }),
  withheld.map((one) => ({ depositable: false, withheld: one })),
)
const consentEnds = fc.oneof(
  fc.constant({ count: 0, latest: [] }),
  fc.record({
    count: fc.integer({ min: 1, max: 1_000_000 }),
    latest: fc.array(
      fc.record({ sinceMs: time, by: fc.constantFrom('veto' as const, 'policy' as const) }),
      { maxLength: 4 },
    ),
  }),
)
const hour = fc.record({
  hourMs: time,
  busyMs: amount,
  freeMs: amount,
  unknownMs: amount,
  classBMs: amount,
  samplesGot: amount,
  utilizationMaxPermille: fc.option(amount),
  memoryUsedMibMax: fc.option(amount),
  energyJoules: fc.option(amount),
  temperatureCelsiusMax: fc.option(amount),
})

const unit: fc.Arbitrary<OpenUnit> = fc
  .record({
    unitId: fc.integer({ min: 1, max: 1_000_000 }).map((id) => id as UnitId),
    index: fc.integer({ min: -1, max: 1_023 }),
    runStartMs: time,
    runCode: fc.constantFrom(runCode('free/proven'), runCode('unknown/missing')),
    runRecordedAtMs: fc.option(time),
    window: fc.option(window),
    consent,
    consentEnds,
    evidence: fc.constantFrom('A' as const, 'B' as const),
    hour,
  })
  .map(({ consent: given, hour: { hourMs, ...sums }, ...rest }) => ({
    ...rest,
    ...given,
    hour: hourOf(rest.unitId, hourMs, sums),
  }))

const openNode: fc.Arbitrary<OpenNode> = fc.record({
  nodeId: fc.constant(NODE),
  epoch: fc.string(),
  bootId: fc.string(),
  factsRevision: fc.nat(),
  timelineEndMs: time,
  units: fc.array(unit, { maxLength: 16 }),
  policy: fc.option(
    fc.record({
      version: fc.nat(),
      atMs: time,
      enabled: fc.boolean(),
      keepCardsPerNode: fc.nat(),
      minFreeMs: amount,
      maxLeaseMs: amount,
      calendar: fc.option(fc.string({ minLength: 1 })),
      handover: fc.option(
        fc.record({
          kind: fc.constantFrom(...HANDOVER_KINDS),
          isFenced: fc.boolean(),
          endpoint: fc.option(fc.string()),
          queue: fc.option(fc.string()),
        }),
      ),
    }),
  ),
  cpu: fc.option(
    fc.record({ hourMs: time, cpuBusyMs: amount, cpuTotalMs: amount, toldMs: amount }),
  ),
  changeSeq: fc.constant(0),
})

function openStore() {
  const db = connect(':memory:')
  onTestFinished(() => db.close())
  migrate(db)
  // Only the open row is looked at here: no roster behind it.
  db.exec('PRAGMA foreign_keys = OFF')
  return db
}

test('what is written is what is read, under a change number that only rises', () => {
  const db = openStore()
  let last = 0
  fc.assert(
    fc.property(openNode, (open) => {
      const changeSeq = putOpen(db, open)
      expect(changeSeq).toBeGreaterThan(last)
      last = changeSeq
      expect(readOpen(db, NODE)).toEqual({ ...open, changeSeq })
    }),
  )
})

test('a node marked as changed keeps its row under a higher number', () => {
  const db = openStore()
  const open = { ...fc.sample(openNode, { numRuns: 1, seed: 7 })[0], nodeId: NODE } as OpenNode
  const before = putOpen(db, open)
  markChanged(db, [NODE, NODE, 'n-none' as NodeId])
  const after = readOpen(db, NODE)
  expect(after?.changeSeq).toBeGreaterThan(before)
  expect({ ...after, changeSeq: 0 }).toEqual(open)
})

test('eight quiet cards take less than 2 KiB', () => {
  const db = openStore()
  const [sample] = fc.sample(openNode, { numRuns: 1, seed: 1 })
  const quiet: OpenUnit = {
    unitId: 100_000 as UnitId,
    index: 7,
    runStartMs: 1_772_323_200_000,
    runCode: runCode('free/proven'),
    runRecordedAtMs: null,
    window: {
      startMs: 1_772_323_200_000,
      ageStartMs: 1_772_323_200_000,
      provenToMs: 1_772_326_800_000,
      provenMs: 3_600_000,
    },
    depositable: true,
    withheld: null,
    consentEnds: { count: 0, latest: [] },
    evidence: 'A',
    hour: hourOf(100_000 as UnitId, 1_772_323_200_000, { freeMs: 3_600_000, samplesGot: 360 }),
  }
  putOpen(db, { ...(sample as OpenNode), units: Array.from({ length: 8 }, () => quiet) })
  const row = db.get('SELECT length(units) AS bytes FROM open_nodes')
  expect(Number(row?.bytes)).toBeLessThan(2_048)
})
