/** The cards of one node as they are now: what each does and since when, and why it is deposited or not. */
import { causeOf, resourceCode, STATES, UNIT_KINDS, VENDORS } from '@yiben/shared'
import { z } from 'zod'
import type { DepositExplanation } from '../../bank/bank.ts'
import type { UnitSpan } from '../../storage/requests.ts'
import type { ApiContext } from '../context.ts'
import { decimalOut, instantOut, instantText } from '../schemas.ts'
import { depositStatusOf, depositStatusSchema } from './deposit-status.ts'
import { petaText } from './ledger.ts'
import { segmentsOf } from './segments.ts'

const cardSchema = z.object({
  accelerator_id: z.string(),
  unit_id: z.number().int(),
  kind: z.enum(UNIT_KINDS),
  parent_unit_id: z.number().int().nullable(),
  vendor: z.enum(VENDORS),
  printed_name: z.string(),
  model: z.string().nullable(),
  p: decimalOut.nullable().meta({ description: 'FP16 dense; null where the model is unrated' }),
  memory_total_mib: z.number().nullable(),
  driver_version: z.string().nullable(),
  identity: z.enum(['strong', 'board', 'slot']).nullable(),
  in_conflict: z.boolean(),
  counted: z.boolean(),
  state: z
    .object({
      state: z.enum(STATES),
      cause: z.string(),
      since: instantOut.nullable().meta({ description: 'null: for longer than was looked back' }),
      to: instantOut.meta({ description: 'told, or accounted for, up to then' }),
    })
    .nullable()
    .meta({ description: 'null: nothing is told of it yet' }),
  deposit_status: depositStatusSchema.nullable(),
})

export const nodeCardsSchema = z
  .object({
    demo: z.boolean(),
    catalogue_version: z.string(),
    node_id: z.string(),
    known_at: instantOut,
    looked_back_ms: z.number().int(),
    accelerators: z.array(cardSchema).meta({ description: 'placed on the node now, slices too' }),
  })
  .meta({ id: 'NodeCards' })
export type NodeCardsAnswer = z.infer<typeof nodeCardsSchema>
type Card = NodeCardsAnswer['accelerators'][number]

/** `told`: why its units are deposited or not; `null`: not for this asker. */
export function nodeCardOf(
  { lookup }: Pick<ApiContext, 'lookup'>,
  span: UnitSpan,
  range: { readonly fromMs: number; readonly toMs: number },
  told: readonly DepositExplanation[] | null,
): Card {
  const { unit } = span
  const rate = lookup.rate(unit.profile, unit.sharePpm)
  return {
    accelerator_id: resourceCode('accelerator', unit.acceleratorId),
    unit_id: unit.unitId,
    kind: unit.kind,
    parent_unit_id: unit.parentUnitId,
    vendor: unit.profile.vendor,
    printed_name: unit.profile.name,
    model: lookup.match(unit.profile).model,
    p: rate === null ? null : petaText(rate),
    memory_total_mib: unit.profile.memoryTotalMib,
    driver_version: unit.driverVersion,
    identity: unit.strongestIdentity,
    in_conflict: unit.isInConflict,
    counted: unit.isCounted,
    state: stateOf(span, range),
    deposit_status: told === null ? null : depositStatusOf(told, unit),
  }
}

/** The newest piece, begun where the same state and cause begin without a break. */
function stateOf(span: UnitSpan, range: { fromMs: number; toMs: number }): Card['state'] {
  const fromMs = Math.max(range.fromMs, span.unit.validFromMs)
  const segments = segmentsOf(span, { fromMs, toMs: range.toMs })
  const last = segments.at(-1)
  if (last === undefined) return null
  let sinceMs = last.fromMs
  for (const one of segments.toReversed().slice(1)) {
    if (one.toMs !== sinceMs || one.state !== last.state || one.code !== last.code) break
    sinceMs = one.fromMs
  }
  const isWhole = sinceMs <= range.fromMs && range.fromMs > span.unit.validFromMs
  return {
    state: last.state,
    cause: causeOf(last.code),
    since: isWhole ? null : instantText(sinceMs),
    to: instantText(last.toMs),
  }
}
