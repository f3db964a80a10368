/**
 * Rows of the audit log: who asked what, when, and what was answered. Each row's hash covers its
 * predecessor's, so that no row can be changed, taken out or put in without all that follow.
 */
import { labelledHash } from '@yiben/shared'

/** What the first row ever names as its predecessor. */
export const AUDIT_START_HASH = '0'.repeat(64)

const HASH_LABEL = 'yiben.audit.v1'

/** What was asked and answered, before it has a number. */
export interface AuditFacts {
  readonly atMs: number
  /** Token id, or subject at the provider; `null`: nobody who could be told apart. */
  readonly actor: string | null
  readonly role: string | null
  /** JSON of the scope. */
  readonly scope: string | null
  readonly loginId: string | null
  readonly method: string
  /** The route's pattern, as in `/v1/nodes/:id`. */
  readonly route: string
  /** JSON: path parameters and query, without anything secret; of an export its table and rows. */
  readonly details: string
  readonly status: number
  readonly address: string
  readonly exportId: string | null
  readonly purpose: string | null
  /** How many of exactly this one came within one batch: refused ones are folded. */
  readonly repeats: number
}

export interface AuditRow extends AuditFacts {
  /** From 1, without a gap. */
  readonly number: number
  readonly previousHash: string
  readonly hash: string
}

/** Where the chain stands: 0 and zeros at first. */
export interface AuditHead {
  readonly number: number
  readonly hash: string
}

export function auditHash(previousHash: string, number: number, facts: AuditFacts): string {
  const fields = [
    facts.actor,
    facts.role,
    facts.scope,
    facts.loginId,
    facts.method,
    facts.route,
    facts.details,
    facts.status,
    facts.address,
    facts.exportId,
    facts.purpose,
    facts.repeats,
  ]
  const previous = Buffer.from(previousHash, 'hex')
  const bytes = labelledHash(HASH_LABEL, previous, number, facts.atMs, JSON.stringify(fields))
  return Buffer.from(bytes).toString('hex')
}
