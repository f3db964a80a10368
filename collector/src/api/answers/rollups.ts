/**
 * Rollups: sums over the buckets of sealed hours, by hour, civil day or civil month and by one
 * grouping. Card time stands per model, because an hour of one model is not an hour of another;
 * over models there is P·h. Hours that are not sealed yet are missing, and counted as such. Region
 * and operator of a bucket are those that its site's terms named for the hour when it was sealed.
 */
import { HOUR_MS } from '@yiben/shared'
import { z } from 'zod'
import type { DeviceProfile } from '../../model/inventory.ts'
import { BUCKET_FIGURES } from '../../rollup/bucket-figures.ts'
import { civilDate, civilDayStartMs } from '../../rollup/civil.ts'
import { BUCKET_DEFINITION_VERSION } from '../../rollup/definitions.ts'
import { finalityOf } from '../../rollup/seal.ts'
import { type ModelRate, type SpanSums, spanSumsOf, sumBuckets } from '../../rollup/sums.ts'
import { tariffPeriods, tariffsOf } from '../../rollup/tariff.ts'
import type { LedgerState, Scope } from '../../storage/requests.ts'
import type { Store } from '../../storage/store.ts'
import { csvCell } from '../exports/csv.ts'
import { instantOut, instantText, invalid } from '../schemas.ts'
import type { CatalogueLookup } from './lookup.ts'
import { pedigreeOf, pedigreeSchema } from './pedigree.ts'
import {
  groupKey,
  isOfProfile,
  ROLLUP_GROUPINGS,
  type RollupFilter,
  type RollupGrouping,
  SUM_KEYS,
  sumFilterOf,
} from './rollup-groups.ts'
import { FIGURE_NAMES, measuresOfRow, rowSchema } from './rollup-rows.ts'

/** `whole`: the range as one span, so that a figure of it is summed here and nowhere else. */
export const GRAINS = ['hour', 'day', 'month', 'whole'] as const
export type Grain = (typeof GRAINS)[number]

/** A year of hours by site is 17 million rows; asked for in pieces instead. */
const ROWS_MAX = 50_000
/** Rows times the profiles in them. */
const SUMS_MAX = 200_000
/** Hours of sites that are added up one by one: a day of 2,000 sites, a year of 50. */
const SITE_HOURS_MAX = 500_000
export const ROLLUP_MS_MAX = 400 * 24 * HOUR_MS

export const rollupsSchema = pedigreeSchema
  .extend({
    from: instantOut,
    to: instantOut,
    tz: z.string(),
    grain: z.enum(GRAINS),
    by: z.enum(ROLLUP_GROUPINGS),
    rows: z.array(rowSchema),
  })
  .meta({ id: 'Rollups' })
export type RollupsAnswer = z.infer<typeof rollupsSchema>

export interface RollupAsk {
  readonly scope: Scope
  readonly fromMs: number
  readonly toMs: number
  readonly knownAtMs: number
  readonly timeZone: string
  readonly grain: Grain
  readonly by: RollupGrouping
  readonly filter: RollupFilter
  /** `false`: of rows over models only; left out: with them. */
  readonly withModels?: boolean
}

export interface RollupParts {
  readonly store: Pick<
    Store,
    'readSums' | 'readSealed' | 'readBucketRegions' | 'readFactStatements'
  >
  readonly lookup: CatalogueLookup
  readonly ledger: Pick<LedgerState, 'isDemo'>
  readonly catalogueVersion: string
}

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

interface Cell extends Span {
  readonly key: string | null
  readonly sums: SpanSums[]
}

