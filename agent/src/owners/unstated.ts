/**
 * Nothing is configured about who may have the cards: possession of every unit is unproven, and
 * the sentence says what to configure. Silence is no consent.
 */
import type { OwnerProbe } from './owner.ts'
import { sameForAll } from './same-for-all.ts'

const SENTENCE =
  'Nobody has stated who gives these cards away: set owner.kind to "slurm", "kubernetes", "contract" or "none" in the configuration.'

export function createUnstatedOwner(): OwnerProbe {
  return {
    kind: 'unstated',
    possession: async (query) => sameForAll(query, { status: 'unproven', sentence: SENTENCE }),
    stop: async () => {},
  }
}
