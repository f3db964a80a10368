/**
 * How a rollup is grouped and what it is limited to: what the store tells apart, and what the
 * catalogue makes of it. A hub is its provinces, a cluster the divisions that lie in it.
 */
import type { VENDORS } from '@yiben/shared'
import { LEDGER_GROUPINGS } from '../../rollup/ledger.ts'
import type { Store } from '../../storage/store.ts'
import type { SumFilter, SumHead, SumKey } from '../../storage/sum-store.ts'
import type { CatalogueLookup } from './lookup.ts'

/** Those of the ledger, and by the hour's tariff. */
export const ROLLUP_GROUPINGS = [...LEDGER_GROUPINGS, 'tariff'] as const
export type RollupGrouping = (typeof ROLLUP_GROUPINGS)[number]

/** What is left out or `null` does not limit. */
export interface RollupFilter {
  readonly site: string | null
  readonly owner: string | null
  readonly vendor: (typeof VENDORS)[number] | null
  readonly model: string | null
  /** A GB/T 2260 code or the beginning of one: two, four or six digits. */
  readonly region?: string | null
  readonly hub?: string | null
  readonly cluster?: string | null
  readonly operator?: string | null
}

/** What the store has to tell apart for a grouping; a tariff is one of a site. */
export const SUM_KEYS: Readonly<Record<RollupGrouping, SumKey>> = {
  total: 'total',
  region: 'province',
  hub: 'province',
  cluster: 'region',
  operator: 'operator',
  owner: 'owner',
  site: 'site',
  vendor: 'total',
  model: 'total',
  tariff: 'site',
}

/** Key of a row; `null` where the catalogue or the site's terms name none. */
export function groupKey(
  sums: SumHead,
  by: Exclude<RollupGrouping, 'tariff'>,
  lookup: CatalogueLookup,
): string | null {
  switch (by) {
    case 'vendor':
      return sums.profile.vendor
    case 'model':
      return lookup.match(sums.profile).model
    case 'region':
      return sums.key === '' ? null : `${sums.key}0000`
    case 'cluster':
      return lookup.clusterOf(sums.key)
    default:
      return sums.key === '' ? null : sums.key
  }
}

/** Vendor and model are the catalogue's to tell, not the store's. */
export function isOfProfile(
  { profile }: SumHead,
  { vendor, model }: RollupFilter,
  lookup: CatalogueLookup,
): boolean {
  return (
    (vendor === null || profile.vendor === vendor) &&
    (model === null || lookup.match(profile).model === model)
  )
}

export async function sumFilterOf(
  {
    store,
    lookup,
  }: { readonly store: Pick<Store, 'readBucketRegions'>; readonly lookup: CatalogueLookup },
  filter: RollupFilter,
): Promise<SumFilter> {
  const { region = null, hub = null, cluster = null, operator = null } = filter
  const limits: (readonly string[])[] = []
  if (region !== null) limits.push([prefixOf(region)])
  if (hub !== null) limits.push(lookup.provincesOfHub(hub))
  if (cluster !== null) {
    const regions = await store.readBucketRegions()
    limits.push(regions.filter((code) => lookup.clusterOf(code) === cluster))
  }
  return {
    siteCode: filter.site,
    ownerCode: filter.owner,
    operatorCode: operator,
    regions: limits.length === 0 ? null : limits.reduce(commonPrefixes),
  }
}

/** `00` names no level: `150000` is all of its province. */
function prefixOf(region: string): string {
  return region.replace(/(00)+$/, '')
}

/** Of two lists of prefixes the longer ones that agree: what lies under both. */
function commonPrefixes(left: readonly string[], right: readonly string[]): readonly string[] {
  return left.flatMap((one) =>
    right.flatMap((other) => {
      if (one.startsWith(other)) return [one]
      return other.startsWith(one) ? [other] : []
    }),
  )
}
