/**
 * Codes that others give to our things: a slot for what a national or regional node issues. They
 * stand beside our own codes and never take their place. Codes of what there is in total and of
 * what of it is available are two different codes, kept apart.
 */
import type { Resource } from '@yiben/shared'

export const CODE_USES = ['total', 'available'] as const
export type CodeUse = (typeof CODE_USES)[number]

export interface IssuedCode {
  readonly thing: Resource
  /** Names the rules the code is made by, such as `CPURL`. */
  readonly scheme: string
  readonly use: CodeUse
  /** `null`: issued before, and taken back. */
  readonly value: string | null
  readonly issuedBy: string
  readonly validFromMs: number
  readonly recordedAtMs: number
  readonly author: string
}
