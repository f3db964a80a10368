/** What single cards did goes after its time: what is answered of the rest is what it was before. */
import { AppError, runCode } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { UnitId } from '../../collector/src/model/ids.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { type Fleet, HOUR, hourOf, instantOf, MINUTE, note, T0, type TestNode } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const DAY = 24 * HOUR
const DAYS = 100
/** From here on answers are whole; rows go 31 days before it, behind the end of the first month. */
const KEPT = T0 + 70 * DAY
const END = T0 + DAYS * DAY

async function seal(store: Store, hourMs: number): Promise<void> {
  const { mark } = await store.readHour(hourMs)
  const write = { hourMs, expectedMark: mark, version: 1, knownAtMs: END, buckets: [] }
  const result = await store.writeBuckets({ ...write, outbox: [note('hour_sealed', END)] })
  if (result.status !== 'written') throw new Error(result.status)
}

/** Two cards that change twice a day; two of a node that is silent from day 20 on. */
async function lived(openFleet: OpenFleet): Promise<{ fleet: Fleet; busy: TestNode }> {
  const fleet = await openFleet()
  const busy = await fleet.start('BJ-01', 2)
  const silent = await fleet.start('SH-01', 2)
  for (let day = 0; day < DAYS; day += 1) {
    const fromMs = T0 + day * DAY
    for (const node of day < 20 ? [busy, silent] : [busy]) {
      const unitHours = node.units.map(({ unitId }) => hourOf(unitId, fromMs, { freeMs: HOUR }))
      await fleet.book(node, 'free/proven', fromMs + 9 * HOUR, { unitHours })
      await fleet.book(node, day % 3 === 0 ? 'allocated/scheduler' : 'busy/active', fromMs + DAY)
    }
  }
  const code = runCode('unknown/silent')
  const declaredAtMs = T0 + 20 * DAY + 2 * MINUTE
  const silence = { nodeId: silent.nodeId, unitId: null, fromMs: T0 + 20 * DAY, toMs: null }
  await fleet.store.beginSilences([{ ...silence, code, declaredAtMs }], [], [])
  await seal(fleet.store, T0 + 90 * DAY)
  return { fleet, busy }
}

async function pruneAll(store: Store, keptFromMs = KEPT, rowsMax = 1_000, refusedKeptFromMs = 0) {
  const calls: number[] = []
  let afterUnitId: UnitId | null = null
  for (;;) {
    const prune = { keptFromMs, refusedKeptFromMs, afterUnitId, rowsMax }
    const done: Awaited<ReturnType<Store['pruneTimeline']>> = await store.pruneTimeline(prune)
    calls.push(done.rows)
    if (done.isDone) return calls
    afterUnitId = done.nextUnitId
  }
}

const sum = (calls: readonly number[]) => calls.reduce((all, rows) => all + rows, 0)

