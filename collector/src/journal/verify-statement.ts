/**
 * Checks a signed statement with nothing but its text and the collector's public key: who signed it,
 * that its JSON is the one canonical form, and that every line adds up. Knows the format alone.
 *
 * Checks in order: a note; a statement's first line; the signature; the form; the sums.
 */
import { createHash } from 'node:crypto'
import { STATEMENT_SUFFIX } from './format.ts'
import { parseOrigin } from './verify-checkpoint.ts'
import { readCanonicalObject } from './verify-entry.ts'
import { parseNote } from './verify-note.ts'
import { signatureOf, type TrustedKey } from './verify-signed.ts'

export type StatementFault =
  | 'statement_unreadable'
  | 'statement_not_signed'
  | 'statement_signature_invalid'
  | 'statement_not_canonical'
  | 'line_does_not_add_up'

export interface StatementFacts {
  readonly origin: string
  /** Of the canonical JSON: a journal entry `statement_issued` names it. */
  readonly sha256: string
  readonly isSignatureChecked: boolean
  readonly lines: number
  readonly statement: Readonly<Record<string, unknown>>
}

export type StatementVerdict =
  | { readonly status: 'verified'; readonly facts: StatementFacts }
  | {
      readonly status: 'broken'
      readonly fault: StatementFault
      /** Number of the line that does not add up, from 1; 0: it is the whole. */
      readonly line: number
    }

/** `key: null`: no signature is checked, and the answer says so. */
export function verifyStatement(text: string, key: TrustedKey | null): StatementVerdict {
  const note = parseNote(text)
  const [first = '', json = '', ...more] = note?.text.split('\n') ?? []
  const origin = first.endsWith(STATEMENT_SUFFIX) ? first.slice(0, -STATEMENT_SUFFIX.length) : ''
  const isStatement = parseOrigin(origin) !== null && more.length === 1 && more[0] === ''
  if (note === null || !isStatement) return broken('statement_unreadable')
  const signature = signatureOf(note, origin, key)
  if (signature === 'absent') return broken('statement_not_signed')
  if (signature === 'invalid') return broken('statement_signature_invalid')
  const bytes = Buffer.from(json, 'utf8')
  const statement = readCanonicalObject(bytes)
  const lines = statement?.lines
  if (statement === null || !Array.isArray(lines)) return broken('statement_not_canonical')
  const wrong = lines.findIndex((line) => !addsUp(line))
  if (wrong >= 0) return { status: 'broken', fault: 'line_does_not_add_up', line: wrong + 1 }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {
    status: 'verified',
    facts: { origin, sha256, isSignatureChecked: key !== null, lines: lines.length, statement },
  }
}

function broken(fault: StatementFault): StatementVerdict {
  return { status: 'broken', fault, line: 0 }
}

/** The accounts of a line that together are its promise. */
const HELD = [
  'delivered_active_card_ms',
  'delivered_idle_card_ms',
  'returned_card_ms',
  'unproven_card_ms',
  'pending_card_ms',
  'swapped_card_ms',
] as const
const AMOUNT = /^-?(0|[1-9]\d{0,30})$/

function addsUp(line: unknown): boolean {
  if (!isObject(line) || !isObject(line.broken_card_ms)) return false
  const parts = [...HELD.map((name) => line[name]), ...Object.values(line.broken_card_ms)]
  const [promised, ...held] = [line.promised_card_ms, ...parts].map(amountOf)
  if (promised === null || promised === undefined) return false
  let sum = 0n
  for (const amount of held) {
    if (amount === null) return false
    sum += amount
  }
  return sum === promised
}

function amountOf(value: unknown): bigint | null {
  return typeof value === 'string' && AMOUNT.test(value) ? BigInt(value) : null
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
