/**
 * How long a capacity search takes over a country's accelerators while their nodes go on telling:
 * between two searches so many offers are replaced as a fleet changes in that time. DESIGN 10: p99 at
 * most 10 ms at 100,000 accelerators. Beside it: what the index takes, how long it is built, and the
 * same searches with a made-up forecast, whose own cost is not in them.
 */
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createRealWorld, silentLogger } from '@yiben/shared'
import { type CapacityRequest, searchCapacity } from '../../collector/src/bank/capacity.ts'
import { CapacityFollower } from '../../collector/src/bank/capacity-follower.ts'
import { CapacityIndex } from '../../collector/src/bank/capacity-index.ts'
import type { Outlook } from '../../collector/src/bank/capacity-outlook.ts'
import { Lots } from '../../collector/src/bank/lots.ts'
import { loadCatalogue } from '../../collector/src/catalogue/catalogue.ts'
import type { NodeId, UnitId } from '../../collector/src/model/ids.ts'
import type { DeviceProfile } from '../../collector/src/model/inventory.ts'
import type { NodeOffer } from '../../collector/src/model/offer.ts'
import type { Site } from '../../collector/src/model/site.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { openSqliteStore } from '../../collector/src/storage/sqlite/store.ts'
import { FIXED_START_MS, MINUTE_MS, seededRandom } from './support/activity.ts'
import { median, quantile, rounded, sayFigure } from './support/figure.ts'
import { MADE_UP_LEDGER, makeLedger } from './support/made-up-ledger.ts'
import { readOptions } from './support/options.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const P99_MS_MAX = 10
const HOUR_MS = 60 * MINUTE_MS
const NODES_PER_SITE = 50
/** Offers told between two searches: 12,500 nodes a minute, 25 searches a second. */
const CHANGES_PER_SEARCH = 8
const MS_PER_SEARCH = 40
/** Of the offers told: so many have other cards, the others have been proven on. */
const CHANGED_SHARE = 0.05
/** What banks ask for. */
const HOURS = [1, 4, 8, 24]
/** Nodes that are not heard now. */
const SUSPENDED_SHARE = 0.01
const WARM_UP = 200
const REGIONS = ['110108', '310115', '440305', '520115', '150102', '640502', '510104', '330106']

/** Printed names as nodes have them, each as likely as it is often named. */
const PROFILES: readonly DeviceProfile[] = [
  profile('nvidia', 'NVIDIA H800', 81_559, 700),
  profile('nvidia', 'NVIDIA A800-SXM4-80GB', 81_920, 400),
  profile('nvidia', 'NVIDIA A800-SXM4-80GB', 81_920, 400),
  profile('nvidia', 'NVIDIA H20', 97_871, 500),
  profile('nvidia', 'NVIDIA GeForce RTX 4090', 24_564, 450),
  profile('nvidia', 'NVIDIA L20', 46_068, 275),
  profile('ascend', '910B3', 65_536, null),
  profile('ascend', '910B3', 65_536, null),
  profile('ascend', '910B4', 32_768, null),
  profile('hygon', 'K100_AI', 65_520, null),
  profile('cambricon', 'MLU370-X8', 49_152, null),
  profile('nvidia', 'Quantum X1', 40_960, null),
]
const MODELS = ['H800 SXM', 'A800 SXM 80GB', 'H20 96GB', 'Ascend 910B3', 'GeForce RTX 4090']

const options = readOptions({
  script: 'capacity-search.ts',
  sentence: 'Time of a capacity search over a fleet that goes on changing.',
  numbers: {
    cards: { default: 100_000, min: 8, max: 1_000_000, sentence: 'accelerators' },
    deposited: { default: 40, min: 1, max: 100, sentence: 'percent of them deposited' },
    searches: { default: 5_000, min: 10, max: 1_000_000, sentence: 'how often is searched' },
    seed: { default: 1, min: 0, max: 1_000_000, sentence: 'what is free, what is asked' },
  },
  switches: { store: 'also how long the picture is read from a store of as many cards' },
})

const random = seededRandom(options.seed)
let nowMs = FIXED_START_MS
let told = 0
const nodes = Math.ceil(options.cards / 8)
const offers = Array.from({ length: nodes }, (_, number) => offerOf(number, FIXED_START_MS))
const suspended = new Set(
  offers.map(({ nodeId }) => nodeId).filter(() => random() < SUSPENDED_SHARE),
)
const { index, buildMs, heapMib } = build()
const ways: Record<string, number> = { served: 0, refused: 0, shown: 0 }
const plain = measure(null)
const forecast = measure(madeUpForecast())

