/** Refusals of draws with their sentences; the order of their checks is `DRAW_REFUSALS`. Pure. */
import { DRAW_REFUSALS, type DrawRefusal, type DrawRefusalCode } from '../model/draw.ts'

/** For a person; none names a node. */
const SENTENCES: Readonly<Record<DrawRefusalCode, string>> = {
  recovering: 'the collector was restored and does not know yet what is lent: try again later',
  clock_accused: 'the collector doubts its own clock: nothing is granted until that is settled',
  deposits_suspended: 'the collector suspects its own links: nothing is granted meanwhile',
  id_reused: 'this id names another draw',
  draw_unknown: 'no draw has this id',
  wrong_state: 'the draw is in a state in which this cannot be done',
  hold_lapsed: 'the hold has lapsed',
  card_unknown: 'the draw has no such card',
  spans_ledgers: 'the lots are of more than one collector: draw from each by itself',
  child_closed: 'the collector that has the cards does not let this one draw them',
  too_far: 'it would begin too far in the future',
  lot_unknown: 'no such lot is deposited',
  unfenced: 'only cards that their owner’s scheduler can still use would serve',
  too_long: 'no owner who has the cards lends them for so long',
  node_suspended: 'the nodes that have the cards are not heard now',
  not_enough: 'not enough cards are deposited and free',
  not_sure_enough: 'no choice of cards is as likely to last as was asked for',
  over_booked: 'more would be booked than is likely to be free',
  taken: 'another draw was quicker',
  node_unreachable: 'a node that has the cards did not answer in time',
  declined: 'a node that has the cards does not lend them now',
}

/** Of the collector itself: they say nothing of the request, and are not remembered with its id. */
const PASSING: ReadonlySet<DrawRefusalCode> = new Set([
  'recovering',
  'clock_accused',
  'deposits_suspended',
])

export interface RefusalDetail {
  /** As a node gave it, or which filter stands in the way. */
  readonly reason?: string | null
  readonly cardsAvailable?: number | null
  readonly sentence?: string
}

export function refusalOf(code: DrawRefusalCode, detail: RefusalDetail = {}): DrawRefusal {
  return {
    code,
    sentence: detail.sentence ?? SENTENCES[code],
    reason: detail.reason ?? null,
    cardsAvailable: detail.cardsAvailable ?? null,
  }
}

export function isPassing({ code }: DrawRefusal): boolean {
  return PASSING.has(code)
}

/** The one that is looked for first. */
export function firstOf(refusals: readonly DrawRefusal[]): DrawRefusal | null {
  const rank = ({ code }: DrawRefusal) => DRAW_REFUSALS.indexOf(code)
  return refusals.reduce<DrawRefusal | null>(
    (first, one) => (first === null || rank(one) < rank(first) ? one : first),
    null,
  )
}
