/**
 * What the cards of a demo site do, from one seed. The shape follows public traces of production
 * clusters (Microsoft ITP 2021, SenseTime Helios 2020, Alibaba GenTD26): jobs come in bursts with
 * the working day and week; most hold one card, few hold many whole nodes; run times are
 * log-normal with a heavy tail (median 1 h, a tenth over 15 h); a serving card holds its model all
 * day and shows no utilization two thirds of the time.
 */

/** What one card does at one instant. */
export interface CardActivity {
  readonly kind: 'idle' | 'job' | 'serving'
  readonly utilizationRatio: number
  readonly memoryRatio: number
}

export interface SiteActivityOptions {
  readonly seed: number
  readonly nodes: number
  readonly cardsPerNode: number
  readonly load: number
  readonly serving: number
  readonly fromMs: number
  readonly toMs: number
}

interface Job {
  readonly startMs: number
  readonly endMs: number
  /** Mean utilization of this job, and what of the memory it holds. */
  readonly level: number
  readonly memoryRatio: number
}

const HOUR_MS = 3_600_000
const CHINA_OFFSET_MS = 8 * HOUR_MS
/** Median and spread (of the logarithm) of run times: 1 h and 1.7, between the two traces. */
const RUN_MEDIAN_MS = 3_600_000
const RUN_SIGMA = 1.7
const RUN_MS_MAX = 5 * 24 * HOUR_MS
/** Cards per job and how common each is. */
const JOB_SIZES: readonly (readonly [cards: number, share: number])[] = [
  [1, 0.6],
  [2, 0.14],
  [4, 0.1],
  [8, 0.13],
  [16, 0.03],
]

/** The jobs of every card of a site between two instants; any instant can then be asked for. */
export class SiteActivity {
  readonly #jobs: Job[][]
  readonly #serving: readonly boolean[]
  readonly #options: SiteActivityOptions

  constructor(options: SiteActivityOptions) {
    this.#options = options
    const cards = options.nodes * options.cardsPerNode
    const random = mulberry32(options.seed)
    const servingCards = Math.round(cards * options.serving)
    this.#serving = Array.from({ length: cards }, (_, card) => card >= cards - servingCards)
    this.#jobs = Array.from({ length: cards }, () => [])
    this.#schedule(random)
  }

  /** Card `card` of node `node`, both from 0. */
  at(node: number, card: number, atMs: number): CardActivity {
    const index = node * this.#options.cardsPerNode + card
    const noise = hashFraction(this.#options.seed, index, Math.floor(atMs / 10_000))
    if (this.#serving[index]) return servingActivity(noise)
    const job = findJob(this.#jobs[index] ?? [], atMs)
    if (job === null) return { kind: 'idle', utilizationRatio: 0, memoryRatio: 0 }
    const utilization = Math.min(1, Math.max(0.06, job.level + (noise - 0.5) * 0.2))
    return { kind: 'job', utilizationRatio: utilization, memoryRatio: job.memoryRatio }
  }

  #schedule(random: () => number): void {
    const { fromMs, toMs, load } = this.#options
    const open = this.#jobs.map((_, card) => card).filter((card) => !this.#serving[card])
    const busyUntil = new Map<number, number>(open.map((card) => [card, fromMs]))
    const meanRunMs = RUN_MEDIAN_MS * Math.exp(RUN_SIGMA ** 2 / 2)
    const meanCards = JOB_SIZES.reduce((sum, [cards, share]) => sum + cards * share, 0)
    // Arrivals per ms that keep about `load` of the cards busy: the cut tail makes runs shorter, the
    // rhythm of the day thins arrivals out by half, and jobs that find no room are dropped.
    const ratePerMs = (load * open.length) / (meanRunMs * 0.75 * meanCards * (1 - load) * 0.45)
    for (let atMs = fromMs - 12 * HOUR_MS; atMs < toMs; ) {
      atMs += -Math.log(1 - random()) / ratePerMs
      if (random() > rhythm(atMs)) continue
      this.#place(atMs, drawSize(random), random, busyUntil)
    }
  }

  /** First fit, lowest card first; a job that finds no room is not delayed but dropped. */
  #place(atMs: number, cards: number, random: () => number, busyUntil: Map<number, number>): void {
    const room = [...busyUntil].filter(([, untilMs]) => untilMs <= atMs).map(([card]) => card)
    if (room.length < cards) return
    const runMs = Math.min(RUN_MS_MAX, RUN_MEDIAN_MS * Math.exp(RUN_SIGMA * normal(random)))
    const job: Job = {
      startMs: atMs,
      endMs: atMs + Math.max(60_000, runMs),
      level: 0.35 + 0.6 * random(),
      memoryRatio: 0.2 + 0.7 * random(),
    }
    for (const card of room.slice(0, cards)) {
      busyUntil.set(card, job.endMs + 30_000)
      this.#jobs[card]?.push(job)
    }
  }
}

function servingActivity(noise: number): CardActivity {
  // GenTD26: 67 % of samples at exactly 0, the rest mostly below 30 %.
  const utilization = noise < 0.67 ? 0 : 0.06 + (noise - 0.67) * 0.9
  return { kind: 'serving', utilizationRatio: utilization, memoryRatio: 0.55 }
}

/** Chance that an arrival of the peak rate really comes: working hours, then the week. */
function rhythm(atMs: number): number {
  const local = new Date(atMs + CHINA_OFFSET_MS)
  const hour = local.getUTCHours() + local.getUTCMinutes() / 60
  const weekend = local.getUTCDay() === 0 || local.getUTCDay() === 6
  const day = 0.62 + 0.38 * Math.sin(((hour - 9) / 24) * 2 * Math.PI)
  return day * (weekend ? 0.6 : 1)
}

function drawSize(random: () => number): number {
  let left = random()
  for (const [cards, share] of JOB_SIZES) {
    left -= share
    if (left <= 0) return cards
  }
  return 1
}

function findJob(jobs: readonly Job[], atMs: number): Job | null {
  let low = 0
  let high = jobs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((jobs[middle]?.endMs ?? 0) <= atMs) low = middle + 1
    else high = middle
  }
  const job = jobs[low]
  return job !== undefined && job.startMs <= atMs ? job : null
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** A small seeded generator (mulberry32): 32 bits of state, good enough for a made-up fleet. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A fraction that depends on its arguments only, so that any instant can be asked in any order. */
function hashFraction(seed: number, index: number, step: number): number {
  return mulberry32(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b) ^ step)()
}
