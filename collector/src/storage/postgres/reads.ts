/** Answers for people: the ledger at an instant, one unit's history, the quality page. */
import type { UnitId } from '../../model/ids.ts'
import type { UnitRow } from '../../model/inventory.ts'
import { isKnownAt, toldToMs } from '../evidence.ts'
import { CLOCK_GAP, QUALITY_ROWS_MAX } from '../node-rows.ts'
import type { QualityRows, Scope, UnitSpan } from '../requests.ts'
import {
  clockGapOf,
  clockStepOf,
  cloneOf,
  conflictOf,
  depositOf,
  epochChangeOf,
  refusedOf,
  sessionOf,
  silenceOf,
  weakIdentityOf,
} from '../rows.ts'
import type { Store } from '../store.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { OpenRows, readRuns, readSilences } from './evidence.ts'
import { readLedgerAt } from './ledger-at.ts'
import { lentSpansOf } from './lent-spans.ts'
import { refusePruned } from './retention.ts'
import { inScope, sitesInScope } from './scope.ts'
import { raw, type Sql, sql } from './sql.ts'
import { readUnit } from './units.ts'

/** Cards placed now that no vendor's own id names. */
const WEAK = sql`units u JOIN nodes n ON n.node_id = u.node_id WHERE u.valid_to_ms IS NULL
  AND u.kind = 'card' AND u.is_counted AND u.strongest_identity IS DISTINCT FROM 'strong'`

type ReadMethods = Pick<Store, 'readLedgerAt' | 'readUnitSpan' | 'readQuality'>

export function readMethods(db: Database): ReadMethods {
  return {
    readLedgerAt: async (scope, instant) => {
      await refusePruned(db, instant.asOfMs)
      return await readLedgerAt(db, scope, instant)
    },

    readUnitSpan: async (scope, unitId, range) => await readUnitSpan(db, scope, unitId, range),
    readQuality: async (scope, sinceMs) => await readQuality(db, scope, sinceMs),
  }
}

async function readUnitSpan(
  db: Database,
  scope: Scope,
  unitId: UnitId,
  range: { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number },
): Promise<UnitSpan | null> {
  const unit = await readUnit(db, unitId)
  if (unit === null) return null
  const sites = await sitesInScope(db, scope)
  if (sites !== null && !sites.includes(unit.siteCode)) return null
  await refusePruned(db, Math.max(range.fromMs, unit.validFromMs))
  return await unitSpanOf(db, unit, new OpenRows(db), range)
}

/** What one placement did in the range, as known then; whoever asks must be allowed to see it. */
export async function unitSpanOf(
  db: Database,
  unit: UnitRow,
  openRows: OpenRows,
  range: { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number },
): Promise<UnitSpan> {
  const { unitId } = unit
  const open = await openRows.of(unit.nodeId)
  return {
    unit,
    runs: (await readRuns(db, unitId, range, openRows.runOf(unit.nodeId, unitId))).filter((run) =>
      isKnownAt(run, range.knownAtMs),
    ),
    silences: await readSilences(db, unit, range, range.knownAtMs),
    deposits: (
      await db.all(
        sql`SELECT * FROM deposits WHERE unit_id = ${unitId} AND opened_at_ms < ${range.toMs}
           AND (closed_at_ms IS NULL OR closed_at_ms > ${range.fromMs})
             AND opened_at_ms <= ${range.knownAtMs}
         ORDER BY opened_at_ms`,
      )
    ).map(depositOf),
    leases: await lentSpansOf(db, unitId, range, range.knownAtMs),
    timelineEndMs: toldToMs(open, unit),
  }
}

async function readQuality(db: Database, scope: Scope, sinceMs: number): Promise<QualityRows> {
  const sites = await sitesInScope(db, scope)
  const isSeen = inScope(sql`n.site_code`, sites)
  /** Rows of `source` that belong to a node in scope, newest first. */
  const newest = (columns: Sql, source: Sql, condition: Sql, order: Sql) =>
    db.all(sql`
      SELECT ${columns} FROM ${source} WHERE ${isSeen} AND ${condition}
      ORDER BY ${order} DESC LIMIT ${QUALITY_ROWS_MAX}`)
  const conflicts = await newest(
    sql`c.*`,
    // Either claim's site may see it.
    sql`conflicts c JOIN units u ON u.unit_id IN (c.kept_unit_id, c.other_unit_id)
      JOIN nodes n ON n.node_id = u.node_id`,
    sql`(c.resolved_at_ms IS NULL OR c.resolved_at_ms >= ${sinceMs})`,
    sql`c.conflict_id`,
  )
  const clones = await newest(
    sql`c.*`,
    sql`clones c JOIN nodes n ON n.node_id = c.node_id`,
    sql`c.seen_at_ms >= ${sinceMs}`,
    sql`c.seen_at_ms`,
  )
  const refused = await newest(
    sql`r.node_id, r.epoch, r.seq, r.code, r.sentence, r.refused_at_ms`,
    sql`refused r JOIN nodes n ON n.node_id = r.node_id`,
    sql`r.refused_at_ms >= ${sinceMs}`,
    sql`r.refused_at_ms`,
  )
  const silences = await newest(
    sql`s.*`,
    sql`silences s JOIN nodes n ON n.node_id = s.node_id`,
    sql`(s.to_ms IS NULL OR s.to_ms >= ${sinceMs})`,
    sql`s.silence_id`,
  )
  const epochs = await newest(
    sql`e.*`,
    sql`epochs e JOIN nodes n ON n.node_id = e.node_id`,
    sql`e.begun_as <> 'first' AND e.began_at_ms >= ${sinceMs}`,
    sql`e.began_at_ms`,
  )
  const clockSteps = await newest(
    sql`c.*`,
    sql`clock_steps c JOIN nodes n ON n.node_id = c.node_id`,
    sql`c.at_ms >= ${sinceMs}`,
    sql`c.at_ms DESC, c.ordinal`,
  )
  // All units of a node share the gap; a literal code, so that the small index is used.
  const clockGaps = await newest(
    sql`DISTINCT n.node_id, r.start_ms, r.end_ms`,
    sql`runs r JOIN units u ON u.unit_id = r.unit_id JOIN nodes n ON n.node_id = u.node_id`,
    sql`r.code = ${raw(String(CLOCK_GAP))} AND r.end_ms >= ${sinceMs}`,
    sql`r.end_ms`,
  )
  const weak = await db.get(sql`SELECT count(*) AS total FROM ${WEAK} AND ${isSeen}`)
  const weakRows = await db.all(sql`
    SELECT u.node_id, u.unit_id, u.strongest_identity FROM ${WEAK} AND ${isSeen}
    ORDER BY u.unit_id DESC LIMIT ${QUALITY_ROWS_MAX}`)
  // One row a node: the roster bounds it.
  const sessions = await db.all(sql`
    SELECT s.* FROM sessions s JOIN nodes n ON n.node_id = s.node_id
    WHERE ${isSeen} ORDER BY s.node_id`)
  return {
    conflicts: conflicts
      .map(conflictOf)
      .filter((one, index, all) => one.conflictId !== all[index - 1]?.conflictId),
    clones: clones.map(cloneOf),
    refused: refused.map(refusedOf),
    silences: silences.map(silenceOf),
    epochs: epochs.map(epochChangeOf),
    clockSteps: clockSteps.map(clockStepOf),
    clockGaps: clockGaps.map(clockGapOf),
    weakIdentities: {
      total: integer(weak ?? {}, 'total'),
      rows: weakRows.map(weakIdentityOf),
    },
    sessions: sessions.map(sessionOf),
  }
}
