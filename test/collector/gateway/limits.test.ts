import { describe, expect, test } from 'vitest'
import { ConnectionLimits } from '../../../collector/src/gateway/limits.ts'
import { AckWindow } from '../../../collector/src/gateway/window.ts'

describe('connections of one address', () => {
  const limits = () => new ConnectionLimits({ connectionsMax: 100, handshakesPerAddressMax: 10 })
  const enter = (one: ConnectionLimits, address: string, count: number, nowMs = 0) =>
    Array.from({ length: count }, () => one.enter(address, nowMs).status).filter(
      (status) => status === 'admitted',
    ).length

  test('that prove who they are take nothing away', () => {
    const one = limits()
    for (let round = 0; round < 5; round += 1) {
      expect(enter(one, '10.0.0.1', 10)).toBe(10)
      for (let count = 0; count < 10; count += 1) one.proven('10.0.0.1', 0)
    }
    expect(one.connections).toBe(50)
  })

  test('that do not run out, and come back slowly', () => {
    const one = limits()
    expect(enter(one, '10.0.0.1', 50)).toBe(10)
    expect(enter(one, '10.0.0.2', 50)).toBe(10)
    expect(enter(one, '10.0.0.1', 50, 60_000)).toBe(1)
    expect(enter(one, '10.0.0.1', 50, 6_000_000)).toBe(10)
  })

  test('a refusal takes no connection', () => {
    const one = limits()
    enter(one, '10.0.0.1', 50)
    expect(one.connections).toBe(10)
    for (let count = 0; count < 10; count += 1) one.leave()
    expect(one.connections).toBe(0)
  })

  test('one subscriber’s /64 is one address', () => {
    const one = limits()
    expect(enter(one, '2001:db8:1:2::1', 6) + enter(one, '2001:db8:1:2::2', 6)).toBe(10)
    expect(enter(one, '2001:db8:1:3::1', 6)).toBe(6)
  })

  test('all together are bounded', () => {
    const one = new ConnectionLimits({ connectionsMax: 3, handshakesPerAddressMax: 10 })
    expect(enter(one, '10.0.0.1', 5)).toBe(3)
    expect(one.check('10.0.0.2', 0)).toMatchObject({ code: 'connection_limit' })
  })

  test('many addresses do not fill the memory', () => {
    const one = new ConnectionLimits({ connectionsMax: 1e9, handshakesPerAddressMax: 2 })
    for (let number = 0; number < 120_000; number += 1) {
      expect(one.check(`10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`, 0).status).toBe(
        'admitted',
      )
    }
  })
})

describe('the window of a session', () => {
  test('lets one batch go, however large', () => {
    const window = new AckWindow({ frames: 2, bytes: 100 })
    expect(window.take(1, 5_000, 0)).toBe(true)
    expect(window.take(2, 1, 0)).toBe(false)
  })

  test('is bounded in frames, and acknowledged by number', () => {
    const window = new AckWindow({ frames: 2, bytes: 100 })
    expect([window.take(1, 10, 0), window.take(2, 10, 0)]).toEqual([true, true])
    window.acknowledge(1, 0)
    expect(window.take(3, 10, 0)).toBe(true)
    expect(window.take(4, 10, 0)).toBe(false)
  })

  test('tells how long the oldest batch waited that an acknowledgement settles', () => {
    const window = new AckWindow({ frames: 8, bytes: 100 })
    window.take(1, 10, 1_000)
    window.take(3, 10, 1_500)
    expect(window.acknowledge(0, 1_700)).toBeNull()
    expect(window.acknowledge(3, 1_900)).toBe(900)
    expect(window.acknowledge(3, 2_000)).toBeNull()
  })
})
