/**
 * As many agents on one collector as a process may have files: memory of each connection, and how
 * long it takes until all are back after the collector has been stopped in order, and after it was
 * killed, with nothing lost. Each node goes on telling its minutes. The load comes from the same
 * machine.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CARDS } from './support/activity.ts'
import { CollectorProgram } from './support/collector-program.ts'
import { rounded, sayFigure } from './support/figure.ts'
import { collectorThatKnows, FLEET_CONFIG, Fleet, fleetPlace } from './support/fleet.ts'
import { readOptions } from './support/options.ts'
import { residentMibOf } from './support/process-cost.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const MEETING_MS_MAX = 1_800_000
const BACK_MS_MAX = 600_000
const SETTLING_MS = 30_000
const KIB_PER_MIB = 1_024

const { nodes, processes, tls } = readOptions({
  script: 'connections.ts',
  sentence: 'Agents connected at once: memory of each, and how soon all are back.',
  numbers: {
    nodes: { default: 19_000, min: 100, max: 19_500, sentence: `nodes of ${CARDS} cards` },
    processes: { default: 2, min: 1, max: 16, sentence: 'processes of the load generator' },
  },
  switches: { tls: 'over TLS, with an authority of the collector’s own' },
})

using folder = new TemporaryFolder('connections')
const config = tls ? [...FLEET_CONFIG, 'tls: { mode: own }'] : FLEET_CONFIG
const settings = { folder: folder.path, config }
const how = tls ? 'over TLS' : 'plain'
const identity = await collectorThatKnows({ ...settings, count: nodes })
let collector = await CollectorProgram.start(settings)
const { port } = collector
try {
  using fleet = await Fleet.make({
    place: fleetPlace(collector, identity, tls ? await collector.authorities() : null),
    first: 0,
    count: nodes,
    processes,
    backlogMinutes: 0,
  })
  // Known to the ledger first: what a first meeting costs is not what a connection costs.
  await fleet.connect()
  const meetingMs = await fleet.when('all nodes to be known', MEETING_MS_MAX, isSettled)
  await restart('SIGTERM')
  const idleMib = residentMibOf(collector.program.pid)
  const afterStopMs = await fleet.when('all nodes to be back', BACK_MS_MAX, isSettled)
  await delay(SETTLING_MS)
  const connectedMib = residentMibOf(collector.program.pid)
  await fleet.tick()
  await delay(60_000)
  await restart('SIGKILL')
  const afterKillMs = await fleet.when('all nodes to be back', BACK_MS_MAX, isSettled)
  const { refused, online } = await fleet.count()
  const details = { nodes, online, refused, first_meeting_s: rounded(meetingMs / 1_000) }
  sayFigure({
    what: `memory of the collector per connected agent, ${how}, ${nodes} of them`,
    figure: rounded(((connectedMib - idleMib) * KIB_PER_MIB) / nodes),
    unit: 'KiB',
    bar: { atMost: tls ? 80 : 20 },
    details: { ...details, idle_mib: rounded(idleMib), connected_mib: rounded(connectedMib) },
  })
  for (const [ended, tookMs] of [
    ['stopped in order', afterStopMs],
    ['killed', afterKillMs],
  ] as const) {
    sayFigure({
      what: `until all ${nodes} agents are back and settled after the collector was ${ended}, ${how}`,
      figure: rounded(tookMs / 1_000),
      unit: 's',
      bar: { atMost: 60 },
      details,
    })
  }
} finally {
  await collector.program.stop()
}

function isSettled(count: { readonly settled: number; readonly online: number }): boolean {
  return count.settled === nodes && count.online === nodes
}

/** The next collector on the same folder and port, ready to serve. */
async function restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  await collector.program.stop(signal)
  collector = await CollectorProgram.start({ ...settings, port })
}
