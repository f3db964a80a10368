/**
 * Which cards were lent when, from memory: for the forecast, which follows what happened about a
 * minute behind and must not take a lease for its owner's job. Spans that ended are kept for a while.
 * Bounded by the cards lent now and those given back within KEPT_MS.
 */
import type { Draw } from '../model/draw.ts'
import type { UnitId } from '../model/ids.ts'

/** The forecast hears of the present at most a few minutes late. */
const KEPT_MS = 3_600_000

interface LentSpan {
  readonly drawId: string
  readonly fromMs: number
  readonly toMs: number
}

export class LentCards {
  readonly #spans = new Map<UnitId, readonly LentSpan[]>()
  #isWhole = false

  /** Every live draw has been noted once. */
  allNoted(): void {
    this.#isWhole = true
  }

  /** `null` while not every draw is known yet. */
  countAt(atMs: number): number | null {
    if (!this.#isWhole) return null
    return [...this.#spans.keys()].filter((unitId) => this.isLentAt(unitId, atMs)).length
  }

  /** The draw as it is now, whatever it was. */
  note({ claims, request: { drawId } }: Draw): void {
    for (const { endedAtMs, startMs, unitId, untilMs } of claims) {
      if (unitId === null || startMs === null || untilMs === null) continue
      const toMs = endedAtMs ?? untilMs
      const others = (this.#spans.get(unitId) ?? []).filter(
        (span) => span.drawId !== drawId && span.toMs > startMs - KEPT_MS,
      )
      this.#spans.set(unitId, [...others, { drawId, fromMs: startMs, toMs }])
    }
  }

  isLentAt(unitId: UnitId, atMs: number): boolean {
    const spans = this.#spans.get(unitId) ?? []
    return spans.some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)
  }
}
