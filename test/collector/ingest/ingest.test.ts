import { AppError, encodeRecord, runCode, runName } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import {
  CollectorRig,
  cardFacts,
  flush,
  HOUR,
  MINUTE,
  RigAgent,
  SECOND,
  START_MS,
} from '../gateway/rig.ts'

const oneCard = [cardFacts(0, 1)]

/** `[run, minutes]` of each unit of a node, in order of units. */
async function story(rig: CollectorRig, agent: RigAgent) {
  const spans = await rig.spans(agent.nodeId)
  return spans.map((span) =>
    span.runs.map((run) => [runName(run.code), (run.endMs - run.startMs) / MINUTE] as const),
  )
}

async function expectBalanced(rig: CollectorRig, agent: RigAgent): Promise<void> {
  for (const balance of await rig.balances(agent.nodeId)) expect(balance.errors).toEqual([])
}

describe('records of a node', () => {
  test('are acknowledged after they are in the ledger, and balance', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await agent.begin(oneCard, 'free/proven', 3)
    expect(agent.acked).toBe(5)
    expect(await story(rig, agent)).toEqual([[['free/proven', 3]]])
    await expectBalanced(rig, agent)
    expect((await rig.state(agent.nodeId)).epoch?.watermark).toBe(5)
  })

  test('a negative utilization is refused with its field, acknowledged, and booked unknown (C3)', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await agent.begin(oneCard, 'busy/active', 1)
    await rig.run(3 * MINUTE)
    agent.keepTicks('busy/active')
    const good = agent.records.pop()
    expect(good).toBeDefined()
    agent.keep(
      encodeRecord({
        kind: 'tick',
        tick: {
          factsRevision: 1,
          startMs: agent.timelineEndMs - MINUTE,
          spanMs: MINUTE,
          samplesExpected: 6,
          cpuBusyMs: null,
          cpuTotalMs: null,
          units: [
            {
              index: 0,
              runs: [{ code: runCode('busy/active'), durationMs: MINUTE }],
              samplesGot: 6,
              utilizationSumPermille: -5,
              utilizationMaxPermille: 0,
              samplesZero: 0,
              samplesBelowTenth: 0,
              activeMs: 0,
              givenMs: 0,
              memoryUsedMibMax: null,
              energyJoules: null,
              temperatureCelsiusMax: null,
              evidence: 'A',
              depositable: true,
            },
          ],
        },
      }),
    )
    agent.keepTicks('busy/active')
    await agent.sendBatch()
    const refused = agent.acks().flatMap((ack) => ack.refused)
    expect(refused).toMatchObject([{ seq: 4, code: 'record_out_of_range' }])
    expect(refused[0]?.sentence).toContain('utilization_sum')
    expect(agent.acked).toBe(5)
    expect(await story(rig, agent)).toEqual([
      [
        ['busy/active', 1],
        ['unknown/refused', 1],
        ['busy/active', 1],
      ],
    ])
    await expectBalanced(rig, agent)
  })

  test('sending any suffix again changes nothing, and is acknowledged again', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await agent.begin(oneCard, 'free/proven', 4)
    const before = JSON.stringify([await rig.state(agent.nodeId), await rig.spans(agent.nodeId)])
    for (let from = 1; from <= 6; from += 1) {
      const acks = agent.acks().length
      await agent.sendBatch(from, 6)
      expect(agent.acks().at(-1)?.watermark).toBe(6)
      expect(agent.acks().length).toBe(acks + 1)
    }
    const after = JSON.stringify([await rig.state(agent.nodeId), await rig.spans(agent.nodeId)])
    expect(after).toBe(before)
  })

  const notFollowing: readonly (readonly [string, string, (agent: RigAgent) => void])[] = [
    ['leaves numbers out', 'sequence_gap', (agent) => agent.sendBatchNow(5, 5)],
    [
      'names another predecessor',
      'epoch_forked',
      (agent) => agent.sendBatchNow(4, 4, { previousHash: new Uint8Array(8) }),
    ],
    [
      'holds another record under a number that is taken',
      'epoch_forked',
      (agent) => {
        const last = agent.records[2]
        if (last !== undefined) agent.records[2] = { ...last, bytes: Uint8Array.of(1, 2, 3) }
        agent.sendBatchNow(3, 4)
      },
    ],
  ]
  test.each(notFollowing)('a batch that %s ends the session with %s', async (_name, code, send) => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    const other = await rig.join(2)
    await agent.begin(oneCard, 'free/proven', 1)
    agent.keepTicks('free/proven', 2)
    send(agent)
    rig.clock.advance(1)
    await flush()
    rig.clock.advance(1)
    expect(agent.outcome()).toBe(code)
    expect(other.closed).toBeNull()
    expect((await rig.state(agent.nodeId)).epoch?.watermark).toBe(3)
  })

  test('a collector whose clock is set back by an hour refuses nobody’s time for that (C4)', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await agent.begin(oneCard, 'busy/active', 1)
    rig.clock.stepWall(-HOUR)
    await agent.live('busy/active', 1)
    expect(agent.acks().flatMap((ack) => ack.refused)).toEqual([])
    rig.clock.stepWall(HOUR)
    expect(await story(rig, agent)).toEqual([[['busy/active', 2]]])
  })

  test('a record from the future is refused, and its time is unknown once it is past', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await agent.begin(oneCard, 'busy/active', 1)
    agent.timelineEndMs += HOUR
    agent.keepTicks('busy/active')
    await agent.sendBatch()
    expect(agent.acks().at(-1)?.refused).toMatchObject([{ code: 'record_future' }])
    agent.timelineEndMs -= HOUR
    await agent.live('busy/active', 1)
    expect(await story(rig, agent)).toEqual([
      [
        ['busy/active', 1],
        ['unknown/refused', 1],
        ['busy/active', 1],
      ],
    ])
    await expectBalanced(rig, agent)
  })

  test('facts that were never told are asked for', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    agent.keepGap(rig.clock.wallMs(), 'epoch')
    agent.cards = oneCard
    agent.revision = 7
    agent.keepTicks('free/proven')
    await agent.sendBatch()
    expect(agent.received.some((message) => message.kind === 'need_facts')).toBe(true)
    expect(agent.acked).toBe(2)
  })

  test('a new epoch goes on after the old one, which is closed', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await agent.begin(oneCard, 'busy/active', 1)
    const old = agent.epoch
    agent.newEpoch('f'.repeat(32))
    await rig.run(MINUTE)
    expect(await agent.connect()).toBe('welcome')
    agent.timelineEndMs = rig.clock.wallMs()
    await agent.begin(oneCard, 'busy/active', 1)
    const [runs] = await story(rig, agent)
    expect(runs?.map(([name]) => name)).toEqual(['busy/active', 'unknown/epoch', 'busy/active'])
    await expectBalanced(rig, agent)
    expect(await agent.connect(null, { hello: { epoch: old } })).toBe('epoch_closed')
  })

  test('a session that has lost its node to another one closes', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await agent.begin(oneCard, 'free/proven', 1)
    const { node } = await rig.state(agent.nodeId)
    const opened = await rig.store.openSession({
      nodeId: node.nodeId,
      expectedJoinState: node.joinState,
      presentedJoinState: node.joinState,
      nextJoinState: 99,
      epoch: agent.epoch,
      previousEpoch: null,
      collectorInstance: 'another process',
      remoteAddress: '10.0.0.1',
      agentVersion: '0.1.0',
      bootId: 'boot-1',
      nowMs: rig.clock.wallMs(),
    })
    expect(opened.status).toBe('opened')
    agent.keepTicks('free/proven')
    await agent.sendBatch()
    expect(agent.outcome()).toBe('session_fenced')
    expect((await rig.state(agent.nodeId)).epoch?.watermark).toBe(3)
  })
})

