/**
 * Why an hour was written again, as far as its figures tell: nobody records a reason, the figures
 * that moved name it. First that applies.
 */
import type { BucketFigure } from './bucket-figures.ts'

export const CORRECTION_CAUSES = [
  /** Cards entered the hour: left out when it was sealed, placed there later, or made to count. */
  'cards_entered',
  /** Cards left the hour: another claim to them counts, or they had ended before it. */
  'cards_left',
  /** Time that nobody had told of came in: a spool that arrived late. */
  'told_late',
  /** Time that had been told is not believed any more: a clock was wrong, a record was refused. */
  'doubted',
  /** The same time, now or no longer under a lease or a deposit. */
  'lease_changed',
  /** Only what was measured beside the states moved. */
  'measured_again',
] as const
export type CorrectionCause = (typeof CORRECTION_CAUSES)[number]

const LEASED_FIGURES: readonly BucketFigure[] = [
  'lentMs',
  'depositedMs',
  'busyMs',
  'occupiedMs',
  'freeMs',
]

export function correctionCause(
  cardsDelta: number,
  moves: Readonly<Partial<Record<BucketFigure, bigint>>>,
): CorrectionCause {
  if (cardsDelta !== 0) return cardsDelta > 0 ? 'cards_entered' : 'cards_left'
  const unknownMs = moves.unknownMs ?? 0n
  if (unknownMs !== 0n) return unknownMs < 0n ? 'told_late' : 'doubted'
  const hasLease = LEASED_FIGURES.some((figure) => moves[figure] !== undefined)
  return hasLease ? 'lease_changed' : 'measured_again'
}
