/**
 * A statement as people, programs and courts get it: JSON, CSV, and as a signed note over its
 * canonical JSON, which is checked with the public key alone. Every amount is text or an integer, so
 * that all three say the same bytes. Figures are made in `bank/statement.ts`.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import {
  brokenOf,
  type Outcomes,
  STATEMENT_FIGURES,
  type Statement,
  type StatementAmounts,
  type StatementLine,
  statementOf,
} from '../../bank/statement.ts'
import { petaflopHoursText } from '../../catalogue/petaflops.ts'
import { canonicalText } from '../../journal/canonical.ts'
import { STATEMENT_SUFFIX } from '../../journal/format.ts'
import { BROKEN_CAUSES } from '../../model/draw.ts'
import type { JsonObject } from '../../model/ledger.ts'
import { ACCOUNT_DEFINITION_VERSION } from '../../rollup/definitions.ts'
import { finalBeforeMs } from '../../rollup/seal.ts'
import type { AccountFilter, SiteRecord } from '../../storage/account-requests.ts'
import type { Scope } from '../../storage/requests.ts'
import type { ApiContext } from '../context.ts'
import { csvCell } from '../exports/csv.ts'
import { amountOut, instantOut, instantText, invalid } from '../schemas.ts'
import { pedigreeOf, pedigreeSchema } from './pedigree.ts'
import { spansOf } from './rollups.ts'
import { shareOut, shareText, siteRecordOf, siteRecordSchema } from './site-record.ts'

/** What a reader of signed notes takes (`journal/verify-note.ts`), with room for the signature. */
const SIGNED_LENGTH_MAX = 500 * 1024
/**
 * What a decision of the last moments says may still be on its way to the store: a statement is as
 * known before them, so that asked for again it says the same.
 */
const KNOWN_LAG_MS = 10_000

const signedAmountOut = z
  .string()
  .regex(/^-?\d+$/)
  .meta({ description: 'integer as decimal text' })
const pHoursOut = z
  .string()
  .regex(/^\d+\.\d{3}$/)
  .meta({ description: 'P·h, three decimals' })
const pHoursSchema = z.object({
  promised: pHoursOut,
  delivered_active: pHoursOut,
  delivered_idle: pHoursOut,
  returned: pHoursOut,
  broken: pHoursOut,
  unproven: pHoursOut,
  pending: pHoursOut,
  residue: pHoursOut,
})

const lineSchema = z.object({
  from: instantOut,
  to: instantOut,
  site_code: z.string(),
  owner_code: z.string(),
  model: z.string().meta({ description: 'of the catalogue; as printed where it is unrated' }),
  finality: z.enum(['provisional', 'final']).meta({
    description: 'final from day 9 of the next month on',
  }),
  promised_card_ms: amountOut,
  delivered_active_card_ms: amountOut.meta({ description: 'held by the borrower, and run on' }),
  delivered_idle_card_ms: amountOut.meta({ description: 'held by the borrower, not run on' }),
  returned_card_ms: amountOut.meta({ description: 'given back before the end' }),
  broken_card_ms: z
    .partialRecord(z.enum(BROKEN_CAUSES), amountOut)
    .meta({ description: 'by cause; causes that broke nothing are left out' }),
  unproven_card_ms: amountOut.meta({ description: 'the node was silent: evidence may come' }),
  pending_card_ms: amountOut.meta({ description: 'still to come, or not told yet' }),
  swapped_card_ms: signedAmountOut.meta({
    description: 'taken over by cards of another line; negative where taken over from one',
  }),
  residue_card_ms: amountOut.meta({
    description: 'beside the promise: still in use 5 min and more behind the end of the lease',
  }),
  p_hours: pHoursSchema.nullable().meta({ description: 'null where the model is unrated' }),
})

const outcomesSchema = z.object({
  counted: z.number().int(),
  open: z.number().int(),
  kept: z.number().int().meta({ description: 'by the cards first bound' }),
  kept_by_swap: z.number().int().meta({ description: 'with other cards in the place of some' }),
  broken: z.number().int(),
})

