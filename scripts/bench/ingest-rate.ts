/** How fast the collector takes records, each on disk before it is acknowledged. */
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
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
import { cleanUp, scratchFolder, startCollector } from './programs.ts'
import { median, numberArgument, report, round } from './report.ts'
import { factsRecord } from './support/activity.ts'
import { CARDS, MINUTE_MS, tickAt } from './ticks.ts'

const USAGE = `node scripts/bench/ingest-rate.ts [--nodes N] [--minutes M]

N nodes (default 100) of ${CARDS} cards send a backlog of M minutes (default 360) at once, over the real
link, to a real collector on embedded SQLite that syncs to disk before it acknowledges. The load
comes from this process, on the same machine. The folder is that of the system's temporary files;
YIBEN_BENCH_DIR names another.`

const nodes = numberArgument('nodes', 100, USAGE)
const minutes = numberArgument('minutes', 360, USAGE)
const world = createRealWorld()

try {
  const folder = scratchFolder()
  const fsyncMs = fsyncTimeMs(folder)
  const { token, url } = await startCollector(nodes)
  const fleet: { link: Link; spool: FileSpool }[] = []
  for (let node = 0; node < nodes; node += 1) {
    fleet.push(await makeNode(join(folder, `node-${node}`), { node, token, url }))
  }
  const startedMs = world.clock.monotonicMs()
  const running = fleet.map(({ link }) => link.run())
  while (fleet.some(({ spool }) => spool.state().ackedSeq < spool.state().lastSeq)) await wait(20)
  const tookS = (world.clock.monotonicMs() - startedMs) / 1_000
  const records = nodes * minutes
  const details = {
    nodes,
    cards: nodes * CARDS,
    minutes,
    took_s: round(tookS, 2),
    card_minutes_per_s: Math.round((records * CARDS) / tookS),
    fsync_ms_median: round(fsyncMs, 2),
  }
  report({
    name: 'ingest, fsync before ack',
    value: Math.round(records / tookS),
    unit: 'records/s',
    bar: null,
    details,
  })
  await Promise.all(fleet.map(({ link }) => link.stop()))
  await Promise.all(running)
  for (const { spool } of fleet) spool.close()
} finally {
  await cleanUp()
}

interface NodeParts {
  readonly node: number
  readonly token: string
  readonly url: string
}

async function makeNode(stateDir: string, { node, token, url }: NodeParts) {
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
    heartbeat: () => ({ samples: 0, freeUnits: new Uint8Array(1) }),
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

function fill(spool: FileSpool, node: number): void {
  const endMs = Math.floor(world.clock.wallMs() / MINUTE_MS) * MINUTE_MS
  const startMs = endMs - minutes * MINUTE_MS
  const gap = { startMs, endMs: startMs, cause: 'epoch', bootId: 'bench' } as const
  const first = [encodeRecord({ kind: 'gap', gap }), encodeRecord(factsRecord(node, startMs))].map(
    (bytes) => ({ bytes, timelineEndMs: startMs }),
  )
  const ticks = Array.from({ length: minutes }, (_, minute) => {
    const atMs = startMs + minute * MINUTE_MS
    const shape = Math.floor(minute / 30) % 2 === 0 ? 'free' : 'busy'
    const bytes = encodeRecord({ kind: 'tick', tick: tickAt(atMs, shape) })
    return { bytes, timelineEndMs: atMs + MINUTE_MS }
  })
  spool.append([...first, ...ticks])
}

/** What the disk of this folder takes for 4 KiB and an fsync, ms. */
function fsyncTimeMs(folder: string): number {
  const file = openSync(join(folder, 'fsync'), 'w')
  const block = Buffer.alloc(4_096, 1)
  const times = Array.from({ length: 100 }, () => {
    const startedMs = world.clock.monotonicMs()
    writeSync(file, block)
    fsyncSync(file)
    return world.clock.monotonicMs() - startedMs
  })
  closeSync(file)
  return median(times)
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
