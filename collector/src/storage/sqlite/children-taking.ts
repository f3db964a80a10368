/** What the takers of each kind of record share: who tells, what came of a record, versions. */
import type { ErrorCode, RecordVersion } from '@yiben/shared'
import type { Database, Row } from './driver.ts'
import { integer } from './values.ts'

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

/**
 * Whether the ledger may tell of the site: it is its own, or nobody's yet. What is told before the site
 * is waits for it.
 */
export function refusalOfSite(db: Database, collector: number, siteCode: string): Taken | null {
  const held = db.get('SELECT collector_number FROM site_origins WHERE site_code = ?', siteCode)
  if (held !== undefined) {
    if (integer(held, 'collector_number') === collector) return null
    return refusal('record_site', `the site ${siteCode} is one of another collector`)
  }
  if (db.get('SELECT code FROM sites WHERE code = ?', siteCode) === undefined) return null
  return refusal('record_site', `the site ${siteCode} is one of this collector`)
}
