/**
 * `none`: the owner states that no scheduler and no contract gives these cards away. That alone
 * does not make them nobody's: people may log in and use them. They are nobody's only inside the
 * stated deposit calendar; outside it possession is unproven.
 */
import type { Calendar } from '@yiben/shared'
import { isInside } from '@yiben/shared'
import type { OwnerProbe, Possession } from './owner.ts'
import { sameForAll } from './same-for-all.ts'

export interface NoneOwnerOptions {
  /** `null`: none is stated. */
  readonly depositCalendar: Calendar | null
}

const NO_CALENDAR: Possession = {
  status: 'unproven',
  sentence:
    'No scheduler gives these cards away, and no deposit calendar is stated: set deposit.calendar ("always" is allowed).',
}
const OUTSIDE: Possession = {
  status: 'unproven',
  sentence: 'No scheduler gives these cards away, and it is outside the deposit calendar now.',
}

export function createNoneOwner({ depositCalendar }: NoneOwnerOptions): OwnerProbe {
  const possessionAt = (atMs: number): Possession => {
    if (depositCalendar === null) return NO_CALENDAR
    return isInside(depositCalendar, atMs) ? { status: 'nobody' } : OUTSIDE
  }
  return {
    kind: 'none',
    possession: async (query) => sameForAll(query, possessionAt(query.atMs)),
    stop: async () => {},
  }
}
