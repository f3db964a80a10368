/** Answers for people: an instant as known at another, a unit's history, lists in pages. */
import { runCode, runName, TIME_MS_MIN } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { UnitId } from '../../collector/src/model/ids.ts'
import { type Page, SCOPE_ALL, type UnitAt } from '../../collector/src/storage/requests.ts'
import { bookCommit, type Fleet, HOUR, LATER, MINUTE, T0, type TestNode } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

async function at(fleet: Fleet, asOfMs: number, knownAtMs = LATER): Promise<UnitAt | undefined> {
  return (await fleet.store.readLedgerAt(SCOPE_ALL, asOfMs, knownAtMs))[0]
}

/** The evidence as a word; `untold` where there is none, `absent` where there is no unit. */
async function stateAt(fleet: Fleet, asOfMs: number, knownAtMs = LATER): Promise<string> {
  const unit = await at(fleet, asOfMs, knownAtMs)
  if (unit === undefined) return 'absent'
  return unit.run === null ? 'untold' : runName(unit.run.code)
}

async function goSilent(fleet: Fleet, node: TestNode, fromMs: number, declaredAtMs: number) {
  const silence = {
    nodeId: node.nodeId,
    unitId: null,
    fromMs,
    toMs: null,
    code: runCode('unknown/silent'),
    declaredAtMs,
  }
  await fleet.store.beginSilences([silence], [], [])
  const state = await fleet.store.loadNode(node.nodeId)
  return state?.silences[0]?.silenceId ?? 0
}

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
  test('an instant is answered from the open row and from closed runs', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.bookRuns(node, [
      ['free/proven', T0 + 10 * MINUTE],
      ['busy/active', T0 + 20 * MINUTE],
      ['free/proven', T0 + 30 * MINUTE],
    ])
    const states = [-1, 0, 10, 20, 30].map((minute) => stateAt(fleet, T0 + minute * MINUTE))
    expect(await Promise.all(states)).toEqual([
      'absent',
      'free/proven',
      'busy/active',
      'free/proven',
      'untold',
    ])
    expect(await at(fleet, T0 + 15 * MINUTE)).toMatchObject({
      unit: { unitId: unitIdOf(node) },
      operatorCode: '91110000MA01OPER11',
      regionCode: '110108',
      run: { startMs: T0 + 10 * MINUTE, endMs: T0 + 20 * MINUTE, recordedAtMs: null },
      provenToMs: T0 + 20 * MINUTE,
      isDeposited: false,
    })
    expect(await at(fleet, T0 + HOUR)).toMatchObject({ run: null, provenToMs: T0 + 30 * MINUTE })
  })

  test('a unit that has told nothing yet is there, without evidence', async () => {
    const fleet = await openFleet()
    await fleet.start('BJ-01')
    expect(await at(fleet, T0 + MINUTE)).toMatchObject({ run: null, provenToMs: null })
  })

  test('C14: late runs are seen from when they were known on', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const [silentFrom, toldAt] = [T0 + HOUR, T0 + 5 * HOUR]
    await fleet.book(node, 'free/proven', silentFrom)
    const silenceId = await goSilent(fleet, node, silentFrom, silentFrom + 90_000)
    await fleet.book(node, 'busy/active', T0 + 4 * HOUR, {
      recordedAtMs: toldAt,
      silencesEnded: [{ silenceId, toMs: T0 + 4 * HOUR }],
    })
    await fleet.book(node, 'free/proven', T0 + 6 * HOUR)
    const asOf = T0 + 90 * MINUTE
    expect(await stateAt(fleet, asOf, silentFrom + MINUTE)).toBe('untold')
    expect(await stateAt(fleet, asOf, T0 + 3 * HOUR)).toBe('unknown/silent')
    expect(await at(fleet, asOf, T0 + 3 * HOUR)).toMatchObject({ provenToMs: silentFrom })
    expect(await stateAt(fleet, asOf, toldAt - 1)).toBe('unknown/silent')
    expect(await stateAt(fleet, asOf, toldAt)).toBe('busy/active')
    const span = async (knownAtMs: number) => {
      const range = { fromMs: T0, toMs: T0 + 7 * HOUR, knownAtMs }
      const found = await fleet.store.readUnitSpan(SCOPE_ALL, unitIdOf(node), range)
      return [found?.runs.map((run) => runName(run.code)), found?.silences.length]
    }
    expect(await span(T0 + 3 * HOUR)).toEqual([['free/proven'], 1])
    expect(await span(toldAt)).toEqual([['free/proven', 'busy/active', 'free/proven'], 1])
  })

  test('what happened after the instant of knowledge was not known', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + HOUR)
    expect(await stateAt(fleet, T0 + 30 * MINUTE, T0 + 30 * MINUTE)).toBe('free/proven')
    expect(await stateAt(fleet, T0 + 30 * MINUTE, T0 + 29 * MINUTE)).toBe('untold')
  })

  test('a placement is not shown before the collector knew of it', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + HOUR)
    expect(await stateAt(fleet, T0, T0 - 1)).toBe('absent')
  })

  test('the silence of one card leaves the others alone', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 2)
    const missing = {
      nodeId: node.nodeId,
      unitId: unitIdOf(node),
      fromMs: T0,
      toMs: null,
      code: runCode('unknown/missing'),
      declaredAtMs: T0,
    }
    await fleet.store.beginSilences([missing], [], [])
    const rows = await fleet.store.readLedgerAt(SCOPE_ALL, T0 + MINUTE, LATER)
    expect(rows.map((row) => row.run?.code ?? null)).toEqual([runCode('unknown/missing'), null])
  })

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

  test('C2: a stepped clock is told once for all cards of a node', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 2)
    await fleet.bookRuns(node, [
      ['free/proven', T0 + MINUTE],
      ['unknown/clock', T0 + MINUTE + 40_000],
      ['free/proven', T0 + 3 * MINUTE],
    ])
    const step = { nodeId: node.nodeId, fromMs: T0 + MINUTE, toMs: T0 + MINUTE + 40_000 }
    expect((await fleet.store.readQuality(SCOPE_ALL, T0)).clockSteps).toEqual([step])
    expect((await fleet.store.readQuality(SCOPE_ALL, T0 + HOUR)).clockSteps).toEqual([])
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
