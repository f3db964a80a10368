/**
 * What all that is done with draws has in common: the present, the lots, the nodes, and the way into
 * the store. Its parts are handed in; it keeps which cards are in hand.
 */
import { AppError, assert, type Clock, type Logger, Tally } from '@yiben/shared'
import type { Claim, Draw, DrawRefusal, DrawRequest, Lease } from '../model/draw.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { LendingQuestion, NodeLink } from '../model/node-link.ts'
import type { DrawChange, DrawCommitResult, GrantCard } from '../storage/draw-requests.ts'
import type { Scope } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import type { CapacityFollower } from './capacity-follower.ts'
import { DrawAsking, type Obstacle } from './draw-asking.ts'
import { DrawCommits } from './draw-commits.ts'
import type { CardToHold, HoldDecided } from './draw-hold.ts'
import type { DrawForecast, PlannedCard, PlanSurroundings } from './draw-plan.ts'
import { type Acceptances, LEASE_LEAD_MS } from './draw-post.ts'
import { firstOf, refusalOf } from './draw-refusal.ts'
import { anyOf, CardsInHand, type CardsMissed, CardsResting } from './draw-reserve.ts'
import type { Lots } from './lots.ts'

/** So often cards that cannot be had are replaced by others. */
export const PLANS_MAX = 4
/** So often a decision is made anew because the draw has changed meanwhile. */
export const ROUNDS_MAX = 5
/** A decision that has waited so long to be written is made anew: a start has to lie ahead. */
const DECISION_MS_MAX = 1_000

export type DrawStore = Pick<Store, 'commitDraws' | 'findDraw' | 'listDraws' | 'readGrantCards'>

/** What draws ask of the rest of the collector; answered from memory, at once. */
export interface DrawGuards {
  /** Restored, and not yet told by everybody what is lent (C15). */
  isRecovering(): boolean
  /** Not `null` while the collector doubts its own clock (C4). */
  clockAccusation(): object | null
  /** It suspects its own links. */
  depositsSuspended(): boolean
  /** The node is not heard. */
  isSuspended(nodeId: NodeId): boolean
  /** Its scheduler has taken lent cards too often (C8). */
  needsFence(siteCode: string): boolean
}

/** The second journal, as those see it who answer a bank. */
export interface SecondDisk {
  /** Throws while nothing may be answered. */
  refuse(): void
  /** All that was committed before is there; rejects when it cannot be. */
  written(): Promise<void>
}

export interface DrawsOptions {
  readonly store: DrawStore
  readonly clock: Clock
  /** The collector's own now, which steps of the wall clock do not move. */
  readonly nowMs: () => number
  readonly link: Pick<NodeLink, 'ask'>
  readonly capacity: Pick<CapacityFollower, 'upToDate'>
  readonly lots: Pick<Lots, 'idOf' | 'kindOf'>
  readonly forecast: () => DrawForecast | null
  readonly guards: DrawGuards
  readonly logger: Logger
  /** Older proof of a card is silence. */
  readonly proofMsMax: number
  /** While recovering: a draw that this ledger has forgotten and nodes still show; `null`: none. */
  readonly replay?: (request: DrawRequest) => Promise<Draw | null>
  /** Decisions are on another disk before they are answered; left out: on this one alone. */
  readonly second?: SecondDisk | null
  /** A decision is durable: its entries are in the outbox, and notices may be due. */
  readonly onCommitted?: (draw: Draw) => void
}

export type DrawResult =
  /** `isRepeat`: nothing was changed, it had been done before. */
  | { readonly status: 'done'; readonly draw: Draw; readonly isRepeat: boolean }
  /** `draw` as it is, where the id names one that the asker may know. */
  | { readonly status: 'refused'; readonly refusal: DrawRefusal; readonly draw: Draw | null }

/** What a bank can ask for. */
const DRAW_CALLS = ['hold', 'book', 'post', 'void', 'extend', 'return'] as const
export type DrawCall = (typeof DRAW_CALLS)[number]

export class DrawDesk {
  /** By what came of them: `done`, `repeated`, the code of a refusal, `failed` without an answer. */
  readonly calls = new Tally<'call' | 'outcome'>()
  readonly store: DrawStore
  readonly asking: DrawAsking
  readonly inHand = new CardsInHand()
  readonly resting: CardsResting
  readonly #options: DrawsOptions
  readonly #commits: DrawCommits

