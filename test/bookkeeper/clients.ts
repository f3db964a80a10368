/**
 * The bank's calls, made and judged: each answer is held against what the second bookkeeper would
 * have said, and he notes what was granted. Any call can be made again, at any time.
 */
import type { FutureDraw } from '../../collector/src/bank/booking-judge.ts'
import type { DrawResult } from '../../collector/src/bank/draw-desk.ts'
import type { HoldRequest } from '../../collector/src/bank/draws.ts'
import type { Draw } from '../../collector/src/model/draw.ts'
import type { NodeId } from '../../collector/src/model/ids.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { HOUR, MINUTE } from '../collector/bank/ledger-rig.ts'
import { type DrawBook, nameOf } from './book.ts'
import { type Death, QUANTILES } from './collector.ts'
import { type Answered, type BankWorld, SECOND } from './world.ts'

const LEASE_MS_MAX = 8 * 3_600_000
const LEAD_MS = 2 * SECOND
const PROOF_MS = 90 * SECOND
const ACCEPTED_MS = 5 * SECOND
/** Longer than it takes to deposit a card that is free. */
const SURE_MS = 100 * SECOND

export type Call =
  | { readonly kind: 'hold'; readonly request: HoldRequest }
  | { readonly kind: 'book'; readonly request: FutureDraw }
  | { readonly kind: 'post' | 'void'; readonly drawId: string }
  | { readonly kind: 'extend'; readonly drawId: string; readonly untilMs: number }
  | {
      readonly kind: 'return'
      readonly drawId: string
      readonly ordinals: readonly number[] | 'all'
    }

/** What was known as the call was made. */
interface Asked {
  readonly atMs: number
  readonly answers: number
  readonly book: DrawBook | undefined
  readonly isAccused: boolean
}

export class Clients {
  /** Made so far, oldest first. */
  readonly calls: Call[] = []
  readonly #world: BankWorld

  constructor(world: BankWorld) {
    this.#world = world
  }

