/**
 * How long a backlog takes: one node that was away for days, then a thousand of them at once, while
 * other nodes go on telling their minutes and wait for their acknowledgements. The load comes from
 * the same machine.
 */
import { CARDS } from './support/activity.ts'
import { CollectorProgram } from './support/collector-program.ts'
import { median, quantile, rounded, sayFigure } from './support/figure.ts'
import { collectorThatKnows, FLEET_CONFIG, Fleet, fleetPlace } from './support/fleet.ts'
import { readOptions } from './support/options.ts'
import { residentMibOf } from './support/process-cost.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const MEETING_MS_MAX = 600_000
const CATCH_UP_MS_MAX = 3_600_000
const MINUTES_PER_DAY = 1_440

const { away, live, days } = readOptions({
  script: 'backlog.ts',
  sentence: 'How long one node and many nodes take to tell days of backlog.',
  numbers: {
    away: {
      default: 1_000,
      min: 1,
      max: 10_000,
      sentence: `nodes of ${CARDS} cards that were away`,
    },
    live: { default: 1_000, min: 1, max: 9_000, sentence: 'nodes that go on meanwhile' },
    days: { default: 7, min: 1, max: 7, sentence: 'they were away' },
  },
  switches: {},
})

using folder = new TemporaryFolder('backlog')
const settings = { folder: folder.path, config: FLEET_CONFIG }
const identity = await collectorThatKnows({ ...settings, count: live + 1 + away })
await using collector = await CollectorProgram.start(settings)
const place = fleetPlace(collector, identity)
using lively = await Fleet.make({ place, first: 0, count: live, processes: 1, backlogMinutes: 0 })
await lively.connect()
await lively.when('live nodes to be known', MEETING_MS_MAX, ({ settled }) => settled === live)
await lively.tick()
for (const [count, first, atMostS] of [
  [1, live, 60],
  [away, live + 1, 600],
] as const) {
  const backlogMinutes = days * MINUTES_PER_DAY
  using late = await Fleet.make({ place, first, count, processes: 1, backlogMinutes })
  await lively.count()
  await late.connect()
  const tookMs = await late.when('the backlog to be told', CATCH_UP_MS_MAX, (counted) => {
    return counted.settled === count
  })
  const { waits, refused } = await lively.count()
  const records = count * backlogMinutes
  sayFigure({
    what: `${days} days of backlog of ${count} nodes`,
    figure: rounded(tookMs / 1_000),
    unit: 's',
    bar: { atMost: atMostS },
    details: {
      records,
      records_per_s: rounded((records * 1_000) / tookMs),
      refused: refused + (await late.count()).refused,
      live_nodes: live,
      live_acks: waits.length,
      live_ack_median_ms: rounded(median(waits)),
      live_ack_max_ms: rounded(quantile(waits, 1)),
      collector_resident_mib: rounded(residentMibOf(collector.program.pid)),
    },
  })
  if (count === 1) continue
  sayFigure({
    what: `wait for an acknowledgement of ${live} other nodes meanwhile, p99`,
    figure: rounded(quantile(waits, 0.99)),
    unit: 'ms',
    bar: { atMost: 500 },
    details: { acks: waits.length },
  })
}
