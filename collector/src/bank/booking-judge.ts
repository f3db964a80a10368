/**
 * Whether a booking can be taken: up to the quantile that the bank asks for, in every hour it touches
 * (DESIGN 5, C17). Pure; the last word is the store's, which counts what is booked already.
 *
 * Refusals in order: too_far, lot_unknown, too_long, not_sure_enough (no quantile asked for, or nobody knows
 * one), over_booked.
 */
import type { DrawRefusal, DrawRequest, PoolOfCards } from '../model/draw.ts'
import type { BookedCards } from '../storage/draw-requests.ts'
import { type BookingRequest, bookedHoursOf } from './booking.ts'
import { refusalOf } from './draw-refusal.ts'
import { type CardKind, kindNamedBy } from './lots.ts'

/** Sooner it is a draw; past seven days nobody knows what will be free. */
const BOOK_AHEAD_MS_MIN = 60_000
const BOOK_AHEAD_MS_MAX = 7 * 86_400_000

/** Quantiles that the forecast gives, in ppm. */
const CONFIDENCES_PPM = [500_000, 800_000, 950_000] as const
type ConfidencePpm = (typeof CONFIDENCES_PPM)[number]

/** How many cards of a kind will be free at a site at an instant; `null`: nobody knows. */
export interface PoolQuantiles {
  freeQuantiles(
    siteCode: string,
    kindKey: string,
    atMs: number,
  ): { readonly p50: number; readonly p80: number; readonly p95: number } | null
}

/** A kind of card as a booking means it. */
export interface BookedKind extends Pick<CardKind, 'key' | 'model' | 'memoryGib'> {
  readonly vendor: string
}

/** What the forecast knows of pools. */
export interface BookedPools extends PoolQuantiles {
  /** Kinds of card that are, or have been, seen at a site. */
  kindsAt(siteCode: string): readonly BookedKind[]
}

/** Its pools are named by site and key of the kind. */
export function bookedPoolsOf(
  pools: PoolQuantiles & {
    pools(): readonly { readonly siteCode: string; readonly kindKey: string }[]
  },
): BookedPools {
  return {
    freeQuantiles: (siteCode, kindKey, atMs) => pools.freeQuantiles(siteCode, kindKey, atMs),
    kindsAt: (siteCode) =>
      pools
        .pools()
        .filter((pool) => pool.siteCode === siteCode)
        .map(({ kindKey }) => ({ key: kindKey, ...kindNamedBy(kindKey) })),
  }
}

/** A draw with a start, as the client asked for it. */
export type FutureDraw = DrawRequest & { readonly startMs: number }

export interface BookingPresent {
  readonly nowMs: number
  /** `null`: no forecast runs. */
  readonly pools: PoolQuantiles | null
  /** Of the site asked for; none where it is out of the asker’s sight. */
  readonly kinds: readonly BookedKind[]
  /** The longest lease that any owner of the kind grants there now; `null`: none is on offer. */
  readonly leaseMsMaxOf: (kind: BookedKind) => number | null
}

export type BookingVerdict =
  | {
      readonly status: 'possible'
      readonly request: BookingRequest
      readonly booked: readonly BookedCards[]
    }
  | { readonly status: 'refused'; readonly refusal: DrawRefusal }

export function judgeBooking(
  request: FutureDraw,
  { kinds, leaseMsMaxOf, nowMs, pools }: BookingPresent,
): BookingVerdict {
  const { what } = request
  const aheadMs = request.startMs - nowMs
  if (aheadMs < BOOK_AHEAD_MS_MIN || aheadMs + request.forMs > BOOK_AHEAD_MS_MAX) {
    return refuse(refusalOf('too_far', { sentence: AHEAD_SENTENCE }))
  }
  if (what.kind !== 'pool' || what.siteCode === null || what.model === null) {
    return refuse(refusalOf('lot_unknown', { sentence: 'a booking names a site and a model' }))
  }
  const { siteCode } = what
  const meant = kinds.filter((kind) => isAsked(kind, what))
  if (meant.length === 0) return refuse(refusalOf('lot_unknown'))
  const asked = meant.filter((kind) => (leaseMsMaxOf(kind) ?? request.forMs) >= request.forMs)
  if (asked.length === 0) return refuse(refusalOf('too_long'))
  const confidencePpm = CONFIDENCES_PPM.find((ppm) => ppm === request.confidencePpm)
  if (confidencePpm === undefined || pools === null) return unsure()
  const known = asked.flatMap((kind) => {
    const hours = quantilesOf(pools, { request, siteCode, kind, confidencePpm, cards: what.cards })
    return hours === null ? [] : [{ hours, cards: Math.min(...hours.map((one) => one.cardsMax)) }]
  })
  // Of several kinds that are meant, the one of which most is likely to be free.
  const best = known.sort((left, right) => right.cards - left.cards)[0]
  if (best === undefined) return unsure()
  if (best.cards < what.cards) {
    return refuse(refusalOf('over_booked', { cardsAvailable: best.cards }))
  }
  const booking: BookingRequest = { ...request, what: { ...what, siteCode } }
  return { status: 'possible', request: booking, booked: best.hours }
}

const AHEAD_SENTENCE = 'a booking begins a minute ahead at least and ends within seven days'
const QUANTILE_SENTENCE =
  'a booking asks for what is free with 0.5, 0.8 or 0.95, and that must be known of the site'

function refuse(refusal: DrawRefusal): BookingVerdict {
  return { status: 'refused', refusal }
}

function unsure(): BookingVerdict {
  return refuse(refusalOf('not_sure_enough', { sentence: QUANTILE_SENTENCE }))
}

function isAsked(kind: BookedKind, what: PoolOfCards): boolean {
  if (kind.model !== what.model) return false
  if (what.vendor !== null && kind.vendor !== what.vendor) return false
  const { memoryGibMin } = what
  return memoryGibMin === null || (kind.memoryGib !== null && kind.memoryGib >= memoryGibMin)
}

/** `null`: of some hour nobody knows how much will be free. */
function quantilesOf(
  pools: PoolQuantiles,
  asked: {
    readonly request: FutureDraw
    readonly siteCode: string
    readonly kind: BookedKind
    readonly confidencePpm: ConfidencePpm
    readonly cards: number
  },
): readonly BookedCards[] | null {
  const { cards, confidencePpm, request, siteCode } = asked
  const kindKey = asked.kind.key
  const hours: BookedCards[] = []
  for (const hourMs of bookedHoursOf(request)) {
    const free = pools.freeQuantiles(siteCode, kindKey, Math.max(hourMs, request.startMs))
    if (free === null) return null
    const cardsMax = { 500000: free.p50, 800000: free.p80, 950000: free.p95 }[confidencePpm]
    hours.push({ siteCode, kindKey, hourMs, confidencePpm, cards, cardsMax })
  }
  return hours
}
