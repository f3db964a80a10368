/**
 * A ledger file of sealed hours: sites in the regions of the whole country, a few profiles each. Most
 * of its past is put into the tables as a ledger of before there were sums had it, and sums of it are
 * kept afterwards; then hours are sealed and corrected through the storage port, as the roller does.
 * Nothing is random but the seed.
 */
import { HOUR_MS, VENDORS } from '@yiben/shared'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import type { DeviceProfile } from '../../../collector/src/model/inventory.ts'
import type { Bucket } from '../../../collector/src/model/ledger.ts'
import { SEAL_AFTER_MS } from '../../../collector/src/rollup/seal.ts'
import { SumKeeper } from '../../../collector/src/rollup/sum-keeper.ts'
import { SUM_FIELDS } from '../../../collector/src/storage/hour-columns.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { openConnection } from '../../../collector/src/storage/sqlite/driver.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { seededRandom } from './activity.ts'
import { MADE_UP_LEDGER } from './made-up-ledger.ts'

export const TIME_ZONE = 'Asia/Shanghai'
/** The first of a civil month, so that a year has twelve of them. */
const START_MS = Date.UTC(2025, 10, 30, 16)
const OPERATORS = 200
const CARDS_PER_BUCKET_MAX = 50
const WATTS_PER_CARD = 400n
/** Hours at the end that are sealed through the port. */
const SEALED_HOURS = 72
/** Hours of the past that are corrected in the end, and of how many buckets. */
const CORRECTED_HOURS = 400
const CORRECTED_BUCKETS = 5
/** What an hour differs by from the one it is made of, per card. */
const SHIFT_MS_MAX = 600_000

export interface MadeUpBucketsOptions {
  readonly path: string
  readonly sites: number
  readonly days: number
  readonly profiles: number
  readonly profilesPerSite: number
  readonly seed: number
}

export interface MadeUpBuckets {
  readonly startMs: number
  readonly endMs: number
  readonly buckets: number
  /** What it took to write an hour, to correct one, to keep a day of before there were sums. */
  readonly sealMs: readonly number[]
  readonly correctMs: readonly number[]
  readonly catchUpMs: readonly number[]
  /** Of days that were sealed with sums: the last one with its month, where it ends one. */
  readonly keepMs: readonly number[]
}

export async function makeBuckets(options: MadeUpBucketsOptions): Promise<MadeUpBuckets> {
  const { days, path } = options
  const hours = days * 24
  const endMs = START_MS + hours * HOUR_MS
  const past = Math.max(1, hours - SEALED_HOURS)
  await overStore(path, async (store) => {
    const maker = new BucketMaker(store, options)
    await maker.putSites()
    await maker.seal(START_MS)
  })
  repeatFirstHour(path, past)
  return await overStore(path, async (store) => {
    const maker = new BucketMaker(store, options)
    await maker.putSites()
    const catchUpMs = await maker.keepSums(START_MS + (past - 1) * HOUR_MS)
    const sealMs: number[] = []
    for (let hourMs = START_MS + past * HOUR_MS; hourMs < endMs; hourMs += HOUR_MS) {
      await timed(sealMs, () => maker.seal(hourMs))
    }
    const keepMs = await maker.keepSums(endMs - HOUR_MS)
    const correctMs = await maker.correctSome(hours, endMs)
    return {
      startMs: START_MS,
      endMs,
      buckets: maker.bucketsPerHour * hours,
      sealMs,
      correctMs,
      catchUpMs,
      keepMs,
    }
  })
}

async function overStore<Result>(
  path: string,
  body: (store: Store) => Promise<Result>,
): Promise<Result> {
  // The time of its syncs to disk is not what is measured.
  const store = openSqliteStoreInProcess({ path, newLedger: MADE_UP_LEDGER, synchronous: 'OFF' })
  try {
    return await body(store)
  } finally {
    await store.close()
  }
}

