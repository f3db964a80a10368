/**
 * The seven states, and the codes under which measured time travels and is stored.
 *
 * Every second of every registered accelerator is booked under exactly one state. Six are measured
 * on the node; `lent` is a projection the collector makes from a lease. Each run of time carries a
 * run code = (state, cause): one table here, so that an unknown is never without its reason.
 */

export const MEASURED_STATES = [
  'busy',
  'allocated',
  'occupied',
  'free',
  'faulty',
  'unknown',
] as const
export type MeasuredState = (typeof MEASURED_STATES)[number]

export const STATES = [...MEASURED_STATES, 'lent'] as const
export type State = (typeof STATES)[number]

/** What a lease makes `lent`; everything else speaks against it (DESIGN 2.2, two axes). */
export const LENDABLE_STATES = [
  'busy',
  'occupied',
  'free',
] as const satisfies readonly MeasuredState[]

export function isLendable(state: MeasuredState): boolean {
  return LENDABLE_STATES.some((lendable) => lendable === state)
}

/**
 * A span between two samples is their common state, else the stronger: free is proven at both
 * ends, unknown at either end makes the span unknown (DESIGN 2.1, C20).
 */
const SPAN_STRENGTH: Readonly<Record<MeasuredState, number>> = {
  unknown: 5,
  faulty: 4,
  busy: 3,
  allocated: 2,
  occupied: 1,
  free: 0,
}

interface RunCodeRow {
  readonly code: number
  readonly state: MeasuredState
  readonly cause: string
}

/** Codes are on the wire and on disk: numbers are never reused, rows are only added. */
const RUN_CODE_ROWS = [
  { code: 1, state: 'free', cause: 'proven' },
  { code: 2, state: 'busy', cause: 'active' },
  // A lone reading in (1 %, 5 %): busy, but it does not end a deposit (C21).
  { code: 3, state: 'busy', cause: 'grey' },
  { code: 4, state: 'occupied', cause: 'in_use' },
  { code: 5, state: 'occupied', cause: 'baseline_unproven' },
  { code: 6, state: 'allocated', cause: 'scheduler' },
  { code: 7, state: 'allocated', cause: 'contract' },
  { code: 8, state: 'allocated', cause: 'passthrough' },
  { code: 9, state: 'busy', cause: 'kernel' },
  // What still ran on a card when its lease had ended, until it was seen free (C11).
  { code: 10, state: 'busy', cause: 'overstay' },
  { code: 11, state: 'occupied', cause: 'overstay' },
  { code: 16, state: 'faulty', cause: 'health' },
  { code: 17, state: 'faulty', cause: 'ecc' },
  { code: 18, state: 'faulty', cause: 'fatal_error' },
  { code: 19, state: 'faulty', cause: 'fallen_off_bus' },
  { code: 20, state: 'faulty', cause: 'no_driver' },
  { code: 21, state: 'faulty', cause: 'no_tool' },
  { code: 22, state: 'faulty', cause: 'reset_required' },
  { code: 23, state: 'faulty', cause: 'drained' },
  { code: 24, state: 'faulty', cause: 'maintenance' },
  { code: 32, state: 'unknown', cause: 'restart' },
  { code: 33, state: 'unknown', cause: 'reboot' },
  { code: 34, state: 'unknown', cause: 'suspend' },
  { code: 35, state: 'unknown', cause: 'clock' },
  { code: 36, state: 'unknown', cause: 'refused' },
  { code: 37, state: 'unknown', cause: 'lost' },
  { code: 38, state: 'unknown', cause: 'silent' },
  { code: 39, state: 'unknown', cause: 'probe' },
  { code: 40, state: 'unknown', cause: 'missing_signal' },
  { code: 41, state: 'unknown', cause: 'stale' },
  { code: 42, state: 'unknown', cause: 'out_of_range' },
  { code: 43, state: 'unknown', cause: 'contradiction' },
  { code: 44, state: 'unknown', cause: 'possession' },
  { code: 45, state: 'unknown', cause: 'paused' },
  { code: 46, state: 'unknown', cause: 'gap' },
  { code: 47, state: 'unknown', cause: 'epoch' },
  { code: 48, state: 'unknown', cause: 'moved' },
  { code: 49, state: 'unknown', cause: 'stopped' },
  { code: 50, state: 'unknown', cause: 'missing' },
  // Stopped in order to be replaced by another version: planned, and soon over.
  { code: 51, state: 'unknown', cause: 'upgrade' },
] as const satisfies readonly RunCodeRow[]

/** `free/proven`, `unknown/restart` …: the name of a run code, for people and for tests. */
export type RunName = NameOf<(typeof RUN_CODE_ROWS)[number]>
type NameOf<Row> = Row extends { state: infer S extends string; cause: infer C extends string }
  ? `${S}/${C}`
  : never

export type Cause = (typeof RUN_CODE_ROWS)[number]['cause']
export type UnknownCause = Extract<(typeof RUN_CODE_ROWS)[number], { state: 'unknown' }>['cause']
export type FaultyCause = Extract<(typeof RUN_CODE_ROWS)[number], { state: 'faulty' }>['cause']

declare const runCodeBrand: unique symbol
/** A number of the table above. */
export type RunCode = number & { readonly [runCodeBrand]: true }

const BY_CODE = new Map<number, RunCodeRow>(RUN_CODE_ROWS.map((row) => [row.code, row]))
const BY_NAME = new Map<string, RunCode>(
  RUN_CODE_ROWS.map((row) => [`${row.state}/${row.cause}`, row.code as RunCode]),
)

/** The code of a name that is in the table; the type makes a wrong name a compile error. */
export function runCode(name: RunName): RunCode {
  return BY_NAME.get(name) as RunCode
}

/** Narrows a number from the wire or from disk; `null` for a code this version does not know. */
export function runCodeOf(value: number): RunCode | null {
  return BY_CODE.has(value) ? (value as RunCode) : null
}

export function stateOf(code: RunCode): MeasuredState {
  return (BY_CODE.get(code) as RunCodeRow).state
}

export function causeOf(code: RunCode): Cause {
  return (BY_CODE.get(code) as RunCodeRow).cause as Cause
}

export function runName(code: RunCode): RunName {
  const row = BY_CODE.get(code) as RunCodeRow
  return `${row.state}/${row.cause}` as RunName
}

/**
 * The code of the span between two samples: their common state (the later sample's cause), else
 * the stronger state. One exception, C21: a lone grey reading books the span it ends, not the one
 * it starts, so that one reading of 3 % costs the 10 s before it and no more.
 */
export function spanCode(from: RunCode, to: RunCode): RunCode {
  if (from === runCode('busy/grey') && stateOf(to) !== 'busy') return to
  const fromStrength = SPAN_STRENGTH[stateOf(from)]
  const toStrength = SPAN_STRENGTH[stateOf(to)]
  return fromStrength > toStrength ? from : to
}