export const statementSchema = pedigreeSchema
  .extend({
    subject: z.object({ kind: z.enum(['owner', 'borrower']), code: z.string() }),
    from: instantOut,
    to: instantOut,
    tz: z.string(),
    coverage: shareOut.meta({ description: 'of P·h that has passed: what is proven' }),
    lines: z.array(lineSchema).meta({
      description:
        'per month, site, owner and model: promised = delivered + returned + broken + unproven + ' +
        'pending + swapped',
    }),
    p_hours: pHoursSchema.meta({ description: 'over all rated lines' }),
    unrated_lines: z.number().int(),
    draws: outcomesSchema.meta({ description: 'whose promise begins in the span' }),
    bookings: outcomesSchema.meta({ description: 'those of them that were booked ahead' }),
    sites: z.array(siteRecordSchema.extend({ site_code: z.string() })).meta({
      description: 'the record of each site in the lines, in the 90 days before `to`',
    }),
  })
  .meta({ id: 'Statement' })
export type StatementAnswer = z.infer<typeof statementSchema>

export interface StatementAsk {
  readonly scope: Scope
  readonly filter: AccountFilter
  readonly fromMs: number
  readonly toMs: number
  readonly knownAtMs: number | null
  readonly nowMs: number
  /** Whose months make the lines. */
  readonly timeZone: string
}

type StatementParts = Pick<ApiContext, 'store' | 'lookup' | 'ledger' | 'catalogue'> & {
  readonly settings: Pick<ApiContext['settings'], 'timeZone'>
}

export async function statementAnswer(
  parts: StatementParts,
  ask: StatementAsk,
): Promise<StatementAnswer> {
  const { store, lookup, settings } = parts
  const { scope, filter, fromMs, toMs } = ask
  const settledMs = ask.nowMs - KNOWN_LAG_MS
  const knownAtMs = Math.min(ask.knownAtMs ?? settledMs, settledMs)
  const known = { fromMs, toMs, knownAtMs }
  const months = spansOf({ fromMs, toMs, grain: 'month', timeZone: ask.timeZone })
  const [periods, draws, records] = await Promise.all([
    Promise.all(
      months.map(async (month) => ({
        ...month,
        sums: await store.readAccounts(scope, filter, { ...month, knownAtMs }),
      })),
    ),
    store.readDrawMoves(scope, filter, known),
    store.readSiteRecords(scope, { atMs: toMs, knownAtMs }),
  ])
  const statement = statementOf({
    periods,
    draws,
    finalBeforeMs: finalBeforeMs(knownAtMs, settings.timeZone),
    rateOf: (profile) => lookup.modelRate(profile),
  })
  return answerOf(parts, { ...ask, knownAtMs }, statement, records)
}

function answerOf(
  { ledger, catalogue, settings }: StatementParts,
  ask: StatementAsk & { readonly knownAtMs: number },
  statement: Statement,
  records: readonly SiteRecord[],
): StatementAnswer {
  const { filter, fromMs, toMs, knownAtMs, timeZone } = ask
  const { ownerCode, borrower } = filter
  const sites = new Set(statement.lines.map(({ siteCode }) => siteCode))
  const pedigree = pedigreeOf({
    isDemo: ledger.isDemo,
    asOfMs: toMs,
    knownAtMs,
    // Also where there is no line yet: what begins later in an open month may still come.
    finality: toMs <= finalBeforeMs(knownAtMs, settings.timeZone) ? 'final' : 'provisional',
    definitionVersion: ACCOUNT_DEFINITION_VERSION,
    catalogueVersion: catalogue.version,
  })
  return {
    ...pedigree,
    subject: {
      kind: ownerCode === null ? 'borrower' : 'owner',
      code: ownerCode ?? borrower ?? '',
    },
    from: instantText(fromMs),
    to: instantText(toMs),
    tz: timeZone,
    coverage: shareText(statement.coveragePpm),
    lines: statement.lines.map(lineOf),
    p_hours: pHoursOf(statement.weighted),
    unrated_lines: statement.unratedLines,
    draws: outcomesText(statement.draws),
    bookings: outcomesText(statement.bookings),
    sites: records
      .filter(({ siteCode }) => sites.has(siteCode))
      .map((record) => ({ site_code: record.siteCode, ...siteRecordOf(record) })),
  }
}

