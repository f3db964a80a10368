import { createRealWorld } from '@yiben/shared'
import { describe, expect, test } from 'vitest'

describe('the real world', () => {
  const { clock, random } = createRealWorld()

  test('tells whole milliseconds, and a monotonic clock that never goes back', () => {
    expect(Number.isInteger(clock.wallMs())).toBe(true)
    let before = clock.monotonicMs()
    for (let turn = 0; turn < 1000; turn += 1) {
      const now = clock.monotonicMs()
      expect(now).toBeGreaterThanOrEqual(before)
      expect(Number.isInteger(now)).toBe(true)
      before = now
    }
  })

  test('calls back once after the delay, and not at all when cancelled', async () => {
    const calls: string[] = []
    const startMs = clock.monotonicMs()
    const keepAlive = setInterval(() => {}, 1000)
    await new Promise<void>((resolve) => {
      clock.after(5, () => calls.push('cancelled')).cancel()
      clock.after(20, () => {
        calls.push('kept')
        resolve()
      })
    })
    clearInterval(keepAlive)
    expect(calls).toEqual(['kept'])
    expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(20)
  })

  test('a delay longer than a timer can hold does not fire at once', async () => {
    let hasFired = false
    const timer = clock.after(2 ** 40, () => {
      hasFired = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    timer.cancel()
    expect(hasFired).toBe(false)
  })

  test('randomness is in range and does not repeat', () => {
    const bytes = new Set(
      Array.from({ length: 50 }, () => Buffer.from(random.bytes(16)).toString('hex')),
    )
    expect(bytes.size).toBe(50)
    for (let turn = 0; turn < 200; turn += 1) {
      const fraction = random.fraction()
      expect(fraction).toBeGreaterThanOrEqual(0)
      expect(fraction).toBeLessThan(1)
    }
  })
})
