/**
 * Rollups: sums over the buckets of sealed hours, by hour, civil day or civil month and by one
 * grouping. Card time stands per model, because an hour of one model is not an hour of another;
 * over models there is P·h. Hours that are not sealed yet are missing, and counted as such.
 */
import { HOUR_MS, type VENDORS } from '@yiben/shared'
import { z } from 'zod'
import { petaflopHoursText } from '../../catalogue/petaflops.ts'
import type { Bucket } from '../../model/ledger.ts'
import { BUCKET_FIGURES } from '../../rollup/bucket.ts'
import { civilDate, civilDayStartMs } from '../../rollup/civil.ts'
import { BUCKET_DEFINITION_VERSION } from '../../rollup/definitions.ts'
import { finalityOf } from '../../rollup/seal.ts'
import { type BucketSums, sumBuckets, TIME_FIGURES, type TimeFigure } from '../../rollup/sums.ts'
import type { LedgerState, Scope } from '../../storage/requests.ts'
import type { Store } from '../../storage/store.ts'
import { amountOut, instantOut, instantText, invalid, ratioOut } from '../schemas.ts'
import type { CatalogueLookup } from './lookup.ts'
import { pedigreeOf, pedigreeSchema } from './pedigree.ts'
import { rateOf, rateSchema, ratio } from './rates.ts'

export const GRAINS = ['hour', 'day', 'month'] as const
export type Grain = (typeof GRAINS)[number]
export const ROLLUP_GROUPINGS = [
  'total',
  'region',
  'hub',
  'operator',
  'owner',
  'site',
  'vendor',
  'model',
] as const
export type RollupGrouping = (typeof ROLLUP_GROUPINGS)[number]

/** A year of hours by site is 17 million rows; asked for in pieces instead. */
const ROWS_MAX = 50_000
export const ROLLUP_MS_MAX = 400 * 24 * HOUR_MS

const STATES_OF_TIME = [
  'busyMs',
  'allocatedMs',
  'occupiedMs',
  'freeMs',
  'faultyMs',
  'unknownMs',
  'lentMs',
] as const satisfies readonly TimeFigure[]

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const FIGURE_NAMES = new Map(BUCKET_FIGURES.map((figure) => [figure, snake(figure)]))
const timeNames = TIME_FIGURES.map((figure) => snake(figure).replace(/_ms$/, '_ph'))

const modelSchema = z.object({
  model: z.string(),
  figures: z.record(z.string(), amountOut),
  busy_rate: rateSchema,
  allocation_rate: rateSchema,
  coverage: ratioOut,
})

const rowSchema = z.object({
  from: instantOut,
  to: instantOut,
  key: z.string().nullable(),
  hours_sealed: z.number().int(),
  hours_total: z.number().int(),
  models: z.array(modelSchema),
  p_hours: z.record(z.string(), z.string()),
  busy_rate: rateSchema,
  allocation_rate: rateSchema,
  coverage: ratioOut,
  utilization_coverage: ratioOut,
})

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

export interface RollupFilter {
  readonly site: string | null
  readonly owner: string | null
  readonly vendor: (typeof VENDORS)[number] | null
  readonly model: string | null
}

export interface RollupAsk {
  readonly scope: Scope
  readonly fromMs: number
  readonly toMs: number
  readonly knownAtMs: number
  readonly timeZone: string
  readonly grain: Grain
  readonly by: RollupGrouping
  readonly filter: RollupFilter
}

export interface RollupParts {
  readonly store: Pick<Store, 'readBuckets' | 'sealedHours' | 'listSites' | 'rollupBacklog'>
  readonly lookup: CatalogueLookup
  readonly ledger: Pick<LedgerState, 'isDemo'>
  readonly catalogueVersion: string
}

interface Cell {
  readonly fromMs: number
  readonly toMs: number
  readonly key: string | null
  readonly buckets: Bucket[]
}

