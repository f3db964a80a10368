/** What the forecast reads of the timeline, and what it keeps of itself and of each hour. */
import { runCode } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { ForecastHour } from '../../collector/src/model/forecast.ts'
import { H800, HOUR, MINUTE, note, T0 } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

export function forecastSuite(openFleet: OpenFleet): void {
  test('nodes are seen in the order of their change, with the whole cards that stand in them', async () => {
    const fleet = await openFleet()
    const [a, b] = [await fleet.start('BJ-01', 2), await fleet.start('BJ-02')]
    await fleet.book(a, 'free/proven', T0 + MINUTE)
    await fleet.book(b, 'busy/active', T0 + 2 * MINUTE)
    const sights = await fleet.store.readNodeSights(0, 10)
    const ofCard = (unitId: unknown, name: 'free/proven' | 'busy/active') => ({
      unitId,
      profile: H800,
      runStartMs: T0,
      runCode: runCode(name),
      windowStartMs: name === 'free/proven' ? T0 : null,
    })
    expect(sights).toEqual([
      {
        nodeId: a.nodeId,
        siteCode: 'BJ-01',
        changeSeq: a.open.changeSeq,
        timelineEndMs: T0 + MINUTE,
        cards: a.units.map(({ unitId }) => ofCard(unitId, 'free/proven')),
      },
      {
        nodeId: b.nodeId,
        siteCode: 'BJ-02',
        changeSeq: b.open.changeSeq,
        timelineEndMs: T0 + 2 * MINUTE,
        cards: b.units.map(({ unitId }) => ofCard(unitId, 'busy/active')),
      },
    ])
    expect(await fleet.store.readNodeSights(0, 1)).toEqual(sights.slice(0, 1))
    expect(await fleet.store.readNodeSights(b.open.changeSeq, 10)).toEqual([])
  })

  test('windows that have ended are read card by card from an instant on', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 2)
    const windows = node.units.flatMap(({ unitId }) =>
      [0, 1, 2].map((hour) => ({
        unitId,
        startMs: T0 + hour * HOUR,
        ageStartMs: T0 + hour * HOUR,
        endMs: T0 + hour * HOUR + MINUTE,
        provenMs: MINUTE,
        endCode: runCode('busy/active'),
      })),
    )
    await fleet.book(node, 'busy/active', T0 + 3 * HOUR, { closedWindows: windows })
    const [first, second] = node.units.map(({ unitId }) => unitId)
    if (first === undefined || second === undefined) throw new Error('two cards are there')
    const found = await fleet.store.readWindowsFrom([
      { unitId: first, fromMs: T0 + HOUR },
      { unitId: second, fromMs: T0 + HOUR + 1 },
    ])
    expect(found).toEqual([...windows.slice(1, 3), ...windows.slice(5)])
    expect(await fleet.store.readWindowsFrom([])).toEqual([])
  })

  test('state and cursor are written together, and only where the cursor stands', async () => {
    const { store } = await openFleet()
    expect(await store.readForecastState()).toBeNull()
    const write = (expectedCursor: number, cursor: number, byte: number) =>
      store.writeForecastState({
        expectedCursor,
        cursor,
        state: new Uint8Array([byte]),
        writtenAtMs: T0,
      })
    expect(await write(0, 7, 1)).toEqual({ status: 'written' })
    expect(await write(7, 9, 2)).toEqual({ status: 'written' })
    expect(await write(7, 8, 3)).toEqual({ status: 'stale' })
    expect(await store.readForecastState()).toEqual({ cursor: 9, bytes: new Uint8Array([2]) })
    expect(await store.readCursor('forecast')).toBe(9)
    expect(await store.readCursor('bank')).toBe(0)
  })

  test('of each hour one list is kept, with one entry, until it is old', async () => {
    const { store } = await openFleet()
    const hourOf = (hourMs: number, windows: number): ForecastHour => {
      const bytes = new Uint8Array([windows])
      return { hourMs, windows, models: 'shipped', sha256: 'ab'.repeat(32), bytes }
    }
    const entries = (await store.readOutbox(100)).length
    const write = (hour: ForecastHour, keptFromMs = T0) =>
      store.writeForecastHour({ hour, keptFromMs, outbox: [note('forecast')] })
    expect(await write(hourOf(T0, 1))).toEqual({ status: 'written' })
    expect(await write(hourOf(T0, 2))).toEqual({ status: 'known' })
    expect(await store.readForecastHour(T0)).toEqual(hourOf(T0, 1))
    expect(await write(hourOf(T0 + HOUR, 3), T0 + HOUR)).toEqual({ status: 'written' })
    expect(await store.readForecastHour(T0)).toBeNull()
    expect(await store.readForecastHour(T0 + HOUR)).toEqual(hourOf(T0 + HOUR, 3))
    expect(await store.readOutbox(100)).toHaveLength(entries + 2)
  })
}