/** Writes hours after the first, each a little different, and forgets that sums were kept. */
function repeatFirstHour(path: string, hours: number): void {
  const db = openConnection({ path, driver: 'better-sqlite3', isReader: false, synchronous: 'OFF' })
  const columns = SUM_FIELDS.map(([, column]) => column)
  const moved: Readonly<Record<string, string>> = {
    busy_ms: 'busy_ms + ? * cards',
    free_ms: 'free_ms - ? * cards',
  }
  const copied = columns.map((column) => moved[column] ?? column).join(', ')
  for (const table of ['area_sums', 'site_sums', 'sum_periods']) db.exec(`DELETE FROM ${table}`)
  for (let hour = 1; hour < hours; hour += 1) {
    const hourMs = START_MS + hour * HOUR_MS
    const shiftMs = (hour * 7_919) % SHIFT_MS_MAX
    db.transaction('write', () => {
      db.run('INSERT INTO seals VALUES (?, 1, ?)', hourMs, hourMs + HOUR_MS + SEAL_AFTER_MS)
      db.run(
        `INSERT INTO buckets (hour_ms, version, site_code, owner_code, profile_id, place_id, cards,
           ${columns.join(', ')})
         SELECT ?, 1, site_code, owner_code, profile_id, place_id, cards, ${copied}
         FROM buckets WHERE hour_ms = ?`,
        hourMs,
        shiftMs,
        shiftMs,
        START_MS,
      )
    })
  }
  db.close()
}

interface MadeUpSite {
  readonly siteCode: string
  readonly ownerCode: string
  readonly profiles: readonly DeviceProfile[]
}

class BucketMaker {
  readonly #store: Store
  readonly #options: MadeUpBucketsOptions
  readonly #random: () => number
  readonly #keeper: SumKeeper
  readonly #sites: MadeUpSite[] = []
  #mark: string | null = null

  constructor(store: Store, options: MadeUpBucketsOptions) {
    this.#store = store
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#keeper = new SumKeeper(store, TIME_ZONE)
  }

