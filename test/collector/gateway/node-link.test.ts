import { isLeaseNoticeSigned, LEASES_CAPABILITY, type LeaseNotice } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import type {
  LendingAnswer,
  LendingQuestion,
  NoticeToNode,
} from '../../../collector/src/model/node-link.ts'
import { CollectorRig, cardFacts, flush, MINUTE, RigAgent, SECOND, START_MS } from './rig.ts'

const LENDING = { hello: { capabilities: [LEASES_CAPABILITY] } }

interface Lending {
  readonly rig: CollectorRig
  readonly agent: RigAgent
  readonly nodeId: NodeId
  readonly unitIds: readonly UnitId[]
}

/** A node of three cards that understands leases, online. */
async function lending(change: { capabilities?: readonly string[] } = {}): Promise<Lending> {
  const rig = new CollectorRig()
  const token = await rig.token('SITE-1', 1)
  const agent = new RigAgent(rig, 1)
  const capabilities = change.capabilities ?? [LEASES_CAPABILITY]
  await agent.connect(token, { hello: { capabilities } })
  await agent.begin([cardFacts(0, 1), cardFacts(1, 2), cardFacts(2, 3)])
  const { placements } = await rig.state(agent.nodeId)
  const unitIds = placements.toSorted((a, b) => a.index - b.index).map(({ unitId }) => unitId)
  return { rig, agent, nodeId: agent.nodeId as NodeId, unitIds }
}

function questionOf({ nodeId, unitIds }: Lending, cards = [0, 2]): LendingQuestion {
  const asked = cards.flatMap((card) => unitIds[card] ?? [])
  return { nodeId, unitIds: asked, startMs: START_MS, untilMs: START_MS + 8 * 60 * MINUTE }
}

async function arrive(rig: CollectorRig): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) {
    rig.clock.advance(1)
    await flush()
  }
}

async function asked({ rig, agent }: Lending) {
  await arrive(rig)
  const queries = agent.received.flatMap((one) =>
    one.kind === 'lease_query' ? [one.leaseQuery] : [],
  )
  return queries.at(-1) ?? null
}

function answer(agent: RigAgent, queryId: string, change = {}): void {
  const leaseAnswer = {
    queryId,
    accepted: true,
    reason: '',
    sampledAtMs: START_MS + 5,
    isFenced: true,
    declinedUnits: [],
    ...change,
  }
  agent.send({ kind: 'lease_answer', leaseAnswer })
}

test('L19: a node that understands leases is told so, and asked by the indexes of its epoch', async () => {
  const one = await lending()
  const welcome = one.agent.received.find(({ kind }) => kind === 'welcome')
  expect(welcome).toMatchObject({ welcome: { capabilities: [LEASES_CAPABILITY] } })
  expect(one.rig.lending).toEqual([one.nodeId])
  const answered = one.rig.nodeLink.ask(questionOf(one))
  const query = await asked(one)
  expect(query).toMatchObject({ units: [0, 2], epoch: one.agent.epoch, startMs: START_MS })
  answer(one.agent, query?.queryId ?? '')
  await arrive(one.rig)
  const accepted = { status: 'accepted', sampledAtMs: START_MS + 5, isFenced: true }
  expect(await answered).toEqual(accepted)
})

test('L19: a node that does not understand leases is asked nothing and told nothing', async () => {
  const one = await lending({ capabilities: [] })
  expect(await one.rig.nodeLink.ask(questionOf(one))).toEqual({ status: 'unreachable' })
  expect(await one.rig.nodeLink.notify(noticeOf(one))).toBe(false)
  expect(await asked(one)).toBeNull()
})

test.each<[string, object, LendingAnswer]>([
  [
    'names the cards that stand in the way',
    { accepted: false, reason: 'allocated', declinedUnits: [2, 9] },
    { status: 'declined', reason: 'allocated', unitIds: [] },
  ],
  [
    'declines all',
    { accepted: false, reason: 'veto' },
    { status: 'declined', reason: 'veto', unitIds: [] },
  ],
  [
    'says anything',
    { accepted: false, reason: '<b>node 7 of rack 3</b>' },
    { status: 'declined', reason: 'unspecified', unitIds: [] },
  ],
  [
    'accepts without a sample',
    { sampledAtMs: 0 },
    { status: 'declined', reason: 'unproven', unitIds: [] },
  ],
])('L19: an answer that %s', async (_, change, expected) => {
  const one = await lending()
  const answered = one.rig.nodeLink.ask(questionOf(one))
  const query = await asked(one)
  answer(one.agent, query?.queryId ?? '', change)
  await arrive(one.rig)
  const isNamed = 'declinedUnits' in change
  expect(await answered).toEqual(isNamed ? { ...expected, unitIds: [one.unitIds[2]] } : expected)
})

test('L20: a node that does not answer within 2 s is unreachable, and a late answer says nothing', async () => {
  const one = await lending()
  const answered = one.rig.nodeLink.ask(questionOf(one))
  const query = await asked(one)
  await one.rig.run(2 * SECOND)
  expect(await answered).toEqual({ status: 'unreachable' })
  answer(one.agent, query?.queryId ?? '')
  await arrive(one.rig)
  expect(one.agent.closed).toBeNull()
})

test('L20: who leaves with a question open is unreachable at once', async () => {
  const one = await lending()
  const answered = one.rig.nodeLink.ask(questionOf(one))
  await asked(one)
  one.agent.disconnect()
  await arrive(one.rig)
  expect(await answered).toEqual({ status: 'unreachable' })
})

