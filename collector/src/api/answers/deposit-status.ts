/** Why a card is or is not deposited, for those who can do something about it. */
import { z } from 'zod'
import type { DepositExplanation } from '../../bank/bank.ts'
import type { UnitRow } from '../../model/inventory.ts'
import { instantOrNull, instantOut, instantText } from '../schemas.ts'

export const depositStatusSchema = z
  .object({
    status: z.enum(['deposited', 'opening', 'not_deposited']),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'the first that stands against it, such as `withheld`; else null' }),
    since: instantOut.nullable(),
  })
  .meta({ description: 'why it is or is not deposited; for administrators and operators' })
export type DepositStatusAnswer = z.infer<typeof depositStatusSchema>

/** `told`: of the unit's node. */
export function depositStatusOf(
  told: readonly DepositExplanation[],
  unit: Pick<UnitRow, 'unitId' | 'validToMs'>,
): DepositStatusAnswer {
  if (unit.validToMs !== null) {
    return { status: 'not_deposited', reason: 'unit_ended', since: instantText(unit.validToMs) }
  }
  const own = told.find(({ unitId }) => unitId === unit.unitId)
  if (own === undefined) return { status: 'not_deposited', reason: 'untold', since: null }
  const since = instantOrNull(own.sinceMs)
  if (own.status !== 'deposited') return { status: 'not_deposited', reason: own.status, since }
  return { status: own.sinceMs === null ? 'opening' : 'deposited', reason: null, since }
}
