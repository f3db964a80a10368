/**
 * C4: the collector's own clock steps by +40 s. Silence is judged by its monotonic clock, so that
 * nothing expires early; most nodes' offsets move together, so that it accuses itself.
 */
import { expect, test } from 'vitest'
import { busyReading, idleReading } from '../support/fake-probe.ts'
import { at, Country, MINUTE, SECOND } from './country.ts'
import { cardsOf } from './machine.ts'

test('C4: +40 s: nothing expires early, the collector accuses itself and opens nothing until it is mended', async () => {
  const country = await Country.open()
  const machines = []
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    machines.push(await country.join({ cards: cardsOf(name, 1) }))
  }
  const late = machines[4]?.probe.cards[0]
  if (late === undefined) throw new Error('no card')
  late.reading = busyReading('GPU-e-0')
  await country.runTo(at('08:20:30'))
  late.reading = idleReading('GPU-e-0')
  expect((await country.stages()).deposited).toBe(4)

  const { liveness } = country.collector
  country.process.stepWall(40 * SECOND)
  await country.run(SECOND)
  expect(machines.some(({ nodeId }) => liveness.isSuspended(nodeId))).toBe(false)
  await country.run(2 * MINUTE)
  const [entry] = await country.entries('liveness_suspended')
  expect(entry).toMatchObject({ payload: { reason: 'clock' } })
  // A node that is behind shows past one sample period only: 30 s of the 40 are beyond doubt.
  for (const byMs of [entry.payload.by_ms, liveness.clockAccusation()?.byMs]) {
    expect(byMs).toBeGreaterThan(29 * SECOND)
    expect(byMs).toBeLessThanOrEqual(40 * SECOND)
  }

  // The fifth card is free for 20 min by now: it is not opened by a clock that is in doubt.
  await country.run(20 * MINUTE)
  expect(await country.deposits()).toHaveLength(4)
  expect((await country.deposits()).every(({ closedAtMs }) => closedAtMs === null)).toBe(true)

  country.process.stepWall(-40 * SECOND)
  await country.run(10 * MINUTE)
  expect(liveness.clockAccusation()).toBeNull()
  expect(await country.entries('liveness_resumed')).toMatchObject([
    { payload: { reason: 'clock' } },
  ])
  const deposits = await country.deposits()
  expect(deposits).toHaveLength(5)
  expect(deposits.every(({ closedAtMs }) => closedAtMs === null)).toBe(true)
  expect((await country.get('/v1/quality')).silences.total).toBe(0)
  await country.balance(at('08:00'), country.nowMs)
})

test('C4: a node that falls silent as the clock steps is silent after 90 s, not after 50', async () => {
  const country = await Country.open()
  const machine = await country.join({ cards: cardsOf('a', 1) })
  await country.runTo(at('08:30:00') + SECOND / 2)
  const { nodeId } = machine
  machine.powerOff()
  country.process.stepWall(40 * SECOND)
  await country.run(80 * SECOND)
  const silences = async () => (await country.get('/v1/quality')).silences.rows
  expect(await silences()).toEqual([])
  await country.run(20 * SECOND)
  expect(await silences()).toMatchObject([{ node_id: nodeId, from: '2026-03-01T08:30:00.000Z' }])
})
