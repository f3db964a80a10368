/**
 * How many draws a second the store takes, each on disk before it is answered, and whether a card is
 * ever granted twice: first holds that are posted, of cards that nobody else wants; then hold after
 * hold by concurrent clients who want the same few cards. DESIGN 10: hold and post at least 2,000
 * times a second, no double grant in 10⁶ contended attempts.
 */
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DrawCommits } from '../../collector/src/bank/draw-commits.ts'
import type { CardToHold } from '../../collector/src/bank/draw-hold.ts'
import type { Draw } from '../../collector/src/model/draw.ts'
import type { NodeOffer } from '../../collector/src/model/offer.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { openSqliteStore } from '../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { CARDS, seededRandom } from './support/activity.ts'
import { median, quantile, rounded, sayFigure } from './support/figure.ts'
import { HoldBook } from './support/hold-book.ts'
import { findFaults } from './support/hold-checks.ts'
import { HoldClient, HoldCount, type HoldWorld, sweep } from './support/hold-client.ts'
import { MADE_UP_LEDGER, makeLedger } from './support/made-up-ledger.ts'
import { readOptions } from './support/options.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const PAIRS_PER_S_MIN = 2_000
/** The time of this world passes with the attempts, so that holds lapse and leases have a length. */
const MS_PER_ATTEMPT = 30
/** One in so many asks for more than one card: for a few, or for a whole node. */
const FEW_SHARE = 0.2
const WHOLE_SHARE = 0.02
const FEW_CARDS = 3
/** Between two looks at what is due. */
const SWEEP_EVERY_MS = 50
/** Of what contending clients do: retries of an id that is taken, leases that would overlap. */
const SPOILED_SHARE = 0.02

const options = readOptions({
  script: 'contended-holds.ts',
  sentence: 'Draws per second, and double grants among contended holds.',
  numbers: {
    attempts: { default: 1_000_000, min: 0, max: 10_000_000, sentence: 'contended holds' },
    clients: { default: 256, min: 1, max: 4_096, sentence: 'concurrent clients' },
    cards: { default: 512, min: 64, max: 100_000, sentence: 'cards that all of them want' },
    pairs: {
      default: 20_000,
      min: 64,
      max: 100_000,
      sentence: 'uncontended holds that are posted',
    },
    windows: { default: 10, min: 1, max: 100, sentence: 'parts these are timed in' },
    seed: { default: 1, min: 0, max: 1_000_000, sentence: 'who wants what' },
  },
  switches: {},
})
const { attempts, clients, seed } = options

using folder = new TemporaryFolder('holds')
const path = join(folder.path, 'ledger.sqlite')
const cardsMade = Math.max(options.pairs, options.cards)
const made = await makeLedger({ path, cards: cardsMade, days: 1, changesPerDay: 0, seed })
const store = await openSqliteStore({ path, newLedger: MADE_UP_LEDGER, isServing: true })
const cards = await cardsOf(store)
const random = seededRandom(seed)
const commits = new DrawCommits(store)
const book = new HoldBook()

const rates = await measurePairs()
sayFigure({
  what: `holds that are posted, one card each, on disk before the answer, ${clients} clients`,
  figure: rounded(Math.max(...rates.perS)),
  unit: 'hold+post/s (best window)',
  bar: { atLeast: PAIRS_PER_S_MIN },
  details: {
    median_per_s: rounded(median(rates.perS)),
    windows: rates.perS.map(rounded),
    // Clients, store and group commit together: what does not depend on who else uses the machine.
    cpu_ms_per_pair_best: rounded(Math.min(...rates.cpuMs)),
    cpu_ms_per_pair_median: rounded(median(rates.cpuMs)),
    ...latenciesOf(rates.count),
    load_average: rounded(loadavg()[0] ?? 0),
  },
})
if (attempts > 0) await sayContended()
await store.close()

/** Every card is held and posted once, by as many clients as there are; then it is given back. */
async function measurePairs() {
  const count = new HoldCount()
  const world = worldOf(count, cards, 0)
  const perWindow = Math.floor(Math.min(options.pairs, cards.length) / options.windows)
  const perS: number[] = []
  const cpuMs: number[] = []
  for (let window = 0; window < options.windows; window += 1) {
    const queue = cards.slice(window * perWindow, (window + 1) * perWindow).values()
    const lent: { readonly client: HoldClient; readonly draw: Draw }[] = []
    const startedMs = performance.now()
    const startedCpu = process.cpuUsage()
    await eachClient(async (number) => {
      const client = new HoldClient(world, `w${window}-${number}`)
      for (const card of queue) {
        const held = await client.hold([card])
        const draw = held === null ? null : await client.post(held)
        if (draw !== null) lent.push({ client, draw })
      }
    })
    perS.push((lent.length / (performance.now() - startedMs)) * 1_000)
    const { user, system } = process.cpuUsage(startedCpu)
    cpuMs.push((user + system) / 1_000 / lent.length)
    await Promise.all(lent.map(({ client, draw }) => client.giveBack(draw)))
  }
  return { perS, cpuMs, count }
}

