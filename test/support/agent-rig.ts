/** An agent in memory: fake clock, fake probes, a spool in memory and a link that only listens. */
import {
  CALENDAR_ALWAYS,
  type DurableRecord,
  decodeRecord,
  type LinkStatus,
  type LiveEvent,
  type LiveMessage,
  type RunName,
  runName,
  silentLogger,
  type Tick,
} from '@yiben/shared'
import { Agent } from '../../agent/src/agent.ts'
import type { AgentLink, AgentOptions } from '../../agent/src/agent-options.ts'
import { createNoneOwner } from '../../agent/src/owners/none.ts'
import type { OwnerProbe } from '../../agent/src/owners/owner.ts'
import type { PciAccelerator, Probe, ToolRunner } from '../../agent/src/probes/probe.ts'
import { HANDOVER_BY_HAND, type MemoryLeases, memoryLeases } from './agent-leases.ts'
import { FakeClock, FakeRandom } from './fake-clock.ts'
import { MemorySpool } from './memory-spool.ts'

/** Fake probes run no tools; one that tries is told that there is none. */
const NO_TOOLS: ToolRunner = {
  run: async () => ({ status: 'missing', sentence: 'No tools here.', durationMs: 0 }),
  stream: () => null,
  locate: () => null,
}

class FakeLink implements AgentLink {
  readonly events: LiveEvent[] = []
  readonly said: LiveMessage[] = []
  appended = 0
  #end: () => void = () => {}

  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#end = resolve
    })
  }

  async stop(): Promise<void> {
    this.#end()
  }

  wake(): void {
    this.appended += 1
  }

  say(message: LiveMessage): void {
    this.said.push(message)
    if (message.kind === 'event') this.events.push(message.event)
  }

  status(): LinkStatus {
    return {
      state: 'online',
      sinceMonotonicMs: 0,
      nodeId: null,
      lastProblem: null,
      unacknowledgedRecords: 0,
    }
  }
}

export interface RigOptions {
  readonly probes: readonly Probe[]
  readonly pci?: () => readonly PciAccelerator[] | null
  readonly spool?: MemorySpool
  readonly clock?: FakeClock
  readonly owner?: OwnerProbe
  readonly bootId?: string
  readonly bootTimeMs?: () => number | null
  readonly stopReason?: AgentOptions['stopReason']
  readonly deposit?: Partial<AgentOptions['config']['deposit']>
  readonly handover?: Partial<AgentOptions['config']['handover']>
  readonly leases?: MemoryLeases
  readonly script?: AgentOptions['leases']['script']
}

export interface AgentRig {
  readonly agent: Agent
  readonly clock: FakeClock
  readonly spool: MemorySpool
  readonly link: FakeLink
  /** Everything on disk, decoded. */
  records(): DurableRecord[]
  ticks(): Tick[]
  /** Total ms per run name of one unit over all ticks. */
  booked(index: number): Partial<Record<RunName, number>>
  run(ms: number): Promise<void>
  stop(): Promise<void>
}

export function startAgent(options: RigOptions): AgentRig {
  const clock = options.clock ?? new FakeClock()
  const spool = options.spool ?? new MemorySpool()
  const link = new FakeLink()
  const agent = new Agent({
    clock,
    random: new FakeRandom(1),
    log: silentLogger,
    config: {
      samplePeriodMs: 10_000,
      tickMs: 60_000,
      baselines: [],
      collectorUrl: null,
      probes: { deadlineMs: 15_000, coreShareMax: 0.02 },
      deposit: {
        enabled: true,
        calendar: CALENDAR_ALWAYS,
        keepCardsPerNode: 0,
        minFreeMs: 900_000,
        maxLeaseMs: 36_000_000,
        ...options.deposit,
      },
      handover: { ...HANDOVER_BY_HAND, ...options.handover },
    },
    agentVersion: '0.1.0',
    node: {
      nodeId: 'node-1',
      bootId: options.bootId ?? 'boot-1',
      hostPidNamespace: true,
      identityKey: { keyNumber: 1, key: new Uint8Array(32) },
      phase: 0,
    },
    spool,
    leases: { ...memoryLeases(options.leases), script: options.script ?? null },
    entries: options.probes.map((probe) => ({
      vendor: probe.vendor,
      create: () => probe,
    })),
    probeContext: {
      exec: NO_TOOLS,
      clock,
      log: silentLogger,
      rootPrefix: '',
      toolPath: [],
      nvmlLibrary: null,
    },
    owner: options.owner ?? createNoneOwner({ depositCalendar: CALENDAR_ALWAYS }),
    pci: async () => options.pci?.() ?? null,
    hostFacts: async () => ({
      operatingSystem: 'Test',
      kernel: null,
      architecture: 'x64',
      cpuModel: null,
      cpuCores: 64,
      memoryTotalMib: null,
      virtualization: null,
    }),
    cpuTime: () => ({ busyMs: 2 * clock.monotonicMs(), totalMs: 64 * clock.monotonicMs() }),
    bootTimeMs: options.bootTimeMs ?? (() => null),
    ...(options.stopReason === undefined ? {} : { stopReason: options.stopReason }),
    createLink: () => link,
  })
  const ended = agent.run()
  const records = () => decodeAll(spool)
  const ticks = () => records().flatMap((record) => (record.kind === 'tick' ? [record.tick] : []))
  return {
    agent,
    clock,
    spool,
    link,
    records,
    ticks,
    booked: (index) => bookedOf(ticks(), index),
    run: (ms) => clock.run(ms),
    stop: async () => {
      await Promise.all([agent.stop(), clock.run(3_000)])
      await ended
    },
  }
}

function decodeAll(spool: MemorySpool): DurableRecord[] {
  const units = new Map<number, readonly number[]>()
  return spool.read(1, { records: 100_000, bytes: Number.MAX_SAFE_INTEGER }).map(({ bytes }) => {
    const decoded = decodeRecord(bytes, (revision) => units.get(revision) ?? null)
    if (decoded.status !== 'ok') throw new Error(`${decoded.code}: ${decoded.sentence}`)
    const { record } = decoded
    if (record.kind === 'facts') {
      const indexes = record.facts.units.map((unit) => unit.index)
      units.set(record.facts.revision, indexes)
    }
    return record
  })
}

function bookedOf(ticks: readonly Tick[], index: number): Partial<Record<RunName, number>> {
  const booked: Partial<Record<RunName, number>> = {}
  for (const tick of ticks) {
    for (const { code, durationMs } of tick.units.find((unit) => unit.index === index)?.runs ??
      []) {
      const name = runName(code)
      booked[name] = (booked[name] ?? 0) + durationMs
    }
  }
  return booked
}

/** What contiguity means: every record that takes time begins where the one before it ended. */
export function holesIn(records: readonly DurableRecord[]): string[] {
  const holes: string[] = []
  let endMs: number | null = null
  for (const record of records) {
    const span = spanOf(record)
    if (span === null) continue
    if (endMs !== null && span.startMs !== endMs) {
      holes.push(
        `${record.kind} begins at ${span.startMs}, ${span.startMs - endMs} ms after the end`,
      )
    }
    endMs = span.endMs
  }
  return holes
}

function spanOf(record: DurableRecord): { startMs: number; endMs: number } | null {
  if (record.kind === 'gap') return record.gap
  if (record.kind !== 'tick') return null
  return { startMs: record.tick.startMs, endMs: record.tick.startMs + record.tick.spanMs }
}
