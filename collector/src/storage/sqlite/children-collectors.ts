/** Which collectors are below which: each tells by one child, and only of what is under it. */
import { type CollectorReport, compareVersions } from '@yiben/shared'
import {
  COLLECTORS_PER_CHILD_MAX,
  DEPTH_MAX,
  OLDER,
  refusal,
  TAKEN,
  type Taken,
  type Teller,
  versionOf,
} from '../children-taking.ts'
import { integer, type Row, text, textOrNull } from '../values.ts'
import { beginSilence, endSilence } from './children-roster.ts'
import type { Database } from './driver.ts'

export function takeCollector(db: Database, teller: Teller, report: CollectorReport): Taken {
  const known = find(db, report.origin)
  const place = judgePlace(db, teller, report, known)
  if (place !== null) return place
  // The same version again may say that its parent no longer hears it: that is not its own word.
  if (known !== undefined && compareVersions(report.version, versionOf(known)) < 0) return OLDER
  const { generation, number } = report.version
  db.run(
    `INSERT INTO child_collectors (origin, child_number, parent_origin, name, program_version,
       away_since_ms, generation, number, received_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (origin) DO UPDATE SET child_number = excluded.child_number,
       parent_origin = excluded.parent_origin, name = excluded.name,
       program_version = excluded.program_version, away_since_ms = excluded.away_since_ms,
       generation = excluded.generation, number = excluded.number,
       received_at_ms = excluded.received_at_ms`,
    report.origin,
    teller.child,
    report.parentOrigin,
    report.name,
    report.programVersion,
    report.awaySinceMs,
    generation,
    number,
    teller.atMs,
  )
  noteAway(db, teller, report)
  return TAKEN
}

/** Whether it is this child's to tell of; `null`: it is. */
function judgePlace(
  db: Database,
  teller: Teller,
  { origin, parentOrigin }: CollectorReport,
  known: Row | undefined,
): Taken | null {
  if (origin === teller.origin) return null
  if (origin === teller.ownOrigin) {
    return refusal('record_origin', 'the collector is this one')
  }
  if (known !== undefined && integer(known, 'child_number') !== teller.child) {
    const { name, status } = holderOf(db, known)
    if (status !== 'revoked') {
      return refusal('record_origin', `${origin} tells by the child ${name}, not by this one`)
    }
  }
  if (parentOrigin === null || !isBelow(db, teller, parentOrigin, origin)) {
    const sentence = `collector.parent_origin of ${origin} is neither the child nor known to be below it`
    return refusal('record_origin', sentence)
  }
  return known === undefined && isFull(db, teller)
    ? refusal('record_out_of_range', `more than ${COLLECTORS_PER_CHILD_MAX} collectors are told of`)
    : null
}

/** From a parent upwards to the child, without meeting the collector itself on the way. */
function isBelow(db: Database, teller: Teller, parentOrigin: string, origin: string): boolean {
  let at: string | null = parentOrigin
  for (let depth = 0; depth < DEPTH_MAX; depth += 1) {
    if (at === teller.origin) return true
    if (at === null || at === origin) return false
    const row = find(db, at)
    if (row === undefined || integer(row, 'child_number') !== teller.child) return false
    at = textOrNull(row, 'parent_origin')
  }
  return false
}

function isFull(db: Database, { child }: Teller): boolean {
  const row = db.get('SELECT count(*) AS known FROM child_collectors WHERE child_number = ?', child)
  return row !== undefined && integer(row, 'known') >= COLLECTORS_PER_CHILD_MAX
}

/** Of the child itself this collector knows by its own ears whether it is heard. */
function noteAway(db: Database, teller: Teller, { awaySinceMs, origin }: CollectorReport): void {
  const row = find(db, origin)
  if (row === undefined || origin === teller.origin) return
  const collector = integer(row, 'collector_number')
  if (awaySinceMs === null) endSilence(db, collector, teller.atMs, teller.atMs)
  else beginSilence(db, collector, Math.min(awaySinceMs, teller.atMs), teller.atMs)
}

function find(db: Database, origin: string): Row | undefined {
  return db.get('SELECT * FROM child_collectors WHERE origin = ?', origin)
}

function holderOf(db: Database, known: Row): { readonly name: string; readonly status: string } {
  const row = db.get(
    'SELECT name, status FROM children WHERE child_number = ?',
    integer(known, 'child_number'),
  )
  return row === undefined
    ? { name: '', status: 'revoked' }
    : { name: text(row, 'name'), status: text(row, 'status') }
}
