/**
 * A second, simple bookkeeper of buckets: keeps every version of every hour in a list and adds up
 * what is asked, one bucket after the other. What the store keeps has to agree with it.
 */
import type { DeviceProfile } from '../../collector/src/model/inventory.ts'
import type { Bucket } from '../../collector/src/model/ledger.ts'
import { BUCKET_FIGURES, type BucketFigure } from '../../collector/src/rollup/bucket-figures.ts'
import { type SpanSums, spanSumsOf } from '../../collector/src/rollup/sums.ts'
import { SCOPE_ALL, type Scope } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import type { SumFilter, SumKey } from '../../collector/src/storage/sum-store.ts'
import { terms } from './fleet.ts'

export const HOUR = 3_600_000
export const ALL: SumFilter = { siteCode: null, ownerCode: null, operatorCode: null, regions: null }
/** More than any test adds up. */
export const NO_LIMITS = { siteHoursMax: 1e9, sumsMax: 1e9 }

export function profileNamed(name: string): DeviceProfile {
  return { vendor: 'nvidia', name, memoryTotalMib: 81_559, powerCapWatts: 700 }
}

/** One bucket's share of a figure that is made of a seed: any number will do. */
export interface BookedBucket {
  readonly siteCode: string
  readonly ownerCode: string
  readonly profileName: string
  readonly seed: number
  /** In place of what the seed makes. */
  readonly figures?: Readonly<Partial<Record<BucketFigure, bigint>>>
}

interface Place {
  readonly fromMs: number
  readonly regionCode: string
  readonly operatorCode: string
}

interface Version {
  readonly hourMs: number
  readonly version: number
  readonly knownAtMs: number
  readonly buckets: readonly (Bucket & Omit<Place, 'fromMs'>)[]
}

export interface Question {
  readonly spans: readonly { readonly fromMs: number; readonly toMs: number }[]
  readonly knownAtMs: number
  readonly by: SumKey
  readonly provinceKeys?: Readonly<Record<string, string>>
  readonly filter: SumFilter
  readonly scope: Scope
}

export class BucketBook {
  readonly #store: Store
  readonly #places = new Map<string, readonly Place[]>()
  readonly #versions: Version[] = []

  constructor(store: Store) {
    this.#store = store
  }

  get knownInstants(): readonly number[] {
    return this.#versions.map(({ knownAtMs }) => knownAtMs)
  }

