import { describe, expect, test } from 'vitest'
import { OwnerOrders } from '../../../agent/src/sampling/owner-orders.ts'

const ALL = ['a', 'b', 'c']

function reclaimed(orders: OwnerOrders): string[] {
  return ALL.filter((key) => orders.reclaimedSinceMs(key) !== null)
}

describe("the owner's orders", () => {
  test('named cards are taken back and offered again one by one', () => {
    const orders = OwnerOrders.load(null)
    orders.reclaim(['a', 'b'], 1000)
    orders.reclaim(['a'], 2000)
    expect(orders.reclaimedSinceMs('a')).toBe(1000)
    orders.offer(['a'], ALL)
    expect(reclaimed(orders)).toEqual(['b'])
  })

  test('without names every card is meant, those that appear later included', () => {
    const orders = OwnerOrders.load(null)
    orders.reclaim(null, 1000)
    expect(orders.reclaimedSinceMs('new')).toBe(1000)
    orders.offer(['a'], ALL)
    expect(reclaimed(orders)).toEqual(['b', 'c'])
    orders.offer(null, ALL)
    expect(reclaimed(orders)).toEqual([])
  })

  test('hold over a restart', () => {
    const orders = OwnerOrders.load(null)
    orders.reclaim(['b'], 1000)
    orders.pause(2000, 5000)
    const again = OwnerOrders.load(orders.toText())
    expect(reclaimed(again)).toEqual(['b'])
    expect([again.pausedSinceMs, again.pausedUntilMs]).toEqual([2000, 5000])
  })

  test('a pause ends at its time, one without an end never by itself', () => {
    const orders = OwnerOrders.load(null)
    orders.pause(1000, 5000)
    expect([orders.isPauseOver(4999), orders.isPauseOver(5000)]).toEqual([false, true])
    orders.pause(1000, null)
    expect(orders.isPauseOver(Number.MAX_SAFE_INTEGER)).toBe(false)
  })

  test.each(['', '{}', '{"allSinceMs":"x"}'])(
    'that cannot be read (%s) are no licence to lend',
    (text) => {
      expect(() => OwnerOrders.load(text)).toThrow(expect.objectContaining({ code: 'disk_failed' }))
    },
  )
})
