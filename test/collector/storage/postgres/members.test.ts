/** The processes over one database: what they say to each other, and what each knows of the others. */
import { runCode } from '@yiben/shared'
import { expect, test } from 'vitest'
import { bookCommit, Fleet, T0 } from '../../../conformance/fleet.ts'
import { statement } from '../../../support/postgres.ts'
import { collectorsOnPostgres, memberOn } from '../../../support/postgres-store.ts'
import { until } from '../../../support/program.ts'

async function three() {
  const { url, stores } = await collectorsOnPostgres(2)
  const [first, second] = stores
  if (first === undefined || second === undefined) throw new Error('two stores')
  const members = [await memberOn(url, 'one'), await memberOn(url, 'two')] as const
  return { url, first, second, one: members[0], two: members[1] }
}

test('messages are read once, in the order in which they were sent', async () => {
  const { one, two } = await three()
  await one.send([1, 2, 3].map((number) => ({ receiver: 'two', body: `${number}` })))
  await one.send([
    { receiver: 'nobody', body: 'lost' },
    { receiver: 'two', body: '4' },
    { receiver: 'one', body: 'own' },
  ])
  const bodies = ['1', '2', '3', '4'].map((body) => ({ sender: 'one', body }))
  expect(await two.take()).toEqual(bodies)
  expect(await two.take()).toEqual([])
  expect(await one.take()).toEqual([{ sender: 'one', body: 'own' }])
})

test('a message wakes its receiver, also after the connection that listens has broken', async () => {
  const { url, one, two } = await three()
  let wakes = 0
  const listening = two.listen(() => {
    wakes += 1
  })
  await until('it listens', () => (wakes === 1 ? true : null))
  await one.send([{ receiver: 'two', body: 'a' }])
  await until('it is woken', () => (wakes === 2 ? true : null))
  await statement(
    url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN yiben_two'`,
  )
  // What was sent meanwhile is looked for.
  await until('it listens again', () => (wakes === 3 ? true : null))
  await one.send([{ receiver: 'two', body: 'b' }])
  await until('it is woken again', () => (wakes === 4 ? true : null))
  two.endListening()
  await listening
})

test('a process that the others have forgotten is told so', async () => {
  const { one, two } = await three()
  const { members, isGivenUp } = await two.beat()
  expect(members.map(({ instance, beat }) => [instance, beat])).toEqual([
    ['one', 1],
    ['two', 2],
  ])
  expect(isGivenUp).toBe(false)
  await one.forget('two')
  const later = await two.beat()
  expect(later.isGivenUp).toBe(true)
  expect(later.members.map(({ instance }) => instance)).toEqual(['one'])
})

test('each knows whom the others hear, and since when', async () => {
  const { first, one, two, url } = await three()
  const fleet = new Fleet(first)
  const node = await fleet.start('BJ-01')
  await statement(url, "UPDATE sessions SET collector_instance = 'one'")
  expect(await one.heardElsewhere()).toEqual([])
  const { nodeId, generation } = node
  const session = { nodeId, generation, siteCode: 'BJ-01', instance: 'one' }
  expect(await two.heardElsewhere()).toMatchObject([
    { ...session, isConnected: true, endedReason: null },
  ])
  await first.touchSessions([
    { nodeId, generation, lastHeardMs: T0, heardAgoMs: 7_000, clockOffsetMs: 12 },
  ])
  const [heard] = await two.heardElsewhere()
  expect(heard).toMatchObject({ ...session, clockOffsetMs: 12 })
  expect(heard?.heardAgoMs).toBeGreaterThanOrEqual(7_000)
  expect(heard?.heardAgoMs).toBeLessThan(12_000)
  await first.endSession({ nodeId, generation, reason: 'goodbye', atMs: T0 })
  const [ended] = await two.heardElsewhere()
  expect(ended).toMatchObject({ ...session, isConnected: false, endedReason: 'goodbye' })
  expect(ended?.heardAgoMs).toBeGreaterThanOrEqual(7_000)
})

test('what another process has changed of a node is seen before its time is taken', async () => {
  const { first, second } = await three()
  const fleet = new Fleet(first)
  const node = await fleet.start('BJ-01')
  await fleet.book(node, 'free/proven', T0 + 60_000)
  const seen = node.open.changeSeq
  const silence = { nodeId: node.nodeId, unitId: null, fromMs: node.open.timelineEndMs }
  const code = runCode('unknown/silent')
  await second.beginSilences([{ ...silence, toMs: null, code, declaredAtMs: T0 + 200_000 }], [], [])
  const commit = bookCommit(node, 'free/proven', T0 + 120_000)
  const outdated = { ...commit, open: { ...commit.open, changeSeq: seen } }
  expect(await first.commitIngest([outdated])).toMatchObject([{ status: 'stale' }])
  const now = (await first.loadNode(node.nodeId))?.open?.changeSeq ?? 0
  expect(now).toBeGreaterThan(seen)
  const current = { ...commit, open: { ...commit.open, changeSeq: now } }
  expect(await first.commitIngest([current])).toMatchObject([{ status: 'committed' }])
})
