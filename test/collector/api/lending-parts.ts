/** The parts that lend, over the store of the HTTP interface: nodes answer and are told as a test says. */
import { silentLogger } from '@yiben/shared'
import type { ApiContext } from '../../../collector/src/api/context.ts'
import type { BookedKind } from '../../../collector/src/bank/booking-judge.ts'
import { Bookings } from '../../../collector/src/bank/bookings.ts'
import { Draws } from '../../../collector/src/bank/draws.ts'
import { Leases } from '../../../collector/src/bank/lease-follower.ts'
import type { NoticeToNode } from '../../../collector/src/model/node-link.ts'
import { FakeLink } from '../bank/draws-rig.ts'
import type { LedgerRig } from '../bank/ledger-rig.ts'

const PROOF_MS_MAX = 90_000

export class LendingParts {
  readonly link: FakeLink
  /** Notices to nodes, oldest first; all of them arrive. */
  readonly notices: NoticeToNode[] = []
  readonly guards = { isRecovering: false, isAccused: false, isSuspect: false }
  /** What will be free, at every site and hour; `null`: nobody knows. */
  quantiles: { readonly p50: number; readonly p80: number; readonly p95: number } | null = null
  kinds: readonly BookedKind[] = []
  readonly draws: Draws
  readonly bookings: Bookings
  readonly leases: Leases

  constructor({ clock, store }: LedgerRig, context: ApiContext) {
    const { guards } = this
    const { lots } = context
    const nowMs = () => clock.wallMs()
    const all = {
      isRecovering: () => guards.isRecovering,
      clockAccusation: () => (guards.isAccused ? {} : null),
      depositsSuspended: () => guards.isSuspect,
      isSuspended: context.isSuspended,
      needsFence: () => false,
    }
    this.link = new FakeLink(nowMs)
    const common = { store, clock, nowMs, logger: silentLogger }
    this.draws = new Draws({
      ...common,
      link: this.link,
      capacity: context.capacity,
      lots,
      forecast: () => null,
      guards: all,
      proofMsMax: PROOF_MS_MAX,
      onCommitted: (draw) => this.leases.drawCommitted(draw),
    })
    this.bookings = new Bookings({
      ...common,
      desk: this.draws.desk,
      pools: () => ({ freeQuantiles: () => this.quantiles }),
      kindsAt: () => this.kinds,
    })
    this.leases = new Leases({
      ...common,
      link: {
        notify: (notice) => {
          this.notices.push(notice)
          return Promise.resolve(true)
        },
      },
      guards: all,
      lotIdOf: (nodeId, profile) => lots.idOf(nodeId, lots.kindOf(profile)),
      swaps: this.draws.swaps,
    })
  }
}
