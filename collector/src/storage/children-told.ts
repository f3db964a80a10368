/**
 * A card of a child as it is told, beside the row that is held of it: what is to be written, and in
 * which time the hours change that are made of it. Pure, for both stores.
 */
import type { NodeReport, ReportedCard } from '@yiben/shared'
import { type Change, over } from './children-taking.ts'
import { flag, integer, integerOrNull, type Row, storedJson, text, textOrNull } from './values.ts'

/** Characters of an id that it is looked up by; the rest is compared. */
const HASH_START = 12

type StoredIdentity = readonly [keyNumber: number, hash: string, strength: string]

export interface ToldCard {
  readonly card: ReportedCard
  readonly profileId: number
  /** As it is stored. */
  readonly identities: string
  /** `null`: it is not held yet. */
  readonly before: Row | null
}

/** Something of it is told anew. */
export function isOther({ before, card, identities, profileId }: ToldCard): boolean {
  return (
    before === null ||
    integer(before, 'profile_id') !== profileId ||
    integer(before, 'valid_from_ms') !== card.validFromMs ||
    integerOrNull(before, 'booked_to_ms') !== card.bookedToMs ||
    flag(before, 'is_counted') !== card.isCounted ||
    flag(before, 'is_in_conflict') !== card.isInConflict ||
    integer(before, 'accelerator_number') !== card.acceleratorNumber ||
    textOrNull(before, 'ended_reason') !== card.endedReason ||
    text(before, 'identities') !== identities
  )
}

/** The time in which it counts otherwise than before, or at another place; `null`: none. */
export function changeOf(told: ToldCard, hasMoved: boolean): Change | null {
  const { before, card, profileId } = told
  const now = { fromMs: card.validFromMs, toMs: card.bookedToMs }
  if (before === null) return now
  const then = spanOf(before)
  const isWhole =
    hasMoved ||
    integer(before, 'profile_id') !== profileId ||
    flag(before, 'is_counted') !== card.isCounted
  if (isWhole) return over(then, now)
  const begins = then.fromMs === now.fromMs ? null : ordered(then.fromMs, now.fromMs)
  const ends = then.toMs === now.toMs ? null : ordered(then.toMs, now.toMs)
  return begins === null || ends === null ? (begins ?? ends) : over(begins, ends)
}

/** Where its ledger says that it never was there. */
export function spanOf(row: Row): Change {
  return { fromMs: integer(row, 'valid_from_ms'), toMs: integerOrNull(row, 'booked_to_ms') }
}

/** `null`: never. Not both are. */
function ordered(one: number | null, other: number | null): Change {
  if (one === null || other === null) return { fromMs: one ?? other ?? 0, toMs: null }
  return { fromMs: Math.min(one, other), toMs: Math.max(one, other) }
}

/** Cards that count and stand there now. */
export function cardsNow({ cards }: NodeReport): number {
  return cards.filter(({ bookedToMs, isCounted }) => bookedToMs === null && isCounted).length
}

export function storedIdentities({ identities }: ReportedCard): string {
  return JSON.stringify(identities.map((one) => [one.keyNumber, one.hash, one.strength]))
}

/** How the vendor's own ids of a card that counts are looked up, as they are stored. */
export function idStarts(identities: string, isCounted: boolean): readonly string[] {
  if (!isCounted) return []
  const starts = storedJson<readonly StoredIdentity[]>(identities)
    .filter(([, , strength]) => strength === 'strong')
    .map(([, hash]) => idStart(hash))
  return [...new Set(starts)]
}

export function idStart(hash: string): string {
  return hash.slice(0, HASH_START)
}

/** Of a card's row: whether it is known by this id. */
export function isKnownBy(row: Row, keyNumber: number, hash: string): boolean {
  return storedJson<readonly StoredIdentity[]>(text(row, 'identities')).some(
    ([number, known, strength]) => number === keyNumber && known === hash && strength === 'strong',
  )
}
