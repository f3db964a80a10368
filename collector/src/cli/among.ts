/**
 * What a serving process does because it is one of several: the one that leads asks nodes at the
 * others and answers requests that came to them; the others serve nodes, answer what the store alone
 * answers, and pass on the rest.
 */
import type { RequestListener } from 'node:http'
import type { Clock, Logger, Random, Service } from '@yiben/shared'
import { Elsewhere } from '../cluster/elsewhere.ts'
import { answerForwarded, forwarding, type Inject } from '../cluster/forward.ts'
import { Post } from '../cluster/post.ts'
import { hearLeases, Reach, serveReach, tellLeases } from '../cluster/reach.ts'
import type { StandingWatch } from '../cluster/standing-watch.ts'
import type { Collector } from '../collector.ts'
import type { CollectorOptions } from '../collector-options.ts'
import type { NodeId } from '../model/ids.ts'
import type { Member, Members } from '../storage/members.ts'

const REVOKED = 'node_revoked'
/** Three of them before a node that is heard all the time is held to be suspended. */
const TOUCH_MS = 3_000

export interface AmongOptions {
  readonly members: Members
  readonly watch: StandingWatch
  readonly leads: boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Who leads, and how many there are. */
export interface AmongView {
  readonly leads: boolean
  readonly leader: Member | null
  readonly members: readonly Member[]
}

export class Among {
  readonly leads: boolean
  readonly #options: AmongOptions
  readonly #post: Post
  readonly #elsewhere: Elsewhere
  #collector: Collector | null = null

  constructor(options: AmongOptions) {
    const { clock, leads, log, members, random } = options
    this.leads = leads
    this.#options = options
    this.#post = new Post({ members, clock, random, log })
    this.#elsewhere = new Elsewhere({
      members,
      clock,
      log,
      liveness: () => this.#collector?.liveness ?? null,
      onConnected: (nodeId) => {
        if (leads) this.#collector?.leases.onConnected(nodeId)
      },
    })
  }

  /** What makes the collector one of several. */
  collectorOptions(): Pick<CollectorOptions, 'instance' | 'beside' | 'reach'> {
    const { instance } = this.#options.members
    if (this.leads) {
      const instanceOf = (nodeId: NodeId) => this.#elsewhere.instanceOf(nodeId)
      return { instance, reach: (own) => new Reach(own, this.#post, instanceOf) }
    }
    return {
      instance,
      beside: {
        touchMs: TOUCH_MS,
        onLeases: (nodeId, leases) => {
          const leader = this.#leader()
          if (leader !== null) tellLeases(this.#post, leader, nodeId, leases)
        },
      },
    }
  }

  services(): readonly Service[] {
    return [this.#elsewhere.service()]
  }

  listenerOf(handler: RequestListener): RequestListener {
    return this.leads ? handler : forwarding(handler, this.#post, () => this.#leader())
  }

  /** The parts are there: what the others say is heard from now on. */
  begin(collector: Collector, inject: Inject): void {
    this.#collector = collector
    if (this.leads) {
      answerForwarded(this.#post, inject)
      hearLeases(this.#post, (nodeId, leases) => collector.leasesTold(nodeId, leases))
    } else {
      serveReach(this.#post, collector.nodeLink)
      this.#post.on(REVOKED, (nodeId) => collector.nodeRevoked(nodeId as NodeId))
    }
    this.#post.start()
  }

  /** Something may have been sent here. */
  wake(): void {
    this.#post.wake()
  }

  end(): void {
    this.#post.close()
  }

  /** Its session may be open anywhere. */
  readonly nodeRevoked = (nodeId: NodeId): void => {
    const own = this.#options.members.instance
    for (const { instance } of this.#options.watch.standing.members) {
      if (instance !== own) this.#post.tell(instance, REVOKED, nodeId)
    }
  }

  view(): AmongView {
    const { leader, members } = this.#options.watch.standing
    return { leads: this.leads, leader, members }
  }

  notes(): readonly string[] {
    const { leader } = this.#options.watch.standing
    if (this.leads) return []
    return [
      leader === null
        ? 'no collector leads at this moment: nothing is decided until one does'
        : `the collector at ${leader.name} leads: what it decides is asked of it`,
    ]
  }

  #leader(): string | null {
    return this.#options.watch.standing.leader?.instance ?? null
  }
}
