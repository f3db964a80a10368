/**
 * What every owner probe is: it tells to whom a card has been given. Possession is proven only by
 * what the owner's scheduler, contract or stated calendar says; silence proves nothing.
 */
import type { Clock, Logger, OwnerKind, Random, Vendor } from '@yiben/shared'

/** Possession of one unit at one instant. */
export type Possession =
  /** Nobody has it: the scheduler says so, or it lies inside a stated deposit calendar. */
  | { readonly status: 'nobody' }
  | { readonly status: 'given'; readonly by: 'scheduler' | 'contract'; readonly toBank: boolean }
  /** The owner took it out of service on purpose. */
  | { readonly status: 'withdrawn'; readonly cause: 'drained' | 'maintenance' }
  /** Not stated, or the scheduler is silent: possession is unproven. */
  | { readonly status: 'unproven'; readonly sentence: string }

/** A unit as schedulers may name it. */
export interface OwnedUnit {
  /** Unique on this node; the key of the answer. */
  readonly key: string
  /** Key of the cut card; `null` for a card. Schedulers may give away a card or its slices. */
  readonly parentKey: string | null
  readonly vendor: Vendor
  /** Lower case with a domain, `0000:0c:00.0`; `null` where no tool tells it. */
  readonly pciAddress: string | null
  /** Device node (`/dev/nvidia0`), the name by which Slurm gives cards away; `null`: not known. */
  readonly deviceFile: string | null
  /** Vendor ids as printed (UUID, serial); device plugins of Kubernetes use one of them. */
  readonly ids: readonly string[]
}

/** Asked once per sample for all units of one vendor; keys are those of the units. */
export interface OwnerQuery {
  readonly atMs: number
  /** Somebody is to be told now: no answer from before this question will do. Default: it will. */
  readonly isFresh?: boolean
  readonly units: readonly OwnedUnit[]
}

/** One run of a scheduler's tool; bounded in time and output. */
export interface OwnerToolCall {
  /** Bare name (`scontrol`) or absolute path. */
  readonly tool: string
  readonly args: readonly string[]
  readonly deadlineMs: number
  readonly outputBytesMax: number
  readonly signal?: AbortSignal
}

export type OwnerToolResult =
  | {
      readonly status: 'exited'
      readonly exitCode: number
      readonly stdout: string
      readonly stderr: string
    }
  | {
      readonly status: 'missing' | 'denied' | 'timeout' | 'too_large' | 'killed'
      readonly sentence: string
    }

/** What the agent lends an owner probe that reads something of the machine. */
export interface OwnerContext {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** What a tool does is a result, never an exception. */
  readonly run: (call: OwnerToolCall) => Promise<OwnerToolResult>
  /** Put before `/sys`, `/proc` and `/dev`, as for probes. */
  readonly rootPrefix: string
}

export interface OwnerProbe {
  readonly kind: OwnerKind
  /** Why possession cannot be told now, for people; empty or absent when nothing stands in the way. */
  readonly problems?: readonly string[]
  /** Bounded by 2 s; never throws; a unit left out of the answer is unproven. */
  possession(query: OwnerQuery): Promise<ReadonlyMap<string, Possession>>
  stop(): Promise<void>
}
