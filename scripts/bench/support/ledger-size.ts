/** What a ledger file holds, and how many bytes each table takes of it with its indexes. */
import { createHash } from 'node:crypto'
import { openConnection } from '../../../collector/src/storage/sqlite/driver.ts'

/** What the bank and its journal write: how much depends on how soon changes are told. */
const DECISIONS = ['deposits', 'journal', 'outbox', 'tree_nodes', 'checkpoints'] as const

export interface LedgerSize {
  /** Pages in use. */
  readonly bytes: number
  readonly byTable: Readonly<Record<string, number>>
  readonly decisionBytes: number
}

/** Also of a file that somebody writes: as it is now. */
export function sizeOf(path: string): LedgerSize {
  const db = openConnection({ path, driver: 'better-sqlite3', isReader: true, synchronous: 'OFF' })
  const rows = db.all(
    `SELECT COALESCE(m.tbl_name, s.name) AS name, sum(s.pgsize) AS bytes FROM dbstat s
     LEFT JOIN sqlite_master m ON m.name = s.name WHERE s.aggregate = TRUE
     GROUP BY 1 ORDER BY 2 DESC`,
  )
  db.close()
  const byTable = Object.fromEntries(rows.map((row) => [String(row.name), Number(row.bytes)]))
  const decisionBytes = DECISIONS.reduce((sum, table) => sum + (byTable[table] ?? 0), 0)
  const bytes = Object.values(byTable).reduce((sum, one) => sum + one, 0)
  return { bytes, byTable, decisionBytes }
}

/** What is booked up to there: runs that are over, hours, buckets; how many rows, and a digest. */
export function bookedTime(
  path: string,
  endMs: number,
): { readonly digest: string; readonly rows: number } {
  const db = openConnection({ path, driver: 'better-sqlite3', isReader: true, synchronous: 'OFF' })
  const digest = createHash('sha256')
  const states = 'busy_ms, allocated_ms, occupied_ms, free_ms, faulty_ms, unknown_ms'
  const questions = [
    `SELECT u.node_id, u.strongest_identity, r.start_ms, r.end_ms, r.code
     FROM runs r JOIN units u USING (unit_id) WHERE r.end_ms <= ? ORDER BY 1, 2, 3`,
    `SELECT u.node_id, u.strongest_identity, h.hour_ms, ${states}, h.samples_got
     FROM unit_hours h JOIN units u USING (unit_id) WHERE h.hour_ms < ? ORDER BY 1, 2, 3`,
    `SELECT hour_ms, site_code, cards, ${states} FROM buckets WHERE hour_ms < ?
     ORDER BY hour_ms, version, site_code`,
  ]
  let rows = 0
  for (const question of questions) {
    const found = db.all(question, endMs)
    if (found.length === 0) throw new Error('there is nothing to compare')
    rows += found.length
    for (const row of found) digest.update(JSON.stringify(Object.values(row)))
  }
  db.close()
  return { digest: digest.digest('hex'), rows }
}
