/** A site's record as the asker sees it: how the leases of its cards ended, in numbers that are text. */
import { z } from 'zod'
import type { SiteRecord } from '../../storage/account-requests.ts'

const PPM_DIGITS = 6

/** A share as text, so that what is signed needs no floating point. */
export const shareOut = z
  .string()
  .regex(/^[01]\.\d{6}$/)
  .nullable()
  .meta({ description: 'share as decimal text; null where it would be one of nothing' })

export const siteRecordSchema = z
  .object({
    cards_ended: z.number().int().meta({ description: 'of leases that ended, in 90 days' }),
    kept_share: shareOut.meta({ description: 'ended as promised or by the borrower' }),
    owner_claims_30_days: z.number().int().meta({
      description: 'leases that the owner’s scheduler ended',
    }),
    owner_claims_90_days: z.number().int(),
  })
  .meta({ id: 'SiteRecord' })
type SiteRecordAnswer = z.infer<typeof siteRecordSchema>

export function siteRecordOf(record: SiteRecord): SiteRecordAnswer {
  const { cardsEnded, cardsKept } = record
  const keptPpm = cardsEnded === 0 ? null : Math.floor((cardsKept * 1_000_000) / cardsEnded)
  return {
    cards_ended: cardsEnded,
    kept_share: shareText(keptPpm),
    owner_claims_30_days: record.ownerClaims30Days,
    owner_claims_90_days: record.ownerClaims90Days,
  }
}

export function shareText(ppm: number | null): string | null {
  if (ppm === null) return null
  const digits = String(ppm).padStart(PPM_DIGITS + 1, '0')
  return `${digits.slice(0, -PPM_DIGITS)}.${digits.slice(-PPM_DIGITS)}`
}
