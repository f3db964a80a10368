/**
 * Who may ask what: one row per group of routes, one table. A route names its row; a test walks
 * the whole table, role by role.
 *
 * The bank sees what can be drawn and what is deposited, by opaque ids; it sees neither nodes nor
 * single accelerators. The journal is not cut by region, so that only tokens without a region or
 * site may read it.
 */
import { ROLES, type Role } from '../storage/requests.ts'

export interface Access {
  /** `open`: no token. */
  readonly roles: 'open' | readonly Role[]
  /** Refused to tokens that are bound to a region or a site. */
  readonly wholeLedgerOnly: boolean
  /** Also asked by a person whose second factor is still to be given. */
  readonly beforeSecondFactor: boolean
}

const PEOPLE: readonly Role[] = ['admin', 'operator', 'regulator', 'auditor']

function rolesOf(...roles: readonly Role[]): Access {
  return { roles, wholeLedgerOnly: false, beforeSecondFactor: false }
}

function wholeLedger(...roles: readonly Role[]): Access {
  return { roles, wholeLedgerOnly: true, beforeSecondFactor: false }
}

export const ACCESS = {
  open: { roles: 'open', wholeLedgerOnly: false, beforeSecondFactor: true },
  session: { roles: ROLES, wholeLedgerOnly: false, beforeSecondFactor: true },
  ledger: rolesOf(...PEOPLE, 'bank'),
  rollups: rolesOf(...PEOPLE, 'bank'),
  corrections: rolesOf(...PEOPLE, 'bank'),
  reports: rolesOf(...PEOPLE),
  reports_issue: rolesOf('admin', 'regulator'),
  balance: rolesOf(...PEOPLE),
  conflicts_resolve: rolesOf('admin', 'operator'),
  // Not an operator: what is cleared may be his own doing.
  findings_clear: rolesOf('admin'),
  nodes_change: rolesOf('admin'),
  nodes: rolesOf(...PEOPLE, 'security'),
  accelerators: rolesOf(...PEOPLE),
  children: rolesOf(...PEOPLE),
  sites: rolesOf(...PEOPLE, 'bank', 'security'),
  sites_change: rolesOf('admin'),
  site_facts_change: rolesOf('admin', 'operator'),
  reference: rolesOf(...ROLES),
  codes: rolesOf(...PEOPLE),
  codes_change: rolesOf('admin'),
  deposits: rolesOf(...PEOPLE, 'bank'),
  changes: rolesOf(...PEOPLE, 'bank'),
  capacity: rolesOf(...PEOPLE, 'bank'),
  draws: rolesOf(...PEOPLE, 'bank'),
  draws_change: rolesOf('bank'),
  leases_recall: rolesOf('admin', 'operator'),
  recovery: rolesOf(...PEOPLE, 'bank', 'security'),
  recovery_replayed: rolesOf('bank'),
  recovery_finish: wholeLedger('admin'),
  statements: rolesOf(...PEOPLE, 'bank'),
  quality: rolesOf(...PEOPLE, 'security'),
  journal: wholeLedger('admin', 'regulator', 'auditor', 'security'),
  journal_cosign: wholeLedger('admin', 'regulator'),
  metrics: wholeLedger('admin', 'metrics'),
  live: rolesOf(...PEOPLE, 'bank'),
  // Who lets people in neither administers nor is left unwatched; who watches does neither.
  tokens: wholeLedger('security'),
  tokens_change: wholeLedger('security'),
  sessions: wholeLedger('security'),
  sessions_end: wholeLedger('security'),
  second_factors: wholeLedger('security'),
  second_factors_reset: wholeLedger('security'),
  audit: wholeLedger('auditor', 'security'),
} as const satisfies Readonly<Record<string, Access>>

export type AccessName = keyof typeof ACCESS

export function accessOf(name: AccessName): Access {
  return ACCESS[name]
}

/** Roles to whom is told why a card is or is not deposited: they can do something about it. */
export function seesDepositReasons(role: Role): boolean {
  return role === 'admin' || role === 'operator'
}

/** Roles for whom nodes, sites' people and single accelerators are opaque. */
export function isOpaqueFor(role: Role): boolean {
  return role === 'bank'
}
