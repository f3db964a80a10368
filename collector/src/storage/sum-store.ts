/**
 * What the storage port promises of sums over buckets. Whatever it keeps to answer quickly, an
 * answer is exactly what the buckets of the span add up to, as they were known at an instant.
 */
import type { DeviceProfile } from '../model/inventory.ts'
import type { Bucket } from '../model/ledger.ts'
import type { Scope } from './requests.ts'

/** The figures of a bucket that are added up. */
export type SummedFigure = {
  [Key in keyof Bucket]-?: Bucket[Key] extends bigint ? Key : never
}[keyof Bucket]

/**
 * What sums are told apart by, beside the span and the profile. `province`: two digits of GB/T 2260,
 * `region`: all six, both where the site lay at the hour. Empty where nothing was stated.
 */
export type SumKey = 'total' | 'province' | 'region' | 'operator' | 'owner' | 'site'

/** `null`: all. */
export interface SumFilter {
  readonly siteCode: string | null
  readonly ownerCode: string | null
  readonly operatorCode: string | null
  /** Prefixes of GB/T 2260 codes; the site lay under any of them. */
  readonly regions: readonly string[] | null
}

export interface SumsAsk {
  /** Full hours, in order, without overlap. */
  readonly spans: readonly { readonly fromMs: number; readonly toMs: number }[]
  readonly knownAtMs: number
  readonly by: SumKey
  /** Where sums are told apart by province: keys that provinces go under together; `null`: their own. */
  readonly provinceKeys: Readonly<Record<string, string>> | null
  readonly filter: SumFilter
  /** Where no sums are kept, hours × sites whose buckets may be added up. */
  readonly siteHoursMax: number
  /** Sums that may be answered. */
  readonly sumsMax: number
}

/** What a sum is of; each stands once, and is over at least one bucket. */
export interface SumHead {
  /** Place in the list of spans. */
  readonly span: number
  readonly key: string
  readonly profile: DeviceProfile
}

/** Sums in one block: many are on their way between threads at once. */
export interface SumTable {
  readonly heads: readonly SumHead[]
  readonly figures: readonly SummedFigure[]
  /** Of each head in turn its figures. */
  readonly amounts: BigInt64Array
}

export type SumsAnswer =
  | { readonly status: 'summed'; readonly sums: SumTable }
  /** One of the limits would be passed; nothing was added up. */
  | { readonly status: 'too_much'; readonly limit: 'site_hours' | 'sums' }

/** A civil day or month: a span of which sums are kept. */
export interface SumPeriod {
  readonly grain: 'day' | 'month'
  readonly fromMs: number
  readonly toMs: number
}

export interface SumStore {
  /** In no order. */
  readSums(scope: Scope, ask: SumsAsk): Promise<SumsAnswer>
  /** Hours of the span that had been sealed, in order, and the last hour of all, as known then. */
  readSealed(range: {
    readonly fromMs: number
    readonly toMs: number
    readonly knownAtMs: number
  }): Promise<{ readonly hours: readonly number[]; readonly lastHourMs: number | null }>
  /** Region codes under which any bucket stands, six digits each. */
  readBucketRegions(): Promise<readonly string[]>
  /** Sealed time, first and last hour, and of which days and months sums are kept. */
  readSumBacklog(): Promise<{
    readonly firstSealedHourMs: number | null
    readonly lastSealedHourMs: number | null
    readonly kept: readonly SumPeriod[]
  }>
  /**
   * Keeps the sums of a period from now on; what is corrected later moves them with its buckets.
   * `refused`: a kept period of the grain overlaps it, or a month has days that are not kept.
   */
  keepSums(period: SumPeriod): Promise<{ readonly status: 'kept' | 'refused' }>
}
