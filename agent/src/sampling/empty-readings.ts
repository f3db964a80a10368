/**
 * Remembers what empty cards show: memory and power of each unit while it is quiet and its process
 * list, complete and explicit, is empty. Material for proposed idle baselines, bounded per unit.
 */
import type { UnitReading } from '@yiben/shared'
import type { BaselineKey } from '../verdict/baseline.ts'
import {
  type BaselineObservation,
  type EmptyReading,
  OBSERVATION_SAMPLES_MAX,
} from '../verdict/propose.ts'
import type { Thresholds } from '../verdict/thresholds.ts'
import type { Verdict } from '../verdict/verdict.ts'

export interface ReadUnit {
  readonly unitKey: string
  readonly baselineKey: BaselineKey
  readonly reading: UnitReading
  readonly verdict: Verdict
  readonly atMs: number
}

export class EmptyReadings {
  readonly #thresholds: Thresholds
  readonly #units = new Map<string, { key: BaselineKey; readings: EmptyReading[] }>()

  constructor(thresholds: Thresholds) {
    this.#thresholds = thresholds
  }

  /** A reading that is not of an empty card ends what was remembered of it: a median needs a run. */
  note(unit: ReadUnit): void {
    const { reading, verdict } = unit
    const isQuiet =
      verdict.utilizationRatio !== null &&
      verdict.utilizationRatio <= this.#thresholds.utilizationQuietRatio
    if (!isQuiet || reading.processes?.computeCount !== 0 || reading.memoryUsedBytes === null) {
      this.#units.delete(unit.unitKey)
      return
    }
    const before = this.#units.get(unit.unitKey)?.readings ?? []
    const readings = [
      ...before.slice(1 - OBSERVATION_SAMPLES_MAX),
      { atMs: unit.atMs, memoryUsedBytes: reading.memoryUsedBytes, powerWatts: reading.powerWatts },
    ]
    this.#units.set(unit.unitKey, { key: unit.baselineKey, readings })
  }

  observations(): BaselineObservation[] {
    return [...this.#units].map(([unitKey, { key, readings }]) => ({ ...key, unitKey, readings }))
  }

  keepOnly(unitKeys: ReadonlySet<string>): void {
    for (const key of this.#units.keys()) if (!unitKeys.has(key)) this.#units.delete(key)
  }
}
