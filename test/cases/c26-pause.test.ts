/** C26: the owner pauses a node: handles close, time is unknown(paused), deposits wait 15 min after. */
import { expect, test } from 'vitest'
import { at, Country, MINUTE, SECOND } from './country.ts'
import { cardsOf } from './machine.ts'

test('C26: handles are released within 2 s, deposits close at once and open no sooner than 15 min after', async () => {
  const country = await Country.open()
  const machine = await country.join({ cards: cardsOf('a', 2) })
  await country.runTo(at('08:30:03'))
  expect((await country.stages()).deposited).toBe(2)
  const pausedAtMs = country.nowMs
  let isReleased = false
  const paused = machine.agent.pause(null).then(() => {
    isReleased = true
  })
  await country.run(2 * SECOND)
  await paused
  expect(isReleased).toBe(true)
  expect(machine.probe.count('release')).toBe(1)
  const asked = machine.probe.calls.length
  await country.runTo(at('08:31:05'))
  const deposits = await country.deposits()
  expect(deposits.map(({ closeReason }) => closeReason)).toEqual(['paused', 'paused'])
  for (const { closedAtMs } of deposits) expect(closedAtMs).toBeLessThanOrEqual(pausedAtMs)

  await country.runTo(at('08:40:03'))
  expect(machine.probe.calls.length).toBe(asked)
  expect(await country.stages()).toMatchObject({ unknown: 2, deposited: 0 })
  machine.agent.resume()
  const resumedAtMs = country.nowMs
  await country.runTo(at('08:55:00'))
  expect(await country.stages()).toMatchObject({ free: 2, deposited: 0 })
  await country.run(3 * MINUTE)
  expect(await country.stages()).toMatchObject({ free: 2, deposited: 2 })
  const again = (await country.deposits()).slice(2)
  for (const { openedAtMs } of again) {
    expect(openedAtMs).toBeGreaterThanOrEqual(resumedAtMs + 15 * MINUTE)
  }
  // From the last proven sample before the order to the first one after it.
  expect(await country.story(1, at('08:29'))).toEqual([
    ['08:29:00', '08:30:00', 'free/proven'],
    ['08:30:00', '08:40:10', 'unknown/paused'],
    ['08:40:10', '08:57:00', 'free/proven'],
  ])
  await country.balance(at('08:00'), country.nowMs)
})
