/**
 * Pieces that the traits of many vendors are made of: ids in their order, health by a word or by a
 * counter of errors, a split by the word of a mode.
 */
import type { HealthReading } from '@yiben/shared'
import type { RawIdentity } from './probe.ts'

/** Strongest first; what is not told is left out. */
export function identitiesFrom(told: {
  /** Of the chip: the same wherever the card is plugged in. */
  readonly strong?: string | null
  /** Of the board; with a number of the chip where it carries several. */
  readonly board?: string | null
}): RawIdentity[] {
  const { strong = null, board = null } = told
  return [
    ...(strong === null ? [] : [{ strength: 'strong', raw: strong } as const]),
    ...(board === null ? [] : [{ strength: 'board', raw: board } as const]),
  ]
}

export const HEALTH_NOT_TOLD: HealthReading = { status: 'unknown', cause: null, detail: null }
export const HEALTH_OK: HealthReading = { status: 'ok', cause: null, detail: null }

export function failedHealth(cause: 'ecc' | 'health', detail: string): HealthReading {
  return { status: 'failed', cause, detail }
}

/** Words of a health column, in lower case, and what they mean. */
export type HealthWords = Readonly<Record<string, Pick<HealthReading, 'status' | 'cause'>>>

/** The vendor's own word is kept, but for `OK`. A word that nobody knows proves nothing. */
export function healthByWord(word: string | null | undefined, words: HealthWords): HealthReading {
  const key = word?.trim().toLowerCase() ?? ''
  const row = Object.hasOwn(words, key) ? words[key] : undefined
  const detail = row?.status === 'ok' ? null : (word ?? null)
  return { status: row?.status ?? 'unknown', cause: row?.cause ?? null, detail }
}

/** By a counter of errors that no memory corrects; `kind` says which, `uncorrected ECC errors`. */
export function healthByErrors(errors: number | null | undefined, kind: string): HealthReading {
  if (errors === null || errors === undefined) return HEALTH_NOT_TOLD
  return errors > 0 ? failedHealth('ecc', `${errors} ${kind}`) : HEALTH_OK
}

/** The mode in which a card is shared out, by its word; `null` for a word of a card in one piece. */
export function splitByWord(
  mode: string | null | undefined,
  wholeModes: ReadonlySet<string>,
): string | null {
  return mode === null || mode === undefined || wholeModes.has(mode.toLowerCase()) ? null : mode
}