sayFigure({
  what: `capacity search, ${options.cards} accelerators`,
  figure: rounded(quantile(plain, 0.99)),
  unit: 'ms (p99)',
  bar: { atMost: P99_MS_MAX },
  details: {
    median_ms: rounded(median(plain)),
    most_ms: rounded(Math.max(...plain)),
    searches: plain.length,
    ...ways,
    nodes,
    lots: index.offers.length,
    cards_deposited: index.offers.reduce((sum, { lot }) => sum + lot.cards.length, 0),
    index_mib: rounded(heapMib),
    build_ms: rounded(buildMs),
    with_forecast: {
      p99_ms: rounded(quantile(forecast, 0.99)),
      median_ms: rounded(median(forecast)),
    },
  },
})

if (options.store) await measureStore()

function build() {
  const before = heapUsedMib()
  const startedMs = performance.now()
  const catalogue = loadCatalogue()
  const lots = new Lots(new Uint8Array(32).fill(1), catalogue)
  const made = new CapacityIndex({ lots, hubOf: (code) => `hub ${code.slice(0, 2)}` })
  made.putSites(
    Array.from({ length: Math.ceil(nodes / NODES_PER_SITE) }, (_, site) => siteOf(site)),
  )
  for (const offer of offers) made.put(structuredClone(offer))
  const lotCount = made.offers.length
  const took = performance.now() - startedMs
  if (lotCount === 0) throw new Error('nothing is deposited')
  return { index: made, buildMs: took, heapMib: heapUsedMib() - before }
}

/** The searches of one seed, with offers that change between them. */
function measure(outlook: Outlook | null): readonly number[] {
  const ask = seededRandom(options.seed + 1)
  const tookMs: number[] = []
  for (let search = -WARM_UP; search < options.searches; search += 1) {
    nowMs += MS_PER_SEARCH
    for (let change = 0; change < CHANGES_PER_SEARCH; change += 1) {
      const number = told % nodes
      const before = offers[number]
      const isAnother = before === undefined || ask() < CHANGED_SHARE
      const now = isAnother ? offerOf(number, nowMs) : provenTo(before, nowMs)
      offers[number] = now
      index.put(now)
      told += 1
    }
    const request = requestOf(ask, outlook !== null)
    const startedMs = performance.now()
    const answer = searchCapacity(index, request, {
      nowMs,
      // As liveness answers: by the node's id, from memory.
      isSuspended: (nodeId) => suspended.has(nodeId),
      scope: SCOPE_ALL,
      outlook,
    })
    const took = performance.now() - startedMs
    if (search < 0) continue
    tookMs.push(took)
    const way = request.amount === null ? 'shown' : answer.isServed ? 'served' : 'refused'
    if (outlook === null) ways[way] = (ways[way] ?? 0) + 1
  }
  return tookMs
}

/** From nothing to everything, as at a start; then a look at nothing new, as once a second. */
async function measureStore(): Promise<void> {
  using folder = new TemporaryFolder('capacity')
  const path = join(folder.path, 'ledger.sqlite')
  const { cards, seed } = options
  const made = await makeLedger({ path, cards, days: 1, changesPerDay: 6, seed })
  const store = await openSqliteStore({ path, newLedger: MADE_UP_LEDGER })
  const follower = new CapacityFollower({
    store,
    clock: { ...createRealWorld().clock, wallMs: () => made.endMs },
    logger: silentLogger,
    lots: new Lots(new Uint8Array(32).fill(1), loadCatalogue()),
    hubOf: () => null,
  })
  const startedMs = performance.now()
  const { view } = await follower.upToDate()
  const readMs = performance.now() - startedMs
  await follower.upToDate()
  const lookMs = performance.now() - startedMs - readMs
  await store.close()
  sayFigure({
    what: `what is deposited, read at a start, ${cards} accelerators`,
    figure: rounded(readMs / 1000),
    unit: 's',
    bar: null,
    details: { lots: view.offers.length, idle_look_ms: rounded(lookMs) },
  })
}

