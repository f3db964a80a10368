/**
 * A draw placed at the nation, of cards of a site below a province, through real processes: the agent
 * has the lease, whoever was killed on the way, and once; its end comes to be known at the nation.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFailed, test } from 'vitest'
import type { LeaseOnNode } from '../../agent/src/leases/show-leases.ts'
import { Api } from '../../scripts/bank-client/api.ts'
import type { AgentProcess } from '../support/agent-process.ts'
import { CollectorProcess, tokenIn } from '../support/collector-process.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { until } from '../support/program.ts'

const CONFIG = [
  'seal_delay: 1s',
  'bank: { observing: 1s }',
  'intervals: { sequence: 100ms, deposit: 100ms, rollup: 1s, liveness: 200ms, checkpoint: 1s }',
  'limits: { requests_per_minute: 100000 }',
]
const CONSENT = 'upstream: { feed: 50ms, counts: 1s, hour_delay: 1s, draws: true }'
const SEEN_MS_MAX = 90_000
const OUTPUT_SHOWN = 4_000
const TERMS = { bank: 'bank', borrower: 'borrower', contract: 'c-1', hours: 0.05 }

async function enroll(child: CollectorProcess, parent: CollectorProcess, name: string) {
  const token = tokenIn(await parent.say(['token', 'create', '--child', name]))
  await child.say(['upstream', 'enroll', '--url', parent.url, '--token', token, '--name', name])
}

function leasesOn(agent: AgentProcess): LeaseOnNode[] {
  return JSON.parse(readFileSync(join(agent.runDir, 'leases.json'), 'utf8')).leases
}

async function levels() {
  const world = new E2eWorld()
  const { collector: site, folder } = world
  site.configure([...CONFIG, CONSENT])
  const province = new CollectorProcess(join(folder, 'province'), [...CONFIG, CONSENT])
  const nation = new CollectorProcess(join(folder, 'nation'), CONFIG)
  onTestFailed(() => {
    const said = [province, nation]
      .filter(({ port }) => port > 0)
      .map((one) => one.program.output.slice(-OUTPUT_SHOWN))
    process.stderr.write(`\n${said.join('\n----\n')}\n`)
  })
  return {
    ...{ nation, province, site, world },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([nation, province].map((one) => one.kill()))
      await world[Symbol.asyncDispose]()
    },
  }
}

test('a nation draws cards of a site below a province that is killed between hold and post', async () => {
  await using three = await levels()
  const { nation, province, site, world } = three
  await nation.start()
  await enroll(province, nation, 'province')
  await province.start()
  await enroll(site, province, 'site')
  await site.start()
  const agent = world.machine({
    name: 'node-1',
    nodeTag: 'a1',
    vendors: { nvidia: 2 },
    config: ['handover: { kind: manual, fenced: true, endpoint: "ssh node-1" }'],
  })
  await world.enroll([agent])
  agent.start()
  await world.seen({ free: 2, deposited: 2 }, SEEN_MS_MAX)

  const token = tokenIn(await nation.say(['token', 'create', '--role', 'bank']))
  const bank = new Api({ url: nation.url, token })
  const found = await until(
    'the nation finds two cards',
    async () => {
      const body = await bank.get('/v1/capacity?cards=2')
      return body.satisfied ? body : null
    },
    SEEN_MS_MAX,
  )
  const [lot] = found.lots
  expect([lot.take_cards, lot.path.length]).toEqual([2, 2])
  const lots = [{ lot_id: lot.lot_id, cards: 2 }]
  const held = await bank.post('/v1/draws', { ...TERMS, draw_id: 'n-1', lots, hold_ms: 300_000 })
  expect(held).toMatchObject({ state: 'held', cards_live: 2, placed: { path: lot.path } })

  await province.kill()
  expect(await bank.post('/v1/draws/n-1/post', {})).toMatchObject({
    state: 'posting',
    placed: { waiting_for: 'post' },
  })
  await nation.kill()
  await nation.start()
  expect((await bank.get('/v1/draws/n-1')).state).toBe('posting')
  expect(leasesOn(agent)).toEqual([])
  await province.start()
  const posted = await until(
    'it is posted at last',
    async () => {
      const draw = await bank.get('/v1/draws/n-1')
      return draw.state === 'posted' ? draw : null
    },
    SEEN_MS_MAX,
  )
  const [lease] = posted.leases
  const { account } = lease.handover
  await until(
    'the node has the lease',
    () => (leasesOn(agent).some((one) => one.account === account) ? true : null),
    SEEN_MS_MAX,
  )
  expect(await bank.post('/v1/draws/n-1/post', {})).toMatchObject({ state: 'posted' })

  const own = (await site.get('/v1/draws')).body.draws
  expect(own).toMatchObject([{ draw_id: account, state: 'posted', borrower: 'borrower' }])
  for (const above of [province, nation]) {
    expect((await above.get('/v1/draws')).body.draws).toEqual([])
  }
  const feed = (await bank.get('/v1/changes?limit=500')).changes
  const told = feed.filter(({ kind }: { kind: string }) => kind === 'draw_placed')
  // What the node says of it may have come as news beside.
  const states = told.map(({ draw }: { draw: { state: string } }) => draw.state)
  expect([...new Set(states)]).toEqual(['asking', 'held', 'posting', 'posted'])

  await bank.post('/v1/draws/n-1/return', {})
  await until(
    'the node has no lease',
    () => (leasesOn(agent).length === 0 ? true : null),
    SEEN_MS_MAX,
  )
  await until(
    'the nation knows that it is over',
    async () => ((await bank.get('/v1/draws/n-1')).state === 'ended' ? true : null),
    SEEN_MS_MAX,
  )
  const journal = (await site.get('/v1/journal/entries?limit=1000')).body.entries
  const posts = journal.filter(({ kind }: { kind: string }) => kind === 'draw_posted')
  expect(posts).toHaveLength(1)
}, 300_000)