  async putSites(): Promise<void> {
    const { provinces } = loadCatalogue().regions
    const profiles = profilesOf(this.#options.profiles)
    for (let number = 0; number < this.#options.sites; number += 1) {
      const province = provinces[number % provinces.length]?.code ?? '110000'
      const county = String(101 + (Math.floor(number / provinces.length) % 12)).padStart(4, '0')
      const operatorCode = `OPERATOR-${number % OPERATORS}`
      const siteCode = `BENCH-${number}`
      const terms = {
        operatorCode,
        operatorName: operatorCode,
        ownerCode: null,
        ownerName: null,
        regionCode: `${province.slice(0, 2)}${county}`,
        keep: [],
        validFromMs: START_MS - HOUR_MS,
        validToMs: null,
      }
      await this.#store.putSite({ code: siteCode, name: siteCode, terms, outbox: [] })
      const own = Array.from(
        { length: this.#options.profilesPerSite },
        (_, index) => profiles[(number + index * 7) % profiles.length],
      )
      const profilesHere = [...new Set(own)].filter((profile) => profile !== undefined)
      this.#sites.push({ siteCode, ownerCode: operatorCode, profiles: profilesHere })
    }
  }

  get bucketsPerHour(): number {
    return this.#sites.reduce((sum, { profiles }) => sum + profiles.length, 0)
  }

  async seal(hourMs: number): Promise<void> {
    const write = { hourMs, version: 1, knownAtMs: hourMs + HOUR_MS + SEAL_AFTER_MS }
    const buckets = this.#sites.flatMap((site) =>
      site.profiles.map((profile) => this.#bucket(site, profile, write)),
    )
    await this.#put(write, buckets)
  }

  /** What each day took that was complete by then, the last of a month with its month. */
  async keepSums(lastSealedHourMs: number): Promise<number[]> {
    const tookMs: number[] = []
    while (await timed(tookMs, () => this.#keeper.round(lastSealedHourMs))) {
      // Each round keeps one day.
    }
    return tookMs.slice(0, -1)
  }

  /** Hours all over the past turn out to have been a little different, one after the other. */
  async correctSome(hours: number, nowMs: number): Promise<number[]> {
    const tookMs: number[] = []
    for (let correction = 0; correction < CORRECTED_HOURS; correction += 1) {
      const hourMs = START_MS + Math.floor(this.#random() * hours) * HOUR_MS
      await timed(tookMs, () => this.#correct(hourMs, nowMs + SEAL_AFTER_MS + correction * 1_000))
    }
    return tookMs
  }

  async #correct(hourMs: number, knownAtMs: number): Promise<void> {
    const range = { fromMs: hourMs, toMs: hourMs + HOUR_MS, knownAtMs }
    const before = await this.#store.readBuckets(SCOPE_ALL, range)
    const moved = new Set(
      Array.from({ length: CORRECTED_BUCKETS }, () => Math.floor(this.#random() * before.length)),
    )
    const version = (before[0]?.version ?? 0) + 1
    const after = before.map((bucket, index) => {
      const { busyMs, freeMs } = bucket
      const states = moved.has(index) ? { busyMs: freeMs, freeMs: busyMs } : {}
      return { ...bucket, ...states, version, knownAtMs }
    })
    await this.#put({ hourMs, version, knownAtMs }, after)
  }

  async #put(
    write: Pick<Bucket, 'hourMs' | 'version' | 'knownAtMs'>,
    buckets: readonly Bucket[],
  ): Promise<void> {
    // No unit is placed, so every hour has the same mark.
    this.#mark ??= (await this.#store.readHour(write.hourMs)).mark
    const { status } = await this.#store.writeBuckets({
      ...write,
      buckets,
      expectedMark: this.#mark,
      outbox: [],
    })
    if (status !== 'written') throw new Error(`an hour is ${status}`)
  }

  #bucket(
    { siteCode, ownerCode }: MadeUpSite,
    profile: DeviceProfile,
    write: Pick<Bucket, 'hourMs' | 'version' | 'knownAtMs'>,
  ): Bucket {
    const cards = 1 + Math.floor(this.#random() * CARDS_PER_BUCKET_MAX)
    const share = () => Math.floor(this.#random() * HOUR_MS * 0.2) * cards
    const [busy, allocated, occupied, faulty, unknown, lent] = [share(), share(), share(), 0, 0, 0]
    const free = cards * HOUR_MS - busy - allocated - occupied
    const samples = cards * 360
    return {
      ...write,
      siteCode,
      ownerCode,
      profile,
      cards,
      busyMs: BigInt(busy),
      allocatedMs: BigInt(allocated),
      occupiedMs: BigInt(occupied),
      freeMs: BigInt(free),
      faultyMs: BigInt(faulty),
      unknownMs: BigInt(unknown),
      lentMs: BigInt(lent),
      depositedMs: BigInt(Math.floor(free / 2)),
      activeMs: BigInt(busy),
      givenMs: BigInt(allocated + busy),
      energyJoules: BigInt(cards) * WATTS_PER_CARD * 3_600n,
      samplesExpected: BigInt(samples),
      samplesGot: BigInt(samples),
      samplesZero: BigInt(Math.floor((samples * free) / (cards * HOUR_MS))),
      samplesBelowTenth: BigInt(samples),
    }
  }
}

function profilesOf(count: number): readonly DeviceProfile[] {
  const chips = loadCatalogue().chips.slice(0, count)
  return chips.map(({ vendor, model }) => {
    const known = VENDORS.find((one) => one === vendor)
    if (known === undefined) throw new Error(`${vendor} is no vendor`)
    return { vendor: known, name: model, memoryTotalMib: 65_536, powerCapWatts: null }
  })
}

async function timed<Result>(tookMs: number[], body: () => Promise<Result>): Promise<Result> {
  const startedMs = performance.now()
  const result = await body()
  tookMs.push(performance.now() - startedMs)
  return result
}
