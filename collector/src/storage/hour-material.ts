/** What of an hour was valid, deposited and lent, and the mark by which its material is told apart. */
import { createHash } from 'node:crypto'
import { type MeasuredState, stateOf } from '@yiben/shared'
import type { UnitRow } from '../model/inventory.ts'
import type { StoredRun } from '../model/timeline.ts'
import { commonMs, type Span } from './evidence.ts'
import { packUnitHour } from './hour-columns.ts'
import type { HourMaterial, LentTime } from './requests.ts'

export type UnitMaterial = HourMaterial['units'][number]

export function validSpan(unit: UnitRow, hour: Span): Span {
  return {
    fromMs: Math.max(hour.fromMs, unit.validFromMs),
    toMs: Math.min(hour.toMs, unit.bookedToMs ?? hour.toMs),
  }
}

/** Free time told late was nobody's to draw while it lasted: it never counts as deposited. */
function liveFreeSpans(runs: readonly StoredRun[]): readonly Span[] {
  const live = runs.filter((run) => run.recordedAtMs === null)
  return live.filter((run) => stateOf(run.code) === 'free').map(spanOf)
}

/** Free time that was told live, under a deposit and not lent. */
export function depositedMs(
  valid: Span,
  runs: readonly StoredRun[],
  deposits: readonly Span[],
  leases: readonly Span[],
): number {
  const free = liveFreeSpans(runs)
  const lent = leases.flatMap((lease) => deposits.map((deposit) => common(lease, deposit)))
  return commonMs(valid, free, deposits) - commonMs(valid, free, lent.filter(isSome))
}

export function lentTime(
  valid: Span,
  runs: readonly StoredRun[],
  leases: readonly Span[],
): LentTime {
  const lentIn = (state: MeasuredState) => {
    const spans = runs.filter(({ code }) => stateOf(code) === state).map(spanOf)
    return commonMs(valid, spans, leases)
  }
  return { busyMs: lentIn('busy'), occupiedMs: lentIn('occupied'), freeMs: lentIn('free') }
}

function common(left: Span, right: Span): Span {
  return {
    fromMs: Math.max(left.fromMs, right.fromMs),
    toMs: Math.min(left.toMs, right.toMs),
  }
}

function isSome({ fromMs, toMs }: Span): boolean {
  return fromMs < toMs
}

export function spanOf(run: StoredRun): Span {
  return { fromMs: run.startMs, toMs: run.endMs }
}

/** A digest of all that the figures depend on. */
export function markOf(units: readonly UnitMaterial[]): string {
  const digest = createHash('sha256')
  for (const one of units) {
    const { unitId, siteCode, profile, kind, isCounted, isInConflict } = one.unit
    const stats = one.stats === null ? null : packUnitHour(one.stats)
    const { ownerCode, silentMs: silent, validMs, depositedMs: deposited, lent } = one
    const figures = [unitId, siteCode, profile, kind, isCounted, isInConflict, ownerCode]
    digest.update(JSON.stringify([figures, stats, silent, validMs, deposited, lent]))
  }
  return digest.digest('hex')
}
