/** A machine of the hard cases: its disk, its clock, its cards and its line; the agent is real. */
import {
  ALGORITHM_ED25519,
  AppError,
  CALENDAR_ALWAYS,
  type Duplex,
  type KeyPair,
  keyPairFromSeed,
  Link,
  type LinkOptions,
  type LinkStatus,
  linkUrlOf,
  type Network,
  type NodeIdentity,
  type Spool,
} from '@yiben/shared'
import { Agent } from '../../agent/src/agent.ts'
import { LEASES_CAPABILITY } from '../../agent/src/agent-leases.ts'
import type { AgentOptions } from '../../agent/src/agent-options.ts'
import { createNoneOwner } from '../../agent/src/owners/none.ts'
import type { ToolRunner } from '../../agent/src/probes/probe.ts'
import type { NodeId } from '../../collector/src/model/ids.ts'
import { HANDOVER_BY_HAND, MemoryLeases, memoryLeases } from '../support/agent-leases.ts'
import { type FakeCard, FakeProbe, fakeCard } from '../support/fake-probe.ts'
import { MemorySpool } from '../support/memory-spool.ts'
import type { SimProcess } from '../support/sim-scheduler.ts'
import type { SimPair } from '../support/sim-socket.ts'
import type { Country, SiteToken } from './country.ts'

const NO_TOOLS: ToolRunner = {
  run: async () => ({ status: 'missing', sentence: 'No tools here.', durationMs: 0 }),
  stream: () => null,
  locate: () => null,
}
const KEY_BYTES = 32

export interface MachineOptions {
  readonly country: Country
  readonly number: number
  readonly token: SiteToken
  readonly cards: FakeCard[]
  readonly siteCode?: string
  readonly spool?: Spool
  readonly probe?: FakeProbe
  /** Default 10 s. */
  readonly samplePeriodMs?: number
  readonly deposit?: Partial<AgentOptions['config']['deposit']>
  /** Its state folder is a copy of this machine's. */
  readonly diskOf?: Machine
}

/** Cards of identical make under ids of their own. */
export function cardsOf(node: string, count: number): FakeCard[] {
  return Array.from({ length: count }, (_, index) => fakeCard(`GPU-${node}-${index}`))
}

interface Life {
  readonly process: SimProcess
  readonly agent: Agent
  readonly open: Set<SimPair>
}

export class Machine {
  readonly probe: FakeProbe
  readonly spool: Spool
  readonly keys: KeyPair
  readonly leases = new MemoryLeases()
  /** Approved by a person for this site; read at the start. */
  baselines: AgentOptions['config']['baselines'] = []
  /** `silent`: nothing arrives, nobody is told. */
  line: 'up' | 'silent' = 'up'
  readonly #options: MachineOptions
  #boots = 1
  #wallOffsetMs = 0
  #life: Life | null = null
  #link: Link | null = null

  constructor(options: MachineOptions) {
    const { diskOf, number } = options
    this.#options = options
    this.probe = options.probe ?? new FakeProbe(options.cards)
    this.spool = options.spool ?? diskOf?.copyOfSpool() ?? new MemorySpool()
    this.keys = diskOf?.keys ?? keyPairFromSeed(ALGORITHM_ED25519, seedOf(number))
  }

  get agent(): Agent {
    if (this.#life === null) throw new Error('the machine is off')
    return this.#life.agent
  }

  get nodeId(): NodeId {
    return (this.#link?.status().nodeId ?? '') as NodeId
  }

  get linkState(): LinkStatus['state'] | null {
    return this.#link?.status().state ?? null
  }

  /** What the administrator is told of the link. */
  get linkProblem(): string {
    const problem = this.#link?.status().lastProblem ?? null
    return problem === null ? '' : `${problem.code}: ${problem.sentence}`
  }

  /** What an administrator does once, with a command that leaves when it is done. */
  async enroll(): Promise<void> {
    const { country, number, token } = this.#options
    const process = country.scheduler.process(`enroll-${number}`, number, this.#wallOffsetMs)
    const welcome = Promise.withResolvers<void>()
    const link = this.#newLink(process, new Set(), {
      owner: {
        heartbeat: () => ({ samples: 0, freeUnits: new Uint8Array(0) }),
        timelineNowMs: () => null,
        onWelcome: () => welcome.resolve(),
        onTime: () => {},
        onRefused: () => {},
        onNeedFacts: () => {},
        onNewEpoch: () => {},
      },
      enrollment: { ...token, nodeName: `machine-${number}` },
    })
    const ended = link.run()
    await welcome.promise
    await link.stop()
    await ended
    process.kill()
  }

  get #bootId(): string {
    return `machine ${this.#options.number} boot ${this.#boots}`
  }