export async function rollupsAnswer(parts: RollupParts, ask: RollupAsk): Promise<RollupsAnswer> {
  const { store, lookup } = parts
  const { fromMs, toMs, knownAtMs } = ask
  const [buckets, seals, sites, backlog] = await Promise.all([
    store.readBuckets(ask.scope, { fromMs, toMs, knownAtMs }),
    store.sealedHours(fromMs, toMs),
    store.listSites(ask.scope),
    store.rollupBacklog(),
  ])
  const spans = spansOf(ask)
  const places = lookup.forSites(sites)
  const keyOf = (bucket: Bucket) => groupKey(bucket, ask.by, lookup, places.placeOf)
  const cells = cellsOf(
    buckets.filter((bucket) => isWanted(bucket, ask.filter, lookup)),
    spans,
    keyOf,
  )
  if (cells.length > ROWS_MAX) {
    throw invalid('grain', `the answer would have more than ${ROWS_MAX} rows; ask for less`)
  }
  const sealedHours = new Set(
    seals.filter((seal) => seal.sealedAtMs <= knownAtMs).map((seal) => seal.hourMs),
  )
  const pedigree = pedigreeOf({
    isDemo: parts.ledger.isDemo,
    asOfMs: toMs,
    knownAtMs,
    finality: finalityOf({
      toMs,
      knownAtMs,
      lastSealedHourMs: backlog.lastSealedHourMs,
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
    rows: cells.map((cell) => rowOf(cell, sealedHours, lookup)),
  }
}

/** Whole hours, civil days or civil months that the range touches, cut to the range. */
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
  if (grain === 'hour') return (Math.floor(atMs / HOUR_MS) + 1) * HOUR_MS
  const { year, month, day } = civilDate(atMs, timeZone)
  const next = grain === 'day' ? { year, month, day: day + 1 } : { year, month: month + 1, day: 1 }
  return civilDayStartMs(next, timeZone)
}

function cellsOf(
  buckets: readonly Bucket[],
  spans: readonly { readonly fromMs: number; readonly toMs: number }[],
  keyOf: (bucket: Bucket) => string | null,
): readonly Cell[] {
  const ordered = [...buckets].sort((left, right) => left.hourMs - right.hourMs)
  const cells: Cell[] = []
  let index = 0
  for (const span of spans) {
    const groups = new Map<string | null, Bucket[]>()
    for (; index < ordered.length; index += 1) {
      const bucket = ordered[index]
      if (bucket === undefined || bucket.hourMs >= span.toMs) break
      const key = keyOf(bucket)
      const group = groups.get(key) ?? []
      group.push(bucket)
      groups.set(key, group)
    }
    const keys = [...groups.entries()].sort(([left], [right]) => compareKeys(left, right))
    for (const [key, group] of keys) cells.push({ ...span, key, buckets: group })
  }
  return cells
}

function compareKeys(left: string | null, right: string | null): number {
  if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1
  return left < right ? -1 : left > right ? 1 : 0
}

function groupKey(
  bucket: Bucket,
  by: RollupGrouping,
  lookup: CatalogueLookup,
  placeOf: ReturnType<CatalogueLookup['forSites']>['placeOf'],
): string | null {
  const place = placeOf(bucket.siteCode)
  switch (by) {
    case 'total':
      return 'total'
    case 'site':
      return bucket.siteCode
    case 'owner':
      return bucket.ownerCode === '' ? null : bucket.ownerCode
    case 'vendor':
      return bucket.profile.vendor
    case 'model':
      return lookup.match(bucket.profile).model
    case 'operator':
      return place === null || place.operatorCode === '' ? null : place.operatorCode
    case 'region':
      return place === null ? null : `${place.regionCode.slice(0, 2)}0000`
    case 'hub':
      return place === null ? null : lookup.hubOf(place.regionCode)
  }
}

function isWanted(bucket: Bucket, filter: RollupFilter, lookup: CatalogueLookup): boolean {
  return (
    (filter.site === null || bucket.siteCode === filter.site) &&
    (filter.owner === null || bucket.ownerCode === filter.owner) &&
    (filter.vendor === null || bucket.profile.vendor === filter.vendor) &&
    (filter.model === null || lookup.match(bucket.profile).model === filter.model)
  )
}

function rowOf(
  cell: Cell,
  sealedHours: ReadonlySet<number>,
  lookup: CatalogueLookup,
): RollupsAnswer['rows'][number] {
  const sums = sumBuckets(cell.buckets, (profile) => lookup.modelRate(profile))
  const all = STATES_OF_TIME.reduce((sum, state) => sum + sums.weighted[state], 0n)
  const { unknownMs, activeMs, givenMs } = sums.weighted
  const hours = hoursOf(cell)
  const got = cell.buckets.reduce((sum, bucket) => sum + bucket.samplesGot, 0n)
  const expected = cell.buckets.reduce((sum, bucket) => sum + bucket.samplesExpected, 0n)
  return {
    from: instantText(cell.fromMs),
    to: instantText(cell.toMs),
    key: cell.key,
    hours_sealed: hours.filter((hourMs) => sealedHours.has(hourMs)).length,
    hours_total: hours.length,
    models: sums.byModel.map(modelRow),
    p_hours: pHoursOf(sums.weighted),
    busy_rate: rateOf(activeMs, all, unknownMs),
    allocation_rate: rateOf(givenMs, all, unknownMs),
    coverage: ratio(all - unknownMs, all),
    utilization_coverage: ratio(got, expected),
  }
}

function hoursOf({ fromMs, toMs }: Cell): readonly number[] {
  const first = Math.floor(fromMs / HOUR_MS)
  const last = Math.ceil(toMs / HOUR_MS)
  return Array.from({ length: last - first }, (_, index) => (first + index) * HOUR_MS)
}

function modelRow({ model, figures }: BucketSums['byModel'][number]) {
  const all = STATES_OF_TIME.reduce((sum, state) => sum + figures[state], 0n)
  const named = BUCKET_FIGURES.map((figure) => [FIGURE_NAMES.get(figure), `${figures[figure]}`])
  return {
    model,
    figures: Object.fromEntries(named) as Record<string, string>,
    busy_rate: rateOf(figures.activeMs, all, figures.unknownMs),
    allocation_rate: rateOf(figures.givenMs, all, figures.unknownMs),
    coverage: ratio(all - figures.unknownMs, all),
  }
}

function pHoursOf(weighted: BucketSums['weighted']): Record<string, string> {
  const texts = TIME_FIGURES.map((figure, index) => {
    return [timeNames[index], petaflopHoursText(weighted[figure])]
  })
  return Object.fromEntries(texts)
}

/** The same rows as a table: one line per span, key and model. */
export function rollupsCsv(answer: RollupsAnswer): string {
  const figures = BUCKET_FIGURES.map((figure) => FIGURE_NAMES.get(figure) ?? figure)
  const head = ['from', 'to', 'key', 'model', ...figures, 'busy_rate', 'allocation_rate']
  const pedigree = ['coverage', 'finality', 'known_at', 'definition_version', 'catalogue_version']
  const lines = [[...head, ...pedigree, 'demo'].join(',')]
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
      ]
      lines.push(cells.map(csvCell).join(','))
    }
  }
  return `${lines.join('\n')}\n`
}

function ratioText(ratioValue: number | null): string {
  return ratioValue === null ? '' : String(ratioValue)
}

/** RFC 4180; a cell a spreadsheet would take for a formula is made a text. */
export function csvCell(cell: string): string {
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
