import { runCode } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { Liveness } from '../../../collector/src/inventory/liveness.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import type { OutboxEntry } from '../../../collector/src/model/ledger.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { CollectorRig, cardFacts, flush, HOUR, LogLines, MINUTE, SECOND } from '../gateway/rig.ts'

/** Liveness alone, over a store that only notes entries. */
class LossRig {
  readonly clock = new FakeClock()
  readonly entries: OutboxEntry[] = []
  readonly log = new LogLines()
  readonly liveness: Liveness
  readonly #ids: NodeId[] = []

  constructor() {
    const store: Pick<Store, 'listNodes' | 'loadNode' | 'beginSilences'> = {
      listNodes: () => Promise.resolve({ rows: [], nextCursor: null }),
      loadNode: () => Promise.resolve(null),
      beginSilences: (_silences, _windows, outbox) => {
        this.entries.push(...outbox)
        return Promise.resolve()
      },
    }
    const listener = { onSilent: () => {}, onChange: () => {} }
    this.liveness = new Liveness({ store, clock: this.clock, log: this.log, listener })
  }

  connect(site: string, count: number): readonly NodeId[] {
    const ids = Array.from({ length: count }, (_, index) => `n-${site}-${index}` as NodeId)
    for (const [index, nodeId] of ids.entries()) {
      const remoteAddress = `10.${site.charCodeAt(0)}.${index % 250}.9`
      this.liveness.connected({ nodeId, siteCode: site, remoteAddress })
    }
    this.#ids.push(...ids)
    return ids
  }

