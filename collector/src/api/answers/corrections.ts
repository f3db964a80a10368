/**
 * Corrections of sealed hours as people get them: which hour, which site, which figure moved by how
 * much, from when on that is known, and which entry of the journal says so.
 */
import { z } from 'zod'
import { BUCKET_FIGURES } from '../../rollup/bucket-figures.ts'
import { BUCKET_DEFINITION_VERSION } from '../../rollup/definitions.ts'
import { CORRECTION_CAUSES, correctionCause } from '../../rollup/report-cause.ts'
import type { Correction, CorrectionRange, SiteAdjustment } from '../../storage/report-store.ts'
import type { PageRequest, Scope } from '../../storage/requests.ts'
import type { ApiContext } from '../context.ts'
import { instantOut, instantText, nextCursorOut } from '../schemas.ts'

const signedOut = z
  .string()
  .regex(/^-?\d+$/)
  .meta({ description: 'integer as decimal text' })

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
/** Names of the figures in answers, in the order they are written everywhere. */
export const MOVED_FIGURES = BUCKET_FIGURES.map((figure) => [figure, snake(figure)] as const)

export const movesOut = z
  .record(z.string(), signedOut)
  .meta({ description: 'figures that moved, by how much: card-milliseconds, joules, samples' })

const correctionSchema = z
  .object({
    hour: instantOut,
    site_code: z.string(),
    version: z.number().int().meta({ description: '2 for the first correction of the hour' }),
    known_at: instantOut.meta({ description: 'from then on this is what the ledger says' }),
    before_known_at: instantOut.meta({ description: 'since when it had said what was before' }),
    cards_moved: z.number().int(),
    moves: movesOut,
    cause: z.enum(CORRECTION_CAUSES).meta({
      description: 'as far as the figures tell: nobody records a reason',
    }),
    journal_seq: z.number().int().nullable().meta({ description: 'null for a few seconds' }),
  })
  .meta({ id: 'Correction' })

export const correctionsSchema = z
  .object({
    demo: z.boolean(),
    known_at: instantOut,
    definition_version: z.string(),
    corrections: z.array(correctionSchema).meta({
      description: 'in the order they became known; a page may hold fewer than asked for',
    }),
    next_cursor: nextCursorOut,
  })
  .meta({ id: 'Corrections' })
export type CorrectionsAnswer = z.infer<typeof correctionsSchema>

type CorrectionParts = Pick<ApiContext, 'store' | 'ledger' | 'clock'>

export async function correctionsAnswer(
  { store, ledger, clock }: CorrectionParts,
  scope: Scope,
  range: CorrectionRange,
  page: PageRequest,
): Promise<CorrectionsAnswer> {
  const found = await store.listCorrections(scope, range, page)
  return {
    demo: ledger.isDemo,
    known_at: instantText(clock.wallMs()),
    definition_version: BUCKET_DEFINITION_VERSION,
    corrections: found.rows.map(correctionOf),
    next_cursor: found.nextCursor,
  }
}

function correctionOf(row: Correction): CorrectionsAnswer['corrections'][number] {
  return {
    hour: instantText(row.hourMs),
    site_code: row.siteCode,
    version: row.version,
    known_at: instantText(row.knownAtMs),
    before_known_at: instantText(row.beforeKnownAtMs),
    cards_moved: row.cardsDelta,
    moves: movesText(row.moves),
    cause: correctionCause(row.cardsDelta, row.moves),
    journal_seq: row.journalSeq,
  }
}

export function movesText(moves: SiteAdjustment['moves']): Record<string, string> {
  const told = MOVED_FIGURES.flatMap(([figure, name]) => {
    const by = moves[figure]
    return by === undefined ? [] : [[name, by.toString()] as const]
  })
  return Object.fromEntries(told)
}
