/**
 * Joins the owner's orders and the leases of a node with its link, its timeline and its samples:
 * hands notices on, answers questions, and tells after each connect what this node believes to be
 * lent. Nothing is decided here.
 */
import type { LeaseQuery, LiveMessage, ToNodeMessage } from '@yiben/shared'
import type { AgentOptions } from './agent-options.ts'
import { OrderDesk, type OrderedVeto } from './control/order-desk.ts'
import { answerQuestion, QUESTIONS_MAX } from './leases/answer-question.ts'
import { NodeLeases } from './leases/node-leases.ts'
import type { Bookkeeper } from './sampling/bookkeeper.ts'
import type { DiskGuard } from './sampling/disk-guard.ts'
import type { IndexedUnit } from './sampling/facts.ts'
import type { Observer } from './sampling/observer.ts'

/** Agreed with a collector that understands `Leases`. */
export const LEASES_CAPABILITY = 'leases'

export interface AgentLeasesParts {
  readonly options: AgentOptions
  readonly disk: DiskGuard
  /** `null` before the timeline begins. */
  readonly keeper: () => Bookkeeper | null
  readonly units: () => readonly IndexedUnit[]
  readonly recordVeto: (veto: OrderedVeto) => 'durable' | 'waiting' | 'too_early'
  readonly lookNow: Observer['lookNow']
  readonly say: (message: LiveMessage) => void
}

export type LeaseMessage = Extract<ToNodeMessage, { kind: 'lease_query' | 'lease_notice' }>

export class AgentLeases {
  readonly #parts: AgentLeasesParts
  readonly desk: OrderDesk
  readonly leases: NodeLeases
  #isAgreed = false
  #questions = 0

  constructor(parts: AgentLeasesParts) {
    const { options, disk, keeper, units } = parts
    const { clock, config, node, spool, leases } = options
    const log = options.log.child({ component: 'agent' })
    this.#parts = parts
    this.desk = new OrderDesk({
      log,
      spool,
      disk,
      nowMs: () => keeper()?.nowMs() ?? Math.round(clock.wallMs()),
      units,
      leases: () => this.leases,
      record: parts.recordVeto,
    })
    this.leases = new NodeLeases({
      clock,
      log,
      disk,
      orders: this.desk.orders,
      store: leases.store,
      deposit: config.deposit,
      collectorKey: leases.collectorKey,
      epoch: () => spool.state().epoch,
      bootId: node.bootId,
      script: leases.script,
      node: {
        nowMs: () => keeper()?.nowMs() ?? null,
        units,
        record: (records) => keeper()?.addLeases(records) ?? 'waiting',
        isAllWritten: () => keeper()?.waitingRecords === 0,
        runStartMs: (index, atMs) => keeper()?.runStartMs(index, atMs) ?? atMs,
      },
    })
  }

  onWelcome(capabilities: readonly string[]): void {
    this.#isAgreed = capabilities.includes(LEASES_CAPABILITY)
  }

  onOnline(): void {
    if (!this.#isAgreed) return
    this.#parts.say({ kind: 'leases', leases: this.leases.signed() })
  }

  hear(message: LeaseMessage): void {
    if (message.kind === 'lease_notice') this.leases.take(message.leaseNotice)
    else void this.#answer(message.leaseQuery)
  }

  /**
   * One question too many is left unanswered, and one that the disk, or the end of the agent, came
   * in between of: it is asked again.
   */
  async #answer(query: LeaseQuery): Promise<void> {
    if (this.#questions >= QUESTIONS_MAX) return
    const { options, keeper, units, lookNow, say } = this.#parts
    this.#questions += 1
    try {
      const leaseAnswer = await answerQuestion(query, {
        clock: options.clock,
        leases: this.leases,
        epoch: () => (keeper() === null ? null : options.spool.state().epoch),
        units,
        lookNow,
        atMonotonic: (monotonicMs) => keeper()?.atMonotonic(monotonicMs) ?? 0,
        keepCardsPerNode: options.config.deposit.keepCardsPerNode,
        isFenced: options.config.handover.isFenced,
      })
      say({ kind: 'lease_answer', leaseAnswer })
    } catch (error) {
      options.log.error({ err: error }, 'a question about leases could not be answered')
    } finally {
      this.#questions -= 1
    }
  }
}
