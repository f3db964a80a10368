/**
 * From the end of a lease until its card is free again (C12, SPEC E12). Pure.
 *
 *   lease ─ end ── 5 min, ordinary ── residue, in use ── free: clean
 *
 * Cleaning also ends, without the card being clean, when somebody else has it, when its placement has
 * ended, and when nothing has been told of it for a day. Residue is what was seen in use: time that
 * nobody told of at its end is held against nobody.
 */
import type { Claim } from '../model/draw.ts'
import type { Decided } from './draw-entries.ts'
import { leaseEntry } from './lease-entries.ts'
import { type CardLook, isPromised, type LeaseLook, silentSinceMs } from './lease-look.ts'
import type { LeaseWork } from './lease-work.ts'

/** C12: ordinary; what is in use behind it is the borrower's residue. */
const CLEANING_MS_ORDINARY = 300_000
/** A card silent for a day is no longer connected (DESIGN 2.2). */
const SILENT_MS_MAX = 86_400_000

interface Cleaned {
  readonly how: 'free' | 'allocated' | 'placement_ended' | 'silent'
  readonly cleanAtMs: number | null
}

export function cleanCards(work: LeaseWork, look: LeaseLook): void {
  for (const claim of work.draw.claims) {
    const card = look.cards.get(claim.ordinal)
    if (claim.state !== 'cleaning' || card === undefined || !isPromised(claim)) continue
    // A lease that ends with this look is cleaned with the next one, which reads on from its end.
    if (card.trace?.fromMs !== claim.endedAtMs) continue
    const cleaned = cleanedOf(card, look)
    if (cleaned !== null) endCleaning(work, { claim, card, cleaned }, look)
  }
}

function cleanedOf(card: CardLook, look: LeaseLook): Cleaned | null {
  const { row, recutAtMs, trace } = card
  const isGone = row === null || row.validToMs !== null || !row.isCounted || recutAtMs !== null
  if (trace !== null) {
    const { allocatedAtMs, freeAtMs } = trace
    const isTaken = allocatedAtMs !== null && (freeAtMs === null || allocatedAtMs < freeAtMs)
    if (isTaken) return { how: 'allocated', cleanAtMs: null }
    if (freeAtMs !== null) return { how: 'free', cleanAtMs: freeAtMs }
  }
  if (isGone) return { how: 'placement_ended', cleanAtMs: null }
  const silentMs = look.nowMs - silentSinceMs(card, look)
  return silentMs >= SILENT_MS_MAX ? { how: 'silent', cleanAtMs: null } : null
}

function endCleaning(
  work: LeaseWork,
  end: { readonly claim: Claim; readonly card: CardLook; readonly cleaned: Cleaned },
  decided: Decided,
): void {
  const { claim, card, cleaned } = end
  const { ordinal, leaseId, endedAtMs } = claim
  if (leaseId === null || endedAtMs === null) return
  work.setClaim(ordinal, { state: 'ended', cleanAtMs: cleaned.cleanAtMs })
  const fromMs = endedAtMs + CLEANING_MS_ORDINARY
  const toMs = Math.max(fromMs, card.trace?.usedToMs ?? fromMs)
  work.residue(ordinal, { fromMs, toMs })
  const lease = work.draw.leases.find((one) => one.leaseId === leaseId)
  if (lease === undefined) return
  const payload = {
    site: claim.siteCode,
    ended_at_ms: endedAtMs,
    how: cleaned.how,
    clean_at_ms: cleaned.cleanAtMs,
    residue_ms: String(toMs - fromMs),
  }
  work.say((draw) =>
    leaseEntry('card_cleaned', { draw, lease, ordinals: [ordinal] }, payload, decided),
  )
}
