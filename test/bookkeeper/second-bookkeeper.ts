/**
 * A second bookkeeper beside the bank, simple and slow. He shares no function with it: he hears what
 * nodes told, what was granted and what owners and clients said, keeps every event in a list, and
 * judges by the rules of DESIGN 5 and SPEC (Leases, Accounts), one claim and one instant at a time.
 * UTC epoch ms, half-open.
 *
 * Which card a draw gets is the bank's to choose: he hears the choice, and says whether it was allowed.
 */
import type { Claim, ClaimEnd, Draw } from '../../collector/src/model/draw.ts'
import type { NodeId, UnitId } from '../../collector/src/model/ids.ts'
import {
  AS_GRANTED,
  type Book,
  bookOf,
  type DrawBook,
  hasOpenPlaces,
  isLent,
  type LentBook,
  nameOf,
  promise,
  settleState,
} from './book.ts'
import { Evidence, type NodeRecord, type ToldRun } from './evidence.ts'
import { type Desk, GrantJudge, LEAD, type Look } from './grant-judge.ts'
import { BREAKS, declined, ended, LOST, lostToFault, SAME, type Verdict } from './verdicts.ts'
import { type AsOf, accountsOf } from './where-it-lies.ts'

const ORDINARY_CLEANING = 300_000
/** What is left of a promise must be worth a move. */
const WORTH_A_SWAP = 90_000

/** Everything he was told, in the order in which he was. */
export type Noted =
  | { readonly what: 'run'; readonly unitId: UnitId; readonly run: ToldRun }
  | { readonly what: 'record'; readonly nodeId: NodeId; readonly record: NodeRecord }
  | {
      readonly what: 'consent'
      readonly unitId: UnitId
      readonly atMs: number
      readonly isGiven: boolean
    }
  | {
      readonly what: 'promised'
      readonly book: string
      readonly startMs: number
      readonly untilMs: number
    }
  | { readonly what: 'ended'; readonly book: string; readonly end: ClaimEnd; readonly atMs: number }

export class SecondBookkeeper implements Desk {
  readonly events: Noted[] = []
  readonly draws = new Map<string, DrawBook>()
  readonly evidence = new Evidence()
  /** What he finds wrong with what the bank did. */
  readonly objections: string[] = []
  readonly grantedNow: { readonly draw: DrawBook; readonly claim: Claim }[] = []
  readonly judge = new GrantJudge(this)
  /** Places that ended with this look, and no card took: judged when all of it has been noted. */
  readonly #unswapped: Book[] = []
  /** Leases that their owner's scheduler ended, by site. */
  readonly #ownerClaims = new Map<string, Set<string>>()

  // ---- what nodes tell ---------------------------------------------------------------------------

  told(unitId: UnitId, run: ToldRun, heardMs: number): void {
    this.events.push({ what: 'run', unitId, run })
    this.evidence.told(unitId, run, heardMs)
  }

  consent(unitId: UnitId, isGiven: boolean, heardMs: number): void {
    if (!this.evidence.consent(unitId, isGiven, heardMs)) return
    this.events.push({ what: 'consent', unitId, atMs: heardMs, isGiven })
  }

  // ---- what the bank grants ------------------------------------------------------------------------

  /** A hold or a post as it was answered: its cards are under claims of this draw from now on. */
  granted(draw: Draw): DrawBook {
    const { drawId } = draw.request
    const known = this.draws.get(drawId) ?? {
      request: draw.request,
      state: draw.state,
      holdUntilMs: draw.holdUntilMs,
      books: [],
      taken: new Map<string, number>(),
      takenBefore: new Set<string>(),
    }
    known.state = draw.state
    known.holdUntilMs = draw.holdUntilMs
    for (const claim of draw.claims) {
      const before = known.books[claim.ordinal]
      if (before === undefined) known.books.push(bookOf(drawId, claim))
      else promise(before, claim)
      const book = known.books[claim.ordinal]
      if (book?.startMs == null || book.untilMs === null) continue
      const { startMs, untilMs } = book
      this.events.push({ what: 'promised', book: nameOf(book), startMs, untilMs })
    }
    this.draws.set(drawId, known)
    return known
  }

