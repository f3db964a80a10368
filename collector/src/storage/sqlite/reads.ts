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
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { OpenRows, readRuns, readSilences } from './evidence.ts'
import { readLedgerAt } from './ledger-at.ts'
import { lentSpansOf } from './lent-spans.ts'
import type { SyncStore } from './methods.ts'
import { refusePruned } from './retention.ts'
import { inScope, sitesInScope } from './scope.ts'
import { readUnit } from './units.ts'

/** Cards placed now that no vendor's own id names. */
const WEAK = `units u JOIN nodes n ON n.node_id = u.node_id WHERE u.valid_to_ms IS NULL
  AND u.kind = 'card' AND u.is_counted = 1 AND u.strongest_identity IS NOT 'strong'`

type ReadMethods = Pick<SyncStore, 'readLedgerAt' | 'readUnitSpan' | 'readQuality'>

export function readMethods(db: Database): ReadMethods {
  return {
    readLedgerAt: (scope, instant) => {
      refusePruned(db, instant.asOfMs)
      return readLedgerAt(db, scope, instant)
    },

    readUnitSpan: (scope, unitId, range) => readUnitSpan(db, scope, unitId, range),
    readQuality: (scope, sinceMs) => readQuality(db, scope, sinceMs),
  }
}

function readUnitSpan(
  db: Database,
  scope: Scope,
  unitId: UnitId,
  range: { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number },
): UnitSpan | null {
  const unit = readUnit(db, unitId)
  if (unit === null) return null
  const sites = sitesInScope(db, scope)
  if (sites !== null && !JSON.parse(sites).includes(unit.siteCode)) return null
  refusePruned(db, Math.max(range.fromMs, unit.validFromMs))
  return unitSpanOf(db, unit, new OpenRows(db), range)
}

/** What one placement did in the range, as known then; whoever asks must be allowed to see it. */
export function unitSpanOf(
  db: Database,
  unit: UnitRow,
  openRows: OpenRows,
  range: { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number },
): UnitSpan {
  const { unitId } = unit
  return {
    unit,
    runs: readRuns(db, unitId, range, openRows.runOf(unit.nodeId, unitId)).filter((run) =>
      isKnownAt(run, range.knownAtMs),
    ),
    silences: readSilences(db, unit, range, range.knownAtMs),
    deposits: db
      .all(
        `SELECT * FROM deposits WHERE unit_id = ? AND opened_at_ms < ?
           AND (closed_at_ms IS NULL OR closed_at_ms > ?) AND opened_at_ms <= ?
         ORDER BY opened_at_ms`,
        unitId,
        range.toMs,
        range.fromMs,
        range.knownAtMs,
      )
      .map(depositOf),
    leases: lentSpansOf(db, unitId, range, range.knownAtMs),
    timelineEndMs: toldToMs(openRows.of(unit.nodeId), unit),
  }
}

function readQuality(db: Database, scope: Scope, sinceMs: number): QualityRows {
  const sites = sitesInScope(db, scope)
  /** Rows of `table` that belong to a node in scope, newest first. */
  const newest = (columns: string, source: string, condition: string, order: string) =>
    db.all(
      `SELECT ${columns} FROM ${source} WHERE ${inScope('n.site_code')} AND ${condition}
       ORDER BY ${order} DESC LIMIT ${QUALITY_ROWS_MAX}`,
      sites,
      sites,
      sinceMs,
    )
  return {
    conflicts: newest(
      'c.*',
      // Either claim's site may see it.
      `conflicts c JOIN units u ON u.unit_id IN (c.kept_unit_id, c.other_unit_id)
         JOIN nodes n ON n.node_id = u.node_id`,
      '(c.resolved_at_ms IS NULL OR c.resolved_at_ms >= ?)',
      'c.conflict_id',
    )
      .map(conflictOf)
      .filter((one, index, all) => one.conflictId !== all[index - 1]?.conflictId),
    clones: newest(
      'c.*',
      'clones c JOIN nodes n ON n.node_id = c.node_id',
      'c.seen_at_ms >= ?',
      'c.seen_at_ms',
    ).map(cloneOf),
    refused: newest(
      'r.node_id, r.epoch, r.seq, r.code, r.sentence, r.refused_at_ms',
      'refused r JOIN nodes n ON n.node_id = r.node_id',
      'r.refused_at_ms >= ?',
      'r.refused_at_ms',
    ).map(refusedOf),
    silences: newest(
      's.*',
      'silences s JOIN nodes n ON n.node_id = s.node_id',
      '(s.to_ms IS NULL OR s.to_ms >= ?)',
      's.silence_id',
    ).map(silenceOf),
    epochs: newest(
      'e.*',
      'epochs e JOIN nodes n ON n.node_id = e.node_id',
      "e.begun_as <> 'first' AND e.began_at_ms >= ?",
      'e.began_at_ms',
    ).map(epochChangeOf),
    clockSteps: newest(
      'c.*',
      'clock_steps c JOIN nodes n ON n.node_id = c.node_id',
      'c.at_ms >= ?',
      'c.at_ms DESC, c.ordinal',
    ).map(clockStepOf),
    // All units of a node share the gap; a literal code, so that the small index is used.
    clockGaps: newest(
      'DISTINCT n.node_id, r.start_ms, r.end_ms',
      'runs r JOIN units u ON u.unit_id = r.unit_id JOIN nodes n ON n.node_id = u.node_id',
      `r.code = ${CLOCK_GAP} AND r.end_ms >= ?`,
      'r.end_ms',
    ).map(clockGapOf),
    weakIdentities: {
      total: integer(
        db.get(
          `SELECT count(*) AS total FROM ${WEAK} AND ${inScope('n.site_code')}`,
          sites,
          sites,
        ) ?? {},
        'total',
      ),
      rows: db
        .all(
          `SELECT u.node_id, u.unit_id, u.strongest_identity FROM ${WEAK}
             AND ${inScope('n.site_code')} ORDER BY u.unit_id DESC LIMIT ${QUALITY_ROWS_MAX}`,
          sites,
          sites,
        )
        .map(weakIdentityOf),
    },
    // One row a node: the roster bounds it.
    sessions: db
      .all(
        `SELECT s.* FROM sessions s JOIN nodes n ON n.node_id = s.node_id
         WHERE ${inScope('n.site_code')} ORDER BY s.node_id`,
        sites,
        sites,
      )
      .map(sessionOf),
  }
}