function lineOf(line: StatementLine): StatementAnswer['lines'][number] {
  const { cardMs } = line
  const broken = BROKEN_CAUSES.map((cause) => [cause, cardMs[`broken_${cause}`]] as const)
  return {
    from: instantText(line.fromMs),
    to: instantText(line.toMs),
    site_code: line.siteCode,
    owner_code: line.ownerCode,
    model: line.model,
    finality: line.isFinal ? 'final' : 'provisional',
    promised_card_ms: String(cardMs.promised),
    delivered_active_card_ms: String(cardMs.delivered_active),
    delivered_idle_card_ms: String(cardMs.delivered_idle),
    returned_card_ms: String(cardMs.returned),
    broken_card_ms: Object.fromEntries(
      broken.filter(([, ms]) => ms !== 0n).map(([cause, ms]) => [cause, String(ms)]),
    ),
    unproven_card_ms: String(cardMs.unproven),
    pending_card_ms: String(cardMs.pending),
    swapped_card_ms: String(cardMs.swapped),
    residue_card_ms: String(cardMs.residue),
    p_hours: line.weighted === null ? null : pHoursOf(line.weighted),
  }
}

function pHoursOf(weighted: StatementAmounts): z.infer<typeof pHoursSchema> {
  return {
    promised: petaflopHoursText(weighted.promised),
    delivered_active: petaflopHoursText(weighted.delivered_active),
    delivered_idle: petaflopHoursText(weighted.delivered_idle),
    returned: petaflopHoursText(weighted.returned),
    broken: petaflopHoursText(brokenOf(weighted)),
    unproven: petaflopHoursText(weighted.unproven),
    pending: petaflopHoursText(weighted.pending),
    residue: petaflopHoursText(weighted.residue),
  }
}

function outcomesText(outcomes: Outcomes): z.infer<typeof outcomesSchema> {
  const { counted, open, kept, keptBySwap, broken } = outcomes
  return { counted, open, kept, kept_by_swap: keptBySwap, broken }
}

/** A line per line, each with what the whole rests on. */
export function statementCsv(answer: StatementAnswer): string {
  const figures = STATEMENT_FIGURES.map((figure) => `${figure}_card_ms`)
  const place = ['from', 'to', 'site_code', 'owner_code', 'model', 'finality']
  const pedigree = ['known_at', 'coverage', 'definition_version', 'catalogue_version', 'demo']
  const head = [...place, ...figures, 'promised_p_hours', 'delivered_p_hours_active']
  const lines = [[...head, 'delivered_p_hours_idle', ...pedigree].join(',')]
  for (const line of answer.lines) {
    const cells = [
      ...[line.from, line.to, line.site_code, line.owner_code, line.model, line.finality],
      ...STATEMENT_FIGURES.map((figure) => figureText(line, figure)),
      line.p_hours?.promised ?? '',
      line.p_hours?.delivered_active ?? '',
      line.p_hours?.delivered_idle ?? '',
      ...[answer.known_at, answer.coverage ?? '', answer.definition_version],
      ...[answer.catalogue_version, String(answer.demo)],
    ]
    lines.push(cells.map(csvCell).join(','))
  }
  return `${lines.join('\n')}\n`
}

function figureText(
  line: StatementAnswer['lines'][number],
  figure: (typeof STATEMENT_FIGURES)[number],
): string {
  if (figure.startsWith('broken_')) {
    const cause = BROKEN_CAUSES.find((one) => figure === `broken_${one}`)
    return (cause === undefined ? undefined : line.broken_card_ms[cause]) ?? '0'
  }
  const named: Readonly<Record<string, unknown>> = line
  return String(named[`${figure}_card_ms`])
}

export interface SignedStatement {
  readonly note: string
  /** Of the canonical JSON: what a journal entry, or a claim that rests on it, names. */
  readonly sha256: string
}

/** A C2SP signed note: a line that says what it is, and the statement in canonical JSON. */
export function signStatement(
  { face }: Pick<ApiContext, 'face'>,
  answer: StatementAnswer,
): SignedStatement {
  const json = canonicalText(answer as unknown as JsonObject)
  if (json.length > SIGNED_LENGTH_MAX) {
    throw invalid('to', 'the statement is too long to be signed in one piece: ask for less')
  }
  return {
    note: face.signer.sign(`${face.signer.name}${STATEMENT_SUFFIX}\n${json}\n`),
    sha256: createHash('sha256').update(json, 'utf8').digest('hex'),
  }
}