export async function rollupsAnswer(parts: RollupParts, ask: RollupAsk): Promise<RollupsAnswer> {
  const { lookup } = parts
  const { fromMs, toMs, knownAtMs } = ask
  const spans = spansOf(ask)
  const hours = spans.map(onFullHours)
  const [sums, sealed] = await Promise.all([
    ask.by === 'tariff' ? tariffSums(parts, ask, hours) : groupedSums(parts, ask, hours),
    parts.store.readSealed({ fromMs, toMs, knownAtMs }),
  ])
  const cells = cellsOf(
    sums.filter(({ sum }) => isOfProfile(sum, ask.filter, lookup)),
    spans,
  )
  if (cells.length > ROWS_MAX) throw tooMuch(`the answer would have more than ${ROWS_MAX} rows`)
  const modelRate = ratesOnce(lookup)
  const pedigree = pedigreeOf({
    isDemo: parts.ledger.isDemo,
    asOfMs: toMs,
    knownAtMs,
    finality: finalityOf({
      toMs,
      knownAtMs,
      lastSealedHourMs: sealed.lastHourMs,
      timeZone: ask.timeZone,
    }),
    definitionVersion: BUCKET_DEFINITION_VERSION,
    catalogueVersion: parts.catalogueVersion,
  })
  return {
    ...pedigree,
    from: instantText(fromMs),
    to: instantText(toMs),
    tz: ask.timeZone,
    grain: ask.grain,
    by: ask.by,
    rows: cells.map((cell) =>
      rowOf(cell, { sealedHours: sealed.hours, modelRate, withModels: ask.withModels ?? true }),
    ),
  }
}

/** Of a zone that is not on full hours an hour belongs to the span that it begins in. */
function onFullHours({ fromMs, toMs }: Span): Span {
  return { fromMs: nextFullHour(fromMs), toMs: nextFullHour(toMs) }
}

function nextFullHour(atMs: number): number {
  return Math.ceil(atMs / HOUR_MS) * HOUR_MS
}

interface Grouped {
  readonly key: string | null
  readonly sum: SpanSums
}

async function groupedSums(
  parts: RollupParts,
  ask: RollupAsk,
  spans: readonly Span[],
): Promise<readonly Grouped[]> {
  const { by } = ask
  if (by === 'tariff') return []
  const sums = await readSums(parts, ask, spans)
  return sums.map((sum) => ({ key: groupKey(sum, by, parts.lookup), sum }))
}

/** Hour by hour and site by site, because each site has a calendar of its own. */
async function tariffSums(
  parts: RollupParts,
  ask: RollupAsk,
  spans: readonly Span[],
): Promise<readonly Grouped[]> {
  const { store } = parts
  const calendarAt = tariffsOf(await store.readFactStatements(ask.scope, 'tariff', ask.knownAtMs))
  const hours = spansOf({ ...ask, grain: 'hour' })
  const sums = await readSums(parts, ask, hours)
  const periodAt = tariffPeriods()
  const spanOf = hours.map(({ fromMs }) => spans.findLastIndex((span) => span.fromMs <= fromMs))
  return sums.map((sum) => {
    const atMs = hours[sum.span]?.fromMs ?? ask.fromMs
    const calendar = calendarAt(sum.key, atMs)
    const key = calendar === null ? null : periodAt(calendar, atMs)
    return { key, sum: { ...sum, span: spanOf[sum.span] ?? 0 } }
  })
}

async function readSums(
  parts: RollupParts,
  ask: RollupAsk,
  spans: readonly Span[],
): Promise<readonly SpanSums[]> {
  const answer = await parts.store.readSums(ask.scope, {
    spans,
    knownAtMs: ask.knownAtMs,
    by: SUM_KEYS[ask.by],
    provinceKeys: ask.by === 'hub' ? parts.lookup.hubsByProvince() : null,
    filter: await sumFilterOf(parts, ask.filter),
    siteHoursMax: SITE_HOURS_MAX,
    sumsMax: SUMS_MAX,
  })
  if (answer.status === 'summed') return spanSumsOf(answer.sums)
  throw tooMuch(
    answer.limit === 'sums'
      ? `the answer would be more than ${SUMS_MAX} sums`
      : `it would add up more than ${SITE_HOURS_MAX} hours of sites one by one`,
  )
}

function tooMuch(sentence: string) {
  return invalid('grain', `${sentence}; ask for a larger grain, a shorter time or fewer sites`)
}

/** Hours, civil days or civil months that the range touches, cut to it; or all of it as one. */
export function spansOf(
  ask: Pick<RollupAsk, 'fromMs' | 'toMs' | 'grain' | 'timeZone'>,
): readonly { readonly fromMs: number; readonly toMs: number }[] {
  const spans: { fromMs: number; toMs: number }[] = []
  let fromMs = ask.fromMs
  // Bounded: each span is at least one hour long, but for the first and the last.
  while (fromMs < ask.toMs) {
    const endMs = Math.min(nextEdgeMs(fromMs, ask.grain, ask.timeZone), ask.toMs)
    spans.push({ fromMs, toMs: endMs })
    fromMs = endMs
  }
  return spans
}

