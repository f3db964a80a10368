/**
 * Deposits as the asker may see them. The bank and everybody else get the lot, the model and the
 * place; nodes and accelerators are named only to those for whom they are not opaque.
 */
import { resourceCode } from '@yiben/shared'
import { z } from 'zod'
import type { UnitId } from '../../model/ids.ts'
import type { UnitRow } from '../../model/inventory.ts'
import { DEPOSIT_CLOSE_REASONS, type Deposit } from '../../model/ledger.ts'
import { isOpaqueFor } from '../access.ts'
import type { Asker } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { decimalOut, instantOrNull, instantOut, instantText } from '../schemas.ts'
import { petaText } from './ledger.ts'
import { type LotAnswer, lotAnswerOf } from './lots.ts'

export const depositSchema = z
  .object({
    deposit_id: z.string(),
    lot_id: z.string(),
    model: z.string().nullable(),
    vendor: z.string(),
    p: decimalOut.nullable(),
    site_code: z.string(),
    free_since: instantOut,
    opened_at: instantOut,
    closed_at: instantOut.nullable(),
    close_reason: z.enum(DEPOSIT_CLOSE_REASONS).nullable(),
    suspended: z.boolean().meta({ description: 'visible, not drawable: the node is not heard' }),
    node_id: z.string().optional(),
    accelerator_id: z.string().optional(),
    unit_id: z.number().int().optional(),
  })
  .meta({ id: 'Deposit' })
export type DepositAnswer = z.infer<typeof depositSchema>

type DepositParts = Pick<ApiContext, 'store' | 'lookup' | 'lots' | 'isSuspended'>

/** Units by number, only those the asker may see. */
export async function unitsOfDeposits(
  { store }: Pick<ApiContext, 'store'>,
  asker: Asker,
  unitIds: readonly UnitId[],
): Promise<ReadonlyMap<UnitId, UnitRow>> {
  if (unitIds.length === 0) return new Map()
  const units = await store.readUnits(asker.scope, [...new Set(unitIds)])
  return new Map(units.map((unit) => [unit.unitId, unit]))
}

/** The lots that open deposits of these lie in, each with all that is open in it now. */
export async function lotsOfDeposits(
  context: Pick<ApiContext, 'clock' | 'isSuspended' | 'lookup' | 'lots' | 'siteRecords' | 'store'>,
  asker: Asker,
  deposits: readonly Deposit[],
): Promise<readonly LotAnswer[]> {
  const { lookup, lots, store } = context
  const open = deposits.filter(({ closedAtMs }) => closedAtMs === null)
  if (open.length === 0) return []
  const [offers, sites] = await Promise.all([
    store.readOffers(asker.scope, [...new Set(open.map(({ nodeId }) => nodeId))]),
    store.listSites(asker.scope),
  ])
  const regions = new Map(sites.map(({ code, terms }) => [code, terms.regionCode]))
  const unitIds = new Set(open.map(({ unitId }) => unitId))
  return offers
    .flatMap((offer) => lots.of(offer))
    .filter(({ cards }) => cards.some(({ unitId }) => unitIds.has(unitId)))
    .map((lot) => {
      const regionCode = regions.get(lot.siteCode) ?? ''
      const place = { code: lot.siteCode, regionCode, hub: lookup.hubOf(regionCode) }
      return lotAnswerOf(context, asker, lot, place)
    })
}

/** What the journal and the change feed tell of a deposit as well. */
export type ToldDeposit = Omit<Deposit, 'consentEndCount'>

export function depositOf(
  { lookup, lots, isSuspended }: DepositParts,
  asker: Asker,
  deposit: ToldDeposit,
  unit: UnitRow,
): DepositAnswer {
  const match = lookup.match(unit.profile)
  const rate = lookup.rate(unit.profile, unit.sharePpm)
  const names = {
    node_id: deposit.nodeId,
    accelerator_id: resourceCode('accelerator', unit.acceleratorId),
    unit_id: deposit.unitId,
  }
  return {
    deposit_id: deposit.depositId,
    lot_id: lots.idOf(deposit.nodeId, lots.kindOf(unit.profile)),
    model: match.model,
    vendor: unit.profile.vendor,
    p: rate === null ? null : petaText(rate),
    site_code: unit.siteCode,
    free_since: instantText(deposit.windowStartMs),
    opened_at: instantText(deposit.openedAtMs),
    closed_at: instantOrNull(deposit.closedAtMs),
    close_reason: deposit.closeReason,
    suspended: deposit.closedAtMs === null && isSuspended(deposit.nodeId),
    ...(isOpaqueFor(asker.role) ? {} : names),
  }
}
