/**
 * The oldest proof that each node's deposits rest on, and how old it is by monotonic time from the
 * moment it was first seen here: a step of the collector's clock makes no proof old (C4). And the nodes
 * whose deposits a lease carries: no proof of theirs is waited for, but they are looked at again.
 *
 * Each node with open deposits once.
 */
import type { Clock } from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'

/** A lease that ends on a silent node changes no row: its node is looked at again this often. */
const LENT_LOOK_MS = 60_000

interface WatchedProof {
  readonly provenToMs: number
  readonly wallMs: number
  readonly monotonicMs: number
}

export interface ProofWatchOptions {
  readonly clock: Clock
  readonly proofMsMax: number
  /** More than that between two clocks is a step, and kept out. */
  readonly clockOffsetMsMax: number
}

export class ProofWatch {
  readonly #clock: Clock
  readonly #proofMsMax: number
  readonly #clockOffsetMsMax: number
  readonly #proofs = new Map<NodeId, WatchedProof>()
  /** Monotonic time of the last look. */
  readonly #lent = new Map<NodeId, number>()

  constructor(options: ProofWatchOptions) {
    this.#clock = options.clock
    this.#proofMsMax = options.proofMsMax
    this.#clockOffsetMsMax = options.clockOffsetMsMax
  }

  /** What a look has found; keeps when a proof was first seen, however often it is looked at. */
  looked(nodeId: NodeId, provenToMs: number | null, isLending: boolean): void {
    const monotonicMs = this.#clock.monotonicMs()
    if (isLending) this.#lent.set(nodeId, monotonicMs)
    else this.#lent.delete(nodeId)
    const before = this.#proofs.get(nodeId)
    if (provenToMs === null) this.#proofs.delete(nodeId)
    if (provenToMs === null || provenToMs === before?.provenToMs) return
    const nowMs = this.#clock.wallMs()
    const unsteppedMs = before === undefined ? nowMs : unsteppedMsOf(before, monotonicMs)
    // What the clocks differ by little is drift and forgotten; more is a step and kept out (C4).
    const isStepped = Math.abs(nowMs - unsteppedMs) > this.#clockOffsetMsMax
    this.#proofs.set(nodeId, { provenToMs, wallMs: isStepped ? unsteppedMs : nowMs, monotonicMs })
  }

  /** Now, for the age of the proof that a node's deposits rest on. */
  nowMs(nodeId: NodeId, wallMs: number): number {
    const watched = this.#proofs.get(nodeId)
    if (watched === undefined) return wallMs
    return Math.min(wallMs, unsteppedMsOf(watched, this.#clock.monotonicMs()))
  }

  /** Nodes with deposits whose proof has grown old. */
  *grownOld(): Iterable<NodeId> {
    const wallMs = this.#clock.wallMs()
    for (const [nodeId, { provenToMs }] of this.#proofs) {
      if (this.nowMs(nodeId, wallMs) - provenToMs >= this.#proofMsMax) yield nodeId
    }
  }

  /** Nodes with lent cards that nothing has had looked at for a while. */
  *lentUnseen(): Iterable<NodeId> {
    const monotonicMs = this.#clock.monotonicMs()
    for (const [nodeId, seenMs] of this.#lent) {
      if (monotonicMs - seenMs >= LENT_LOOK_MS) yield nodeId
    }
  }
}

/** What the wall clock would say without steps. */
function unsteppedMsOf({ wallMs, monotonicMs }: WatchedProof, nowMonotonicMs: number): number {
  return wallMs + (nowMonotonicMs - monotonicMs)
}
