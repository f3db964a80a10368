/**
 * The rounds: something is done once per sample period, at a phase of its own, so that a fleet does
 * not sample in step. Rounds keep their phase, never pile up after a sleep (a late one is one
 * round), and end with `stop`.
 */
import { type Clock, errorSentence, type Logger, type Timer } from '@yiben/shared'

export interface SamplerOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly periodMs: number
  /** Rounds lie at this phase of the period. */
  readonly phaseMs: number
  readonly onRound: () => void
}

export class Sampler {
  readonly #options: SamplerOptions
  readonly #log: Logger
  #timer: Timer | null = null
  #isStopped = false

  constructor(options: SamplerOptions) {
    this.#options = options
    this.#log = options.log.child({ component: 'sampler' })
  }

  /** The first round is at once: a starting agent shows what it found. */
  start(): void {
    this.#round()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #round(): void {
    if (this.#isStopped) return
    this.#schedule()
    try {
      this.#options.onRound()
    } catch (error) {
      // A bug of one round must not end all rounds: the time it cost is unknown, openly.
      this.#log.error({ reason: errorSentence(error) }, 'a sampling round failed')
    }
  }

  #schedule(): void {
    const { clock, periodMs, phaseMs } = this.#options
    const leftMs = periodMs - positiveModulo(clock.monotonicMs() - phaseMs, periodMs)
    // A timer that fires a hair early belongs to the round that is now.
    const delayMs = leftMs < periodMs / 10 ? leftMs + periodMs : leftMs
    this.#timer = clock.after(delayMs, () => this.#round())
  }
}

function positiveModulo(value: number, modulus: number): number {
  return ((value % modulus) + modulus) % modulus
}
