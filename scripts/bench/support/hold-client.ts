/**
 * One client of the bank in a hurry: holds cards that others want too, then posts and gives back,
 * voids, or goes away and lets the hold lapse. Decides as the bank decides, through the same pure
 * functions and the same group commit; no node is asked, and no HTTP is spoken.
 */
import type { DrawCommits } from '../../../collector/src/bank/draw-commits.ts'
import type { Decided } from '../../../collector/src/bank/draw-entries.ts'
import { type CardToHold, decideHold } from '../../../collector/src/bank/draw-hold.ts'
import { decideLapse } from '../../../collector/src/bank/draw-lapse.ts'
import { type Acceptances, decidePost } from '../../../collector/src/bank/draw-post.ts'
import { decideReturn } from '../../../collector/src/bank/draw-return.ts'
import { type DrawOutcome, decideVoid } from '../../../collector/src/bank/draw-void.ts'
import type { Draw, DrawRequest } from '../../../collector/src/model/draw.ts'
import type { DrawChange } from '../../../collector/src/storage/draw-requests.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import type { HoldBook } from './hold-book.ts'

const HOUR_MS = 3_600_000
/** No node tells more of its time while the bench runs: what it has told stays good. */
const PROOF_MS_MAX = 1_000 * HOUR_MS
/** So often a hold is posted; of the others so many lapse, and the rest is voided. */
const POSTED_SHARE = 0.7
const LAPSED_SHARE = 0.02
/** How far behind a clock is that would have a lease begin before the one before has ended. */
const EARLY_MS_MAX = 20_000
const NO_CHANCE = { chancePpm: null, forecastVersion: null, forecastBrierPpm: null }

export interface HoldWorld {
  readonly store: Store
  readonly commits: DrawCommits
  readonly book: HoldBook
  readonly random: () => number
  /** Cards that one attempt asks for. */
  readonly choose: () => readonly CardToHold[]
  readonly nowMs: () => number
  /** Of holds: those whose client has lost the answer, and asks again. */
  readonly retriedShare: number
  /** Of posts: those decided by a clock that is behind. */
  readonly earlyShare: number
  readonly count: HoldCount
}

/** What came of it all. */
export class HoldCount {
  attempts = 0
  grants = 0
  taken = 0
  posted = 0
  retried = 0
  overlapsRefused = 0
  readonly unexpected = new Map<string, number>()
  readonly holdMs: number[] = []
  readonly postMs: number[] = []

  surprise(what: string): void {
    this.unexpected.set(what, (this.unexpected.get(what) ?? 0) + 1)
  }
}

export class HoldClient {
  readonly #world: HoldWorld
  readonly #name: string
  #draws = 0

  constructor(world: HoldWorld, name: string) {
    this.#world = world
    this.#name = name
  }

