/**
 * What the owner has ordered on this node itself: cards taken back, the agent told to let go. The
 * orders hold at once and over restarts, with or without a collector (DESIGN 2.1, C22).
 *
 * Kept as text in the spool's file; units are named by their inventory key, which outlives an
 * epoch. All times are UTC ms on the node's timeline.
 */
import { AppError, parseJson } from '@yiben/shared'
import * as z from 'zod/mini'

/** More named cards than a node can have is a script gone wrong. */
const RECLAIMED_MAX = 4096

const ordersSchema = z.object({
  /** Since when every unit is taken back, those not known yet included. */
  allSinceMs: z.nullable(z.int()),
  /** Unit key and since when. */
  reclaimed: z.array(z.tuple([z.string(), z.int()])),
  pausedSinceMs: z.nullable(z.int()),
  /** `null` while paused: until told otherwise. */
  pausedUntilMs: z.nullable(z.int()),
})

export class OwnerOrders {
  #allSinceMs: number | null = null
  #reclaimed = new Map<string, number>()
  #pausedSinceMs: number | null = null
  #pausedUntilMs: number | null = null

  /** `text` is what `toText` gave. A veto that cannot be read is no licence to lend: it stops us. */
  static load(text: string | null): OwnerOrders {
    const orders = new OwnerOrders()
    if (text === null) return orders
    const parsed = ordersSchema.safeParse(parseJson(text))
    if (!parsed.success) {
      throw new AppError('disk_failed', "The owner's orders kept in the spool file are unreadable.")
    }
    orders.#allSinceMs = parsed.data.allSinceMs
    orders.#reclaimed = new Map(parsed.data.reclaimed)
    orders.#pausedSinceMs = parsed.data.pausedSinceMs
    orders.#pausedUntilMs = parsed.data.pausedUntilMs
    return orders
  }

  toText(): string {
    return JSON.stringify({
      allSinceMs: this.#allSinceMs,
      reclaimed: [...this.#reclaimed],
      pausedSinceMs: this.#pausedSinceMs,
      pausedUntilMs: this.#pausedUntilMs,
    })
  }

  get pausedSinceMs(): number | null {
    return this.#pausedSinceMs
  }

  get pausedUntilMs(): number | null {
    return this.#pausedUntilMs
  }

  reclaimedSinceMs(unitKey: string): number | null {
    return this.#reclaimed.get(unitKey) ?? this.#allSinceMs
  }

  /** `unitKeys` null: every unit, those that appear later included. */
  reclaim(unitKeys: readonly string[] | null, atMs: number): void {
    if (unitKeys === null) {
      this.#allSinceMs ??= atMs
      return
    }
    for (const key of unitKeys) {
      if (this.#reclaimed.size >= RECLAIMED_MAX) {
        throw new AppError('usage_invalid', `No more than ${RECLAIMED_MAX} cards can be named.`)
      }
      if (!this.#reclaimed.has(key)) this.#reclaimed.set(key, atMs)
    }
  }

  /** `allKeys` are the units known now: offering one of a node taken back whole leaves the others. */
  offer(unitKeys: readonly string[] | null, allKeys: readonly string[]): void {
    if (unitKeys === null) {
      this.#allSinceMs = null
      this.#reclaimed.clear()
      return
    }
    if (this.#allSinceMs !== null) {
      for (const key of allKeys) {
        if (!this.#reclaimed.has(key)) this.#reclaimed.set(key, this.#allSinceMs)
      }
      this.#allSinceMs = null
    }
    for (const key of unitKeys) this.#reclaimed.delete(key)
  }

  pause(atMs: number, untilMs: number | null): void {
    this.#pausedSinceMs ??= atMs
    this.#pausedUntilMs = untilMs
  }

  resume(): void {
    this.#pausedSinceMs = null
    this.#pausedUntilMs = null
  }

  isPauseOver(atMs: number): boolean {
    return this.#pausedUntilMs !== null && atMs >= this.#pausedUntilMs
  }
}
