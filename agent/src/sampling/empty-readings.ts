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
import { baselineKeyOf, type JudgedUnit } from './judge.ts'

export class EmptyReadings {
  readonly #thresholds: Thresholds
  readonly #units = new Map<string, { key: BaselineKey; readings: EmptyReading[] }>()

  constructor(thresholds: Thresholds) {
    this.#thresholds = thresholds
  }

  /** A unit that was not read changes nothing. */
  note(judged: readonly JudgedUnit[], atMs: number): void {
    for (const one of judged) if (one.reading !== null) this.#noteReading(one, one.reading, atMs)
  }

  /** A reading that is not of an empty card ends what was remembered of it: a median needs a run. */
  #noteReading({ unit, verdict }: JudgedUnit, reading: UnitReading, atMs: number): void {
    const isQuiet =
      verdict.utilizationRatio !== null &&
      verdict.utilizationRatio <= this.#thresholds.utilizationQuietRatio
    if (!isQuiet || reading.processes?.computeCount !== 0 || reading.memoryUsedBytes === null) {
      this.#units.delete(unit.id)
      return
    }
    const before = this.#units.get(unit.id)?.readings ?? []
    const readings = [
      ...before.slice(1 - OBSERVATION_SAMPLES_MAX),
      { atMs, memoryUsedBytes: reading.memoryUsedBytes, powerWatts: reading.powerWatts },
    ]
    this.#units.set(unit.id, { key: baselineKeyOf(unit), readings })
  }

  observations(): BaselineObservation[] {
    return [...this.#units].map(([unitKey, { key, readings }]) => ({ ...key, unitKey, readings }))
  }

  keepOnly(unitKeys: ReadonlySet<string>): void {
    for (const key of this.#units.keys()) if (!unitKeys.has(key)) this.#units.delete(key)
  }
}
