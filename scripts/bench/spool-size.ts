/**
 * What the spool takes on a node's disk: seven days of 8 cards that no collector has fetched, after
 * days in which each hour was acknowledged and kept for 48 h. The real spool on a simulated clock.
 * DESIGN 2.1: at most 64 MiB, nothing lost.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createRealWorld, encodeRecord, openFileSpool, silentLogger } from '@yiben/shared'
import { Activity, FIXED_START_MS, MINUTE_MS, type Shape } from './support/activity.ts'
import { rounded, sayFigure } from './support/figure.ts'
import { readOptions } from './support/options.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const MIB = 1024 * 1024
const MIB_MAX = 64
const MINUTES_PER_HOUR = 60
const HOURS_PER_DAY = 24

const options = readOptions({
  script: 'spool-size.ts',
  sentence: 'Disk space of an agent whose collector has been away for a week.',
  numbers: {
    days: { default: 7, min: 1, max: 7, sentence: 'days without a collector' },
    'acked-days': { default: 4, min: 0, max: 30, sentence: 'days with a collector before that' },
  },
  switches: {},
})

for (const shape of ['mixed', 'flipping'] as const) {
  using folder = new TemporaryFolder('spool')
  const { dropped, records } = fill(folder.path, shape)
  const bytes = bytesUnder(folder.path)
  sayFigure({
    what: `disk space of the spool, ${options.days} days of 8 cards, ${shape}`,
    figure: rounded(bytes / MIB),
    unit: 'MiB',
    bar: { atMost: MIB_MAX },
    details: {
      records_lost: dropped,
      records_unacknowledged: records,
      bytes_per_record: Math.round(bytes / records),
    },
  })
}

function fill(directory: string, shape: Shape): { dropped: number; records: number } {
  const { random } = createRealWorld()
  const spool = openFileSpool({ directory, random, log: silentLogger })
  const activity = new Activity({ shape, seed: 1, startMs: FIXED_START_MS })
  const ackedHours = options['acked-days'] * HOURS_PER_DAY
  const hours = ackedHours + options.days * HOURS_PER_DAY
  let dropped = 0
  try {
    for (let hour = 0; hour < hours; hour += 1) {
      const entries = Array.from({ length: MINUTES_PER_HOUR }, () => {
        const bytes = encodeRecord({ kind: 'tick', tick: activity.next() })
        return { bytes, timelineEndMs: activity.nextStartMs }
      })
      const { seq = 0 } = spool.append(entries).at(-1) ?? {}
      if (hour < ackedHours) {
        spool.markSent(seq)
        spool.ack(seq)
      }
      dropped += spool.enforceLimits(activity.nextStartMs - MINUTE_MS).droppedRecords
    }
    const { lastSeq, ackedSeq } = spool.state()
    return { dropped, records: lastSeq - ackedSeq }
  } finally {
    spool.close()
  }
}

function bytesUnder(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)
}
