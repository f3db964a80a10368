import { LINK_EVENTS, LINK_STATES, type LinkEvent, type LinkState, stepLink } from '@yiben/shared'
import { describe, expect, test } from 'vitest'

/** `state/effect`, or `-` where the event changes nothing. */
type Cell = `${LinkState}/${string}` | '-'

const WAIT = 'waiting/wait'
const FINISH = 'stopped/finish'
const LEAVE = 'leaving/flush'
const HALT = 'refused/halt'

/** Total: a forgotten cell does not compile. */
const EXPECTED: Record<LinkState, Record<LinkEvent, Cell>> = {
  offline: row({ start: 'dialing/dial', stop: FINISH }),
  dialing: row({ opened: 'greeting/greet', failed: WAIT, stop: FINISH }),
  greeting: row({ challenged: 'proving/prove', denied: WAIT, lost: WAIT, stop: FINISH }),
  proving: row({
    welcomed: 'online/stream',
    denied: WAIT,
    banned: HALT,
    lost: WAIT,
    stop: FINISH,
  }),
  online: row({ drain: 'draining/drain', denied: WAIT, banned: HALT, lost: WAIT, stop: LEAVE }),
  draining: row({ settled: WAIT, denied: WAIT, banned: HALT, lost: WAIT, stop: LEAVE }),
  waiting: row({ due: 'dialing/dial', stop: FINISH }),
  refused: row({ stop: FINISH }),
  leaving: row({ settled: FINISH, denied: FINISH, banned: FINISH, lost: FINISH }),
  stopped: row({}),
}

function row(cells: Partial<Record<LinkEvent, Cell>>): Record<LinkEvent, Cell> {
  return {
    start: '-',
    opened: '-',
    failed: '-',
    challenged: '-',
    welcomed: '-',
    denied: '-',
    banned: '-',
    drain: '-',
    settled: '-',
    lost: '-',
    due: '-',
    stop: '-',
    ...cells,
  }
}

describe('the link state machine', () => {
  for (const state of LINK_STATES) {
    test.each(LINK_EVENTS.map((event) => [event, EXPECTED[state][event]] as const))(
      `${state}: %s leads to %s`,
      (event, expected) => {
        const step = stepLink(state, event)
        const shown = expected === '-' ? `${state}/none` : expected
        expect(`${step.state}/${step.effect}`).toBe(shown)
      },
    )
  }

  test('every state can be stopped (L13)', () => {
    for (const state of LINK_STATES) {
      if (state === 'stopped' || state === 'leaving') continue
      expect(['stopped', 'leaving']).toContain(stepLink(state, 'stop').state)
    }
    expect(stepLink('leaving', 'settled').state).toBe('stopped')
  })

  test('only a verified collector can ban: not while greeting (L4)', () => {
    expect(stepLink('greeting', 'banned').state).toBe('greeting')
  })
})
