/** The owner's consent as the policy record tells it, from the configuration. Pure. */
import { calendarText, isAlways } from '@yiben/shared'
import type { AgentConfig } from '../config.ts'
import type { PolicyBody } from './bookkeeper.ts'

export function policyBody({
  deposit,
  handover,
}: Pick<AgentConfig, 'deposit' | 'handover'>): PolicyBody {
  const { calendar, enabled, keepCardsPerNode, minFreeMs, maxLeaseMs } = deposit
  const { kind, isFenced, endpoint, queue } = handover
  return {
    enabled,
    keepCardsPerNode,
    minFreeMs,
    maxLeaseMs,
    calendar: calendar === null || isAlways(calendar) ? null : calendarText(calendar),
    handover: { kind, isFenced, endpoint, queue },
  }
}
