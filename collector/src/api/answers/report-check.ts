/**
 * Makes a report again from the ledger, as known at its own instant, and compares it with what was
 * issued, field by field (C27). Where they differ it says what changed meanwhile.
 */
import { z } from 'zod'
import type { JsonValue } from '../../model/ledger.ts'
import { monthSpan } from '../../rollup/report-month.ts'
import type { StoredReport } from '../../storage/report-store.ts'
import { type ReportParts, reportAnswer } from './report.ts'
import { hashOf, reportText } from './report-issue.ts'

const DIFFERENCES_SHOWN_MAX = 100

const REASONS = ['stored_bytes', 'catalogue', 'definitions', 'figures'] as const
type Reason = (typeof REASONS)[number]

const SENTENCES: Readonly<Record<Reason, string>> = {
  stored_bytes: 'what is stored does not bear the hash it was issued under',
  catalogue: 'the catalogue is another version: P and models are told by it',
  definitions: 'definitions have changed since',
  figures: 'figures differ under the same catalogue and definitions: the ledger says otherwise now',
}

export const reportCheckSchema = z
  .object({
    report_id: z.string(),
    equal: z.boolean(),
    sha256: z.string(),
    sha256_now: z.string().meta({ description: 'of the report made again' }),
    reasons: z.array(z.object({ code: z.enum(REASONS), sentence: z.string() })),
    differences_total: z.number().int(),
    differences: z.array(
      z.object({
        path: z.string(),
        issued: z.string().nullable().meta({ description: 'JSON; null: was not there' }),
        now: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'ReportCheck' })
export type ReportCheck = z.infer<typeof reportCheckSchema>

export async function checkReport(parts: ReportParts, stored: StoredReport): Promise<ReportCheck> {
  const { finality, knownAtMs, month, number, regionCode, timeZone } = stored
  const span = monthSpan(month, timeZone)
  const ask = { regionCode, span, knownAtMs, finality, beforeNumber: number }
  const now = reportText(await reportAnswer(parts, ask))
  const isIntact = hashOf(stored.answer) === stored.sha256
  const differences = differencesOf(JSON.parse(stored.answer), JSON.parse(now))
  const reasons = [
    ...(isIntact ? [] : (['stored_bytes'] as const)),
    ...reasonsOf(differences.map(({ path }) => path)),
  ]
  return {
    report_id: stored.reportId,
    equal: isIntact && differences.length === 0,
    sha256: stored.sha256,
    sha256_now: hashOf(now),
    reasons: reasons.map((code) => ({ code, sentence: SENTENCES[code] })),
    differences_total: differences.length,
    differences: differences.slice(0, DIFFERENCES_SHOWN_MAX),
  }
}

function reasonsOf(paths: readonly string[]): readonly Reason[] {
  if (paths.length === 0) return []
  const reasons: Reason[] = []
  if (paths.includes('catalogue_version')) reasons.push('catalogue')
  if (paths.some((path) => /^definitions?(_versions)?[.[]/.test(path))) reasons.push('definitions')
  return reasons.length === 0 ? ['figures'] : reasons
}

type Difference = ReportCheck['differences'][number]

/** Values that differ, by their path; of a list with more or fewer rows also those past the shorter. */
function differencesOf(issued: JsonValue, now: JsonValue, path = ''): readonly Difference[] {
  if (!isBranch(issued) || !isBranch(now)) {
    const [one, other] = [JSON.stringify(issued), JSON.stringify(now)]
    return one === other ? [] : [{ path, issued: one ?? null, now: other ?? null }]
  }
  const keys = new Set([...Object.keys(issued), ...Object.keys(now)])
  return [...keys].flatMap((key) => {
    const inner = Array.isArray(issued) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    return differencesOf(issued[key] as JsonValue, now[key] as JsonValue, inner)
  })
}

function isBranch(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null
}
