/**
 * Statements: of one owner or one borrower, what was promised in a span of time and where it went, to
 * the millisecond (DESIGN 5, Accounts). Pure; made of sums over postings as they were known.
 *
 *   promised = delivered (active, idle) + returned + broken (by cause) + unproven + pending + swapped
 *
 * Card-ms are summed within one catalogue model at one site; over models there is P·h alone, exact
 * (nano-TFLOPS × ms), because an hour of one model is not an hour of another (C28). `swapped` is what
 * another line's cards took over, negative on that line: within a line it cancels.
 */
import { assert } from '@yiben/shared'
import { ACCOUNTS, BROKEN_CAUSES } from '../model/draw.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { ModelRate } from '../rollup/sums.ts'
import type { AccountSums, DrawMoves } from '../storage/account-requests.ts'

/**
 * The figures of a line: its accounts, and beside the promise the time in which cards were still in
 * use behind the end of their leases (C12).
 */
export const STATEMENT_FIGURES = [...ACCOUNTS, 'residue'] as const
type StatementFigure = (typeof STATEMENT_FIGURES)[number]
export type StatementAmounts = Readonly<Record<StatementFigure, bigint>>

export interface StatementLine {
  readonly fromMs: number
  readonly toMs: number
  readonly siteCode: string
  readonly ownerCode: string
  /** Catalogue model, or the printed name of an unrated profile. */
  readonly model: string
  /** From then on nothing in it changes. */
  readonly isFinal: boolean
  /** Card-milliseconds. */
  readonly cardMs: StatementAmounts
  /** Nano-TFLOPS × ms; `null` where some of its cards are unrated. */
  readonly weighted: StatementAmounts | null
}

/** How promises ended; each draw counts once, in the span in which its promise begins. */
export interface Outcomes {
  readonly counted: number
  /** Some of it is still to come, or not proven yet. */
  readonly open: number
  /** Every promised millisecond was delivered or given back, by the cards first bound. */
  readonly kept: number
  /** The same, with other cards in the place of some. */
  readonly keptBySwap: number
  readonly broken: number
}

export interface Statement {
  readonly lines: readonly StatementLine[]
  /** Over all lines that are rated. */
  readonly weighted: StatementAmounts
  readonly unratedLines: number
  /** Share in ppm of the P·h that has passed and is proven, rounded down; `null`: none has. */
  readonly coveragePpm: number | null
  readonly draws: Outcomes
  readonly bookings: Outcomes
}

export interface StatementQuestion {
  /** Spans one behind the other (months), each with its sums. */
  readonly periods: readonly {
    readonly fromMs: number
    readonly toMs: number
    readonly sums: AccountSums
  }[]
  readonly draws: readonly DrawMoves[]
  /** Time before is final. */
  readonly finalBeforeMs: number
  readonly rateOf: (profile: DeviceProfile) => ModelRate
}

/** Lines by time, site, owner and model. */
export function statementOf(question: StatementQuestion): Statement {
  const lines = question.periods.flatMap((period) => linesOf(period, question))
  for (const line of lines) checkLine(line)
  const rated = lines.flatMap(({ weighted }) => (weighted === null ? [] : [weighted]))
  const weighted = sumOf(rated)
  const bookings = question.draws.filter(({ isBooking }) => isBooking)
  return {
    lines,
    weighted,
    unratedLines: lines.length - rated.length,
    coveragePpm: coveragePpm(weighted),
    draws: outcomesOf(question.draws),
    bookings: outcomesOf(bookings),
  }
}

/** What a line promises is what its accounts hold together. */
export function heldOf(amounts: StatementAmounts): bigint {
  const parts = STATEMENT_FIGURES.filter((figure) => figure !== 'promised' && figure !== 'residue')
  return parts.reduce((sum, figure) => sum + amounts[figure], 0n)
}

export function brokenOf(amounts: StatementAmounts): bigint {
  return BROKEN_CAUSES.reduce((sum, cause) => sum + amounts[`broken_${cause}`], 0n)
}

