/**
 * The forecast as a grant remembers it: which models spoke, and how well they have done of late over
 * the time that was asked for. Asked anew at most once a minute: naming the models takes a hash of
 * all of them.
 */
import type { Clock } from '@yiben/shared'
import type { ForecastReport } from '../forecast/live/report.ts'
import type { UnitId } from '../model/ids.ts'
import type { Outlook } from './capacity-outlook.ts'
import type { DrawForecast } from './draw-plan.ts'

const REPORT_MS_MAX = 60_000
const PPM_WHOLE = 1_000_000

export interface ForecastSource {
  readonly outlook: Outlook
  report(): Pick<ForecastReport, 'models' | 'scores'>
}

export class RememberedForecast implements DrawForecast {
  readonly #source: ForecastSource
  readonly #clock: Pick<Clock, 'monotonicMs'>
  #report: Pick<ForecastReport, 'models' | 'scores'> | null = null
  #reportedAtMs = 0

  constructor(source: ForecastSource, clock: Pick<Clock, 'monotonicMs'>) {
    this.#source = source
    this.#clock = clock
  }

  chanceOfEach(unitIds: readonly UnitId[], forMs: number): readonly (number | null)[] {
    return this.#source.outlook.chanceOfEach(unitIds, forMs)
  }

  chanceOfAll(unitIds: readonly UnitId[], forMs: number): number | null {
    return this.#source.outlook.chanceOfAll(unitIds, forMs)
  }

  get version(): string {
    return this.#latest().models
  }

  /** Of the shortest horizon that the time fits in. */
  brierPpmFor(forMs: number): number | null {
    const scores = this.#latest().scores.filter(({ horizonMs }) => horizonMs >= forMs)
    const score = scores.reduce<(typeof scores)[number] | null>((nearest, one) => {
      return nearest === null || one.horizonMs < nearest.horizonMs ? one : nearest
    }, null)
    const brier = score?.brier ?? null
    return brier === null ? null : Math.round(brier * PPM_WHOLE)
  }

  #latest(): Pick<ForecastReport, 'models' | 'scores'> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#report === null || nowMs - this.#reportedAtMs > REPORT_MS_MAX) {
      this.#report = this.#source.report()
      this.#reportedAtMs = nowMs
    }
    return this.#report
  }
}