  start(): void {
    const { country, number } = this.#options
    const process = country.scheduler.process(`machine-${number}`, number, this.#wallOffsetMs)
    const open = new Set<SimPair>()
    const agent = new Agent(this.#agentOptions(process, open))
    this.#life = { process, agent, open }
    void agent.run()
  }

  /** The power goes: nobody is told, and the next start is another boot. */
  powerOff(): void {
    this.kill()
    this.#boots += 1
  }

  /** As `kill -9` on a machine whose sockets stay open for the other side. */
  kill(): void {
    this.#life?.process.kill()
    for (const pair of this.#life?.open ?? []) pair.halfOpen()
    this.#life = null
  }

  /** Cuts the line without telling anybody, or mends it. */
  setLine(line: 'up' | 'silent'): void {
    this.line = line
    if (line === 'up') return
    for (const pair of this.#life?.open ?? []) pair.halfOpen()
    this.#life?.open.clear()
  }

  /** What NTP or an administrator does to this machine's clock. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs
    this.#life?.process.stepWall(byMs)
  }

  copyOfSpool(): MemorySpool {
    const copy = new MemorySpool()
    for (const key of ['link.join_state', 'link.ledger_generation']) {
      const value = this.spool.getMeta(key)
      if (value !== null) copy.setMeta(key, value)
    }
    return copy
  }

  #networkOf(open: Set<SimPair>, process: SimProcess): Network {
    const { country, number } = this.#options
    const address = `10.${number >> 8}.${number & 255}.1`
    return {
      dial: ({ timeoutMs }) =>
        new Promise<Duplex>((resolve, reject) => {
          const isSilent = this.line === 'silent'
          country.wire.clock.after(isSilent ? timeoutMs : 1, () => {
            if (!process.isAlive) return
            const pair = isSilent ? null : country.connect(address)
            if (pair === null) {
              reject(new AppError('connection_failed', 'nobody answers'))
              return
            }
            open.add(pair)
            resolve(pair.client)
          })
        }),
    }
  }

  #agentOptions(process: SimProcess, open: Set<SimPair>): AgentOptions {
    const { country, deposit, samplePeriodMs } = this.#options
    const { clock, random } = process
    const { log } = country
    const { probe, spool } = this
    return {
      clock,
      random,
      log,
      config: {
        samplePeriodMs: samplePeriodMs ?? 10_000,
        tickMs: 60_000,
        baselines: this.baselines,
        collectorUrl: null,
        probes: { deadlineMs: 15_000, coreShareMax: 0.02 },
        deposit: {
          enabled: true,
          calendar: CALENDAR_ALWAYS,
          keepCardsPerNode: 0,
          minFreeMs: 900_000,
          maxLeaseMs: 36_000_000,
          ...deposit,
        },
        handover: HANDOVER_BY_HAND,
      },
      agentVersion: '0.1.0',
      node: {
        nodeId: '',
        bootId: this.#bootId,
        hostPidNamespace: true,
        identityKey: { keyNumber: 1, key: new Uint8Array(KEY_BYTES) },
        phase: 0,
      },
      spool,
      leases: {
        ...memoryLeases(this.leases),
        collectorKey: country.identity.publicKey,
      },
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
        operatingSystem: 'Test',
        kernel: null,
        architecture: 'x64',
        cpuModel: null,
        cpuCores: 64,
        memoryTotalMib: null,
        virtualization: null,
      }),
      cpuTime: () => ({ busyMs: clock.monotonicMs(), totalMs: 64 * clock.monotonicMs() }),
      bootTimeMs: () => null,
      createLink: (owner) => {
        this.#link = this.#newLink(process, open, { owner, enrollment: null })
        return this.#link
      },
    }
  }

  #newLink(
    process: SimProcess,
    open: Set<SimPair>,
    { owner, enrollment }: Pick<LinkOptions, 'owner'> & Pick<NodeIdentity, 'enrollment'>,
  ): Link {
    const { country, number } = this.#options
    const { clock, random } = process
    return new Link({
      world: { clock, random, network: this.#networkOf(open, process) },
      spool: this.spool,
      owner,
      log: country.log,
      target: { url: linkUrlOf('https://collector.test:7480'), ca: null, proxyUrl: null },
      collector: country.identity,
      identity: {
        role: 'agent',
        nodeKeys: this.keys,
        fingerprint: number.toString(16).padStart(64, '0'),
        bootId: this.#bootId,
        programVersion: '0.1.0',
        capabilities: [LEASES_CAPABILITY],
        enrollment,
      },
    })
  }
}

function seedOf(number: number): Uint8Array {
  const seed = new Uint8Array(KEY_BYTES)
  new DataView(seed.buffer).setUint32(0, number)
  return seed
}
