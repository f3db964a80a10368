/**
 * What an agent is composed of. The real program and the simulated world fill these with their own
 * parts; nothing else reaches the agent.
 */
import type { Clock, Goodbye, Link, LinkOwner, Logger, Random, Spool } from '@yiben/shared'
import type { AgentConfig } from './config.ts'
import type { IdentityKey } from './identity.ts'
import type { HandoverScript } from './leases/handover-script.ts'
import type { LeaseStore } from './leases/node-leases.ts'
import type { OwnerProbe } from './owners/owner.ts'
import type { HostFacts } from './probes/node-facts.ts'
import type { PciAccelerator, ProbeContext, VendorEntry } from './probes/probe.ts'
import type { CpuTime } from './verdict/cutter.ts'

/** What the agent asks of its link; `Link` of `shared` is one. */
export type AgentLink = Pick<Link, 'run' | 'stop' | 'wake' | 'say' | 'status'>

export interface AgentOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly config: Pick<
    AgentConfig,
    'samplePeriodMs' | 'tickMs' | 'deposit' | 'handover' | 'baselines'
  > & {
    readonly probes: Pick<AgentConfig['probes'], 'deadlineMs' | 'coreShareMax'>
    readonly collectorUrl: string | null
  }
  readonly agentVersion: string
  readonly node: {
    readonly nodeId: string
    readonly bootId: string
    /** An empty process list is complete only in the host's pid namespace. */
    readonly hostPidNamespace: boolean
    readonly identityKey: IdentityKey
    /** In [0, 1), from the node's id: where its ticks and samples lie. */
    readonly phase: number
  }
  readonly spool: Spool
  readonly leases: {
    readonly store: LeaseStore
    /** The collector's identity key as pinned at enrollment, hex. */
    readonly collectorKey: string
    /** Run when a lease begins and ends; `null`: none is configured. */
    readonly script: HandoverScript | null
  }
  readonly entries: readonly VendorEntry[]
  readonly probeContext: ProbeContext
  readonly owner: OwnerProbe
  /** Accelerators on the bus; `null` where it cannot be read. */
  readonly pci: () => Promise<readonly PciAccelerator[] | null>
  readonly hostFacts: () => Promise<HostFacts>
  /** Core-milliseconds since some start, counting up. */
  readonly cpuTime: () => CpuTime
  /** Milliseconds since boot including suspend; `null` where it cannot be read. */
  readonly bootTimeMs: () => number | null
  /** Asked when it is told to stop; default: an ordinary stop. */
  readonly stopReason?: () => Promise<Goodbye['reason']>
  readonly createLink: (owner: LinkOwner) => AgentLink
}
