/**
 * Lots: what can be drawn together, the open deposits of one model on one node. The bank knows a lot
 * by an opaque id, the same for as long as the collector keeps its identity, from which no node can
 * be told: its key is known to this collector alone, not to the members that hash accelerator ids.
 *
 * Pure, but for what has been matched before. Whether a node is heard is not asked here.
 */
import { createHmac, hkdfSync } from 'node:crypto'
import { type KeyPair, SHARE_PPM_WHOLE, type Vendor } from '@yiben/shared'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { CatalogueMatch } from '../catalogue/match.ts'
import { type NanoTflops, pOfUnit } from '../catalogue/petaflops.ts'
import type { NodeId } from '../model/ids.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { DepositedCard, NodeOffer } from '../model/offer.ts'
import { OwnerCalendars, type OwnerHours } from './owner-hours.ts'

const LABEL = 'yiben.lot.v1'
const KEY_BYTES = 32
/** 64 bits: a billion lots share an id with a chance of 3 %, a country's with one of 10^-7. */
const ID_HEX_CHARACTERS = 16
/** Printed names with memory and power cap: a country has hundreds. */
const PROFILES_MAX = 10_000
/** Tools report a little less than a card's nominal memory; ECC on GDDR takes up to 8 % of it. */
const NOMINAL_SHARE_MIN = 0.9
const NOMINAL_SHARE_MAX = 1.02

/** Cards that count as alike: one model with one size of memory. */
export interface CardKind {
  /** Equal for equal kinds, in no other use. */
  readonly key: string
  /** Its number among all kinds seen by this process, from 0. */
  readonly ordinal: number
  readonly vendor: Vendor
  /** `null`: no row of the catalogue matches the printed name. */
  readonly model: string | null
  readonly domestic: boolean | null
  /** Nominal, as sold, where the catalogue knows it and the tool's figure agrees. */
  readonly memoryGib: number | null
  /** Of one whole card; `null` when unrated. */
  readonly nanoTflops: NanoTflops | null
}

/**
 * Whether the owner's scheduler can still place jobs of its own on the lot (DESIGN 5, Handover).
 * The node's policy states it; one that states nothing is unfenced.
 */
export const FENCES = ['fenced', 'unfenced'] as const
export type Fence = (typeof FENCES)[number]

/** A card that can be drawn, as far as the store knows. */
export interface DrawableCard extends DepositedCard {
  readonly window: NonNullable<DepositedCard['window']>
}

export interface Lot {
  readonly id: string
  readonly nodeId: NodeId
  readonly siteCode: string
  readonly kind: CardKind
  /** As the vendor's tool reports it. */
  readonly memoryTotalMib: number | null
  readonly fence: Fence
  /** Longest lease the owner consents to; `leaseMsMaxAt` cuts it at the end of the hours. */
  readonly leaseMsMax: number | null
  /** When the owner lends. */
  readonly hours: OwnerHours
  /** Every open deposit of it, in the order of opening. */
  readonly cards: readonly DepositedCard[]
  /** Those of them that can be drawn, the one free longest first. */
  readonly drawable: readonly DrawableCard[]
  /** Cards of the node, of whatever model. */
  readonly cardsPlaced: number
}

/** The key of this collector's lots: one-way from the private key that it signs with. */
export function lotKeyOf(identity: Pick<KeyPair, 'privateKey'>): Uint8Array {
  const secret = identity.privateKey.export({ format: 'der', type: 'pkcs8' })
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), LABEL, KEY_BYTES))
}

export class Lots {
  readonly #key: Uint8Array
  readonly #catalogue: Pick<Catalogue, 'match'>
  readonly #nominalGib: ReadonlyMap<string, number | null>
  readonly #calendars = new OwnerCalendars()
  readonly #kinds = new Map<string, CardKind>()
  readonly #kindsByKey = new Map<string, CardKind>()

