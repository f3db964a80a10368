/**
 * How fast the collector takes records, each on disk before it is acknowledged: nodes of eight cards
 * send a backlog at once, over the real link, to a real collector on embedded SQLite. The load comes
 * from this process, on the same machine.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createRealWorld,
  encodeRecord,
  type FileSpool,
  Link,
  type LinkOwner,
  linkUrlOf,
  openFileSpool,
  silentLogger,
} from '@yiben/shared'
import { enroll } from '../../agent/src/enrollment.ts'
import { StateDir } from '../../agent/src/state-dir.ts'
import { Activity, CARDS, factsRecord, MINUTE_MS } from './support/activity.ts'
import { CollectorProgram } from './support/collector-program.ts'
import { median, rounded, sayFigure } from './support/figure.ts'
import { readOptions } from './support/options.ts'
import { cpuTimeOf, residentMibOf } from './support/process-cost.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const LOOK_EVERY_MS = 20
const FSYNCS = 100
const BLOCK_BYTES = 4_096

const options = readOptions({
  script: 'ingest-rate.ts',
  sentence: 'Records per second that a collector takes, with fsync before ack.',
  numbers: {
    nodes: { default: 100, min: 1, max: 10_000, sentence: `nodes of ${CARDS} cards` },
    minutes: { default: 360, min: 1, max: 10_080, sentence: 'minutes each of them tells' },
  },
  switches: {},
})
const { nodes, minutes } = options
const world = createRealWorld()

using folder = new TemporaryFolder('ingest')
const fsyncMs = fsyncTimeMs(folder.path)
await using collector = await CollectorProgram.start({ folder: folder.path })
const place = { token: await collector.enrollmentToken(nodes), url: collector.url }
const fleet: { link: Link; spool: FileSpool }[] = []
for (let node = 0; node < nodes; node += 1) {
  fleet.push(await makeNode(join(folder.path, `node-${node}`), node, place))
}
const before = cpuTimeOf(collector.program.pid)
const startedMs = performance.now()
const running = fleet.map(({ link }) => link.run())
while (fleet.some(({ spool }) => spool.state().ackedSeq < spool.state().lastSeq)) {
  await delay(LOOK_EVERY_MS)
}
const tookS = (performance.now() - startedMs) / 1_000
const collectorMs = cpuTimeOf(collector.program.pid).ownMs - before.ownMs
const residentMib = residentMibOf(collector.program.pid)
await Promise.all(fleet.map(({ link }) => link.stop()))
await Promise.all(running)
for (const { spool } of fleet) spool.close()
// Closed in order the ledger is one file, without a log beside it.
await collector.program.stop()
const ledgerBytes = statSync(join(collector.dataDir, 'ledger.sqlite')).size
const records = nodes * minutes
sayFigure({
  what: 'records that a collector takes, fsync before ack, SQLite',
  figure: rounded(records / tookS),
  unit: 'records/s',
  bar: null,
  details: {
    nodes,
    minutes,
    took_s: rounded(tookS),
    card_minutes_per_s: rounded((records * CARDS) / tookS),
    // What does not depend on who else uses the machine.
    collector_cpu_us_per_record: rounded((collectorMs * 1_000) / records),
    fsync_ms_median: rounded(fsyncMs),
    // With every node connected, right after its backlog.
    collector_resident_mib: rounded(residentMib),
    ledger_bytes_per_card_hour: rounded((ledgerBytes * 60) / (records * CARDS)),
  },
})

async function makeNode(
  stateDir: string,
  node: number,
  { token, url }: { readonly token: string; readonly url: string },
) {
  mkdirSync(stateDir, { mode: 0o700 })
  await enroll({
    world,
    log: silentLogger,
    stateDir,
    collectorUrl: url,
    token,
    nodeName: `bench-${node}`,
    caFile: null,
    proxyUrl: null,
    rootPrefix: stateDir,
    bootId: 'bench',
    agentVersion: 'bench',
  })
  const state = StateDir.at(stateDir)
  const nodeKeys = state.readKey()
  const enrollment = state.readEnrollment()
  if (nodeKeys === null || enrollment === null) throw new Error('the node is not enrolled')
  // The load generator's own disk must not be what is measured.
  const spool = openFileSpool({
    directory: stateDir,
    random: world.random,
    log: silentLogger,
    durability: 'ignored',
  })
  fill(spool, node)
  const owner: LinkOwner = {
    timelineNowMs: () => null,
    heartbeat: () => ({ samples: 0, freeUnits: new Uint8Array(0) }),
    onWelcome: () => {},
    onTime: () => {},
    onRefused: (refused) => {
      throw new Error(`refused: ${refused[0]?.sentence}`)
    },
    onNeedFacts: () => {},
    onNewEpoch: () => {},
  }
  const link = new Link({
    world,
    spool,
    owner,
    log: silentLogger,
    target: { url: linkUrlOf(url), ca: null, proxyUrl: null },
    collector: enrollment.collector,
    identity: {
      role: 'agent',
      nodeKeys,
      fingerprint: '',
      bootId: 'bench',
      programVersion: 'bench',
      capabilities: [],
      enrollment: null,
    },
  })
  return { link, spool }
}

/** The minutes up to now, as a node lives them whose cards have jobs that come and go. */
function fill(spool: FileSpool, node: number): void {
  const endMs = Math.floor(world.clock.wallMs() / MINUTE_MS) * MINUTE_MS
  const startMs = endMs - minutes * MINUTE_MS
  const gap = { startMs, endMs: startMs, cause: 'epoch', bootId: 'bench' } as const
  const first = [encodeRecord({ kind: 'gap', gap }), encodeRecord(factsRecord(node, startMs))].map(
    (bytes) => ({ bytes, timelineEndMs: startMs }),
  )
  const activity = new Activity({ shape: 'mixed', seed: node, startMs })
  const ticks = Array.from({ length: minutes }, () => {
    const bytes = encodeRecord({ kind: 'tick', tick: activity.next() })
    return { bytes, timelineEndMs: activity.nextStartMs }
  })
  spool.append([...first, ...ticks])
}

/** What the disk of this folder takes for 4 KiB and an fsync, ms. */
function fsyncTimeMs(path: string): number {
  const file = openSync(join(path, 'fsync'), 'w')
  const block = Buffer.alloc(BLOCK_BYTES, 1)
  const times = Array.from({ length: FSYNCS }, () => {
    const beforeMs = performance.now()
    writeSync(file, block)
    fsyncSync(file)
    return performance.now() - beforeMs
  })
  closeSync(file)
  return median(times)
}