function nextEdgeMs(atMs: number, grain: Grain, timeZone: string): number {
  if (grain === 'whole') return Number.POSITIVE_INFINITY
  if (grain === 'hour') return (Math.floor(atMs / HOUR_MS) + 1) * HOUR_MS
  const { year, month, day } = civilDate(atMs, timeZone)
  const next = grain === 'day' ? { year, month, day: day + 1 } : { year, month: month + 1, day: 1 }
  return civilDayStartMs(next, timeZone)
}

function cellsOf(sums: readonly Grouped[], spans: readonly Span[]): readonly Cell[] {
  const groups = spans.map(() => new Map<string | null, SpanSums[]>())
  for (const { key, sum } of sums) {
    const group = groups[sum.span]
    const known = group?.get(key)
    if (known === undefined) group?.set(key, [sum])
    else known.push(sum)
  }
  return spans.flatMap((span, index) =>
    [...(groups[index] ?? [])]
      .sort(([left], [right]) => compareKeys(left, right))
      .map(([key, group]) => ({ ...span, key, sums: group })),
  )
}

function compareKeys(left: string | null, right: string | null): number {
  if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1
  return left < right ? -1 : left > right ? 1 : 0
}

function rowOf(
  { fromMs, toMs, key, sums }: Cell,
  parts: {
    readonly sealedHours: readonly number[]
    readonly modelRate: CatalogueLookup['modelRate']
    readonly withModels: boolean
  },
): RollupsAnswer['rows'][number] {
  const { modelRate, sealedHours, withModels } = parts
  const hours = onFullHours({ fromMs, toMs })
  return {
    from: instantText(fromMs),
    to: instantText(toMs),
    key,
    hours_sealed: placeIn(sealedHours, hours.toMs) - placeIn(sealedHours, hours.fromMs),
    hours_total: (hours.toMs - hours.fromMs) / HOUR_MS,
    ...measuresOfRow(sumBuckets(sums, modelRate), withModels),
  }
}

/** Profiles of one answer are few objects, each of them in many sums. */
function ratesOnce(lookup: CatalogueLookup): CatalogueLookup['modelRate'] {
  const rates = new Map<DeviceProfile, ModelRate>()
  return (profile) => {
    const known = rates.get(profile)
    if (known !== undefined) return known
    const rate = lookup.modelRate(profile)
    rates.set(profile, rate)
    return rate
  }
}

/** How many of the ordered hours lie before the instant. */
function placeIn(hours: readonly number[], atMs: number): number {
  let [low, high] = [0, hours.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((hours[middle] ?? atMs) < atMs) low = middle + 1
    else high = middle
  }
  return low
}

/** The same rows as a table: one line per span, key and model. */
export function rollupsCsv(answer: RollupsAnswer): string {
  const figures = BUCKET_FIGURES.map((figure) => FIGURE_NAMES.get(figure) ?? figure)
  const head = ['from', 'to', 'key', 'model', ...figures, 'busy_rate', 'allocation_rate']
  const pedigree = ['coverage', 'finality', 'known_at', 'definition_version', 'catalogue_version']
  const comparison = ['utilization_zero', 'utilization_below_tenth', 'allocated_idle'] as const
  const energy = ['energy_kwh', 'p_hours_per_kwh', 'ranked']
  const lines = [[...head, ...pedigree, 'demo', ...comparison, ...energy].join(',')]
  for (const row of answer.rows) {
    for (const model of row.models) {
      const cells = [
        row.from,
        row.to,
        row.key ?? '',
        model.model,
        ...figures.map((figure) => model.figures[figure] ?? ''),
        ratioText(model.busy_rate.rate),
        ratioText(model.allocation_rate.rate),
        ratioText(model.coverage),
        answer.finality,
        answer.known_at,
        answer.definition_version,
        answer.catalogue_version,
        String(answer.demo),
        ...comparison.map((name) => ratioText(model.comparison[name].share)),
        model.energy_kwh ?? '',
        model.p_hours_per_kwh ?? '',
        String(model.ranked),
      ]
      lines.push(cells.map(csvCell).join(','))
    }
  }
  return `${lines.join('\n')}\n`
}

function ratioText(ratioValue: number | null): string {
  return ratioValue === null ? '' : String(ratioValue)
}
