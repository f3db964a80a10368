/**
 * What the second bookkeeper says of holds and bookings: which card they get and when exactly a look
 * voids one is the bank's to choose; that it was allowed, and done in time, is his to say.
 */
import type { Claim, Draw } from '../../collector/src/model/draw.ts'
import type { NodeId, UnitId } from '../../collector/src/model/ids.ts'
import { AS_GRANTED, type Book, bookOf, type DrawBook, isOpenPlace, nameOf } from './book.ts'
import type { Evidence, NodeRecord } from './evidence.ts'

const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const SILENT = 90 * SECOND
/** Longer than it takes to deposit a card that is free, and a node's rest when it has refused. */
const SURE = 100 * SECOND
/** From a grant to the start of its lease. */
export const LEAD = 2 * SECOND
/** Open places of a booking are filled for so long. */
const FILLED = 15 * MINUTE

export interface Look {
  readonly nowMs: number
  /** When the bank began to look. */
  readonly begunMs: number
  /** Told since the look before. */
  readonly records: readonly { readonly nodeId: NodeId; readonly record: NodeRecord }[]
  readonly isSilenceJudged: boolean
  /** For a while no node has refused, no clock was wrong and no process has begun. */
  readonly isCalm: boolean
  /** Since when the process that looks has listened. */
  readonly listeningSinceMs: number
  /** What the bank has now: he reads in it which card took another's place. */
  readonly shown: ReadonlyMap<string, Draw>
}

/** What he keeps, as far as it is needed to judge. */
export interface Desk {
  readonly draws: ReadonlyMap<string, DrawBook>
  readonly evidence: Evidence
  readonly objections: string[]
  /** Cards that were granted with this look: judged when all of it has been noted. */
  readonly grantedNow: { readonly draw: DrawBook; readonly claim: Claim }[]
  needsFence(siteCode: string): boolean
  released(draw: DrawBook, state: 'voided' | 'lapsed' | 'refused', atMs: number): void
}

export class GrantJudge {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** When exactly a look voids a hold is not his to say; that it lapses in time, and why it is void, is. */
  hold(draw: DrawBook, look: Look): void {
    const shown = look.shown.get(draw.request.drawId)
    const reasons = draw.books
      .filter(({ state }) => state === 'held')
      .flatMap((book) => this.#voids(book, look))
    const name = draw.request.drawId
    if (draw.holdUntilMs !== null && look.nowMs >= draw.holdUntilMs) {
      this.#desk.released(draw, 'lapsed', draw.holdUntilMs)
    } else if (shown?.state === 'voided') {
      if (reasons.length === 0)
        this.#desk.objections.push(`${name}: its hold is void for no reason`)
      this.#desk.released(draw, 'voided', shown.endedAtMs ?? 0)
    } else if (reasons.includes('lasting')) {
      this.#desk.objections.push(`${name}: its hold lasts, though a card of it cannot be lent`)
    }
  }

  #voids(
    { heldAtMs, nodeId, unitId }: Book,
    look: Look,
  ): readonly ('lasting' | 'passing' | 'silent')[] {
    if (unitId === null || nodeId === null) return []
    const file = this.#desk.evidence.file(unitId)
    const edge = file.runs.at(-1)?.name ?? 'unknown/silent'
    if (file.isWithheld || !(edge.startsWith('free') || edge === 'busy/grey')) return ['lasting']
    // Consent that was taken back and given again may have ended it, by the instant that was named.
    const isSpoken = file.withheldHeardMs.some((atMs) => atMs >= heldAtMs)
    if (isSpoken || (file.saidLeftMs ?? 0) >= heldAtMs) return ['passing']
    const heardMs = Math.max(this.#desk.evidence.toldToMs(nodeId), look.listeningSinceMs)
    return look.isSilenceJudged && look.nowMs - heardMs >= SILENT ? ['silent'] : []
  }

  /** Bound to cards of the bank's choice by its start, or broken where there are too few. */
  booking(draw: DrawBook, look: Look): void {
    const { drawId, forMs, startMs, what } = draw.request
    const shown = look.shown.get(drawId)
    if (startMs === null || what.kind !== 'pool' || shown === undefined) return
    if (shown.state === 'booked') {
      // A card that the store no longer has is looked for again, a round later.
      const isLate = look.isSilenceJudged && look.begunMs > startMs + MINUTE
      if (isLate) this.#desk.objections.push(`${drawId}: it is not bound by its start`)
      return
    }
    draw.state = shown.state
    for (const claim of shown.claims) this.#bind(draw, claim, look)
    if (shown.state === 'broken') {
      const least = what.cardsMin ?? what.cards
      const left = this.#surelyFreeAt(what.siteCode, look.nowMs)
      if (look.isCalm && left >= least)
        this.#desk.objections.push(`${drawId}: it is broken, but ${left} cards are free`)
      for (const book of draw.books) this.#unfilled(book, book.untilMs ?? 0)
    }
    const places = draw.books.filter(({ swapOf }) => swapOf === null)
    const isWhole = places.every((book) => {
      return book.startMs === startMs && book.untilMs === startMs + forMs
    })
    if (places.length !== what.cards || !isWhole) {
      this.#desk.objections.push(`${drawId}: it is not bound as it was booked`)
    }
  }

  /** Cards that have become free took places, or the places were given up. */
  places(draw: DrawBook, look: Look): void {
    const { drawId, startMs } = draw.request
    const shown = look.shown.get(drawId)
    if (shown === undefined || startMs === null) return
    for (const claim of shown.claims.slice(draw.books.length)) {
      const isFill = claim.swapOf !== null && draw.books[claim.swapOf]?.end === 'unfilled'
      if (isFill) this.#bind(draw, claim, look)
    }
    for (const book of draw.books.filter(isOpenPlace)) {
      const cleanAtMs = shown.claims[book.ordinal]?.cleanAtMs ?? null
      const isDue = look.nowMs >= startMs + FILLED
      if (cleanAtMs !== null) {
        if (!isDue) this.#desk.objections.push(`${nameOf(book)}: it is given up too soon`)
        book.cleanAtMs = cleanAtMs
        this.#unfilled(book, book.untilMs ?? 0)
      } else if (look.begunMs >= startMs + FILLED && look.isSilenceJudged) {
        this.#desk.objections.push(`${nameOf(book)}: it is never given up`)
      }
    }
  }

  #bind(draw: DrawBook, claim: Claim, look: Look): void {
    if (claim.unitId === null) {
      draw.books.push(bookOf(draw.request.drawId, claim))
      return
    }
    const book = bookOf(draw.request.drawId, { ...claim, ...AS_GRANTED })
    this.#desk.grantedNow.push({ draw, claim })
    draw.books.push(book)
    const place = claim.swapOf === null ? undefined : draw.books[claim.swapOf]
    if ((claim.startMs ?? 0) < look.begunMs + LEAD) {
      this.#desk.objections.push(`${nameOf(book)}: it begins sooner than its node can know`)
    }
    if (place === undefined || claim.startMs === null || place.untilMs === null) return
    this.#unfilled(place, claim.startMs)
    place.moves.push({ fromMs: claim.startMs, toMs: place.untilMs, account: 'swapped' })
    place.cleanAtMs = look.shown.get(place.drawId)?.claims[place.ordinal]?.cleanAtMs ?? null
  }

