/** `site state`: what a site states of itself, such as its PUE; a repeated statement changes nothing. */
import { AppError } from '@yiben/shared'
import { CatalogueLookup } from '../api/answers/lookup.ts'
import { factValuesOf, siteFactsIn } from '../api/answers/site-facts.ts'
import { siteAnswers } from '../api/answers/sites.ts'
import { loadCatalogue } from '../catalogue/catalogue.ts'
import { readTariffFile } from '../config/tariff-file.ts'
import { siteFactStatements } from '../inventory/site-facts.ts'
import {
  type CommandContext,
  type CommandResult,
  commandAuthor,
  countOf,
  instantOrNull,
  jsonText,
  withLedger,
} from './command.ts'

/** The word `none` withdraws what was stated. */
export interface SiteStateOptions {
  readonly pue?: string
  readonly racks?: string
  readonly racksUsed?: string
  readonly tariff?: string
  readonly validFrom?: string
}

const NONE = 'none'

export async function runSiteState(
  context: CommandContext,
  code: string,
  options: SiteStateOptions,
): Promise<CommandResult> {
  const { config, world } = context
  const nowMs = world.clock.wallMs()
  const facts = factValuesOf(statedBy(options))
  const validFromMs = instantOrNull(options.validFrom, '--valid-from', config.timeZone) ?? nowMs
  const author = commandAuthor()
  const statements = siteFactStatements({ siteCode: code, facts, validFromMs, author, nowMs })
  return await withLedger(context, async (store) => {
    const parts = {
      store,
      lookup: new CatalogueLookup(loadCatalogue()),
      ledger: await store.ledgerState(),
    }
    const scope = { regions: 'all', sites: [code] } as const
    const ask = { scope, asOfMs: null, knownAtMs: null, nowMs }
    if ((await siteAnswers(parts, ask)).length === 0) {
      throw new AppError('not_found', `there is no site ${code}`)
    }
    const { stated } = await store.stateSiteFacts(statements)
    const [site] = await siteAnswers(parts, ask)
    const stdout = context.json
      ? jsonText({ site_code: code, stated, facts: site?.facts })
      : `${code}: ${stated} of ${statements.length} facts are new\n`
    return { exitCode: 0, stdout }
  })
}

function statedBy(options: SiteStateOptions) {
  const { pue, racks, racksUsed, tariff } = options
  if (pue === undefined && racks === undefined && racksUsed === undefined && tariff === undefined) {
    throw new AppError('usage_invalid', 'state at least one of --pue, --racks, --tariff')
  }
  const parsed = siteFactsIn.safeParse({
    ...(pue !== undefined && { pue: pue === NONE ? null : pue }),
    ...((racks !== undefined || racksUsed !== undefined) && { racks: racksOf(racks, racksUsed) }),
    ...(tariff !== undefined && { tariff: tariff === NONE ? null : readTariffFile(tariff) }),
  })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.') ?? ''
  throw new AppError('usage_invalid', `--${field}: ${issue?.message ?? 'cannot be read'}`)
}

function racksOf(racks: string | undefined, used: string | undefined) {
  if (racks === NONE && used === undefined) return null
  if (racks === undefined || used === undefined) {
    throw new AppError('usage_invalid', '--racks and --racks-used are stated together')
  }
  return { in_use: countOf(used, '--racks-used'), available: countOf(racks, '--racks') }
}
