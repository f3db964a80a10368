/**
 * Options of what keeps a ledger going for years: backups, what is pruned and when, the second
 * journal of decisions.
 */
import type { z } from 'zod'
import { count, duration, type Option, optionalText } from './option-kinds.ts'

export interface UpkeepConfig {
  readonly backup: {
    /** Where `backup` without a file puts its copies; `null`: it must be given one. */
    readonly dir: string | null
    /** Newest copies that stay there. */
    readonly keep: number
  }
  readonly retention: {
    /** What single cards did is told for so long; figures of hours, days, months are for ever. */
    readonly runsMs: number
    readonly refusedMs: number
  }
  /** Folder of the second journal; `null`: there is none. */
  readonly secondJournalDir: string | null
}

/** DESIGN 8: segments are kept for 25 months at the least. */
const RUNS_MIN = '761d'

export const UPKEEP_OPTIONS = {
  'backup.dir': optionalText('folder', 'where `backup` without a file puts its copies'),
  'backup.keep': count(14, [2, 3_660], 'the newest copies in backup.dir; older ones are removed'),
  'retention.runs': duration(
    '800d',
    [RUNS_MIN, '7300d'],
    'what single cards did is told for this long, sums for ever',
  ),
  'retention.refused': duration('180d', ['30d', '7300d'], 'refused records are kept for this long'),
  'journal.second': optionalText(
    'folder',
    'decisions on draws are written there too before they are answered; on another disk',
  ),
} as const satisfies Readonly<Record<string, Option<unknown>>>

type Values = {
  readonly [Name in keyof typeof UPKEEP_OPTIONS]: z.output<(typeof UPKEEP_OPTIONS)[Name]['schema']>
}

export function upkeepConfigOf(values: Values): UpkeepConfig {
  return Object.freeze({
    backup: Object.freeze({ dir: orNull(values['backup.dir']), keep: values['backup.keep'] }),
    retention: Object.freeze({
      runsMs: values['retention.runs'],
      refusedMs: values['retention.refused'],
    }),
    secondJournalDir: orNull(values['journal.second']),
  })
}

function orNull(text: string): string | null {
  return text === '' ? null : text
}
