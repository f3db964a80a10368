/**
 * A small world for the bank: a real store, the parts that a collector runs over it one life after
 * another, nodes that answer and tell, clients that call; and beside them the second bookkeeper, who
 * hears the same. Time moves only as told.
 */
import type { DrawResult } from '../../collector/src/bank/draw-desk.ts'
import type { HoldRequest } from '../../collector/src/bank/draws.ts'
import type { Draw } from '../../collector/src/model/draw.ts'
import type { NodeId, UnitId } from '../../collector/src/model/ids.ts'
import {
  ANSWER_MS_MAX,
  type LendingAnswer,
  type LendingQuestion,
  type NodeLink,
  type NoticeToNode,
} from '../../collector/src/model/node-link.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { LedgerRig, MINUTE, START_MS } from '../collector/bank/ledger-rig.ts'
import { Chance } from '../simulation/chance.ts'
import { FakeRandom } from '../support/fake-clock.ts'
import { hasOpenPlaces } from './book.ts'
import { type Death, Life, type Spoiling } from './collector.ts'
import type { NodeRecord } from './evidence.ts'
import { FakeNode } from './node.ts'
import { noteTold } from './note-told.ts'
import { SecondBookkeeper } from './second-bookkeeper.ts'

export const SECOND = 1_000
const SILENT_MS = 90 * SECOND
const SUSPENDED_MS = 30 * SECOND
/** Time passes in pieces no longer than this: nodes tell, and everybody looks, after each. */
const PIECE_MS = 10 * SECOND
const QUIET_PIECE_MS = 30 * SECOND
/** A node with no news tells what it does this often. */
const TELL_MS = 8 * SECOND
/** No call waits for longer. */
const CALL_MS_MAX = 120 * SECOND
const WAIT_MS = 100
const CALM_MS = 100 * SECOND

/** What a node was asked and answered. */
export interface Answered {
  readonly nodeId: NodeId
  readonly unitIds: readonly UnitId[]
  readonly askedAtMs: number
  readonly answer: LendingAnswer
}

export interface Site {
  readonly code: string
  readonly nodes: readonly { readonly cards: number; readonly isFenced: boolean }[]
}

export class BankWorld {
  readonly ledger = new LedgerRig()
  readonly books = new SecondBookkeeper()
  readonly chance: Chance
  readonly nodes: FakeNode[] = []
  readonly trace: string[] = []
  readonly answers: Answered[] = []
  life: Life
  /** The collector doubted its clock last then; UTC epoch ms. */
  accusedAtMs = 0
  /** How far the collector's wall clock is off, ms. */
  steppedMs = 0
  /** Notices get lost, are doubled, or come late and in any order. */
  isLineBad = false
  readonly #spoiling: Spoiling
  readonly #records: { nodeId: NodeId; record: NodeRecord }[] = []
  readonly #late: NoticeToNode[] = []
  readonly #silent = new Set<NodeId>()
  #lives = 0

  constructor(seed: number, spoiling: Spoiling = {}) {
    this.chance = new Chance(new FakeRandom(seed))
    this.#spoiling = spoiling
    this.life = this.#born()
  }

  /** True time; the collector's wall clock may be off. */
  get nowMs(): number {
    return START_MS + this.ledger.clock.monotonicMs()
  }

  note(text: string): void {
    this.trace.push(`${((this.nowMs - START_MS) / SECOND).toFixed(1)} s: ${text}`)
  }

  async settle(sites: readonly Site[]): Promise<void> {
    let number = 0
    for (const { code, nodes } of sites) {
      for (const { cards, isFenced } of nodes) {
        number += 1
        const specs = Array.from({ length: cards }, () => ({}))
        const nodeId = await this.ledger.admit(number, specs, code)
        const handover = { kind: 'slurm', isFenced, endpoint: 'login', queue: 'bank' } as const
        await this.ledger.policy(nodeId, { handover, minFreeMs: MINUTE })
        const units = await this.ledger.units(nodeId)
        const unitIds = units.map(({ unitId }) => unitId)
        const { nowMs } = this
        for (const unitId of unitIds) {
          this.books.evidence.card(unitId, { nodeId, siteCode: code, isFenced, atMs: nowMs })
        }
        this.nodes.push(new FakeNode({ nodeId, siteCode: code, unitIds, isFenced, nowMs }))
      }
    }
    for (let minute = 0; minute < 3; minute += 1) await this.passQuietly(MINUTE)
  }

  // ---- time --------------------------------------------------------------------------------------

