/**
 * A request for a draw as the client may send it, and the canonical one that is kept: defaults
 * filled in, lots in order, so that a retry is known by equal fields. Pure. Lengths are
 * milliseconds, chances ppm.
 */
import { isDeepStrictEqual } from 'node:util'
import { VENDORS } from '@yiben/shared'
import type { DrawRequest, NamedCards, PoolOfCards, Swap } from '../model/draw.ts'

/**
 * One draw is read and written whole, and one entry of the journal tells it: 1,024 cards of as many
 * nodes fit its bound. Who needs more draws twice.
 */
export const CARDS_PER_DRAW_MAX = 1_024
const LOTS_PER_DRAW_MAX = CARDS_PER_DRAW_MAX
/** DESIGN 5. */
export const HOLD_MS_DEFAULT = 30_000
export const HOLD_MS_MAX = 5 * 60_000
const HOLD_MS_MIN = 1_000
/** Shorter than any job, and longer than what ends at once. */
const LEASE_MS_MIN = 60_000
/** Owners consent to far less; past this a promise is no idle time any more. */
export const LEASE_MS_MAX = 31 * 86_400_000
/** Characters. Names and numbers of contracts, not their texts. */
const TEXT_LENGTH_MAX = 120
const MEMORY_GIB_MAX = 4_096
const PPM_WHOLE = 1_000_000

const DRAW_ID = /^[A-Za-z0-9._:-]{1,64}$/
const REGION = /^\d{2}(\d{2}(\d{2})?)?$/
/** Control characters do not belong into names, entries and statements. */
const PLAIN_TEXT = /^[^\p{Cc}\p{Cs}]+$/u

export type PoolInput = Pick<PoolOfCards, 'kind' | 'cards'> & Partial<PoolOfCards>
type Parties = Pick<DrawRequest, 'drawId' | 'bank' | 'borrower' | 'contract' | 'forMs'>
export interface DrawInput extends Parties, Partial<Omit<DrawRequest, 'what' | keyof Parties>> {
  readonly what: NamedCards | PoolInput
}

export type CanonicalDraw =
  | { readonly status: 'ok'; readonly request: DrawRequest }
  | { readonly status: 'invalid'; readonly field: string; readonly sentence: string }

interface Rule {
  readonly field: string
  readonly isKept: (request: DrawRequest) => boolean
  readonly sentence: string
}

const RULES: readonly Rule[] = [
  {
    field: 'draw_id',
    isKept: ({ drawId }) => DRAW_ID.test(drawId),
    sentence: 'must be 1 to 64 letters, digits, dots, colons, hyphens or underscores',
  },
  ...(['bank', 'borrower', 'contract'] as const).map((field) => ({
    field,
    isKept: (request: DrawRequest) => isText(request[field]),
    sentence: `must be 1 to ${TEXT_LENGTH_MAX} printable characters`,
  })),
  {
    field: 'for',
    isKept: ({ forMs }) => isWithin(forMs, LEASE_MS_MIN, LEASE_MS_MAX),
    sentence: 'must be from a minute to 31 days',
  },
  {
    field: 'hold',
    isKept: ({ holdMs }) => isWithin(holdMs, HOLD_MS_MIN, HOLD_MS_MAX),
    sentence: 'must be from a second to 5 minutes',
  },
  {
    field: 'start',
    isKept: ({ startMs }) => startMs === null || Number.isSafeInteger(startMs),
    sentence: 'must be an instant',
  },
  {
    field: 'confidence',
    isKept: ({ confidencePpm: ppm }) => ppm === null || isWithin(ppm, 1, PPM_WHOLE - 1),
    sentence: 'must lie between 0 and 1',
  },
  {
    field: 'swap',
    isKept: ({ swap, what }) => what.kind === 'pool' || swap === 'never',
    sentence: 'cards that are named are never swapped',
  },
  {
    field: 'lots',
    isKept: ({ what }) => what.kind === 'pool' || areLots(what),
    sentence: `must name 1 to ${LOTS_PER_DRAW_MAX} lots once each, with cards of each`,
  },
  {
    field: 'cards',
    isKept: (request) => isWithin(cardsAskedOf(request), 1, CARDS_PER_DRAW_MAX),
    sentence: `must be 1 to ${CARDS_PER_DRAW_MAX}; draw more than once for more`,
  },
  {
    field: 'cards_per_node',
    isKept: ({ what }) => what.kind === 'cards' || areGroups(what),
    sentence: 'must divide the number of cards',
  },
  {
    field: 'cards_min',
    isKept: ({ startMs, what }) => what.kind === 'cards' || isLeast(what, startMs),
    sentence: 'belongs to a booking and must not exceed its cards',
  },
  {
    field: 'vendor',
    isKept: ({ what }) => what.kind === 'cards' || isVendor(what.vendor),
    sentence: `must be one of ${VENDORS.join(', ')}`,
  },
  {
    field: 'memory_gib_min',
    isKept: ({ what }) => what.kind === 'cards' || isMemory(what.memoryGibMin),
    sentence: `must be 1 to ${MEMORY_GIB_MAX}`,
  },
  {
    field: 'region',
    isKept: ({ what }) => what.kind === 'cards' || isRegion(what.regionCode),
    sentence: 'must be a GB/T 2260 code of 2, 4 or 6 digits',
  },
  ...(['model', 'siteCode', 'hub'] as const).map((key) => ({
    field: key === 'siteCode' ? 'site' : key,
    isKept: ({ what }: DrawRequest) =>
      what.kind === 'cards' || what[key] === null || isText(what[key]),
    sentence: `must be 1 to ${TEXT_LENGTH_MAX} printable characters`,
  })),
]