  /** He has found no draw of this id granted. */
  refused(draw: Draw): void {
    const known = this.draws.get(draw.request.drawId)
    if (known === undefined) {
      this.granted(draw)
      return
    }
    if (draw.state === 'refused') this.released(known, 'refused', draw.endedAtMs ?? 0)
  }

  released(draw: DrawBook, state: 'voided' | 'lapsed' | 'refused', atMs: number): void {
    draw.state = state
    for (const book of draw.books) {
      if (book.state === 'held') this.#close(book, state === 'lapsed' ? 'lapsed' : 'voided', atMs)
    }
  }

  extended(draw: DrawBook, untilMs: number, nowMs: number): void {
    for (const book of draw.books) {
      if (book.state !== 'leased' || book.untilMs === null || book.recallAtMs !== null) continue
      if (book.untilMs > nowMs && book.untilMs < untilMs) book.untilMs = untilMs
    }
  }

  /** Of these, all that can be given back at `nowMs` are. */
  returned(draw: DrawBook, ordinals: readonly number[] | 'all', nowMs: number): number {
    let count = 0
    for (const book of draw.books) {
      if (ordinals !== 'all' && !ordinals.includes(book.ordinal)) continue
      if (!isLent(book)) continue
      const endMs = Math.max(nowMs, book.startMs)
      const wouldEndMs = Math.min(book.untilMs, book.recallAtMs ?? book.untilMs)
      if (endMs >= wouldEndMs) continue
      count += 1
      this.#end(book, 'returned', endMs)
      book.moves.push({ fromMs: endMs, toMs: wouldEndMs, account: 'returned' })
      book.moves.push({ fromMs: wouldEndMs, toMs: book.untilMs, account: 'broken_recall' })
    }
    return count
  }

  /** The owner takes a lease back, now or at an instant announced. */
  recalled(draw: DrawBook, leaseId: string, recall: { atMs: number; nowMs: number }): void {
    for (const book of draw.books) {
      if (book.leaseId !== leaseId || !isLent(book)) continue
      if (recall.atMs >= (book.recallAtMs ?? book.untilMs)) continue
      book.recallAtMs = recall.atMs
      book.recallEnd = 'recall'
      if (recall.atMs <= recall.nowMs) this.#endEarly(book, 'recall', recall.atMs)
    }
    settleState(draw)
  }

  // ---- what he finds himself -------------------------------------------------------------------------

  /** What has come to an end by now, from all that he knows. */
  look(look: Look): void {
    const withRecords = new Set<DrawBook>()
    for (const { nodeId, record } of look.records) {
      this.events.push({ what: 'record', nodeId, record })
      const draw = this.#drawOfLease(record.leaseId)
      if (draw === undefined) continue
      withRecords.add(draw)
      this.#hear(draw, nodeId, record, look)
    }
    // A record is judged before what its node has told of time.
    for (const draw of withRecords) {
      for (const leaseId of draw.taken.keys()) draw.takenBefore.add(leaseId)
      this.#judge(draw, look, false)
    }
    for (const draw of this.draws.values()) {
      if (draw.state === 'booked') this.judge.booking(draw, look)
      else if (hasOpenPlaces(draw)) this.judge.places(draw, look)
      if (draw.state === 'held') this.judge.hold(draw, look)
      if (draw.state === 'posted') this.#judge(draw, look, true)
    }
    for (const draw of this.draws.values()) {
      if (draw.state !== 'posted') continue
      for (const book of draw.books) if (book.state === 'cleaning') this.#clean(book)
      settleState(draw)
    }
    for (const book of this.#unswapped.splice(0)) {
      if (!this.judge.couldTake(book, look)) continue
      this.objections.push(`${nameOf(book)}: another card could have taken its place`)
    }
    for (const { draw, claim } of this.grantedNow.splice(0)) {
      this.objections.push(...this.judge.againstGrant(claim, look.nowMs, draw))
    }
  }

