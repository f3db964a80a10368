/**
 * Does an agent grow? It lives a day of eight cards at 10 s in this process, on a simulated clock:
 * the agent's own sampler, judge, cutter, spool on disk and link; the cards, the clock and the
 * collector that takes everything are made up. Each simulated hour ends with a full collection of
 * garbage, so that what is counted is what is held. DESIGN 10: no growth over 24 h.
 */
import { setFlagsFromString } from 'node:v8'
import {
  type Clock,
  createRealWorld,
  keyPairFromSeed,
  Link,
  openFileSpool,
  silentLogger,
} from '@yiben/shared'
import { Agent } from '../../agent/src/agent.ts'
import type { AgentOptions } from '../../agent/src/agent-options.ts'
import { loadConfig } from '../../agent/src/config.ts'
import { createNoneOwner } from '../../agent/src/owners/none.ts'
import { SiteActivity } from '../demo/activity.ts'
import { CatchUpClock } from '../demo/catch-up-clock.ts'
import { DemoProbe } from '../demo/demo-probe.ts'
import { CARDS, FIXED_START_MS } from './support/activity.ts'
import { rounded, sayFigure } from './support/figure.ts'
import { garbageCollector } from './support/heap.ts'
import { readOptions } from './support/options.ts'
import { residentMibOf } from './support/process-cost.ts'
import { TakingCollector } from './support/taking-collector.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const HOUR_MS = 3_600_000
const MIB = 1024 * 1024
/** By then everything has been called often enough to be compiled. */
const WARM_HOURS = 2
/** What a heap that does not grow differs by from hour to hour. */
const GROWTH_MIB_MAX = 0.5
const GOODBYE_MS = 5_000

const options = readOptions({
  script: 'agent-growth.ts',
  sentence: 'Memory that an agent holds after each hour of a simulated day.',
  numbers: {
    hours: { default: 24, min: WARM_HOURS + 1, max: 24 * 30, sentence: 'simulated hours' },
    seed: { default: 1, min: 0, max: 1_000_000, sentence: 'what the cards do' },
  },
  switches: {},
})

// Garbage is made thousands of times faster than on a node: the young generation must not grow for it.
setFlagsFromString('--semi-space-growth-factor=1')
const collectGarbage = garbageCollector()
const { random } = createRealWorld()
using folder = new TemporaryFolder('growth')
let limitMs = FIXED_START_MS
const limit: Clock = { wallMs: () => limitMs, monotonicMs: () => limitMs, after: noTimer }
const clock = new CatchUpClock(limit, FIXED_START_MS)
const collector = new TakingCollector(clock)
const spool = openFileSpool({ directory: folder.path, random, log: silentLogger })
const agent = new Agent(agentOptions())
const ended = agent.run()
const held: { heapMib: number; residentMib: number }[] = []
for (let hour = 1; hour <= options.hours; hour += 1) {
  limitMs = FIXED_START_MS + hour * HOUR_MS
  await clock.catchUp(new AbortController().signal)
  collectGarbage()
  const heapMib = hundredths(process.memoryUsage().heapUsed / MIB)
  const residentMib = rounded(residentMibOf(process.pid))
  held.push({ heapMib, residentMib })
  console.log(`hour ${hour}: heap ${heapMib} MiB, resident ${residentMib} MiB`)
}
const stopped = agent.stop()
await clock.runOut(GOODBYE_MS)
await Promise.all([stopped, ended])
spool.close()

const [warm, last] = [held[WARM_HOURS - 1], held.at(-1)]
const grownMib = (last?.heapMib ?? Number.NaN) - (warm?.heapMib ?? Number.NaN)
sayFigure({
  what: `growth of an agent's heap from hour ${WARM_HOURS} to hour ${options.hours}, ${CARDS} cards at 10 s`,
  figure: hundredths(grownMib),
  unit: 'MiB',
  bar: { atMost: GROWTH_MIB_MAX },
  details: { ...collector.taken, held },
})

function agentOptions(): AgentOptions {
  const config = loadConfig({
    file: null,
    environment: {},
    flags: { 'owner.kind': 'none', 'deposit.calendar': 'always', 'deposit.enabled': 'true' },
  })
  const model = {
    vendor: 'nvidia',
    name: 'NVIDIA H800',
    memoryTotalMib: 81_559,
    idleMemoryMib: 0,
    idlePowerWatts: 70,
    fullPowerWatts: 640,
  } as const
  const activity = new SiteActivity({
    seed: options.seed,
    nodes: 1,
    cardsPerNode: CARDS,
    load: 0.6,
    serving: 0.2,
    fromMs: FIXED_START_MS,
    toMs: FIXED_START_MS + (options.hours + 1) * HOUR_MS,
  })
  const made = { failedCard: null, unreadableCard: null, keyPrefix: 'growth', node: 0 }
  const probe = new DemoProbe({ clock, model, activity, ...made })
  const nodeKeys = keyPairFromSeed(1, new Uint8Array(32).fill(7))
  return {
    clock,
    random,
    log: silentLogger,
    config: { ...config, collectorUrl: 'http://collector.invalid' },
    agentVersion: 'bench',
    node: {
      nodeId: 'n-0000000000000001',
      bootId: 'bench',
      hostPidNamespace: true,
      identityKey: { keyNumber: 1, key: Buffer.alloc(32, 1) },
      phase: 0,
    },
    spool,
    leases: {
      store: { load: () => null, save: () => {}, show: () => {} },
      collectorKey: nodeKeys.publicKey,
      script: null,
    },
    entries: [{ vendor: model.vendor, create: () => probe }],
    probeContext: {
      exec: { run: noTool, stream: () => null, locate: () => null },
      clock,
      log: silentLogger,
      rootPrefix: folder.path,
      toolPath: [],
      nvmlLibrary: null,
    },
    owner: createNoneOwner({ depositCalendar: config.deposit.calendar }),
    pci: async () => [],
    hostFacts: async () => ({
      operatingSystem: 'Linux',
      kernel: null,
      architecture: 'x64',
      cpuModel: null,
      cpuCores: 128,
      memoryTotalMib: 1_048_576,
      virtualization: null,
    }),
    cpuTime: () => ({ busyMs: 30 * clock.monotonicMs(), totalMs: 128 * clock.monotonicMs() }),
    bootTimeMs: () => null,
    createLink: (owner) =>
      new Link({
        world: { clock, random, network: collector.network },
        spool,
        owner,
        log: silentLogger,
        target: { url: 'ws://collector.invalid/v1/link', ca: null, proxyUrl: null },
        collector: collector.identity,
        identity: {
          role: 'agent',
          nodeKeys,
          fingerprint: '',
          bootId: 'bench',
          programVersion: 'bench',
          capabilities: [],
          enrollment: null,
        },
      }),
  }
}

/** What an hour adds is far below three digits of the whole. */
function hundredths(mib: number): number {
  return Number(mib.toFixed(2))
}

function noTimer(): never {
  throw new Error('the limit of the simulated time is looked at, never waited for')
}

async function noTool() {
  return { status: 'missing' as const, sentence: 'There are no tools here.', durationMs: 0 }
}
