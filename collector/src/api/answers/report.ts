/**
 * A monthly report: made of the same answers as ledger, rollups and statements, over a month that is
 * over, as known at one instant. Made again with the same `known_at` it says the same, unless the
 * catalogue or a definition has changed since (`report-check.ts`).
 */
import { assert, divisionCodeOf, divisionLevel } from '@yiben/shared'
import type { Site } from '../../model/site.ts'
import {
  ACCOUNT_DEFINITION_VERSION,
  BUCKET_DEFINITION_VERSION,
  LEDGER_DEFINITION_VERSION,
  STATE_DEFINITION_VERSION,
} from '../../rollup/definitions.ts'
import type { LedgerGrouping } from '../../rollup/ledger.ts'
import type { MonthSpan } from '../../rollup/report-month.ts'
import type { ReportedMonth } from '../../storage/report-store.ts'
import { SCOPE_ALL, type Scope } from '../../storage/requests.ts'
import type { Store } from '../../storage/store.ts'
import type { ApiContext } from '../context.ts'
import { instantText } from '../schemas.ts'
import { movesText } from './corrections.ts'
import { definitionsAnswer } from './definitions.ts'
import { cardsAt, ledgerAnswer } from './ledger.ts'
import {
  ledgerRowsOf,
  modelRowsOf,
  type NameOf,
  operatorNames,
  rankingOf,
  siteNames,
  timeRowsOf,
} from './report-figures.ts'
import type { ReportAnswer } from './report-schema.ts'
import { rememberingStore } from './report-view.ts'
import type { RollupGrouping } from './rollup-groups.ts'
import { rollupsAnswer } from './rollups.ts'
import { shareText } from './site-record.ts'
import { statementAnswer } from './statement.ts'
import { unratedModels } from './unrated-models.ts'

export type ReportParts = Pick<
  ApiContext,
  'store' | 'lookup' | 'ledger' | 'catalogue' | 'clock'
> & { readonly settings: Pick<ApiContext['settings'], 'timeZone' | 'settledLagMs'> }

export interface ReportAsk {
  /** Six digits; `null`: the whole country. */
  readonly regionCode: string | null
  readonly span: MonthSpan
  readonly knownAtMs: number
  readonly finality: 'preliminary' | 'final'
  /** Reports issued before this number are what adjustments rest on; `null`: all. */
  readonly beforeNumber: number | null
}

/** What every figure of one report is made of. */
interface Question extends ReportAsk {
  readonly parts: ReportParts
  /** As known then (`report-view.ts`). */
  readonly store: Store
  readonly sites: readonly Site[]
  readonly scope: Scope
  readonly placesAre: 'region' | 'site'
}

export async function reportAnswer(parts: ReportParts, ask: ReportAsk): Promise<ReportAnswer> {
  const { knownAtMs, regionCode, span } = ask
  const store = rememberingStore(parts.store)
  const asOfMs = span.toMs - 1
  const all = await store.readSitesAt(SCOPE_ALL, { atMs: asOfMs, knownAtMs })
  const prefix = regionCode === null ? '' : regionPrefix(regionCode)
  const sites = all.filter(({ terms }) => terms.regionCode.startsWith(prefix))
  const question: Question = {
    ...ask,
    parts,
    store,
    sites,
    scope:
      regionCode === null ? SCOPE_ALL : { regions: 'all', sites: sites.map(({ code }) => code) },
    placesAre: regionCode === null ? 'region' : 'site',
  }
  return {
    demo: parts.ledger.isDemo,
    region_code: regionCode,
    region_name: regionCode === null ? null : regionNames(parts)(regionCode),
    month: span.month,
    tz: span.timeZone,
    from: instantText(span.fromMs),
    to: instantText(span.toMs),
    as_of: instantText(asOfMs),
    known_at: instantText(knownAtMs),
    finality: ask.finality,
    definition_versions: {
      states: STATE_DEFINITION_VERSION,
      ledger: LEDGER_DEFINITION_VERSION,
      buckets: BUCKET_DEFINITION_VERSION,
      accounts: ACCOUNT_DEFINITION_VERSION,
    },
    catalogue_version: parts.catalogue.version,
    p_basis: 'fp16_dense',
    ledger: await ledgerOfMonth(question),
    time: await timeOfMonth(question),
    ranking: rankingOf(await monthBy(question, 'site'), siteNames(sites)),
    accounts: await accountsOfMonth(question),
    adjustments: await adjustmentsOf(question),
    unrated_models: await unratedOf(question),
    definitions: definitionsAnswer().items,
  }
}

/** `150000` is a province, `150100` a city: what its codes begin with. */
export function regionPrefix(regionCode: string): string {
  return regionCode.replace(/(00){1,2}$/, '')
}

/** What moved in the hours of one month since it was last reported, per site. */
export async function adjustmentRows(
  {
    store,
    scope,
    knownAtMs,
  }: { readonly store: Store; readonly scope: Scope; readonly knownAtMs: number },
  since: ReportedMonth,
): Promise<ReportAnswer['adjustments']> {
  const { fromMs, toMs, knownAtMs: knownAfterMs } = since
  const moved = await store.readAdjustments(scope, { fromMs, toMs, knownAfterMs, knownAtMs })
  return moved
    .filter(({ moves }) => Object.keys(moves).length > 0)
    .map(({ hours, moves, siteCode }) => ({
      month: since.month,
      since_report_id: since.reportId,
      since_known_at: instantText(knownAfterMs),
      site_code: siteCode,
      hours,
      moves: movesText(moves),
    }))
}

