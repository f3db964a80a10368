/** What the storage port promises of what sites state of themselves, and of codes issued elsewhere. */
import type { Resource } from '@yiben/shared'
import type { IssuedCode } from '../model/issued-code.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import type { Site } from '../model/site.ts'
import type { SiteFact, SiteFactKind } from '../model/site-facts.ts'
import type { Scope } from './requests.ts'

/** The time spoken of, and what the ledger knew then. */
export interface SiteInstant {
  readonly atMs: number
  readonly knownAtMs: number
}

/** A statement and the entry that says it. */
export interface SiteFactStatement {
  readonly stated: SiteFact
  readonly outbox: readonly OutboxEntry[]
}

/** What a number of ours names. */
export interface NamedThing {
  readonly kind: 'site' | 'node'
  readonly number: number
  /** Site code, node id. */
  readonly key: string
}

export interface SiteFactsStore {
  /**
   * Sites said by `knownAtMs`, by code: each with its name and its terms in force at `atMs`, as
   * known then. Before its first terms a site is under its first.
   */
  readSitesAt(scope: Scope, instant: SiteInstant): Promise<readonly Site[]>
  /**
   * Facts in force at `atMs`, as known at `knownAtMs`, by site, then by kind; those that were
   * withdrawn are left out.
   */
  readSiteFactsAt(scope: Scope, instant: SiteInstant): Promise<readonly SiteFact[]>
  /**
   * Every statement of a kind made by then, by site, in the order they were made: of those that hold
   * from an instant or before the last one counts at it.
   */
  readFactStatements(
    scope: Scope,
    kind: SiteFactKind,
    knownAtMs: number,
  ): Promise<readonly SiteFact[]>
  /** Every statement of a site, the latest first, at most `limit`. */
  readSiteFactHistory(scope: Scope, siteCode: string, limit: number): Promise<readonly SiteFact[]>
  /**
   * Each with its entry; one that says what holds already, and nothing else after it, is left out
   * with its entry. Answers how many were new.
   */
  stateSiteFacts(statements: readonly SiteFactStatement[]): Promise<{ readonly stated: number }>

  /** Our numbers of the sites of the scope. */
  readSiteNumbers(scope: Scope): Promise<readonly NamedThing[]>
  findNumbered(scope: Scope, kind: NamedThing['kind'], number: number): Promise<NamedThing | null>
  /** Every record of codes issued for a thing, the latest first; the caller may see the thing. */
  readIssuedCodes(thing: Resource): Promise<readonly IssuedCode[]>
  /**
   * With its entry; `known` when it says what holds already, `taken` when another thing has that
   * code under the same scheme and use.
   */
  recordCode(
    code: IssuedCode,
    outbox: readonly OutboxEntry[],
  ): Promise<{ readonly status: 'recorded' | 'known' | 'taken' }>
}
