/**
 * What the bank is told of a lease that goes on: an interruption (C1) and that nothing runs (C18).
 * Each is told once; neither takes anything back. Pure.
 */
import type { Draw, Lease } from '../model/draw.ts'
import { leaseEntry } from './lease-entries.ts'
import { type CardLook, isLent, type LeaseLook } from './lease-look.ts'
import type { Interruption } from './lease-trace.ts'
import type { LeaseWork } from './lease-work.ts'

/** C18: the bank is told once nothing has run for this long. */
const IDLE_MS = 1_800_000
/** C1: within this time of being told of an interruption a return is free of blame. */
const BLAMELESS_MS = 600_000

/** Returned now, the rest of the lease is held against nobody. */
export function isBlameless({ interruptedAtMs }: Lease, nowMs: number): boolean {
  return interruptedAtMs !== null && nowMs < interruptedAtMs + BLAMELESS_MS
}

export function noteLeases(work: LeaseWork, look: LeaseLook): void {
  for (const lease of work.draw.leases) {
    const cards = cardsOf(work.draw, lease, look)
    if (cards.length === 0) continue
    noteInterruption(work, lease, cards, look)
    noteIdle(work, lease, cards, look)
  }
}

interface LentCard {
  readonly ordinal: number
  readonly card: CardLook
}

/** Cards of the lease that are lent and looked at. */
function cardsOf(draw: Draw, { leaseId }: Lease, look: LeaseLook): readonly LentCard[] {
  return draw.claims.flatMap((claim) => {
    const card = look.cards.get(claim.ordinal)
    if (claim.leaseId !== leaseId || !isLent(claim) || card === undefined) return []
    return [{ ordinal: claim.ordinal, card }]
  })
}

/** One that began after the bank was last told is news. */
function noteInterruption(
  work: LeaseWork,
  lease: Lease,
  cards: readonly LentCard[],
  look: LeaseLook,
): void {
  const toldMs = lease.interruptedAtMs ?? Number.NEGATIVE_INFINITY
  const interrupted = cards.flatMap(({ ordinal, card }) => {
    const latest = card.trace?.latestInterruption ?? null
    return latest === null || latest.startMs < toldMs ? [] : [{ ordinal, latest }]
  })
  const latest = interrupted.reduce<Interruption | null>(
    (last, one) => (last === null || one.latest.startMs > last.startMs ? one.latest : last),
    null,
  )
  if (latest === null) return
  work.setLease(lease.leaseId, { interruptedAtMs: look.nowMs })
  const ordinals = interrupted.map(({ ordinal }) => ordinal)
  const payload = {
    cause: latest.cause,
    from_ms: latest.startMs,
    told_to_ms: latest.endMs,
    blameless_until_ms: look.nowMs + BLAMELESS_MS,
  }
  work.say((draw) => leaseEntry('lease_interrupted', { draw, lease, ordinals }, payload, look))
}

/** Only when every lent card of the lease has been looked at, and each is proven idle for so long. */
function noteIdle(
  work: LeaseWork,
  lease: Lease,
  cards: readonly LentCard[],
  look: LeaseLook,
): void {
  const lent = work.draw.claims.filter((claim) => {
    return claim.leaseId === lease.leaseId && isLent(claim)
  })
  const isIdle = cards.every(({ card }) => (card.trace?.idleMs ?? 0) >= IDLE_MS)
  if (!isIdle || cards.length < lent.length) return
  const idleSinceMs = Math.max(...cards.map(({ card }) => card.trace?.idleSinceMs ?? 0))
  if (lease.idleSinceMs === idleSinceMs) return
  work.setLease(lease.leaseId, { idleSinceMs })
  const ordinals = cards.map(({ ordinal }) => ordinal)
  const payload = { idle_since_ms: idleSinceMs }
  work.say((draw) => leaseEntry('lease_idle', { draw, lease, ordinals }, payload, look))
}
