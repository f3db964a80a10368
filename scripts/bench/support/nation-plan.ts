/**
 * What one simulated province tells the nation: sites, nodes of eight cards, whole hours, counts. All
 * of it follows from the numbers of the plan, so that what was told is known without being kept.
 */
import { createHash } from 'node:crypto'
import {
  type CountsReport,
  HOUR_MS,
  type HourReport,
  type NodeReport,
  type ReportedBucket,
  type ReportedCard,
  type ReportedCount,
  type SiteReport,
  type Vendor,
} from '@yiben/shared'

const CARDS_PER_NODE = 8
const OWNER = '91110000MA01OPER11'
const REGIONS = ['110108', '310115', '440305', '520115', '150102', '640502', '510104', '330106']
type Profile = Pick<ReportedCard, 'vendor' | 'name' | 'memoryTotalMib' | 'powerCapWatts'>
const H800: Profile = profile('nvidia', 'NVIDIA H800', 81_559)
const PROFILES: readonly Profile[] = [
  H800,
  profile('ascend', 'Ascend910B', 65_536),
  profile('hygon', 'K100_AI', 65_520),
  profile('nvidia', 'NVIDIA A800-SXM4-80GB', 81_920),
  profile('cambricon', 'MLU370-X8', 24_576),
  profile('nvidia', 'NVIDIA GeForce RTX 4090', 24_564),
]
const SAMPLES_PER_HOUR = 360n
/** How a card's hour is split, in thousandths that sum to 1,000; each hour and site moves them. */
const SPLIT = { busy: 480, allocated: 120, occupied: 100, free: 250, faulty: 20, unknown: 30 }
const MOVED_MAX = 100

export interface NationPlan {
  readonly children: number
  readonly cards: number
  readonly sites: number
  /** A full hour: the first that is told, and since when the cards are there. */
  readonly startMs: number
}

/** The time of one hour over all that a child has told of it, exact. */
export type HourSums = Readonly<Record<'busyMs' | 'freeMs' | 'unknownMs' | 'allMs', bigint>>

type Made<Report> = Omit<Report, 'origin' | 'version'>

/** Of one child; numbers of sites, nodes and cards begin at 0 in each. */
export class Province {
  readonly sites: number
  readonly nodes: number
  readonly #plan: NationPlan
  readonly #number: number

  constructor(plan: NationPlan, number: number) {
    this.#plan = plan
    this.#number = number
    this.nodes = Math.max(1, Math.round(plan.cards / plan.children / CARDS_PER_NODE))
    this.sites = Math.max(1, Math.min(this.nodes, Math.round(plan.sites / plan.children)))
  }

  get cards(): number {
    return this.nodes * CARDS_PER_NODE
  }

  site(at: number): Made<SiteReport> {
    const siteCode = this.#siteCode(at)
    const terms = {
      operatorCode: OWNER,
      operatorName: 'Operator',
      ownerCode: null,
      ownerName: null,
      regionCode: REGIONS[this.#number % REGIONS.length] ?? '110108',
      validFromMs: 0,
      validToMs: null,
    }
    return { siteCode, name: `Site ${siteCode}`, terms: [terms], declared: [] }
  }

  /** `exchangedAtMs`: its first card has left then, and another one has taken its place. */
  node(at: number, exchangedAtMs: number | null): Made<NodeReport> {
    const first = at * CARDS_PER_NODE
    const { startMs } = this.#plan
    const cards = Array.from({ length: CARDS_PER_NODE }, (_, index) =>
      this.#card(at, first + index, startMs),
    )
    const [left, ...others] = cards
    const stay =
      exchangedAtMs === null || left === undefined
        ? cards
        : [
            { ...left, bookedToMs: exchangedAtMs, endedReason: 'gone' },
            ...others,
            this.#card(at, this.cards + at, exchangedAtMs),
          ]
    return {
      nodeId: `n-${digest(`${this.#number}/node/${at}`).slice(0, 16)}`,
      name: `node-${this.#number}-${at}`,
      siteCode: this.#siteCode(this.#siteOf(at)),
      isRevoked: false,
      cpuCores: 128,
      cards: stay,
    }
  }

  /** `revision`: another one has other figures. */
  hour(site: number, hourMs: number, revision: number): Made<HourReport> {
    return {
      siteCode: this.#siteCode(site),
      hourMs,
      sealVersion: 1 + revision,
      knownAtMs: hourMs + 2 * HOUR_MS,
      buckets: this.#groups(site).map(({ cards, profile }) =>
        this.#bucket({ cards, profile, site, hourMs, revision }),
      ),
    }
  }

  counts(site: number, atMs: number, revision: number): Made<CountsReport> {
    const groups = this.#groups(site)
    const counts = groups.flatMap(({ cards, profile }) => countsOf(cards, profile, revision))
    const nodes = groups.reduce((sum, group) => sum + group.cards, 0) / CARDS_PER_NODE
    const cores = nodes * 128
    return {
      siteCode: this.#siteCode(site),
      atMs,
      counts,
      nodes: [{ ownerCode: OWNER, connection: 'connected', nodes, nodesWithoutCores: 0, cores }],
    }
  }

  sumsOf(hourMs: number, revision: number): HourSums {
    let sums: HourSums = { busyMs: 0n, freeMs: 0n, unknownMs: 0n, allMs: 0n }
    for (let site = 0; site < this.sites; site += 1) {
      for (const bucket of this.hour(site, hourMs, revision).buckets) {
        sums = {
          busyMs: sums.busyMs + bucket.busyMs,
          freeMs: sums.freeMs + bucket.freeMs,
          unknownMs: sums.unknownMs + bucket.unknownMs,
          allMs: sums.allMs + BigInt(bucket.cards) * BigInt(HOUR_MS),
        }
      }
    }
    return sums
  }

  #siteCode(site: number): string {
    return `P${String(this.#number).padStart(2, '0')}-${String(site).padStart(3, '0')}`
  }

