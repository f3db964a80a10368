/**
 * What a running part counts for whoever watches it: numbers since the start of the process that
 * only grow. Pure; they cost a few comparisons each and are read when they are asked for.
 */
import { assert } from './assert.ts'

export interface TallyRow<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>
  readonly count: number
}

/** Counts by labels. Whoever counts takes label values from short lists: each is a row for ever. */
export class Tally<Label extends string> {
  readonly #rows = new Map<string, { labels: Readonly<Record<Label, string>>; count: number }>()

  add(labels: Readonly<Record<Label, string>>, by = 1): void {
    const key = JSON.stringify(labels)
    const row = this.#rows.get(key)
    if (row === undefined) this.#rows.set(key, { labels, count: by })
    else row.count += by
  }

  /** In the order of their first count. */
  rows(): readonly TallyRow<Label>[] {
    return [...this.#rows.values()].map((row) => ({ ...row }))
  }
}

/** How long something took, as a histogram: of each bound how many took no longer. */
export interface DurationTallyView {
  readonly buckets: readonly { readonly upToMs: number; readonly count: number }[]
  readonly sumMs: number
  /** All, also those longer than any bound. */
  readonly count: number
}

export class DurationTally {
  readonly #boundsMs: readonly number[]
  /** One per bound, those longer than the one before. */
  readonly #counts: number[]
  #sumMs = 0
  #count = 0

  constructor(boundsMs: readonly number[]) {
    assert(
      boundsMs.every((bound, index) => index === 0 || bound > (boundsMs[index - 1] ?? bound)),
      'bounds of durations rise',
    )
    this.#boundsMs = boundsMs
    this.#counts = boundsMs.map(() => 0)
  }

  note(tookMs: number): void {
    this.#sumMs += tookMs
    this.#count += 1
    const index = this.#boundsMs.findIndex((bound) => tookMs <= bound)
    const counted = this.#counts[index]
    if (counted !== undefined) this.#counts[index] = counted + 1
  }

  view(): DurationTallyView {
    let below = 0
    const buckets = this.#boundsMs.map((upToMs, index) => {
      below += this.#counts[index] ?? 0
      return { upToMs, count: below }
    })
    return { buckets, sumMs: this.#sumMs, count: this.#count }
  }
}
