/**
 * A node as far as a bank sees it: its cards do something, it writes that down, answers questions,
 * takes notices and keeps leases by itself. What it has written waits until the world fetches it, so
 * that a node can be away, slow, or late with the truth. Its time is true UTC epoch ms.
 */
import { type DurableRecord, type RunName, runCode, type UnitTick } from '@yiben/shared'
import type { NodeId, UnitId } from '../../collector/src/model/ids.ts'
import type {
  LendingAnswer,
  LendingQuestion,
  NoticeToNode,
} from '../../collector/src/model/node-link.ts'
import { tickOf, unitTick } from '../collector/timeline/support.ts'

const HOUR = 3_600_000
const TICK_MS_MAX = 60_000

/** What a card is at; how it is told depends on whether it is lent, was lent, or is its owner's. */
export type Doing = 'free' | 'busy' | 'occupied' | 'allocated' | 'faulty' | 'probe' | 'grey'

export interface FakeCard {
  readonly index: number
  readonly unitId: UnitId
  doing: Doing
  isVetoed: boolean
  /** Its lease is over, and it has not been seen free since. */
  isLeft: boolean
}

/** As the node believes. */
interface NodeLease {
  revision: number
  startMs: number
  /** By card; a card that is not there has ended. */
  readonly endMs: Map<number, number>
  isRecalled: boolean
  isTaken: boolean
}

export class FakeNode {
  readonly nodeId: NodeId
  readonly siteCode: string
  readonly cards: readonly FakeCard[]
  readonly isFenced: boolean
  /** Nothing reaches it, and nothing comes from it. */
  isAway = false
  /** It answers and hears, but tells nothing of its cards. */
  isStuck = false
  /** Until when, in true time, it is off; what it does meanwhile is nothing. */
  offUntilMs = 0
  /** How long it thinks about a question. */
  answerDelayMs = 0
  readonly leases = new Map<string, NodeLease>()
  readonly #spool: DurableRecord[] = []
  #pieces: { name: RunName; ms: number }[][]
  #tickStartMs: number
  #nowMs: number

  constructor(options: {
    readonly nodeId: NodeId
    readonly siteCode: string
    readonly unitIds: readonly UnitId[]
    readonly isFenced: boolean
    readonly nowMs: number
  }) {
    this.nodeId = options.nodeId
    this.siteCode = options.siteCode
    this.isFenced = options.isFenced
    this.cards = options.unitIds.map((unitId, index) => {
      return { index, unitId, doing: 'free', isVetoed: false, isLeft: false }
    })
    this.#pieces = this.cards.map(() => [])
    this.#tickStartMs = options.nowMs
    this.#nowMs = options.nowMs
  }

