/** The adapter to a national or regional node, where a template is configured; for the serving process. */
import { AppError, type Logger, type World } from '@yiben/shared'
import { Adapter, type AdapterStore } from '../adapter/adapter.ts'
import { AdapterFolder } from '../adapter/folder.ts'
import { type Template, templateOf } from '../adapter/template.ts'
import { CatalogueLookup } from '../api/answers/lookup.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { readTemplateFile } from '../config/adapter-template-file.ts'
import type { CollectorConfig } from '../config.ts'
import type { LedgerState } from '../storage/requests.ts'
import { settledLagMs } from './settled-lag.ts'

export interface AdapterParts {
  readonly config: CollectorConfig
  readonly world: World
  readonly log: Logger
  readonly store: AdapterStore
  readonly ledger: Pick<LedgerState, 'isDemo'>
  readonly catalogue: Catalogue
  readonly onJournaled: () => void
}

/** `null`: no node is served. Throws `config_invalid` for a template that is wrong. */
export function openAdapter(parts: AdapterParts): Adapter | null {
  const { catalogue, config, ledger, log, store, world } = parts
  const template = readTemplate(config)
  if (template === null) return null
  // Nothing of a demo may be taken for something that exists.
  if (ledger.isDemo) {
    throw new AppError('config_invalid', 'adapter.template: a demo ledger is reported to nobody')
  }
  const lookup = new CatalogueLookup(catalogue)
  log.info({ template: template.id }, 'a national or regional node is sent files')
  return new Adapter({
    store,
    template,
    folder: new AdapterFolder(config.dataDir),
    lookup: {
      modelOf: (profile) => lookup.match(profile).model,
      rateOf: (profile, sharePpm) => lookup.rate(profile, sharePpm),
      hubOf: (regionCode) => lookup.hubOf(regionCode),
      clusterOf: (regionCode) => lookup.clusterOf(regionCode),
    },
    settledLagMs: settledLagMs(config),
    clock: world.clock,
    random: world.random,
    log,
    lookMs: config.adapter.lookMs,
    onJournaled: parts.onJournaled,
  })
}

/** `null`: none is configured. */
export function readTemplate({ adapter }: Pick<CollectorConfig, 'adapter'>): Template | null {
  const { templateFile } = adapter
  if (templateFile === null) return null
  return templateOf({ file: templateFile, ...readTemplateFile(templateFile) })
}