  /** From then on; what was said of later times before is replaced. */
  async putSite(code: string, place: Place): Promise<void> {
    const { fromMs, operatorCode, regionCode } = place
    await this.#store.putSite({
      code,
      name: code,
      terms: terms({ operatorCode, regionCode, validFromMs: fromMs }),
      outbox: [],
    })
    const kept = (this.#places.get(code) ?? []).filter((one) => one.fromMs < fromMs)
    this.#places.set(code, [...kept, place])
  }

  /** The next version of an hour, known then or when the one before was, whichever is later. */
  async write(hourMs: number, nowMs: number, booked: readonly BookedBucket[]): Promise<void> {
    const before = this.#versions.filter((one) => one.hourMs === hourMs)
    const version = before.length + 1
    const knownAtMs = Math.max(nowMs, before.at(-1)?.knownAtMs ?? 0)
    const buckets = [...new Map(booked.map((one) => [keyOf(one), one])).values()].map((one) =>
      bucketOf(one, { hourMs, version, knownAtMs }),
    )
    const { mark } = await this.#store.readHour(hourMs)
    const write = { hourMs, expectedMark: mark, version, knownAtMs, buckets, outbox: [] }
    const { status } = await this.#store.writeBuckets(write)
    if (status !== 'written') throw new Error(`the hour is ${status}`)
    const placed = buckets.map((bucket) => ({ ...bucket, ...this.#placeAt(bucket, hourMs) }))
    this.#versions.push({ hourMs, version, knownAtMs, buckets: placed })
  }

  isSealed(hourMs: number): boolean {
    return this.#versions.some((one) => one.hourMs === hourMs)
  }

  /** Sums over the buckets of each span in the versions known then, one bucket after the other. */
  sums({ spans, knownAtMs, by, filter, provinceKeys, scope }: Question): readonly SpanSums[] {
    const sums = new Map<string, SpanSums>()
    for (const bucket of this.#known(knownAtMs)) {
      const span = spans.findIndex(
        ({ fromMs, toMs }) => bucket.hourMs >= fromMs && bucket.hourMs < toMs,
      )
      if (span < 0 || !isWanted(bucket, filter) || !this.#isInScope(bucket.siteCode, scope))
        continue
      const own = groupOf(bucket, by)
      const isJoined = by === 'province' && provinceKeys !== undefined
      const key = isJoined ? (provinceKeys[own] ?? '') : own
      const at = JSON.stringify([span, key, bucket.profile.name])
      const before = sums.get(at)
      const figures = BUCKET_FIGURES.map((figure) => {
        return [figure, bucket[figure] + (before?.[figure] ?? 0n)]
      })
      const { profile } = bucket
      sums.set(at, {
        span,
        key,
        profile,
        ...(Object.fromEntries(figures) as Record<BucketFigure, bigint>),
      })
    }
    return inOrder([...sums.values()])
  }

  async stored(question: Question): Promise<readonly SpanSums[]> {
    const { provinceKeys = null, scope, ...ask } = question
    const answer = await this.#store.readSums(scope, { ...ask, ...NO_LIMITS, provinceKeys })
    if (answer.status !== 'summed') throw new Error(`${answer.limit} is passed`)
    return inOrder(spanSumsOf(answer.sums))
  }

  #known(knownAtMs: number): readonly Version['buckets'][number][] {
    const newest = new Map<number, Version>()
    for (const one of this.#versions) {
      const { version } = newest.get(one.hourMs) ?? { version: 0 }
      if (one.knownAtMs <= knownAtMs && one.version > version) newest.set(one.hourMs, one)
    }
    return [...newest.values()].flatMap(({ buckets }) => buckets)
  }

  #placeAt({ siteCode }: Bucket, hourMs: number): Omit<Place, 'fromMs'> {
    const places = this.#places.get(siteCode) ?? []
    const place = places.findLast(({ fromMs }) => fromMs <= hourMs) ?? places[0]
    if (place === undefined) throw new Error('the site has terms')
    return { regionCode: place.regionCode, operatorCode: place.operatorCode }
  }

  /** A site lies where its newest terms put it. */
  #isInScope(siteCode: string, { regions, sites }: Scope): boolean {
    const regionCode = this.#places.get(siteCode)?.at(-1)?.regionCode ?? ''
    return (
      (sites === 'all' || sites.includes(siteCode)) &&
      (regions === 'all' || regions.some((prefix) => regionCode.startsWith(prefix)))
    )
  }
}

export const SCOPES: readonly Scope[] = [
  SCOPE_ALL,
  { regions: ['15'], sites: 'all' },
  { regions: 'all', sites: ['S-2'] },
]

function keyOf({ siteCode, ownerCode, profileName }: BookedBucket): string {
  return JSON.stringify([siteCode, ownerCode, profileName])
}

function bucketOf(
  { figures: told, ownerCode, profileName, seed, siteCode }: BookedBucket,
  write: Pick<Bucket, 'hourMs' | 'version' | 'knownAtMs'>,
): Bucket {
  const figures = BUCKET_FIGURES.map((figure, index) => [
    figure,
    // Some zero, some that pass 2^53 when they are added up.
    BigInt((seed * (index + 3)) % 7) * 2n ** BigInt(Math.min(index * 4, 48)),
  ])
  return {
    ...write,
    siteCode,
    ownerCode,
    profile: profileNamed(profileName),
    cards: (seed % 9) + 1,
    ...(Object.fromEntries(figures) as Record<BucketFigure, bigint>),
    ...told,
  }
}

function isWanted(
  bucket: Version['buckets'][number],
  { siteCode, ownerCode, operatorCode, regions }: SumFilter,
): boolean {
  return (
    (siteCode === null || bucket.siteCode === siteCode) &&
    (ownerCode === null || bucket.ownerCode === ownerCode) &&
    (operatorCode === null || bucket.operatorCode === operatorCode) &&
    (regions === null || regions.some((prefix) => bucket.regionCode.startsWith(prefix)))
  )
}

function groupOf(bucket: Version['buckets'][number], by: SumKey): string {
  switch (by) {
    case 'total':
      return 'total'
    case 'province':
      return bucket.regionCode.slice(0, 2)
    case 'region':
      return bucket.regionCode
    case 'operator':
      return bucket.operatorCode
    case 'owner':
      return bucket.ownerCode
    case 'site':
      return bucket.siteCode
  }
}

function inOrder(sums: readonly SpanSums[]): readonly SpanSums[] {
  const placeOf = ({ span, key, profile }: SpanSums) => JSON.stringify([span, key, profile.name])
  return [...sums].sort((left, right) => (placeOf(left) < placeOf(right) ? -1 : 1))
}