  /** Lives on; ticks are cut where hours and leases are. */
  live(toMs: number): void {
    while (this.#nowMs < toMs) {
      if (this.#nowMs < this.offUntilMs) {
        this.#sleep(Math.min(toMs, this.offUntilMs))
        continue
      }
      const edges = [...this.leases.values()].flatMap(({ startMs, endMs }) => [
        startMs,
        ...endMs.values(),
      ])
      const hourMs = (Math.floor(this.#nowMs / HOUR) + 1) * HOUR
      const fullMs = Math.min(hourMs, this.#tickStartMs + TICK_MS_MAX)
      const nextMs = Math.min(toMs, fullMs, ...edges.filter((edge) => edge > this.#nowMs))
      for (const card of this.cards) this.#append(card, nextMs - this.#nowMs)
      this.#nowMs = nextMs
      if (nextMs === fullMs) this.#cutTick()
      this.#endDue()
    }
  }

  /** What it has written by now and not handed over; at most `count` records. */
  fetch(count = Number.MAX_SAFE_INTEGER): readonly DurableRecord[] {
    this.#cutTick()
    return this.#spool.splice(0, count)
  }

  /** More to tell than that time has passed. */
  get hasNews(): boolean {
    return this.#spool.some(({ kind }) => kind !== 'tick')
  }

  // ---- its owner -------------------------------------------------------------------------------

  /** Takes cards back, perhaps at an instant that has passed: the owner's hand was quicker. */
  reclaim(indexes: readonly number[], atMs: number): void {
    this.#cutTick()
    for (const index of indexes) {
      const card = this.cards[index]
      if (card !== undefined) card.isVetoed = true
    }
    this.#spool.push({ kind: 'veto', veto: { kind: 'reclaim', units: indexes, atMs } })
    this.#endLeases(indexes, atMs, 'veto')
  }

  offer(): void {
    this.#cutTick()
    const units = this.cards.filter(({ isVetoed }) => isVetoed).map(({ index }) => index)
    if (units.length === 0) return
    for (const card of this.cards) card.isVetoed = false
    this.#spool.push({ kind: 'veto', veto: { kind: 'offer', units, atMs: this.#nowMs } })
  }

  /** The owner's scheduler places a job on the card. */
  allocate(index: number): void {
    this.#cutTick()
    const card = this.cards[index]
    if (card === undefined) return
    card.doing = 'allocated'
    card.isLeft = false
    this.#endLeases([index], this.#nowMs, 'owner_claimed')
  }

  // ---- what the bank asks and tells --------------------------------------------------------------

  answer({ unitIds, untilMs }: LendingQuestion): LendingAnswer {
    const asked = this.cards.filter(({ unitId }) => unitIds.includes(unitId))
    const vetoed = asked.filter(({ isVetoed }) => isVetoed)
    if (vetoed.length > 0) return declinedFor('veto', vetoed)
    const allocated = asked.filter(({ doing }) => doing === 'allocated')
    if (allocated.length > 0) return declinedFor('allocated', allocated)
    const used = asked.filter((card) => card.doing !== 'free' && !this.#isLent(card.index))
    if (used.length > 0) return declinedFor('not_free', used)
    if (untilMs <= this.#nowMs) return { status: 'declined', reason: 'over', unitIds: [] }
    return { status: 'accepted', sampledAtMs: this.#nowMs, isFenced: this.isFenced }
  }

  hear(notice: NoticeToNode): void {
    const { endMs, kind, leaseId, revision, startMs, unitIds } = notice
    const known = this.leases.get(leaseId)
    if (known !== undefined && revision < known.revision) return
    this.#cutTick()
    const units = this.cards.filter(({ unitId }) => unitIds.includes(unitId))
    const lease = known ?? newLease(startMs)
    lease.revision = revision
    this.leases.set(leaseId, lease)
    if (kind === 'lend' || kind === 'extend') this.#lend(leaseId, lease, units, endMs)
    else this.#recall(leaseId, lease, units, { endMs, kind })
    this.#endDue()
  }

  #lend(leaseId: string, lease: NodeLease, units: readonly FakeCard[], endMs: number): void {
    const isFirst = !lease.isTaken
    const refused = units.filter((card) => {
      const isEnded = lease.isTaken && !lease.endMs.has(card.index)
      return card.isVetoed || card.doing === 'allocated' || isEnded
    })
    const taken = units.filter((card) => !refused.includes(card))
    for (const cause of ['veto', 'allocated', 'ended'] as const) {
      const own = refused.filter((card) => causeOf(card) === cause)
      this.#write(leaseId, 'declined', { cause, units: own })
    }
    if (taken.length > 0 || isFirst) this.#write(leaseId, 'taken', { cause: null, units: taken })
    if (taken.length > 0) lease.isTaken = true
    const named = new Set(taken.map(({ index }) => index))
    for (const index of [...lease.endMs.keys()]) {
      if (!named.has(index)) this.#letGo(lease, index)
    }
    for (const { index } of taken) lease.endMs.set(index, endMs)
    lease.isRecalled = false
  }

  #recall(
    leaseId: string,
    lease: NodeLease,
    units: readonly FakeCard[],
    { endMs, kind }: { readonly endMs: number; readonly kind: NoticeToNode['kind'] },
  ): void {
    this.#write(leaseId, 'taken', { cause: null, units })
    const lent = units.filter(({ index }) => lease.endMs.has(index))
    for (const { index } of lent) {
      lease.endMs.set(index, Math.min(endMs, lease.endMs.get(index) ?? endMs))
    }
    if (kind === 'recall') lease.isRecalled = true
    else if (lent.length > 0 && endMs <= this.#nowMs) {
      this.#write(leaseId, 'ended', { cause: 'return', units: lent, atMs: endMs })
      for (const { index } of lent) this.#letGo(lease, index)
    }
  }

  // ---- its own book ------------------------------------------------------------------------------

  #endDue(): void {
    for (const [leaseId, lease] of this.leases) {
      const due = Map.groupBy(
        [...lease.endMs].filter(([, endMs]) => endMs <= this.#nowMs),
        ([, endMs]) => endMs,
      )
      for (const [endMs, own] of due) {
        const units = this.cards.filter(({ index }) => own.some(([at]) => at === index))
        const cause = lease.isRecalled ? 'recall' : 'expire'
        this.#write(leaseId, 'ended', { cause, units, atMs: endMs })
        for (const { index } of units) this.#letGo(lease, index)
      }
    }
  }

  #endLeases(indexes: readonly number[], atMs: number, cause: string): void {
    for (const [leaseId, lease] of this.leases) {
      const units = this.cards.filter(({ index }) => {
        return indexes.includes(index) && lease.endMs.has(index)
      })
      if (units.length === 0) continue
      this.#write(leaseId, 'ended', { cause, units, atMs })
      for (const { index } of units) this.#letGo(lease, index)
    }
  }

  #letGo(lease: NodeLease, index: number): void {
    lease.endMs.delete(index)
    const card = this.cards[index]
    if (card !== undefined && card.doing !== 'allocated') card.isLeft = true
  }

  #write(
    leaseId: string,
    event: 'taken' | 'declined' | 'ended',
    what: {
      readonly cause: string | null
      readonly units: readonly FakeCard[]
      readonly atMs?: number
    },
  ): void {
    if (what.units.length === 0) return
    this.#cutTick()
    const revision = this.leases.get(leaseId)?.revision ?? 0
    const units = what.units.map(({ index }) => index)
    const { atMs = this.#nowMs, cause } = what
    this.#spool.push({
      kind: 'lease',
      lease: { atMs, leaseId, event, revision, units, cause },
    })
  }

  #isLent(index: number): boolean {
    return [...this.leases.values()].some(({ startMs, endMs }) => {
      return startMs <= this.#nowMs && this.#nowMs < (endMs.get(index) ?? 0)
    })
  }

  #append(card: FakeCard, ms: number): void {
    if (card.doing === 'free') card.isLeft = false
    const name = this.#nameOf(card)
    const pieces = this.#pieces[card.index] ?? []
    const last = pieces.at(-1)
    if (last?.name === name) last.ms += ms
    else pieces.push({ name, ms })
  }

