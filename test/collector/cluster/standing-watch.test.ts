/** When the part of a process is over, from what it sees of the others. */
import { AppError, createLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { type Ending, StandingWatch } from '../../../collector/src/cluster/standing-watch.ts'
import type { Member, Standing } from '../../../collector/src/storage/members.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const LEADER: Member = { instance: 'leader', name: 'host-1', beat: 1 }
const OTHER: Member = { instance: 'other', name: 'host-2', beat: 1 }

/** A watch over a world that the test moves. */
function watching(leads: boolean) {
  const clock = new FakeClock()
  let standing: Standing = {
    ...{ number: 7, leader: LEADER, isLeading: true, isGivenUp: false },
    members: [LEADER, OTHER],
  }
  let isAway = false
  const forgotten: string[] = []
  const watch = new StandingWatch(
    {
      members: {
        instance: leads ? 'leader' : 'other',
        beat: async () => {
          if (isAway) throw new AppError('store_unavailable', 'away')
          return standing
        },
        forget: async (instance) => void forgotten.push(instance),
      },
      ...{ clock, log: createLogger('silent'), number: 7, leads, onEnd: () => {} },
    },
    standing,
  )
  return {
    watch,
    clock,
    forgotten,
    set: (change: Partial<Standing>) => {
      standing = { ...standing, ...change }
    },
    setAway: (is: boolean) => {
      isAway = is
    },
    /** Beats of these rise with each look; answers what ended, and in which look. */
    looks: async (count: number, rising: readonly string[]) => {
      for (let look = 1; look <= count; look += 1) {
        const rise = (member: Member) =>
          rising.includes(member.instance) ? { ...member, beat: member.beat + 1 } : member
        const members = standing.members.map(rise)
        const leader = members.find(({ instance }) => instance === 'leader') ?? null
        standing = { ...standing, members, leader: standing.leader === null ? null : leader }
        clock.advance(1_000)
        const ending = await watch.look()
        if (ending !== null) return { look, ending }
      }
      return null
    },
  }
}

const over = (look: number, ending: Ending) => ({ look, ending })

describe('of one that does not lead', () => {
  test('goes on while the one that leads is heard', async () => {
    expect(await watching(false).looks(100, ['leader'])).toBeNull()
  })

  test('is over when the one that leads has hung for several looks', async () => {
    const gone = over(6, { kind: 'leader_gone', suspect: 7 })
    expect(await watching(false).looks(100, [])).toEqual(gone)
  })

  test('is over when the one that leads has died, not when a connection has', async () => {
    const seen = watching(false)
    seen.set({ isLeading: false })
    expect(await seen.looks(1, ['leader'])).toBeNull()
    seen.set({ isLeading: true })
    expect(await seen.looks(1, ['leader'])).toBeNull()
    seen.set({ isLeading: false })
    const gone = over(2, { kind: 'leader_gone', suspect: null })
    expect(await seen.looks(9, ['leader'])).toEqual(gone)
  })

  test('is over at once when the one that leads has left', async () => {
    const seen = watching(false)
    seen.set({ leader: null, isLeading: false, members: [OTHER] })
    expect(await seen.looks(9, [])).toEqual(over(1, { kind: 'leader_gone', suspect: null }))
  })

  test('is over when another one leads, or it was given up itself', async () => {
    const seen = watching(false)
    seen.set({ number: 8 })
    expect(await seen.looks(9, ['leader'])).toEqual(over(1, { kind: 'leader_changed' }))
    seen.set({ isGivenUp: true })
    expect(await seen.looks(9, ['leader'])).toEqual(over(1, { kind: 'given_up' }))
  })
})

describe('of the one that leads', () => {
  test('is over when another one has taken over', async () => {
    const seen = watching(true)
    seen.set({ number: 8 })
    expect(await seen.looks(9, [])).toEqual(over(1, { kind: 'deposed' }))
  })

  test('others that are not heard are forgotten, itself never', async () => {
    const seen = watching(true)
    expect(await seen.looks(10, [])).toBeNull()
    expect(seen.forgotten).toEqual([])
    expect(await seen.looks(1, [])).toBeNull()
    expect(seen.forgotten).toEqual(['other'])
  })
})

describe('a database that does not answer', () => {
  test('ends the part where there are others to go to', async () => {
    const seen = watching(true)
    seen.setAway(true)
    expect(await seen.looks(99, [])).toEqual(over(8, { kind: 'cut_off' }))
  })

  test('does not when it answers again in time; where nobody else is known, within a minute', async () => {
    const seen = watching(true)
    for (let time = 0; time < 5; time += 1) {
      seen.setAway(true)
      expect(await seen.looks(7, [])).toBeNull()
      seen.setAway(false)
      expect(await seen.looks(1, ['other'])).toBeNull()
    }
    seen.set({ members: [LEADER] })
    expect(await seen.looks(1, [])).toBeNull()
    seen.setAway(true)
    expect(await seen.looks(99, [])).toEqual(over(60, { kind: 'cut_off' }))
  })
})
