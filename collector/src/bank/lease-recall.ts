/**
 * The owner takes lent cards back with notice (C11): the end is announced now and comes at its
 * instant, whatever runs. The node is told, and ends the lease by itself then. Pure.
 */
import type { Draw, LeaseId } from '../model/draw.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import type { Decided } from './draw-entries.ts'
import { ANNOUNCED } from './lease-causes.ts'
import { endLeases } from './lease-end.ts'
import { leaseEntry } from './lease-entries.ts'
import { isLent } from './lease-look.ts'
import { LeaseWork } from './lease-work.ts'

export interface RecallRequest {
  readonly leaseId: LeaseId
  /** From now to the end; 0: at once. */
  readonly noticeMs: number
  /** For the bank and the borrower; a few words of the owner. */
  readonly cause: string
}

export type RecallOutcome =
  | { readonly status: 'decided'; readonly change: DrawChange; readonly recallAtMs: number }
  /** An end at that instant, or before it, stands already. */
  | { readonly status: 'done'; readonly recallAtMs: number }
  /** In the order in which it is looked for. */
  | { readonly status: 'refused'; readonly reason: 'lease_unknown' | 'lease_over' }

export function decideRecall(
  draw: Draw,
  { leaseId, noticeMs, cause: said }: RecallRequest,
  decided: Decided,
): RecallOutcome {
  // Whatever the owner calls it, it is his recall and no end of another kind.
  const cause = ANNOUNCED.some((end) => end === said) ? `owner: ${said}` : said
  const lease = draw.leases.find((one) => one.leaseId === leaseId)
  if (lease === undefined) return { status: 'refused', reason: 'lease_unknown' }
  const lent = draw.claims.filter((claim) => claim.leaseId === leaseId).filter(isLent)
  if (lent.every(({ untilMs }) => untilMs <= decided.nowMs)) {
    return { status: 'refused', reason: 'lease_over' }
  }
  const wishedMs = decided.nowMs + Math.max(0, noticeMs)
  const later = lent.filter(({ recallAtMs, untilMs }) => wishedMs < (recallAtMs ?? untilMs))
  if (later.length === 0) {
    const [first] = lent
    return { status: 'done', recallAtMs: first?.recallAtMs ?? lease.untilMs }
  }

  const work = new LeaseWork(draw, decided.nowMs)
  const ordinals = later.map(({ ordinal }) => ordinal)
  for (const ordinal of ordinals) {
    work.setClaim(ordinal, { recallAtMs: wishedMs, recallCause: cause })
  }
  work.tellNode(leaseId)
  const payload = { recall_at_ms: wishedMs, notice_ms: noticeMs, cause }
  work.say((after) =>
    leaseEntry('lease_recalled', { draw: after, lease, ordinals }, payload, decided),
  )
  if (wishedMs <= decided.nowMs) {
    const endings = ordinals.map((ordinal) => {
      return { ordinal, end: 'recall' as const, atMs: wishedMs, cause }
    })
    endLeases(work, endings, decided)
  }
  const change = work.finish()
  return change === null
    ? { status: 'done', recallAtMs: wishedMs }
    : { status: 'decided', change, recallAtMs: wishedMs }
}