/** What banks ask: small jobs, whole nodes, training at one site, P for a programme, a look round. */
function requestOf(ask: () => number, isForecastAsked: boolean): CapacityRequest {
  const pick = <One>(ones: readonly One[]): One | null =>
    ones[Math.floor(ask() * ones.length)] ?? null
  const often = (share: number) => ask() < share
  const isTraining = often(0.4)
  const perNode = isTraining && often(0.7) ? 8 : null
  const cards = isTraining ? 8 * 2 ** Math.floor(ask() * 9) : 1 + Math.floor(ask() * 12)
  const isP = often(0.1)
  const isShown = often(0.05)
  const hours = isForecastAsked || often(0.4) ? (pick(HOURS) ?? 1) : null
  return {
    filters: {
      model: often(0.5) ? pick(MODELS) : null,
      vendor: often(0.1) ? pick(['nvidia', 'ascend', 'hygon'] as const) : null,
      domestic: often(0.2) ? often(0.7) : null,
      memoryGibMin: often(0.3) ? pick([24, 48, 64, 80]) : null,
      region: often(0.3) ? `${(pick(REGIONS) ?? '11').slice(0, 2)}0000` : null,
      hub: often(0.1) ? `hub ${(pick(REGIONS) ?? '11').slice(0, 2)}` : null,
      forMs: hours === null ? null : hours * HOUR_MS,
      includesUnfenced: true,
    },
    amount: isShown
      ? null
      : isP
        ? { unit: 'p', nanoTflops: BigInt(1 + Math.floor(ask() * 200)) * 10n ** 12n }
        : { unit: 'cards', cards },
    cardsPerNode: perNode,
    isSameSite: !isShown && isTraining && often(0.5),
    confidence: isForecastAsked && !isShown ? pick([0.5, 0.8, 0.9, 0.95]) : null,
  }
}

/** Whole nodes, partly used ones and busy ones; a few of four and of sixteen cards. */
function offerOf(number: number, nowMs: number): NodeOffer {
  const placed = [16, 4, 4][number % 16] ?? 8
  const card = profileOf(number)
  const share = options.deposited / 100
  const draw = random()
  const isWhole = draw < share * 0.5
  const isPartly = !isWhole && draw < share * 0.5 + Math.min(1 - share * 0.5, share)
  const free = isWhole ? placed : isPartly ? Math.ceil(random() * (placed - 1)) : 0
  const startMs = nowMs - Math.floor((15 + random() * random() * 4_000) * MINUTE_MS)
  return {
    nodeId: `n-${number.toString(16).padStart(16, '0')}` as NodeId,
    siteCode: `BENCH-${Math.floor(number / NODES_PER_SITE)}`,
    cardsPlaced: placed,
    leaseMsMax: ([2, 8, 8, 24][number % 4] ?? 8) * HOUR_MS,
    calendar: null,
    isFenced: false,
    cards: Array.from({ length: free }, (_, own) => ({
      unitId: (number * 16 + own + 1) as UnitId,
      depositId: `d-${(number * 16 + own).toString(16).padStart(16, '0')}`,
      profile: card,
      windowStartMs: startMs,
      openedAtMs: startMs + 15 * MINUTE_MS,
      window: { ageStartMs: startMs, provenToMs: nowMs },
      isWithheld: false,
      isDisputed: false,
      isClaimed: false,
    })),
  }
}

/** A site has one model in most of its nodes, a second in some, a third in a few. */
function profileOf(number: number): DeviceProfile {
  const site = Math.floor(number / NODES_PER_SITE)
  const inSite = number % NODES_PER_SITE
  const block = inSite < NODES_PER_SITE * 0.6 ? 0 : inSite < NODES_PER_SITE * 0.9 ? 1 : 2
  const card = PROFILES[(site + block * 5) % PROFILES.length]
  if (card === undefined) throw new Error('there are profiles')
  return card
}

/** The same cards, a minute on. */
function provenTo(offer: NodeOffer, provenToMs: number): NodeOffer {
  const cards = offer.cards.map((card) => {
    return card.window === null ? card : { ...card, window: { ...card.window, provenToMs } }
  })
  return { ...offer, cards }
}

/** Each card by itself, surer or less sure by its number; from a table, as a forecast keeps one. */
function madeUpForecast(): Outlook {
  const perLength = new Map(
    HOURS.map((hours) => {
      const chances = Float64Array.from({ length: 1_000 }, (_, rank) => {
        return (0.97 + 0.000_029_9 * rank) ** hours
      })
      return [hours * HOUR_MS, chances]
    }),
  )
  const chanceOf = (unitId: UnitId, forMs: number) =>
    perLength.get(forMs)?.[(unitId * 2_654_435_761) % 1_000] ?? Number.NaN
  return {
    chanceOfEach: (unitIds, forMs) => unitIds.map((unitId) => chanceOf(unitId, forMs)),
    chanceOfAll: (unitIds, forMs) =>
      unitIds.reduce((product, unitId) => product * chanceOf(unitId, forMs), 1),
  }
}

function siteOf(number: number): Site {
  const code = `BENCH-${number}`
  const nobody = { operatorCode: null, operatorName: null, ownerCode: null, ownerName: null }
  const regionCode = REGIONS[number % REGIONS.length] ?? '110108'
  return {
    code,
    name: code,
    terms: { ...nobody, regionCode, keep: [], validFromMs: 0, validToMs: null },
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

function heapUsedMib(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}
