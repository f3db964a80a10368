/**
 * The balance equation as an answer: per unit and over all, wall time and the seven states it is
 * booked under, with the coverage; a hole or an overlap with its span. Reads units in pages, so
 * that a country's balance needs no country's memory.
 */
import { HOUR_MS, STATES, type State } from '@yiben/shared'
import { z } from 'zod'
import type { UnitRow } from '../../model/inventory.ts'
import type { Scope } from '../../storage/requests.ts'
import type { Store } from '../../storage/store.ts'
import { type Balance, type BalanceError, balanceOf } from '../../timeline/balance.ts'
import { addTotals, wallTotal, zeroTotals } from '../../timeline/states.ts'
import { amountOut, instantOut, instantText, invalid, ratioOut } from '../schemas.ts'

/** Errors shown; all are counted. */
const ERRORS_SHOWN_MAX = 100
const UNITS_PER_PAGE = 200
/** A unit's runs of a month at once: one state a second would be 2.6 million. */
const SLICE_MS = 31 * 24 * HOUR_MS

const totalsSchema = z.object(
  Object.fromEntries(STATES.map((state) => [`${state}_ms`, amountOut])) as Record<
    `${State}_ms`,
    typeof amountOut
  >,
)

export const balanceSchema = z
  .object({
    demo: z.boolean(),
    from: instantOut,
    to: instantOut,
    known_at: instantOut,
    balanced: z.boolean(),
    units: z.number().int(),
    wall_ms: amountOut,
    states: totalsSchema,
    silent_ms: amountOut,
    coverage: ratioOut,
    errors_total: z.number().int(),
    errors: z.array(
      z.object({
        kind: z.enum(['hole', 'overlap']),
        unit_id: z.number().int(),
        from: instantOut,
        to: instantOut,
        sentence: z.string(),
      }),
    ),
  })
  .meta({ id: 'Balance' })
export type BalanceAnswer = z.infer<typeof balanceSchema>

export interface BalanceAsk {
  readonly scope: Scope
  /** `null`: every accelerator in scope. */
  readonly acceleratorId: number | null
  /** `null`: the first second that was proven. */
  readonly fromMs: number | null
  readonly toMs: number
  readonly nowMs: number
  readonly isDemo: boolean
  /** Cards × span that one answer may be over; left out: any. */
  readonly cardMsMax?: number
}

type BalanceStore = Pick<Store, 'listUnits' | 'findUnits' | 'readUnitSpan' | 'timelineKeptFromMs'>

export async function balanceAnswer(store: BalanceStore, ask: BalanceAsk): Promise<BalanceAnswer> {
  const fromMs = ask.fromMs ?? (await store.timelineKeptFromMs())
  const range = { fromMs, toMs: Math.min(ask.toMs, ask.nowMs) }
  if (ask.cardMsMax !== undefined) await refuseTooMuch(store, ask, ask.cardMsMax)
  const sum = { units: 0, totals: zeroTotals(), silentMs: 0n, errorsTotal: 0 }
  let firstMs = range.toMs
  const errors: BalanceError[] = []
  for await (const unit of unitsOf(store, ask)) {
    sum.units += 1
    for (const balance of await balancesOf(store, ask, unit, range)) {
      addTotals(sum.totals, balance.totals)
      firstMs = Math.min(firstMs, balance.fromMs)
      sum.silentMs += balance.silentMs
      sum.errorsTotal += balance.errors.length
      errors.push(...balance.errors.slice(0, ERRORS_SHOWN_MAX - errors.length))
    }
  }
  const wallMs = wallTotal(sum.totals)
  const states = STATES.map((state) => [`${state}_ms`, sum.totals[state].toString()])
  return {
    demo: ask.isDemo,
    from: instantText(ask.fromMs ?? firstMs),
    to: instantText(range.toMs),
    known_at: instantText(ask.nowMs),
    balanced: sum.errorsTotal === 0,
    units: sum.units,
    wall_ms: wallMs.toString(),
    states: Object.fromEntries(states) as BalanceAnswer['states'],
    silent_ms: sum.silentMs.toString(),
    coverage: coverageOf(wallMs, sum.totals.unknown),
    errors_total: sum.errorsTotal,
    errors: errors.map((error) => ({
      kind: error.kind,
      unit_id: error.unitId,
      from: instantText(error.fromMs),
      to: instantText(error.toMs),
      sentence: error.sentence,
    })),
  }
}

/** Counts cards before anything of them is read; slices and ended placements count too. */
async function refuseTooMuch(
  store: BalanceStore,
  ask: BalanceAsk,
  cardMsMax: number,
): Promise<void> {
  const spanMs = Math.max(ask.toMs - (ask.fromMs ?? 0), 1)
  let units = 0
  for await (const _ of unitsOf(store, ask)) {
    units += 1
    if (units * spanMs <= cardMsMax) continue
    const hours = Math.floor(cardMsMax / HOUR_MS)
    const sentence = `the balance would be over more than ${hours} card-hours`
    throw invalid('to', `${sentence}: ask for a shorter span, or for one accelerator`)
  }
}

async function balancesOf(
  store: BalanceStore,
  ask: BalanceAsk,
  unit: UnitRow,
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<readonly Balance[]> {
  const balances: Balance[] = []
  const startMs = Math.max(range.fromMs, unit.validFromMs)
  // Bounded by the months between the unit's first proof and now.
  for (let fromMs = startMs; fromMs < range.toMs; fromMs += SLICE_MS) {
    const slice = { fromMs, toMs: Math.min(fromMs + SLICE_MS, range.toMs) }
    const known = { ...slice, knownAtMs: ask.nowMs }
    const span = await store.readUnitSpan(ask.scope, unit.unitId, known)
    if (span !== null) balances.push(balanceOf(span, slice))
  }
  return balances
}

async function* unitsOf(store: BalanceStore, ask: BalanceAsk): AsyncGenerator<UnitRow> {
  if (ask.acceleratorId !== null) {
    yield* await store.findUnits(ask.scope, ask.acceleratorId)
    return
  }
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<Store['listUnits']>> = await store.listUnits(ask.scope, {
      cursor,
      limit: UNITS_PER_PAGE,
    })
    yield* page.rows
    cursor = page.nextCursor
  } while (cursor !== null)
}

/** Rounded down to parts per million, so that a coverage is never shown higher than it is. */
function coverageOf(wallMs: bigint, unknownMs: bigint): number | null {
  if (wallMs === 0n) return null
  return Number(((wallMs - unknownMs) * 1_000_000n) / wallMs) / 1_000_000
}
