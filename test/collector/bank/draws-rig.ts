/**
 * Draws over a real store in memory: nodes whose cards are deposited, a link that answers as told,
 * and as many collector processes as a test wants, one after another or at once.
 */
import { silentLogger } from '@yiben/shared'
import { Bank } from '../../../collector/src/bank/bank.ts'
import { CapacityFollower } from '../../../collector/src/bank/capacity-follower.ts'
import type { DrawStore, SecondDisk } from '../../../collector/src/bank/draw-desk.ts'
import { decideLapse } from '../../../collector/src/bank/draw-lapse.ts'
import type { DrawForecast } from '../../../collector/src/bank/draw-plan.ts'
import { canonicalDraw, type DrawInput } from '../../../collector/src/bank/draw-request.ts'
import { Draws, type HoldRequest } from '../../../collector/src/bank/draws.ts'
import type { Draw, Posting } from '../../../collector/src/model/draw.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import type {
  LendingAnswer,
  LendingQuestion,
  NodeLink,
} from '../../../collector/src/model/node-link.ts'
import type { DrawChange } from '../../../collector/src/storage/draw-requests.ts'
import { FakeRandom } from '../../support/fake-clock.ts'
import { HOUR, LedgerRig, LOTS, MINUTE, QUICK, SITE } from './ledger-rig.ts'

export const SECOND = 1_000
const H800 = {
  vendor: 'nvidia',
  name: 'NVIDIA H800',
  memoryTotalMib: 81_559,
  powerCapWatts: 700,
} as const

type Answer = LendingAnswer | Promise<LendingAnswer>

export class FakeLink implements Pick<NodeLink, 'ask'> {
  readonly asked: LendingQuestion[] = []
  /** By node; the others accept. */
  readonly answers = new Map<NodeId, (question: LendingQuestion) => Answer>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  ask(question: LendingQuestion): Promise<LendingAnswer> {
    this.asked.push(question)
    const answer = this.answers.get(question.nodeId)?.(question)
    return Promise.resolve(answer ?? accepted(this.#nowMs()))
  }
}

export function accepted(sampledAtMs: number, isFenced = true): LendingAnswer {
  return { status: 'accepted', sampledAtMs, isFenced }
}

export function declined(reason: string, ...unitIds: readonly number[]): LendingAnswer {
  return { status: 'declined', reason, unitIds: unitIds as LendingQuestion['unitIds'] }
}

export class DrawsRig {
  readonly ledger = new LedgerRig()
  readonly link = new FakeLink(() => this.ledger.now)
  readonly guards = {
    isRecovering: false,
    isAccused: false,
    isSuspect: false,
    suspended: new Set<NodeId>(),
  }
  /** What each committed decision moved, in order. */
  readonly postings: Posting[] = []
  forecast: DrawForecast | null = null
  readonly #nodes: NodeId[] = []
  readonly #bank = new Bank({
    store: this.ledger.store,
    clock: this.ledger.clock,
    random: new FakeRandom(1),
    liveness: {
      isSuspended: () => false,
      depositsSuspended: () => false,
      clockAccusation: () => null,
      clockOffsetMs: () => 0,
    },
    lots: LOTS,
    settings: QUICK,
    logger: silentLogger,
  })

  get now(): number {
    return this.ledger.now
  }

  /** Node `number` with so many cards, fenced, lent for 8 h at the longest. */
  async node(number: number, cards = 1, site = SITE): Promise<NodeId> {
    const nodeId = await this.ledger.admit(
      number,
      Array.from({ length: cards }, () => ({})),
      site,
    )
    const handover = { kind: 'slurm', isFenced: true, endpoint: 'login', queue: 'bank' } as const
    await this.ledger.policy(nodeId, { handover, minFreeMs: MINUTE })
    this.#nodes.push(nodeId)
    return nodeId
  }

