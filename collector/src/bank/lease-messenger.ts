/**
 * Brings notices to nodes: at once after a decision, again when the node connects, and else with
 * waits that double, until its own record confirms the newest revision or the lease cannot be acted
 * on any more (SPEC E13). What is to be told follows from what is stored: nothing is lost with this
 * process.
 */
import { type Clock, errorSentence, type Logger } from '@yiben/shared'
import type { Draw, Lease, LeaseId } from '../model/draw.ts'
import type { NodeId } from '../model/ids.ts'
import type { NodeLink } from '../model/node-link.ts'
import type { Store } from '../storage/store.ts'
import { isNoticeDue, noticeOf } from './lease-notices.ts'

const AGAIN_MS_MIN = 5_000
const AGAIN_MS_MAX = 300_000
/** Doublings that reach the longest wait. */
const DOUBLINGS_MAX = 6
/** Notices read and sent in one go: a few hundred milliseconds. */
const BATCH_MAX = 256

export interface LeaseMessengerOptions {
  readonly store: Pick<Store, 'findDrawOfLease' | 'readLiveDraws'>
  readonly clock: Clock
  /** As the bank has it: when a lease is over. */
  readonly nowMs: () => number
  readonly link: Pick<NodeLink, 'notify'>
  readonly logger: Logger
}

interface Waiting {
  readonly nodeId: NodeId
  readonly revision: number
  /** Sent so often. */
  readonly tries: number
  /** Monotonic; infinite: when the node connects. */
  readonly dueAtMs: number
}

export class LeaseMessenger {
  readonly #options: LeaseMessengerOptions
  /** Bounded by the leases whose nodes have something to hear. */
  readonly #waiting = new Map<LeaseId, Waiting>()
  /** Their nodes know nothing of them, and have to be lent them anew; until they confirm. */
  readonly #forgotten = new Set<LeaseId>()
  /** One go at a time. */
  #sending: Promise<void> = Promise.resolve()

  constructor(options: LeaseMessengerOptions) {
    this.#options = options
  }

  /** The draw as it is stored now. */
  consider(draw: Draw): void {
    const nowMs = this.#options.nowMs()
    for (const lease of draw.leases) {
      const { leaseId, nodeId, revision } = lease
      const before = this.#waiting.get(leaseId)
      if (!isNoticeDue(lease, nowMs)) {
        this.#settled(leaseId)
        continue
      }
      if (before?.revision === revision) continue
      const dueAtMs = this.#options.clock.monotonicMs()
      this.#waiting.set(leaseId, { nodeId, revision, tries: 0, dueAtMs })
    }
  }

  /** Its node has said that it knows nothing of the lease, which gets a newer revision now. */
  forgotten(leaseId: LeaseId): void {
    this.#forgotten.add(leaseId)
  }

  /** The node can be told again. Rejects as the store does. */
  async connected(nodeId: NodeId): Promise<void> {
    for (const draw of await this.#options.store.readLiveDraws([nodeId])) this.consider(draw)
    const dueAtMs = this.#options.clock.monotonicMs()
    for (const [leaseId, waiting] of this.#waiting) {
      if (waiting.nodeId === nodeId) this.#waiting.set(leaseId, { ...waiting, tries: 0, dueAtMs })
    }
    await this.send()
  }

  /** Sends what is due; resolves when it is on its way. Rejects as the store does. */
  send(): Promise<void> {
    const turn = this.#sending.catch(() => {}).then(() => this.#sendDue())
    this.#sending = turn
    return turn
  }

  async #sendDue(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs()
    const due = [...this.#waiting].filter(([, { dueAtMs }]) => dueAtMs <= nowMs)
    for (const [leaseId, waiting] of due.slice(0, BATCH_MAX)) await this.#tell(leaseId, waiting)
  }

  async #tell(leaseId: LeaseId, waiting: Waiting): Promise<void> {
    const { clock, store, nowMs } = this.#options
    const draw = await store.findDrawOfLease(leaseId)
    const lease = draw?.leases.find((one) => one.leaseId === leaseId)
    if (draw === null || lease === undefined || !isNoticeDue(lease, nowMs())) {
      this.#settled(leaseId)
      return
    }
    const isSent = await this.#notify(draw, lease)
    // Something newer was decided meanwhile: that is due by itself.
    if (this.#waiting.get(leaseId) !== waiting) return
    const waitMs = AGAIN_MS_MIN * 2 ** Math.min(waiting.tries, DOUBLINGS_MAX)
    const againAtMs = clock.monotonicMs() + Math.min(AGAIN_MS_MAX, waitMs)
    const dueAtMs = isSent ? againAtMs : Number.POSITIVE_INFINITY
    const { revision } = lease
    this.#waiting.set(leaseId, { ...waiting, revision, tries: waiting.tries + 1, dueAtMs })
  }

  #settled(leaseId: LeaseId): void {
    this.#waiting.delete(leaseId)
    this.#forgotten.delete(leaseId)
  }

  async #notify(draw: Draw, lease: Lease): Promise<boolean> {
    const { leaseId } = lease
    const notice = noticeOf(draw, lease, this.#forgotten.has(leaseId))
    if (notice === null) return false
    try {
      return await this.#options.link.notify(notice)
    } catch (error) {
      const fields = { err: error, node_id: notice.nodeId, lease_id: leaseId }
      this.#options.logger.warn(fields, `a notice could not be sent: ${errorSentence(error)}`)
      return false
    }
  }
}
