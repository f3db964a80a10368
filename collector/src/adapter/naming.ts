/**
 * Names of files: a pattern with constants, times and a sequence. The sequence has no gaps: a number
 * is given by the record of a file and by nothing else, and the next one follows the last record.
 */
import { AppError } from '@yiben/shared'
import { instantText } from './instants.ts'
import { NAME_TOKEN } from './name-pattern.ts'
import type { Template } from './template.ts'

/** Safe on every file system and in a URL. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/

export interface NamedInstants {
  readonly asOfMs: number
  readonly madeAtMs: number
}

export interface SequenceMark {
  readonly sequence: number
  /** What the sequence counts within: a day, a month; empty: for ever. */
  readonly period: string
}

/** Follows `last`; throws `conflict` where no number is left. */
export function nextSequence(
  last: SequenceMark | null,
  { sequence: settings, timeZone }: Pick<Template, 'sequence' | 'timeZone'>,
  madeAtMs: number,
): SequenceMark {
  const { digits, first, restart, whenFull } = settings
  const period = periodOf(restart, timeZone, madeAtMs)
  // A clock that was set back must not begin a period again that has been counted in.
  if (last === null || period > last.period) return { sequence: first, period }
  if (last.sequence < 10 ** digits - 1) {
    return { sequence: last.sequence + 1, period: last.period }
  }
  if (whenFull === 'restart') return { sequence: first, period: last.period }
  const sentence = `sequence: all numbers of ${digits} digits are used up; sequence.when_full says what then`
  throw new AppError('conflict', sentence)
}

export function sequenceText({ sequence }: SequenceMark, digits: number): string {
  return String(sequence).padStart(digits, '0')
}

/** Throws `config_invalid` for a name that is not safe. */
export function fileName(
  template: Pick<Template, 'constants' | 'file' | 'sequence' | 'timeZone'>,
  run: { readonly use: string; readonly code: string },
  at: NamedInstants & { readonly mark: SequenceMark },
): string {
  const name = template.file.name.replace(NAME_TOKEN, (whole, token: string, format?: string) => {
    switch (token) {
      case 'as_of':
        return instantText(at.asOfMs, format ?? 'yyyyMMddHHmmss', template.timeZone)
      case 'made':
        return instantText(at.madeAtMs, format ?? 'yyyyMMddHHmmss', template.timeZone)
      case 'sequence':
        return sequenceText(at.mark, template.sequence.digits)
      case 'use':
        return run.use
      case 'run_code':
        return run.code
      default:
        return template.constants[token] ?? whole
    }
  })
  if (!NAME.test(name)) {
    throw new AppError('config_invalid', `file.name makes "${name}", which is no safe name`)
  }
  return name
}

function periodOf(
  restart: Template['sequence']['restart'],
  timeZone: string,
  atMs: number,
): string {
  switch (restart) {
    case 'never':
      return ''
    case 'daily':
      return instantText(atMs, 'yyyyMMdd', timeZone)
    case 'monthly':
      return instantText(atMs, 'yyyyMM', timeZone)
  }
}
