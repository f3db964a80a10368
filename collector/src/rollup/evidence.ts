/**
 * How well it is founded what a card did at an instant (DESIGN 6). Levels are of the instant: a card
 * that is lent now and comes back tomorrow has another one then.
 */
import type { CardCount } from '../model/card-count.ts'

export const EVIDENCE_LEVELS = [
  /** Under a lease that was granted and handed over, and its evidence does not speak against it. */
  'delivered',
  /** Told by an agent that reads from the owner's scheduler who has been given the card. */
  'scheduler_confirmed',
  /** Told by an agent that knows of possession only what its configuration says. */
  'self_reported',
  /** Nothing is proven of the instant. */
  'none',
] as const
export type EvidenceLevel = (typeof EVIDENCE_LEVELS)[number]

export function evidenceLevelOf({
  isSchedulerRead,
  state,
}: Pick<CardCount, 'isSchedulerRead' | 'state'>): EvidenceLevel {
  if (state === null || state === 'unknown') return 'none'
  if (state === 'lent') return 'delivered'
  return isSchedulerRead ? 'scheduler_confirmed' : 'self_reported'
}