/** A store whose writes fail as told. */
function faulty() {
  const faults: { ingest: ((nodeIds: readonly string[]) => Error | null) | null } = { ingest: null }
  const wrap = (store: Store): Store => ({
    ...store,
    commitIngest: async (commits) => {
      const error = faults.ingest?.(commits.map((commit) => commit.nodeId)) ?? null
      if (error !== null) throw error
      return store.commitIngest(commits)
    },
  })
  return { faults, wrap }
}

describe('a store that cannot write', () => {
  test('a full disk acknowledges nothing, is said once, and goes on when space is back', async () => {
    const { faults, wrap } = faulty()
    const rig = new CollectorRig({ wrap })
    const agent = await rig.join(1)
    await agent.begin(oneCard, 'free/proven', 1)
    faults.ingest = () => new AppError('disk_full', 'The disk of the ledger file is full.')
    agent.keepTicks('free/proven')
    await agent.sendBatch()
    await rig.run(50 * SECOND)
    expect(agent.acked).toBe(3)
    expect(agent.closed).toBeNull()
    expect(rig.ingest.isWriting()).toBe(false)
    expect(await new RigAgent(rig, 9).connect()).toBe('store_unavailable')
    expect(rig.log.of('error').length).toBe(1)
    faults.ingest = null
    await rig.run(20 * SECOND)
    expect(agent.acks().at(-1)?.watermark).toBe(4)
    expect(rig.ingest.isWriting()).toBe(true)
    expect(rig.log.of('info')).toContain('the store can write again')
    await expectBalanced(rig, agent)
  })

  test('a commit that breaks the rules fails alone', async () => {
    const { faults, wrap } = faulty()
    const rig = new CollectorRig({ wrap })
    const bad = await rig.join(1)
    const good = await rig.join(2)
    await bad.begin(oneCard)
    await good.begin([cardFacts(0, 2)])
    faults.ingest = (nodeIds) => (nodeIds.includes(bad.nodeId) ? new Error('a run lasts') : null)
    bad.keepTicks('free/proven')
    good.keepTicks('free/proven')
    bad.sendBatchNow(3, 3)
    good.sendBatchNow(3, 3)
    await rig.run(3 * SECOND)
    expect(bad.outcome()).toBe('internal')
    expect(good.acks().at(-1)?.watermark).toBe(3)
    expect(rig.log.of('error').length).toBe(1)
  })

  test('nothing is lost when facts were written and their open row was not', async () => {
    const { faults, wrap } = faulty()
    const rig = new CollectorRig({ wrap })
    const agent = await rig.join(1)
    await agent.begin([cardFacts(0, 1), cardFacts(1, 2)], 'free/proven', 1)
    agent.keepFacts([cardFacts(0, 1)])
    agent.keepTicks('busy/active')
    faults.ingest = () => new Error('killed here')
    await agent.sendBatch()
    expect(agent.outcome()).toBe('internal')
    faults.ingest = null
    await rig.restart()
    expect(await agent.connect()).toBe('welcome')
    await agent.sendBatch()
    await rig.run(SECOND)
    const state = await rig.state(agent.nodeId)
    expect(state.open?.units.length).toBe(1)
    expect(state.silences).toMatchObject([{ code: runCode('unknown/missing') }])
    expect(agent.acks().at(-1)?.watermark).toBe(5)
    await expectBalanced(rig, agent)
  })
})

