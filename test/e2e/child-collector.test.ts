/**
 * Three levels of real collectors, and a real agent at the lowest: what its cards do is seen in the
 * ledgers of the province and of the nation, whoever of them is killed or restored; and through a gate
 * that lets only files through.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFailed, test } from 'vitest'
import { readIdentity } from '../../collector/src/identity-file.ts'
import { CollectorProcess, tokenIn } from '../support/collector-process.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { until } from '../support/program.ts'

const CONFIG = [
  'seal_delay: 1s',
  'bank: { observing: 1s }',
  'intervals: { sequence: 100ms, deposit: 1s, rollup: 1s, liveness: 200ms, checkpoint: 1s }',
  'limits: { requests_per_minute: 100000 }',
  'liveness: { suspend: 2s, silent: 3s }',
  'upstream: { feed: 50ms, counts: 1s, hour_delay: 1s }',
]
const SEEN_MS_MAX = 60_000
const OUTPUT_SHOWN = 4_000
/** By the configuration above. */
const SETTLED_MS = 3_000

/** Cards by what they do, in the newest of a collector's ledger. */
async function stagesOf(
  collector: CollectorProcess,
  query = '',
): Promise<Readonly<Record<string, number>>> {
  const { body } = await collector.get(`/v1/ledger${query}`)
  const stages: Record<string, { cards: number }> = body.rows[0]?.stages ?? {}
  return Object.fromEntries(Object.entries(stages).map(([name, { cards }]) => [name, cards]))
}

async function seen(
  collector: CollectorProcess,
  expected: Readonly<Record<string, number>>,
): Promise<void> {
  let last: unknown = null
  try {
    await until(
      'seen',
      async () => {
        const stages = await stagesOf(collector)
        last = stages
        return Object.entries(expected).every(([name, cards]) => stages[name] === cards)
          ? true
          : null
      },
      SEEN_MS_MAX,
    )
  } catch {
    const [should, is] = [JSON.stringify(expected), JSON.stringify(last)]
    throw new Error(`${collector.folder} should show ${should}, and shows ${is}`)
  }
}

/** `child` reports to `parent`, which is serving. */
async function enroll(child: CollectorProcess, parent: CollectorProcess, name: string) {
  const token = tokenIn(await parent.say(['token', 'create', '--child', name]))
  await child.say(['upstream', 'enroll', '--url', parent.url, '--token', token, '--name', name])
}

async function levels() {
  const world = new E2eWorld()
  const { collector: site, folder } = world
  site.configure(CONFIG)
  const [province, nation] = ['province', 'nation'].map(
    (name) => new CollectorProcess(join(folder, name), CONFIG),
  )
  if (province === undefined || nation === undefined) throw new Error('there are three')
  onTestFailed(() => {
    const started = [province, nation].filter(({ port }) => port > 0)
    const said = started.map((one) => one.program.output.slice(-OUTPUT_SHOWN))
    process.stderr.write(`\n${said.join('\n----\n')}\n`)
  })
  const all = [nation, province, site]
  return {
    ...{ all, nation, province, site, world },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([nation, province].map((one) => one.kill()))
      await world[Symbol.asyncDispose]()
    },
  }
}

test('a nation sees the cards of a site below a province, whoever is killed or restored', async () => {
  await using three = await levels()
  const { all, nation, province, site, world } = three
  await nation.start()
  await enroll(province, nation, 'province')
  await province.start()
  await enroll(site, province, 'site')
  await site.start()
  const agent = world.machine({ name: 'node-1', nodeTag: 'a1', vendors: { nvidia: 2 } })
  await world.enroll([agent])
  agent.cards.nvidia?.set('busy')
  agent.start()
  for (const one of all.toReversed()) await seen(one, { connected: 2, busy: 2 })

  const backup = join(world.folder, 'province-yesterday.sqlite')
  await province.say(['backup', backup])

  // The middle one dies; what happens meanwhile is told once it is back.
  await province.kill()
  agent.cards.nvidia?.set('occupied')
  await seen(site, { occupied: 2 })
  await province.start()
  for (const one of [province, nation]) await seen(one, { connected: 2, occupied: 2 })

  // The lowest one dies, and its agent finds it again.
  await site.kill()
  await site.start()
  agent.cards.nvidia?.set('free')
  for (const one of all.toReversed()) await seen(one, { connected: 2, free: 2 })

  // The middle one is as it was: those below tell it what it lacks, and it tells the nation.
  await province.kill()
  await province.say(['restore', backup, '--replace'])
  await province.start()
  agent.cards.nvidia?.set('busy')
  for (const one of all.toReversed()) await seen(one, { connected: 2, busy: 2 })
}, 400_000)

test('files through a gate tell an outer ledger the same', async () => {
  await using three = await levels()
  const { province: outer, site, world } = three
  await site.start()
  const agent = world.machine({ name: 'node-1', nodeTag: 'a1', vendors: { nvidia: 2 } })
  await world.enroll([agent])
  agent.cards.nvidia?.set('busy')
  agent.start()
  await seen(site, { connected: 2, busy: 2 })

  await outer.start()
  const key = readIdentity(site.dataDir)?.publicKey ?? ''
  await outer.say(['child', 'add', '--key', key, '--name', 'gated'])
  const gate = join(world.folder, 'gate')
  mkdirSync(gate)
  const carry = async () => {
    const config = ['--config', site.configFile]
    const bundle = ['bundle', 'export', '--out', gate, '--json', '--name', 'gated', ...config]
    const { file } = JSON.parse(await site.say(bundle))
    return await outer.command(['bundle', 'import', file])
  }
  /** What the outer ledger knows of the last instant that the newest bundle has settled. */
  const told = async () => {
    const [child] = JSON.parse(await outer.say(['child', 'list', '--json']))
    const at = new Date(Date.parse(child.away_since) - SETTLED_MS).toISOString()
    return await stagesOf(outer, `?as_of=${encodeURIComponent(at)}`)
  }
  /** The first bundle may settle an instant before what is to be told. */
  const carried = async (stage: string) =>
    await until(`a bundle tells ${stage}`, async () => {
      expect(await carry()).toMatchObject({ exitCode: 0 })
      const stages = await told()
      return stages.connected === 2 && stages[stage] === 2 ? true : null
    })
  await carried('busy')
  // What they do since the file was written nobody outside knows.
  await seen(outer, { connected: 2, unknown: 2 })
  agent.cards.nvidia?.set('free')
  await seen(site, { free: 2 })
  await carried('free')
}, 300_000)
