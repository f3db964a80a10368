/** An adapter over a real store with a small fleet, a template and a clock that is told. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger } from '@yiben/shared'
import { onTestFinished } from 'vitest'
import { Adapter, type AdapterStore } from '../../../collector/src/adapter/adapter.ts'
import { AdapterFolder } from '../../../collector/src/adapter/folder.ts'
import { type Template, templateOf } from '../../../collector/src/adapter/template.ts'
import { CatalogueLookup } from '../../../collector/src/api/answers/lookup.ts'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { Fleet, HOUR, MINUTE, T0, type TestNode } from '../../conformance/fleet.ts'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const LOOKUP = new CatalogueLookup(loadCatalogue())
export const TOKEN = 'a-token-of-the-node'

/** As a YAML file would hold it. */
// biome-ignore lint/suspicious/noExplicitAny: tests write right and wrong templates
export type TemplateValue = Record<string, any>

export function templateValue(changes: TemplateValue = {}): TemplateValue {
  return {
    template: 'rehearsal',
    time_zone: 'Asia/Shanghai',
    constants: { enterprise: '00000' },
    tables: { cities: { '110000': 'X-BJ' } },
    issued_codes: { scheme: 'EXAMPLE' },
    runs: {
      total: { code: 'K1', rows: 'site_models', at: ['02:00'] },
      available: { code: 'K2', rows: 'site_models', every: '15min' },
    },
    fields: [
      { name: 'run', fact: 'run_code' },
      { name: 'site', fact: 'site_code' },
      { name: 'city', fact: 'province_code', table: 'cities' },
      { name: 'issued', fact: 'issued_code' },
      { name: 'model', fact: 'model' },
      { name: 'cards', fact: 'cards_connected' },
      { name: 'free', fact: 'cards_free' },
      { name: 'p', fact: 'p_connected', unit: 'PFLOPS', decimals: 3 },
      { name: 'p_free', fact: 'p_free', unit: 'PFLOPS', decimals: 3 },
    ],
    file: {
      name: '{enterprise}-EXAMPLE-DATA-{made:yyyyMMddHHmmss}{sequence}.data',
      format: 'csv',
      separator: '|',
      gzip_suffix: '.gz',
    },
    sequence: { digits: 4, restart: 'never' },
    deliver: { folder: 'outgoing' },
    ...changes,
  }
}

export function templateIn(folder: string, value: TemplateValue): Template {
  return templateOf({ file: join(folder, 'template.yaml'), text: JSON.stringify(value), value })
}

export interface Rig {
  readonly folder: string
  readonly dataDir: string
  readonly clock: FakeClock
  readonly store: Store
  readonly fleet: Fleet
  readonly node: TestNode
  /** A process over what is there; the one before it is no more. */
  start(value?: TemplateValue, over?: AdapterStore): Adapter
  /** Lets time pass in which nothing looks, then looks. */
  look(adapter: Adapter, passedMs?: number): Promise<void>
  entries(kind: string): Promise<readonly Record<string, unknown>[]>
}

/** Of one site with four cards that were proven free for two hours: it is 10:00 in Shanghai. */
export async function openRig(): Promise<Rig> {
  const folder = tempDir()
  const dataDir = join(folder, 'data')
  for (const part of ['data', 'outgoing', 'receipts']) mkdirSync(join(folder, part))
  writeFileSync(join(folder, 'token'), `${TOKEN}\n`)
  const store = openSqliteStoreInProcess({
    path: ':memory:',
    synchronous: 'OFF',
    newLedger: {
      generation: 1 as LedgerGeneration,
      origin: '0123456789abcdef',
      openedAtMs: 0,
      identityKeyNumber: 1,
      identityKey: 'ff'.repeat(32),
      isDemo: false,
    },
  })
  onTestFinished(() => store.close())
  const fleet = new Fleet(store)
  const node = await fleet.start('BJ-01', 4)
  await fleet.book(node, 'free/proven', T0 + 2 * HOUR)
  const clock = new FakeClock(T0 + 2 * HOUR)
  return {
    ...{ folder, dataDir, clock, store, fleet, node },
    start: (value = templateValue(), over = store) =>
      new Adapter({
        store: over,
        template: templateIn(folder, value),
        folder: new AdapterFolder(dataDir),
        lookup: {
          modelOf: (profile) => LOOKUP.match(profile).model,
          rateOf: (profile, sharePpm) => LOOKUP.rate(profile, sharePpm),
          hubOf: (regionCode) => LOOKUP.hubOf(regionCode),
          clusterOf: (regionCode) => LOOKUP.clusterOf(regionCode),
        },
        settledLagMs: 2 * MINUTE,
        clock,
        random: new FakeRandom(7),
        log: silentLogger,
        lookMs: 5_000,
      }),
    look: async (adapter, passedMs = 0) => {
      clock.advance(passedMs)
      await adapter.once()
    },
    entries: async (kind) => {
      const outbox = await store.readOutbox(10_000)
      return outbox.filter((entry) => entry.kind === kind).map(({ payload }) => payload)
    },
  }
}