async function sayContended(): Promise<void> {
  const count = new HoldCount()
  const wanted = cards.slice(0, options.cards)
  const world = worldOf(count, wanted, SPOILED_SHARE)
  let isOver = false
  const sweeping = sweepUntil(world, () => isOver)
  const startedMs = performance.now()
  await eachClient((number) => new HoldClient(world, `c-${number}`).run(attempts))
  const tookS = (performance.now() - startedMs) / 1_000
  isOver = true
  const lapsed = (await sweeping) + (await sweep({ ...world, nowMs: () => made.endMs * 2 }))
  const found = findFaults(path, book)
  sayFigure({
    what: `double grants in ${count.attempts} contended holds of ${wanted.length} cards`,
    figure: found.doubleGrants,
    unit: 'cards granted twice',
    bar: { atMost: 0 },
    details: {
      over_draws: found.overDraws,
      lost_cards: found.lostCards,
      lost_grants: found.lostGrants,
      unbalanced_claims: found.unbalanced,
      audit: await store.auditDraws(),
      grants: count.grants,
      taken: count.taken,
      posted: count.posted,
      lapsed,
      retries_that_changed_nothing: count.retried,
      overlaps_refused: count.overlapsRefused,
      unexpected: Object.fromEntries(count.unexpected),
      took_s: rounded(tookS),
      attempts_per_s: rounded(count.attempts / tookS),
      ...latenciesOf(count),
      clients,
      load_average: rounded(loadavg()[0] ?? 0),
    },
  })
}

function worldOf(count: HoldCount, wanted: readonly CardToHold[], spoiledShare: number): HoldWorld {
  return {
    store,
    commits,
    book,
    random,
    choose: () => chosenOf(wanted),
    nowMs: () => made.endMs + count.attempts * MS_PER_ATTEMPT,
    retriedShare: spoiledShare,
    earlyShare: spoiledShare,
    count,
  }
}

function eachClient(run: (number: number) => Promise<void>): Promise<unknown> {
  return Promise.all(Array.from({ length: clients }, (_, number) => run(number)))
}

async function sweepUntil(world: HoldWorld, isOver: () => boolean): Promise<number> {
  let lapsed = 0
  while (!isOver()) {
    lapsed += await sweep(world)
    await delay(SWEEP_EVERY_MS)
  }
  return lapsed
}

/** The lower its number, the more a card is wanted. */
function chosenOf(wanted: readonly CardToHold[]): readonly CardToHold[] {
  const one = () => Math.floor(random() ** 2 * wanted.length)
  const size = random()
  if (size < WHOLE_SHARE) {
    const first = Math.floor(one() / CARDS) * CARDS
    return wanted.slice(first, first + CARDS)
  }
  const numbers = new Set(Array.from({ length: size < FEW_SHARE ? FEW_CARDS : 1 }, one))
  return [...numbers].flatMap((number) => wanted[number] ?? [])
}

/** Every card of the fleet, node by node. */
async function cardsOf(from: Store): Promise<readonly CardToHold[]> {
  const cards: CardToHold[] = []
  let cursor = { changeSeq: 0, outboxId: 0 }
  for (;;) {
    const changes = await from.readOfferChanges(cursor, 100)
    for (const offer of changes.offers) cards.push(...(await cardsOfNode(from, offer)))
    cursor = changes.cursor
    if (!changes.hasMore) return cards
  }
}

async function cardsOfNode(from: Store, offer: NodeOffer): Promise<readonly CardToHold[]> {
  const unitIds = offer.cards.map(({ unitId }) => unitId)
  const units = new Map(
    (await from.readUnits(SCOPE_ALL, unitIds)).map((unit) => [unit.unitId, unit]),
  )
  return offer.cards.flatMap(({ depositId, profile, unitId, window, windowStartMs }) => {
    const unit = units.get(unitId)
    if (unit === undefined || window === null) return []
    const { acceleratorId, nodeId, siteCode } = unit
    const { provenToMs } = window
    const place = { unitId, acceleratorId, nodeId, depositId, siteCode, ownerCode: '', profile }
    const proof = { evidenceClass: 'A', windowStartMs, provenToMs } as const
    return [{ ...place, ...proof, sampledAtMs: provenToMs, isFenced: false }]
  })
}

function latenciesOf({ holdMs, postMs }: HoldCount) {
  return {
    hold_ms_p50: rounded(median(holdMs)),
    hold_ms_p99: rounded(quantile(holdMs, 0.99)),
    post_ms_p50: rounded(median(postMs)),
    post_ms_p99: rounded(quantile(postMs, 0.99)),
  }
}
