/** What a conflict takes out of the time of the card that does not count. */
import type { DeviceProfile } from '../model/inventory.ts'
import { type Claim, overlapOf } from './children-claims.ts'
import { profileOf } from './rows.ts'
import { integer, integerOrNull, type Row, text } from './values.ts'

export interface TakenOut {
  readonly collector: number
  readonly unit: number
  readonly siteCode: string
  readonly profile: DeviceProfile
  readonly validFromMs: number
  readonly bookedToMs: number | null
  /** When it was found: before that nobody knew. */
  readonly knownFromMs: number
  readonly spans: readonly { readonly fromMs: number; readonly toMs: number | null }[]
}

/** A conflict's row, and the claim that counts instead; `null`: it does not count either. */
export function take(byCard: Map<string, TakenOut>, row: Row, kept: Claim | null): void {
  const own = claimOf(row, 'other')
  const overlap = kept === null ? null : overlapOf(kept, own)
  if (overlap === null) return
  const key = `${own.collector}/${own.unit}`
  const known = byCard.get(key)
  const openedAtMs = integer(row, 'opened_at_ms')
  byCard.set(key, {
    ...own,
    siteCode: text(row, 'site_code'),
    profile: profileOf(row),
    knownFromMs: Math.min(known?.knownFromMs ?? openedAtMs, openedAtMs),
    spans: [...(known?.spans ?? []), overlap],
  })
}

export function claimOf(row: Row, side: 'other'): Claim {
  return {
    collector: integer(row, `${side}_collector`),
    unit: integer(row, `${side}_unit`),
    ...spanOf(row),
  }
}

export function spanOf(row: Row): Pick<Claim, 'validFromMs' | 'bookedToMs'> {
  return {
    validFromMs: integer(row, 'valid_from_ms'),
    bookedToMs: integerOrNull(row, 'booked_to_ms'),
  }
}
