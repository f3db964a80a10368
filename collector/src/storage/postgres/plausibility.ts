/**
 * Findings: hours as the rules look at them, what was broken in them, and a person's word on it.
 */
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
import { unitOf } from '../rows.ts'
import type { Store } from '../store.ts'
import { integer, integerOrNull, text } from '../values.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox, markChanged } from './outbox.ts'
import { inScope, sitesInScope } from './scope.ts'
import { raw, sql } from './sql.ts'
import { UNIT_COLUMNS, UNIT_TABLES } from './units.ts'

type PlausibilityMethods = Pick<
  Store,
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

export function plausibilityMethods(db: Database): PlausibilityMethods {
  return {
    readUnjudgedHour: async () => {
      const row = await db.get(
        sql`SELECT s.hour_ms, max(s.version) AS version FROM seals s
         LEFT JOIN judged_hours j ON j.hour_ms = s.hour_ms
         WHERE j.version IS NULL OR s.version > j.version
         GROUP BY s.hour_ms ORDER BY s.hour_ms LIMIT 1`,
      )
      if (row === undefined) return null
      return { hourMs: integer(row, 'hour_ms'), version: integer(row, 'version') }
    },

    readHourReadings: async (hourMs, afterUnitId, limit) =>
      await readHourReadings(db, hourMs, afterUnitId, limit),

    writeImplausible: async (hours, atMs) => {
      await lock(db, 'findings')
      const opened: ImplausibleHour[] = []
      for (const hour of hours) if (await writeHour(db, hour, atMs)) opened.push(hour)
      markChanged(
        db,
        opened.map(({ nodeId }) => nodeId),
      )
      return { opened: opened.length }
    },

    hourJudged: async ({ hourMs, version }) => {
      await db.run(
        sql`INSERT INTO judged_hours (hour_ms, version) VALUES (${hourMs}, ${version})
         ON CONFLICT (hour_ms) DO UPDATE SET version = greatest(judged_hours.version,
           excluded.version)`,
      )
    },

    readWithheldByFinding: async (nodeIds) =>
      (
        await db.all(
          sql`SELECT DISTINCT unit_id FROM findings WHERE cleared_at_ms IS NULL
             AND unit_id IS NOT NULL AND node_id = ANY(${nodeIds}::text[])
             AND rule = ANY(${WITHHOLDING_RULES}::text[]) ORDER BY unit_id`,
        )
      ).map((row) => integer(row, 'unit_id') as UnitId),

    listFindings: async (scope, openOnly, page) => await listFindings(db, scope, openOnly, page),

    findFinding: async (scope, findingId) => {
      const sites = await sitesInScope(db, scope)
      const row = await db.get(
        sql`${FINDINGS} WHERE f.finding_id = ${findingId} AND ${inScope(sql`n.site_code`, sites)}`,
      )
      return row === undefined ? null : findingOf(row)
    },

    countFindings: async (scope, knownAtMs) => {
      const sites = await sitesInScope(db, scope)
      const row = await db.get(
        sql`SELECT count(*) AS findings, count(DISTINCT f.unit_id) AS cards FROM findings f
         JOIN nodes n ON n.node_id = f.node_id WHERE f.found_at_ms <= ${knownAtMs}
           AND (f.cleared_at_ms IS NULL OR f.cleared_at_ms > ${knownAtMs})
             AND ${inScope(sql`n.site_code`, sites)}`,
      )
      if (row === undefined) return { findings: 0, cards: 0 }
      return { findings: integer(row, 'findings'), cards: integer(row, 'cards') }
    },

    clearFinding: async ({ findingId, by, because, atMs, outbox }) => {
      const row = await db.get(
        sql`SELECT * FROM findings WHERE finding_id = ${findingId} FOR UPDATE`,
      )
      if (row === undefined) return { status: 'not_found' }
      if (row.cleared_at_ms !== null) return { status: 'already_cleared' }
      await db.run(
        sql`UPDATE findings SET cleared_at_ms = ${atMs}, cleared_by = ${by},
          cleared_because = ${because}
         WHERE finding_id = ${findingId}`,
      )
      markChanged(db, [text(row, 'node_id') as NodeId])
      addToOutbox(db, outbox)
      return { status: 'cleared' }
    },
  }
}

async function readHourReadings(
  db: Database,
  hourMs: number,
  afterUnitId: number,
  limit: number,
): Promise<readonly HourReading[]> {
  // Rows of the hour first, the placements of exactly these after: both have columns of one name.
  const hours = (
    await db.all(
      sql`SELECT h.* FROM unit_hours h JOIN units u ON u.unit_id = h.unit_id
       WHERE h.hour_ms = ${hourMs} AND h.unit_id > ${afterUnitId} AND u.kind = 'card'
       ORDER BY h.unit_id LIMIT ${limit}`,
    )
  ).map(unitHourOf)
  const [first, last] = [hours.at(0)?.unitId ?? 0, hours.at(-1)?.unitId ?? 0]
  const units = (
    await db.all(
      sql`SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES}
       WHERE u.unit_id BETWEEN ${first} AND ${last} AND u.kind = 'card'`,
    )
  ).map(unitOf)
  const byId = new Map(units.map((unit) => [unit.unitId, unit]))
  const lags = await repeatLags(db, hourMs, first, last)
  return hours.flatMap((hour) => {
    const unit = byId.get(hour.unitId)
    if (unit === undefined) return []
    const { nodeId, profile } = unit
    return [{ nodeId, profile, hour, repeatsAfterHours: lags.get(hour.unitId) ?? null }]
  })
}

