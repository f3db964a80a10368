/** Old rows go in small calls with pauses, hour by hour; answers about them are refused by name. */
import { AppError, silentLogger } from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { UnitId } from '../../../collector/src/model/ids.ts'
import { Pruner } from '../../../collector/src/rollup/pruner.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { ApiRig } from '../api/api-rig.ts'
import { HOUR, START_MS } from '../bank/ledger-rig.ts'

const DAY = 24 * HOUR
const RETENTION = { runsMs: 800 * DAY, refusedMs: 180 * DAY }

/** A store that has so many calls' worth of rows to let go. */
class FullStore {
  readonly asked: Parameters<Store['pruneTimeline']>[0][] = []
  callsLeft = 50
  isFailing = false

  pruneTimeline: Store['pruneTimeline'] = async (prune) => {
    if (this.isFailing) throw new AppError('disk_full', 'the disk is full')
    this.asked.push(prune)
    this.callsLeft -= 1
    const isDone = this.callsLeft <= 0
    return {
      rows: prune.rowsMax,
      nextUnitId: isDone ? null : (this.asked.length as UnitId),
      isDone,
    }
  }
}

function running() {
  const clock = new FakeClock(START_MS)
  const store = new FullStore()
  const pruner = new Pruner({ store, clock, logger: silentLogger, retention: RETENTION })
  const run = pruner.run()
  onTestFinished(async () => {
    await pruner.stop()
    await run
  })
  return { clock, store, pruner }
}

describe('the pruner', () => {
  test('makes a handful of calls a second, each going on where the last one ended', async () => {
    const { clock, store, pruner } = running()
    await clock.run(500)
    expect(store.asked).toHaveLength(20)
    await clock.run(1_000)
    expect(store.asked).toHaveLength(40)
    await clock.run(10_000)
    expect(store.asked).toHaveLength(50)
    expect(store.asked.map(({ afterUnitId }) => afterUnitId)).toEqual([
      null,
      ...Array.from({ length: 49 }, (_, call) => call + 1),
    ])
    expect(pruner.prunedRows).toBe(50 * 500)
    expect(store.asked[0]).toMatchObject({
      keptFromMs: START_MS - (START_MS % HOUR) - RETENTION.runsMs,
      refusedKeptFromMs: START_MS - (START_MS % HOUR) - RETENTION.refusedMs,
    })
  })

  test('looks again when an hour is over, not before', async () => {
    const { clock, store } = running()
    await clock.run(10_000)
    const before = store.asked.length
    await clock.run(HOUR / 2)
    expect(store.asked.length).toBe(before)
    await clock.run(HOUR / 2)
    expect(store.asked.length).toBe(before + 1)
  })

  test('goes on when the disk takes writes again', async () => {
    const { clock, store } = running()
    store.isFailing = true
    await clock.run(5_000)
    expect(store.asked).toEqual([])
    store.isFailing = false
    await clock.run(2_000)
    expect(store.asked.length).toBeGreaterThan(0)
  })
})

test('people are told from when on there is an answer, and sums do not change', async () => {
  const api = await ApiRig.start()
  onTestFinished(() => api.close())
  const node = await api.rig.admit(1, [{}])
  await api.rig.live(node, [
    ['free/proven', 7_200],
    ['busy/active', 7_200],
  ])
  api.rig.clock.advance(3 * HOUR)
  await api.settle()
  const iso = (ms: number) => new Date(ms).toISOString()
  const span = `from=${iso(START_MS)}&to=${iso(START_MS + 4 * HOUR)}`
  const sums = async () => (await api.get(`/v1/rollups?${span}&grain=hour&by=site`)).body.rows
  const before = await sums()
  expect(before.length).toBeGreaterThan(0)

  const keptFromMs = START_MS - (START_MS % HOUR) + 2 * HOUR
  await api.rig.store.pruneTimeline({
    keptFromMs,
    refusedKeptFromMs: 0,
    afterUnitId: null,
    rowsMax: 1_000,
  })
  for (const path of [`/v1/ledger?as_of=${iso(keptFromMs - 1)}`, `/v1/balance?${span}`]) {
    const { status, body } = await api.get(path)
    expect([path, status, body.code]).toEqual([path, 410, 'as_of_pruned'])
    expect(body.detail).toContain(`kept from ${iso(keptFromMs).replace('.000Z', 'Z')} on`)
  }
  expect((await api.get(`/v1/ledger?as_of=${iso(keptFromMs)}`)).status).toBe(200)
  expect(await sums()).toEqual(before)
})
