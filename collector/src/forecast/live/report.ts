/** How the forecast fares, as plain values: for `/metrics`, the quality page and whoever asks. */
import type { Forecaster } from '../forecaster.ts'
import type { HorizonScore } from '../score.ts'
import { modelsVersion } from './hourly.ts'
import type { TrainingRecord } from './training.ts'

export interface ForecastReport {
  /** Per horizon, on the forecast's own questions, faded within a week; empty before it has begun. */
  readonly scores: readonly HorizonScore[]
  /** `shipped` before any models were trained here. */
  readonly models: string
  readonly trainedAtMs: number | null
  /** Examples that the present models were trained on. */
  readonly examples: number | null
  readonly training: TrainingRecord
  readonly pools: number
  readonly cards: number
  /** How far what is told lies behind the present; `null` before it has begun. */
  readonly lagMs: number | null
  /** Of the state as it was written last. */
  readonly stateBytes: number | null
}

export function reportOf(parts: {
  readonly forecaster: Forecaster | null
  readonly lagMs: number | null
  readonly stateBytes: number | null
  readonly training: TrainingRecord
}): ForecastReport {
  const { forecaster, ...rest } = parts
  const models = forecaster?.models ?? null
  return {
    ...rest,
    scores: forecaster?.score() ?? [],
    models: modelsVersion(models),
    trainedAtMs: models?.trainedAtMs ?? null,
    examples: models?.examples ?? null,
    pools: forecaster?.pools().length ?? 0,
    cards: forecaster?.cardCount ?? 0,
  }
}
