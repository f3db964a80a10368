/** Measured time: fences, group commit, the open row, silences. */
import { runCode } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { SessionGeneration } from '../../collector/src/model/ids.ts'
import type { Silence } from '../../collector/src/model/timeline.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { bookCommit, HOUR, hourOf, MINUTE, note, T0, type TestNode } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const RANGE = { fromMs: T0, toMs: T0 + 1_000 * HOUR, knownAtMs: T0 + 1_000 * HOUR }

function silentFrom(node: TestNode, fromMs: number): Omit<Silence, 'silenceId'> {
  return {
    nodeId: node.nodeId,
    unitId: null,
    fromMs,
    toMs: null,
    code: runCode('unknown/silent'),
    declaredAtMs: fromMs + 90_000,
  }
}

export function ingestSuite(openFleet: OpenFleet): void {
  test('what was committed is what is loaded', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 2)
    const policy = {
      version: 1,
      atMs: T0,
      enabled: true,
      keepCardsPerNode: 0,
      minFreeMs: 15 * MINUTE,
      maxLeaseMs: HOUR,
      calendar: null,
      handover: null,
    }
    const commit = bookCommit(node, 'free/proven', T0 + MINUTE)
    const [first, second] = commit.open.units
    if (first === undefined || second === undefined) throw new Error('two cards are open')
    const withheld = { sinceMs: T0, by: 'veto' } as const
    const open = {
      ...commit.open,
      policy,
      units: [
        { ...first, hour: hourOf(first.unitId, T0, { freeMs: MINUTE, energyJoules: 5 }) },
        { ...second, depositable: false, withheld, evidence: 'B' as const, window: null },
      ],
    }
    const [result] = await fleet.store.commitIngest([{ ...commit, open }])
    expect(result).toMatchObject({ status: 'committed' })
    const state = await fleet.store.loadNode(node.nodeId)
    expect(state?.open).toEqual({ ...open, changeSeq: state?.open?.changeSeq })
    expect(state?.open?.changeSeq).toBe(
      result?.status === 'committed' ? result.changeSeq : Number.NaN,
    )
    expect(state?.epoch).toMatchObject({ watermark: commit.watermark })
    expect(state?.epoch?.watermarkHash).toBe(commit.watermarkHash)
    expect(state?.units.map((unit) => unit.unitId)).toEqual(node.units.map((unit) => unit.unitId))
    expect(state?.placements).toEqual(
      node.units.map((unit, index) => ({ index, unitId: unit.unitId })),
    )
    expect(state?.factsEpoch).toBe(node.epoch)
    expect(state?.facts).toMatchObject({ revision: 1, cpuCores: 128 })
  })

  test('a node that is not enrolled has no state', async () => {
    const { store } = await openFleet()
    expect(await store.loadNode('n-none' as TestNode['nodeId'])).toBeNull()
  })

  test('each node of a group is judged by itself', async () => {
    const fleet = await openFleet()
    const [fine, fenced, stale] = [
      await fleet.start('BJ-01'),
      await fleet.start('BJ-02'),
      await fleet.start('BJ-03'),
    ]
    const commits = [fine, fenced, stale].map((node) =>
      bookCommit(node, 'free/proven', T0 + MINUTE),
    )
    await fleet.connect(fenced)
    await fleet.book(stale, 'busy/active', T0 + MINUTE)
    const results = await fleet.store.commitIngest(commits)
    expect(results).toMatchObject([
      { status: 'committed' },
      { status: 'fenced' },
      { status: 'stale', watermark: stale.watermark },
    ])
    const codes = await Promise.all(
      [fine, fenced, stale].map(async (node) => {
        const state = await fleet.store.loadNode(node.nodeId)
        return state?.open?.units.map((unit) => unit.runCode)
      }),
    )
    expect(codes).toEqual([[runCode('free/proven')], undefined, [runCode('busy/active')]])
  })

  test('the same batch twice has its effect once', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'busy/active', T0 + MINUTE)
    const commit = bookCommit(node, 'free/proven', T0 + 2 * MINUTE)
    const results = await fleet.store.commitIngest([commit, commit])
    expect(results.map((result) => result.status)).toEqual(['committed', 'stale'])
    const unitId = node.units[0]?.unitId
    if (unitId === undefined) throw new Error('a card is there')
    expect((await fleet.store.readUnitSpan(SCOPE_ALL, unitId, RANGE))?.runs).toHaveLength(2)
  })

  test('a session of another epoch or of no node is fenced', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const commit = bookCommit(node, 'free/proven', T0 + MINUTE)
    const results = await fleet.store.commitIngest([
      { ...commit, epoch: 'another' },
      { ...commit, sessionGeneration: (node.generation + 1) as SessionGeneration },
    ])
    expect(results).toEqual([{ status: 'fenced' }, { status: 'fenced' }])
  })

  test('overlapping runs are a bug, and nothing of the group is kept', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const other = await fleet.start('BJ-02')
    await fleet.bookRuns(node, [
      ['busy/active', T0 + HOUR],
      ['free/proven', T0 + 2 * HOUR],
      ['busy/active', T0 + 3 * HOUR],
    ])
    const [unit] = node.units
    if (unit === undefined) throw new Error('a card is there')
    const commit = bookCommit(node, 'busy/active', T0 + 4 * HOUR)
    const overlap = {
      unitId: unit.unitId,
      startMs: T0 + HOUR + 1,
      endMs: T0 + 2 * HOUR + 1,
      code: runCode('free/proven'),
      recordedAtMs: null,
    }
    const group = [
      bookCommit(other, 'free/proven', T0 + MINUTE),
      { ...commit, closedRuns: [overlap] },
    ]
    await expect(fleet.store.commitIngest(group)).rejects.toMatchObject({
      name: 'AssertionFailure',
    })
    expect((await fleet.store.loadNode(other.nodeId))?.open?.units ?? []).toEqual([])
    expect((await fleet.store.readUnitSpan(SCOPE_ALL, unit.unitId, RANGE))?.runs).toHaveLength(3)
  })

  test('hour rows are replaced whole, and read back by unit and hour', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const unitId = node.units[0]?.unitId
    if (unitId === undefined) throw new Error('a card is there')
    const first = hourOf(unitId, T0, { freeMs: 10, utilizationMaxPermille: 3 })
    const second = hourOf(unitId, T0, { busyMs: 20, energyJoules: 4, samplesGot: 1 })
    await fleet.book(node, 'free/proven', T0 + MINUTE, { unitHours: [first] })
    await fleet.book(node, 'free/proven', T0 + 2 * MINUTE, { unitHours: [second] })
    const keys = [
      { unitId, hourMs: T0 },
      { unitId, hourMs: T0 + HOUR },
    ]
    expect(await fleet.store.readUnitHours(keys)).toEqual([second])
  })

  test('a refused record is kept with its reason, once', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const refused = {
      nodeId: node.nodeId,
      epoch: node.epoch,
      seq: 2,
      code: 'record_out_of_range',
      sentence: 'The utilization is negative.',
      refusedAtMs: T0,
    }
    const row = { ...refused, bytes: new Uint8Array(9_000) }
    await fleet.book(node, 'unknown/refused', T0 + MINUTE, { refused: [row, row] })
    expect((await fleet.store.readQuality(SCOPE_ALL, T0)).refused).toEqual([refused])
  })

  test('entries of a commit wait in the outbox, in order', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const before = await fleet.store.readOutbox(100)
    const outbox = [note('veto', T0 + 1), note('policy_changed', T0 + 2)]
    await fleet.book(node, 'free/proven', T0 + MINUTE, { outbox })
    const entries = (await fleet.store.readOutbox(100)).slice(before.length)
    expect(entries.map(({ outboxId: _, ...entry }) => entry)).toEqual(outbox)
  })

  test('a node is declared silent once, and not when it has spoken meanwhile', async () => {
    const fleet = await openFleet()
    const quiet = await fleet.start('BJ-01')
    const spoke = await fleet.start('BJ-02')
    await fleet.book(quiet, 'free/proven', T0 + MINUTE)
    await fleet.book(spoke, 'free/proven', T0 + 2 * MINUTE)
    const declared = [silentFrom(quiet, T0 + MINUTE), silentFrom(spoke, T0 + MINUTE)]
    await fleet.store.beginSilences(declared, [], [])
    await fleet.store.beginSilences(declared, [], [])
    const { silences } = await fleet.store.readQuality(SCOPE_ALL, T0)
    expect(silences.map((silence) => silence.nodeId)).toEqual([quiet.nodeId])
  })

  test('a silence ends the windows of its node, and followers hear of it', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const spoke = await fleet.start('BJ-02')
    for (const one of [node, spoke]) await fleet.book(one, 'free/proven', T0 + MINUTE)
    await fleet.book(spoke, 'free/proven', T0 + 2 * MINUTE)
    const seen = Math.max(node.open.changeSeq, spoke.open.changeSeq)
    const windows = [node, spoke].flatMap(({ units }) =>
      units.map(({ unitId }) => ({
        unitId,
        startMs: T0,
        ageStartMs: T0,
        endMs: T0 + MINUTE,
        provenMs: MINUTE,
        endCode: runCode('unknown/silent'),
      })),
    )
    const silences = [silentFrom(node, T0 + MINUTE), silentFrom(spoke, T0 + MINUTE)]
    await fleet.store.beginSilences(silences, windows, [])
    const changes = await fleet.store.readTimelineChanges(seen, 10)
    expect(changes.map((change) => change.open.nodeId)).toEqual([node.nodeId])
    expect(changes[0]?.open.units.map((unit) => unit.window)).toEqual([null])
    expect(await fleet.store.readClosedWindows(windows)).toEqual(windows.slice(0, 1))
  })

  test('a silence ends where the node speaks again', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + MINUTE)
    await fleet.store.beginSilences([silentFrom(node, T0 + MINUTE)], [], [])
    const silence = (await fleet.store.loadNode(node.nodeId))?.silences[0]
    if (silence === undefined) throw new Error('the node is silent')
    const missing = { ...silentFrom(node, T0), unitId: node.units[0]?.unitId ?? null }
    await fleet.book(node, 'unknown/restart', T0 + 5 * MINUTE, {
      silencesEnded: [{ silenceId: silence.silenceId, toMs: T0 + 4 * MINUTE }],
      silencesBegun: [missing],
    })
    expect((await fleet.store.loadNode(node.nodeId))?.silences).toMatchObject([missing])
    await fleet.store.beginSilences([silentFrom(node, T0 + 5 * MINUTE)], [], [])
    expect((await fleet.store.loadNode(node.nodeId))?.silences).toHaveLength(2)
  })
}
