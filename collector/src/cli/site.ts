/** `site put | list | declare`: where accelerators stand, who runs them, what is said to be there. */
import { AppError, renderTable } from '@yiben/shared'
import { loadCatalogue } from '../catalogue/catalogue.ts'
import { declaredChange, siteChange, siteNamesOf } from '../inventory/administration.ts'
import type { KeptCards, Site } from '../model/site.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import {
  type CommandContext,
  type CommandResult,
  commandAuthor,
  countOf,
  instantOf,
  jsonText,
  withLedger,
  withStore,
  wordOf,
} from './command.ts'

export interface SitePutOptions {
  readonly name: string
  readonly region: string
  readonly operator?: string
  readonly operatorName?: string
  readonly owner?: string
  readonly ownerName?: string
  /** `MODEL=N`. */
  readonly keep?: readonly string[]
  readonly validFrom?: string
}

/** Terms given without a beginning hold from the first second on, so that no time is without. */
const FROM_THE_BEGINNING_MS = 0

export async function runSitePut(
  context: CommandContext,
  code: string,
  options: SitePutOptions,
): Promise<CommandResult> {
  const catalogue = loadCatalogue()
  const { config, world } = context
  return await withStore(context, async (store) => {
    const known = (await store.listSites(SCOPE_ALL)).find((site) => site.code === code)
    const isKnown = known !== undefined
    const nowMs = world.clock.wallMs()
    const request = {
      code,
      name: options.name,
      regionCode: options.region,
      operatorCode: options.operator ?? null,
      operatorName: options.operatorName ?? null,
      ownerCode: options.owner ?? null,
      ownerName: options.ownerName ?? null,
      keep: options.keep === undefined ? (known?.terms.keep ?? []) : keptOf(options.keep),
      validFromMs:
        options.validFrom === undefined
          ? isKnown
            ? nowMs
            : FROM_THE_BEGINNING_MS
          : instantOf(options.validFrom, '--valid-from', config.timeZone),
    }
    const names = siteNamesOf(catalogue)
    const site = await store.putSite(siteChange(request, names, commandAuthor(), nowMs))
    const stdout = context.json
      ? jsonText(factsOf(site))
      : `site ${site.code} is ${isKnown ? 'changed' : 'made'}: ${site.name}, region ${site.terms.regionCode}\n`
    return { exitCode: 0, stdout }
  })
}

/** `MODEL=0` keeps none: it is how a model is taken off the list. */
function keptOf(written: readonly string[]): readonly KeptCards[] {
  return written.flatMap((text) => {
    const [, model, cards] = /^(.+)=(\d{1,9})$/.exec(text) ?? []
    if (model === undefined || cards === undefined) {
      throw new AppError(
        'usage_invalid',
        `--keep must be MODEL=N, such as "H800 SXM=16", not ${text}`,
      )
    }
    return Number(cards) === 0 ? [] : [{ model, cards: Number(cards) }]
  })
}

export async function runSiteList(context: CommandContext): Promise<CommandResult> {
  const sites = await withLedger(context, (store) => store.listSites(SCOPE_ALL))
  if (context.json) return { exitCode: 0, stdout: jsonText(sites.map(factsOf)) }
  const columns = ['code', 'name', 'region', 'operator', 'operator name', 'owner', 'keeps']
  const rows = sites.map(({ code, name, terms }) => [
    code,
    name,
    terms.regionCode,
    terms.operatorCode ?? '',
    terms.operatorName ?? '',
    terms.ownerCode ?? terms.operatorCode ?? '',
    terms.keep.map(({ cards, model }) => `${model}=${cards}`).join(', '),
  ])
  return {
    exitCode: 0,
    stdout: renderTable(columns, rows),
  }
}

export interface SiteDeclareOptions {
  readonly model: string
  readonly cards: string
  readonly p: string
  readonly basis: string
}

const BASES = ['fp16_dense', 'fp16_sparse', 'unstated'] as const
const MILLI_DIGITS = 3

export async function runSiteDeclare(
  context: CommandContext,
  siteCode: string,
  options: SiteDeclareOptions,
): Promise<CommandResult> {
  const change = declaredChange({
    siteCode,
    model: options.model,
    cards: countOf(options.cards, '--cards'),
    declaredMilliP: milliP(options.p),
    basis: wordOf(options.basis, BASES, '--basis'),
    author: commandAuthor(),
    declaredAtMs: context.world.clock.wallMs(),
  })
  await withLedger(context, async (store) => {
    const sites = await store.listSites(SCOPE_ALL)
    if (!sites.some((site) => site.code === siteCode)) {
      throw new AppError('not_found', `there is no site ${siteCode}`)
    }
    await store.putDeclared(change.declared, change.outbox)
  })
  const { model, cards, basis } = change.declared
  const facts = { site_code: siteCode, model, cards, p: options.p, basis }
  const stdout = context.json
    ? jsonText(facts)
    : `${siteCode} declares ${cards} × ${model}, ${options.p} P (${basis})\n`
  return { exitCode: 0, stdout }
}

/** `12.5` → 12500 milli-PFLOPS. */
function milliP(text: string): bigint {
  const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,3}))?$/.exec(text) ?? []
  if (whole === undefined) {
    throw new AppError('usage_invalid', '--p must be PFLOPS with at most 3 decimals, such as 12.5')
  }
  return BigInt(`${whole}${fraction.padEnd(MILLI_DIGITS, '0')}`)
}

function factsOf({ code, name, terms }: Site) {
  return {
    code,
    name,
    region_code: terms.regionCode,
    operator_code: terms.operatorCode,
    operator_name: terms.operatorName,
    owner_code: terms.ownerCode,
    owner_name: terms.ownerName,
    keep: terms.keep,
    valid_from: new Date(terms.validFromMs).toISOString(),
  }
}
