/** A loop that works in rounds: one at a time, woken, bounded after failures, stopped. */
import { AppError, assert, Rounds } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { FakeClock, settle } from '../support/fake-clock.ts'

interface Setup {
  readonly clock: FakeClock
  readonly rounds: Rounds
  readonly failures: AppError[]
  count(): number
}

function setup(round: (number: number) => Promise<boolean>): Setup {
  const clock = new FakeClock()
  const failures: AppError[] = []
  let count = 0
  const rounds = new Rounds({
    clock,
    intervalMs: 1_000,
    round: () => {
      count += 1
      return round(count)
    },
    onFailure: (error) => failures.push(error),
  })
  return { clock, rounds, failures, count: () => count }
}

describe('rounds', () => {
  test('one at the start, then one an interval', async () => {
    const { clock, rounds, count } = setup(async () => false)
    const running = rounds.run()
    await settle()
    expect(count()).toBe(1)
    await clock.run(999)
    expect(count()).toBe(1)
    await clock.run(3_001)
    expect(count()).toBe(5)
    await rounds.stop()
    await running
    expect(clock.pendingTimers()).toBe(0)
  })

  test('a hint starts one now; a hint during a round starts another after it', async () => {
    let release: (() => void) | undefined
    const { rounds, count } = setup(async (number) => {
      if (number === 2) await new Promise<void>((resolve) => (release = resolve))
      return false
    })
    const running = rounds.run()
    await settle()
    rounds.wake()
    await settle()
    expect(count()).toBe(2)
    rounds.wake()
    rounds.wake()
    await settle()
    expect(count()).toBe(2)
    release?.()
    await settle()
    expect(count()).toBe(3)
    await rounds.stop()
    await running
  })

  test('more to do: the next one follows at once', async () => {
    const { rounds, count } = setup(async (number) => number < 4)
    const running = rounds.run()
    await settle()
    expect(count()).toBe(4)
    await rounds.stop()
    await running
  })

  test('an expected failure is told once and tried again after the interval, hints or not', async () => {
    const { clock, rounds, failures, count } = setup(async (number) => {
      if (number === 1) {
        rounds.wake()
        throw new AppError('disk_full', 'no room')
      }
      return false
    })
    const running = rounds.run()
    await settle()
    expect([count(), failures.length]).toEqual([1, 1])
    await clock.run(1_000)
    expect([count(), failures.length]).toEqual([2, 1])
    await rounds.stop()
    await running
  })

  test('a bug ends the loop with it', async () => {
    const { rounds } = setup(async () => {
      assert(false, 'this cannot be')
    })
    await expect(rounds.run()).rejects.toThrow('this cannot be')
  })

  test('never two at a time, whoever asks', async () => {
    let running = 0
    let most = 0
    const { rounds } = setup(async () => {
      running += 1
      most = Math.max(most, running)
      await settle()
      running -= 1
      return false
    })
    await Promise.all([rounds.once(), rounds.once(), rounds.once()])
    expect(most).toBe(1)
  })

  test('stopping waits for the round under way', async () => {
    let isDone = false
    const { rounds } = setup(async () => {
      await settle()
      isDone = true
      return true
    })
    const running = rounds.run()
    await Promise.resolve()
    await rounds.stop()
    await running
    expect(isDone).toBe(true)
  })
})
