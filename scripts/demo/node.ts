/**
 * One made-up node: the real agent with a probe of made-up cards. It first lives through its past
 * on a simulated clock, into its spool; then it is started anew on the real clock and its real
 * link, and what it has lived through arrives at the collector as any backlog does.
 */
import { join } from 'node:path'
import { type Clock, Link, type Logger, linkUrlOf, openFileSpool, type World } from '@yiben/shared'
import { Agent } from '../../agent/src/agent.ts'
import { LEASES_CAPABILITY } from '../../agent/src/agent-leases.ts'
import type { AgentLink, AgentOptions } from '../../agent/src/agent-options.ts'
import { type AgentConfig, loadConfig } from '../../agent/src/config.ts'
import { enroll, fingerprintHex, fingerprintOf } from '../../agent/src/enrollment.ts'
import { readHost } from '../../agent/src/host.ts'
import { createOwner } from '../../agent/src/owners/registry.ts'
import { StateDir } from '../../agent/src/state-dir.ts'
import { AGENT_VERSION } from '../../agent/src/version.ts'
import { SiteActivity } from './activity.ts'
import { CatchUpClock } from './catch-up-clock.ts'
import { DemoProbe } from './demo-probe.ts'
import { DEMO_CARDS_PER_NODE, type DemoModel, type DemoSite } from './fleet.ts'

/** Ten minutes a record keep a week of one node small. */
const PAST_TICK_MS = 600_000
const PAST_SAMPLE_MS = 60_000
const GOODBYE_MS = 5_000

export interface DemoNodeOptions {
  readonly world: World
  readonly log: Logger
  readonly site: DemoSite
  readonly model: DemoModel
  readonly activity: SiteActivity
  /** Position of the node in its site, from 0. */
  readonly node: number
  readonly folder: string
  readonly collectorUrl: string
  readonly token: string
  readonly fromMs: number
  readonly signal: AbortSignal
}

/** What the cards of a site do from `fromMs` until a week from now. */
export function activityOf(
  site: DemoSite,
  seed: number,
  fromMs: number,
  nowMs: number,
): SiteActivity {
  return new SiteActivity({
    seed,
    nodes: site.nodes.length,
    cardsPerNode: DEMO_CARDS_PER_NODE,
    load: site.load,
    serving: site.serving,
    fromMs,
    toMs: nowMs + 7 * 24 * 3_600_000,
  })
}

/** Runs until `signal` is aborted. `pastLived` is called when the past is in the spool. */
export async function runDemoNode(options: DemoNodeOptions, pastLived: () => void): Promise<void> {
  const { world, log, site, signal } = options
  const stateDir = join(options.folder, `${site.code}-${options.node}`)
  const nodeName = `${site.code.toLowerCase()}-gpu${String(options.node + 1).padStart(2, '0')}`
  await enroll({
    world,
    log,
    stateDir,
    collectorUrl: options.collectorUrl,
    token: options.token,
    nodeName,
    caFile: null,
    proxyUrl: null,
    rootPrefix: '',
    bootId: nodeName,
    agentVersion: AGENT_VERSION,
  })
  const state = StateDir.at(stateDir)
  const spool = openFileSpool({ directory: stateDir, random: world.random, log })
  try {
    if (spool.state().lastSeq === 0) await livePast(options, { state, spool })
    pastLived()
    if (!signal.aborted) await livePresent(options, { state, spool })
  } finally {
    spool.close()
  }
}

interface Parts {
  readonly state: StateDir
  readonly spool: AgentOptions['spool']
}

async function livePast(options: DemoNodeOptions, parts: Parts): Promise<void> {
  const clock = new CatchUpClock(options.world.clock, options.fromMs)
  const link = new NoLink()
  const agent = demoAgent(options, parts, {
    clock,
    samplePeriodMs: PAST_SAMPLE_MS,
    tickMs: PAST_TICK_MS,
    createLink: () => link,
  })
  const ended = agent.run()
  await clock.catchUp(options.signal)
  const stopped = agent.stop()
  await clock.runOut(GOODBYE_MS)
  await Promise.all([stopped, ended])
}

