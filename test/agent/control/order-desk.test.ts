/** The owner's orders: hold at once, outlive the process, enter the stream when it begins. */
import { silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import {
  type LeasesOfDesk,
  OrderDesk,
  type OrderedVeto,
} from '../../../agent/src/control/order-desk.ts'
import { DiskGuard } from '../../../agent/src/sampling/disk-guard.ts'
import { fakeCard } from '../../support/fake-probe.ts'
import { MemorySpool } from '../../support/memory-spool.ts'

const NOW_MS = 1_000
const UNITS = ['GPU-00', 'GPU-01'].map((id, index) => ({
  id,
  index,
  unit: fakeCard(id).unit,
  pciDeviceId: null,
  problem: null,
}))

class FakeLeases implements LeasesOfDesk {
  lent = new Set<string>()
  readonly asked: unknown[] = []

  veto(unitIds: readonly string[] | null): number {
    this.asked.push(['veto', unitIds])
    return [...this.lent].filter((id) => unitIds === null || unitIds.includes(id)).length
  }

  recall(unitIds: readonly string[], atMs: number): void {
    this.asked.push(['recall', unitIds, atMs])
  }

  isLent(unitId: string): boolean {
    return this.lent.has(unitId)
  }
}

function rig(spool = new MemorySpool()) {
  const recorded: OrderedVeto[] = []
  const timeline = { hasBegun: true }
  const leases = new FakeLeases()
  const desk = new OrderDesk({
    leases: () => leases,
    log: silentLogger,
    spool,
    disk: new DiskGuard(silentLogger),
    nowMs: () => NOW_MS,
    units: () => UNITS,
    record: (veto) => {
      if (!timeline.hasBegun) return 'too_early'
      recorded.push(veto)
      return spool.failure === null ? 'durable' : 'waiting'
    },
  })
  return { desk, spool, recorded, timeline, leases }
}

describe('an order', () => {
  test('holds at once, is in the stream, and holds in the next process', () => {
    const { desk, spool, recorded } = rig()
    const done = { status: 'done', units: [1], leasesEnded: 0, isDurable: true }
    expect(desk.reclaim(['1'])).toEqual(done)
    expect(recorded).toEqual([{ kind: 'reclaim', units: [1] }])
    for (const { orders } of [desk, rig(spool).desk]) {
      expect(orders.reclaimedSinceMs('GPU-01')).toBe(NOW_MS)
      expect(orders.reclaimedSinceMs('GPU-00')).toBeNull()
    }
  })

  test('without a name means every unit, and says so in the stream', () => {
    const { desk, recorded } = rig()
    expect(desk.reclaim([])).toMatchObject({ units: [0, 1] })
    expect(desk.offer([])).toMatchObject({ units: [0, 1] })
    expect(recorded).toEqual([
      { kind: 'reclaim', units: [] },
      { kind: 'offer', units: [] },
    ])
  })

  test('to take cards back ends the leases on them, after it is kept; a pause ends none', () => {
    const { desk, leases } = rig()
    leases.lent.add('GPU-01')
    expect(desk.reclaim(['1'])).toMatchObject({ leasesEnded: 1 })
    expect(desk.pause(null)).toMatchObject({ leasesEnded: 0 })
    desk.offer([])
    expect(leases.asked).toEqual([['veto', ['GPU-01']]])
  })

  test('with notice takes back now what is not lent, and the rest when the notice is over', () => {
    const { desk, recorded, leases } = rig()
    leases.lent.add('GPU-01')
    const done = { status: 'done', units: [0, 1], leasesEnded: 1, isDurable: true }
    expect(desk.reclaim([], 120_000)).toEqual(done)
    expect(leases.asked).toEqual([['recall', ['GPU-01'], NOW_MS + 120_000]])
    expect(recorded).toEqual([{ kind: 'reclaim', units: [0] }])
    // Nothing new is lent of either meanwhile.
    expect(desk.orders.reclaimedSinceMs('GPU-01')).toBe(NOW_MS)
  })

  test('that names an unknown card changes nothing', () => {
    const { desk, recorded } = rig()
    expect(desk.reclaim(['1', '7'])).toMatchObject({ status: 'unit_unknown' })
    expect(desk.orders.reclaimedSinceMs('GPU-01')).toBeNull()
    expect(recorded).toEqual([])
  })

  test('a pause ends when it was told to, counted from when it was given', () => {
    const { desk } = rig()
    desk.pause(5_000)
    expect(desk.isPaused).toBe(true)
    expect(desk.orders.pausedUntilMs).toBe(NOW_MS + 5_000)
    desk.resume()
    expect(desk.isPaused).toBe(false)
  })

  test('given before the timeline begins is in it once, from its beginning, and not durable before', () => {
    const { desk, recorded, timeline } = rig()
    timeline.hasBegun = false
    expect(desk.reclaim(['0'])).toMatchObject({ isDurable: false })
    expect(recorded).toEqual([])
    timeline.hasBegun = true
    desk.recordEarly()
    desk.recordEarly()
    expect(recorded).toEqual([{ kind: 'reclaim', units: [0] }])
  })

  test('that the disk does not take holds all the same, and is kept when there is space', () => {
    const { desk, spool } = rig()
    spool.failure = 'disk_full'
    expect(desk.reclaim(['0'])).toMatchObject({ status: 'done', isDurable: false })
    expect(desk.orders.reclaimedSinceMs('GPU-00')).toBe(NOW_MS)
    desk.keepAgain()
    spool.failure = null
    expect(rig(spool).desk.orders.reclaimedSinceMs('GPU-00')).toBeNull()
    desk.keepAgain()
    expect(rig(spool).desk.orders.reclaimedSinceMs('GPU-00')).toBe(NOW_MS)
  })
})
