/**
 * What every owner probe is: it tells to whom a card has been given. Possession is proven only by
 * what the owner's scheduler, contract or stated calendar says; silence proves nothing.
 */
import type { OwnerKind } from '@yiben/shared'

/** Possession of one unit at one instant. */
export type Possession =
  /** Nobody has it: the scheduler says so, or it lies inside a stated deposit calendar. */
  | { readonly status: 'nobody' }
  | { readonly status: 'given'; readonly by: 'scheduler' | 'contract'; readonly toBank: boolean }
  /** The owner took it out of service on purpose. */
  | { readonly status: 'withdrawn'; readonly cause: 'drained' | 'maintenance' }
  /** Not stated, or the scheduler is silent: possession is unproven. */
  | { readonly status: 'unproven'; readonly sentence: string }

/** Asked once per sample for all units; keys are inventory keys. */
export interface OwnerQuery {
  readonly atMs: number
  readonly units: readonly { readonly key: string; readonly pciAddress: string | null }[]
}

export interface OwnerProbe {
  readonly kind: OwnerKind
  /** Bounded by 2 s; never throws; a unit left out of the answer is unproven. */
  possession(query: OwnerQuery): Promise<ReadonlyMap<string, Possession>>
  stop(): Promise<void>
}
