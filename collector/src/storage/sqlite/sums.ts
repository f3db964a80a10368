/** Sums over buckets: what is asked of them, and of which periods they are kept. */
import { periodOf } from '../sum-collector.ts'
import { GRAINS } from '../sum-columns.ts'
import { integer, integerOrNull, storedJson, text } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { readSums } from './sum-reads.ts'
import { keepPeriod } from './sum-writes.ts'

type SumMethods = Pick<
  SyncStore,
  'readSums' | 'readSealed' | 'readBucketRegions' | 'readSumBacklog' | 'keepSums'
>

export function sumMethods(db: Database): SumMethods {
  return {
    readSums: (scope, ask) => readSums(db, scope, ask),

    readSealed: ({ fromMs, toMs, knownAtMs }) => {
      // One text: a row each would cost more than finding it.
      const hours = db.get(
        `SELECT json_group_array(hour_ms) AS hours FROM (SELECT hour_ms FROM seals
           WHERE hour_ms >= ? AND hour_ms < ? AND version = 1 AND sealed_at_ms <= ?
           ORDER BY hour_ms)`,
        fromMs,
        toMs,
        knownAtMs,
      )
      const last = db.get(
        `SELECT hour_ms FROM seals WHERE version = 1 AND sealed_at_ms <= ?
         ORDER BY hour_ms DESC LIMIT 1`,
        knownAtMs,
      )
      return {
        hours: hours === undefined ? [] : storedJson<readonly number[]>(text(hours, 'hours')),
        lastHourMs: last === undefined ? null : integer(last, 'hour_ms'),
      }
    },

    readBucketRegions: () =>
      db
        .all('SELECT DISTINCT region_code FROM places ORDER BY region_code')
        .map((row) => text(row, 'region_code')),

    readSumBacklog: () => {
      const sealed = db.get('SELECT min(hour_ms) AS first, max(hour_ms) AS last FROM seals') ?? {}
      return {
        firstSealedHourMs: integerOrNull(sealed, 'first'),
        lastSealedHourMs: integerOrNull(sealed, 'last'),
        kept: db
          .all('SELECT * FROM sum_periods WHERE grain > ? ORDER BY grain, from_ms', GRAINS.hour)
          .map(periodOf),
      }
    },

    keepSums: (period) => ({ status: keepPeriod(db, period) ? 'kept' : 'refused' }),
  }
}
