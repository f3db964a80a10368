/**
 * How long a record waits for its acknowledgement when a province is connected: nodes of eight cards
 * tell their minutes at phases of their own, with heartbeats, to a real collector on embedded SQLite.
 * The load comes from the same machine.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CARDS } from './support/activity.ts'
import { CollectorProgram } from './support/collector-program.ts'
import { median, quantile, rounded, sayFigure } from './support/figure.ts'
import { collectorThatKnows, FLEET_CONFIG, Fleet, fleetPlace } from './support/fleet.ts'
import { readOptions } from './support/options.ts'
import { cpuTimeOf, residentMibOf } from './support/process-cost.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const FIRST_MEETING_MS_MAX = 1_200_000

const { nodes, processes, seconds } = readOptions({
  script: 'ack-latency.ts',
  sentence: 'How long records wait for their acknowledgement, with many nodes connected.',
  numbers: {
    nodes: { default: 12_000, min: 1, max: 19_000, sentence: `nodes of ${CARDS} cards` },
    processes: { default: 2, min: 1, max: 16, sentence: 'processes of the load generator' },
    seconds: { default: 180, min: 10, max: 3_600, sentence: 'that are measured' },
  },
  switches: {},
})

using folder = new TemporaryFolder('ack-latency')
const settings = { folder: folder.path, config: FLEET_CONFIG }
const identity = await collectorThatKnows({ ...settings, count: nodes })
await using collector = await CollectorProgram.start(settings)
using fleet = await Fleet.make({
  place: fleetPlace(collector, identity),
  first: 0,
  count: nodes,
  processes,
  backlogMinutes: 0,
})
await fleet.connect()
const meetingMs = await fleet.when('all nodes to be known', FIRST_MEETING_MS_MAX, (count) => {
  return count.settled === nodes && count.online === nodes
})
await fleet.tick()
// A minute in which every node has ended one.
await delay(60_000)
await fleet.count()
const before = cpuTimeOf(collector.program.pid)
await delay(seconds * 1_000)
const { waits, refused, online } = await fleet.count()
const collectorMs = cpuTimeOf(collector.program.pid).ownMs - before.ownMs
sayFigure({
  what: `wait for an acknowledgement with ${nodes} nodes connected, p99`,
  figure: rounded(quantile(waits, 0.99)),
  unit: 'ms',
  bar: { atMost: 250 },
  details: {
    nodes,
    online,
    refused,
    records: waits.length,
    records_per_s: rounded(waits.length / seconds),
    median_ms: rounded(median(waits)),
    p999_ms: rounded(quantile(waits, 0.999)),
    max_ms: rounded(quantile(waits, 1)),
    first_meeting_s: rounded(meetingMs / 1_000),
    collector_core_share: rounded(collectorMs / (seconds * 1_000)),
    collector_resident_mib: rounded(residentMibOf(collector.program.pid)),
  },
})
