/** When models are made anew, and what became of it: one training at a time, in the background. */
import { AppError, type Clock, errorSentence, type Logger } from '@yiben/shared'
import type { Forecaster } from '../forecaster.ts'
import { HOUR_MS } from '../numbers.ts'
import type { HeavyWork } from './work.ts'

/** After a failure the forecast goes on with the models it has, and tries again so much later. */
const RETRY_MS = HOUR_MS

export interface TrainingRecord {
  /** Since the start of this process. */
  readonly trainings: number
  readonly failures: number
  /** Of the last training that succeeded; `null` before one has. */
  readonly tookMs: number | null
}

export class Training {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #work: HeavyWork
  #underWay: Promise<void> | null = null
  #notBeforeMs = Number.NEGATIVE_INFINITY
  #trainings = 0
  #failures = 0
  #tookMs: number | null = null

  constructor(parts: { readonly clock: Clock; readonly logger: Logger; readonly work: HeavyWork }) {
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#work = parts.work
  }

  get record(): TrainingRecord {
    return { trainings: this.#trainings, failures: this.#failures, tookMs: this.#tookMs }
  }

  /** Begins one where it is due; does not wait for it. */
  startIfDue(forecaster: Forecaster): void {
    if (this.#underWay !== null || this.#clock.monotonicMs() < this.#notBeforeMs) return
    if (!forecaster.isTrainingDue()) return
    this.#underWay = this.#train(forecaster).finally(() => {
      this.#underWay = null
    })
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    await this.#underWay
  }

  async #train(forecaster: Forecaster): Promise<void> {
    const startMs = this.#clock.monotonicMs()
    try {
      const models = await this.#work.train(forecaster.trainingSet())
      forecaster.adopt(models)
      this.#trainings += 1
      this.#tookMs = this.#clock.monotonicMs() - startMs
      const fields = { examples: models.examples, took_ms: Math.round(this.#tookMs) }
      this.#logger.info(fields, 'the forecast has learned from its record')
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (error.code === 'draining') return
      this.#failures += 1
      this.#notBeforeMs = this.#clock.monotonicMs() + RETRY_MS
      const fields = { err: error, retry_after_ms: RETRY_MS }
      this.#logger.error(fields, `the forecast keeps its models: ${errorSentence(error)}`)
    }
  }
}
