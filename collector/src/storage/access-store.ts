/** What the storage port promises of sessions of people, their second factor and the audit log. */
import type { AuditFacts, AuditHead, AuditRow } from '../model/audit.ts'
import type { JournalEntry, OutboxEntry } from '../model/ledger.ts'
import type { Page, PageRequest, Role } from './requests.ts'

export const LOGIN_METHODS = ['token', 'oidc'] as const
export type LoginMethod = (typeof LOGIN_METHODS)[number]

/**
 * Where a login stands with its second factor: none is asked for, verified here, vouched for by the
 * provider, not given yet.
 */
export const LOGIN_FACTORS = ['off', 'verified', 'provider', 'missing'] as const
export type LoginFactor = (typeof LOGIN_FACTORS)[number]

/** A person who has logged in; lives until ended, idle for too long, or expired. */
export interface Login {
  /** Shown in lists and in the audit log; opens nothing. */
  readonly loginId: string
  /** Of the cookie's secret, hex. */
  readonly cookieHash: string
  readonly method: LoginMethod
  /** Whose second factor it is: `token <id>`, or `<issuer>#<sub>`. */
  readonly subject: string
  /** Of a login with a token. */
  readonly tokenId: string | null
  /** For people to read. */
  readonly label: string
  readonly role: Role
  readonly siteCode: string | null
  readonly regionCode: string | null
  readonly factor: LoginFactor
  readonly address: string
  readonly createdAtMs: number
  readonly seenAtMs: number
  readonly expiresAtMs: number
  readonly endedAtMs: number | null
}

/** With the token that it rests on, as it is now. */
export interface FoundLogin {
  readonly login: Login
  readonly token: { readonly expiresAtMs: number; readonly revokedAtMs: number | null } | null
}

export interface SecondFactor {
  readonly subject: string
  readonly label: string
  readonly sealedSecret: Uint8Array
  /** Hashes of recovery codes that have not been used, hex. */
  readonly recovery: readonly string[]
  readonly createdAtMs: number
  /** `null`: its owner has not shown yet that it works. */
  readonly confirmedAtMs: number | null
  /** Of the newest code that was taken; that one and older ones are not taken again. */
  readonly lastStep: number
  /** Codes tried since the last right one. */
  readonly attempts: number
  readonly lockedUntilMs: number | null
}

/** One more code is tried: counted before it is looked at, so that no two tries share a count. */
export interface FactorTry {
  readonly subject: string
  readonly atMs: number
  readonly attemptsMax: number
  readonly lockMs: number
}
export type FactorTryResult =
  | { readonly status: 'absent' }
  | { readonly status: 'locked'; readonly untilMs: number }
  | { readonly status: 'counted'; readonly factor: SecondFactor }

/** A code was right; it confirms a factor that was not confirmed. */
export interface FactorUse {
  readonly subject: string
  readonly atMs: number
  /** Step of a code by time, or hash of a recovery code. */
  readonly proof: { readonly step: number } | { readonly recoveryHash: string }
}

export interface AuditBatch {
  readonly rows: readonly AuditFacts[]
  /** Logins that were heard of: each moved to this time, never back. */
  readonly seen: readonly { readonly loginId: string; readonly atMs: number }[]
  /** Not `null`: what is there after these rows is said in the journal. */
  readonly sealAtMs: number | null
}

export interface AuditState {
  readonly head: AuditHead
  /** The newest seal; `null` before the first. */
  readonly seal: AuditSeal | null
  /** Of the first row that no seal covers yet. */
  readonly unsealedSinceMs: number | null
}

export interface AuditSeal {
  readonly throughNumber: number
  readonly hash: string
  readonly atMs: number
}

export interface AuditFilter {
  readonly actor: string | null
  readonly loginId: string | null
  readonly route: string | null
  readonly exportId: string | null
  readonly exportsOnly: boolean
  /** At least this status: 400 for what was refused. */
  readonly statusMin: number | null
  readonly fromMs: number | null
  readonly toMs: number | null
}

export interface AccessStore {
  // sessions of people
  openLogin(login: Login): Promise<void>
  findLogin(cookieHash: string): Promise<FoundLogin | null>
  /** The second factor was given: from now on another cookie stands for this login. */
  raiseLogin(change: {
    readonly cookieHash: string
    readonly newCookieHash: string
    readonly factor: LoginFactor
  }): Promise<{ readonly status: 'raised' | 'not_found' }>
  endLogin(
    loginId: string,
    atMs: number,
  ): Promise<{ readonly status: 'ended' | 'not_found' | 'already_ended' }>
  /** Not ended, heard of since `seenSinceMs`, on a token that still holds; newest first. */
  listLogins(atMs: number, seenSinceMs: number, page: PageRequest): Promise<Page<Login>>

  // second factors
  findSecondFactor(subject: string): Promise<SecondFactor | null>
  /** In place of one that was never confirmed; one that was is left alone. */
  enrollSecondFactor(
    factor: Pick<SecondFactor, 'subject' | 'label' | 'sealedSecret' | 'recovery' | 'createdAtMs'>,
  ): Promise<{ readonly status: 'enrolled' | 'confirmed_already' }>
  trySecondFactor(attempt: FactorTry): Promise<FactorTryResult>
  /** `used`: that step or recovery code, or a newer step, has been taken meanwhile. */
  useSecondFactor(use: FactorUse): Promise<{ readonly status: 'taken' | 'used' }>
  /** With its entry; ends the subject's logins. */
  resetSecondFactor(
    subject: string,
    atMs: number,
    outbox: readonly OutboxEntry[],
  ): Promise<{ readonly status: 'reset' | 'not_found' }>
  listSecondFactors(page: PageRequest): Promise<Page<SecondFactor>>

  // audit
  /** Numbers and chains the rows in one transaction; durable when it answers. */
  appendAudit(batch: AuditBatch): Promise<AuditState>
  auditState(): Promise<AuditState>
  /** Newest first; the cursor is the number to go on below. */
  listAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRow>>
  /** In their order, after a number. */
  readAuditChain(afterNumber: number, limit: number): Promise<readonly AuditRow[]>
  /** Where the chain begins: what was pruned last. */
  auditStart(): Promise<AuditHead>
  /** Entries of the journal that seal the audit log, after an entry; those without a number wait. */
  readAuditEntries(afterSeq: number, limit: number): Promise<readonly JournalEntry[]>
  /** Takes out the rows of the oldest seal, when all are older than that; answers how many. */
  pruneAudit(request: { readonly olderThanMs: number; readonly atMs: number }): Promise<number>
}
