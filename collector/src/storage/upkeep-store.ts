/** The part of the port that keeps a ledger going: what goes after its time, what is kept twice. */
import type { UnitId } from '../model/ids.ts'
import type { DrawCopy } from './draw-requests.ts'

export interface UpkeepStore {
  // retention: sums are for ever, what single cards did is not
  /** From there on it is whole; what is asked of time before is refused, `as_of_pruned`. 0: all is. */
  timelineKeptFromMs(): Promise<number>
  /**
   * Removes some of what is older, and refused records older than theirs: a few rows a call. Begun
   * with `afterUnitId` `null`, gone on with what the call before answered, until it `isDone`.
   */
  pruneTimeline(prune: {
    readonly keptFromMs: number
    readonly refusedKeptFromMs: number
    readonly afterUnitId: UnitId | null
    readonly rowsMax: number
  }): Promise<{
    readonly rows: number
    readonly nextUnitId: UnitId | null
    readonly isDone: boolean
  }>

  // the second journal
  /** From now on decisions on draws are copied for it, or no more, and none is kept. */
  keepDrawCopies(isKept: boolean): Promise<void>
  /** Copies behind that number, in order; `lastNumber`: of the last copy that was ever made. */
  readDrawCopies(
    afterNumber: number,
    limit: number,
  ): Promise<{ readonly lastNumber: number; readonly copies: readonly DrawCopy[] }>
  /** They are on the other disk. */
  dropDrawCopies(throughNumber: number): Promise<void>
}
