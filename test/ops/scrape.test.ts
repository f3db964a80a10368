/**
 * A scrape of a real collector with a real agent: names, units and help are right, and whatever
 * alerts, dashboard and page speak of is there.
 */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Metrics } from '../../collector/src/api/metrics.ts'
import { adapterVitals } from '../../collector/src/cli/adapter-vitals.ts'
import { amongVitals } from '../../collector/src/cli/among-vitals.ts'
import { childVitals } from '../../collector/src/cli/child-vitals.ts'
import { forecastVitals } from '../../collector/src/cli/forecast-vitals.ts'
import { hostVitals } from '../../collector/src/cli/host-vitals.ts'
import { placedVitals } from '../../collector/src/cli/placed-vitals.ts'
import { upstreamVitals } from '../../collector/src/cli/upstream-vitals.ts'
import type { ForecastReport } from '../../collector/src/forecast/live/report.ts'
import type { UpstreamStatus } from '../../collector/src/upstream/upstream.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { type Family, metricFamilies, metricFaults } from '../support/metrics-text.ts'
import { until } from '../support/program.ts'
import { asked, dashboardQueries, PAGE_FILE, readAlerts, readRuleTests } from './files.ts'
import { HAS_PROMTOOL, promtool, WHY_SKIPPED } from './promtool.ts'

const SETUP_MS_MAX = 180_000
/** Given to every sample by Prometheus itself. */
const TARGET_LABELS = ['instance', 'job']

/** What a young collector tells last of all. */
const THERE = [
  'yiben_seals_due',
  'yiben_lent_cards',
  'yiben_deposited_cards 2',
  'yiben_checkpoint_timestamp_seconds',
]
/** A checkpoint is signed once in a while only. */
const EVERYTHING_MS_MAX = 90_000

/** Of a collector that reports to a parent. */
const UPSTREAM: UpstreamStatus = {
  link: {
    state: 'online',
    sinceMonotonicMs: 0,
    nodeId: 'c-1',
    lastProblem: null,
    unacknowledgedRecords: 0,
  },
  lagMs: 0,
  feedEntries: 0,
  refusedRecords: 0,
  leftOutRecords: 0,
}

let world: E2eWorld
let text = ''
let families: ReadonlyMap<string, Family>

beforeAll(async () => {
  world = new E2eWorld('suite')
  const { collector } = world
  const second = join(world.folder, 'second')
  mkdirSync(second)
  appendFileSync(collector.configFile, `journal: { second: ${second} }\n`)
  await collector.start()
  const agent = world.machine({ name: 'node-1', nodeTag: 'a1', vendors: { nvidia: 2 } })
  await world.enroll([agent])
  agent.cards.nvidia?.set('free')
  agent.start()
  await world.seen({ connected: 2, free: 2, deposited: 2 }, 60_000)
  await collector.say(['backup', join(world.folder, 'copy.sqlite')])
  text = await until(
    'a scrape with everything',
    async () => {
      const { body } = await collector.get('/metrics')
      return THERE.every((one) => body.includes(one)) ? body : null
    },
    EVERYTHING_MS_MAX,
  )
  families = metricFamilies(text)
}, SETUP_MS_MAX)

afterAll(() => world[Symbol.asyncDispose]())

function value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const isMeant = (one: { readonly labels: Readonly<Record<string, string>> }) =>
    Object.entries(labels).every(([key, word]) => one.labels[key] === word)
  return families.get(name)?.samples.find(isMeant)?.value
}