/** Of cards that were in use: the shortest lag at which the two hours before are this one. */
async function repeatLags(
  db: Database,
  hourMs: number,
  firstUnitId: number,
  lastUnitId: number,
): Promise<ReadonlyMap<UnitId, number>> {
  const isSame = (other: string) =>
    raw(
      SAME_COLUMNS.map((column) => `h.${column} IS NOT DISTINCT FROM ${other}.${column}`).join(
        ' AND ',
      ),
    )
  const lags = new Map<UnitId, number>()
  for (const lag of [...REPEAT_LAGS_HOURS].reverse()) {
    const rows = await db.all(
      sql`SELECT h.unit_id FROM unit_hours h
       JOIN unit_hours b ON b.hour_ms = ${hourMs - lag * HOUR_MS} AND b.unit_id = h.unit_id
       JOIN unit_hours c ON c.hour_ms = ${hourMs - 2 * lag * HOUR_MS} AND c.unit_id = h.unit_id
       WHERE h.hour_ms = ${hourMs} AND h.unit_id BETWEEN ${firstUnitId} AND ${lastUnitId}
         AND h.utilization_sum_permille > 0
         AND ${isSame('b')} AND ${isSame('c')}`,
    )
    for (const row of rows) lags.set(integer(row, 'unit_id') as UnitId, lag)
  }
  return lags
}

/** `true`: a finding was begun. */
async function writeHour(db: Database, hour: ImplausibleHour, atMs: number): Promise<boolean> {
  const { rule, nodeId, unitId, hourMs } = hour
  const latest = await db.get(
    sql`SELECT * FROM findings WHERE node_id = ${nodeId} AND unit_id IS NOT DISTINCT
      FROM ${unitId} AND rule = ${rule}
     ORDER BY finding_id DESC LIMIT 1`,
  )
  if (latest !== undefined) {
    const clearedAtMs = integerOrNull(latest, 'cleared_at_ms')
    if (clearedAtMs === null) {
      await addHour(db, integer(latest, 'finding_id'), hour)
      return false
    }
    // The hours that the person has looked at, and those for which the word holds.
    if (hourMs < integer(latest, 'until_ms') || atMs < clearedAtMs + CLEARED_FOR_MS) return false
  }
  const row = await db.get(
    sql`INSERT INTO findings (rule, node_id, unit_id, since_ms, until_ms, hours, figures,
      found_at_ms)
     VALUES (${rule}, ${nodeId}, ${unitId}, ${hourMs}, ${hourMs + HOUR_MS}, 0,
       ${JSON.stringify(hour.figures)}, ${atMs})
     RETURNING finding_id`,
  )
  await addHour(db, integer(row ?? {}, 'finding_id'), hour)
  addToOutbox(db, hour.outbox)
  return true
}

async function addHour(
  db: Database,
  findingId: number,
  { hourMs, figures }: ImplausibleHour,
): Promise<void> {
  const { changes } = await db.run(
    sql`INSERT INTO finding_hours (finding_id, hour_ms) VALUES (${findingId}, ${hourMs})
     ON CONFLICT (finding_id, hour_ms) DO NOTHING`,
  )
  await db.run(
    sql`UPDATE findings SET hours = hours + ${changes}, since_ms = least(since_ms, ${hourMs}),
      until_ms = greatest(until_ms, ${hourMs + HOUR_MS}),
       figures = CASE WHEN ${hourMs + HOUR_MS} >= until_ms THEN ${JSON.stringify(figures)} ELSE
         figures END
     WHERE finding_id = ${findingId}`,
  )
}

const FINDINGS = sql`SELECT f.*, n.site_code FROM findings f JOIN nodes n ON n.node_id = f.node_id`

async function listFindings(
  db: Database,
  scope: Scope,
  openOnly: boolean,
  page: PageRequest,
): Promise<Page<Finding>> {
  const sites = await sitesInScope(db, scope)
  const limit = pageLimit(page)
  const before = page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page)
  const open = openOnly ? sql`AND f.cleared_at_ms IS NULL` : sql``
  const rows = (
    await db.all(
      sql`${FINDINGS} WHERE f.finding_id < ${before} ${open}
         AND ${inScope(sql`n.site_code`, sites)} ORDER BY f.finding_id DESC LIMIT ${limit + 1}`,
    )
  ).map(findingOf)
  return pageOf(rows, limit, (finding) => String(finding.findingId))
}
