/**
 * When each child was last heard, and what follows from its silence: after 90 s it is away from the
 * second it was last heard, and all that is of it or below it is unknown until it has told again. By
 * the monotonic clock; after a start every child is given the same time to come back.
 */
import { type Clock, errorSentence, type Logger } from '@yiben/shared'
import type { ChildId, SessionGeneration } from '../model/ids.ts'
import type { Store } from '../storage/store.ts'

/** How often it is looked. */
const ROUND_MS = 1_000
/**
 * How often it is written when children were heard, as their figures are told up to then: 10 s where
 * they are away after 90 s.
 */
const TOUCHES_PER_AWAY = 9
/** A round this much too late means that this process slept, and could hear nobody. */
const STALL_MS = 5_000

export interface ChildWatchOptions {
  readonly store: Pick<Store, 'listChildren' | 'touchChildren' | 'beginChildSilences'>
  readonly clock: Clock
  readonly log: Logger
  readonly awayAfterMs: number
}

interface Watched {
  /** `null`: no session since the start. */
  generation: SessionGeneration | null
  heardAtMs: number
  heardWallMs: number
  isTouched: boolean
  /** The store has been told of this silence. */
  isAway: boolean
}

export interface ChildCensus {
  readonly heard: number
  readonly away: number
  /** Of the one that was heard longest ago; `null` without children. */
  readonly unheardMs: number | null
}

export class ChildWatch {
  readonly #options: ChildWatchOptions
  readonly #log: Logger
  readonly #children = new Map<ChildId, Watched>()
  #touchedAtMs = Number.NEGATIVE_INFINITY
  #roundAtMs: number
  #isLoaded = false
  #isJudging = false
  #isFailing = false
  #round: Promise<void> = Promise.resolve()

  constructor(options: ChildWatchOptions) {
    this.#options = options
    this.#log = options.log
    this.#roundAtMs = options.clock.monotonicMs()
  }

  /** Called about once a second; never two rounds at once. */
  sweep(): void {
    const isIdle = this.#isLoaded && this.#children.size === 0
    if (this.#isJudging || isIdle) return
    this.#isJudging = true
    this.#round = this.judge()
      .then(
        () => {
          this.#isFailing = false
        },
        (error: unknown) => this.#noteFailure(error),
      )
      .finally(() => {
        this.#isJudging = false
      })
  }

  /** The round under way is over. */
  settled(): Promise<void> {
    return this.#round
  }

  connected(childId: ChildId, generation: SessionGeneration): void {
    const { clock } = this.#options
    this.#children.set(childId, {
      generation,
      heardAtMs: clock.monotonicMs(),
      heardWallMs: clock.wallMs(),
      isTouched: false,
      isAway: false,
    })
  }

  /** Any frame or pong of a session that is open. */
  heard(childId: ChildId): void {
    const watched = this.#children.get(childId)
    if (watched === undefined) return
    watched.heardAtMs = this.#options.clock.monotonicMs()
    watched.heardWallMs = this.#options.clock.wallMs()
    watched.isTouched = false
  }

  census(): ChildCensus {
    const all = [...this.#children.values()]
    const away = all.filter(({ isAway }) => isAway).length
    const nowMs = this.#options.clock.wallMs()
    const unheardMs = all.reduce<number | null>(
      (longest, { heardWallMs }) => Math.max(longest ?? 0, nowMs - heardWallMs),
      null,
    )
    return { heard: all.length - away, away, unheardMs }
  }

  /** One round. */
  async judge(): Promise<void> {
    if (!this.#isLoaded) await this.#load()
    const nowMs = this.#options.clock.monotonicMs()
    this.#forgiveStall(nowMs)
    const touchMs = this.#options.awayAfterMs / TOUCHES_PER_AWAY
    if (nowMs - this.#touchedAtMs >= touchMs) await this.#touch(nowMs)
    await this.#declare(nowMs)
  }

  /** Tried again with the next round; said once. */
  #noteFailure(error: unknown): void {
    if (this.#isFailing) return
    this.#isFailing = true
    const fields = { err: error, reason: errorSentence(error) }
    this.#log.error(fields, 'silences of children cannot be written')
  }

  /** Who is there from before: away already, or not heard since this process began. */
  async #load(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs()
    for (const { child, session } of await this.#options.store.listChildren()) {
      if (child.isOneWay || child.status === 'revoked' || this.#children.has(child.childId))
        continue
      this.#children.set(child.childId, {
        generation: null,
        heardAtMs: nowMs,
        heardWallMs: session.lastHeardMs ?? child.enrolledAtMs,
        isTouched: true,
        isAway: false,
      })
    }
    this.#isLoaded = true
  }

  /** Time in which this process did not run is nobody's silence. */
  #forgiveStall(nowMs: number): void {
    const stalledMs = nowMs - this.#roundAtMs - ROUND_MS
    this.#roundAtMs = nowMs
    if (stalledMs <= STALL_MS) return
    for (const child of this.#children.values()) {
      child.heardAtMs = Math.min(nowMs, child.heardAtMs + stalledMs)
    }
  }

  async #touch(nowMs: number): Promise<void> {
    const heard = [...this.#children].flatMap(([childId, child]) => {
      const { generation, heardWallMs, isTouched } = child
      if (isTouched || generation === null) return []
      child.isTouched = true
      return [{ childId, generation, lastHeardMs: Math.round(heardWallMs) }]
    })
    if (heard.length > 0) await this.#options.store.touchChildren(heard)
    this.#touchedAtMs = nowMs
  }

  async #declare(nowMs: number): Promise<void> {
    const { awayAfterMs } = this.#options
    const due = [...this.#children].filter(
      ([, { heardAtMs, isAway }]) => !isAway && nowMs - heardAtMs >= awayAfterMs,
    )
    if (due.length === 0) return
    const declaredAtMs = this.#options.clock.wallMs()
    // What was heard is written first: nothing is told up to a later instant than the silence begins.
    await this.#touch(nowMs)
    await this.#options.store.beginChildSilences(
      due.map(([childId, { heardWallMs }]) => ({
        childId,
        fromMs: Math.min(Math.round(heardWallMs), declaredAtMs),
        declaredAtMs,
      })),
    )
    for (const [childId, child] of due) {
      child.isAway = true
      this.#log.warn({ child_id: childId }, 'a child is away')
    }
  }
}
