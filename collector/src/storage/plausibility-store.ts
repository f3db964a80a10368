/** What the storage port promises of what was told and is not believed by itself. */
import type { NodeId, UnitId } from '../model/ids.ts'
import type { Finding, HourReading, ImplausibleHour } from '../model/implausible.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import type { Page, PageRequest, Scope } from './requests.ts'

/** A sealed hour and the version of it that is looked at. */
export interface JudgedHour {
  readonly hourMs: number
  readonly version: number
}

export interface PlausibilityStore {
  /** The oldest sealed hour of which the newest version was not judged; `null`: all were. */
  readUnjudgedHour(): Promise<JudgedHour | null>
  /** Whole cards that told of the hour, behind `afterUnitId`, in order. */
  readHourReadings(
    hourMs: number,
    afterUnitId: number,
    limit: number,
  ): Promise<readonly HourReading[]>
  /**
   * Each hour goes on with the open finding of its rule on its card or node, or begins one with its
   * entry; an hour that is in it already changes nothing but the figures. Where a person has cleared the
   * rule there less than `CLEARED_FOR_MS` ago nothing is begun. Answers how many were begun.
   */
  writeImplausible(
    hours: readonly ImplausibleHour[],
    atMs: number,
  ): Promise<{ readonly opened: number }>
  hourJudged(hour: JudgedHour): Promise<void>
  /** Cards of these nodes of which no deposit may be opened until a person clears a finding. */
  readWithheldByFinding(nodeIds: readonly NodeId[]): Promise<readonly UnitId[]>
  /** The newest first. */
  listFindings(scope: Scope, openOnly: boolean, page: PageRequest): Promise<Page<Finding>>
  findFinding(scope: Scope, findingId: number): Promise<Finding | null>
  /** Findings, and the cards that stand under one, that were open at `knownAtMs`. */
  countFindings(
    scope: Scope,
    knownAtMs: number,
  ): Promise<{ readonly findings: number; readonly cards: number }>
  /** A person has looked, and says why nothing is wrong; the bank looks at the node again. */
  clearFinding(change: {
    readonly findingId: number
    readonly by: string
    readonly because: string
    readonly atMs: number
    readonly outbox: readonly OutboxEntry[]
  }): Promise<{ readonly status: 'cleared' | 'not_found' | 'already_cleared' }>
}
