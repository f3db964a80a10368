/**
 * What stands behind every figure: plain words, the formula, and the version that is printed beside
 * the figure. No standard text defines the utilization of accelerators or the card-hour, so that
 * each number carries its own definition. Chinese first; both languages say the same.
 */
import { z } from 'zod'
import { type Definition, definitionSchema } from './definition.ts'
import { DEFINITIONS_OF_BANK } from './definitions-bank.ts'
import { DEFINITIONS_OF_LEDGER } from './definitions-ledger.ts'
import { DEFINITIONS_OF_OPERATION } from './definitions-operation.ts'
import { DEFINITIONS_OF_PEDIGREE } from './definitions-pedigree.ts'
import { DEFINITIONS_OF_TIME } from './definitions-time.ts'

export const definitionsSchema = z
  .object({ demo: z.boolean(), items: z.array(definitionSchema) })
  .meta({ id: 'Definitions' })

const DEFINITIONS: readonly Definition[] = [
  ...DEFINITIONS_OF_LEDGER,
  ...DEFINITIONS_OF_TIME,
  ...DEFINITIONS_OF_BANK,
  ...DEFINITIONS_OF_OPERATION,
  ...DEFINITIONS_OF_PEDIGREE,
]

export function definitionsAnswer(): { readonly items: Definition[] } {
  return { items: [...DEFINITIONS] }
}
