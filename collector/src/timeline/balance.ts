/**
 * The ledger's balance equation, from the raw rows of one unit: its runs, and the silences where no
 * run is, must tile its time exactly. A hole or an overlap is an error with its span; unknown time
 * is never made up as a remainder. Pure; shared by the command line and the API.
 */
import { runName } from '@yiben/shared'
import type { UnitId } from '../model/ids.ts'
import type { Silence, StoredRun } from '../model/timeline.ts'
import type { UnitSpan } from '../storage/requests.ts'
import { projectPiece, type StateTotals, wallTotal, zeroTotals } from './states.ts'

export interface BalanceError {
  readonly kind: 'hole' | 'overlap'
  readonly unitId: UnitId
  readonly fromMs: number
  readonly toMs: number
  readonly sentence: string
}

export interface Balance {
  readonly unitId: UnitId
  /** The time that had to be tiled; `fromMs` = `toMs` when the unit has none in the range. */
  readonly fromMs: number
  readonly toMs: number
  readonly totals: Readonly<StateTotals>
  /** Part of unknown that rests on a silence and not on a run. */
  readonly silentMs: bigint
  /** Known time in thousandths of wall time, rounded down; `null` without any time. */
  readonly coveragePermille: number | null
  readonly errors: readonly BalanceError[]
}

/** Balances one unit over `[fromMs, toMs)`; `toMs` must not lie after the time of asking. */
export function balanceOf(
  span: UnitSpan,
  range: { readonly fromMs: number; readonly toMs: number },
): Balance {
  const bounds = boundsOf(span, range)
  const tiling = new Tiling(span, bounds)
  const runs = [...span.runs].sort((left, right) => left.startMs - right.startMs)
  for (const run of runs) tiling.addRun(run)
  return tiling.finish()
}

/**
 * From the placement's first proof to its end, the live edge or the end of the range, whichever
 * comes first. Past the live edge nothing has been told, unless the node or unit is silent. A
 * placement that its node tells no more of has been told to its end.
 */
function boundsOf(
  span: UnitSpan,
  range: { readonly fromMs: number; readonly toMs: number },
): { readonly fromMs: number; readonly toMs: number } {
  const { validFromMs, bookedToMs } = span.unit
  const isSilent = span.silences.some((silence) => silence.toMs === null)
  const edgeMs = isSilent ? range.toMs : (span.timelineEndMs ?? bookedToMs ?? validFromMs)
  const fromMs = Math.max(range.fromMs, validFromMs)
  const toMs = Math.min(range.toMs, bookedToMs ?? edgeMs, edgeMs)
  return { fromMs, toMs: Math.max(fromMs, toMs) }
}

class Tiling {
  readonly #unitId: UnitId
  readonly #fromMs: number
  readonly #toMs: number
  readonly #silences: readonly Silence[]
  readonly #leases: UnitSpan['leases']
  readonly #totals = zeroTotals()
  readonly #errors: BalanceError[] = []
  #silentMs = 0n
  /** Everything before is tiled or has been reported. */
  #cursorMs: number
  #lastRun: StoredRun | null = null

  constructor(
    { unit, silences, leases }: Pick<UnitSpan, 'unit' | 'silences' | 'leases'>,
    bounds: { readonly fromMs: number; readonly toMs: number },
  ) {
    this.#unitId = unit.unitId
    this.#leases = leases
    this.#fromMs = bounds.fromMs
    this.#toMs = bounds.toMs
    this.#cursorMs = bounds.fromMs
    this.#silences = [...silences].sort((left, right) => left.fromMs - right.fromMs)
  }

  addRun(run: StoredRun): void {
    const startMs = Math.max(run.startMs, this.#fromMs)
    const endMs = Math.min(run.endMs, this.#toMs)
    if (endMs <= startMs) return
    if (startMs > this.#cursorMs) this.#fillWithSilence(startMs)
    if (startMs < this.#cursorMs) {
      const before = this.#lastRun === null ? 'another run' : runName(this.#lastRun.code)
      const sentence = `${runName(run.code)} begins before ${before} has ended`
      this.#report('overlap', startMs, Math.min(this.#cursorMs, endMs), sentence)
    }
    // Overlapping time is summed twice on purpose: the sum is then wrong as well.
    const piece = { fromMs: startMs, toMs: endMs, code: run.code }
    for (const { fromMs, toMs, state } of projectPiece(piece, this.#leases)) {
      this.#totals[state] += BigInt(toMs - fromMs)
    }
    this.#cursorMs = Math.max(this.#cursorMs, endMs)
    this.#lastRun = run
  }

  finish(): Balance {
    if (this.#cursorMs < this.#toMs) this.#fillWithSilence(this.#toMs)
    const wallMs = wallTotal(this.#totals)
    const knownMs = wallMs - this.#totals.unknown
    return {
      unitId: this.#unitId,
      fromMs: this.#fromMs,
      toMs: this.#toMs,
      totals: this.#totals,
      silentMs: this.#silentMs,
      coveragePermille: wallMs === 0n ? null : Number((knownMs * 1000n) / wallMs),
      errors: this.#errors,
    }
  }

  /** From the cursor to `untilMs` there is no run: silences must account for all of it. */
  #fillWithSilence(untilMs: number): void {
    for (const silence of this.#silences) {
      const fromMs = Math.max(silence.fromMs, this.#cursorMs)
      const toMs = Math.min(silence.toMs ?? untilMs, untilMs)
      if (toMs <= fromMs) continue
      if (fromMs > this.#cursorMs) this.#reportHole(this.#cursorMs, fromMs)
      this.#totals.unknown += BigInt(toMs - fromMs)
      this.#silentMs += BigInt(toMs - fromMs)
      this.#cursorMs = toMs
    }
    if (this.#cursorMs < untilMs) this.#reportHole(this.#cursorMs, untilMs)
    this.#cursorMs = untilMs
  }

  #reportHole(fromMs: number, toMs: number): void {
    this.#report('hole', fromMs, toMs, `nothing is booked for ${toMs - fromMs} ms`)
  }

  #report(kind: BalanceError['kind'], fromMs: number, toMs: number, sentence: string): void {
    this.#errors.push({ kind, unitId: this.#unitId, fromMs, toMs, sentence })
  }
}
