/**
 * What the takers of each kind of record share: who tells, what came of a record, versions, bounds,
 * and what the newest checkpoint may not contradict.
 */
import { type ErrorCode, HOUR_MS, type RecordVersion } from '@yiben/shared'
import type { CheckedChildRecord } from './children-store.ts'
import { integer, type Row, text } from './values.ts'

/** `older`: what is held is newer, or the same. */
export type Taken =
  | { readonly status: 'taken' | 'older' }
  | { readonly status: 'refused'; readonly code: ErrorCode; readonly sentence: string }

export const TAKEN: Taken = { status: 'taken' }
export const OLDER: Taken = { status: 'older' }

/** Who tells, and when it came. */
export interface Teller {
  readonly child: number
  /** Its own ledger. */
  readonly origin: string
  /** Its sites lie there; `null`: anywhere. */
  readonly regionCode: string | null
  readonly ownOrigin: string
  readonly atMs: number
  /** What the records of one commit have changed of the time in which cards of a site count. */
  readonly changes: SiteChanges
}

/** [fromMs, toMs), `null`: without an end. */
export interface Change {
  readonly fromMs: number
  readonly toMs: number | null
}

/** By site, one span over all that has changed. */
export class SiteChanges {
  readonly #bySite = new Map<string, Change & { readonly collector: number }>()

  note(collector: number, siteCode: string, change: Change): void {
    const before = this.#bySite.get(siteCode)
    const all = before === undefined ? change : over(before, change)
    this.#bySite.set(siteCode, { ...all, collector })
  }

  entries(): Iterable<readonly [string, Change & { readonly collector: number }]> {
    return this.#bySite
  }

  /** `null`: nothing has changed. */
  whole(): Change | null {
    return [...this.#bySite.values()].reduce<Change | null>(
      (all, change) => (all === null ? change : over(all, change)),
      null,
    )
  }
}

/** The span over both. */
export function over(one: Change, other: Change): Change {
  return {
    fromMs: Math.min(one.fromMs, other.fromMs),
    toMs: one.toMs === null || other.toMs === null ? null : Math.max(one.toMs, other.toMs),
  }
}

export function refusal(code: ErrorCode, sentence: string): Taken {
  return { status: 'refused', code, sentence }
}

export function versionOf(row: Row): RecordVersion {
  return { generation: integer(row, 'generation'), number: integer(row, 'number') }
}

/** What is kept of a refused record for people to look at. */
export const REFUSED_BYTES_MAX = 4096

export function reportedOf(record: Exclude<CheckedChildRecord, { readonly kind: 'collector' }>) {
  switch (record.kind) {
    case 'site':
      return record.site
    case 'node':
      return record.node
    case 'hour':
      return record.hour
    case 'counts':
      return record.counts
    case 'checkpoint':
      return record.checkpoint
  }
}

/** Levels below a child: a nation has three in all. */
export const DEPTH_MAX = 16
/** A nation has some hundreds. */
export const COLLECTORS_PER_CHILD_MAX = 10_000

/** Every change is kept for so long, of older hours the last one. */
export const EVERY_CHANGE_MS = 48 * HOUR_MS
/** How far back of that is looked: what a child tells keeps coming, and what is older is thin. */
export const THINNED_MS = 4 * HOUR_MS

export type Checkpoint = Extract<CheckedChildRecord, { readonly kind: 'checkpoint' }>['checkpoint']

/** What is wrong with it beside the one that is held; `null`: nothing. */
export function contradiction(held: Row, checkpoint: Checkpoint, isNewer: boolean): string | null {
  const before = text(held, 'log_origin')
  const size = integer(held, 'tree_size')
  if (checkpoint.logOrigin !== before) {
    if (!isNewer) return null
    const [was, now] = [lifeOf(before), lifeOf(checkpoint.logOrigin)]
    return was.ledger === now.ledger && now.generation > was.generation
      ? null
      : `the ledger was ${before} and is now ${checkpoint.logOrigin}`
  }
  if (checkpoint.size === size && checkpoint.rootHash !== text(held, 'root_hash')) {
    return `the journal has another root at ${size} entries than it had before`
  }
  if (isNewer && checkpoint.size < size) {
    return `the journal has ${checkpoint.size} entries and had ${size} before`
  }
  return null
}

/** The last part of a log's name is its generation. */
function lifeOf(logOrigin: string): { readonly ledger: string; readonly generation: number } {
  const cut = logOrigin.lastIndexOf('/')
  return { ledger: logOrigin.slice(0, cut), generation: Number(logOrigin.slice(cut + 1)) }
}
