/** What nodes told and no honest one tells: a rule, whose card broke it, the figures that show it. */
import { z } from 'zod'
import { type Finding, IMPLAUSIBLE_RULES, WITHHOLDING_RULES } from '../../model/implausible.ts'
import { instantOrNull, instantOut, instantText } from '../schemas.ts'

export const findingSchema = z
  .object({
    finding_id: z.number().int(),
    rule: z.enum(IMPLAUSIBLE_RULES),
    node_id: z.string(),
    site_code: z.string(),
    unit_id: z.number().int().nullable().meta({ description: 'null: the node as a whole' }),
    since: instantOut.meta({ description: 'begin of the first hour in which it was so' }),
    until: instantOut.meta({ description: 'end of the last one' }),
    hours: z.number().int(),
    figures: z
      .array(z.object({ name: z.string(), value: z.number().int() }))
      .meta({ description: 'of the last such hour; the unit is in the name' }),
    withholds: z
      .boolean()
      .meta({ description: 'while it stands, no new deposit of the card is opened' }),
    found_at: instantOut,
    cleared_at: instantOut.nullable(),
    cleared_by: z.string().nullable(),
    cleared_because: z.string().nullable(),
  })
  .meta({ id: 'Finding' })
export type FindingAnswer = z.infer<typeof findingSchema>

export function findingAnswer(finding: Finding): FindingAnswer {
  const isOpen = finding.clearedAtMs === null
  return {
    finding_id: finding.findingId,
    rule: finding.rule,
    node_id: finding.nodeId,
    site_code: finding.siteCode,
    unit_id: finding.unitId,
    since: instantText(finding.sinceMs),
    until: instantText(finding.untilMs),
    hours: finding.hours,
    figures: Object.entries(finding.figures).map(([name, value]) => ({ name, value })),
    withholds: isOpen && finding.unitId !== null && WITHHOLDING_RULES.includes(finding.rule),
    found_at: instantText(finding.foundAtMs),
    cleared_at: instantOrNull(finding.clearedAtMs),
    cleared_by: finding.clearedBy,
    cleared_because: finding.clearedBecause,
  }
}