  /** What is wrong with the answer; none: it is as it should be. */
  async make(call: Call, death: Death | null = null): Promise<readonly string[]> {
    const world = this.#world
    const drawId = 'request' in call ? call.request.drawId : call.drawId
    const before = {
      atMs: world.nowMs,
      answers: world.answers.length,
      book: world.books.draws.get(drawId),
      isAccused: world.isAccused,
    }
    const result = await this.#answer(call, death)
    this.calls.push(call)
    const outcome =
      result.status === 'done' ? (result.isRepeat ? 'repeat' : 'done') : result.refusal.code
    world.note(`${call.kind} ${drawId}: ${outcome}${death === null ? '' : ', a process died'}`)
    const isRepeatable = death !== null
    return this.#judge(call, result, { ...before, isRepeatable }).map((fault) => {
      return `${call.kind} ${drawId} (${outcome}): ${fault}`
    })
  }

  /** The owner's operator takes a lease back. */
  async recall(leaseId: string, noticeMs: number): Promise<readonly string[]> {
    const world = this.#world
    const { nowMs } = world
    const draw = [...world.books.draws.values()].find(({ books }) => {
      return books.some((book) => book.leaseId === leaseId)
    })
    const lent =
      draw?.books.filter((book) => book.leaseId === leaseId && book.state === 'leased') ?? []
    const isOver = lent.every(({ untilMs }) => (untilMs ?? 0) <= nowMs)
    const result = await world.wait(
      world.life.leases.recall({ leaseId, noticeMs, cause: 'own work' }),
    )
    world.note(`recall ${leaseId} in ${noticeMs} ms: ${result.status}`)
    if (isOver) return result.status === 'lease_over' ? [] : ['a lease that is over is recalled']
    if (result.status !== 'recalled' || draw === undefined) return [`recall: ${result.status}`]
    world.books.recalled(draw, leaseId, { atMs: nowMs + noticeMs, nowMs })
    return []
  }

  #answer(call: Call, death: Death | null): Promise<DrawResult> {
    const world = this.#world
    switch (call.kind) {
      case 'hold':
        return world.hold(call.request, death)
      case 'book':
        return world.call(({ bookings }) => bookings.book(call.request, SCOPE_ALL), death)
      case 'post':
        return world.call(({ draws }) => draws.post(call.drawId), death)
      case 'void':
        return world.call(({ bookings, draws }) => {
          const isBooking = world.books.draws.get(call.drawId)?.request.startMs != null
          return isBooking ? bookings.void(call.drawId) : draws.void(call.drawId)
        }, death)
      case 'extend':
        return world.call(({ draws }) => draws.extend(call.drawId, call.untilMs), death)
      case 'return':
        return world.call(({ draws }) => draws.return(call.drawId, call.ordinals), death)
    }
  }

  #judge(
    call: Call,
    result: DrawResult,
    asked: Asked & { isRepeatable: boolean },
  ): readonly string[] {
    switch (call.kind) {
      case 'hold':
        return this.#judgeHold(call.request, result, asked)
      case 'book':
        return this.#judgeBook(call.request, result, asked)
      case 'post':
        return this.#judgePost(result, asked)
      case 'void':
        return this.#judgeVoid(result, asked)
      case 'extend':
        return this.#judgeExtend(call.untilMs, result, asked)
      case 'return':
        return this.#judgeReturn(call.ordinals, result, asked)
    }
  }

  #judgeHold(request: HoldRequest, result: DrawResult, asked: Asked): readonly string[] {
    const { books } = this.#world
    if (asked.isAccused) return expectRefusal(result, 'clock_accused')
    if (asked.book !== undefined) return this.#judgeRepeat(result, asked.book)
    const wanted =
      request.what.kind === 'pool'
        ? request.what.cards
        : request.what.lots.reduce((sum, { cards }) => sum + cards, 0)
    if (result.status === 'refused') {
      if (result.draw === null) return ['a refusal is kept with its id']
      const left = this.#surelyLeft(request, asked.atMs)
      books.refused(result.draw)
      const isPool = request.what.kind === 'pool'
      return isPool && left >= wanted ? [`${left} cards can surely be had`] : []
    }
    const { draw } = result
    const book = books.granted(draw)
    return [
      ...(draw.claims.length === wanted
        ? []
        : [`${draw.claims.length} cards instead of ${wanted}`]),
      ...this.#againstGrants(draw, book, asked.atMs),
    ]
  }

  /** Up to what is said to be free with the confidence asked for, in every hour. */
  #judgeBook(request: FutureDraw, result: DrawResult, asked: Asked): readonly string[] {
    const { books } = this.#world
    if (asked.isAccused) return expectRefusal(result, 'clock_accused')
    if (asked.book !== undefined) return this.#judgeRepeat(result, asked.book)
    const { confidencePpm, forMs, startMs, what } = request
    const [siteCode, cards] = what.kind === 'pool' ? [what.siteCode, what.cards] : [null, 0]
    const hours = hoursOf(startMs, startMs + forMs)
    const isOver = [500_000, 800_000, 950_000].map((ppm) => {
      const free = { 500000: QUANTILES.p50, 800000: QUANTILES.p80, 950000: QUANTILES.p95 }[ppm] ?? 0
      const counts = ppm <= (confidencePpm ?? 0)
      return (
        counts && hours.some((hour) => books.judge.bookedOf(siteCode, hour, ppm) + cards > free)
      )
    })
    if (result.status === 'done') {
      books.granted(result.draw)
      return isOver.includes(true) ? ['more is booked than is likely to be free'] : []
    }
    if (result.draw !== null) books.refused(result.draw)
    if (startMs - asked.atMs < MINUTE) return expectRefusal(result, 'too_far')
    const isSmall = hours.every(
      (hour) => books.judge.bookedOf(siteCode, hour, 0) + cards <= QUANTILES.p95,
    )
    return result.refusal.code === 'over_booked' && isSmall ? ['there is room for it'] : []
  }

  /** Cards that nothing at all stood in the way of for a while: of those no one is lost. */
  #surelyLeft({ isUnfencedTaken }: HoldRequest, atMs: number): number {
    const { accusedAtMs, answers, books, life, nodes } = this.#world
    if (atMs - accusedAtMs < SURE_MS || atMs - life.bornMs < SURE_MS) return 0
    const recent = answers.filter(({ askedAtMs }) => askedAtMs > atMs - 15 * SECOND)
    const sure = nodes.filter(({ isFenced, nodeId }) => {
      const isRefusing = recent.some(
        (one) => one.nodeId === nodeId && one.answer.status !== 'accepted',
      )
      return (
        (isFenced || isUnfencedTaken) &&
        !isRefusing &&
        atMs - books.evidence.toldToMs(nodeId) < 20 * SECOND
      )
    })
    const booked = [...books.draws.values()]
      .filter(({ state }) => state === 'booked')
      .reduce((sum, { request: { what } }) => sum + (what.kind === 'pool' ? what.cards : 0), 0)
    const cards = sure
      .flatMap(({ cards, siteCode }) => cards.map((card) => ({ card, siteCode })))
      .filter(({ card, siteCode }) => {
        return (
          !life.leases.needsFence(siteCode) && books.judge.isSurelyFree(card.unitId, atMs - SURE_MS)
        )
      })
    // What is booked is kept for who has booked it.
    return cards.length - booked
  }

  #judgeRepeat(result: DrawResult, book: DrawBook): readonly string[] {
    if (book.state === 'refused') {
      return result.status === 'refused' ? [] : ['a refusal becomes a grant']
    }
    if (result.status !== 'done' || !result.isRepeat) return ['a retry is not answered as before']
    const cards = result.draw.claims.map(({ unitId }) => unitId)
    const before = book.books.map(({ unitId }) => unitId)
    return cards.join() === before.join() ? [] : ['a retry names other cards']
  }

  #judgePost(result: DrawResult, asked: Asked & { isRepeatable: boolean }): readonly string[] {
    const { books, nowMs } = this.#world
    const { book } = asked
    if (asked.isAccused) return expectRefusal(result, 'clock_accused')
    if (book === undefined) return expectRefusal(result, 'draw_unknown')
    if (book.state === 'posted' || book.state === 'ended') return expectRepeat(result)
    if (book.state === 'lapsed') return expectRefusal(result, 'hold_lapsed')
    const canBePosted = book.state === 'held' || book.state === 'refused'
    if (!canBePosted) return expectRefusal(result, 'wrong_state')
    if (book.state === 'refused')
      return result.status === 'refused' ? [] : ['it was refused before']
    if ((book.holdUntilMs ?? 0) <= asked.atMs) return expectRefusal(result, 'hold_lapsed')
    if (result.status === 'refused') {
      if (result.draw !== null) books.refused(result.draw)
      return this.#againstRefusal(result, book, asked)
    }
    const { draw } = result
    const startMs = draw.startMs ?? 0
    const isInTime = startMs >= asked.atMs + LEAD_MS && startMs <= nowMs + LEAD_MS
    const posted = books.granted(draw)
    return [
      ...(isInTime ? [] : ['it does not begin two seconds after the post']),
      ...(draw.untilMs === startMs + draw.request.forMs
        ? []
        : ['it is not lent for as long as asked']),
      ...(result.isRepeat && !asked.isRepeatable ? ['it is said to have been posted before'] : []),
      ...this.#againstGrants(draw, posted, startMs - LEAD_MS - ACCEPTED_MS),
    ]
  }

  /** A post is refused only for what a node said, or for what the bookkeeper knows himself. */
  #againstRefusal(
    result: Extract<DrawResult, { readonly status: 'refused' }>,
    book: DrawBook,
    asked: Asked,
  ): readonly string[] {
    const { answers, nowMs } = this.#world
    const wasRefused = answers.slice(asked.answers).some(({ answer }) => {
      return answer.status !== 'accepted' || !answer.isFenced
    })
    const isOver = (book.holdUntilMs ?? 0) <= nowMs
    const cards = book.books.filter(({ state }) => state === 'held' || state === 'ended')
    const isBad = cards.some((one) => {
      const claim = result.draw?.claims[one.ordinal]
      return (
        claim !== undefined && this.#world.books.judge.againstGrant(claim, nowMs, book).length > 0
      )
    })
    const isLeft = cards.some(({ unitId }) => {
      return (
        unitId !== null && !this.#world.books.judge.isSurelyFree(unitId, nowMs - PROOF_MS, book)
      )
    })
    return wasRefused || isOver || isBad || isLeft ? [] : ['nothing stands in its way']
  }

  #judgeVoid(result: DrawResult, { book, isRepeatable }: Asked & { isRepeatable: boolean }) {
    const { books, nowMs } = this.#world
    if (book === undefined) return expectRefusal(result, 'draw_unknown')
    if (book.state === 'voided') return expectRepeat(result)
    if (book.state === 'lapsed') return expectRefusal(result, 'hold_lapsed')
    if (book.state !== 'held' && book.state !== 'booked')
      return expectRefusal(result, 'wrong_state')
    if (result.status !== 'done') return [`refused: ${result.refusal.code}`]
    books.released(book, 'voided', nowMs)
    return result.isRepeat && !isRepeatable ? ['it is said to be void already'] : []
  }

  #judgeExtend(untilMs: number, result: DrawResult, asked: Asked): readonly string[] {
    const { books, nowMs } = this.#world
    const { atMs, book } = asked
    if (asked.isAccused) return expectRefusal(result, 'clock_accused')
    if (book === undefined) return expectRefusal(result, 'draw_unknown')
    const lent = book.books.filter(({ state, untilMs: until, recallAtMs }) => {
      return state === 'leased' && (until ?? 0) > atMs && recallAtMs === null
    })
    if (book.state !== 'posted' || lent.length === 0) return expectRefusal(result, 'wrong_state')
    const shorter = lent.filter((one) => (one.untilMs ?? 0) < untilMs)
    if (shorter.length === 0) {
      const isSame = lent.every((one) => one.untilMs === untilMs)
      return isSame ? expectRepeat(result) : expectRefusal(result, 'wrong_state')
    }
    if (shorter.some((one) => untilMs - (one.startMs ?? 0) > LEASE_MS_MAX)) {
      return expectRefusal(result, 'too_long')
    }
    if (result.status === 'refused') return []
    books.extended(book, untilMs, nowMs)
    return shorter.flatMap((one) => {
      const isAccepted = one.nodeId !== null && this.#isAccepted(one.nodeId, one.unitId, atMs)
      return isAccepted ? [] : [`${nameOf(one)}: its node has not accepted the longer lease`]
    })
  }

  #judgeReturn(
    ordinals: readonly number[] | 'all',
    result: DrawResult,
    { book, isRepeatable }: Asked & { isRepeatable: boolean },
  ): readonly string[] {
    const { books, nowMs } = this.#world
    if (book === undefined) return expectRefusal(result, 'draw_unknown')
    if (book.state !== 'posted' && book.state !== 'ended')
      return expectRefusal(result, 'wrong_state')
    if (ordinals !== 'all' && ordinals.some((ordinal) => book.books[ordinal] === undefined)) {
      return expectRefusal(result, 'card_unknown')
    }
    const count = books.returned(book, ordinals, nowMs)
    if (result.status !== 'done') return [`refused: ${result.refusal.code}`]
    if (count === 0) return expectRepeat(result)
    return result.isRepeat && !isRepeatable ? ['it is said to have been given back before'] : []
  }

  /** All cards of the draw that are claimed: free to be had, and accepted since then. */
  #againstGrants(draw: Draw, book: DrawBook, acceptedSinceMs: number): readonly string[] {
    const { books, nowMs } = this.#world
    const live = draw.claims.filter(({ state }) => state !== 'ended')
    return live.flatMap((claim) => {
      const isAccepted =
        claim.nodeId !== null && this.#isAccepted(claim.nodeId, claim.unitId, acceptedSinceMs, draw)
      return [
        ...books.judge.againstGrant(claim, nowMs, book),
        ...(isAccepted ? [] : [`card ${claim.unitId}: its node has not accepted of late`]),
      ]
    })
  }

  #isAccepted(
    nodeId: NodeId,
    unitId: number | null,
    sinceMs: number,
    draw: Draw | null = null,
  ): boolean {
    const isFenceNeeded = draw !== null && !draw.request.isUnfencedTaken
    const isGood = ({ answer }: Answered) =>
      answer.status === 'accepted' && (answer.isFenced || !isFenceNeeded)
    return this.#world.answers.some((answered) => {
      const isAbout = answered.unitIds.some((one) => one === unitId)
      return (
        answered.nodeId === nodeId && isAbout && answered.askedAtMs >= sinceMs && isGood(answered)
      )
    })
  }
}

function hoursOf(fromMs: number, toMs: number): readonly number[] {
  const hours: number[] = []
  for (let hour = fromMs - (fromMs % HOUR); hour < toMs; hour += HOUR) hours.push(hour)
  return hours
}

function expectRefusal(result: DrawResult, code: string): readonly string[] {
  const found = result.status === 'refused' ? result.refusal.code : 'done'
  return found === code ? [] : [`should be refused: ${code}`]
}

function expectRepeat(result: DrawResult): readonly string[] {
  return result.status === 'done' && result.isRepeat ? [] : ['should be as it was before']
}
