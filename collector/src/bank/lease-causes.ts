/**
 * Why a lease ends, card by card (SPEC E2 to E9). Each cause names an instant; the earliest ends the
 * lease, and of causes at one instant the first of this table. Pure.
 *
 *   cause          what says so                                        instant
 *   identity       the card counts on another node                     now
 *   reconfigured   it was cut otherwise                                where the new parts begin
 *   recall         the owner announced it (or the node, ahead)         as announced
 *   owner_claimed  evidence: allocated to somebody else                start of that run
 *   card_lost      its placement ended                                 the last proof of it there
 *   card_lost      faulty for 10 min                                   10 min into the fault
 *   card_lost      nothing told for 10 min, unless kept in silence     10 min into the silence
 *   expired        the stated end has come                             the stated end
 *
 * A veto, and whatever else a node does by itself, comes by its record (lease-records.ts). No instant
 * lies before the lease began; one that lies behind its stated end ends nothing.
 */
import type { ClaimEnd } from '../model/draw.ts'
import { type CardLook, type LeaseLook, type LentClaim, silentSinceMs } from './lease-look.ts'
import { LOST_MS } from './lease-trace.ts'

export type LeaseEnd = Extract<
  ClaimEnd,
  'expired' | 'recall' | 'veto' | 'owner_claimed' | 'card_lost' | 'reconfigured' | 'identity'
>

export interface Ending {
  readonly ordinal: number
  readonly end: LeaseEnd
  readonly atMs: number
  /** For a person: more exactly than the end, where it can be. */
  readonly cause: string
}

interface CauseRow {
  readonly cause: string
  readonly endOf: (claim: LentClaim) => LeaseEnd
  /** `null`: does not end it now. */
  readonly atMs: (claim: LentClaim, look: LeaseLook) => number | null
}

interface FactRow extends Pick<CauseRow, 'cause'> {
  readonly end: LeaseEnd
  readonly atMs: (card: CardLook, look: LeaseLook) => number | null
}

/** In the order of the table, with RECALL in its place and EXPIRED behind. */
const FACTS_BEFORE: readonly FactRow[] = [
  {
    cause: 'identity',
    end: 'identity',
    atMs: ({ row }, { nowMs }) => (row !== null && !row.isCounted ? nowMs : null),
  },
  {
    cause: 'reconfigured',
    end: 'reconfigured',
    atMs: ({ row, recutAtMs }) =>
      recutAtMs ?? (row?.validToReason === 'recut' ? row.validToMs : null),
  },
]

const RECALL: CauseRow = {
  cause: 'recall',
  endOf: endOfRecall,
  atMs: ({ recallAtMs }, { nowMs }) =>
    recallAtMs !== null && recallAtMs <= nowMs ? recallAtMs : null,
}

const FACTS_BEHIND: readonly FactRow[] = [
  {
    cause: 'owner_claimed',
    end: 'owner_claimed',
    atMs: ({ trace }) => trace?.allocatedAtMs ?? null,
  },
  {
    cause: 'placement_ended',
    end: 'card_lost',
    atMs: ({ row, toldToMs }) => (row === null ? toldToMs : row.validToMs),
  },
  { cause: 'faulty', end: 'card_lost', atMs: ({ trace }) => trace?.lostAtMs ?? null },
  {
    cause: 'silent',
    end: 'card_lost',
    atMs: (card, look) => {
      const lostAtMs = silentSinceMs(card, look) + LOST_MS
      return look.isSilenceJudged && lostAtMs <= look.nowMs ? lostAtMs : null
    },
  },
]

const EXPIRED: CauseRow = {
  cause: 'expired',
  endOf: () => 'expired',
  atMs: ({ untilMs }, { nowMs }) => (untilMs <= nowMs ? untilMs : null),
}

/** What ends the lease of the card now; `null`: nothing does. Without `card`: by time alone. */
export function endingOf(
  claim: LentClaim,
  card: CardLook | null,
  look: LeaseLook,
  isKeptInSilence: boolean,
): Ending | null {
  let first: Ending | null = null
  for (const { cause, endOf, atMs } of rowsFor(card, isKeptInSilence)) {
    const namedMs = atMs(claim, look)
    if (namedMs === null) continue
    const end = endOf(claim)
    const endMs = Math.max(namedMs, claim.startMs)
    const isBehind = end !== 'expired' && endMs >= claim.untilMs
    if (isBehind || (first !== null && first.atMs <= endMs)) continue
    const told = cause === 'recall' ? (claim.recallCause ?? cause) : cause
    first = { ordinal: claim.ordinal, end, atMs: endMs, cause: told }
  }
  return first
}

function rowsFor(card: CardLook | null, isKeptInSilence: boolean): readonly CauseRow[] {
  if (card === null) return [RECALL, EXPIRED]
  const rowOf = ({ cause, end, atMs }: FactRow): CauseRow => {
    return { cause, endOf: () => end, atMs: (_claim, look) => atMs(card, look) }
  }
  const behind = FACTS_BEHIND.filter(({ cause }) => !isKeptInSilence || cause !== 'silent')
  return [...FACTS_BEFORE.map(rowOf), RECALL, ...behind.map(rowOf), EXPIRED]
}

/** Ends that a node may announce ahead of their instant; named as causes they are those ends. */
export const ANNOUNCED: readonly LeaseEnd[] = ['veto', 'owner_claimed', 'card_lost']

function endOfRecall({ recallCause }: Pick<LentClaim, 'recallCause'>): LeaseEnd {
  return ANNOUNCED.find((end) => end === recallCause) ?? 'recall'
}
