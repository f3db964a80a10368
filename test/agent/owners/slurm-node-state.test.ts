import { describe, expect, test } from 'vitest'
import { nodeStanding } from '../../../agent/src/owners/slurm-node-state.ts'

const PLAIN = { isOneUsers: false, reservation: null, bankReservation: null }

function wordOf(state: string, more: Partial<typeof PLAIN> | object = {}): string {
  const { standing } = nodeStanding({ state, ...PLAIN, ...more })
  return standing.kind === 'withdrawn' ? standing.cause : standing.kind
}

describe('the state of a node', () => {
  test.each<[string, string]>([
    ['IDLE', 'in_service'],
    ['MIXED', 'in_service'],
    ['ALLOCATED', 'in_service'],
    ['IDLE+PLANNED', 'in_service'],
    ['IDLE+CLOUD', 'in_service'],
    ['MIXED+CLOUD+PLANNED', 'in_service'],
    ['MIXED-', 'in_service'],
    ['IDLE+DRAIN', 'drained'],
    ['MIXED+DRAIN', 'drained'],
    ['ALLOCATED+DRAIN', 'drained'],
    ['DOWN', 'drained'],
    ['DOWN*', 'drained'],
    ['DOWN+DRAIN+NOT_RESPONDING', 'drained'],
    ['DOWN*+DRAIN', 'drained'],
    ['ERROR', 'drained'],
    ['IDLE+FAIL', 'drained'],
    ['UNKNOWN+DRAIN+INVALID_REG', 'drained'],
    ['IDLE+MAINTENANCE+RESERVED', 'maintenance'],
    ['MAINT', 'maintenance'],
    ['DRAINING', 'drained'],
    ['IDLE+MAINT', 'maintenance'],
    ['IDLE$', 'maintenance'],
    ['DOWN+DRAIN+MAINTENANCE', 'maintenance'],
    ['IDLE+REBOOT_REQUESTED', 'maintenance'],
    ['IDLE+DRAIN+REBOOT_ISSUED', 'maintenance'],
    ['IDLE@', 'maintenance'],
    ['IDLE+RESERVED', 'reserved'],
    ['MIXED+RESERVED+PLANNED', 'reserved'],
    ['IDLE+COMPLETING', 'unclear'],
    ['IDLE*', 'unclear'],
    ['IDLE+NOT_RESPONDING', 'unclear'],
    ['IDLE+POWERED_DOWN', 'unclear'],
    ['IDLE~', 'unclear'],
    ['IDLE#', 'unclear'],
    ['IDLE+BLOCKED', 'unclear'],
    ['UNKNOWN', 'unclear'],
    ['FUTURE', 'unclear'],
    ['IDLE+SOMETHING_NEW', 'unclear'],
    ['', 'unclear'],
  ])('%s is %s', (state, word) => {
    expect(wordOf(state)).toBe(word)
  })

  test.each([
    ['ALLOCATED', false, true],
    ['ALLOCATED+DRAIN', false, true],
    ['MIXED', false, false],
    ['MIXED', true, true],
    ['IDLE', false, false],
  ])('%s, one user alone: %s; all cards are taken: %s', (state, isOneUsers, isWhole) => {
    expect(nodeStanding({ ...PLAIN, state, isOneUsers }).isWhole).toBe(isWhole)
  })

  test('what proves nothing is told as Slurm says it', () => {
    expect(nodeStanding({ ...PLAIN, state: 'IDLE+BLOCKED' }).standing).toMatchObject({
      sentence: expect.stringContaining('"IDLE+BLOCKED"'),
    })
  })
})

describe('a reservation', () => {
  test.each<[string, string | null, string | null, string]>([
    ['is somebody’s where none is the bank’s', 'r1', null, 'reserved'],
    ['of another name is somebody’s', 'r1', 'bank', 'reserved'],
    ['of the bank takes nothing from it', 'bank', 'bank', 'in_service'],
    ['without a name cannot be told from the bank’s', null, 'bank', 'unclear'],
  ])('%s', (_name, reservation, bankReservation, word) => {
    expect(wordOf('IDLE+RESERVED', { reservation, bankReservation })).toBe(word)
  })

  test('of the bank is still maintenance when it says so', () => {
    const bank = { reservation: 'bank', bankReservation: 'bank' }
    expect(wordOf('IDLE+MAINTENANCE+RESERVED', bank)).toBe('maintenance')
  })
})