/** `field` is the first at fault, by the name it has in the interface. */
export function canonicalDraw(input: DrawInput): CanonicalDraw {
  const request = withDefaults(input)
  const broken = RULES.find((rule) => !rule.isKept(request))
  if (broken === undefined) return { status: 'ok', request }
  return { status: 'invalid', field: broken.field, sentence: broken.sentence }
}

/** A retry of the same: whatever the order of fields. */
export function isSameRequest(left: DrawRequest, right: DrawRequest): boolean {
  return isDeepStrictEqual(left, right)
}

export function cardsAskedOf({ what }: Pick<DrawRequest, 'what'>): number {
  if (what.kind === 'pool') return what.cards
  return what.lots.reduce((sum, { cards }) => sum + cards, 0)
}

function withDefaults(input: DrawInput): DrawRequest {
  const { drawId, bank, borrower, contract, forMs, what } = input
  return {
    drawId,
    bank,
    borrower,
    contract,
    what: what.kind === 'cards' ? namedCards(what) : poolOf(what),
    startMs: input.startMs ?? null,
    forMs,
    holdMs: input.holdMs ?? HOLD_MS_DEFAULT,
    swap: input.swap ?? swapDefault(what.kind),
    confidencePpm: input.confidencePpm ?? null,
    isUnfencedTaken: input.isUnfencedTaken ?? false,
    isKeptInSilence: input.isKeptInSilence ?? false,
  }
}

/** Cards of a pool are the collector's to choose until the borrower has seen them. */
function swapDefault(kind: 'cards' | 'pool'): Swap {
  return kind === 'pool' ? 'before_start' : 'never'
}

function namedCards({ lots }: NamedCards): NamedCards {
  const named = lots.map(({ lotId, cards }) => ({ lotId, cards }))
  named.sort((left, right) => (left.lotId < right.lotId ? -1 : left.lotId > right.lotId ? 1 : 0))
  return { kind: 'cards', lots: named }
}

function poolOf(input: PoolInput): PoolOfCards {
  return {
    kind: 'pool',
    vendor: input.vendor ?? null,
    model: input.model ?? null,
    isDomestic: input.isDomestic ?? null,
    memoryGibMin: input.memoryGibMin ?? null,
    siteCode: input.siteCode ?? null,
    regionCode: input.regionCode ?? null,
    hub: input.hub ?? null,
    cards: input.cards,
    cardsMin: input.cardsMin ?? null,
    cardsPerNode: input.cardsPerNode ?? null,
    isSameSite: input.isSameSite ?? false,
  }
}

function isText(text: string): boolean {
  return text.length <= TEXT_LENGTH_MAX && PLAIN_TEXT.test(text)
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most
}

function areLots({ lots }: NamedCards): boolean {
  if (!isWithin(lots.length, 1, LOTS_PER_DRAW_MAX)) return false
  if (new Set(lots.map(({ lotId }) => lotId)).size !== lots.length) return false
  return lots.every(({ lotId, cards }) => {
    return isText(lotId) && isWithin(cards, 1, CARDS_PER_DRAW_MAX)
  })
}

function areGroups({ cards, cardsPerNode }: PoolOfCards): boolean {
  if (cardsPerNode === null) return true
  return isWithin(cardsPerNode, 1, CARDS_PER_DRAW_MAX) && cards % cardsPerNode === 0
}

function isLeast({ cards, cardsMin }: PoolOfCards, startMs: number | null): boolean {
  return cardsMin === null || (startMs !== null && isWithin(cardsMin, 1, cards))
}

function isVendor(vendor: string | null): boolean {
  return vendor === null || VENDORS.some((one) => one === vendor)
}

function isMemory(memoryGibMin: number | null): boolean {
  return memoryGibMin === null || isWithin(memoryGibMin, 1, MEMORY_GIB_MAX)
}

function isRegion(regionCode: string | null): boolean {
  return regionCode === null || REGION.test(regionCode)
}
