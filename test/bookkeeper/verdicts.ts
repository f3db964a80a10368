/** What ends a lease, and where: by a node's own record, or by what its card was seen to do. Pure. */
import type { Account, ClaimEnd } from '../../collector/src/model/draw.ts'
import { type Book, isLent } from './book.ts'
import type { NodeRecord, ToldRun } from './evidence.ts'

/** An end is the same within this. */
export const SAME = 5_000
/** Faulty or silent for so long, a card is lost. */
export const LOST = 600_000

export interface Verdict {
  readonly end: ClaimEnd
  readonly atMs: number
}

/** Where the rest of the promise goes. */
export const BREAKS: Partial<Record<ClaimEnd, Account>> = {
  recall: 'broken_recall',
  veto: 'broken_veto',
  owner_claimed: 'broken_recall',
  card_lost: 'broken_card_lost',
}
const DECLINED: Readonly<Record<string, ClaimEnd>> = { veto: 'veto', allocated: 'owner_claimed' }
const ENDED: Readonly<Record<string, ClaimEnd>> = {
  veto: 'veto',
  owner_claimed: 'owner_claimed',
  recall: 'recall',
  return: 'recall',
}

export function declined(book: Book, record: NodeRecord, wasTaken: boolean): Verdict | null {
  if (!isLent(book)) return null
  const cause = record.cause ?? ''
  if (wasTaken && DECLINED[cause] === undefined) return null
  return {
    end: DECLINED[cause] ?? 'card_lost',
    atMs: wasTaken ? record.atMs : book.startMs,
  }
}

export function ended(book: Book, { atMs, cause }: NodeRecord): Verdict | null {
  const untilMs = book.untilMs ?? 0
  if (atMs >= untilMs - SAME) return null
  const knownMs = Math.min(book.recallAtMs ?? untilMs, book.endedAtMs ?? untilMs)
  const isStated = cause === 'expire' || cause === 'recall' || cause === 'return'
  if (isStated && Math.abs(atMs - knownMs) <= SAME) return null
  return { end: ENDED[cause ?? ''] ?? 'card_lost', atMs }
}

/** Ten minutes into a fault that goes on. */
export function lostToFault(runs: readonly ToldRun[], startMs: number): number | null {
  let sinceMs: number | null = null
  let endMs = 0
  for (const { fromMs, toMs, name } of runs) {
    if (!name.startsWith('faulty')) sinceMs = null
    else if (sinceMs === null || endMs !== fromMs) sinceMs = Math.max(fromMs, startMs)
    endMs = toMs
    if (sinceMs !== null && toMs - sinceMs >= LOST) return sinceMs + LOST
  }
  return null
}