type Amounts = Record<StatementFigure, bigint>
interface OpenLine {
  readonly siteCode: string
  readonly ownerCode: string
  readonly model: string
  readonly cardMs: Amounts
  readonly weighted: Amounts
  isRated: boolean
}

function linesOf(
  { fromMs, toMs, sums }: StatementQuestion['periods'][number],
  { finalBeforeMs, rateOf }: StatementQuestion,
): readonly StatementLine[] {
  const lines = new Map<string, OpenLine>()
  const add = (
    at: { readonly siteCode: string; readonly ownerCode: string; readonly profile: DeviceProfile },
    amounts: readonly (readonly [StatementFigure, bigint])[],
  ) => {
    const { model, nanoTflops } = rateOf(at.profile)
    const { siteCode, ownerCode } = at
    const key = JSON.stringify([siteCode, ownerCode, model])
    const line = lines.get(key) ?? {
      ...{ siteCode, ownerCode, model, isRated: true },
      cardMs: zeros(),
      weighted: zeros(),
    }
    lines.set(key, line)
    if (nanoTflops === null) line.isRated = false
    for (const [figure, ms] of amounts) {
      line.cardMs[figure] += ms
      line.weighted[figure] += ms * (nanoTflops ?? 0n)
    }
  }
  for (const move of sums.moves) {
    add(move, [
      // What owners have promised is the other side of all the rest: shown without its sign.
      [move.from, move.from === 'promised' ? move.ms : -move.ms],
      [move.to, move.ms],
    ])
  }
  for (const residue of sums.residues) add(residue, [['residue', residue.ms]])
  return [...lines]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, { isRated, weighted, ...line }]) => ({
      fromMs,
      toMs,
      ...line,
      isFinal: toMs <= finalBeforeMs,
      weighted: isRated ? weighted : null,
    }))
}

function checkLine({ cardMs, model, siteCode }: StatementLine): void {
  assert(
    cardMs.promised === heldOf(cardMs),
    `the accounts of ${model} at ${siteCode} add up to ${heldOf(cardMs)} of ${cardMs.promised} ms`,
  )
}

/** Of the time that evidence had to speak for: what it did. */
function coveragePpm(amounts: StatementAmounts): number | null {
  const proven = amounts.delivered_active + amounts.delivered_idle + amounts.broken_interrupted
  const passed = proven + amounts.unproven + amounts.broken_unproven
  return passed === 0n ? null : Number((proven * 1_000_000n) / passed)
}

function outcomesOf(draws: readonly DrawMoves[]): Outcomes {
  const counts = { counted: draws.length, open: 0, kept: 0, keptBySwap: 0, broken: 0 }
  for (const draw of draws) counts[outcomeOf(draw)] += 1
  return counts
}

function outcomeOf({ moves }: DrawMoves): 'open' | 'kept' | 'keptBySwap' | 'broken' {
  const amounts = zeros()
  let isSwapped = false
  for (const { from, to, ms } of moves) {
    amounts[from] -= ms
    amounts[to] += ms
    // Taken over by other cards of the same draw, it is no longer in the sums.
    if (from === 'swapped' || to === 'swapped') isSwapped = true
  }
  const isBroken = BROKEN_CAUSES.some(
    (cause) => cause !== 'swap' && amounts[`broken_${cause}`] !== 0n,
  )
  if (isBroken) return 'broken'
  if (amounts.pending !== 0n || amounts.unproven !== 0n) return 'open'
  return isSwapped || amounts.broken_swap !== 0n ? 'keptBySwap' : 'kept'
}

function zeros(): Amounts {
  return Object.fromEntries(STATEMENT_FIGURES.map((figure) => [figure, 0n])) as Amounts
}

function sumOf(all: readonly StatementAmounts[]): StatementAmounts {
  const sums = zeros()
  for (const amounts of all) {
    for (const figure of STATEMENT_FIGURES) sums[figure] += amounts[figure]
  }
  return sums
}
