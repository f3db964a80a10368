/** Fleets and questions for the tests of the forecast. */
import type { Forecaster } from '../../../collector/src/forecast/forecaster.ts'
import { replay } from '../../../collector/src/forecast/replay.ts'
import type { DecisionRow, IntervalRow } from '../../../collector/src/forecast/trace.ts'
import { syntheticFleet } from '../../../scripts/bench/support/synthetic-fleet.ts'

export const HOUR_S = 3_600
export const DAY_S = 24 * HOUR_S
const AGES_S = [600, 1_800]

export interface Question extends DecisionRow {
  /** How long the window lasted beyond the question. */
  readonly lastedS: number
}

/** Points at 10 and 30 minutes of age and every hour, as the trace is scored elsewhere. */
export function questionsOf(
  rows: readonly IntervalRow[],
  { fromS, horizons }: { readonly fromS: number; readonly horizons: readonly number[] },
): Question[] {
  const lastS = rows.reduce((last, { endS }) => Math.max(last, endS), 0)
  const untilS = lastS - Math.max(...horizons)
  const questions: Question[] = []
  for (const { deviceId, startS, endS, isIdle } of rows) {
    if (!isIdle) continue
    const times = AGES_S.map((age) => startS + age)
    for (let atS = startS + 600 + HOUR_S; atS < endS; atS += HOUR_S) times.push(atS)
    for (const epochS of times) {
      if (epochS >= endS || epochS < fromS || epochS > untilS) continue
      for (const horizonS of horizons) {
        const windowId = `${deviceId}@${startS}`
        questions.push({ line: 0, windowId, epochS, horizonS, lastedS: endS - epochS })
      }
    }
  }
  return questions
}

export interface Verdict {
  readonly brier: number
  readonly promises: number
  /** Days of pools on which something was promised. */
  readonly poolDays: number
  readonly keptShare: number
}

/** Per horizon. */
export function judge(questions: readonly Question[], probabilities: readonly number[]) {
  const verdicts = new Map<number, Verdict>()
  for (const horizonS of new Set(questions.map((question) => question.horizonS))) {
    let count = 0
    let squares = 0
    let promises = 0
    let kept = 0
    const poolDays = new Set<string>()
    questions.forEach((question, index) => {
      if (question.horizonS !== horizonS) return
      const probability = probabilities[index] ?? Number.NaN
      const label = question.lastedS >= horizonS ? 1 : 0
      count += 1
      squares += (probability - label) ** 2
      if (probability < 0.9) return
      promises += 1
      const pool = question.windowId.split('-n')[0] ?? ''
      poolDays.add(`${pool} ${Math.floor(question.epochS / DAY_S)}`)
      kept += label
    })
    const keptShare = promises === 0 ? Number.NaN : kept / promises
    verdicts.set(horizonS, { brier: squares / count, promises, poolDays: poolDays.size, keptShare })
  }
  return verdicts
}

/** Everything told up to the end of the rows. */
export function told(rows: readonly IntervalRow[], forecaster: Forecaster): Forecaster {
  const endS = rows.reduce((last, row) => Math.max(last, row.endS), 0)
  replay(rows, [], forecaster, endS)
  return forecaster
}

/** What `test/fixtures/traces/made.csv` holds: a day of eight made-up cards. */
export function fixtureText(): string {
  const rows = syntheticFleet({ kind: 'jobs', pools: 1, nodesPerPool: 1, days: 1, seed: 8 })
  const lines = rows.map(({ deviceId, startS, endS, isIdle }) =>
    [deviceId, startS, endS, isIdle ? 'idle' : 'busy'].join(','),
  )
  return `${['device_id,start_epoch_s,end_epoch_s,state', ...lines].join('\n')}\n`
}
