/** The agent of the simulated world: the real one, put together on a machine that is none. */
import {
  AppError,
  CALENDAR_ALWAYS,
  Link,
  type Logger,
  linkUrlOf,
  type Network,
  type Spool,
  type SpoolLimits,
} from '@yiben/shared'
import { Agent } from '../../agent/src/agent.ts'
import { fingerprintHex, fingerprintOf } from '../../agent/src/enrollment.ts'
import { createNoneOwner } from '../../agent/src/owners/none.ts'
import type { ToolRunner } from '../../agent/src/probes/probe.ts'
import { StateDir } from '../../agent/src/state-dir.ts'
import { HANDOVER_BY_HAND, leasesIn } from '../support/agent-leases.ts'
import type { SimProcess } from '../support/sim-scheduler.ts'
import type { SimProbe } from './cards.ts'

export const COLLECTOR_URL = 'https://collector.test:7480'
const NO_TOOLS: ToolRunner = {
  run: async () => ({ status: 'missing', sentence: 'No tools here.', durationMs: 0 }),
  stream: () => null,
  locate: () => null,
}

export interface NodeSettings {
  readonly samplePeriodMs: number
  readonly tickMs: number
  readonly minFreeMs: number
  readonly keepCardsPerNode: number
  /** Share of samples that fail. */
  readonly failures: number
  /** In [0, 1): where ticks and samples lie. */
  readonly phase: number
  readonly spoolLimits: Partial<SpoolLimits>
}

/** Which agent program a machine has installed. */
export interface Release {
  readonly version: string
  readonly capabilities: readonly string[]
}

export interface AgentMachine {
  readonly name: string
  readonly process: SimProcess
  readonly network: Network
  readonly spool: Spool
  readonly probe: SimProbe
  readonly stateDir: string
  readonly rootPrefix: string
  readonly bootId: string
  readonly bootTimeMs: () => number
  readonly release: Release
  readonly settings: NodeSettings
  readonly log: Logger
}

/** The real agent on this machine; everything that it touches is handed in. */
export function simAgent(machine: AgentMachine): Agent {
  const { log, probe, process, rootPrefix, settings, spool, stateDir } = machine
  const state = StateDir.at(stateDir)
  const enrollment = state.readEnrollment()
  const nodeKeys = state.readKey()
  if (enrollment === null || nodeKeys === null) {
    throw new AppError('state_missing', `${machine.name} is not enrolled`)
  }
  const source = enrollment.fingerprintSource
  const fingerprint = fingerprintOf(rootPrefix, nodeKeys.publicKey, source)
  const { clock, random } = process
  const { number: keyNumber, key } = enrollment.identityKey
  return new Agent({
    clock,
    random,
    log,
    config: {
      samplePeriodMs: settings.samplePeriodMs,
      tickMs: settings.tickMs,
      baselines: [],
      collectorUrl: COLLECTOR_URL,
      probes: { deadlineMs: 15_000, coreShareMax: 0.02 },
      deposit: {
        enabled: true,
        calendar: CALENDAR_ALWAYS,
        keepCardsPerNode: settings.keepCardsPerNode,
        minFreeMs: settings.minFreeMs,
        maxLeaseMs: 36_000_000,
      },
      handover: HANDOVER_BY_HAND,
    },
    agentVersion: machine.release.version,
    node: {
      nodeId: enrollment.nodeId,
      bootId: machine.bootId,
      hostPidNamespace: true,
      identityKey: { keyNumber, key: Buffer.from(key, 'hex') },
      phase: settings.phase,
    },
    spool,
    leases: leasesIn(state, enrollment.collector.publicKey),
    entries: [
      {
        vendor: probe.vendor,
        create: () => probe,
      },
    ],
    probeContext: {
      exec: NO_TOOLS,
      clock,
      log,
      rootPrefix: '',
      toolPath: [],
      nvmlLibrary: null,
    },
    owner: createNoneOwner({ depositCalendar: CALENDAR_ALWAYS }),
    pci: async () => null,
    hostFacts: async () => ({
      operatingSystem: 'Simulated',
      kernel: null,
      architecture: 'x64',
      cpuModel: null,
      cpuCores: 64,
      memoryTotalMib: null,
      virtualization: null,
    }),
    cpuTime: () => ({ busyMs: clock.monotonicMs(), totalMs: 64 * clock.monotonicMs() }),
    bootTimeMs: machine.bootTimeMs,
    createLink: (owner) =>
      new Link({
        world: { clock, random, network: machine.network },
        spool,
        owner,
        log,
        target: { url: linkUrlOf(COLLECTOR_URL), ca: null, proxyUrl: null },
        collector: enrollment.collector,
        identity: {
          role: 'agent',
          nodeKeys,
          fingerprint: fingerprintHex(fingerprint),
          bootId: machine.bootId,
          programVersion: machine.release.version,
          capabilities: machine.release.capabilities,
          enrollment: null,
        },
      }),
  })
}