  /** Moves on second by second; every node but `lost` is heard all the time. */
  async run(ms: number, lost: ReadonlySet<NodeId> = new Set()): Promise<void> {
    for (let second = 0; second < ms / SECOND; second += 1) {
      this.clock.advance(SECOND)
      for (const nodeId of this.#ids) if (!lost.has(nodeId)) this.liveness.heard(nodeId)
      await this.liveness.judge()
    }
  }
}

describe('many nodes at once (C19)', () => {
  test('spread over sites: deposits are suspended, for at most 10 min', async () => {
    const rig = new LossRig()
    const lost = new Set(['A', 'B', 'C', 'D'].flatMap((site) => rig.connect(site, 50).slice(0, 15)))
    await rig.run(MINUTE)
    expect(rig.liveness.depositsSuspended()).toBe(false)
    await rig.run(35 * SECOND, lost)
    expect(rig.liveness.depositsSuspended()).toBe(true)
    expect(rig.entries).toMatchObject([
      { kind: 'liveness_suspended', payload: { vanished: 60, nodes: 200 } },
    ])
    await rig.run(9 * MINUTE, lost)
    expect(rig.liveness.depositsSuspended()).toBe(true)
    await rig.run(2 * MINUTE, lost)
    expect(rig.liveness.depositsSuspended()).toBe(false)
    expect(rig.entries.map((entry) => entry.kind)).toEqual([
      'liveness_suspended',
      'liveness_resumed',
    ])
  })

  test('the suspicion ends sooner when most are back', async () => {
    const rig = new LossRig()
    const lost = new Set(['A', 'B', 'C', 'D'].flatMap((site) => rig.connect(site, 50).slice(0, 15)))
    await rig.run(35 * SECOND, lost)
    expect(rig.liveness.depositsSuspended()).toBe(true)
    await rig.run(2 * SECOND)
    expect(rig.liveness.depositsSuspended()).toBe(false)
  })

  test('of one site: the collector trusts itself, and says which site it is, once', async () => {
    const rig = new LossRig()
    const lost = new Set(rig.connect('A', 60))
    rig.connect('B', 140)
    await rig.run(3 * MINUTE, lost)
    expect(rig.liveness.depositsSuspended()).toBe(false)
    expect(rig.log.of('warn')).toEqual(['a site has vanished'])
  })

  test('nodes that were drained are no loss', async () => {
    const rig = new LossRig()
    const lost = new Set(['A', 'B', 'C', 'D'].flatMap((site) => rig.connect(site, 50).slice(0, 15)))
    for (const nodeId of lost) rig.liveness.drained(nodeId)
    await rig.run(MINUTE, lost)
    expect(rig.liveness.depositsSuspended()).toBe(false)
  })
})

describe('the collector’s own time', () => {
  test('a step of its wall clock makes nobody silent, and it accuses itself (C4)', async () => {
    const rig = new LossRig()
    const ids = rig.connect('A', 30)
    const tell = () => {
      for (const nodeId of ids) {
        const nowMs = rig.clock.wallMs()
        rig.liveness.offsetSample(nodeId, nowMs, trueMs(), 0)
      }
    }
    const startMs = rig.clock.wallMs()
    const trueMs = () => startMs + rig.clock.monotonicMs()
    tell()
    await rig.run(2 * SECOND)
    expect(rig.liveness.clockAccusation()).toBeNull()
    rig.clock.stepWall(40 * SECOND)
    tell()
    await rig.run(2 * SECOND)
    expect(rig.liveness.clockAccusation()?.byMs).toBe(40 * SECOND)
    expect(ids.some((nodeId) => rig.liveness.isSuspended(nodeId))).toBe(false)
    expect(rig.entries).toMatchObject([{ payload: { reason: 'clock', by_ms: 40_000 } }])
    rig.clock.stepWall(-40 * SECOND)
    tell()
    await rig.run(2 * SECOND)
    expect(rig.liveness.clockAccusation()).toBeNull()
  })

  test('time in which the collector slept is nobody’s silence', async () => {
    const rig = new LossRig()
    const [nodeId] = rig.connect('A', 1)
    await rig.run(5 * SECOND)
    rig.clock.advance(10 * MINUTE)
    await rig.liveness.judge()
    expect(nodeId !== undefined && rig.liveness.isSuspended(nodeId)).toBe(false)
  })
})

describe('one node', () => {
  const cards = [cardFacts(0, 1), cardFacts(1, 2)]

  test('is suspended at 30 s and silent at 90 s, from its last proven second', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const agent = await rig.join(1)
    await agent.begin(cards, 'free/proven', 2)
    const nodeId = agent.nodeId as NodeId
    expect(rig.liveness.isSuspended(nodeId)).toBe(false)
    agent.pair?.halfOpen()
    await rig.run(31 * SECOND)
    expect(rig.liveness.isSuspended(nodeId)).toBe(true)
    expect(rig.silent).toEqual([])
    await rig.run(62 * SECOND)
    expect(rig.silent).toEqual([nodeId])
    const state = await rig.state(nodeId)
    expect(state.silences).toMatchObject([
      { unitId: null, fromMs: agent.timelineEndMs, toMs: null, code: runCode('unknown/silent') },
    ])
    expect(state.open?.units.map((unit) => unit.window)).toEqual([null, null])
  })

  test.each([
    ['stop', 'unknown/stopped'],
    ['reboot', 'unknown/reboot'],
    ['upgrade', 'unknown/upgrade'],
  ] as const)('that said goodbye to %s is %s, not silent', async (reason, name) => {
    const rig = new CollectorRig()
    await rig.start()
    const agent = await rig.join(1)
    await agent.begin(cards, 'free/proven', 1)
    agent.keep({ kind: 'goodbye', goodbye: { atMs: rig.clock.wallMs(), reason } })
    await agent.sendBatch()
    agent.disconnect()
    await rig.run(2 * MINUTE)
    const state = await rig.state(agent.nodeId)
    expect(state.silences).toMatchObject([{ code: runCode(name) }])
  })

  test('is given 90 s to come back after a start, while silence is dated from its last proof', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const agent = await rig.join(1)
    await agent.begin(cards, 'free/proven', 1)
    const provenToMs = agent.timelineEndMs
    await rig.restart()
    rig.clock.advance(HOUR)
    await rig.restart()
    await rig.run(85 * SECOND)
    expect(rig.silent).toEqual([])
    await rig.run(10 * SECOND)
    expect(rig.silent).toEqual([agent.nodeId])
    expect((await rig.state(agent.nodeId)).silences).toMatchObject([{ fromMs: provenToMs }])
  })

  test('is silent once, however often that is noticed', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const agent = await rig.join(1)
    await agent.begin(cards, 'free/proven', 1)
    agent.disconnect()
    await rig.run(5 * MINUTE)
    await rig.restart()
    await rig.run(3 * MINUTE)
    expect((await rig.store.readQuality({ regions: 'all', sites: 'all' }, 0)).silences.length).toBe(
      1,
    )
  })

  test('without accelerators is silent about nothing', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const agent = await rig.join(1)
    agent.disconnect()
    await rig.run(2 * MINUTE)
    await flush()
    expect(rig.silent).toEqual([])
  })
})
