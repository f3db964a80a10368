/**
 * What a node's own records say of a lease: it has taken a notice, will not have it, or has ended the
 * lease by itself, perhaps at an instant that has passed (SPEC E8, E9). Pure.
 *
 * A record about another node's lease says nothing. A lease that is over here does not come back;
 * where the node names an earlier end than ours, the time between is taken back. A notice may be
 * taken for some cards and declined for others: two records of one revision.
 */
import type { LeaseRecord } from '@yiben/shared'
import type { Claim, Draw } from '../model/draw.ts'
import type { StoredLeaseRecord } from '../storage/draw-requests.ts'
import type { Decided } from './draw-entries.ts'
import type { Ending, LeaseEnd } from './lease-causes.ts'
import { correctEnd, endLeases } from './lease-end.ts'
import { isLent, isPromised, type LentClaim } from './lease-look.ts'
import { NO_SWAPS, type Swaps } from './lease-swap.ts'
import type { LeaseWork } from './lease-work.ts'

/** Clocks of node and collector differ by less (DESIGN 2.1): an end is the same within this. */
const SAME_MS = 5_000

/** Why a node will not lend, as the end that it is; what is not named here loses the card. */
const DECLINED: Readonly<Record<string, LeaseEnd>> = {
  veto: 'veto',
  allocated: 'owner_claimed',
  owner_claimed: 'owner_claimed',
  recall: 'recall',
  handover_failed: 'recall',
  not_consented: 'recall',
  paused: 'recall',
  calendar: 'recall',
  kept_back: 'recall',
}
/** Those that end a lease which the node had taken; the others leave it as it was. */
const DECLINED_FOR_GOOD: ReadonlySet<string> = new Set([
  'veto',
  'allocated',
  'owner_claimed',
  'recall',
  'handover_failed',
])

/** How a node says that it has ended a lease by itself; a stated end of its own is ours, or none. */
const ENDED: Readonly<Record<string, LeaseEnd>> = {
  veto: 'veto',
  owner_claimed: 'owner_claimed',
  recall: 'recall',
  return: 'recall',
  handover_failed: 'recall',
}

/** `records`: not dealt with yet, in their order. `swaps`: cards for those that end, by ordinal. */
export function applyLeaseRecords(
  work: LeaseWork,
  records: readonly StoredLeaseRecord[],
  decided: Decided,
  swaps: Swaps = NO_SWAPS,
): void {
  const leasesBefore = work.draw.leases
  for (const stored of records) {
    const { record } = stored
    const before = leasesBefore.find(({ leaseId }) => leaseId === record.leaseId)
    if (before === undefined || before.nodeId !== stored.nodeId) continue
    confirm(work, stored)
    if (record.event === 'taken') continue
    const wasTaken = before.confirmedRevision > 0 || wasTakenBefore(record, records)
    const named = claimsOf(work.draw, stored).flatMap((claim) => {
      const ending =
        record.event === 'declined'
          ? declinedEnding(claim, record, wasTaken)
          : endedEnding(claim, record)
      return ending === null ? [] : [{ claim, ending }]
    })
    endNamed(work, named, decided, swaps)
  }
}

/** By an earlier notice: of one notice some cards are taken and others declined. */
function wasTakenBefore(record: LeaseRecord, records: readonly StoredLeaseRecord[]): boolean {
  return records.some(({ record: other }) => {
    const isEarlier = other.leaseId === record.leaseId && other.revision < record.revision
    return isEarlier && other.event === 'taken'
  })
}

function confirm(work: LeaseWork, { record }: StoredLeaseRecord): void {
  const lease = work.draw.leases.find(({ leaseId }) => leaseId === record.leaseId)
  const revision = Math.min(record.revision, lease?.revision ?? 0)
  if (lease === undefined || revision <= lease.confirmedRevision) return
  work.setLease(lease.leaseId, { confirmedRevision: revision })
}

interface NamedEnd {
  readonly claim: LentClaim
  readonly ending: Ending
}

function endNamed(
  work: LeaseWork,
  named: readonly NamedEnd[],
  decided: Decided,
  swaps: Swaps,
): void {
  const isAhead = ({ ending }: NamedEnd) => ending.atMs > decided.nowMs + SAME_MS
  const lent = named.filter(({ claim }) => claim.state === 'leased')
  for (const { claim, ending } of lent.filter(isAhead)) {
    // The node lets it run on until then, as after a recall with notice.
    if (claim.recallAtMs !== null && claim.recallAtMs <= ending.atMs) continue
    const recallCause = ending.end === 'recall' ? ending.cause : ending.end
    work.setClaim(claim.ordinal, { recallAtMs: ending.atMs, recallCause })
  }
  const due = lent.filter((one) => !isAhead(one)).map(({ ending }) => ending)
  if (due.length > 0) endLeases(work, due, decided, swaps)
  for (const { claim, ending } of named) {
    if (claim.state !== 'leased') correctEnd(work, ending, decided)
  }
}

/** Those of the lease that the record names; all of them where it names none. */
function claimsOf(draw: Draw, { record, unitIds }: StoredLeaseRecord): readonly LentClaim[] {
  const isNamed = (claim: Claim) =>
    record.units.length === 0 || (claim.unitId !== null && unitIds.includes(claim.unitId))
  return draw.claims.filter((claim): claim is LentClaim => {
    return claim.leaseId === record.leaseId && isPromised(claim) && isNamed(claim)
  })
}

/**
 * A card that the node never took was never lent. One that it has keeps what it had been lent for
 * when only a longer promise is declined: the node ends it then, and says so.
 */
function declinedEnding(claim: LentClaim, record: LeaseRecord, wasTaken: boolean): Ending | null {
  // Nothing is declined that is over here: the node only had to hear of it.
  if (!isLent(claim)) return null
  const cause = record.cause ?? 'declined'
  if (wasTaken && !DECLINED_FOR_GOOD.has(cause)) return null
  const atMs = wasTaken ? record.atMs : claim.startMs
  const end = DECLINED[cause] ?? 'card_lost'
  // By whatever name: what counts against the site of a scheduler is found by this one (C8).
  const told = end === 'owner_claimed' ? end : cause
  return { ordinal: claim.ordinal, end, atMs, cause: told }
}

function endedEnding(claim: LentClaim, record: LeaseRecord): Ending | null {
  const { atMs } = record
  const cause = record.cause ?? 'ended'
  const { ordinal, untilMs } = claim
  if (atMs >= untilMs - SAME_MS) return null
  const isStated = cause === 'expire' || cause === 'recall' || cause === 'return'
  const knownEndMs = Math.min(claim.recallAtMs ?? untilMs, claim.endedAtMs ?? untilMs)
  if (isStated && Math.abs(atMs - knownEndMs) <= SAME_MS) return null
  return { ordinal, end: ENDED[cause] ?? 'card_lost', atMs, cause }
}
