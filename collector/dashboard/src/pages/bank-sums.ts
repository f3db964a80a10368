/**
 * A statement's figures as they add up: promised = delivered + returned + broken + unproven + pending
 * + swapped, in exact card-milliseconds, within one model. What is shown is rounded to a thousandth
 * of an hour so that the parts shown still add up to the total shown.
 */
export const PARTS = [
  'delivered_active',
  'delivered_idle',
  'returned',
  'broken',
  'unproven',
  'pending',
  'swapped',
] as const
export type Part = (typeof PARTS)[number]

/** As statements and promises tell it. */
export interface ToldLine {
  readonly model: string
  readonly promised_card_ms: string
  readonly delivered_active_card_ms: string
  readonly delivered_idle_card_ms: string
  readonly returned_card_ms: string
  readonly broken_card_ms: Readonly<Partial<Record<string, string>>>
  readonly unproven_card_ms: string
  readonly pending_card_ms: string
  /** Negative where taken over. */
  readonly swapped_card_ms: string
}

/** Card-milliseconds. */
export interface Account {
  readonly promised: bigint
  readonly parts: Readonly<Record<Exclude<Part, 'broken'>, bigint>>
  readonly broken: ReadonlyMap<string, bigint>
}

/** Thousandths of a card-hour, for the eye. */
export interface ShownAccount {
  readonly promised: bigint
  readonly parts: Readonly<Record<Part, bigint>>
  readonly broken: ReadonlyMap<string, bigint>
  /** Exact: what the parts are short of, in ms; 0 where it adds up. */
  readonly differenceMs: bigint
}

/** A thousandth of an hour. */
const STEP_MS = 3_600n

/** Of one line, or of several of the same model. */
export function accountOf(lines: readonly ToldLine[]): Account {
  const sum = (amount: (line: ToldLine) => string) =>
    lines.reduce((total, line) => total + BigInt(amount(line)), 0n)
  const causes = new Set(lines.flatMap(({ broken_card_ms: broken }) => Object.keys(broken)))
  const brokenBy = (cause: string) => sum(({ broken_card_ms: broken }) => broken[cause] ?? '0')
  return {
    promised: sum((line) => line.promised_card_ms),
    parts: {
      delivered_active: sum((line) => line.delivered_active_card_ms),
      delivered_idle: sum((line) => line.delivered_idle_card_ms),
      returned: sum((line) => line.returned_card_ms),
      unproven: sum((line) => line.unproven_card_ms),
      pending: sum((line) => line.pending_card_ms),
      swapped: sum((line) => line.swapped_card_ms),
    },
    broken: new Map([...causes].sort().map((cause) => [cause, brokenBy(cause)])),
  }
}

export function accountsByModel<Line extends ToldLine>(
  lines: readonly Line[],
): readonly { readonly model: string; readonly account: Account }[] {
  return [...Map.groupBy(lines, ({ model }) => model)]
    .map(([model, ofModel]) => ({ model, account: accountOf(ofModel) }))
    .sort((left, right) => (left.model < right.model ? -1 : 1))
}

export function shownAccount({ promised, parts, broken }: Account): ShownAccount {
  const causes = [...broken.keys()]
  const names = PARTS.filter((name) => name !== 'broken')
  const exact = [...names.map((name) => parts[name]), ...broken.values()]
  const differenceMs = promised - exact.reduce((sum, one) => sum + one, 0n)
  const total = nearest(promised)
  const shown = differenceMs === 0n ? roundedTo(total, exact) : exact.map(nearest)
  const brokenShown = shown.slice(names.length)
  const part = (name: (typeof names)[number]) => shown[names.indexOf(name)] ?? 0n
  return {
    promised: total,
    parts: {
      delivered_active: part('delivered_active'),
      delivered_idle: part('delivered_idle'),
      returned: part('returned'),
      broken: brokenShown.reduce((sum, one) => sum + one, 0n),
      unproven: part('unproven'),
      pending: part('pending'),
      swapped: part('swapped'),
    },
    broken: new Map(causes.map((cause, index) => [cause, brokenShown[index] ?? 0n])),
    differenceMs,
  }
}

/** Each rounded down, and the largest remainders up, until they sum to `total` steps. */
function roundedTo(total: bigint, exact: readonly bigint[]): readonly bigint[] {
  const shown = exact.map(floored)
  const left = Number(total - shown.reduce((sum, one) => sum + one, 0n))
  const byRemainder = exact
    .map((ms, index) => ({ index, remainder: ms - floored(ms) * STEP_MS }))
    .sort((one, other) => Number(other.remainder - one.remainder))
  const raised = new Set(byRemainder.slice(0, left).map(({ index }) => index))
  return shown.map((steps, index) => (raised.has(index) ? steps + 1n : steps))
}

function floored(ms: bigint): bigint {
  const steps = ms / STEP_MS
  return ms % STEP_MS < 0n ? steps - 1n : steps
}

function nearest(ms: bigint): bigint {
  return floored(ms + STEP_MS / 2n)
}

export interface Outcomes {
  readonly counted: number
  readonly open: number
  readonly kept: number
  readonly kept_by_swap: number
  readonly broken: number
}

/** Of draws that are settled; `null` where none is. */
export function keptRates({ counted, open, kept, kept_by_swap: bySwap }: Outcomes): {
  readonly settled: number
  readonly withoutSwaps: number | null
  readonly withSwaps: number | null
} {
  const settled = counted - open
  if (settled <= 0) return { settled: 0, withoutSwaps: null, withSwaps: null }
  return { settled, withoutSwaps: kept / settled, withSwaps: (kept + bySwap) / settled }
}