  /** `isLazy`: the bank's parts do not get to look meanwhile. */
  async pass(ms: number, isLazy = false): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= PIECE_MS) {
      await this.ledger.clock.run(Math.min(PIECE_MS, leftMs))
      await this.hearNodes()
      if (!isLazy) await this.look()
    }
  }

  /** Time in which little happens. */
  async passQuietly(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= QUIET_PIECE_MS) {
      await this.ledger.clock.run(Math.min(QUIET_PIECE_MS, leftMs))
      await this.hearNodes()
      await this.look()
    }
  }

  /** Nodes tell what they have, and who has told nothing for 90 s is silent. */
  async hearNodes(): Promise<void> {
    for (const node of this.nodes) {
      node.live(this.nowMs)
      if (!node.isAway) this.#deliverLate(node)
      const canTell = !node.isAway && !node.isStuck && this.nowMs >= node.offUntilMs
      const isDue = this.nowMs - this.books.evidence.toldToMs(node.nodeId) >= TELL_MS
      if (canTell && (isDue || node.hasNews)) await this.fetch(node)
      await this.#judgeSilence(node)
    }
  }

  async fetch(node: FakeNode, count?: number): Promise<void> {
    const records = node.fetch(count)
    if (records.length === 0) return
    await this.ledger.tell(node.nodeId, records)
    for (const record of records) {
      const lease = noteTold(this.books, node, record, this.nowMs)
      if (lease !== null) this.#records.push({ nodeId: node.nodeId, record: lease })
    }
    if (!this.#silent.has(node.nodeId)) return
    const { silences } = await this.ledger.state(node.nodeId)
    if (silences.length === 0 && this.#silent.delete(node.nodeId)) {
      this.books.evidence.silent(node.nodeId, false)
    }
  }

  /** Everybody looks at what there is to look at now; again where looking has taken time. */
  async look(): Promise<void> {
    const begunMs = this.nowMs
    for (let fromMs = -1; fromMs !== this.nowMs; ) {
      fromMs = this.nowMs
      await this.#lookOnce()
    }
    this.books.look({
      nowMs: this.nowMs,
      begunMs,
      records: this.#records.splice(0),
      isSilenceJudged: !this.isAccused,
      isCalm: this.#isCalm(),
      listeningSinceMs: this.life.bornMs,
      shown: await this.shown(),
    })
    for (const siteCode of new Set(this.nodes.map((node) => node.siteCode))) {
      const [has, should] = [this.life.leases, this.books].map((one) => one.needsFence(siteCode))
      if (has === should) continue
      this.books.objections.push(`that ${siteCode} needs a fence is ${has}, not ${should}`)
    }
  }

  #isCalm(): boolean {
    const sinceMs = this.nowMs - CALM_MS
    const isRefused = this.answers.some(({ answer, askedAtMs }) => {
      return askedAtMs > sinceMs && answer.status !== 'accepted'
    })
    const booked = [...this.books.draws.values()].filter(({ state }) => state === 'booked')
    return (
      !isRefused && this.accusedAtMs < sinceMs && this.life.bornMs < sinceMs && booked.length < 2
    )
  }

  async #lookOnce(): Promise<void> {
    const isBankFirst = this.chance.isHeads
    if (isBankFirst) await this.wait(this.life.bank.drain())
    const parts = [
      (life: Life) => life.leases.drain(),
      (life: Life) => life.bookings.drain(),
    ] as const
    for (const part of this.chance.isHeads ? parts : parts.toReversed()) {
      if (await this.#survives(part(this.life))) continue
      this.rise()
      await this.wait(this.life.leases.drain())
      await this.wait(part(this.life))
    }
    if (!isBankFirst) await this.wait(this.life.bank.drain())
  }

  async shown(): Promise<ReadonlyMap<string, Draw>> {
    const shown = new Map<string, Draw>()
    for (const [drawId, book] of this.books.draws) {
      const { state } = book
      const isOver = state !== 'held' && state !== 'posted' && state !== 'booked'
      if (isOver && !hasOpenPlaces(book)) continue
      const draw = await this.ledger.store.findDraw(drawId)
      if (draw !== null) shown.set(drawId, draw)
    }
    return shown
  }

  /** Lets what was asked come to its end; time passes only where somebody waits for it. */
  async wait<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false
    const mark = () => {
      isDone = true
    }
    work.then(mark, mark)
    await turn()
    for (let waitedMs = 0; !isDone; waitedMs += WAIT_MS) {
      if (waitedMs > CALL_MS_MAX) throw new Error('nothing comes of a call')
      await this.ledger.clock.run(WAIT_MS)
      await turn()
    }
    return work
  }

  // ---- the collector -------------------------------------------------------------------------------

  get isAccused(): boolean {
    return Math.abs(this.steppedMs) > 2 * SECOND
  }

  step(byMs: number): void {
    if (byMs !== 0) this.accusedAtMs = this.nowMs
    this.steppedMs += byMs
    this.ledger.clock.stepWall(byMs)
  }

  /** A new process; the one before is dead, wherever it was. */
  rise(): void {
    this.step(-this.steppedMs)
    this.life = this.#born()
    this.note('the collector begins anew')
  }

  /** A client's call; who dies meanwhile is asked again in the next life. */
  async call(
    work: (life: Life) => Promise<DrawResult>,
    death: Death | null = null,
  ): Promise<DrawResult> {
    if (death === null) return this.wait(work(this.life))
    this.life.arm(death)
    const first = work(this.life)
    const outcome = await this.wait(Promise.race([first, this.life.died.promise]))
    this.life.disarm()
    if (outcome !== 'dead') return outcome
    this.rise()
    return this.wait(work(this.life))
  }

  hold(request: HoldRequest, death: Death | null = null): Promise<DrawResult> {
    return this.call(({ draws }) => draws.hold(request, SCOPE_ALL), death)
  }

  #born(): Life {
    this.#lives += 1
    return new Life({
      store: this.ledger.store,
      clock: this.ledger.clock,
      link: this.#link(),
      spoiling: this.#spoiling,
      isAccused: () => this.isAccused,
      isSuspended: (nodeId) => this.nowMs - this.books.evidence.toldToMs(nodeId) > SUSPENDED_MS,
      seed: this.#lives,
    })
  }

  async #survives(work: Promise<void>): Promise<boolean> {
    const done = work.then(() => 'done' as const)
    const outcome = await this.wait(Promise.race([done, this.life.died.promise]))
    this.life.disarm()
    return outcome === 'done'
  }

  // ---- nodes -----------------------------------------------------------------------------------------

  #link(): NodeLink {
    return { ask: (question) => this.#ask(question), notify: (notice) => this.#notify(notice) }
  }

  async #ask(question: LendingQuestion): Promise<LendingAnswer> {
    const node = this.node(question.nodeId)
    const askedAtMs = this.nowMs
    const answered = (answer: LendingAnswer) => {
      const { nodeId, unitIds } = question
      this.answers.push({ nodeId, unitIds, askedAtMs, answer })
      return answer
    }
    const isLost = node.isAway || askedAtMs < node.offUntilMs
    // Nobody waits for an answer that takes so long.
    if (isLost || node.answerDelayMs >= ANSWER_MS_MAX) {
      answered({ status: 'unreachable' })
      if (isLost) return { status: 'unreachable' }
    }
    if (node.answerDelayMs > 0) {
      await new Promise<void>((resolve) => {
        this.ledger.clock.after(node.answerDelayMs, resolve)
      })
    }
    node.live(this.nowMs)
    const answer = node.answer(question)
    return node.answerDelayMs >= ANSWER_MS_MAX ? answer : answered(answer)
  }

  async #notify(notice: NoticeToNode): Promise<boolean> {
    const node = this.node(notice.nodeId)
    if (node.isAway || this.nowMs < node.offUntilMs) return false
    node.live(this.nowMs)
    if (!this.isLineBad) {
      node.hear(notice)
      return true
    }
    const fate = this.chance.whole(0, 4)
    // Lost, late, doubled, or as ever.
    if (fate === 1) this.#late.push(notice)
    if (fate === 2) node.hear(notice)
    if (fate >= 2) node.hear(notice)
    return true
  }

  #deliverLate(node: FakeNode): void {
    const own = this.#late.filter(({ nodeId }) => nodeId === node.nodeId)
    if (own.length === 0 || this.chance.isHeads) return
    const notice = this.chance.of(own)
    this.#late.splice(this.#late.indexOf(notice), 1)
    node.hear(notice)
  }

  async #judgeSilence({ nodeId }: FakeNode): Promise<void> {
    const toldToMs = this.books.evidence.toldToMs(nodeId)
    if (this.nowMs - toldToMs < SILENT_MS || this.#silent.has(nodeId)) return
    this.#silent.add(nodeId)
    await this.ledger.declareSilent(nodeId)
    this.books.evidence.silent(nodeId, true)
    this.life.bank.onSilent([nodeId])
    this.life.leases.onSilent([nodeId])
  }

  node(nodeId: NodeId): FakeNode {
    const node = this.nodes.find((one) => one.nodeId === nodeId)
    if (node === undefined) throw new Error('no such node')
    return node
  }
}

/** All that is promised by now has happened: nothing in here waits for a disk or a line. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