  constructor(options: DrawsOptions) {
    const { clock, link, logger, store } = options
    this.#options = options
    for (const call of DRAW_CALLS) this.calls.add({ call, outcome: 'done' }, 0)
    this.store = store
    this.asking = new DrawAsking(link, clock, logger)
    this.resting = new CardsResting(() => clock.monotonicMs())
    this.#commits = new DrawCommits(store)
  }

  /** The result of `work`, counted. */
  async counted(call: DrawCall, work: () => Promise<DrawResult>): Promise<DrawResult> {
    try {
      this.#options.second?.refuse()
      const result = await work()
      await this.written()
      this.calls.add({ call, outcome: outcomeOf(result) })
      return result
    } catch (error) {
      this.calls.add({ call, outcome: 'failed' })
      throw error
    }
  }

  /** Nobody is told of a decision before it is where no single disk can lose it. */
  async written(): Promise<void> {
    await this.#options.second?.written()
  }

  /** Why nothing can be granted at all now, whatever is asked for; in the order of refusals. */
  grantRefusal(): DrawRefusal | null {
    const { guards } = this.#options
    if (guards.isRecovering()) return refusalOf('recovering')
    if (guards.clockAccusation() !== null) return refusalOf('clock_accused')
    return guards.depositsSuspended() ? refusalOf('deposits_suspended') : null
  }

  /** Of what gives cards back: only a ledger that does not know its draws stands in the way. */
  changeRefusal(): DrawRefusal | null {
    return this.#options.guards.isRecovering() ? refusalOf('recovering') : null
  }

  replay(request: DrawRequest): Promise<Draw | null> {
    const { guards, replay } = this.#options
    if (replay === undefined || !guards.isRecovering()) return Promise.resolve(null)
    return replay(request)
  }

  get monotonicMs(): number {
    return this.#options.clock.monotonicMs()
  }

  decided(): HoldDecided {
    const { lots, nowMs, proofMsMax } = this.#options
    return {
      nowMs: nowMs(),
      proofMsMax,
      lotIdOf: (nodeId, profile) => lots.idOf(nodeId, lots.kindOf(profile)),
    }
  }

  kindOf: Lots['kindOf'] = (profile) => this.#options.lots.kindOf(profile)

  /** The lots as they are now; good until the next await. */
  async surroundings(
    request: DrawRequest,
    scope: Scope,
    missed: CardsMissed,
  ): Promise<PlanSurroundings> {
    const { capacity, forecast, guards, nowMs } = this.#options
    const { view, lagMs } = await capacity.upToDate()
    this.inHand.seenUpTo(this.monotonicMs - lagMs)
    return {
      index: view,
      scope,
      nowMs: nowMs(),
      isSuspended: (nodeId) => guards.isSuspended(nodeId),
      needsFence: (siteCode) => guards.needsFence(siteCode),
      forecast: forecast(),
      inHand: this.inHand,
      // Who names a lot wants that lot, also one that was declined a moment ago.
      missed: request.what.kind === 'pool' ? anyOf(missed, this.resting) : missed,
    }
  }

  /** As if the lease began now: it does, unless the client waits with the post. */
  questionsFor(
    cards: readonly { readonly nodeId: NodeId | null; readonly unitId: UnitId | null }[],
    { forMs }: DrawRequest,
  ): readonly LendingQuestion[] {
    const startMs = this.#options.nowMs() + LEASE_LEAD_MS
    return [...Map.groupBy(cards, ({ nodeId }) => nodeId)].flatMap(([nodeId, own]) => {
      const unitIds = own.map(({ unitId }) => unitId).filter((unitId) => unitId !== null)
      return nodeId === null ? [] : [{ nodeId, unitIds, startMs, untilMs: startMs + forMs }]
    })
  }

  /** Nothing of the draw is held any more: its cards can be planned at once. */
  letGo({ claims, request }: Draw): void {
    this.asking.forget(request.drawId)
    this.inHand.release(
      claims.flatMap(({ nodeId, unitId }) =>
        nodeId === null || unitId === null ? [] : [{ nodeId, unitId }],
      ),
    )
  }