describe('accelerators and where they are', () => {
  test('a card that moves is booked up to its first proof elsewhere (C5)', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const a = await rig.join(1, { siteCode: 'SITE-A' })
    await a.begin(oneCard, 'busy/active', 2)
    const lastProofMs = rig.clock.wallMs()
    a.disconnect()
    await rig.run(10 * MINUTE)
    const b = await rig.join(2, { siteCode: 'SITE-B' })
    b.timelineEndMs = rig.clock.wallMs()
    const firstProofMs = rig.clock.wallMs()
    await b.begin(oneCard, 'free/proven', 2)
    const [atA] = await rig.spans(a.nodeId)
    const [atB] = await rig.spans(b.nodeId)
    expect(atA?.unit).toMatchObject({ validToReason: 'moved', isInConflict: false })
    expect(Math.abs((atA?.unit.validToMs ?? 0) - lastProofMs)).toBeLessThan(SECOND)
    expect(atA?.unit.bookedToMs).toBe(atB?.unit.validFromMs)
    expect(Math.abs((atB?.unit.validFromMs ?? 0) - firstProofMs)).toBeLessThan(SECOND)
    expect(atB?.unit.acceleratorId).toBe(atA?.unit.acceleratorId)
    const [balanceA] = await rig.balances(a.nodeId)
    expect(balanceA).toMatchObject({ errors: [], totals: { unknown: balanceA?.silentMs } })
    await expectBalanced(rig, b)
  })

  test('a card that left while its node rebooted is a move, and no instant is booked twice (C5)', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const a = await rig.join(1)
    await a.begin(oneCard, 'busy/active', 2)
    const lastProofMs = a.timelineEndMs
    a.disconnect()
    await rig.run(10 * MINUTE)
    // Back without the card: the way through the reboot is told, and proves nothing of it.
    a.bootId = 'boot-2'
    expect(await a.connect()).toBe('welcome')
    a.keepGap(rig.clock.wallMs(), 'reboot')
    const backMs = a.timelineEndMs
    a.keepFacts([])
    await a.sendBatch()
    // The other node had it since before that, and only now finds its way to the collector.
    const b = await rig.join(2)
    b.timelineEndMs = backMs - 5 * MINUTE
    b.keepGap(b.timelineEndMs, 'epoch')
    b.keepFacts(oneCard)
    b.keepTicks('busy/active', 5)
    await b.sendBatch()
    await b.live('free/proven', 2)
    const [atA] = await rig.spans(a.nodeId)
    const [atB] = await rig.spans(b.nodeId)
    expect((await rig.store.readQuality(SCOPE_ALL, 0)).conflicts).toEqual([])
    expect(atA?.unit).toMatchObject({
      validToReason: 'moved',
      validToMs: lastProofMs,
      bookedToMs: backMs,
    })
    expect(atB?.unit).toMatchObject({ validFromMs: backMs, isCounted: true })
    await expectBalanced(rig, a)
    await expectBalanced(rig, b)
  })

  test('time that the spool of the old node proves later is a conflict (C5)', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const a = await rig.join(1)
    await a.begin(oneCard, 'busy/active', 1)
    a.disconnect()
    await rig.run(5 * MINUTE)
    const b = await rig.join(2)
    b.timelineEndMs = rig.clock.wallMs()
    await b.begin(oneCard, 'free/proven', 1)
    a.keepTicks('busy/active', 7)
    expect(await a.connect()).toBe('welcome')
    await a.sendBatch()
    const [atA] = await rig.spans(a.nodeId)
    const [atB] = await rig.spans(b.nodeId)
    expect(atA?.unit).toMatchObject({ validToMs: null, isInConflict: true, isCounted: true })
    expect(atB?.unit).toMatchObject({ isInConflict: true, isCounted: false })
    const { conflicts } = await rig.store.readQuality(SCOPE_ALL, 0)
    expect(conflicts).toMatchObject([
      {
        keptUnitId: atA?.unit.unitId,
        otherUnitId: atB?.unit.unitId,
        fromMs: atB?.unit.validFromMs,
      },
    ])
    await expectBalanced(rig, a)
    await b.live('free/proven', 1)
    await expectBalanced(rig, b)
  })

  test('one id shown by two nodes at once is counted once', async () => {
    const rig = new CollectorRig()
    const a = await rig.join(1)
    await a.begin(oneCard, 'busy/active', 1)
    const b = await rig.join(2)
    b.timelineEndMs = rig.clock.wallMs() - 30 * SECOND
    b.keepGap(b.timelineEndMs, 'epoch')
    b.keepFacts(oneCard)
    await b.sendBatch()
    const [atA] = await rig.spans(a.nodeId)
    const [atB] = await rig.spans(b.nodeId)
    expect(atA?.unit).toMatchObject({ isInConflict: true, isCounted: true })
    expect(atB?.unit).toMatchObject({ isInConflict: true, isCounted: false })
    b.keepFacts(oneCard)
    b.keepTicks('free/proven')
    await b.sendBatch()
    expect((await rig.store.readQuality(SCOPE_ALL, 0)).conflicts.length).toBe(1)
    expect((await rig.spans(b.nodeId)).length).toBe(1)
  })

  test('weak ids of two nodes never meet', async () => {
    const rig = new CollectorRig()
    const weak = [
      cardFacts(0, 1, { identities: [{ keyNumber: 1, hash: 'ab'.repeat(32), strength: 'slot' }] }),
    ]
    const a = await rig.join(1)
    await a.begin(weak, 'busy/active', 1)
    const b = await rig.join(2)
    b.timelineEndMs = rig.clock.wallMs() - 30 * SECOND
    b.keepGap(b.timelineEndMs, 'epoch')
    b.keepFacts(weak)
    await b.sendBatch()
    const [atA] = await rig.spans(a.nodeId)
    const [atB] = await rig.spans(b.nodeId)
    expect(atA?.unit.acceleratorId).not.toBe(atB?.unit.acceleratorId)
    expect(atB?.unit).toMatchObject({ isInConflict: false, strongestIdentity: 'slot' })
  })

  test('a card that is cut: old units end where the new ones begin (C6)', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    const part = (
      index: number,
      id: number,
      sharePpm: number,
      kind: 'slice' | 'unsliced' = 'slice',
    ) => cardFacts(index, id, { kind, parentIndex: 0, sharePpm, name: `MIG ${sharePpm}` })
    await agent.begin(
      [cardFacts(0, 1), part(1, 11, 500_000), part(2, 12, 500_000)],
      'free/proven',
      2,
    )
    agent.keepFacts([
      cardFacts(0, 1),
      part(3, 21, 142_857),
      part(4, 22, 142_857),
      part(5, 23, 714_286, 'unsliced'),
    ])
    await agent.sendBatch()
    const cutMs = agent.timelineEndMs
    await agent.live('free/proven', 1)
    const spans = await rig.spans(agent.nodeId)
    const ended = spans.filter((span) => span.unit.validToReason === 'recut')
    const begun = spans.filter((span) => span.unit.validFromMs === cutMs)
    expect(ended.map((span) => span.unit.validToMs)).toEqual([cutMs, cutMs])
    expect(begun.length).toBe(3)
    expect(begun.reduce((sum, span) => sum + span.unit.sharePpm, 0)).toBe(1_000_000)
    const card = spans.find((span) => span.unit.kind === 'card')
    expect(card?.runs.length).toBe(1)
    expect((await rig.state(agent.nodeId)).open?.units.length).toBe(4)
    await expectBalanced(rig, agent)
  })

  test('shares that do not sum to the whole are refused, and the old units go on', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await agent.begin(oneCard, 'free/proven', 1)
    agent.keepFacts([
      cardFacts(0, 1),
      cardFacts(1, 2, { kind: 'slice', parentIndex: 0, sharePpm: 3 }),
    ])
    await agent.sendBatch()
    expect(agent.acks().at(-1)?.refused).toMatchObject([{ code: 'record_shares' }])
    expect((await rig.spans(agent.nodeId)).length).toBe(1)
  })

  test('a card the node no longer shows is missing until it is shown again', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await agent.begin([cardFacts(0, 1), cardFacts(1, 2)], 'busy/active', 2)
    agent.keepFacts([cardFacts(0, 1)])
    await agent.sendBatch()
    await agent.live('busy/active', 3)
    agent.keepFacts([cardFacts(0, 1), cardFacts(7, 2)])
    await agent.sendBatch()
    await agent.live('busy/active', 2)
    const spans = await rig.spans(agent.nodeId)
    expect(spans.length).toBe(2)
    expect(spans[1]?.silences).toMatchObject([{ code: runCode('unknown/missing') }])
    const balances = await rig.balances(agent.nodeId)
    expect(balances.map((balance) => balance.errors)).toEqual([[], []])
    expect(balances[1]?.silentMs).toBe(3n * 60_000n)
    const units = (await rig.state(agent.nodeId)).open?.units ?? []
    expect(units[1]?.hour).toMatchObject({ busyMs: 4 * MINUTE })
  })
})