async function ledgerOfMonth(question: Question): Promise<ReportAnswer['ledger']> {
  const { parts, placesAre, scope, span, store, knownAtMs } = question
  const by = async (grouping: LedgerGrouping) => {
    const { lookup, ledger, catalogue, settings } = parts
    const { settledLagMs } = settings
    const { timeZone } = span
    const catalogueVersion = catalogue.version
    const given = { store, lookup, ledger, catalogueVersion, timeZone, settledLagMs }
    const asOfMs = span.toMs - 1
    const ask = { scope, asOfMs, knownAtMs, by: grouping, nowMs: knownAtMs }
    return ledgerRowsOf(await ledgerAnswer(given, ask), namesOf(question, grouping))
  }
  const [total] = await by('total')
  assert(total !== undefined, 'the ledger has one row over everything')
  return {
    total,
    places_are: placesAre,
    by_place: await by(placesAre),
    by_hub: await by('hub'),
    by_operator: await by('operator'),
    by_vendor: await by('vendor'),
    by_model: await by('model'),
  }
}

async function timeOfMonth(question: Question): Promise<ReportAnswer['time']> {
  const by = async (grouping: RollupGrouping) =>
    timeRowsOf(await monthBy(question, grouping), namesOf(question, grouping))
  const { placesAre } = question
  const { lookup } = question.parts
  const whole = await monthBy(question, 'total')
  const [total] = timeRowsOf(whole, () => null)
  return {
    total: total ?? NO_TIME,
    places_are: placesAre,
    by_place: await by(placesAre),
    by_hub: await by('hub'),
    by_operator: await by('operator'),
    by_vendor: await by('vendor'),
    by_model: modelRowsOf(whole, (model) => lookup.vendorOfModel(model)),
  }
}

const NO_RATE = { rate: null, lower: null, upper: null }
/** Of a region without a card. */
const NO_TIME: ReportAnswer['time']['total'] = {
  key: 'total',
  name: null,
  hours_sealed: 0,
  hours_total: 0,
  p_hours: {},
  busy_rate: NO_RATE,
  allocation_rate: NO_RATE,
  coverage: null,
  utilization_coverage: null,
  ranked: false,
  comparison: { utilization_zero: null, utilization_below_tenth: null, allocated_idle: null },
  energy_joules: null,
  energy_kwh: null,
  p_hours_per_kwh: null,
}

/** Hours lie in the region in which their site lay then, wherever it lies at the end of the month. */
function monthBy({ parts, regionCode, span, store, knownAtMs }: Question, by: RollupGrouping) {
  const { lookup, ledger, catalogue } = parts
  const { fromMs, toMs, timeZone } = span
  return rollupsAnswer(
    { store, lookup, ledger, catalogueVersion: catalogue.version },
    {
      scope: SCOPE_ALL,
      fromMs,
      toMs,
      knownAtMs,
      timeZone,
      grain: 'month',
      by,
      filter: { site: null, owner: null, vendor: null, model: null, region: regionCode },
    },
  )
}

async function accountsOfMonth(question: Question): Promise<ReportAnswer['accounts']> {
  const { parts, scope, span, store, knownAtMs } = question
  const { fromMs, toMs, timeZone } = span
  const nowMs = parts.clock.wallMs()
  const statement = await statementAnswer(
    { ...parts, store },
    {
      scope,
      filter: { ownerCode: null, borrower: null, bank: null },
      fromMs,
      toMs,
      knownAtMs,
      nowMs,
      timeZone,
    },
  )
  const { draws } = statement
  const over = draws.counted - draws.open
  const shareOf = (kept: number) => {
    return shareText(over === 0 ? null : Math.floor((kept * 1_000_000) / over))
  }
  return {
    p_hours: statement.p_hours,
    unrated_lines: statement.unrated_lines,
    coverage: statement.coverage,
    draws,
    bookings: statement.bookings,
    promises_kept: shareOf(draws.kept + draws.kept_by_swap),
    promises_kept_without_swap: shareOf(draws.kept),
  }
}

async function adjustmentsOf(question: Question): Promise<ReportAnswer['adjustments']> {
  const { regionCode, span, store, beforeNumber } = question
  const months = await store.readReportedMonths(SCOPE_ALL, {
    regionCode,
    timeZone: span.timeZone,
    endedByMs: span.fromMs,
    beforeNumber,
  })
  const rows: ReportAnswer['adjustments'] = []
  for (const month of months) rows.push(...(await adjustmentRows(question, month)))
  return rows
}

async function unratedOf({ parts, scope, span, store, knownAtMs }: Question) {
  const { settledLagMs } = parts.settings
  const instant = { asOfMs: span.toMs - 1, knownAtMs }
  const { counts } = await cardsAt({ store, settledLagMs }, scope, instant)
  return unratedModels(parts.lookup, counts)
}

function namesOf({ parts, sites }: Question, grouping: LedgerGrouping | RollupGrouping): NameOf {
  switch (grouping) {
    case 'site':
      return siteNames(sites)
    case 'operator':
      return operatorNames(sites)
    case 'region':
      return regionNames(parts)
    default:
      return () => null
  }
}

function regionNames({ catalogue }: ReportParts): NameOf {
  return (key) => {
    const code = key === null ? null : divisionCodeOf(key)
    // Of cities and counties the catalogue knows no names.
    if (code === null || divisionLevel(code) !== 'province') return null
    return catalogue.place(code)?.province.nameZh ?? null
  }
}