  #nameOf(card: FakeCard): RunName {
    const isOverstay = card.isLeft && !this.#isLent(card.index)
    switch (card.doing) {
      case 'busy':
        return isOverstay ? 'busy/overstay' : 'busy/active'
      case 'occupied':
        return isOverstay ? 'occupied/overstay' : 'occupied/in_use'
      default:
        return NAMES[card.doing]
    }
  }

  /** Off: everything stops, and it comes back as another boot that knows nothing of this time. */
  #sleep(toMs: number): void {
    this.#cutTick()
    const bootId = `boot-${this.offUntilMs}`
    this.#spool.push({
      kind: 'gap',
      gap: { startMs: this.#nowMs, endMs: toMs, cause: 'reboot', bootId },
    })
    this.#nowMs = toMs
    this.#tickStartMs = toMs
    for (const card of this.cards) {
      if (card.doing === 'busy' || card.doing === 'occupied') card.doing = 'free'
    }
    this.#endDue()
  }

  #cutTick(): void {
    if (this.#nowMs === this.#tickStartMs) return
    const units: UnitTick[] = this.cards.map(({ index, isVetoed }) => {
      const runs = (this.#pieces[index] ?? []).map(({ name, ms }) => {
        return { code: runCode(name), durationMs: ms }
      })
      return unitTick(index, runs, { depositable: !isVetoed })
    })
    const spanMs = this.#nowMs - this.#tickStartMs
    this.#spool.push({ kind: 'tick', tick: tickOf(this.#tickStartMs, units, { spanMs }) })
    this.#pieces = this.cards.map(() => [])
    this.#tickStartMs = this.#nowMs
  }
}

const NAMES = {
  free: 'free/proven',
  allocated: 'allocated/scheduler',
  faulty: 'faulty/health',
  probe: 'unknown/probe',
  grey: 'busy/grey',
} as const satisfies Partial<Record<Doing, RunName>>

function newLease(startMs: number): NodeLease {
  return { revision: 0, startMs, endMs: new Map(), isRecalled: false, isTaken: false }
}

function causeOf(card: FakeCard): 'veto' | 'allocated' | 'ended' {
  if (card.isVetoed) return 'veto'
  return card.doing === 'allocated' ? 'allocated' : 'ended'
}

function declinedFor(reason: string, cards: readonly FakeCard[]): LendingAnswer {
  return { status: 'declined', reason, unitIds: cards.map(({ unitId }) => unitId) }
}