/** Seals an hour as the roller does, with nothing in it. */
async function seal(rig: CollectorRig, hourMs: number): Promise<void> {
  const { mark } = await rig.store.readHour(hourMs)
  const written = await rig.store.writeBuckets({
    hourMs,
    expectedMark: mark,
    version: 1,
    knownAtMs: rig.clock.wallMs(),
    buckets: [],
    outbox: [],
  })
  expect(written.status).toBe('written')
}

describe('late data', () => {
  test('what a spool tells hours later is recorded with its own time (C14)', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const agent = await rig.join(1)
    await agent.begin(oneCard, 'busy/active', 2)
    agent.disconnect()
    await rig.run(2 * MINUTE)
    expect(rig.silent).toEqual([agent.nodeId])
    rig.clock.advance(4 * HOUR)
    await flush()
    await seal(rig, START_MS)
    agent.keepTicks('busy/active', 8)
    const toldAtMs = rig.clock.wallMs()
    expect(await agent.connect()).toBe('welcome')
    await agent.sendBatch()
    const [span] = await rig.spans(agent.nodeId)
    expect(span?.runs.map((run) => run.recordedAtMs === null)).toEqual([true, false])
    expect(span?.runs[1]?.recordedAtMs).toBeGreaterThanOrEqual(toldAtMs)
    expect(span?.silences[0]?.toMs ?? null).toBeNull()
    expect((await rig.store.rollupBacklog()).dirtyHours).toContain(START_MS)
    await expectBalanced(rig, agent)
  })

  test('a node that caught up is silent no more, and what follows is live', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const agent = await rig.join(1)
    await agent.begin(oneCard, 'free/proven', 1)
    agent.disconnect()
    await rig.run(5 * MINUTE)
    agent.bootId = 'boot-2'
    agent.keepGap(rig.clock.wallMs(), 'reboot')
    expect(await agent.connect()).toBe('welcome')
    await agent.sendBatch()
    await agent.live('free/proven', 1)
    const state = await rig.state(agent.nodeId)
    expect(state.silences).toEqual([])
    expect(state.open?.units[0]).toMatchObject({ runRecordedAtMs: null })
    expect(state.open?.units[0]?.window?.startMs).toBeGreaterThan(START_MS + 5 * MINUTE)
    await expectBalanced(rig, agent)
  })
})