  #judge(draw: DrawBook, look: Look, withEvidence: boolean): void {
    for (const book of [...draw.books]) {
      if (!isLent(book)) continue
      const first = this.#causes(draw, book, look, withEvidence)
        .filter(({ end, atMs }) => end === 'expired' || atMs < book.untilMs)
        .sort((left, right) => left.atMs - right.atMs)[0]
      if (first !== undefined) this.#endOrSwap(draw, book, first, look)
    }
  }

  /** In their order: of two at one instant the first counts (the sort is stable). */
  #causes(draw: DrawBook, book: LentBook, look: Look, withEvidence: boolean): readonly Verdict[] {
    const causes: Verdict[] = []
    const add = (end: ClaimEnd, atMs: number | null) => {
      if (atMs !== null) causes.push({ end, atMs: Math.max(atMs, book.startMs) })
    }
    const { recallAtMs, untilMs } = book
    if (recallAtMs !== null && recallAtMs <= look.nowMs) {
      add(book.recallEnd ?? 'recall', recallAtMs)
    }
    if (withEvidence && book.unitId !== null) {
      const runs = this.evidence.file(book.unitId).runs
      const under = runs.filter(({ toMs }) => toMs > book.startMs)
      add('owner_claimed', under.find(({ name }) => name.startsWith('allocated'))?.fromMs ?? null)
      add('card_lost', lostToFault(under, book.startMs))
      if (!draw.request.isKeptInSilence) add('card_lost', this.#lostToSilence(book, look))
    }
    if (untilMs <= look.nowMs) add('expired', untilMs)
    return causes
  }

  #lostToSilence({ nodeId }: Book, look: Look): number | null {
    if (nodeId === null || !look.isSilenceJudged) return null
    const lostMs = Math.max(this.evidence.toldToMs(nodeId), look.listeningSinceMs) + LOST
    return lostMs <= look.nowMs ? lostMs : null
  }

  #hear(draw: DrawBook, nodeId: NodeId, record: NodeRecord, look: Look): void {
    const { leaseId, revision } = record
    // Of one notice some cards are taken and others declined, in whatever order.
    const takenRevision = draw.taken.get(leaseId) ?? revision
    const wasTaken = takenRevision < revision || draw.takenBefore.has(leaseId)
    if (record.event === 'taken') {
      const isOwn = draw.books.some((book) => book.leaseId === leaseId && book.nodeId === nodeId)
      if (isOwn) draw.taken.set(leaseId, Math.min(revision, takenRevision))
      return
    }
    for (const book of [...draw.books]) {
      if (book.leaseId !== record.leaseId || book.nodeId !== nodeId || book.unitId === null)
        continue
      if (book.startMs === null || book.untilMs === null) continue
      if (record.units.length > 0 && !record.unitIds.includes(book.unitId)) continue
      const named =
        record.event === 'declined' ? declined(book, record, wasTaken) : ended(book, record)
      if (named === null) continue
      if (!isLent(book)) this.#correct(book, named)
      else if (named.atMs > look.nowMs + SAME) {
        if (book.recallAtMs !== null && book.recallAtMs <= named.atMs) continue
        book.recallAtMs = named.atMs
        book.recallEnd = named.end
      } else this.#endOrSwap(draw, book, named, look)
    }
  }

  /** Another card took its place, if the bank has found one: or its time is broken. */
  #endOrSwap(draw: DrawBook, book: LentBook, { end, atMs }: Verdict, look: Look): void {
    if (end === 'owner_claimed') this.#noteOwnerClaim(book, Math.max(atMs, book.startMs))
    const { swap, what } = draw.request
    const canSwap = swap === 'with_notice' && what.kind === 'pool' && end !== 'expired'
    const taking = look.shown
      .get(book.drawId)
      ?.claims.find((claim) => claim.swapOf === book.ordinal && claim.startMs !== null)
    if (!canSwap || taking === undefined || taking.startMs === null) {
      if (canSwap && book.untilMs - look.nowMs > WORTH_A_SWAP) this.#unswapped.push(book)
      this.#endEarly(book, end, atMs)
      return
    }
    const newStartMs = taking.startMs
    if (newStartMs < look.begunMs + LEAD) {
      this.objections.push(`${nameOf(book)}: its place is taken sooner than its node can know`)
    }
    const endMs = Math.max(book.startMs, Math.min(atMs, newStartMs))
    this.#end(book, 'swap', endMs)
    book.moves.push({ fromMs: endMs, toMs: newStartMs, account: 'broken_swap' })
    book.moves.push({ fromMs: newStartMs, toMs: book.untilMs, account: 'swapped' })
    if (draw.books[taking.ordinal] === undefined) {
      draw.books.push(bookOf(book.drawId, { ...taking, ...AS_GRANTED }))
      this.grantedNow.push({ draw, claim: taking })
    }
  }

  #noteOwnerClaim({ leaseId, unitId }: Book, atMs: number): void {
    if (unitId === null) return
    const { siteCode } = this.evidence.file(unitId)
    const claims = this.#ownerClaims.get(siteCode) ?? new Set<string>()
    this.#ownerClaims.set(siteCode, claims.add(`${leaseId} ${atMs}`))
  }

  /** A scheduler that has done so twice is not trusted without a fence. */
  needsFence(siteCode: string): boolean {
    return (this.#ownerClaims.get(siteCode)?.size ?? 0) >= 2
  }

  #endEarly(book: LentBook, end: ClaimEnd, atMs: number): void {
    const endMs = Math.min(Math.max(atMs, book.startMs), book.untilMs)
    const account = BREAKS[end]
    this.#end(book, end, endMs)
    if (account !== undefined) book.moves.push({ fromMs: endMs, toMs: book.untilMs, account })
  }

  /** Told late that it had ended before: only the time between was not lent. */
  #correct(book: Book, { end, atMs }: Verdict): void {
    const account = BREAKS[end]
    const endMs = Math.max(atMs, book.startMs ?? atMs)
    if (book.endedAtMs === null || endMs >= book.endedAtMs || account === undefined) return
    if (end === 'owner_claimed') this.#noteOwnerClaim(book, endMs)
    book.moves.push({ fromMs: endMs, toMs: book.endedAtMs, account })
    book.end = end
    book.endedAtMs = endMs
  }

  #end(book: Book, end: ClaimEnd, atMs: number): void {
    this.events.push({ what: 'ended', book: nameOf(book), end, atMs })
    book.state = 'cleaning'
    book.end = end
    book.endedAtMs = atMs
  }

  #close(book: Book, end: ClaimEnd, atMs: number): void {
    this.events.push({ what: 'ended', book: nameOf(book), end, atMs })
    book.state = 'ended'
    book.end = end
    book.endedAtMs = atMs
  }

  /** Clean at the first instant behind the end at which the card was free. */
  #clean(book: Book): void {
    if (book.unitId === null || book.endedAtMs === null) return
    const endMs = book.endedAtMs
    let usedToMs = endMs
    for (const { fromMs, toMs, name } of this.evidence.file(book.unitId).runs) {
      if (toMs <= endMs) continue
      if (name.startsWith('busy') || name.startsWith('occupied')) usedToMs = toMs
      const isFree = name.startsWith('free')
      if (!isFree && !name.startsWith('allocated')) continue
      book.state = 'ended'
      book.cleanAtMs = isFree ? Math.max(fromMs, endMs) : null
      break
    }
    if (book.state === 'ended') {
      book.residueMs = Math.max(0, usedToMs - (endMs + ORDINARY_CLEANING))
    }
  }

  // ---- what he says ------------------------------------------------------------------------------------

  /** Where every millisecond of the promise lies, once all that was told has been settled. */
  accountsOf(book: Book, at: AsOf) {
    return accountsOf(book, this.evidence, at)
  }

  #drawOfLease(leaseId: string): DrawBook | undefined {
    return [...this.draws.values()].find(({ books }) => {
      return books.some((book) => book.leaseId === leaseId)
    })
  }
}
