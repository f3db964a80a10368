/** Findings: hours as the rules look at them, what was broken in them, and a person's word on it. */
import { HOUR_MS } from '@yiben/shared'
import type { NodeId, UnitId } from '../../model/ids.ts'
import {
  CLEARED_FOR_MS,
  type Finding,
  type HourReading,
  type ImplausibleHour,
  REPEAT_LAGS_HOURS,
  WITHHOLDING_RULES,
} from '../../model/implausible.ts'
import { unitHourOf } from '../hour-columns.ts'
import { findingOf, SAME_COLUMNS } from '../node-rows.ts'
import { numberCursor, pageLimit, pageOf } from '../paging.ts'
import type { Page, PageRequest, Scope } from '../requests.ts'
import { UNIT_COLUMNS, UNIT_TABLES, unitOf } from '../rows.ts'
import { integer, integerOrNull, text } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { markChanged } from './open-row.ts'
import { addToOutbox } from './outbox.ts'
import { inScope, sitesInScope } from './scope.ts'

type PlausibilityMethods = Pick<
  SyncStore,
  | 'readUnjudgedHour'
  | 'readHourReadings'
  | 'writeImplausible'
  | 'hourJudged'
  | 'readWithheldByFinding'
  | 'listFindings'
  | 'findFinding'
  | 'countFindings'
  | 'clearFinding'
>

const RULES_WITHHOLDING = JSON.stringify(WITHHOLDING_RULES)

export function plausibilityMethods(db: Database): PlausibilityMethods {
  return {
    readUnjudgedHour: () => {
      const row = db.get(
        `SELECT s.hour_ms, max(s.version) AS version FROM seals s
         LEFT JOIN judged_hours j ON j.hour_ms = s.hour_ms
         WHERE j.version IS NULL OR s.version > j.version
         GROUP BY s.hour_ms ORDER BY s.hour_ms LIMIT 1`,
      )
      if (row === undefined) return null
      return { hourMs: integer(row, 'hour_ms'), version: integer(row, 'version') }
    },

    readHourReadings: (hourMs, afterUnitId, limit) =>
      readHourReadings(db, hourMs, afterUnitId, limit),

    writeImplausible: (hours, atMs) => {
      const opened = hours.filter((hour) => writeHour(db, hour, atMs))
      markChanged(
        db,
        opened.map(({ nodeId }) => nodeId),
      )
      return { opened: opened.length }
    },

    hourJudged: ({ hourMs, version }) => {
      db.run(
        `INSERT INTO judged_hours (hour_ms, version) VALUES (?, ?)
         ON CONFLICT (hour_ms) DO UPDATE SET version = max(version, excluded.version)`,
        hourMs,
        version,
      )
    },

    readWithheldByFinding: (nodeIds) =>
      db
        .all(
          `SELECT DISTINCT unit_id FROM findings WHERE cleared_at_ms IS NULL
             AND unit_id IS NOT NULL AND node_id IN (SELECT value FROM json_each(?))
             AND rule IN (SELECT value FROM json_each(?)) ORDER BY unit_id`,
          JSON.stringify(nodeIds),
          RULES_WITHHOLDING,
        )
        .map((row) => integer(row, 'unit_id') as UnitId),

    listFindings: (scope, openOnly, page) => listFindings(db, scope, openOnly, page),

    findFinding: (scope, findingId) => {
      const sites = sitesInScope(db, scope)
      const row = db.get(
        `${FINDINGS} WHERE f.finding_id = ? AND ${inScope('n.site_code')}`,
        findingId,
        sites,
        sites,
      )
      return row === undefined ? null : findingOf(row)
    },

    countFindings: (scope, knownAtMs) => {
      const sites = sitesInScope(db, scope)
      const row = db.get(
        `SELECT count(*) AS findings, count(DISTINCT f.unit_id) AS cards FROM findings f
         JOIN nodes n ON n.node_id = f.node_id WHERE f.found_at_ms <= ?
           AND (f.cleared_at_ms IS NULL OR f.cleared_at_ms > ?) AND ${inScope('n.site_code')}`,
        knownAtMs,
        knownAtMs,
        sites,
        sites,
      )
      if (row === undefined) return { findings: 0, cards: 0 }
      return { findings: integer(row, 'findings'), cards: integer(row, 'cards') }
    },

    clearFinding: ({ findingId, by, because, atMs, outbox }) => {
      const row = db.get('SELECT * FROM findings WHERE finding_id = ?', findingId)
      if (row === undefined) return { status: 'not_found' }
      if (row.cleared_at_ms !== null) return { status: 'already_cleared' }
      db.run(
        `UPDATE findings SET cleared_at_ms = ?, cleared_by = ?, cleared_because = ?
         WHERE finding_id = ?`,
        atMs,
        by,
        because,
        findingId,
      )
      markChanged(db, [text(row, 'node_id') as NodeId])
      addToOutbox(db, outbox)
      return { status: 'cleared' }
    },
  }
}

