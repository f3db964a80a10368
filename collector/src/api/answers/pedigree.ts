/**
 * What stands beside every figure: the time spoken of, what the ledger knew then, how final it is
 * and by which definition and catalogue it was made. A demo ledger says so.
 */
import { z } from 'zod'
import { instantOut, instantText } from '../schemas.ts'

export const pedigreeSchema = z.object({
  demo: z.boolean(),
  as_of: instantOut,
  known_at: instantOut,
  finality: z.enum(['provisional', 'sealed', 'preliminary', 'final']),
  definition_version: z.string(),
  catalogue_version: z.string(),
  p_basis: z.literal('fp16_dense'),
})
export type Pedigree = z.infer<typeof pedigreeSchema>

export function pedigreeOf(figure: {
  readonly isDemo: boolean
  readonly asOfMs: number
  readonly knownAtMs: number
  readonly finality: Pedigree['finality']
  readonly definitionVersion: string
  readonly catalogueVersion: string
}): Pedigree {
  return {
    demo: figure.isDemo,
    as_of: instantText(figure.asOfMs),
    known_at: instantText(figure.knownAtMs),
    finality: figure.finality,
    definition_version: figure.definitionVersion,
    catalogue_version: figure.catalogueVersion,
    p_basis: 'fp16_dense',
  }
}
