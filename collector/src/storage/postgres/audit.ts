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
import type { Store } from '../store.ts'
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { join, type Sql, sql } from './sql.ts'

type AuditMethods = Pick<
  Store,
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
    appendAudit: async (batch) => await appendAudit(db, batch),
    auditState: async () => await auditState(db),
    listAudit: async (filter, page) => await listAudit(db, filter, page),

    readAuditChain: async (afterNumber, limit) =>
      (
        await db.all(
          sql`SELECT * FROM audit WHERE number > ${afterNumber} ORDER BY number
            LIMIT ${Math.max(0, Math.min(limit, CHAIN_ROWS_MAX))}`,
        )
      ).map(auditRowOf),

    auditStart: async () => await auditStart(db),

    readAuditEntries: async (afterSeq, limit) =>
      (
        await db.all(
          sql`SELECT * FROM journal WHERE kind = 'audit_sealed' AND seq > ${afterSeq} ORDER BY seq
            LIMIT ${Math.max(0, Math.min(limit, CHAIN_ROWS_MAX))}`,
        )
      ).map(entryOf),

    pruneAudit: async (request) => await pruneAudit(db, request),
  }
}

async function appendAudit(
  db: Database,
  { rows, sealAtMs, seen }: AuditBatch,
): Promise<AuditState> {
  await lock(db, 'audit')
  const head = await insertRows(db, await auditHead(db), rows)
  for (const { atMs, loginId } of seen) {
    await db.run(
      sql`UPDATE logins SET seen_at_ms = ${atMs} WHERE login_id = ${loginId}
        AND seen_at_ms < ${atMs}`,
    )
  }
  if (sealAtMs !== null) await seal(db, head, sealAtMs)
  return await auditState(db)
}

async function insertRows(
  db: Database,
  head: AuditHead,
  rows: readonly AuditFacts[],
): Promise<AuditHead> {
  if (rows.length === 0) return head
  const hashes: string[] = []
  let last = head
  for (const facts of rows) {
    const number = last.number + 1
    last = { number, hash: auditHash(last.hash, number, facts) }
    hashes.push(last.hash)
  }
  await db.run(sql`
    INSERT INTO audit (number, at_ms, actor, role, scope, login_id, method, route, details, status,
      address, export_id, purpose, repeats, previous_hash, hash)
    SELECT * FROM unnest(${rows.map((_, at) => head.number + 1 + at)}::bigint[],
      ${rows.map(({ atMs }) => atMs)}::bigint[], ${rows.map(({ actor }) => actor)}::text[],
      ${rows.map(({ role }) => role)}::text[], ${rows.map(({ scope }) => scope)}::text[],
      ${rows.map(({ loginId }) => loginId)}::text[], ${rows.map(({ method }) => method)}::text[],
      ${rows.map(({ route }) => route)}::text[], ${rows.map(({ details }) => details)}::text[],
      ${rows.map(({ status }) => status)}::bigint[], ${rows.map(({ address }) => address)}::text[],
      ${rows.map(({ exportId }) => exportId)}::text[],
      ${rows.map(({ purpose }) => purpose)}::text[],
        ${rows.map(({ repeats }) => repeats)}::bigint[],
      ${[head.hash, ...hashes.slice(0, -1)]}::text[], ${hashes}::text[])`)
  return last
}

/** Says in the journal where the chain stands, unless that was said already. */
async function seal(db: Database, head: AuditHead, atMs: number): Promise<void> {
  const from = (await latestSeal(db))?.throughNumber ?? 0
  if (head.number <= from) return
  await db.run(
    sql`INSERT INTO audit_seals (through_number, hash, at_ms) VALUES (${head.number}, ${head.hash},
      ${atMs})`,
  )
  const payload = { after: from, through: head.number, head: head.hash }
  addToOutbox(db, [{ kind: 'audit_sealed', atMs, payload }])
}

async function auditState(db: Database): Promise<AuditState> {
  const newest = await latestSeal(db)
  const row = await db.get(
    sql`SELECT at_ms FROM audit WHERE number > ${newest?.throughNumber ?? 0} ORDER BY number
      LIMIT 1`,
  )
  return {
    head: await auditHead(db),
    seal: newest,
    unsealedSinceMs: row === undefined ? null : integer(row, 'at_ms'),
  }
}

async function auditHead(db: Database): Promise<AuditHead> {
  const row = await db.get(sql`SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1`)
  if (row === undefined) return await auditStart(db)
  return { number: integer(row, 'number'), hash: text(row, 'hash') }
}

async function auditStart(db: Database): Promise<AuditHead> {
  const row = await db.get(
    sql`SELECT through_number, hash FROM audit_prunings ORDER BY through_number DESC LIMIT 1`,
  )
  if (row === undefined) return { number: 0, hash: AUDIT_START_HASH }
  return { number: integer(row, 'through_number'), hash: text(row, 'hash') }
}

async function latestSeal(db: Database): Promise<AuditSeal | null> {
  const row = await db.get(sql`SELECT * FROM audit_seals ORDER BY through_number DESC LIMIT 1`)
  return row === undefined ? null : sealOf(row)
}

/** The guarded path: the rows of the oldest seal, when every one of them is older than that. */
async function pruneAudit(
  db: Database,
  { atMs, olderThanMs }: Parameters<AuditMethods['pruneAudit']>[0],
): Promise<number> {
  await lock(db, 'audit')
  const start = await auditStart(db)
  const row = await db.get(
    sql`SELECT * FROM audit_seals WHERE through_number > ${start.number} ORDER BY through_number
      LIMIT 1`,
  )
  const oldest = row === undefined ? null : sealOf(row)
  if (oldest === null) return 0
  const young = await db.get(
    sql`SELECT number FROM audit WHERE number <= ${oldest.throughNumber}
      AND at_ms >= ${olderThanMs} LIMIT 1`,
  )
  if (young !== undefined) return 0
  await db.run(
    sql`INSERT INTO audit_prunings (through_number, hash, older_than_ms, at_ms)
      VALUES (${oldest.throughNumber}, ${oldest.hash}, ${olderThanMs}, ${atMs})`,
  )
  return (await db.run(sql`DELETE FROM audit WHERE number <= ${oldest.throughNumber}`)).changes
}

async function listAudit(
  db: Database,
  filter: AuditFilter,
  page: PageRequest,
): Promise<Page<AuditRow>> {
  const limit = pageLimit(page)
  const before = page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page)
  const conditions = [sql`number < ${before}`, ...conditionsOf(filter)]
  const rows = await db.all(sql`
    SELECT * FROM audit WHERE ${join(conditions, ' AND ')}
    ORDER BY number DESC LIMIT ${limit + 1}`)
  return pageOf(rows.map(auditRowOf), limit, ({ number }) => String(number))
}

function conditionsOf(filter: AuditFilter): readonly Sql[] {
  const conditions: Sql[] = []
  if (filter.exportId !== null) conditions.push(sql`export_id = ${filter.exportId}`)
  if (filter.exportsOnly) conditions.push(sql`export_id IS NOT NULL`)
  if (filter.actor !== null) conditions.push(sql`actor = ${filter.actor}`)
  if (filter.loginId !== null) conditions.push(sql`login_id = ${filter.loginId}`)
  if (filter.route !== null) conditions.push(sql`route = ${filter.route}`)
  if (filter.statusMin !== null) conditions.push(sql`status >= ${filter.statusMin}`)
  if (filter.fromMs !== null) conditions.push(sql`at_ms >= ${filter.fromMs}`)
  if (filter.toMs !== null) conditions.push(sql`at_ms < ${filter.toMs}`)
  return conditions
}
