/**
 * When a node has to be looked at again although it tells nothing: silence changes no row. And since
 * when this process has been here to hear anybody, for its own absence is nobody's silence.
 */
import type { Clock } from '@yiben/shared'
import type { Draw } from '../model/draw.ts'
import type { NodeId } from '../model/ids.ts'
import { LOST_MS } from './lease-trace.ts'

/** A hold does not outlive this silence, and no window does (DESIGN 2.3). */
const FIRST_LOOK_MS = 90_000
/** What silence has not ended by then (kept, suspended, being cleaned) is looked at so often. */
const LOOK_AGAIN_MS = 60_000
/** Rounds come every second: one so late means that this process slept, and could hear nobody. */
const STALL_MS = 30_000

export class LeaseWatch {
  readonly #clock: Clock
  readonly #nowMs: () => number
  /** Nodes with live claims, and when they are due by the steady clock; at most every node once. */
  readonly #dueAtMs = new Map<NodeId, number>()
  #listeningSinceMs: number
  /** Monotonic; `null` while no rounds run by themselves. */
  #roundAtMs: number | null = null

  constructor(options: { readonly clock: Clock; readonly nowMs: () => number }) {
    this.#clock = options.clock
    this.#nowMs = options.nowMs
    this.#listeningSinceMs = options.nowMs()
  }

  get listeningSinceMs(): number {
    return this.#listeningSinceMs
  }

  begin(): void {
    this.#roundAtMs = this.#clock.monotonicMs()
  }

  /** Once a round. */
  tick(): void {
    if (this.#roundAtMs === null) return
    const atMs = this.#clock.monotonicMs()
    if (atMs - this.#roundAtMs > STALL_MS) this.#listeningSinceMs = this.#nowMs()
    this.#roundAtMs = atMs
  }

  /** A draw that has just been decided on. */
  note({ claims }: Draw): void {
    for (const { state, nodeId } of claims) {
      if (state === 'ended' || nodeId === null || this.#dueAtMs.has(nodeId)) continue
      this.#dueAtMs.set(nodeId, this.#nowMs() + FIRST_LOOK_MS)
    }
  }

  /** `toldToMs`: everything before has been told by the node; `null`: it has no live claims. */
  looked(nodeId: NodeId, toldToMs: number | null): void {
    if (toldToMs === null) {
      this.#dueAtMs.delete(nodeId)
      return
    }
    const nowMs = this.#nowMs()
    const heardMs = Math.max(toldToMs, this.#listeningSinceMs)
    const nextMs = [FIRST_LOOK_MS, LOST_MS].map((ms) => heardMs + ms).find((ms) => ms > nowMs)
    this.#dueAtMs.set(nodeId, nextMs ?? nowMs + LOOK_AGAIN_MS)
  }

  due(): readonly NodeId[] {
    const nowMs = this.#nowMs()
    return [...this.#dueAtMs].flatMap(([nodeId, atMs]) => (atMs <= nowMs ? [nodeId] : []))
  }
}