  #unfilled({ moves, startMs }: Book, toMs: number): void {
    if (startMs !== null) moves.push({ fromMs: startMs, toMs, account: 'broken_unfilled' })
  }

  /** Nothing stands in the way of another card in its place: there is one, and nobody else's. */
  couldTake({ drawId }: Book, look: Look): boolean {
    const what = this.#desk.draws.get(drawId)?.request.what
    const isBooked = [...this.#desk.draws.values()].some(({ state }) => state === 'booked')
    if (what?.kind !== 'pool' || !look.isCalm || isBooked) return false
    const isFenceNeeded = this.#desk.draws.get(drawId)?.request.isUnfencedTaken !== true
    const sites = what.siteCode === null ? ['SITE-1', 'SITE-2'] : [what.siteCode]
    return !isFenceNeeded && sites.some((site) => this.#surelyFreeAt(site, look.nowMs) > 0)
  }

  #surelyFreeAt(siteCode: string | null, nowMs: number): number {
    const { evidence } = this.#desk
    return evidence.cardsAt(siteCode).filter((unitId) => {
      const { isFenced, nodeId, siteCode: site } = evidence.file(unitId)
      const isHeard = nowMs - evidence.toldToMs(nodeId) < 20 * SECOND
      const isLendable = isFenced || !this.#desk.needsFence(site)
      return isHeard && isLendable && this.isSurelyFree(unitId, nowMs - SURE)
    }).length
  }

  /** Cards that are booked of a site in an hour, with that confidence or more. */
  bookedOf(siteCode: string | null, hourMs: number, confidencePpm: number): number {
    return [...this.#desk.draws.values()]
      .filter(({ request, state }) => {
        const { startMs, forMs, what } = request
        const isThen = startMs !== null && startMs < hourMs + HOUR && startMs + forMs > hourMs
        const isThere = what.kind === 'pool' && what.siteCode === siteCode
        return (
          state === 'booked' && isThen && isThere && (request.confidencePpm ?? 0) >= confidencePpm
        )
      })
      .reduce((sum, { request: { what } }) => sum + (what.kind === 'pool' ? what.cards : 0), 0)
  }

  /** Why the card should not have been granted then; none: it could. */
  againstGrant(claim: Claim, nowMs: number, own: DrawBook): readonly string[] {
    const { nodeId, unitId } = claim
    if (unitId === null || nodeId === null) return []
    const file = this.#desk.evidence.file(unitId)
    const name = `card ${unitId} for ${own.request.drawId}`
    const found: string[] = []
    for (const draw of this.#desk.draws.values()) {
      for (const book of draw.books) {
        const isOther = draw !== own || book.ordinal !== claim.ordinal
        if (isOther && book.unitId === unitId && book.state !== 'ended') {
          found.push(`${name}: it is ${book.state} by ${nameOf(book)}`)
        }
      }
    }
    const edge = file.runs.at(-1)
    if (edge === undefined || !edge.name.startsWith('free')) found.push(`${name}: it is not free`)
    if (file.isWithheld) found.push(`${name}: its owner has taken it back`)
    if (nowMs - this.#desk.evidence.toldToMs(nodeId) > SILENT)
      found.push(`${name}: its node is silent`)
    return found
  }

  /** It has been free and nobody's since then, with its owner's consent, as far as was told. */
  isSurelyFree(unitId: UnitId, sinceMs: number, own: DrawBook | null = null): boolean {
    const { isWithheld, runs, spokenMs, toldLateMs } = this.#desk.evidence.file(unitId)
    const since = runs.filter(({ toMs }) => toMs > sinceMs)
    const isLive = toldLateMs < sinceMs
    const isFree = isLive && since.length > 0 && since.every(({ name }) => name.startsWith('free'))
    const isSpoken = isWithheld || spokenMs > sinceMs
    const isClaimed = [...this.#desk.draws.values()].some((draw) => {
      if (draw === own) return false
      return draw.books.some((book) => {
        return book.unitId === unitId && (book.state !== 'ended' || (book.endedAtMs ?? 0) > sinceMs)
      })
    })
    return isFree && !isSpoken && !isClaimed
  }
}
