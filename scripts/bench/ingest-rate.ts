/**
 * How fast the collector takes records, each on disk before it is acknowledged: nodes of eight cards
 * send a backlog at once, over the real link, to a real collector on embedded SQLite or, with
 * --postgres, on a PostgreSQL server of its own beside it.
 */
import { CARDS } from './support/activity.ts'
import { BenchDatabase } from './support/bench-database.ts'
import { fsyncTimeMs } from './support/disk.ts'
import { rounded, sayFigure } from './support/figure.ts'
import { ingestRun } from './support/ingest-run.ts'
import { readOptions } from './support/options.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const {
  nodes,
  minutes,
  'fsync-delay': fsyncDelayMs,
  postgres,
} = readOptions({
  script: 'ingest-rate.ts',
  sentence: 'Records per second that a collector takes, with fsync before ack.',
  numbers: {
    nodes: { default: 100, min: 1, max: 10_000, sentence: `nodes of ${CARDS} cards` },
    minutes: { default: 360, min: 1, max: 10_080, sentence: 'minutes each of them tells' },
    'fsync-delay': { default: 0, min: 0, max: 1_000, sentence: 'ms added to each fsync' },
  },
  switches: { postgres: 'on PostgreSQL' },
})

using folder = new TemporaryFolder('ingest')
const fsyncMs = fsyncTimeMs(folder.path)
await using database = postgres ? await BenchDatabase.start() : null
const run = await ingestRun({ folder: folder.path, nodes, minutes, fsyncDelayMs, database })
sayFigure({
  what: `records that a collector takes, fsync before ack, ${postgres ? 'PostgreSQL' : 'SQLite'}`,
  figure: rounded(run.recordsPerS),
  unit: 'records/s',
  bar: null,
  details: {
    nodes,
    minutes,
    took_s: rounded(run.tookS),
    card_minutes_per_s: rounded(run.cardMinutesPerS),
    collector_cpu_us_per_record: rounded(run.collectorCpuUsPerRecord),
    fsync_ms_median: rounded(fsyncMs),
    fsync_delay_ms: fsyncDelayMs,
    collector_resident_mib: rounded(run.collectorResidentMib),
    ledger_bytes_per_card_hour: rounded(run.ledgerBytesPerCardHour),
  },
})
