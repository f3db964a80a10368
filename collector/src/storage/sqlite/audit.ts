/**
 * The audit log: numbered, chained, sealed in the journal and pruned in one place each. Triggers of
 * the file refuse whatever else would change it.
 */
import {
  AUDIT_START_HASH,
  type AuditFacts,
  type AuditHead,
  type AuditRow,
  auditHash,
} from '../../model/audit.ts'
import { auditRowOf, CHAIN_ROWS_MAX, sealOf } from '../access-rows.ts'
import type { AuditBatch, AuditFilter, AuditSeal, AuditState } from '../access-store.ts'
import { entryOf } from '../journal-rows.ts'
import { numberCursor, pageLimit, pageOf } from '../paging.ts'
import type { Page, PageRequest } from '../requests.ts'
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'

type AuditMethods = Pick<
  SyncStore,
  | 'appendAudit'
  | 'auditState'
  | 'listAudit'
  | 'readAuditChain'
  | 'auditStart'
  | 'readAuditEntries'
  | 'pruneAudit'
>

export function auditMethods(db: Database): AuditMethods {
  return {
    appendAudit: (batch) => appendAudit(db, batch),
    auditState: () => auditState(db),
    listAudit: (filter, page) => listAudit(db, filter, page),

    readAuditChain: (afterNumber, limit) =>
      db
        .all(
          'SELECT * FROM audit WHERE number > ? ORDER BY number LIMIT ?',
          afterNumber,
          Math.max(0, Math.min(limit, CHAIN_ROWS_MAX)),
        )
        .map(auditRowOf),

    auditStart: () => auditStart(db),

    readAuditEntries: (afterSeq, limit) =>
      db
        .all(
          `SELECT * FROM journal WHERE kind = 'audit_sealed' AND seq > ? ORDER BY seq LIMIT ?`,
          afterSeq,
          Math.max(0, Math.min(limit, CHAIN_ROWS_MAX)),
        )
        .map(entryOf),

    pruneAudit: (request) => pruneAudit(db, request),
  }
}

function appendAudit(db: Database, { rows, sealAtMs, seen }: AuditBatch): AuditState {
  let head = auditHead(db)
  for (const facts of rows) head = insertRow(db, head, facts)
  for (const { atMs, loginId } of seen) {
    db.run(
      'UPDATE logins SET seen_at_ms = ? WHERE login_id = ? AND seen_at_ms < ?',
      atMs,
      loginId,
      atMs,
    )
  }
  if (sealAtMs !== null) seal(db, head, sealAtMs)
  return auditState(db)
}

function insertRow(db: Database, head: AuditHead, facts: AuditFacts): AuditHead {
  const number = head.number + 1
  const hash = auditHash(head.hash, number, facts)
  db.run(
    `INSERT INTO audit (number, at_ms, actor, role, scope, login_id, method, route, details, status,
       address, export_id, purpose, repeats, previous_hash, hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    number,
    facts.atMs,
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
    head.hash,
    hash,
  )
  return { number, hash }
}

/** Says in the journal where the chain stands, unless that was said already. */
function seal(db: Database, head: AuditHead, atMs: number): void {
  const from = latestSeal(db)?.throughNumber ?? 0
  if (head.number <= from) return
  db.run(
    'INSERT INTO audit_seals (through_number, hash, at_ms) VALUES (?, ?, ?)',
    head.number,
    head.hash,
    atMs,
  )
  const payload = { after: from, through: head.number, head: head.hash }
  addToOutbox(db, [{ kind: 'audit_sealed', atMs, payload }])
}

function auditState(db: Database): AuditState {
  const newest = latestSeal(db)
  const row = db.get(
    'SELECT at_ms FROM audit WHERE number > ? ORDER BY number LIMIT 1',
    newest?.throughNumber ?? 0,
  )
  return {
    head: auditHead(db),
    seal: newest,
    unsealedSinceMs: row === undefined ? null : integer(row, 'at_ms'),
  }
}

function auditHead(db: Database): AuditHead {
  const row = db.get('SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1')
  if (row === undefined) return auditStart(db)
  return { number: integer(row, 'number'), hash: text(row, 'hash') }
}

function auditStart(db: Database): AuditHead {
  const row = db.get(
    'SELECT through_number, hash FROM audit_prunings ORDER BY through_number DESC LIMIT 1',
  )
  if (row === undefined) return { number: 0, hash: AUDIT_START_HASH }
  return { number: integer(row, 'through_number'), hash: text(row, 'hash') }
}

function latestSeal(db: Database): AuditSeal | null {
  const row = db.get('SELECT * FROM audit_seals ORDER BY through_number DESC LIMIT 1')
  return row === undefined ? null : sealOf(row)
}

/** The guarded path: the rows of the oldest seal, when every one of them is older than that. */
function pruneAudit(
  db: Database,
  { atMs, olderThanMs }: Parameters<AuditMethods['pruneAudit']>[0],
): number {
  const row = db.get(
    'SELECT * FROM audit_seals WHERE through_number > ? ORDER BY through_number LIMIT 1',
    auditStart(db).number,
  )
  const oldest = row === undefined ? null : sealOf(row)
  if (oldest === null) return 0
  const young = db.get(
    'SELECT number FROM audit WHERE number <= ? AND at_ms >= ? LIMIT 1',
    oldest.throughNumber,
    olderThanMs,
  )
  if (young !== undefined) return 0
  db.run(
    'INSERT INTO audit_prunings (through_number, hash, older_than_ms, at_ms) VALUES (?, ?, ?, ?)',
    oldest.throughNumber,
    oldest.hash,
    olderThanMs,
    atMs,
  )
  return db.run('DELETE FROM audit WHERE number <= ?', oldest.throughNumber).changes
}

/** What narrows a question most, and its index; everything else is looked at row by row. */
const NARROWED = {
  export: 'FROM audit INDEXED BY audit_by_export WHERE export_id = ? AND export_id IS NOT NULL',
  actor: 'FROM audit INDEXED BY audit_by_actor WHERE actor = ?',
  time: 'FROM audit INDEXED BY audit_by_time WHERE at_ms >= ?',
  nothing: 'FROM audit WHERE number > ?',
} as const

function narrowingOf(filter: AuditFilter): readonly [keyof typeof NARROWED, string | number] {
  if (filter.exportId !== null) return ['export', filter.exportId]
  if (filter.actor !== null) return ['actor', filter.actor]
  return filter.fromMs === null ? ['nothing', 0] : ['time', filter.fromMs]
}

function listAudit(db: Database, filter: AuditFilter, page: PageRequest): Page<AuditRow> {
  const limit = pageLimit(page)
  const [narrowing, value] = narrowingOf(filter)
  const rows = db
    .all(
      `SELECT * ${NARROWED[narrowing]} AND number < ?
         AND (? IS NULL OR actor = ?) AND (? IS NULL OR login_id = ?)
         AND (? IS NULL OR route = ?) AND (? = 0 OR export_id IS NOT NULL)
         AND status >= ? AND at_ms >= ? AND at_ms < ?
       ORDER BY number DESC LIMIT ?`,
      value,
      page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page),
      filter.actor,
      filter.actor,
      filter.loginId,
      filter.loginId,
      filter.route,
      filter.route,
      filter.exportsOnly ? 1 : 0,
      filter.statusMin ?? 0,
      filter.fromMs ?? 0,
      filter.toMs ?? Number.MAX_SAFE_INTEGER,
      limit + 1,
    )
    .map(auditRowOf)
  return pageOf(rows, limit, ({ number }) => String(number))
}
