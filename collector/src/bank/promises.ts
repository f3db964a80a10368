/**
 * Says in the journal how many cards of each lot will last half an hour, one, four and eight hours:
 * those of which the forecast is sure by nine in ten. An entry is written where one of the numbers
 * has changed, for each lot at most every 15 minutes; without a forecast none is.
 *
 * What was said last is stored with the entry, so that neither a restart nor a second collector says
 * it twice. A lot that is gone is promised nothing: its own closing says so.
 */
import { type Clock, type Logger, Rounds } from '@yiben/shared'
import type { OutboxEntry } from '../model/ledger.ts'
import type { LotPromise } from '../model/offer.ts'
import type { LotPromiseWrite } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import type { CapacityPicture } from './capacity-follower.ts'
import type { Outlook } from './capacity-outlook.ts'
import type { Lot } from './lots.ts'

const MINUTE_MS = 60_000
/** DESIGN 5: the steps of a promise. */
export const PROMISED_MS: readonly number[] = [30, 60, 240, 480].map((each) => each * MINUTE_MS)
export const SURE = 0.9
/** DESIGN 5. */
const SAID_EVERY_MS = 15 * MINUTE_MS
const LOOK_MS = MINUTE_MS
/** Entries per transaction: some milliseconds. */
const WRITES_MAX = 256

export type PromiseStore = Pick<Store, 'readLotPromises' | 'writeLotPromises'>

export interface PromisesOptions {
  readonly store: PromiseStore
  readonly clock: Clock
  readonly logger: Logger
  /** Lots as they are now. */
  readonly picture: () => Promise<CapacityPicture>
  readonly outlook: () => Outlook | null
  /** Entries were written. */
  readonly onCommitted: () => void
}

export class Promises {
  readonly id = 'promises'
  readonly #options: PromisesOptions
  readonly #rounds: Rounds
  /** By lot; `null` until it has been read. One entry per lot that ever had a promise. */
  #said: Map<string, LotPromise> | null = null

  constructor(options: PromisesOptions) {
    this.#options = options
    const logger = options.logger.child({ component: 'promises' })
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: LOOK_MS,
      round: () => this.look(),
      onFailure: (error) => logger.error({ err: error }, 'promises of lots could not be said'),
    })
  }

  run(): Promise<void> {
    return this.#rounds.run()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** One look at every lot; `false`: there is nothing left to say. */
  async look(): Promise<boolean> {
    const { clock, outlook, picture } = this.#options
    const forecast = outlook()
    if (forecast === null) return false
    const { view } = await picture()
    this.#said ??= await this.#read()
    const nowMs = clock.wallMs()
    const writes: LotPromiseWrite[] = []
    for (const { lot } of view.offers) {
      const write = promiseWrite(lot, forecast, this.#said.get(lot.id) ?? null, nowMs)
      if (write !== null) writes.push(write)
      if (writes.length >= WRITES_MAX) break
    }
    if (writes.length === 0) return false
    await this.#options.store.writeLotPromises(writes)
    // Another collector may have been first: what is stored is what was said.
    this.#said = await this.#read()
    this.#options.onCommitted()
    return writes.length >= WRITES_MAX
  }

  async #read(): Promise<Map<string, LotPromise>> {
    const said = await this.#options.store.readLotPromises()
    return new Map(said.map((promise) => [promise.lotId, promise]))
  }
}

/** `null` where nothing has changed, or it is too early to say so. */
function promiseWrite(
  lot: Lot,
  forecast: Outlook,
  said: LotPromise | null,
  nowMs: number,
): LotPromiseWrite | null {
  // A wall clock that has stepped back says nothing about how long ago it was.
  const agoMs = said === null ? SAID_EVERY_MS : Math.abs(nowMs - said.saidAtMs)
  if (agoMs < SAID_EVERY_MS) return null
  const cards = PROMISED_MS.map((forMs) => sureCards(lot, forecast, forMs))
  const before = said?.cards ?? PROMISED_MS.map(() => 0)
  if (cards.every((number, step) => number === before[step])) return null
  return {
    expectedSaidAtMs: said?.saidAtMs ?? null,
    promise: { lotId: lot.id, saidAtMs: nowMs, cards },
    entry: entryOf(lot, cards, nowMs),
  }
}

function sureCards({ drawable }: Lot, forecast: Outlook, forMs: number): number {
  const unitIds = drawable.map(({ unitId }) => unitId)
  const chances = forecast.chanceOfEach(unitIds, forMs)
  return chances.filter((chance) => chance !== null && chance >= SURE).length
}

function entryOf(lot: Lot, promised: readonly number[], nowMs: number): OutboxEntry {
  return {
    kind: 'lot_promised',
    atMs: nowMs,
    payload: {
      lot_id: lot.id,
      node_id: lot.nodeId,
      site: lot.siteCode,
      model: lot.kind.model,
      cards: lot.cards.length,
      unit_ids: lot.cards.map(({ unitId }) => unitId),
      promised: promised.map((cards, step) => ({ for_ms: PROMISED_MS[step] ?? 0, cards })),
    },
  }
}
