/** Whether a node lends, asked of a whole agent: fresh samples, fresh owners, refusals in order. */
import { AppError, type LeaseAnswer, type LeaseQuery, runCode } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import {
  type AskedUnit,
  declinedAsKnown,
  declinedAsSeen,
  type KnownFacts,
  type SeenUnit,
} from '../../../agent/src/leases/lease-question.ts'
import type { OwnerProbe, OwnerQuery, Possession } from '../../../agent/src/owners/owner.ts'
import { type AgentRig, type RigOptions, startAgent } from '../../support/agent-rig.ts'
import { busyReading, FakeProbe, fakeCard } from '../../support/fake-probe.ts'
import { EPOCH, HOUR, signed, T0 } from './support.ts'

const QUERY: LeaseQuery = {
  queryId: 'q-1',
  units: [0, 1],
  startMs: T0,
  untilMs: T0 + HOUR,
  epoch: EPOCH,
}

function askedUnit(index: number, change: Partial<AskedUnit> = {}): AskedUnit {
  const unitId = `u${index}`
  return { index, unitId, cardId: unitId, refusal: null, lentUntilMs: null, ...change }
}

const KNOWN: KnownFacts = {
  epoch: EPOCH,
  units: [askedUnit(0), askedUnit(1)],
  lentCardIds: new Set(),
  cards: 4,
  keepCardsPerNode: 0,
}

describe('refusals that are known without looking, in their order', () => {
  test.each<[string, Partial<KnownFacts>, Partial<LeaseQuery>, string, number[]]>([
    ['no timeline yet', { epoch: null }, {}, 'unknown_epoch', []],
    ['another epoch', {}, { epoch: '00'.repeat(16) }, 'unknown_epoch', []],
    ['a unit not on record', {}, { units: [0, 7] }, 'unknown_unit', [7]],
    ['no unit', { units: [] }, { units: [] }, 'unknown_unit', []],
    [
      'the first reason that some unit gives, of those units alone',
      { units: [askedUnit(0, { refusal: 'calendar' }), askedUnit(1, { refusal: 'veto' })] },
      {},
      'veto',
      [1],
    ],
    ['a card too many', { cards: 4, keepCardsPerNode: 3 }, {}, 'kept_back', []],
    [
      'a card too many beside those lent',
      { keepCardsPerNode: 1, lentCardIds: new Set(['u2', 'u3']) },
      {},
      'kept_back',
      [],
    ],
  ])('%s', (_, facts, query, reason, units) => {
    const declined = declinedAsKnown({ ...QUERY, ...query }, { ...KNOWN, ...facts })
    expect(declined).toEqual({ reason, units })
  })

  test('slices of one card count as that card', () => {
    const units = [askedUnit(0, { cardId: 'card' }), askedUnit(1, { cardId: 'card' })]
    const facts = { ...KNOWN, units, cards: 2, keepCardsPerNode: 1 }
    expect(declinedAsKnown(QUERY, facts)).toBeNull()
  })
})

describe('refusals by what was seen', () => {
  const seen = (index: number, change: Partial<SeenUnit> = {}): SeenUnit => ({
    index,
    code: runCode('free/proven'),
    possession: { status: 'nobody' },
    isBanks: false,
    observedAtMs: 1_000,
    ...change,
  })
  const GIVEN: Possession = { status: 'given', by: 'scheduler', toBank: false }
  const BANKS: Possession = { status: 'given', by: 'scheduler', toBank: true }
  const LENT = { lentUntilMs: T0 }

  test.each<[string, Partial<SeenUnit>, Partial<AskedUnit>, string | null]>([
    ['free', {}, {}, null],
    ['given to somebody else', { possession: GIVEN }, {}, 'allocated'],
    ["held by a job of the bank's", { possession: BANKS, isBanks: true }, {}, 'not_free'],
    ['busy', { code: runCode('busy/active') }, {}, 'not_free'],
    ['a lone grey', { code: runCode('busy/grey') }, {}, 'not_free'],
    ['faulty', { code: runCode('faulty/ecc') }, {}, 'not_free'],
    ['unknown', { code: runCode('unknown/probe') }, {}, 'unproven'],
    ['seen too long ago', { observedAtMs: 999 }, {}, 'unproven'],
    ['lent to somebody', {}, { lentUntilMs: T0 + 1 }, 'not_free'],
    ['busy under the lease that is to go on', { code: runCode('busy/active') }, LENT, null],
    ['taken from the lease that is to go on', { possession: GIVEN }, LENT, 'allocated'],
  ])('%s', (_, change, asked, reason) => {
    const units = [askedUnit(0), askedUnit(1, asked)]
    const all = new Map([
      [0, seen(0)],
      [1, seen(1, change)],
    ])
    const declined = declinedAsSeen(QUERY, units, all, 1_000)
    expect(declined).toEqual(reason === null ? null : { reason, units: [1] })
  })

  test('a unit that was not seen is unproven', () => {
    const declined = declinedAsSeen(QUERY, [askedUnit(0)], new Map(), 0)
    expect(declined).toEqual({ reason: 'unproven', units: [0] })
  })
})

interface Asking extends AgentRig {
  readonly probe: FakeProbe
  readonly asked: OwnerQuery[]
  ask(change?: Partial<LeaseQuery>): Promise<LeaseAnswer | null>
}

