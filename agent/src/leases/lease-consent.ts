/**
 * What the owner says to one lease of one unit, by configuration and by his orders on this node.
 * Pure. The same answer goes to a question and to a notice: what was consented to and is not any
 * more is not lent.
 */
import { type IdentityStrength, insideUntilMs } from '@yiben/shared'
import type { AgentConfig } from '../config.ts'
import type { LendingRefusal } from './lease-question.ts'

export interface LeaseConsentFacts {
  readonly deposit: Pick<AgentConfig['deposit'], 'enabled' | 'calendar' | 'maxLeaseMs'>
  readonly strongestIdentity: IdentityStrength
  /** Taken back with `reclaim`, now or at the end of a notice. */
  readonly isReclaimed: boolean
  readonly isPaused: boolean
}

/** Of a lease `[startMs, endMs)`; `null`: nothing against it. In the order of `LENDING_REFUSALS`. */
export function ownersRefusal(
  { deposit, strongestIdentity, isReclaimed, isPaused }: LeaseConsentFacts,
  startMs: number,
  endMs: number,
): LendingRefusal | null {
  if (!deposit.enabled || strongestIdentity !== 'strong') return 'not_consented'
  if (isReclaimed) return 'veto'
  if (isPaused) return 'paused'
  const lengthMs = endMs - startMs
  const isNone = lengthMs <= 0 || lengthMs > deposit.maxLeaseMs
  return isNone || !isInsideCalendar(deposit.calendar, startMs, endMs) ? 'calendar' : null
}

function isInsideCalendar(
  calendar: AgentConfig['deposit']['calendar'],
  startMs: number,
  endMs: number,
): boolean {
  if (calendar === null) return true
  const untilMs = insideUntilMs(calendar, startMs)
  return untilMs === null || endMs <= untilMs
}