describe('a scrape', () => {
  test('keeps the rules of names, units, help and types', () => {
    expect(metricFaults(families.values())).toEqual([])
  })

  test.skipIf(!HAS_PROMTOOL)(`is accepted by promtool${WHY_SKIPPED}`, () => {
    expect(promtool(['check', 'metrics'], text)).toEqual({ exitCode: 0, said: '' })
  })

  test('tells what there is', () => {
    expect(value('yiben_nodes', { presence: 'heard' })).toBe(1)
    expect(value('yiben_sessions')).toBe(1)
    expect(value('yiben_deposited_cards')).toBe(2)
    expect(value('yiben_lent_cards')).toBe(0)
    expect(value('yiben_store_writing')).toBe(1)
    expect(value('yiben_records_received_total')).toBeGreaterThan(0)
    const entries = families.get('yiben_journal_entries_total')?.samples ?? []
    const numbered = entries.reduce((sum, one) => sum + one.value, 0)
    // This process has numbered all there is; some may have come after the head was read.
    expect(numbered).toBeGreaterThanOrEqual(value('yiben_journal_seq') ?? Number.NaN)
    expect(value('yiben_ingest_lag_max_seconds')).toBeLessThan(30)
    expect(value('yiben_disk_free_bytes')).toBeGreaterThan(0)
    expect(value('yiben_ledger_file_bytes')).toBeGreaterThan(0)
    const ageSeconds = Date.now() / 1000 - (value('yiben_backup_timestamp_seconds') ?? 0)
    expect(ageSeconds).toBeLessThan(SETUP_MS_MAX / 1000)
  })

  test('tells of each acknowledgement once', () => {
    const acks = value('yiben_ack_duration_seconds', { le: '+Inf' })
    expect(acks).toBeGreaterThan(0)
    expect(acks).toBeLessThanOrEqual(value('yiben_records_received_total') ?? 0)
  })
})

describe('whatever is asked for is in a scrape', () => {
  /** What a young collector does not know yet, as it tells it later. */
  async function later(): Promise<ReadonlyMap<string, Family>> {
    const metrics = new Metrics()
    const dataDir = world.collector.dataDir
    const certificates = () => ({ endMs: 1, authorityEndMs: 1, listEndMs: 1 })
    const certificate = await hostVitals({ dataDir, generation: 1, certificates })
    const upstream = upstreamVitals(UPSTREAM)
    const children = childVitals({ heard: 1, away: 0, unheardMs: 1 })
    const adapter = adapterVitals({ files: {}, troubles: 0, oldestOpenMs: 1 }, 2)
    const among = amongVitals({ leads: true, members: [] })
    const placed = placedVitals([{ steps: [{ kind: 'hold' }], told: null, placedAtMs: 0 }], 1)
    const more = [...certificate, ...upstream, ...adapter, ...children, ...placed, ...among]
    const told = await metrics.text([...forecastVitals(REPORT, 1), ...more])
    metrics.close()
    return metricFamilies(told)
  }

  async function familyOf(metric: string): Promise<Family | undefined> {
    const names = [metric, metric.replace(/_(bucket|count|sum)$/, '')]
    const known = await later()
    return names
      .map((name) => families.get(name) ?? known.get(name))
      .find((one) => one !== undefined)
  }

  test.each([
    ['alerts', () => readAlerts().map(({ expr }) => expr)],
    [
      'cases of alerts',
      () => readRuleTests().flatMap((one) => one.input_series.map((it) => it.series)),
    ],
    ['dashboard', dashboardQueries],
  ])('by the %s, with its labels', async (_name, queries) => {
    const metrics = queries().flatMap(asked)
    expect(metrics.length).toBeGreaterThan(20)
    for (const { labels, metric } of metrics) {
      const family = await familyOf(metric)
      expect(family?.name, metric).toBeDefined()
      const known = new Set([
        ...TARGET_LABELS,
        ...(family?.samples ?? []).flatMap((sample) => Object.keys(sample.labels)),
      ])
      for (const label of labels) expect([...known], `${metric}{${label}}`).toContain(label)
    }
  })

  test('every metric of ours is in the table of the page, and nothing else', async () => {
    const page = readFileSync(PAGE_FILE, 'utf8')
    const listed = [...page.matchAll(/^\| `(yiben_[a-z0-9_]+)`/gm)].map(([, name]) => name)
    const ours = [...families.keys(), ...(await later()).keys()].filter((name) =>
      name.startsWith('yiben_'),
    )
    expect([...new Set(listed)].toSorted()).toEqual([...new Set(ours)].toSorted())
  })
})

const REPORT: ForecastReport = {
  scores: [
    {
      horizonMs: 1_800_000,
      guesses: 10,
      baseRate: 0.5,
      brier: 0.1,
      brierReference: 0.2,
      skill: 0.5,
      promises: 5,
      promisesKeptShare: 1,
    },
  ],
  models: 'own',
  trainedAtMs: 0,
  examples: 1_000,
  training: { trainings: 1, failures: 0, tookMs: 1 },
  pools: 1,
  cards: 1,
  lagMs: 1,
  stateBytes: 1,
}