async function livePresent(options: DemoNodeOptions, parts: Parts): Promise<void> {
  const { world, log, signal } = options
  const config = demoConfig(options.site)
  const nodeKeys = parts.state.readKey()
  const enrollment = parts.state.readEnrollment()
  if (nodeKeys === null || enrollment === null) throw new Error('the demo node is not enrolled')
  const fingerprint = fingerprintOf('', nodeKeys.publicKey, enrollment.fingerprintSource)
  const agent = demoAgent(options, parts, {
    clock: world.clock,
    samplePeriodMs: config.samplePeriodMs,
    tickMs: config.tickMs,
    createLink: (owner) =>
      new Link({
        world,
        spool: parts.spool,
        owner,
        log,
        target: { url: linkUrlOf(options.collectorUrl), ca: null, proxyUrl: null },
        collector: enrollment.collector,
        identity: {
          role: 'agent',
          nodeKeys,
          fingerprint: fingerprintHex(fingerprint),
          bootId: bootIdOf(options),
          programVersion: AGENT_VERSION,
          capabilities: [LEASES_CAPABILITY],
          enrollment: null,
        },
        timings: { heartbeatMs: config.heartbeatMs },
      }),
  })
  const ended = agent.run()
  signal.addEventListener('abort', () => void agent.stop(), { once: true })
  if (signal.aborted) await agent.stop()
  await ended
}

interface Pace {
  readonly clock: Clock
  readonly samplePeriodMs: number
  readonly tickMs: number
  readonly createLink: AgentOptions['createLink']
}

function demoAgent(options: DemoNodeOptions, { state, spool }: Parts, pace: Pace): Agent {
  const { log, model, site, world } = options
  const enrollment = state.readEnrollment()
  if (enrollment === null) throw new Error('the demo node is not enrolled')
  const config = demoConfig(site)
  const host = readHost('')
  const probe = new DemoProbe({
    clock: pace.clock,
    model,
    activity: options.activity,
    node: options.node,
    keyPrefix: `demo-${site.code}-${options.node}`,
    failedCard: site.code === 'QY-01' && options.node === 1 ? 5 : null,
    unreadableCard: site.code === 'SG-01' && options.node === 3 ? 2 : null,
  })
  return new Agent({
    clock: pace.clock,
    random: world.random,
    log,
    config: {
      ...config,
      samplePeriodMs: pace.samplePeriodMs,
      tickMs: pace.tickMs,
      collectorUrl: options.collectorUrl,
    },
    agentVersion: AGENT_VERSION,
    node: {
      nodeId: enrollment.nodeId,
      bootId: bootIdOf(options),
      hostPidNamespace: true,
      identityKey: {
        keyNumber: enrollment.identityKey.number,
        key: Buffer.from(enrollment.identityKey.key, 'hex'),
      },
      phase: ((options.node * 7 + site.code.length * 3) % 16) / 16,
    },
    spool,
    leases: {
      store: {
        load: () => state.readLeases(),
        save: (text) => state.writeLeases(text),
        // The demo has no administrator with tooling of his own.
        show: () => {},
      },
      collectorKey: enrollment.collector.publicKey,
      script: null,
    },
    entries: [
      {
        vendor: model.vendor,
        create: () => probe,
      },
    ],
    probeContext: {
      exec: { run: noTool, stream: () => null, locate: () => null },
      clock: pace.clock,
      log,
      rootPrefix: '',
      toolPath: [],
      nvmlLibrary: null,
    },
    owner: createOwner(config.owner, config.deposit.calendar, {
      clock: pace.clock,
      random: world.random,
      log,
      run: noTool,
      rootPrefix: '',
    }),
    pci: async () => probe.bus(),
    hostFacts: async () => ({
      operatingSystem: 'Demo Linux',
      kernel: null,
      architecture: 'x64',
      cpuModel: null,
      cpuCores: 128,
      memoryTotalMib: 1_048_576,
      virtualization: null,
    }),
    cpuTime: () => host.cpuTime() ?? { busyMs: null, totalMs: null },
    bootTimeMs: () => null,
    createLink: pace.createLink,
  })
}

/** An owner who says that nobody else gives the cards away, and whether they may be deposited. */
function demoConfig(site: DemoSite): AgentConfig {
  return loadConfig({
    file: null,
    environment: {},
    flags: {
      'owner.kind': 'none',
      'deposit.calendar': 'always',
      'deposit.enabled': String(site.deposits),
      // Soon enough for whoever watches the demo.
      'deposit.min_free': '1min',
    },
  })
}

function bootIdOf({ node, site }: DemoNodeOptions): string {
  return `demo-${site.code}-${node}`
}

async function noTool() {
  return { status: 'missing' as const, sentence: 'The demo has no vendor tools.', durationMs: 0 }
}

/** The past has no collector: everything stays in the spool. */
class NoLink implements AgentLink {
  readonly #ended = Promise.withResolvers<void>()

  run(): Promise<void> {
    return this.#ended.promise
  }

  async stop(): Promise<void> {
    this.#ended.resolve()
  }

  wake(): void {}

  say(): void {}

  status() {
    return {
      state: 'offline' as const,
      sinceMonotonicMs: 0,
      nodeId: null,
      lastProblem: null,
      unacknowledgedRecords: 0,
    }
  }
}
