/**
 * C1: a node of 8 cards reboots and says nothing from 09:00:00 to 09:03:10. 8 x 190 s are unknown,
 * by cause of the reboot; the old session is replaced at once, and nobody takes it for a clone.
 */
import { expect, test } from 'vitest'
import { at, Country, MINUTE, SECOND } from './country.ts'
import { cardsOf } from './machine.ts'

test('C1: 8 x 190 s = 1,520,000 card-ms are unknown(reboot), the session is replaced at once, and it is no clone', async () => {
  const country = await Country.open()
  const machine = await country.join({ cards: cardsOf('a', 8) })
  const { nodeId } = machine
  await country.runTo(at('09:00:00') + SECOND / 2)
  expect((await country.stages()).deposited).toBe(8)

  // Nobody is told: for the collector the old socket still stands open.
  machine.powerOff()
  await country.runTo(at('09:03:10'))
  expect(await country.stages()).toMatchObject({ unknown: 8, deposited: 0, free: 0 })
  machine.start()
  await country.run(SECOND)
  expect(machine.linkState).toBe('online')
  expect(machine.nodeId).toBe(nodeId)
  expect(country.collector.gateway.sessionCount()).toBe(1)

  await country.runTo(at('09:05:05'))
  for (const card of [1, 8]) {
    expect(await country.story(card, at('08:59'))).toEqual([
      ['08:59:00', '09:00:00', 'free/proven'],
      ['09:00:00', '09:03:10', 'unknown/reboot'],
      ['09:03:10', '09:05:00', 'free/proven'],
    ])
  }
  const { states } = await country.balance(at('09:00'), at('09:05'))
  expect(states).toMatchObject({ unknown_ms: '1520000', free_ms: String(8 * 110 * SECOND) })
  expect((await country.get('/v1/quality')).clones.total).toBe(0)
  expect(await country.stages()).toMatchObject({ connected: 8, free: 8 })

  // What was deposited ended at the last proven second; the new window has to grow old again.
  const closed = await country.deposits()
  expect(closed.map(({ closedAtMs, closeReason }) => [closedAtMs, closeReason])).toEqual(
    Array.from({ length: 8 }, () => [at('09:00:00'), 'silent']),
  )
  await country.runTo(at('09:18:10'))
  expect((await country.stages()).deposited).toBe(0)
  await country.run(2 * MINUTE)
  expect((await country.stages()).deposited).toBe(8)
})

test('C1: a reboot of seconds replaces a session whose socket still seems open', async () => {
  const country = await Country.open()
  const machine = await country.join({ cards: cardsOf('a', 1) })
  await country.run(5 * MINUTE)
  machine.powerOff()
  machine.start()
  await country.run(SECOND)
  expect(machine.linkState).toBe('online')
  expect(country.collector.gateway.sessionCount()).toBe(1)
  expect((await country.get('/v1/quality')).clones.total).toBe(0)
})
