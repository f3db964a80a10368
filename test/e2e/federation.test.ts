/**
 * A province that reports to the nation, as real processes with a real agent: the nation's ledger is
 * the province's; killed, the province is unknown; back again its hours are what it says they were.
 */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CollectorProcess } from '../support/collector-process.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { until } from '../support/program.ts'

const CONFIG = [
  'seal_delay: 1s',
  'bank: { observing: 1s }',
  'intervals: { sequence: 100ms, deposit: 1s, rollup: 1s, liveness: 200ms, checkpoint: 1s }',
  'liveness: { suspend: 2s, silent: 6s }',
  'limits: { requests_per_minute: 100000 }',
]
const UPSTREAM = 'upstream: { feed: 50ms, counts: 1s, hour_delay: 1s }'
const SLOW_MS = 240_000

test(
  'the nation sees what its province sees, and says so while the province is gone',
  async () => {
    await using world = new E2eWorld()
    const province = world.collector
    province.configure([...CONFIG, UPSTREAM])
    const nation = new CollectorProcess(join(world.folder, 'nation'), CONFIG)
    onTestFinished(() => nation.kill())
    await nation.start()
    const token = (await nation.say(['token', 'create', '--child', 'East'])).trim()
    const enroll = ['upstream', 'enroll', '--url', nation.url, '--token', token, '--name', 'east']
    expect(await province.say(enroll)).toContain('enrolled')
    await province.start()
    const agent = world.machine({ name: 'node-1', nodeTag: 'a1', vendors: { nvidia: 2 } })
    await world.enroll([agent])
    agent.cards.nvidia?.set('free')
    agent.start()
    await world.seen({ connected: 2, free: 2 }, 60_000)

    const stages = async () => {
      const { body } = await nation.get('/v1/ledger')
      return body.rows[0]?.stages
    }
    const shows = (what: string, isThere: (now: Record<string, { cards: number }>) => boolean) =>
      until(
        what,
        async () => {
          const now = await stages()
          return now !== undefined && isThere(now) ? now : null
        },
        60_000,
      )
    const free = await shows('two free cards', (now) => now.free?.cards === 2)
    expect([free.connected?.cards, free.busy?.cards]).toEqual([2, 0])
    const { collectors } = (await nation.get('/v1/children')).body
    expect(collectors).toMatchObject([
      { name: 'east', sites: 1, nodes: 1, cards: 2, away_since: null },
    ])
    const { children } = (await nation.get('/v1/quality')).body
    expect(children.refused.total).toBe(0)

    await province.kill()
    await shows('two unknown cards', (now) => now.unknown?.cards === 2)
    expect(await nation.say(['child', 'list'])).toContain('not since')

    await province.start()
    await shows('two free cards again', (now) => now.free?.cards === 2)
    expect((await nation.get('/v1/children')).body.collectors[0].away_since).toBeNull()
    const bucket = await until(
      'an hour of the province',
      async () => {
        const { body } = await nation.get('/v1/quality')
        expect(body.children.refused.total).toBe(0)
        const row = (await nation.get('/v1/children')).body.collectors[0]
        return row.checkpoint === null ? null : row
      },
      30_000,
    )
    expect(bucket.checkpoint.size).toBeGreaterThan(0)
    await nation.say(['child', 'revoke', bucket.child_id])
    await until(
      'the province is refused',
      async () => {
        const { note } = JSON.parse(await province.say(['upstream', 'status', '--json']))
        return note?.link === 'refused' ? true : null
      },
      60_000,
    )
  },
  SLOW_MS,
)