async function start(options: Partial<RigOptions> = {}): Promise<Asking> {
  const probe = new FakeProbe([fakeCard('GPU-01'), fakeCard('GPU-02')])
  const asked: OwnerQuery[] = []
  const owner: OwnerProbe = {
    kind: 'slurm',
    possession: async (query) => {
      asked.push(query)
      return new Map(query.units.map(({ key }) => [key, { status: 'nobody' }]))
    },
    stop: async () => {},
  }
  const rig = startAgent({ probes: [probe], owner, ...options })
  await rig.run(5 * 60_000 - 4_000)
  const ask: Asking['ask'] = async (change = {}) => {
    const startMs = rig.clock.wallMs() + 2_000
    const epoch = rig.spool.state().epoch
    const leaseQuery = { ...QUERY, epoch, startMs, untilMs: startMs + HOUR, ...change }
    const before = rig.link.said.length
    rig.agent.onLeaseMessage({ kind: 'lease_query', leaseQuery })
    await rig.run(2_000)
    const answer = rig.link.said.slice(before).find(({ kind }) => kind === 'lease_answer')
    return answer?.kind === 'lease_answer' ? answer.leaseAnswer : null
  }
  return { ...rig, probe, asked, ask }
}

describe('a question', () => {
  test('is answered by a sample and an owner that were asked after it came', async () => {
    const rig = await start({ handover: { isFenced: true } })
    const samples = rig.probe.count('sample')
    const askedAtMs = rig.clock.wallMs()
    expect(await rig.ask()).toEqual({
      queryId: 'q-1',
      accepted: true,
      reason: '',
      sampledAtMs: askedAtMs,
      isFenced: true,
      declinedUnits: [],
    })
    expect(rig.probe.count('sample')).toBe(samples + 1)
    expect(rig.asked.at(-1)?.isFresh).toBe(true)
    await rig.stop()
  })

  test('finds a job that no round has seen yet (C7)', async () => {
    const rig = await start()
    const card = rig.probe.cards[1]
    if (card !== undefined) card.reading = busyReading('GPU-02')
    expect(await rig.ask()).toMatchObject({ reason: 'not_free', declinedUnits: [1] })
    expect(await rig.ask({ units: [0] })).toMatchObject({ accepted: true })
    await rig.stop()
  })

  test('to a tool that hangs is answered within 2 s: unproven', async () => {
    const rig = await start()
    rig.probe.mode = 'hung'
    const answer = await rig.ask()
    expect(answer).toMatchObject({ reason: 'unproven', sampledAtMs: 0, declinedUnits: [0, 1] })
    rig.probe.unhang()
    await rig.stop()
  })

  test('that a veto overtakes while the tools are asked is declined (C22)', async () => {
    const rig = await start()
    const startMs = rig.clock.wallMs() + 2_000
    const epoch = rig.spool.state().epoch
    const leaseQuery = { ...QUERY, epoch, startMs, untilMs: startMs + HOUR }
    rig.agent.onLeaseMessage({ kind: 'lease_query', leaseQuery })
    rig.agent.reclaim(['0'])
    await rig.run(2_000)
    expect(rig.link.said.at(-1)).toMatchObject({
      leaseAnswer: { accepted: false, reason: 'veto', declinedUnits: [0] },
    })
    await rig.stop()
  })

  test('whose answer the disk comes in between of is left unanswered, and nothing else ends', async () => {
    const rig = await start()
    const startMs = rig.clock.wallMs() + 2_000
    const epoch = rig.spool.state().epoch
    const leaseQuery = { ...QUERY, epoch, startMs, untilMs: startMs + HOUR }
    const before = rig.link.said.length
    rig.agent.onLeaseMessage({ kind: 'lease_query', leaseQuery })
    const state = rig.spool.state
    rig.spool.state = () => {
      throw new AppError('disk_failed', 'the disk cannot be read')
    }
    await Promise.resolve()
    await rig.run(0)
    rig.spool.state = state
    await rig.run(2_000)
    expect(rig.link.said.slice(before)).toEqual([])
    expect(await rig.ask()).toMatchObject({ accepted: true })
    await rig.stop()
  })

  test('about cards that are lent is declined, but for more of the same lease', async () => {
    const rig = await start()
    const startMs = rig.clock.wallMs() + 2_000
    const epoch = rig.spool.state().epoch
    const leaseNotice = signed({ epoch, startMs, endMs: startMs + HOUR })
    rig.agent.onLeaseMessage({ kind: 'lease_notice', leaseNotice })
    await rig.run(10_000)
    expect(await rig.ask()).toMatchObject({ reason: 'not_free' })
    const longer = { startMs: startMs + HOUR, untilMs: startMs + 2 * HOUR }
    expect(await rig.ask(longer)).toMatchObject({ accepted: true })
    // The whole lease is measured against the longest that the owner grants.
    const tooLong = { startMs: startMs + HOUR, untilMs: startMs + 10 * HOUR + 1 }
    expect(await rig.ask(tooLong)).toMatchObject({ reason: 'calendar' })
    await rig.stop()
  })

  test('while the agent is paused asks no driver', async () => {
    const rig = await start()
    void rig.agent.pause(null)
    await rig.run(3_000)
    const samples = rig.probe.count('sample')
    expect(await rig.ask()).toMatchObject({ reason: 'paused', sampledAtMs: 0 })
    expect(rig.probe.count('sample')).toBe(samples)
    await rig.stop()
  })

  test('of many at once: all wait for as few samples as were begun after them', async () => {
    const rig = await start()
    const samples = rig.probe.count('sample')
    const startMs = rig.clock.wallMs() + 2_000
    const epoch = rig.spool.state().epoch
    for (let number = 0; number < 100; number += 1) {
      const leaseQuery = {
        ...QUERY,
        queryId: `q-${number}`,
        epoch,
        startMs,
        untilMs: startMs + HOUR,
      }
      rig.agent.onLeaseMessage({ kind: 'lease_query', leaseQuery })
    }
    await rig.run(2_000)
    const answers = rig.link.said.filter(({ kind }) => kind === 'lease_answer')
    expect(answers).toHaveLength(64)
    expect(rig.probe.count('sample') - samples).toBe(1)
    await rig.stop()
  })
})
