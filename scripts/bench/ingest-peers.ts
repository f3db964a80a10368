/**
 * Ingest of the same facts, in the same run, on the same machine: our collector, each record on disk
 * before it is acknowledged, and VictoriaMetrics by remote write, which answers before anything is
 * synced. Again with a slower disk for ours alone: what VictoriaMetrics answers does not wait for it.
 */
import { CARDS } from './support/activity.ts'
import { fsyncTimeMs } from './support/disk.ts'
import { rounded, sayFigure } from './support/figure.ts'
import { type IngestRun, ingestRun } from './support/ingest-run.ts'
import { readOptions } from './support/options.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'
import { SERIES_PER_CARD, victoriaMissing, victoriaRun } from './support/victoria.ts'

const RATIO_MIN = 3

const {
  nodes,
  minutes,
  'fsync-delay': fsyncDelayMs,
} = readOptions({
  script: 'ingest-peers.ts',
  sentence: 'Ingest of the same facts by our collector and by VictoriaMetrics.',
  numbers: {
    nodes: { default: 100, min: 1, max: 1_000, sentence: `nodes of ${CARDS} cards` },
    minutes: { default: 360, min: 1, max: 10_080, sentence: 'minutes each of them tells' },
    'fsync-delay': { default: 5, min: 1, max: 1_000, sentence: 'ms added in the second run' },
  },
  switches: {},
})

const missing = victoriaMissing()
if (missing !== null) {
  console.log(`skipped: ${missing}`)
} else {
  using folder = new TemporaryFolder('ingest-peers')
  const { path } = folder
  const fsyncMs = fsyncTimeMs(path)
  const ours = await ingestRun({ folder: path, nodes, minutes, fsyncDelayMs: 0 })
  const theirs = await victoriaRun({ folder: path, nodes, minutes })
  const slow = await ingestRun({ folder: path, nodes, minutes, fsyncDelayMs })
  const say = (what: string, run: IngestRun) =>
    sayFigure({
      what: `ingest of card-minutes, ${what}, against VictoriaMetrics by remote write`,
      figure: rounded(run.cardMinutesPerS / theirs.cardMinutesPerS),
      unit: 'times its rate',
      bar: { atLeast: RATIO_MIN },
      details: {
        nodes,
        minutes,
        fsync_ms_median: rounded(fsyncMs),
        our_card_minutes_per_s: rounded(run.cardMinutesPerS),
        our_records_per_s: rounded(run.recordsPerS),
        our_cpu_us_per_record: rounded(run.collectorCpuUsPerRecord),
        victoria_card_minutes_per_s: rounded(theirs.cardMinutesPerS),
        victoria_samples_per_s: rounded(theirs.samples / theirs.tookS),
        victoria_series_per_card: SERIES_PER_CARD,
        victoria_requests: theirs.requests,
      },
    })
  say('fsync before ack', ours)
  say(`${fsyncDelayMs} ms added to each fsync`, slow)
}
