/** Nodes with deposited cards, made up in a line each, and the search over them. */

import {
  type CapacityAnswer,
  type CapacityRequest,
  type SearchSurroundings,
  searchCapacity,
} from '../../../collector/src/bank/capacity.ts'
import type { LotFilters } from '../../../collector/src/bank/capacity-filter.ts'
import { CapacityIndex } from '../../../collector/src/bank/capacity-index.ts'
import type { Outlook } from '../../../collector/src/bank/capacity-outlook.ts'
import { Lots } from '../../../collector/src/bank/lots.ts'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import type { NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import type { DeviceProfile } from '../../../collector/src/model/inventory.ts'
import type { NodeOffer } from '../../../collector/src/model/offer.ts'
import type { Site } from '../../../collector/src/model/site.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'

export const NOW_MS = Date.UTC(2026, 2, 1, 12)
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const CATALOGUE = loadCatalogue()

export const PROFILES = {
  H800: profile('nvidia', 'NVIDIA H800', 81_559, 700),
  '910B3': profile('ascend', '910B3', 65_536, null),
  'RTX 4090': profile('nvidia', 'NVIDIA GeForce RTX 4090', 24_564, 450),
  unknown: profile('nvidia', 'Quantum X1', 40_960, null),
} as const satisfies Readonly<Record<string, DeviceProfile>>
export type ProfileName = keyof typeof PROFILES

const REGIONS: Readonly<Record<string, string>> = { A: '110108', B: '110115', C: '520115' }

export interface NodeSpec {
  /** Free and deposited, of so many placed in the node. */
  readonly free: number
  readonly of?: number
  readonly site?: string
  readonly card?: ProfileName
  readonly freeForMs?: number
  readonly leaseMsMax?: number | null
  readonly calendar?: string | null
  readonly isFenced?: boolean
  readonly provenAgoMs?: number
}

/** Node `index` has the cards `100 * index + 1` and so on, free the longer the lower it is. */
export function offerOf(spec: NodeSpec, index: number): NodeOffer {
  const {
    free,
    of = 8,
    site = 'A',
    card = 'H800',
    freeForMs = 2 * HOUR - index * MINUTE,
    leaseMsMax = 8 * HOUR,
  } = spec
  const provenToMs = NOW_MS - (spec.provenAgoMs ?? MINUTE)
  const startMs = provenToMs - freeForMs
  return {
    nodeId: nodeIdOf(index),
    siteCode: site,
    cardsPlaced: of,
    leaseMsMax,
    calendar: spec.calendar ?? null,
    isFenced: spec.isFenced ?? false,
    cards: Array.from({ length: free }, (_, number) => ({
      unitId: (100 * index + number + 1) as UnitId,
      depositId: `d-${index}-${number}`,
      profile: PROFILES[card],
      windowStartMs: startMs,
      openedAtMs: startMs + 15 * MINUTE,
      window: { ageStartMs: startMs, provenToMs },
      isWithheld: false,
      isDisputed: false,
      isClaimed: false,
    })),
  }
}

export function nodeIdOf(index: number): NodeId {
  return `n-${index.toString(16).padStart(16, '0')}` as NodeId
}

export function newLots(seed = 7): Lots {
  return new Lots(new Uint8Array(32).fill(seed), CATALOGUE)
}

/** One for all indexes, so that equal kinds have equal numbers. */
const LOTS = newLots()

export function indexOf(specs: readonly NodeSpec[]): CapacityIndex {
  return indexOfOffers(specs.map(offerOf))
}

export function indexOfOffers(offers: readonly NodeOffer[]): CapacityIndex {
  const hubOf = (code: string) => (code.startsWith('52') ? '贵州' : code === '' ? null : '京津冀')
  const index = new CapacityIndex({ lots: LOTS, hubOf })
  index.putSites(Object.entries(REGIONS).map(([code, region]) => siteOf(code, region)))
  for (const offer of offers) index.put(offer)
  return index
}

export function siteOf(code: string, regionCode: string): Site {
  const nobody = { operatorCode: null, operatorName: null, ownerCode: null, ownerName: null }
  const terms = { ...nobody, regionCode, keep: [], validFromMs: 0, validToMs: null }
  return { code, name: code, terms }
}

export interface Ask extends Partial<LotFilters>, Partial<Omit<CapacityRequest, 'filters'>> {
  readonly cards?: number
  readonly p?: bigint
}

export function requestOf(ask: Ask): CapacityRequest {
  const { cards, p, amount, cardsPerNode, isSameSite, confidence, ...filters } = ask
  return {
    filters: {
      model: null,
      vendor: null,
      domestic: null,
      memoryGibMin: null,
      region: null,
      hub: null,
      forMs: null,
      includesUnfenced: true,
      ...filters,
    },
    amount:
      amount ??
      (cards !== undefined
        ? { unit: 'cards', cards }
        : p !== undefined
          ? { unit: 'p', nanoTflops: p }
          : null),
    cardsPerNode: cardsPerNode ?? null,
    isSameSite: isSameSite ?? false,
    confidence: confidence ?? null,
  }
}

export const SURROUNDINGS: SearchSurroundings = {
  nowMs: NOW_MS,
  isSuspended: () => false,
  scope: SCOPE_ALL,
  outlook: null,
}

export function search(
  specs: readonly NodeSpec[],
  ask: Ask,
  surroundings: Partial<SearchSurroundings> = {},
): CapacityAnswer {
  return searchCapacity(indexOf(specs), requestOf(ask), { ...SURROUNDINGS, ...surroundings })
}

/** `{node: cards}` of what is taken. */
export function taken(answer: CapacityAnswer): Readonly<Record<number, number>> {
  return Object.fromEntries(
    answer.takes.map(({ offer, cards }) => [Number.parseInt(offer.lot.nodeId.slice(2), 16), cards]),
  )
}

/** Each card by itself, with the chance per hour of its node; `null`: nothing is known. */
export class Independent implements Outlook {
  readonly #perHour: readonly (number | null)[]

  constructor(perHour: readonly (number | null)[]) {
    this.#perHour = perHour
  }

  chanceOfEach(unitIds: readonly UnitId[], forMs: number): readonly (number | null)[] {
    return unitIds.map((unitId) => {
      const perHour = this.#perHour[Math.floor(unitId / 100)] ?? null
      return perHour === null ? null : perHour ** (forMs / HOUR)
    })
  }

  chanceOfAll(unitIds: readonly UnitId[], forMs: number): number | null {
    return this.chanceOfEach(unitIds, forMs).reduce(
      (product, one) => (product === null || one === null ? null : product * one),
      1,
    )
  }
}

function profile(
  vendor: DeviceProfile['vendor'],
  name: string,
  memoryTotalMib: number,
  powerCapWatts: number | null,
): DeviceProfile {
  return { vendor, name, memoryTotalMib, powerCapWatts }
}