  /** All nodes have been free for long enough: their cards are deposited. */
  async deposit(): Promise<void> {
    for (let minute = 0; minute < 2; minute += 1) await this.minute()
  }

  /** A minute in which every card is free. */
  async minute(): Promise<void> {
    this.ledger.clock.advance(MINUTE)
    for (const nodeId of this.#nodes) await this.ledger.tellLate(nodeId, [['free/proven', 60]])
    await this.#bank.drain()
  }

  drawStore(): DrawStore {
    const { store: real } = this.ledger
    return {
      commitDraws: async (changes) => this.#note(changes, await real.commitDraws(changes)),
      findDraw: (drawId) => real.findDraw(drawId),
      listDraws: (scope, filter, page) => real.listDraws(scope, filter, page),
      readGrantCards: (unitIds, atMs) => real.readGrantCards(unitIds, atMs),
    }
  }

  /** Holds whose time is over lapse, as whoever looks at what is due would have it. */
  async lapse(): Promise<void> {
    const { store } = this.ledger
    const decided = { nowMs: this.now, lotIdOf: () => 'l-1' }
    const outcomes = (await store.readDueDraws('lending', this.now, 100)).map((draw) =>
      decideLapse(draw, decided),
    )
    const changes = outcomes.flatMap((one) => (one.status === 'decided' ? [one.change] : []))
    await store.commitDraws(changes)
  }

  /** A fresh process over the same store, or over one that fails. */
  process(store: DrawStore = this.drawStore(), second: SecondDisk | null = null): Draws {
    const { clock, store: real } = this.ledger
    const { guards } = this
    return new Draws({
      store,
      clock,
      nowMs: () => clock.wallMs(),
      link: this.link,
      capacity: new CapacityFollower({
        store: real,
        clock,
        logger: silentLogger,
        lots: LOTS,
        hubOf: () => null,
      }),
      lots: LOTS,
      forecast: () => this.forecast,
      guards: {
        isRecovering: () => guards.isRecovering,
        clockAccusation: () => (guards.isAccused ? {} : null),
        depositsSuspended: () => guards.isSuspect,
        isSuspended: (nodeId) => guards.suspended.has(nodeId),
        needsFence: () => false,
      },
      logger: silentLogger,
      second,
      proofMsMax: 90 * SECOND,
    })
  }

  async draw(drawId: string): Promise<Draw> {
    const draw = await this.ledger.store.findDraw(drawId)
    if (draw === null) throw new Error(`there is no draw ${drawId}`)
    return draw
  }

  #note<Results extends readonly { readonly status: string }[]>(
    changes: readonly DrawChange[],
    results: Results,
  ): Results {
    for (const [index, { postings }] of changes.entries()) {
      if (results[index]?.status === 'committed') this.postings.push(...postings)
    }
    return results
  }
}

export function lotOf(nodeId: NodeId): string {
  return LOTS.idOf(nodeId, LOTS.kindOf(H800))
}

export function poolOf(drawId: string, cards = 1, change: Partial<DrawInput> = {}): HoldRequest {
  return holdRequest({ drawId, what: { kind: 'pool', cards }, ...change })
}

export function cardsOf(
  drawId: string,
  lots: readonly (readonly [NodeId, number])[],
  change: Partial<DrawInput> = {},
): HoldRequest {
  const named = lots.map(([nodeId, cards]) => ({ lotId: lotOf(nodeId), cards }))
  return holdRequest({ drawId, what: { kind: 'cards', lots: named }, ...change })
}

function holdRequest(change: Pick<DrawInput, 'drawId' | 'what'> & Partial<DrawInput>): HoldRequest {
  const canonical = canonicalDraw({
    bank: 'bank',
    borrower: 'borrower',
    contract: 'contract',
    forMs: HOUR,
    ...change,
  })
  if (canonical.status !== 'ok') throw new Error(`${canonical.field} ${canonical.sentence}`)
  return { ...canonical.request, startMs: null }
}
