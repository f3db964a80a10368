/**
 * What the tables say after all clients have gone, asked by queries that no part of the product uses,
 * over a connection of its own.
 */
import { openConnection } from '../../../collector/src/storage/sqlite/driver.ts'
import type { HoldBook } from './hold-book.ts'

export interface HoldFindings {
  /** Cards under two claims at once, or lent twice at one instant, or said twice to be somebody's. */
  readonly doubleGrants: number
  /** Instants at which a node had more cards lent than it has. */
  readonly overDraws: number
  /** Cards that nobody has and nobody can have. */
  readonly lostCards: number
  /** Grants that were acknowledged and are not there, or are there and were never acknowledged. */
  readonly lostGrants: number
  /** Promises that are not in the accounts to the millisecond. */
  readonly unbalanced: number
}

const LIVE_TWICE = `SELECT count(*) AS found FROM (SELECT accelerator_id FROM claims NOT INDEXED
  WHERE state IN ('held', 'leased', 'cleaning') GROUP BY accelerator_id HAVING count(*) > 1)`

/** Every pair of neighbours in time, of every card. */
const LENT_TWICE = `SELECT count(*) AS found FROM (
  SELECT start_ms, lag(end_ms) OVER (PARTITION BY accelerator_id ORDER BY start_ms, end_ms) AS before_ms
  FROM (SELECT accelerator_id, start_ms, coalesce(ended_at_ms, until_ms) AS end_ms
    FROM claims NOT INDEXED WHERE start_ms IS NOT NULL)
  WHERE end_ms > start_ms) WHERE start_ms < before_ms`

const OVER_DRAWS = `WITH edges AS (
    SELECT node_id, start_ms AS at_ms, 1 AS step FROM claims NOT INDEXED
      WHERE start_ms IS NOT NULL AND coalesce(ended_at_ms, until_ms) > start_ms
    UNION ALL
    SELECT node_id, coalesce(ended_at_ms, until_ms), -1 FROM claims NOT INDEXED
      WHERE start_ms IS NOT NULL AND coalesce(ended_at_ms, until_ms) > start_ms),
  lent AS (SELECT node_id, sum(step) OVER (PARTITION BY node_id ORDER BY at_ms, step
    ROWS UNBOUNDED PRECEDING) AS cards FROM edges)
  SELECT count(*) AS found FROM lent JOIN (SELECT node_id, count(*) AS placed FROM units
    WHERE valid_to_ms IS NULL GROUP BY node_id) u ON u.node_id = lent.node_id
  WHERE lent.cards > u.placed`

/** Promised to pending, once and whole; what was returned, out of it again. */
const UNBALANCED = `SELECT count(*) AS found FROM claims c LEFT JOIN (
    SELECT draw_number, ordinal,
      sum(CASE WHEN from_account = 'promised' THEN to_ms - from_ms ELSE 0 END) AS promised_ms,
      sum(CASE WHEN to_account = 'returned' THEN to_ms - from_ms ELSE 0 END) AS returned_ms
    FROM postings NOT INDEXED GROUP BY draw_number, ordinal) p
    ON p.draw_number = c.draw_number AND p.ordinal = c.ordinal
  WHERE coalesce(p.promised_ms, 0) <> coalesce(c.until_ms - c.start_ms, 0)
    OR coalesce(p.returned_ms, 0) <> CASE WHEN c.end_kind = 'returned' AND c.start_ms IS NOT NULL
      THEN c.until_ms - c.ended_at_ms ELSE 0 END`

export function findFaults(path: string, book: HoldBook): HoldFindings {
  const db = openConnection({ path, driver: 'node:sqlite', isReader: true, synchronous: 'FULL' })
  const count = (sql: string) => Number(db.get(sql)?.found ?? Number.NaN)
  try {
    const stored = new Map(
      db
        .all(
          `SELECT d.draw_id AS id, count(*) AS cards FROM draws d JOIN claims c
             ON c.draw_number = d.draw_number GROUP BY d.draw_number`,
        )
        .map((row) => [String(row.id), Number(row.cards)] as const),
    )
    const missing = [...book.granted].filter(([drawId, cards]) => stored.get(drawId) !== cards)
    const untold = [...stored.keys()].filter((drawId) => !book.granted.has(drawId))
    return {
      doubleGrants: count(LIVE_TWICE) + count(LENT_TWICE) + book.doubleGrants,
      overDraws: count(OVER_DRAWS),
      lostCards: count("SELECT count(*) AS found FROM claims NOT INDEXED WHERE state <> 'ended'"),
      lostGrants: missing.length + untold.length,
      unbalanced: count(UNBALANCED),
    }
  } finally {
    db.close()
  }
}
