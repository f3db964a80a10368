/** Answers for people: a unit's history, the quality page, lists in pages. */
import { TIME_MS_MIN } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { UnitId } from '../../collector/src/model/ids.ts'
import {
  CLOCK_STEPS_KEPT_MS,
  type Page,
  SCOPE_ALL,
  type Scope,
} from '../../collector/src/storage/requests.ts'
import { bookCommit, HOUR, LATER, MINUTE, T0, type TestNode } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

function unitIdOf(node: TestNode): UnitId {
  const unit = node.units[0]
  if (unit === undefined) throw new Error('a card is there')
  return unit.unitId
}

async function allPages<Row>(read: (cursor: string | null) => Promise<Page<Row>>) {
  const pages: (readonly Row[])[] = []
  let cursor: string | null = null
  do {
    const page: Page<Row> = await read(cursor)
    pages.push(page.rows)
    cursor = page.nextCursor
  } while (cursor !== null && pages.length < 20)
  return pages
}

export function readsSuite(openFleet: OpenFleet): void {
  test('a span holds what touches it, whole, in order', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.bookRuns(node, [
      ['free/proven', T0 + 10 * MINUTE],
      ['busy/active', T0 + 20 * MINUTE],
      ['occupied/in_use', T0 + 30 * MINUTE],
      ['free/proven', T0 + 40 * MINUTE],
    ])
    const read = async (from: number, to: number) => {
      const range = { fromMs: T0 + from * MINUTE, toMs: T0 + to * MINUTE, knownAtMs: LATER }
      const span = await fleet.store.readUnitSpan(SCOPE_ALL, unitIdOf(node), range)
      return span?.runs.map((run) => [(run.startMs - T0) / MINUTE, (run.endMs - T0) / MINUTE])
    }
    expect(await read(10, 20)).toEqual([[10, 20]])
    expect(await read(15, 31)).toEqual([
      [10, 20],
      [20, 30],
      [30, 40],
    ])
    expect(await read(40, 50)).toEqual([])
    const range = { fromMs: T0, toMs: T0 + HOUR, knownAtMs: LATER }
    const whole = await fleet.store.readUnitSpan(SCOPE_ALL, unitIdOf(node), range)
    expect(whole).toMatchObject({ timelineEndMs: T0 + 40 * MINUTE, silences: [], deposits: [] })
    expect(await fleet.store.readUnitSpan(SCOPE_ALL, 999 as UnitId, range)).toBeNull()
  })

  test('C2: steps of a clock are told newest first, and kept long enough', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const { epoch, nodeId } = node
    const told = async (atMs: number, ...steps: number[]) => {
      const clockSteps = steps.map((stepMs) => ({ nodeId, epoch, atMs, stepMs }))
      await fleet.book(node, 'free/proven', atMs, { clockSteps })
    }
    const read = async (sinceMs: number) =>
      (await fleet.store.readQuality(SCOPE_ALL, sinceMs)).clockSteps
    await told(T0 + MINUTE, 40_000, -40_000)
    await told(T0 + 2 * MINUTE)
    const first = { nodeId, epoch, atMs: T0 + MINUTE, stepMs: 40_000 }
    expect(await read(T0)).toEqual([{ ...first, stepMs: -40_000 }, first])
    expect(await read(T0 + 2 * MINUTE)).toEqual([])
    await told(T0 + CLOCK_STEPS_KEPT_MS, 3_000)
    expect(await read(T0)).toHaveLength(3)
    await told(T0 + CLOCK_STEPS_KEPT_MS + 2 * MINUTE, 4_000)
    expect((await read(T0)).map(({ stepMs }) => stepMs)).toEqual([4_000, 3_000])
  })

  test('C2: a clock that had been wrong is told once for all cards of a node', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 2)
    await fleet.bookRuns(node, [
      ['free/proven', T0 + MINUTE],
      ['unknown/clock', T0 + MINUTE + 40_000],
      ['free/proven', T0 + 3 * MINUTE],
    ])
    const step = { nodeId: node.nodeId, fromMs: T0 + MINUTE, toMs: T0 + MINUTE + 40_000 }
    expect((await fleet.store.readQuality(SCOPE_ALL, T0)).clockGaps).toEqual([step])
    expect((await fleet.store.readQuality(SCOPE_ALL, T0 + HOUR)).clockGaps).toEqual([])
  })

  test('nodes are listed in pages, with session, facts and cards', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 3)
    for (let more = 0; more < 4; more += 1) await fleet.node('BJ-01')
    await fleet.book(node, 'free/proven', T0 + MINUTE)
    const pages = await allPages((cursor) => fleet.store.listNodes(SCOPE_ALL, { cursor, limit: 2 }))
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1])
    expect(new Set(pages.flat().map((row) => row.node.nodeId)).size).toBe(5)
    expect(await fleet.store.findNode(SCOPE_ALL, node.nodeId)).toMatchObject({
      node: { nodeId: node.nodeId },
      session: { isConnected: true },
      facts: { facts: { revision: 1 } },
      timelineEndMs: T0 + MINUTE,
      unitCount: 3,
    })
    expect(await fleet.store.findNode(SCOPE_ALL, 'n-none')).toBeNull()
  })

  test('a node that has told no time yet has no end of its timeline', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const commit = bookCommit(node, 'free/proven', T0)
    const open = { ...commit.open, timelineEndMs: TIME_MS_MIN, units: [] }
    await fleet.store.commitIngest([{ ...commit, open }])
    expect((await fleet.store.findNode(SCOPE_ALL, node.nodeId))?.timelineEndMs).toBeNull()
  })

  test('units are listed in pages, each once', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 5)
    const pages = await allPages((cursor) => fleet.store.listUnits(SCOPE_ALL, { cursor, limit: 2 }))
    expect(pages.flat()).toEqual(node.units)
    expect(pages).toHaveLength(3)
  })

  test('units of one node are listed in pages, and none of another', async () => {
    const fleet = await openFleet()
    await fleet.start('NM-01', 2)
    const node = await fleet.start('BJ-01', 3)
    const list = (scope: Scope) =>
      allPages((cursor) => fleet.store.listUnits(scope, { cursor, limit: 2 }, node.nodeId))
    expect((await list(SCOPE_ALL)).flat()).toEqual(node.units)
    expect((await list({ regions: 'all', sites: ['NM-01'] })).flat()).toEqual([])
  })

  test('units are read by their numbers', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 3)
    const ids = [node.units[2]?.unitId, 999, node.units[0]?.unitId] as UnitId[]
    const found = await fleet.store.readUnits(SCOPE_ALL, ids)
    expect(new Set(found.map((unit) => unit.unitId))).toEqual(
      new Set([node.units[0]?.unitId, node.units[2]?.unitId]),
    )
  })
}
