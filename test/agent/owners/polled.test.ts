import { describe, expect, test } from 'vitest'
import { withDeadline } from '../../../agent/src/owners/deadline.ts'
import { Polled } from '../../../agent/src/owners/polled.ts'
import { FakeClock } from '../../support/fake-clock.ts'

describe('one answer for many', () => {
  function rig(periodMs: number) {
    const clock = new FakeClock()
    const readings: PromiseWithResolvers<string>[] = []
    const polled = new Polled({
      clock,
      periodMs,
      read: () => {
        const reading = Promise.withResolvers<string>()
        readings.push(reading)
        return reading.promise
      },
    })
    return { clock, polled, readings }
  }

  test('is read once however many wait for it', async () => {
    const { polled, readings } = rig(1_000)
    const answers = [polled.get(), polled.get()]
    readings[0]?.resolve('first')
    expect(await Promise.all([...answers, polled.get()])).toEqual(['first', 'first', 'first'])
    expect(readings.length).toBe(1)
  })

  test('is read anew when a period has passed since the last reading began', async () => {
    const { clock, polled, readings } = rig(1_000)
    const first = polled.get()
    await clock.run(600)
    readings[0]?.resolve('first')
    await first
    await clock.run(399)
    expect(await polled.get()).toBe('first')
    await clock.run(1)
    const second = polled.get()
    readings[1]?.resolve('second')
    expect(await second).toBe('second')
  })

  test('is read anew for those who ask for a fresh one, together and after what is under way', async () => {
    const { polled, readings } = rig(60_000)
    const first = polled.get()
    const fresh = [polled.getFresh(), polled.getFresh()]
    expect(readings.length).toBe(1)
    readings[0]?.resolve('first')
    expect(await first).toBe('first')
    await Promise.resolve()
    expect(readings.length).toBe(2)
    readings[1]?.resolve('second')
    expect(await Promise.all(fresh)).toEqual(['second', 'second'])
    expect(await polled.get()).toBe('second')
    const again = polled.getFresh()
    readings[2]?.resolve('third')
    expect(await again).toBe('third')
  })

  test('is never read twice at a time, however long a reading takes', async () => {
    const { clock, polled, readings } = rig(1_000)
    const first = polled.get()
    await clock.run(5_000)
    const second = polled.get()
    expect(readings.length).toBe(1)
    readings[0]?.resolve('late')
    expect(await Promise.all([first, second])).toEqual(['late', 'late'])
  })
})

describe('a deadline', () => {
  test('ends what takes too long, and tells it to let go', async () => {
    const clock = new FakeClock()
    let signal: AbortSignal | null = null
    const work = withDeadline(clock, 100, (given) => {
      signal = given
      return new Promise<never>(() => {})
    })
    const told = expect(work).rejects.toMatchObject({ name: 'DeadlineError' })
    await clock.run(100)
    await told
    expect(signal).toMatchObject({ aborted: true })
  })

  test('leaves no timer behind what ends in time, well or not', async () => {
    const clock = new FakeClock()
    expect(await withDeadline(clock, 100, async () => 'done')).toBe('done')
    const failing = withDeadline(clock, 100, async () => {
      throw new Error('broken')
    })
    await expect(failing).rejects.toThrow('broken')
    expect(clock.pendingTimers()).toBe(0)
  })
})