test('L20: an answer from another node than the one asked, or to no question, says nothing', async () => {
  const one = await lending()
  const other = new RigAgent(one.rig, 2)
  await other.connect(await one.rig.token('SITE-1', 1), LENDING)
  const answered = one.rig.nodeLink.ask(questionOf(one))
  const query = await asked(one)
  answer(other, query?.queryId ?? '')
  answer(one.agent, 'ffffffffffffffff')
  await arrive(one.rig)
  await one.rig.run(2 * SECOND)
  expect(await answered).toEqual({ status: 'unreachable' })
  expect(other.closed).toBeNull()
})

test('L20: a card that the node has not shown in this epoch cannot be asked for', async () => {
  const one = await lending()
  const question = { ...questionOf(one), unitIds: [999 as UnitId] }
  expect(await one.rig.nodeLink.ask(question)).toEqual({ status: 'unreachable' })
})

test('L20: a node has a bounded number of questions before it', async () => {
  const one = await lending()
  const all = Array.from({ length: 65 }, () => one.rig.nodeLink.ask(questionOf(one)))
  const last = await Promise.race(all)
  expect(last).toEqual({ status: 'unreachable' })
  await asked(one)
  expect(one.agent.received.filter(({ kind }) => kind === 'lease_query')).toHaveLength(64)
})

function noticeOf({ nodeId, unitIds }: Lending): NoticeToNode {
  return {
    nodeId,
    leaseId: 'e-0000000000000001',
    kind: 'lend',
    unitIds: unitIds.slice(1),
    startMs: START_MS,
    endMs: START_MS + 60 * MINUTE,
    revision: 1,
    account: 'borrower-1',
    cause: '',
  }
}

function noticesOf({ agent }: Lending): readonly LeaseNotice[] {
  return agent.received.flatMap((one) => (one.kind === 'lease_notice' ? [one.leaseNotice] : []))
}

test('L21: a notice is signed by the identity that the node has pinned', async () => {
  const one = await lending()
  expect(await one.rig.nodeLink.notify(noticeOf(one))).toBe(true)
  await arrive(one.rig)
  const [notice] = noticesOf(one)
  if (notice === undefined) throw new Error('no notice')
  expect(notice).toMatchObject({ units: [1, 2], epoch: one.agent.epoch, account: 'borrower-1' })
  expect(isLeaseNoticeSigned(notice, one.rig.identity.publicKey)).toBe(true)
  expect(
    isLeaseNoticeSigned({ ...notice, endMs: notice.endMs + 1 }, one.rig.identity.publicKey),
  ).toBe(false)
})

test('L21: a notice to a node that is away, or of cards that this epoch never had, is not sent', async () => {
  const one = await lending()
  const unknown = { ...noticeOf(one), unitIds: [999 as UnitId] }
  expect(await one.rig.nodeLink.notify(unknown)).toBe(false)
  one.agent.disconnect()
  await arrive(one.rig)
  expect(await one.rig.nodeLink.notify(noticeOf(one))).toBe(false)
})

test('L21: whatever people call things, a notice can be read, and its signature holds', async () => {
  const one = await lending()
  const account = '某某人工智能算力调度有限公司的一个名字很长很长的租用者'
  const cause = `maintenance\u0007 of rack 7 ${'x'.repeat(200)}`
  expect(await one.rig.nodeLink.notify({ ...noticeOf(one), account, cause })).toBe(true)
  await arrive(one.rig)
  const [notice] = noticesOf(one)
  if (notice === undefined) throw new Error('no notice')
  expect(account.startsWith(notice.account)).toBe(true)
  expect(Buffer.byteLength(notice.cause)).toBe(64)
  expect(isLeaseNoticeSigned(notice, one.rig.identity.publicKey)).toBe(true)
})

test('L21: a card keeps its index for the whole epoch, also when it is gone', async () => {
  const one = await lending()
  expect(await one.rig.nodeLink.notify(noticeOf(one))).toBe(true)
  one.agent.keepFacts([cardFacts(0, 1)])
  await one.agent.sendBatch()
  expect(await one.rig.nodeLink.notify({ ...noticeOf(one), kind: 'recall' })).toBe(true)
  await arrive(one.rig)
  expect(noticesOf(one).map(({ units }) => units)).toEqual([
    [1, 2],
    [1, 2],
  ])
})

test('L21: a new epoch has indexes of its own', async () => {
  const one = await lending()
  expect(await one.rig.nodeLink.notify(noticeOf(one))).toBe(true)
  one.agent.newEpoch('f'.repeat(32))
  await one.agent.connect(null, LENDING)
  // Its facts are not told yet: nothing is known of its indexes.
  expect(await one.rig.nodeLink.notify(noticeOf(one))).toBe(false)
})

test('L22: what a node believes to be lent is heard; who says it again and again is closed', async () => {
  const one = await lending()
  one.agent.send({ kind: 'leases', leases: [] })
  await arrive(one.rig)
  expect(one.rig.told).toEqual([{ nodeId: one.nodeId, leases: [] }])
  for (let more = 0; more < 3; more += 1) one.agent.send({ kind: 'leases', leases: [] })
  await arrive(one.rig)
  expect(one.agent.closed).toBeNull()
  one.agent.send({ kind: 'leases', leases: [] })
  await arrive(one.rig)
  expect(one.agent.outcome()).not.toBe('welcome')
  expect(one.agent.closed?.reason).toMatch(/^overloaded/)
  expect(one.rig.told).toHaveLength(4)
})

test('L22: leases of a node that does not understand them are not heard', async () => {
  const one = await lending({ capabilities: [] })
  one.agent.send({ kind: 'leases', leases: [] })
  await arrive(one.rig)
  expect(one.rig.told).toEqual([])
})
