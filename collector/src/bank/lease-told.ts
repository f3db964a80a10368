/**
 * What nodes believe to be lent, set right (SPEC E14). A lease that a node believes in and that is
 * over gets a newer revision that says so; one that the node has forgotten gets a newer revision that
 * lends it again. Leases that this ledger does not know are the recovery's (recovery.ts).
 *
 * What a node forgot can be an end of its own, whose record is still on its way: that is judged only
 * when the node has told time past the message.
 */
import type { LeaseNotice } from '@yiben/shared'
import type { Claim, Draw, LeaseId } from '../model/draw.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import type { NodeState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { type ShownLease, shownLeases } from './adoption.ts'
import type { LeaseCommits } from './lease-commits.ts'
import { isLent } from './lease-look.ts'
import { LeaseWork } from './lease-work.ts'

export interface LeasesToldOptions {
  readonly store: Pick<Store, 'readLiveDraws' | 'findDrawOfLease'>
  /** Of the steady clock. */
  readonly nowMs: () => number
  readonly commits: LeaseCommits
  /** Said before it is written: the node knows nothing of the lease, which is lent to it anew. */
  readonly forgotten: (leaseId: LeaseId) => void
}

export class LeasesTold {
  readonly #options: LeasesToldOptions
  /** Until it is set right; at most every node once. */
  readonly #told = new Map<NodeId, ToldLeases>()

  constructor(options: LeasesToldOptions) {
    this.#options = options
  }

  hear(nodeId: NodeId, notices: readonly LeaseNotice[]): void {
    this.#told.set(nodeId, toldLeases(nodeId, notices, this.#options.nowMs()))
  }

  has(nodeId: NodeId): boolean {
    return this.#told.has(nodeId)
  }

  /** Does nothing before the node has caught up. Rejects as the store does. */
  async setRight(state: NodeState): Promise<void> {
    const { commits, nowMs } = this.#options
    const told = this.#told.get(state.node.nodeId)
    if (told === undefined || !isCaughtUp(told, state)) return
    const isSettled = await commits.settle(await this.#drawsOf(told), async (draw) => {
      const right = setRight(draw, told, state, nowMs())
      for (const leaseId of right?.forgotten ?? []) this.#options.forgotten(leaseId)
      return right === null ? null : { change: right.change }
    })
    if (isSettled && this.#told.get(told.nodeId) === told) this.#told.delete(told.nodeId)
  }

  /** Those with live claims on the node, and those of which it shows leases. */
  async #drawsOf({ nodeId, shown }: ToldLeases): Promise<readonly Draw[]> {
    const { store } = this.#options
    const live = await store.readLiveDraws([nodeId])
    const draws = new Map(live.map((draw) => [draw.request.drawId, draw]))
    for (const { leaseId } of shown) {
      const draw = await store.findDrawOfLease(leaseId)
      if (draw !== null) draws.set(draw.request.drawId, draw)
    }
    return [...draws.values()]
  }
}

/** What one node has told last. */
interface ToldLeases {
  readonly nodeId: NodeId
  /** When it was heard, as the bank has now. */
  readonly atMs: number
  readonly shown: readonly ShownLease[]
}

interface SetRight {
  readonly change: DrawChange
  /** Leases of it that the node has to be lent anew. */
  readonly forgotten: readonly LeaseId[]
}

function toldLeases(nodeId: NodeId, notices: readonly LeaseNotice[], nowMs: number): ToldLeases {
  return { nodeId, atMs: nowMs, shown: shownLeases(nodeId, notices, nowMs) }
}

/** The node has told everything that it knew when it told its leases. */
function isCaughtUp({ atMs }: ToldLeases, { open }: Pick<NodeState, 'open'>): boolean {
  return open !== null && open.timelineEndMs > atMs
}

/** `null`: node and ledger agree about this draw. */
function setRight(
  draw: Draw,
  told: ToldLeases,
  state: Pick<NodeState, 'placements' | 'factsEpoch'>,
  nowMs: number,
): SetRight | null {
  const work = new LeaseWork(draw, nowMs)
  const forgotten: LeaseId[] = []
  for (const lease of draw.leases) {
    if (lease.nodeId !== told.nodeId) continue
    const { leaseId, confirmedRevision, revision } = lease
    const lent = draw.claims.filter((claim) => claim.leaseId === leaseId).filter(isLent)
    const shown = told.shown.find((one) => one.leaseId === leaseId)
    const isUnconfirmed = revision > confirmedRevision
    if (shown === undefined) {
      const isKnownThere = confirmedRevision > 0 && lease.startMs < told.atMs
      if (lent.length === 0 || !isKnownThere) continue
      forgotten.push(leaseId)
      work.tellNode(leaseId)
    } else if (isOver(shown, lent, state) && !(isUnconfirmed && revision > shown.revision)) {
      work.setLease(leaseId, { revision: Math.max(revision, shown.revision) })
      work.tellNode(leaseId)
    }
  }
  const change = work.finish()
  return change === null ? null : { change, forgotten }
}

/** The node lends a card of it that is not lent here. */
function isOver(
  shown: ShownLease,
  lent: readonly Claim[],
  state: Pick<NodeState, 'placements' | 'factsEpoch'>,
): boolean {
  if (state.factsEpoch !== shown.epoch) return lent.length === 0
  const lentUnits = new Set(lent.map(({ unitId }) => unitId))
  const units = new Map(state.placements.map(({ index, unitId }) => [index, unitId]))
  return [...shown.endMsByIndex.keys()].some((index) => {
    const unitId: UnitId | undefined = units.get(index)
    return unitId === undefined ? lent.length === 0 : !lentUnits.has(unitId)
  })
}