function readHourReadings(
  db: Database,
  hourMs: number,
  afterUnitId: number,
  limit: number,
): readonly HourReading[] {
  // Rows of the hour first, the placements of exactly these after: both have columns of one name.
  const hours = db
    .all(
      `SELECT h.* FROM unit_hours h JOIN units u ON u.unit_id = h.unit_id
       WHERE h.hour_ms = ? AND h.unit_id > ? AND u.kind = 'card'
       ORDER BY h.unit_id LIMIT ?`,
      hourMs,
      afterUnitId,
      limit,
    )
    .map(unitHourOf)
  const [first, last] = [hours.at(0)?.unitId ?? 0, hours.at(-1)?.unitId ?? 0]
  const units = db
    .all(
      `SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES}
       WHERE u.unit_id BETWEEN ? AND ? AND u.kind = 'card'`,
      first,
      last,
    )
    .map(unitOf)
  const byId = new Map(units.map((unit) => [unit.unitId, unit]))
  const lags = repeatLags(db, hourMs, first, last)
  return hours.flatMap((hour) => {
    const unit = byId.get(hour.unitId)
    if (unit === undefined) return []
    const { nodeId, profile } = unit
    return [{ nodeId, profile, hour, repeatsAfterHours: lags.get(hour.unitId) ?? null }]
  })
}

/** Of cards that were in use: the shortest lag at which the two hours before are this one. */
function repeatLags(
  db: Database,
  hourMs: number,
  firstUnitId: number,
  lastUnitId: number,
): ReadonlyMap<UnitId, number> {
  const isSame = (other: string) =>
    SAME_COLUMNS.map((column) => `h.${column} IS ${other}.${column}`).join(' AND ')
  const lags = new Map<UnitId, number>()
  for (const lag of [...REPEAT_LAGS_HOURS].reverse()) {
    const rows = db.all(
      `SELECT h.unit_id FROM unit_hours h
       JOIN unit_hours b ON b.hour_ms = ? AND b.unit_id = h.unit_id
       JOIN unit_hours c ON c.hour_ms = ? AND c.unit_id = h.unit_id
       WHERE h.hour_ms = ? AND h.unit_id BETWEEN ? AND ? AND h.utilization_sum_permille > 0
         AND ${isSame('b')} AND ${isSame('c')}`,
      hourMs - lag * HOUR_MS,
      hourMs - 2 * lag * HOUR_MS,
      hourMs,
      firstUnitId,
      lastUnitId,
    )
    for (const row of rows) lags.set(integer(row, 'unit_id') as UnitId, lag)
  }
  return lags
}

/** `true`: a finding was begun. */
function writeHour(db: Database, hour: ImplausibleHour, atMs: number): boolean {
  const { rule, nodeId, unitId, hourMs } = hour
  const latest = db.get(
    `SELECT * FROM findings WHERE node_id = ? AND unit_id IS ? AND rule = ?
     ORDER BY finding_id DESC LIMIT 1`,
    nodeId,
    unitId,
    rule,
  )
  if (latest !== undefined) {
    const clearedAtMs = integerOrNull(latest, 'cleared_at_ms')
    if (clearedAtMs === null) {
      addHour(db, integer(latest, 'finding_id'), hour)
      return false
    }
    // The hours that the person has looked at, and those for which the word holds.
    if (hourMs < integer(latest, 'until_ms') || atMs < clearedAtMs + CLEARED_FOR_MS) return false
  }
  const findingId = db.run(
    `INSERT INTO findings (rule, node_id, unit_id, since_ms, until_ms, hours, figures, found_at_ms)
     VALUES (?, ?, ?, ?, ?, 0, ?, ?)`,
    rule,
    nodeId,
    unitId,
    hourMs,
    hourMs + HOUR_MS,
    JSON.stringify(hour.figures),
    atMs,
  ).rowNumber
  addHour(db, findingId, hour)
  addToOutbox(db, hour.outbox)
  return true
}

function addHour(db: Database, findingId: number, { hourMs, figures }: ImplausibleHour): void {
  const { changes } = db.run(
    `INSERT INTO finding_hours (finding_id, hour_ms) VALUES (?, ?)
     ON CONFLICT (finding_id, hour_ms) DO NOTHING`,
    findingId,
    hourMs,
  )
  db.run(
    `UPDATE findings SET hours = hours + ?, since_ms = min(since_ms, ?), until_ms = max(until_ms, ?),
       figures = CASE WHEN ? >= until_ms - ${HOUR_MS} THEN ? ELSE figures END
     WHERE finding_id = ?`,
    changes,
    hourMs,
    hourMs + HOUR_MS,
    hourMs,
    JSON.stringify(figures),
    findingId,
  )
}

const FINDINGS = `SELECT f.*, n.site_code FROM findings f JOIN nodes n ON n.node_id = f.node_id`

function listFindings(
  db: Database,
  scope: Scope,
  openOnly: boolean,
  page: PageRequest,
): Page<Finding> {
  const sites = sitesInScope(db, scope)
  const limit = pageLimit(page)
  const rows = db
    .all(
      `${FINDINGS} WHERE f.finding_id < ? AND (? = 0 OR f.cleared_at_ms IS NULL)
         AND ${inScope('n.site_code')} ORDER BY f.finding_id DESC LIMIT ?`,
      page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page),
      openOnly ? 1 : 0,
      sites,
      sites,
      limit + 1,
    )
    .map(findingOf)
  return pageOf(rows, limit, (finding) => String(finding.findingId))
}