  /** Until all clients together have made so many attempts. */
  async run(attemptsMax: number): Promise<void> {
    const { count, random } = this.#world
    while (count.attempts < attemptsMax) {
      count.attempts += 1
      const held = await this.hold(this.#world.choose())
      if (held === null) continue
      const fate = random()
      if (fate < POSTED_SHARE) await this.#lend(held)
      else if (fate > POSTED_SHARE + LAPSED_SHARE) await this.#end(held, decideVoid)
    }
  }

  /** The hold, where it was granted. */
  async hold(cards: readonly CardToHold[]): Promise<Draw | null> {
    const { book, commits, count, random, retriedShare } = this.#world
    const change = decideHold(this.#request(cards.length), cards, NO_CHANCE, this.#decided())
    const startedMs = performance.now()
    const { status } = await commits.commit(change)
    count.holdMs.push(performance.now() - startedMs)
    if (status !== 'committed') {
      if (status === 'taken') count.taken += 1
      else count.surprise(`hold: ${status}`)
      return null
    }
    count.grants += 1
    book.grant(change.draw)
    if (random() < retriedShare) await this.#retry(change)
    return change.draw
  }

  /** The lease, once it is posted. */
  async post(held: Draw): Promise<Draw | null> {
    const { book, commits, count, earlyShare, random, store } = this.#world
    const isEarly = random() < earlyShare
    const byMs = isEarly ? -Math.floor(random() * EARLY_MS_MAX) : 0
    const startedMs = performance.now()
    // As the service does: what it decides on is what is stored.
    const draw = await store.findDraw(held.request.drawId)
    if (draw === null) {
      count.surprise('post: the hold is gone')
      return null
    }
    const outcome = decidePost(draw, { ...this.#decided(byMs), ...acceptedBy(draw) })
    if (outcome.status !== 'decided') {
      // Whoever is slow in the time of this world finds the hold lapsed.
      if (outcome.status !== 'refused') count.surprise(`post: ${outcome.status}`)
      book.release(held)
      return null
    }
    const result = await commits.commit(outcome.change)
    count.postMs.push(performance.now() - startedMs)
    if (result.status === 'committed') {
      count.posted += 1
      return outcome.change.draw
    }
    if (result.status === 'taken' && isEarly) count.overlapsRefused += 1
    else if (result.status !== 'stale') count.surprise(`post: ${result.status}`)
    if (result.status === 'stale') book.release(held)
    else await this.#end(draw, decideVoid)
    return null
  }

  /** Returned and cleaned: the card is anybody's again. */
  async giveBack(posted: Draw): Promise<void> {
    const returned = await this.#end(posted, (draw, decided) => decideReturn(draw, 'all', decided))
    if (returned !== null) await this.#commit(cleaned(returned), 'clean')
  }

  async #lend(held: Draw): Promise<void> {
    const posted = await this.post(held)
    if (posted !== null) await this.giveBack(posted)
  }

  async #end(
    draw: Draw,
    decide: (draw: Draw, decided: Decided) => DrawOutcome,
  ): Promise<Draw | null> {
    const outcome = decide(draw, this.#decided())
    this.#world.book.release(draw)
    if (outcome.status !== 'decided') return null
    return (await this.#commit(outcome.change, 'end')) ? outcome.change.draw : null
  }

  /** A hold that has lapsed meanwhile has been let go by the sweeper. */
  async #commit(change: DrawChange, what: string): Promise<boolean> {
    const { status } = await this.#world.commits.commit(change)
    if (status !== 'committed' && status !== 'stale')
      this.#world.count.surprise(`${what}: ${status}`)
    return status === 'committed'
  }

  async #retry(change: DrawChange): Promise<void> {
    const { commits, count } = this.#world
    const { status } = await commits.commit(change)
    if (status === 'stale') count.retried += 1
    else count.surprise(`retry: ${status}`)
  }

  #request(cards: number): DrawRequest {
    this.#draws += 1
    return {
      drawId: `${this.#name}-${this.#draws}`,
      bank: 'bench',
      borrower: this.#name,
      contract: 'bench',
      what: { kind: 'cards', lots: [{ lotId: 'l-bench', cards }] },
      startMs: null,
      forMs: HOUR_MS,
      holdMs: 30_000,
      swap: 'never',
      confidencePpm: null,
      isUnfencedTaken: true,
      isKeptInSilence: false,
    }
  }

  #decided(byMs = 0) {
    const nowMs = this.#world.nowMs() + byMs
    return { nowMs, lotIdOf: () => 'l-bench', proofMsMax: PROOF_MS_MAX }
  }
}

/** Lets go what nobody posts, as the bank does at the stated instant. Answers how many. */
export async function sweep({ book, commits, nowMs, store }: HoldWorld): Promise<number> {
  const decided = { nowMs: nowMs(), lotIdOf: () => 'l-bench' }
  const due = await store.readDueDraws('lending', decided.nowMs, 100)
  let lapsed = 0
  for (const draw of due) {
    if (draw.state !== 'held') continue
    const outcome = decideLapse(draw, decided)
    if (outcome.status !== 'decided') continue
    book.release(draw)
    if ((await commits.commit(outcome.change)).status === 'committed') lapsed += 1
  }
  return lapsed
}

/** Every node has just accepted. */
function acceptedBy({ claims }: Draw) {
  const unitIds = new Set(claims.flatMap(({ unitId }) => unitId ?? []))
  const accepted = { unitIds, askedAtMonotonicMs: 0, sampledAtMs: 0, isFenced: false }
  const acceptances: Acceptances = new Map(
    claims.flatMap(({ nodeId }) => (nodeId === null ? [] : [[nodeId, accepted] as const])),
  )
  return { nowMonotonicMs: 0, acceptances, handovers: new Map() }
}

function cleaned(draw: Draw): DrawChange {
  const endedAtMs = Math.max(...draw.claims.map((claim) => claim.endedAtMs ?? 0))
  const nodeIds = [...new Set(draw.claims.flatMap(({ nodeId }) => nodeId ?? []))]
  const payload = { draw_id: draw.request.drawId, node_ids: nodeIds }
  const claims = draw.claims.map((claim) => ({
    ...claim,
    state: 'ended' as const,
    cleanAtMs: claim.endedAtMs,
  }))
  const after = { ...draw, version: draw.version + 1, state: 'ended' as const, endedAtMs, claims }
  return {
    expectedVersion: draw.version,
    draw: after,
    mustBeFree: [],
    provenSinceMs: 0,
    booked: [],
    postings: [],
    residues: [],
    outbox: [{ kind: 'card_cleaned', atMs: endedAtMs, payload }],
  }
}