  #siteOf(node: number): number {
    return Math.floor((node * this.sites) / this.nodes)
  }

  /** Nodes of a site stand together; every second one is of its second profile. */
  #groups(site: number) {
    const first = Math.ceil((site * this.nodes) / this.sites)
    const end = Math.ceil(((site + 1) * this.nodes) / this.sites)
    const odd = Math.floor(end / 2) - Math.floor(first / 2)
    return [
      { profile: this.#profile(first + (first % 2)), cards: (end - first - odd) * CARDS_PER_NODE },
      { profile: this.#profile(first + 1 - (first % 2)), cards: odd * CARDS_PER_NODE },
    ].filter(({ cards }) => cards > 0)
  }

  #profile(node: number): Profile {
    const place = this.#number + this.#siteOf(node) + (node % 2)
    return PROFILES[place % PROFILES.length] ?? H800
  }

  #card(node: number, number: number, validFromMs: number): ReportedCard {
    const hash = digest(`${this.#number}/card/${number}`)
    return {
      unitNumber: number + 1,
      acceleratorNumber: number + 1,
      ...this.#profile(node),
      identities: [{ keyNumber: 1, hash, strength: 'strong' }],
      validFromMs,
      bookedToMs: null,
      endedReason: null,
      isCounted: true,
      isInConflict: false,
    }
  }

  #bucket(told: {
    readonly cards: number
    readonly profile: Profile
    readonly site: number
    readonly hourMs: number
    readonly revision: number
  }): ReportedBucket {
    const { cards, hourMs, profile, revision, site } = told
    const wholeMs = BigInt(cards) * BigInt(HOUR_MS)
    const moved = BigInt((site * 7 + (hourMs / HOUR_MS) * 13 + revision * 29) % MOVED_MAX)
    const part = (thousandths: bigint) => (wholeMs * thousandths) / 1_000n
    const freeMs = part(BigInt(SPLIT.free) + moved)
    const allocatedMs = part(BigInt(SPLIT.allocated))
    const occupiedMs = part(BigInt(SPLIT.occupied))
    const faultyMs = part(BigInt(SPLIT.faulty))
    const unknownMs = part(BigInt(SPLIT.unknown))
    const busyMs = wholeMs - freeMs - allocatedMs - occupiedMs - faultyMs - unknownMs
    const samples = BigInt(cards) * SAMPLES_PER_HOUR
    return {
      ownerCode: OWNER,
      ...profile,
      cards,
      busyMs,
      allocatedMs,
      occupiedMs,
      freeMs,
      faultyMs,
      unknownMs,
      lentMs: 0n,
      depositedMs: freeMs / 2n,
      activeMs: busyMs,
      givenMs: allocatedMs,
      energyJoules: BigInt(cards) * 1_000_000n + moved,
      samplesExpected: samples,
      samplesGot: samples - 1n,
      samplesZero: samples / 4n,
      samplesBelowTenth: samples / 3n,
    }
  }
}

function countsOf(cards: number, profile: Profile, revision: number): readonly ReportedCount[] {
  const base = {
    ownerCode: OWNER,
    ...profile,
    connection: 'connected',
    isSchedulerRead: true,
  } as const
  const free = Math.min(cards, Math.floor(cards / 4) + (revision % 5))
  const deposited = Math.floor(free / 2)
  const occupied = Math.floor((cards - free) / 8)
  const allocated = Math.floor((cards - free) / 6)
  const busy = cards - free - occupied - allocated
  return [
    { ...base, state: 'busy', isDeposited: false, cards: busy } as const,
    { ...base, state: 'allocated', isDeposited: false, cards: allocated } as const,
    { ...base, state: 'occupied', isDeposited: false, cards: occupied } as const,
    { ...base, state: 'free', isDeposited: false, cards: free - deposited } as const,
    { ...base, state: 'free', isDeposited: true, cards: deposited } as const,
  ].filter((count) => count.cards > 0)
}

function profile(vendor: Vendor, name: string, memoryTotalMib: number): Profile {
  return { vendor, name, memoryTotalMib, powerCapWatts: 400 }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
