/** What the audit log is asked, and scopes as people read them. */
import type { Query } from '../api/client.ts'

export interface AuditAsked {
  readonly which?: 'all' | 'refused' | 'exports'
  readonly actor?: string | undefined
  readonly route?: string | undefined
  readonly session?: string | undefined
  readonly export_id?: string | undefined
  readonly from: string | null
  readonly to: string | null
}

/** Refusals are statuses from here on. */
const REFUSED_FROM = 400

/** As `/v1/audit` and its export take it; what is empty is left out. */
export function auditQuery({ which, from, to, ...texts }: AuditAsked): Query {
  const given = Object.entries(texts).flatMap(([name, text]) => {
    const trimmed = text?.trim() ?? ''
    return trimmed === '' ? [] : [[name, trimmed] as const]
  })
  return {
    ...Object.fromEntries(given),
    ...(which === 'refused' ? { status_min: REFUSED_FROM } : {}),
    ...(which === 'exports' ? { exports: true } : {}),
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { to }),
  }
}

/** Regions and sites of a scope as it was logged; `null`: everything. */
export function scopeText(scope: unknown): string | null {
  if (typeof scope !== 'object' || scope === null) return null
  const parts = ['regions' in scope ? scope.regions : 'all', 'sites' in scope ? scope.sites : 'all']
  const bounds = parts.flatMap((part) => (Array.isArray(part) ? part.map(String) : []))
  return bounds.length === 0 ? null : bounds.join(' · ')
}

/** `is_valid` says whether a token works; this says why not. */
export function tokenState(token: {
  readonly is_valid: boolean
  readonly revoked_at: string | null
  readonly uses_left: number | null
}): 'valid' | 'revoked' | 'expired' | 'used' {
  if (token.is_valid) return 'valid'
  if (token.revoked_at !== null) return 'revoked'
  return token.uses_left === 0 ? 'used' : 'expired'
}
