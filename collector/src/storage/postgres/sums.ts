/** Sums over buckets: what is asked of them, and of which periods they are kept. */
import type { Store } from '../store.ts'
import { periodOf } from '../sum-collector.ts'
import { GRAINS } from '../sum-columns.ts'
import { integer, integerOrNull, storedJson, text } from '../values.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'
import { readSums } from './sum-reads.ts'
import { keepPeriod } from './sum-writes.ts'

type SumMethods = Pick<
  Store,
  'readSums' | 'readSealed' | 'readBucketRegions' | 'readSumBacklog' | 'keepSums'
>

export function sumMethods(db: Database): SumMethods {
  return {
    readSums: async (scope, ask) => await readSums(db, scope, ask),

    readSealed: async ({ fromMs, toMs, knownAtMs }) => {
      // One text: a row each would cost more than finding it.
      const hours = await db.get(
        sql`SELECT COALESCE(json_agg(hour_ms), '[]')::text AS hours FROM (SELECT hour_ms FROM seals
           WHERE hour_ms >= ${fromMs} AND hour_ms < ${toMs} AND version = 1
             AND sealed_at_ms <= ${knownAtMs}
           ORDER BY hour_ms) h`,
      )
      const last = await db.get(
        sql`SELECT hour_ms FROM seals WHERE version = 1 AND sealed_at_ms <= ${knownAtMs}
         ORDER BY hour_ms DESC LIMIT 1`,
      )
      return {
        hours: hours === undefined ? [] : storedJson<readonly number[]>(text(hours, 'hours')),
        lastHourMs: last === undefined ? null : integer(last, 'hour_ms'),
      }
    },

    readBucketRegions: async () =>
      (await db.all(sql`SELECT DISTINCT region_code FROM places ORDER BY region_code`)).map((row) =>
        text(row, 'region_code'),
      ),

    readSumBacklog: async () => {
      const sealed =
        (await db.get(sql`SELECT min(hour_ms) AS first, max(hour_ms) AS last FROM seals`)) ?? {}
      return {
        firstSealedHourMs: integerOrNull(sealed, 'first'),
        lastSealedHourMs: integerOrNull(sealed, 'last'),
        kept: (
          await db.all(
            sql`SELECT * FROM sum_periods WHERE grain > ${GRAINS.hour} ORDER BY grain, from_ms`,
          )
        ).map(periodOf),
      }
    },

    keepSums: async (period) => ({ status: (await keepPeriod(db, period)) ? 'kept' : 'refused' }),
  }
}
