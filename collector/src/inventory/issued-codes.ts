/**
 * A code that somebody else has issued for one of our things, checked. Its own rules are not ours to
 * know: only that it can be printed and typed. Pure; throws `request_invalid` naming the field.
 */
import { AppError, resourceCode } from '@yiben/shared'
import type { IssuedCode } from '../model/issued-code.ts'
import type { OutboxEntry } from '../model/ledger.ts'

/** Printable, without spaces at its ends; long enough for a path of four parts. */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/
const SCHEME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/
const ISSUER_LENGTH_MAX = 120

export interface CodeRecord {
  readonly code: IssuedCode
  readonly outbox: readonly OutboxEntry[]
}

export function codeRecord(code: IssuedCode): CodeRecord {
  if (!SCHEME.test(code.scheme)) {
    throw invalid('scheme', 'must be 1–64 letters, digits, dots, slashes and hyphens, as in CPURL')
  }
  if (code.value !== null && !VALUE.test(code.value)) {
    throw invalid(
      'value',
      'must be 1–256 printable ASCII characters, none of them a space at an end',
    )
  }
  const issuedBy = code.issuedBy.trim()
  if (issuedBy === '' || issuedBy.length > ISSUER_LENGTH_MAX) {
    throw invalid('issued_by', `must have 1–${ISSUER_LENGTH_MAX} characters`)
  }
  const payload = {
    by: code.author,
    thing: resourceCode(code.thing.kind, code.thing.number),
    scheme: code.scheme,
    use: code.use,
    value: code.value,
    issued_by: issuedBy,
    valid_from_ms: code.validFromMs,
  }
  return {
    code: { ...code, issuedBy },
    outbox: [{ kind: 'code_recorded', atMs: code.recordedAtMs, payload }],
  }
}

function invalid(field: string, sentence: string): AppError {
  return new AppError('request_invalid', `${field}: ${sentence}`, { fields: { field } })
}