  constructor(key: Uint8Array, catalogue: Pick<Catalogue, 'match' | 'chips'>) {
    this.#key = key
    this.#catalogue = catalogue
    this.#nominalGib = new Map(
      catalogue.chips.map(({ vendor, model, memoryGib }) => [`${vendor}/${model}`, memoryGib]),
    )
  }

  /** Equal kinds are one object. */
  kindOf(profile: DeviceProfile): CardKind {
    const { vendor, name, memoryTotalMib, powerCapWatts } = profile
    const key = `${vendor}/${memoryTotalMib}/${powerCapWatts}/${name}`
    const known = this.#kinds.get(key)
    if (known !== undefined) return known
    const matched = this.#matched(profile)
    const kind = this.#kindsByKey.get(matched.key) ?? {
      ...matched,
      ordinal: this.#kindsByKey.size,
    }
    if (this.#kinds.size >= PROFILES_MAX) this.#kinds.clear()
    this.#kinds.set(key, kind)
    this.#kindsByKey.set(kind.key, kind)
    return kind
  }

  idOf(nodeId: NodeId, { key }: CardKind): string {
    const hash = createHmac('sha256', this.#key)
      .update(JSON.stringify([LABEL, nodeId, key]))
      .digest('hex')
    return `l-${hash.slice(0, ID_HEX_CHARACTERS)}`
  }

  /** The lots of a node; `before` lends ids that are known already, which are dear to make. */
  of(offer: NodeOffer, before: readonly Lot[] = []): readonly Lot[] {
    const byKind = Map.groupBy(offer.cards, ({ profile }) => this.kindOf(profile))
    const hours = this.#calendars.of(offer.calendar)
    return [...byKind].map(([kind, cards]) => {
      const id = before.find((lot) => lot.kind === kind)?.id ?? this.idOf(offer.nodeId, kind)
      return { id, kind, hours, ...termsOf(cards, offer) }
    })
  }

  #matched({ vendor, name, memoryTotalMib, powerCapWatts }: DeviceProfile) {
    const device = { vendor, name, memoryMib: memoryTotalMib, powerCapWatts }
    const match = this.#catalogue.match(device)
    const memoryGib = this.#memoryGibOf(match, memoryTotalMib)
    const nanoTflops = match.rated ? pOfUnit(match, SHARE_PPM_WHOLE) : null
    // A printed name that nobody knows is a kind of its own: it may be anything.
    const names = match.model === null ? [null, name] : [match.model]
    const key = JSON.stringify([vendor, memoryGib, ...names])
    return { key, vendor, model: match.model, domestic: match.domestic, memoryGib, nanoTflops }
  }

  #memoryGibOf(match: CatalogueMatch, memoryTotalMib: number | null): number | null {
    if (memoryTotalMib === null) return null
    const reportedGib = memoryTotalMib / 1024
    const wholeGib = this.#nominalGib.get(`${match.vendor}/${match.model}`) ?? null
    const nominalGib = wholeGib === null ? null : wholeGib / (match.listedUnits ?? 1)
    const share = nominalGib === null ? 0 : reportedGib / nominalGib
    const isNominal = share >= NOMINAL_SHARE_MIN && share <= NOMINAL_SHARE_MAX
    return isNominal ? nominalGib : Math.round(reportedGib)
  }
}

/** What the key of a kind says of it. */
export function kindNamedBy(key: string) {
  // Made above, in `#matched`; a kind without a model ends in its printed name.
  const [vendor, memoryGib, model, printedName = null] = JSON.parse(key) as readonly [
    vendor: string,
    memoryGib: number | null,
    model: string | null,
    printedName?: string,
  ]
  return { vendor, memoryGib, model, printedName }
}

/** Since when the card free shortest has been free; `null` where none can be drawn. */
export function freeSinceMsOf({ drawable }: Pick<Lot, 'drawable'>): number | null {
  return drawable.at(-1)?.window.ageStartMs ?? null
}

/**
 * The longest lease that may begin at `atMs`: as the owner's policy says, and not beyond the end of the
 * hours in which it lends. `null` while the node has told no policy; not positive outside the hours.
 */
export function leaseMsMaxAt(
  { hours, leaseMsMax }: Pick<Lot, 'hours' | 'leaseMsMax'>,
  atMs: number,
): number | null {
  if (leaseMsMax === null) return null
  const untilMs = hours.openUntilMs(atMs)
  return untilMs === null ? leaseMsMax : Math.min(leaseMsMax, untilMs - atMs)
}

/** All cards of its node can be drawn with it. */
export function isWholeNode({ drawable, cardsPlaced }: Lot): boolean {
  return drawable.length === cardsPlaced
}

function termsOf(
  cards: readonly DepositedCard[],
  offer: NodeOffer,
): Omit<Lot, 'id' | 'kind' | 'hours'> {
  const drawable = cards
    .filter(isDrawable)
    .sort((left, right) => left.window.ageStartMs - right.window.ageStartMs)
  return {
    nodeId: offer.nodeId,
    siteCode: offer.siteCode,
    memoryTotalMib: cards[0]?.profile.memoryTotalMib ?? null,
    fence: offer.isFenced ? 'fenced' : 'unfenced',
    leaseMsMax: offer.leaseMsMax,
    cards,
    drawable,
    cardsPlaced: offer.cardsPlaced,
  }
}

function isDrawable(card: DepositedCard): card is DrawableCard {
  return card.window !== null && !card.isWithheld && !card.isDisputed && !card.isClaimed
}
