/**
 * A capacity search that takes in collectors below: what each of them has, and the lots of the one that
 * serves the request. A draw is of one ledger, so what two of them have is never put together.
 */
import type { CapacityRequest } from '../../bank/capacity.ts'
import type { Supply } from '../../bank/capacity-need.ts'
import type { ToldCapacity, ToldPlace } from '../../placed/words.ts'
import { type CapacityBody, takenLotSchema } from './capacity.ts'
import { petaText } from './ledger.ts'

export interface BelowAsked {
  readonly request: CapacityRequest
  readonly limit: number
  /** What this ledger itself has. */
  readonly own: { readonly total: Supply; readonly available: Supply }
  readonly hours: number | null
}

export function withBelow(
  body: CapacityBody,
  { places, unheard }: ToldCapacity,
  asked: BelowAsked,
): CapacityBody {
  const children = [
    ...places.map((place) => ({
      path: place.path,
      name: place.name,
      heard: true,
      satisfied: place.satisfied,
      lots_total: place.lots_total,
      ...supplyOf(place),
      available: supplyOf(place.available),
      suspended_cards: place.suspended_cards,
    })),
    ...unheard.map(({ name, path }) => ({ path, name, heard: false, ...NOTHING })),
  ]
  const all = { ...body, children }
  if (asked.request.amount === null) return everything(all, places, asked)
  const place = bestOf(places, body, asked)
  return place === null ? all : { ...all, ...bodyOf(place, asked) }
}

const NO_SUPPLY = { cards: 0, p: '0' }
const NOTHING = {
  satisfied: false,
  lots_total: 0,
  ...NO_SUPPLY,
  available: NO_SUPPLY,
  suspended_cards: 0,
}

/** Every lot by itself. */
function everything(
  body: CapacityBody,
  places: readonly ToldPlace[],
  { limit, own }: BelowAsked,
): CapacityBody {
  const sumOf = (supply: Supply, told: readonly ToldSupply[]) => {
    const cards = told.reduce((sum, one) => sum + one.cards, supply.cards)
    const p = told.reduce((sum, one) => sum + BigInt(one.nano_tflops), supply.nanoTflops)
    return { cards, p: petaText(p) }
  }
  const availables = places.map(({ available }) => available)
  return {
    ...body,
    satisfied: body.satisfied || places.some(({ satisfied }) => satisfied),
    ...sumOf(own.total, places),
    lots_total: places.reduce((sum, place) => sum + place.lots_total, body.lots_total),
    lots: [...body.lots, ...places.flatMap(lotsOf)].slice(0, limit),
    available: sumOf(own.available, availables),
    suspended_cards: places.reduce((sum, one) => sum + one.suspended_cards, body.suspended_cards),
  }
}

/** Where this ledger does not serve: the nearest that does, else what comes closest; `null`: this one. */
function bestOf(
  places: readonly ToldPlace[],
  body: CapacityBody,
  { own, request }: BelowAsked,
): ToldPlace | null {
  if (body.satisfied) return null
  const nearest = [...places].sort((left, right) => left.path.length - right.path.length)
  const serving = nearest.find(({ satisfied }) => satisfied)
  if (serving !== undefined) return serving
  const amountOf = ({ cards, nano_tflops: p }: ToldSupply) =>
    request.amount?.unit === 'p' ? BigInt(p) : BigInt(cards)
  const { cards, nanoTflops } = own.available
  let most = amountOf({ cards, nano_tflops: String(nanoTflops) })
  let best: ToldPlace | null = null
  for (const place of nearest) {
    const amount = amountOf(place.available)
    if (amount <= most) continue
    most = amount
    best = place
  }
  return best
}

function bodyOf(place: ToldPlace, { hours, limit }: BelowAsked) {
  const { probability, satisfied } = place
  return {
    satisfied,
    ...supplyOf(place),
    lots_total: place.lots_total,
    lots: lotsOf(place).slice(0, limit),
    available: supplyOf(place.available),
    available_sure: null,
    suspended_cards: place.suspended_cards,
    in_the_way: [],
    forecast: probability === null || hours === null ? null : { probability, hours },
  }
}

/** What is no lot is left out: another program may say more of its lots, or other things. */
function lotsOf({ lots, path }: ToldPlace): CapacityBody['lots'] {
  return lots.flatMap((lot) => {
    const read = takenLotSchema.safeParse(lot)
    return read.success ? [{ ...read.data, path: [...path] }] : []
  })
}

interface ToldSupply {
  readonly cards: number
  readonly nano_tflops: string
}

function supplyOf({ cards, nano_tflops: nanoTflops }: ToldSupply) {
  return { cards, p: petaText(BigInt(nanoTflops)) }
}
