/** What the second bookkeeper keeps of a draw, claim by claim. UTC epoch ms, half-open. */
import type { Account, Claim, ClaimEnd, Draw } from '../../collector/src/model/draw.ts'
import type { NodeId, UnitId } from '../../collector/src/model/ids.ts'

/** Time of a claim that an end has put somewhere; later ones count before earlier ones. */
export interface Move {
  readonly fromMs: number
  readonly toMs: number
  readonly account: Account
}

export interface Book {
  readonly drawId: string
  readonly ordinal: number
  readonly unitId: UnitId | null
  readonly nodeId: NodeId | null
  readonly swapOf: number | null
  readonly heldAtMs: number
  leaseId: string | null
  state: Claim['state']
  startMs: number | null
  untilMs: number | null
  recallAtMs: number | null
  recallEnd: ClaimEnd | null
  endedAtMs: number | null
  end: ClaimEnd | null
  cleanAtMs: number | null
  residueMs: number
  readonly moves: Move[]
}

export interface DrawBook {
  readonly request: Draw['request']
  state: Draw['state']
  holdUntilMs: number | null
  readonly books: Book[]
  /** Leases that their node has taken, by the first revision; and those taken before this look. */
  readonly taken: Map<string, number>
  readonly takenBefore: Set<string>
}

export type LentBook = Book & { startMs: number; untilMs: number }

/** A place of a booking that no card has taken, and that has not been given up. */
export function isOpenPlace({ cleanAtMs, end, unitId }: Book): boolean {
  return unitId === null && end === 'unfilled' && cleanAtMs === null
}

export function hasOpenPlaces({ books }: DrawBook): boolean {
  return books.some(isOpenPlace)
}

export function nameOf({ drawId, ordinal }: Pick<Book, 'drawId' | 'ordinal'>): string {
  return `${drawId}/${ordinal}`
}

/** A card as it is when it is granted, whatever has become of it since. */
export const AS_GRANTED = {
  state: 'leased',
  recallAtMs: null,
  endedAtMs: null,
  end: null,
  cleanAtMs: null,
} as const

export function bookOf(drawId: string, claim: Claim): Book {
  const { ordinal, unitId, nodeId, swapOf, heldAtMs, leaseId, state } = claim
  const { startMs, untilMs, endedAtMs, end, cleanAtMs } = claim
  return {
    ...{ drawId, ordinal, unitId, nodeId, swapOf, heldAtMs, leaseId, state },
    ...{ startMs, untilMs, endedAtMs, end, cleanAtMs },
    recallAtMs: null,
    recallEnd: null,
    residueMs: 0,
    moves: [],
  }
}

/** A card that was held is lent, or gave up its place before it was. */
export function promise(
  book: Book,
  { state, leaseId, startMs, untilMs, end, endedAtMs }: Claim,
): void {
  if (book.state !== 'held') return
  Object.assign(book, { state, leaseId, startMs, untilMs, end, endedAtMs })
}

export function isLent(book: Book): book is LentBook {
  return book.state === 'leased' && book.startMs !== null && book.untilMs !== null
}

/** A posted draw is over when all its claims are. */
export function settleState(draw: DrawBook): void {
  if (draw.state === 'posted' && draw.books.every(({ state }) => state === 'ended')) {
    draw.state = 'ended'
  }
}
