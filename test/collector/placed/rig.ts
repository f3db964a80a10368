/**
 * A parent and a child, each a ledger of its own with its interface, and a line between them that loses
 * and repeats what a test says. The child has two nodes of two cards at two sites; the parent has none.
 */
import { silentLogger } from '@yiben/shared'
import type {
  ChildLine,
  ChildQuestion,
  ChildReply,
  DrawingChild,
} from '../../../collector/src/model/child-line.ts'
import { Answerer, type Consent } from '../../../collector/src/placed/answerer.ts'
import { type DrawsBelow, drawsBelow } from '../../../collector/src/placed/below.ts'
import { drawIdBelow } from '../../../collector/src/placed/ids.ts'
import type { Answer } from '../api/api-rig.ts'
import { ApiRig } from '../api/api-rig.ts'
import { LendingParts } from '../api/lending-parts.ts'
import { TwoSites } from '../api/two-sites.ts'

export const PARENT_KEY = 'aa'.repeat(32)
export const CHILD = 'c-00000000000000c1'
export const EVERYTHING: Consent = { siteCodes: [], cardsMax: 1_024, forMsMax: 31 * 86_400_000 }

/** What becomes of a question. */
export type Fault = 'lose_question' | 'lose_answer' | 'twice' | 'none'

const UNHEARD: ChildReply = { status: 'unheard' }

interface Answering {
  readonly name: string
  readonly answerer: Answerer
}

export class FakeLine implements ChildLine {
  readonly children = new Map<string, Answering>()
  readonly asked: ChildQuestion[] = []
  /** Told for each question, in order; `none` after the last. */
  faults: Fault[] = []
  isCut = false
  /** A process that is killed while it asks: nothing comes back, ever. */
  isHanging = false
  readonly #listeners: (() => void)[] = []

  drawing(): readonly DrawingChild[] {
    if (this.isCut) return []
    return [...this.children].map(([childId, { answerer, name }]) => {
      return { childId, name, isOpen: answerer.isOpen }
    })
  }

  onConnected(listener: () => void): void {
    this.#listeners.push(listener)
  }

  reconnect(): void {
    this.isCut = false
    for (const listener of this.#listeners) listener()
  }

  async ask(question: ChildQuestion): Promise<ChildReply> {
    this.asked.push(question)
    if (this.isHanging) return await new Promise(() => {})
    const [childId = '', ...path] = question.path
    const child = this.children.get(childId)
    const fault = this.faults.shift() ?? 'none'
    if (child === undefined || this.isCut || fault === 'lose_question') return UNHEARD
    const { body, kind, withinMs } = question
    const ask = { askId: this.asked.length, kind, path, withinMs, body }
    const answer = child.answerer.answer(ask).catch(() => ({ ...UNHEARD, body: new Uint8Array() }))
    const again = fault === 'twice' ? await child.answerer.answer(ask) : await answer
    await answer
    if (fault === 'lose_answer' || this.isCut) return UNHEARD
    return again.status === 'answered' ? again : { status: again.status }
  }
}

export class PlacedRig {
  readonly line: FakeLine
  readonly sites: TwoSites
  readonly parent: ApiRig
  readonly below: DrawsBelow

  private constructor(sites: TwoSites, parent: ApiRig, line: FakeLine, below: DrawsBelow) {
    this.sites = sites
    this.parent = parent
    this.line = line
    this.below = below
  }

  static async start(consent: Consent | null = EVERYTHING): Promise<PlacedRig> {
    const line = new FakeLine()
    const sites = await TwoSites.start()
    const parts: { below?: DrawsBelow } = {}
    const parent = await ApiRig.start(({ clock, store }) => {
      parts.below = belowOf({ store, clock, line })
      return { below: parts.below }
    })
    if (parts.below === undefined) throw new Error('the parent has started')
    const rig = new PlacedRig(sites, parent, line, parts.below)
    // As one time for both.
    parent.rig.clock.advance(sites.api.rig.clock.wallMs() - parent.rig.clock.wallMs())
    rig.enroll(CHILD, 'east', sites.api, consent)
    return rig
  }

  enroll(
    childId: string,
    name: string,
    api: ApiRig,
    consent: Consent | null,
    below: FakeLine = new FakeLine(),
  ): void {
    const answerer = new Answerer({
      parentKey: PARENT_KEY,
      consent,
      clock: api.rig.clock,
      name,
      context: () => api.context,
      line: () => below,
    })
    this.line.children.set(childId, { name, answerer })
  }

  get child(): ApiRig {
    return this.sites.api
  }

  /** Who accepted a moment ago is forgotten. */
  childRestarts(): void {
    const { api } = this.sites
    api.control.lending = new LendingParts(api.rig, api.context)
  }

  async lots(cards = 1): Promise<{ lot_id: string; cards: number }[]> {
    const { body } = await this.parent.get(`/v1/capacity?cards=${cards}`, 'bank')
    return body.lots.map((lot: { lot_id: string; take_cards: number }) => {
      return { lot_id: lot.lot_id, cards: lot.take_cards }
    })
  }

  async hold(drawId: string, change: object = {}, as: 'bank' | { token: string } = 'bank') {
    const body = {
      draw_id: drawId,
      bank: 'bank',
      borrower: 'borrower',
      contract: 'c-1',
      hours: 1,
      ...change,
    }
    const lots = 'lots' in body ? body.lots : await this.lots()
    return await this.parent.ask('POST', '/v1/draws', as, { ...body, lots })
  }

  step(drawId: string, name: string, body?: object): Promise<Answer> {
    return this.parent.ask('POST', `/v1/draws/${drawId}/${name}`, 'bank', body)
  }

  async shown(drawId: string): Promise<Answer['body']> {
    return (await this.parent.get(`/v1/draws/${drawId}`, 'bank')).body
  }

  /** As the child's own ledger has it. */
  atChild(drawId: string) {
    return this.child.context.store.findDraw(drawIdBelow(PARENT_KEY, drawId))
  }

  /** What a courier does by itself in this time; another process of the parent, over the same store. */
  async pass(ms: number): Promise<void> {
    const { clock, store } = this.parent.rig
    const { courier } = belowOf({ store, clock, line: this.line })
    const run = courier.run()
    await clock.run(ms)
    await courier.stop()
    await run
  }

  async close(): Promise<void> {
    await this.parent.close()
    await this.child.close()
  }
}

function belowOf(parts: Pick<Parameters<typeof drawsBelow>[0], 'store' | 'clock' | 'line'>) {
  return drawsBelow({ ...parts, log: silentLogger, onCommitted: () => {} })
}
