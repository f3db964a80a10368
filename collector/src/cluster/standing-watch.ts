/**
 * Says again and again that this process is there, looks who else is, and finds out when its part is
 * over. Nothing rests on clocks: a process is given up when its beat has not risen in several looks
 * of another one. A part that ends too early costs agents a connection; nothing is decided by it.
 */
import { type Clock, errorSentence, type Logger, sleep } from '@yiben/shared'
import type { Members, Standing } from '../storage/members.ts'

const LOOK_MS = 1_000
/** Looks that see the same beat of the one that leads: it hangs, or is cut off. */
const LEADER_LOOKS = 5
/** Looks without any connection of the one that leads: it has died, or the database has. */
const DEAD_LOOKS = 2
/** Looks that see the same beat of another one. */
const OTHER_LOOKS = 10
/** Without an answer of the database for so long, what others see of this one is a silence. */
const CUT_OFF_MS = 8_000
/** Of one that knows of no other: a fail-over is over by then, and somebody may have come since. */
const CUT_OFF_ALONE_MS = 60_000

/** Why the part of a process is over. */
export type Ending =
  /** Another one may lead now; what still holds `suspect` is to be ended. */
  | { readonly kind: 'leader_gone'; readonly suspect: number | null }
  | { readonly kind: 'leader_changed' | 'deposed' | 'given_up' | 'cut_off' }

export interface StandingWatchOptions {
  readonly members: Pick<Members, 'beat' | 'forget' | 'instance'>
  readonly clock: Clock
  readonly log: Logger
  /** Of the one that leads as this part begins. */
  readonly number: number
  readonly leads: boolean
  readonly onEnd: (ending: Ending) => void
}

interface Beat {
  readonly beat: number
  /** Looks in a row that have seen it. */
  readonly looks: number
}

export class StandingWatch {
  readonly #options: StandingWatchOptions
  #beats: ReadonlyMap<string, Beat> = new Map()
  #deadLooks = 0
  #goneLooks = 0
  #standing: Standing
  #answeredAtMs: number
  #isStopped = false

  constructor(options: StandingWatchOptions, standing: Standing) {
    this.#options = options
    this.#standing = standing
    this.#answeredAtMs = options.clock.monotonicMs()
  }

  /** As it was seen last. */
  get standing(): Standing {
    return this.#standing
  }

  /** Until it is stopped, or this part is over. */
  async run(): Promise<void> {
    const { clock, onEnd } = this.#options
    while (!this.#isStopped) {
      const ending = await this.look()
      if (this.#isStopped) return
      if (ending !== null) {
        onEnd(ending)
        return
      }
      await sleep(clock, LOOK_MS)
    }
  }

  stop(): void {
    this.#isStopped = true
  }

  /** One look; `null`: nothing ends. */
  async look(): Promise<Ending | null> {
    const { clock, log, members } = this.#options
    try {
      const standing = await members.beat()
      this.#standing = standing
      this.#answeredAtMs = clock.monotonicMs()
      return await this.#judge(standing)
    } catch (error) {
      log.debug({ err: error, reason: errorSentence(error) }, 'the database does not answer a beat')
      const unansweredMs = clock.monotonicMs() - this.#answeredAtMs
      const isAlone = this.#standing.members.length < 2
      return unansweredMs < (isAlone ? CUT_OFF_ALONE_MS : CUT_OFF_MS) ? null : { kind: 'cut_off' }
    }
  }

  async #judge(standing: Standing): Promise<Ending | null> {
    const { leads, number } = this.#options
    this.#beats = beatsOf(standing, this.#beats)
    if (leads) {
      if (standing.number !== number || standing.isGivenUp) return { kind: 'deposed' }
      await this.#forgetSilent(standing)
      return null
    }
    if (standing.isGivenUp) return { kind: 'given_up' }
    if (standing.number !== number) return { kind: 'leader_changed' }
    return this.#judgeLeader(standing)
  }

  #judgeLeader({ isLeading, leader, number }: Standing): Ending | null {
    this.#deadLooks = isLeading ? 0 : this.#deadLooks + 1
    this.#goneLooks = leader === null ? this.#goneLooks + 1 : 0
    const hasLeft = leader === null && !isLeading
    if (hasLeft || this.#deadLooks >= DEAD_LOOKS) return { kind: 'leader_gone', suspect: null }
    const looks = leader === null ? this.#goneLooks : (this.#beats.get(leader.instance)?.looks ?? 0)
    return looks > LEADER_LOOKS ? { kind: 'leader_gone', suspect: number } : null
  }

  async #forgetSilent({ members }: Standing): Promise<void> {
    for (const { instance, name } of members) {
      if (instance === this.#options.members.instance) continue
      if ((this.#beats.get(instance)?.looks ?? 0) <= OTHER_LOOKS) continue
      this.#options.log.warn({ collector: name }, 'another collector is not heard any more')
      await this.#options.members.forget(instance)
    }
  }
}

/** For whoever reads the log. */
export const ENDINGS: Readonly<Record<Ending['kind'], string>> = {
  leader_gone: 'the collector that leads is gone: another one takes its place',
  leader_changed: 'another collector leads now',
  deposed: 'another collector has taken over: this one decides nothing any more',
  given_up: 'the others have given this collector up: it begins anew',
  cut_off: 'the database is out of reach: agents are sent to the other collectors',
}

function beatsOf({ members }: Standing, before: ReadonlyMap<string, Beat>) {
  return new Map(
    members.map(({ beat, instance }): [string, Beat] => {
      const last = before.get(instance)
      return [instance, { beat, looks: last?.beat === beat ? last.looks + 1 : 1 }]
    }),
  )
}
