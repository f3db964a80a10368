/**
 * Keeps the index of deposits up to date from the store: reads every offer once, then what changes.
 * A change is seen by its node's row, or by the entry of the decision: in the journal once it is
 * numbered, in the outbox before. Whatever is named is read anew, so that seeing a change twice is
 * harmless and the index holds what the store holds.
 *
 * While it runs it looks once per interval, and at every hint. Whoever asks while it does not run,
 * or has not come through for a while, waits for a look: no answer rests on an old picture.
 */
import { type Clock, HOUR_MS, type Logger, Rounds } from '@yiben/shared'
import { decodeEntry } from '../journal/entry.ts'
import type { NodeId } from '../model/ids.ts'
import { FEED_KINDS, type JournalEntry } from '../model/ledger.ts'
import type { NodeOffer, OfferCursor } from '../model/offer.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { CapacityIndex, type CapacityIndexOptions, type LotIndex } from './capacity-index.ts'

/** A closed deposit is out of search this long after it was committed at the latest. */
const FOLLOW_MS = 1_000
/** Past this an answer waits for a look, or fails as the store does. */
const LAG_MS_MAX = 10_000
/** Nodes per read: a few hundred kilobytes, which take this thread a few milliseconds. */
const NODES_PER_READ_MAX = 256
const ENTRIES_PER_READ_MAX = 1_000
/** Nothing is booked for later than this. */
const BOOKED_MS_MAX = 9 * 24 * HOUR_MS

export type CapacityStore = Pick<
  Store,
  | 'journalHead'
  | 'listSites'
  | 'readBookedHours'
  | 'readJournal'
  | 'readOfferChanges'
  | 'readOffers'
>

export interface CapacityFollowerOptions extends CapacityIndexOptions {
  readonly store: CapacityStore
  readonly clock: Clock
  readonly logger: Logger
}

/** The index, and how old the picture is that it holds. */
export interface CapacityPicture {
  readonly view: LotIndex
  /** Everything committed before this instant is in it. */
  readonly asOfMs: number
  readonly lagMs: number
}

interface Look {
  readonly wallMs: number
  readonly monotonicMs: number
}

export class CapacityFollower {
  readonly id = 'capacity'
  readonly #index: CapacityIndex
  readonly #store: CapacityStore
  readonly #clock: Clock
  readonly #rounds: Rounds
  #isRunning = false
  #cursor: OfferCursor = { changeSeq: 0, outboxId: 0 }
  #bookedSeq = -1
  /** `null` before the first look. */
  #journalSeq: number | null = null
  /** The last look that left nothing to read. */
  #look: Look | null = null

  constructor(options: CapacityFollowerOptions) {
    this.#index = new CapacityIndex(options)
    this.#store = options.store
    this.#clock = options.clock
    const logger = options.logger.child({ component: 'capacity' })
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: FOLLOW_MS,
      round: () => this.#round(),
      onFailure: (error) => logger.error({ err: error }, 'deposits cannot be followed'),
    })
  }

  async run(): Promise<void> {
    this.#isRunning = true
    await this.#rounds.run()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    await this.#rounds.stop()
  }

  /** Entries were numbered. */
  hint(): void {
    this.#rounds.wake()
  }

  /** Since the look that its picture rests on; infinite before the first. */
  get lagMs(): number {
    return this.#lagMs()
  }

  /** Cards with an open deposit, and those of them that can be drawn; `null` before the first look. */
  get cards(): { readonly deposited: number; readonly drawable: number } | null {
    if (this.#look === null) return null
    let deposited = 0
    let drawable = 0
    for (const { cards, lot } of this.#index.offers) {
      deposited += lot.cards.length
      drawable += cards.length
    }
    return { deposited, drawable }
  }

  async upToDate(): Promise<CapacityPicture> {
    if (!this.#isRunning || this.#lagMs() > LAG_MS_MAX) await this.#drain()
    const { wallMs } = this.#look ?? { wallMs: this.#clock.wallMs() }
    return { view: this.#index, asOfMs: wallMs, lagMs: this.#lagMs() }
  }

  #lagMs(): number {
    if (this.#look === null) return Number.POSITIVE_INFINITY
    return Math.round(this.#clock.monotonicMs() - this.#look.monotonicMs)
  }

  async #drain(): Promise<void> {
    while (await this.#rounds.once()) {
      // Each round moves a cursor.
    }
  }

  /** True when there is more to read. Nothing has its effect before everything is read. */
  async #round(): Promise<boolean> {
    const look = { wallMs: this.#clock.wallMs(), monotonicMs: this.#clock.monotonicMs() }
    const isFirst = this.#journalSeq === null
    const afterSeq = this.#journalSeq ?? (await this.#store.journalHead()).seq
    // The outbox before the journal: an entry that leaves the one meanwhile is in the other.
    const changes = await this.#store.readOfferChanges(this.#cursor, NODES_PER_READ_MAX)
    const entries = await this.#store.readJournal(afterSeq, ENTRIES_PER_READ_MAX)
    const offers = [...changes.offers, ...(await this.#offersDecidedOn(entries))]
    const isSiteNew = offers.some(({ siteCode }) => !this.#index.hasSite(siteCode))
    if (isFirst || isSiteNew || entries.some(({ kind }) => kind === 'site_changed')) {
      this.#index.putSites(await this.#store.listSites(SCOPE_ALL))
    }
    await this.#readBooked(look.wallMs)
    for (const offer of offers) this.#index.put(offer)
    this.#cursor = changes.cursor
    this.#journalSeq = entries.at(-1)?.seq ?? afterSeq
    if (changes.hasMore || entries.length === ENTRIES_PER_READ_MAX) return true
    this.#look = look
    return false
  }

  async #readBooked(nowMs: number): Promise<void> {
    const range = { fromMs: nowMs - HOUR_MS, toMs: nowMs + BOOKED_MS_MAX }
    const booked = await this.#store.readBookedHours(this.#bookedSeq, range)
    if (booked === null) return
    this.#index.booked.put(booked.hours)
    this.#bookedSeq = booked.seq
  }

  /** Read after the entries, so that it is no older than what they tell of. */
  async #offersDecidedOn(entries: readonly JournalEntry[]): Promise<readonly NodeOffer[]> {
    const nodeIds = new Set(entries.flatMap(nodesDecidedOn))
    return nodeIds.size === 0 ? [] : this.#store.readOffers(SCOPE_ALL, [...nodeIds])
  }
}

/** The nodes whose deposits or claims the entry is about: one, or those that a draw touches. */
function nodesDecidedOn({ bytes, kind }: JournalEntry): readonly NodeId[] {
  const payload = FEED_KINDS.includes(kind) ? decodeEntry(bytes)?.payload : undefined
  const named = [payload?.node_id, payload?.node_ids].flat()
  return named.flatMap((nodeId) => (typeof nodeId === 'string' ? [nodeId as NodeId] : []))
}
