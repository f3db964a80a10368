/** Whatever is told, in whatever batches: time is booked once, wholly, and the same. */
import { HOUR_MS, type RunName, runName, stateOf } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StreamRecord } from '../../../collector/src/timeline/fold-state.ts'
import { bookedMsOf } from '../../../collector/src/timeline/hours.ts'
import {
  contextAt,
  foldBatches,
  freshState,
  HOUR,
  MINUTE,
  ok,
  runs,
  type Stored,
  T0,
  tickOf,
  tickRecord,
  unitRow,
  unitTick,
} from './support.ts'

const NAMES = [
  'free/proven',
  'busy/active',
  'busy/grey',
  'occupied/in_use',
  'unknown/probe',
] as const

/** What happens next on the node, from where its timeline stands. */
const anyEvent = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('tick' as const),
      split: fc.integer({ min: 1, max: 59 }),
      names: fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...NAMES)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('gap' as const),
      seconds: fc.integer({ min: 0, max: 7200 }),
      newBoot: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('refused' as const), hasSpan: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('overlap' as const),
      backSeconds: fc.integer({ min: 1, max: 120 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('jump' as const),
      seconds: fc.integer({ min: 1, max: 4000 }),
    }),
  },
)
type Event = typeof anyEvent extends fc.Arbitrary<infer Value> ? Value : never

const CARDS = 3

/** The records of a history; every tick lies within one hour, as the wire demands. */
function recordsOf(events: readonly Event[]): readonly StreamRecord[] {
  let endMs = T0
  let boot = 1
  const records: StreamRecord[] = []
  const tickAt = (seq: number, startMs: number, first: RunName, then: RunName, split: number) => {
    const toHourMs = HOUR_MS - (startMs % HOUR_MS)
    const seconds = Math.min(60, Math.floor(toHourMs / 1000))
    const cut = Math.min(split, seconds - 1)
    const pieces = cut > 0 ? runs([first, cut], [then, seconds - cut]) : runs([first, seconds])
    const units = Array.from({ length: CARDS }, (_, index) =>
      unitTick(index, pieces, { samplesGot: 1 }),
    )
    return tickRecord(seq, tickOf(startMs, units))
  }
  for (const event of events) {
    const seq = records.length + 1
    switch (event.kind) {
      case 'tick': {
        const record = tickAt(seq, endMs, event.names[0], event.names[1], event.split)
        records.push(record)
        if (record.result.status === 'ok' && record.result.record.kind === 'tick') {
          endMs += record.result.record.tick.spanMs
        }
        break
      }
      case 'gap': {
        if (event.newBoot) boot += 1
        const toMs = endMs + event.seconds * 1000
        records.push(
          ok(seq, {
            kind: 'gap',
            gap: { startMs: endMs, endMs: toMs, cause: 'restart', bootId: `boot-${boot}` },
          }),
        )
        endMs = toMs
        break
      }
      case 'refused': {
        const span = event.hasSpan ? { spanStartMs: endMs, spanEndMs: endMs + MINUTE } : {}
        records.push({
          seq,
          bytes: new Uint8Array(3),
          result: { status: 'refused', code: 'record_undecodable', sentence: 'garbage', ...span },
        })
        endMs += MINUTE
        break
      }
      case 'overlap':
        records.push(
          tickAt(
            seq,
            Math.max(T0, endMs - event.backSeconds * 1000),
            'free/proven',
            'free/proven',
            1,
          ),
        )
        break
      case 'jump':
        endMs += event.seconds * 1000
        break
    }
  }
  return records
}

/** All rows a store would hold at the end, keyed and ordered. */
function rowsOf(stored: Stored) {
  const { effects, state } = stored
  const hours = new Map(
    effects
      .flatMap((effect) => effect.unitHours)
      .map((row) => [`${row.unitId}@${row.hourMs}`, row]),
  )
  const byText = (left: object, right: object) =>
    JSON.stringify(left).localeCompare(JSON.stringify(right))
  return {
    open: state.open,
    runs: effects.flatMap((effect) => effect.closedRuns).sort(byText),
    hours: [...hours.values()].sort(byText),
    windows: effects.flatMap((effect) => effect.closedWindows).sort(byText),
    refused: effects.flatMap((effect) => effect.refused),
    dirty: [...new Set(effects.flatMap((effect) => effect.dirtyHours))].sort(),
  }
}

const state = freshState(Array.from({ length: CARDS }, (_, index) => unitRow(index + 1)))

test('the stored result does not depend on how records are cut into batches', () => {
  fc.assert(
    fc.property(
      fc.array(anyEvent, { minLength: 1, maxLength: 40 }),
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc.integer({ min: 0, max: 20 * HOUR }),
      (events, cuts, delayMs) => {
        const records = recordsOf(events)
        const context = contextAt(T0 + 60 * HOUR + delayMs)
        const batches: StreamRecord[][] = [[]]
        for (const [position, record] of records.entries()) {
          if (cuts[position] === true) batches.push([])
          batches.at(-1)?.push(record)
        }
        const whole = rowsOf(foldBatches(state, [records], context))
        expect(rowsOf(foldBatches(state, batches, context))).toEqual(whole)
      },
    ),
  )
})

test('each unit is booked once from its first proof to the end, and its hours say the same', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 60 }), (events) => {
      const stored = foldBatches(state, [recordsOf(events)], contextAt(T0 + 90 * HOUR))
      const { open, runs: closed, hours } = rowsOf(stored)
      expect(open).not.toBeNull()
      for (const unit of open?.units ?? []) {
        const own = closed.filter((run) => run.unitId === unit.unitId)
        const last = {
          startMs: unit.runStartMs,
          endMs: open?.timelineEndMs ?? 0,
          code: unit.runCode,
        }
        const all = [...own, last].sort((left, right) => left.startMs - right.startMs)
        let endMs = T0
        const byState = new Map<string, number>()
        for (const run of all) {
          expect(run.startMs, `before ${runName(run.code)}`).toBe(endMs)
          expect(run.endMs).toBeGreaterThan(run.startMs)
          endMs = run.endMs
          const key = `${stateOf(run.code)}Ms`
          byState.set(key, (byState.get(key) ?? 0) + run.endMs - run.startMs)
        }
        expect(endMs).toBe(open?.timelineEndMs)
        const ownHours = [...hours.filter((row) => row.unitId === unit.unitId), unit.hour]
        const bookedMs = ownHours.reduce((sum, row) => sum + bookedMsOf(row), 0)
        expect(bookedMs).toBe(endMs - T0)
        for (const row of ownHours) expect(bookedMsOf(row)).toBeLessThanOrEqual(HOUR_MS)
        for (const [key, value] of byState) {
          const sum = ownHours.reduce((total, row) => total + Number(Reflect.get(row, key)), 0)
          expect(sum).toBe(value)
        }
      }
    }),
  )
})
