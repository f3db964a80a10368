/** Adds rows of kept sums and of buckets up to the sums that were asked for. */
import { assert } from '@yiben/shared'
import type { DeviceProfile } from '../model/inventory.ts'
import { SUM_FIELDS } from './hour-columns.ts'
import { profileOf } from './rows.ts'
import { GRAINS, type Grain, PROVINCE } from './sum-columns.ts'
import type { Run } from './sum-cover.ts'
import type { SumHead, SumKey, SumPeriod, SumsAsk, SumTable } from './sum-store.ts'
import { bigint, integer, type Row, smallOfBigint, text } from './values.ts'

export const PROVINCE_SHAPE = /^\d{2}$/

export const KEYS: Readonly<Record<SumKey, string>> = {
  total: "'total'",
  province: PROVINCE,
  region: 'region_code',
  operator: 'operator_code',
  owner: 'owner_code',
  site: 'site_code',
}

export function keptGrain({ source }: Run): Grain {
  assert(source !== 'unkept', 'hours without sums are read as buckets')
  return source
}

interface Running {
  readonly head: SumHead
  /** In the order of `SUM_FIELDS`. */
  readonly amounts: bigint[]
}

/** Adds rows of one span, key and profile to one sum: a span may be covered by several runs. */
export class Collector {
  readonly #profiles: ReadonlyMap<number, DeviceProfile>
  readonly #spanAt: ReadonlyMap<number, number>
  readonly #ask: SumsAsk
  /** By span, then by key, then by number of the profile. */
  readonly #places = new Map<number, Map<string, Map<number, Running>>>()
  readonly #sums: Running[] = []

  /** `profiles`: every row of them. */
  constructor(profiles: readonly Row[], spanAt: ReadonlyMap<number, number>, ask: SumsAsk) {
    this.#profiles = new Map(profiles.map((row) => [integer(row, 'profile_id'), profileOf(row)]))
    this.#spanAt = spanAt
    this.#ask = ask
  }

  get isFull(): boolean {
    return this.#sums.length > this.#ask.sumsMax
  }

  /** `key`: of all rows, where they name none. */
  add(run: Run, rows: readonly Row[], key: string | null = null): void {
    for (const row of rows) {
      const profileId = smallOfBigint(row, 'profile_id')
      const span = run.span ?? this.#spanAt.get(smallOfBigint(row, 'period_ms'))
      assert(span !== undefined, 'a period that is read alone is a span')
      const named = this.#keyOf(key ?? text(row, 'sum_key'))
      const place = this.#placeOf(span, named)
      const sums = place.get(profileId)
      if (sums === undefined) {
        const profile = this.#profiles.get(profileId)
        assert(profile !== undefined, 'a bucket has a profile')
        const first = { head: { span, key: named, profile }, amounts: amountsOf(row) }
        place.set(profileId, first)
        this.#sums.push(first)
      } else addTo(sums.amounts, amountsOf(row))
    }
  }

  table(): SumTable {
    const figures = SUM_FIELDS.map(([field]) => field)
    const amounts = new BigInt64Array(this.#sums.length * figures.length)
    this.#sums.forEach((sums, index) => {
      amounts.set(sums.amounts, index * figures.length)
    })
    return { heads: this.#sums.map(({ head }) => head), figures, amounts }
  }

  #keyOf(key: string): string {
    const { by, provinceKeys } = this.#ask
    return by === 'province' && provinceKeys !== null ? (provinceKeys[key] ?? '') : key
  }

  #placeOf(span: number, key: string): Map<number, Running> {
    const keys = this.#places.get(span) ?? new Map<string, Map<number, Running>>()
    if (keys.size === 0) this.#places.set(span, keys)
    const profiles = keys.get(key) ?? new Map<number, Running>()
    if (profiles.size === 0) keys.set(key, profiles)
    return profiles
  }
}

function amountsOf(row: Row): bigint[] {
  return SUM_FIELDS.map(([, column]) => bigint(row, column))
}

function addTo(sums: bigint[], added: readonly bigint[]): void {
  for (const [index, amount] of added.entries()) {
    const sum = (sums[index] ?? 0n) + amount
    assert(BigInt.asIntN(64, sum) === sum, 'sums stay within 64 bits')
    sums[index] = sum
  }
}

export function periodOf(row: Row): SumPeriod {
  return {
    grain: integer(row, 'grain') === GRAINS.day ? 'day' : 'month',
    fromMs: integer(row, 'from_ms'),
    toMs: integer(row, 'to_ms'),
  }
}
