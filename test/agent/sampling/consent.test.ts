/** Why a unit is not depositable, reason by reason, the first that holds. */
import { type RunName, runCode } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { type DepositInput, depositProblem } from '../../../agent/src/sampling/consent.ts'

const HOUR_MS = 3_600_000
const NOW_MS = 1_795_132_800_000

const DEPOSITABLE: DepositInput = {
  deposit: {
    enabled: true,
    calendar: null,
    keepCardsPerNode: 0,
    minFreeMs: 900_000,
    maxLeaseMs: HOUR_MS,
  },
  isInsideCalendar: true,
  atMs: NOW_MS,
  pausedSinceMs: null,
  reclaimedSinceMs: null,
  strongestIdentity: 'strong',
  code: runCode('free/proven'),
  stateSinceMs: NOW_MS - HOUR_MS,
  sentence: 'Quiet, and nobody has it.',
  clockOffsetMs: null,
}

const code = (name: RunName) => ({ code: runCode(name) })

describe('a unit', () => {
  test('against which nothing stands is depositable', () => {
    expect(depositProblem(DEPOSITABLE)).toBeNull()
  })

  test.each<{ reason: string; changes: Partial<DepositInput>; sinceMs: number | null }>([
    {
      reason: 'consent_off',
      changes: { deposit: { ...DEPOSITABLE.deposit, enabled: false } },
      sinceMs: null,
    },
    { reason: 'paused', changes: { pausedSinceMs: 5 }, sinceMs: 5 },
    { reason: 'reclaimed', changes: { reclaimedSinceMs: 6 }, sinceMs: 6 },
    { reason: 'outside_calendar', changes: { isInsideCalendar: false }, sinceMs: null },
    { reason: 'weak_identity', changes: { strongestIdentity: 'board' }, sinceMs: null },
    { reason: 'weak_identity', changes: { strongestIdentity: 'slot' }, sinceMs: null },
    { reason: 'clock_wrong', changes: { clockOffsetMs: -5001 }, sinceMs: null },
    { reason: 'not_free', changes: { code: null }, sinceMs: null },
    { reason: 'not_free', changes: code('unknown/probe'), sinceMs: NOW_MS - HOUR_MS },
    { reason: 'not_free', changes: code('occupied/in_use'), sinceMs: NOW_MS - HOUR_MS },
    {
      reason: 'window_young',
      changes: { stateSinceMs: NOW_MS - 60_000 },
      sinceMs: NOW_MS - 60_000,
    },
  ])('is not, for $reason', ({ reason, changes, sinceMs }) => {
    expect(depositProblem({ ...DEPOSITABLE, ...changes })).toMatchObject({ reason, sinceMs })
  })

  test('is told the first reason of several, the owner’s will before everything measured', () => {
    const problem = depositProblem({
      ...DEPOSITABLE,
      ...code('busy/active'),
      reclaimedSinceMs: 1,
      isInsideCalendar: false,
    })
    expect(problem?.reason).toBe('reclaimed')
  })

  test('a clock 5 s off is still good', () => {
    expect(depositProblem({ ...DEPOSITABLE, clockOffsetMs: 5000 })).toBeNull()
  })
})