  readGrantCards(unitIds: readonly UnitId[]): Promise<readonly GrantCard[]> {
    return this.store.readGrantCards(unitIds, this.#options.nowMs())
  }

  /** The decision is made now, and written only if it still is then. */
  async commit(change: DrawChange): Promise<DrawCommitResult> {
    const result = await this.commitBooking(change)
    assert(result.status !== 'over_booked', 'only bookings are bounded by what is booked')
    return result
  }

  /** As `commit`, of a decision that may book cards. */
  async commitBooking(change: DrawChange): Promise<DrawCommitResult> {
    const decidedAtMs = this.monotonicMs
    const isStillTrue = () => this.monotonicMs - decidedAtMs <= DECISION_MS_MAX
    const result = await this.#commits.commit(change, isStillTrue)
    if (result.status === 'committed') this.#options.onCommitted?.(change.draw)
    return result
  }
}

function outcomeOf(result: DrawResult): string {
  if (result.status === 'refused') return result.refusal.code
  return result.isRepeat ? 'repeated' : 'done'
}

export function refused(refusal: DrawRefusal, draw: Draw | null = null): DrawResult {
  return { status: 'refused', refusal, draw }
}

export function changing(): AppError {
  return new AppError('overloaded', 'the draw keeps changing meanwhile: try again')
}

/** The store knows better than the index of lots: cards are claimed, or no longer free. */
export function storeObstacles(
  result: Extract<DrawCommitResult, { readonly ordinals: readonly number[] }>,
  claims: readonly Claim[],
): readonly Obstacle[] {
  const refusal =
    result.status === 'taken' ? refusalOf('taken') : refusalOf('declined', { reason: 'not_free' })
  return claims.flatMap(({ nodeId, ordinal, unitId }) => {
    if (nodeId === null || unitId === null || !result.ordinals.includes(ordinal)) return []
    return [{ nodeId, unitIds: [unitId], refusal }]
  })
}

/** `null` where nothing stands in the way. */
export function refusalOfAll(obstacles: readonly Obstacle[]): DrawRefusal | null {
  return firstOf(obstacles.map(({ refusal }) => refusal))
}

export interface CardsToHold {
  readonly cards: readonly CardToHold[]
  /** Cards that are no longer deposited, though the index still had them. */
  readonly obstacles: readonly Obstacle[]
}

/** Accepted cards with what their grants rest on; cards not accepted are left out of both. */
export function cardsToHold(
  planned: readonly PlannedCard[],
  facts: readonly GrantCard[],
  acceptances: Acceptances,
): CardsToHold {
  const byUnit = new Map(facts.map((fact) => [fact.unit.unitId, fact]))
  const cards: CardToHold[] = []
  const obstacles: Obstacle[] = []
  for (const { nodeId, unitId } of planned) {
    const acceptance = acceptances.get(nodeId)
    const fact = byUnit.get(unitId)
    if (fact === undefined || fact.deposit === null || fact.window === null) {
      const refusal = refusalOf('declined', { reason: 'not_free' })
      obstacles.push({ nodeId, unitIds: [unitId], refusal })
    } else if (acceptance !== undefined) {
      const { unit, ownerCode, evidence } = fact
      cards.push({
        unitId,
        acceleratorId: unit.acceleratorId,
        nodeId,
        depositId: fact.deposit.depositId,
        siteCode: unit.siteCode,
        ownerCode,
        profile: unit.profile,
        evidenceClass: evidence,
        windowStartMs: fact.window.startMs,
        provenToMs: fact.window.provenToMs,
        sampledAtMs: acceptance.sampledAtMs,
        isFenced: acceptance.isFenced,
      })
    }
  }
  return { cards, obstacles }
}

/** How each node hands lent cards over, by what its policy said last. */
export function handoversOf(
  facts: readonly GrantCard[],
): ReadonlyMap<NodeId, NonNullable<Lease['handover']>> {
  const handovers = new Map<NodeId, NonNullable<Lease['handover']>>()
  for (const { policy, unit } of facts) {
    if (policy === null || policy.handover === null) continue
    const { kind, endpoint, queue } = policy.handover
    handovers.set(unit.nodeId, { kind, endpoint, queue })
  }
  return handovers
}