export function retentionSuite(openFleet: OpenFleet, goesByMonth: boolean): void {
  test('from then on every answer is what it was; of time before it is refused by name', async () => {
    const { fleet: whole } = await lived(openFleet)
    const { fleet: pruned, busy } = await lived(openFleet)
    expect(await pruned.store.timelineKeptFromMs()).toBe(0)
    expect(sum(await pruneAll(pruned.store))).toBeGreaterThan(4 * 20)
    expect(await pruned.store.timelineKeptFromMs()).toBe(KEPT)
    const [unit] = busy.units
    if (unit === undefined) throw new Error('a card is there')
    const instant = fc.integer({ min: KEPT, max: END + DAY })
    await fc.assert(
      fc.asyncProperty(instant, instant, async (asOfMs, knownAtMs) => {
        const asked = [SCOPE_ALL, instantOf(asOfMs, knownAtMs)] as const
        expect(await pruned.store.readLedgerAt(...asked)).toEqual(
          await whole.store.readLedgerAt(...asked),
        )
        const span = { fromMs: asOfMs, toMs: asOfMs + DAY, knownAtMs: Math.max(asOfMs, knownAtMs) }
        expect(await pruned.store.readUnitSpan(SCOPE_ALL, unit.unitId, span)).toEqual(
          await whole.store.readUnitSpan(SCOPE_ALL, unit.unitId, span),
        )
      }),
      { numRuns: 40 },
    )
    for (const asked of [
      pruned.store.readLedgerAt(SCOPE_ALL, instantOf(KEPT - 1)),
      pruned.store.readUnitSpan(SCOPE_ALL, unit.unitId, {
        fromMs: KEPT - 1,
        toMs: KEPT + DAY,
        knownAtMs: END,
      }),
    ]) {
      await expect(asked).rejects.toThrow(
        expect.objectContaining({ code: 'as_of_pruned', fields: { keptFromMs: KEPT } }),
      )
      await expect(asked).rejects.toBeInstanceOf(AppError)
    }
  })

  test('a few rows go in one call, and in the end all that are due', async () => {
    const { fleet } = await lived(openFleet)
    const { fleet: same } = await lived(openFleet)
    const calls = await pruneAll(fleet.store, KEPT, 7)
    expect(calls.filter((rows) => rows > 7)).toHaveLength(goesByMonth ? 2 : 0)
    expect(calls.length).toBeGreaterThan(2)
    expect(sum(calls)).toBe(sum(await pruneAll(same.store)))
    expect(sum(await pruneAll(fleet.store))).toBe(0)
  })

  test('nothing goes that is to be sealed or corrected yet, and nothing comes back', async () => {
    const { fleet, busy } = await lived(openFleet)
    await seal(fleet.store, T0 + 91 * DAY)
    await pruneAll(fleet.store, END)
    expect(await fleet.store.timelineKeptFromMs()).toBe(T0 + 91 * DAY + HOUR)
    await pruneAll(fleet.store, KEPT)
    expect(await fleet.store.timelineKeptFromMs()).toBe(T0 + 91 * DAY + HOUR)

    const { fleet: late, busy: node } = await lived(openFleet)
    const dirtyHours = [T0 + 90 * DAY]
    await late.book(node, 'free/proven', END + HOUR, { dirtyHours })
    await pruneAll(late.store, END)
    expect(await late.store.timelineKeptFromMs()).toBe(T0 + 90 * DAY)
    expect(busy.units).toHaveLength(2)
  })

  test('an hour whose rows may be gone stays as it was sealed, whatever comes late', async () => {
    const { fleet, busy } = await lived(openFleet)
    await seal(fleet.store, T0)
    await pruneAll(fleet.store)
    const dirtyHours = [T0, T0 + 90 * DAY]
    await fleet.book(busy, 'free/proven', END + HOUR, { dirtyHours })
    expect((await fleet.store.rollupBacklog()).dirtyHours).toEqual([T0 + 90 * DAY])
  })

  test('time goes on to be told after the last run of a silent card', async () => {
    const { fleet } = await lived(openFleet)
    const node = await fleet.node('SH-01', 'node-2b')
    await fleet.cards(node, ['later'], T0)
    await fleet.book(node, 'free/proven', T0 + HOUR)
    await fleet.book(node, 'busy/active', T0 + 2 * HOUR)
    await pruneAll(fleet.store)
    await fleet.book(node, 'free/proven', END)
    await fleet.book(node, 'busy/active', END + HOUR)
    const span = { fromMs: END - HOUR, toMs: END + HOUR, knownAtMs: END + HOUR }
    const told = await fleet.store.readUnitSpan(SCOPE_ALL, node.units[0]?.unitId as UnitId, span)
    expect(told?.runs.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [T0 + 2 * HOUR, END],
      [END, END + HOUR],
    ])
  })

  test('refused records go after a time of their own', async () => {
    const { fleet, busy } = await lived(openFleet)
    const refused = [10, 20].map((day) => ({
      nodeId: busy.nodeId,
      epoch: busy.epoch,
      seq: day,
      code: 'record_overlap' as const,
      sentence: 'overlaps',
      refusedAtMs: T0 + day * DAY,
      bytes: Uint8Array.of(1),
    }))
    await fleet.book(busy, 'free/proven', END + HOUR, { refused })
    await pruneAll(fleet.store, 0, 1_000, T0 + 15 * DAY)
    const { refused: left } = await fleet.store.readQuality(SCOPE_ALL, 0)
    expect(left.map(({ seq }) => seq)).toEqual([20])
    expect(await fleet.store.timelineKeptFromMs()).toBe(0)
  })
}
