/**
 * What can be drawn now, as lots: the deposited, proven free cards of one model on one node, behind
 * an opaque id. Pure. Best first: the lot whose youngest card has been free longest, because a
 * window that has lasted goes on; then the larger lot.
 */
import { assert } from '@yiben/shared'
import { z } from 'zod'
import type { NodeId } from '../../model/ids.ts'
import type { DeviceProfile } from '../../model/inventory.ts'
import type { FreeUnit } from '../../storage/requests.ts'
import { decimalOut, instantOut, instantText } from '../schemas.ts'
import { petaText } from './ledger.ts'
import type { CatalogueLookup } from './lookup.ts'

/** A proof older than this is silence (DESIGN 2.3): the card is not offered. */
const PROOF_MS_MAX = 90_000

export interface CapacityFilter {
  readonly model: string | null
  readonly vendor: string | null
  readonly domestic: boolean | null
  /** Cards wanted in all; says whether the answer reaches them. */
  readonly cards: number | null
  /** Lots with fewer cards are left out. */
  readonly perNode: number | null
  /** GB/T 2260; a province or city takes in what lies in it. */
  readonly region: string | null
  readonly hub: string | null
}

export const lotSchema = z
  .object({
    lot_id: z.string(),
    cards: z.number().int(),
    model: z.string().nullable(),
    vendor: z.string(),
    domestic: z.boolean().nullable(),
    memory_total_mib: z.number().nullable(),
    p: decimalOut.nullable(),
    region_code: z.string(),
    hub: z.string().nullable(),
    free_since: instantOut.meta({ description: 'of the card that has been free shortest' }),
    proven_to: instantOut.meta({ description: 'of the card proven longest ago' }),
    node_id: z.string().optional(),
    site_code: z.string().optional(),
  })
  .meta({ id: 'Lot' })
export type LotAnswer = z.infer<typeof lotSchema>

export interface CapacityParts {
  readonly lookup: CatalogueLookup
  readonly lots: { idOf(nodeId: NodeId, profile: DeviceProfile): string }
  readonly isSuspended: (nodeId: NodeId) => boolean
  readonly nowMs: number
  /** Whether nodes and sites are named. */
  readonly isOpaque: boolean
}

export interface CapacityAnswer {
  readonly lots: readonly LotAnswer[]
  readonly cards: number
  readonly nanoTflops: bigint
}

export function capacityOf(
  units: readonly FreeUnit[],
  filter: CapacityFilter,
  parts: CapacityParts,
): CapacityAnswer {
  const byLot = new Map<string, FreeUnit[]>()
  for (const free of units) {
    if (!isDrawable(free, parts) || !isWanted(free, filter, parts.lookup)) continue
    const id = parts.lots.idOf(free.unit.nodeId, free.unit.profile)
    const lot = byLot.get(id) ?? []
    lot.push(free)
    byLot.set(id, lot)
  }
  const lots = [...byLot.entries()]
    .filter(([, lot]) => lot.length >= (filter.perNode ?? 1))
    .sort(([leftId, left], [rightId, right]) => {
      const byAge = youngestMs(left) - youngestMs(right)
      return byAge || right.length - left.length || (leftId < rightId ? -1 : 1)
    })
  return {
    lots: lots.map(([id, lot]) => lotOf(id, lot, parts)),
    cards: lots.reduce((sum, [, lot]) => sum + lot.length, 0),
    nanoTflops: lots.reduce((sum, [, lot]) => sum + (rateOf(lot, parts.lookup) ?? 0n), 0n),
  }
}

function isDrawable({ unit, provenToMs }: FreeUnit, parts: CapacityParts): boolean {
  if (unit.isInConflict || !unit.isCounted || unit.kind !== 'card') return false
  return parts.nowMs - provenToMs < PROOF_MS_MAX && !parts.isSuspended(unit.nodeId)
}

function isWanted(free: FreeUnit, filter: CapacityFilter, lookup: CatalogueLookup): boolean {
  const match = lookup.match(free.unit.profile)
  const { model, vendor, domestic, region, hub } = filter
  return (
    (model === null || match.model === model) &&
    (vendor === null || free.unit.profile.vendor === vendor) &&
    (domestic === null || match.domestic === domestic) &&
    (region === null || free.regionCode.startsWith(region.replace(/(00){1,2}$/, ''))) &&
    (hub === null || lookup.hubOf(free.regionCode) === hub)
  )
}

function youngestMs(lot: readonly FreeUnit[]): number {
  return Math.max(...lot.map((free) => free.ageStartMs))
}

/** `null` where the model is unrated. */
function rateOf(lot: readonly FreeUnit[], lookup: CatalogueLookup): bigint | null {
  let sum = 0n
  for (const { unit } of lot) {
    const rate = lookup.rate(unit.profile, unit.sharePpm)
    if (rate === null) return null
    sum += rate
  }
  return sum
}

function lotOf(id: string, lot: readonly FreeUnit[], parts: CapacityParts): LotAnswer {
  const [first] = lot
  assert(first !== undefined, 'a lot has at least one card')
  const { unit, regionCode } = first
  const match = parts.lookup.match(unit.profile)
  const rate = rateOf(lot, parts.lookup)
  return {
    lot_id: id,
    cards: lot.length,
    model: match.model,
    vendor: unit.profile.vendor,
    domestic: match.domestic,
    memory_total_mib: unit.profile.memoryTotalMib,
    p: rate === null ? null : petaText(rate),
    region_code: regionCode,
    hub: parts.lookup.hubOf(regionCode),
    free_since: instantText(youngestMs(lot)),
    proven_to: instantText(Math.min(...lot.map((free) => free.provenToMs))),
    ...(parts.isOpaque ? {} : { node_id: unit.nodeId, site_code: unit.siteCode }),
  }
}
