/** Every sealed hour is looked at once per version; a watcher that was killed starts the hour over. */
import { AppError, HOUR_MS, silentLogger } from '@yiben/shared'
import { expect, test } from 'vitest'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import type { NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import type { HourReading, ImplausibleHour } from '../../../collector/src/model/implausible.ts'
import { modelFacts } from '../../../collector/src/plausibility/rules.ts'
import {
  PlausibilityWatcher,
  type WatcherStore,
} from '../../../collector/src/plausibility/watcher.ts'
import { emptyHour } from '../../../collector/src/timeline/hours.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const T0 = Date.UTC(2026, 2, 1)
const CARDS = 12_000

/** An hour of many cards, each idle at full power, and a store that fails when it is told to. */
class ManyCards implements WatcherStore {
  readonly written = new Set<number>()
  readonly sizes: number[] = []
  judged = 0
  failsAt: number | null = null

  async readUnjudgedHour() {
    return this.judged === 0 ? { hourMs: T0, version: 1 } : null
  }
  async readHourReadings(_: number, afterUnitId: number, limit: number) {
    const count = Math.max(0, Math.min(limit, CARDS - afterUnitId))
    return Array.from({ length: count }, (__, at): HourReading => {
      const unitId = (afterUnitId + at + 1) as UnitId
      const told = { freeMs: HOUR_MS, energyJoules: 650 * 3_600 + unitId }
      return {
        nodeId: `n-${Math.floor(unitId / 8)}` as NodeId,
        profile: {
          vendor: 'nvidia',
          name: 'NVIDIA H800',
          memoryTotalMib: 81_559,
          powerCapWatts: 700,
        },
        hour: { ...emptyHour(unitId, T0), ...told },
        repeatsAfterHours: null,
      }
    })
  }
  async writeImplausible(hours: readonly ImplausibleHour[]) {
    if (this.written.size >= (this.failsAt ?? Number.POSITIVE_INFINITY)) {
      throw new AppError('store_unavailable', 'the disk is full')
    }
    this.sizes.push(hours.length)
    const before = this.written.size
    for (const { unitId } of hours) this.written.add(unitId ?? 0)
    return { opened: this.written.size - before }
  }
  async hourJudged() {
    this.judged += 1
  }
}

function watcherOf(store: WatcherStore, onFound = () => {}) {
  return new PlausibilityWatcher({
    store,
    clock: new FakeClock(T0),
    logger: silentLogger,
    facts: modelFacts(loadCatalogue()),
    onFound,
  })
}

test('every card of an hour is looked at, however many, in pages and small transactions', async () => {
  const store = new ManyCards()
  let told = 0
  await watcherOf(store, () => {
    told += 1
  }).drain()
  expect([store.written.size, store.judged]).toEqual([CARDS, 1])
  expect(Math.max(...store.sizes)).toBeLessThanOrEqual(500)
  expect(told).toBe(store.sizes.length)
})

test('a store that fails between leaves the hour unjudged, and the next look finishes it', async () => {
  const store = new ManyCards()
  store.failsAt = 4_000
  await expect(watcherOf(store).drain()).rejects.toThrow('the disk is full')
  expect(store.judged).toBe(0)
  store.failsAt = null
  await watcherOf(store).drain()
  expect([store.written.size, store.judged]).toEqual([CARDS, 1])
})
