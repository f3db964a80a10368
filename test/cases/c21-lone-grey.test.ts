/** C21: one sample of 3 % in a deposited window costs its 10 s; two in a row close the deposit. */
import { expect, test } from 'vitest'
import { idleReading } from '../support/fake-probe.ts'
import { at, Country, HOUR, SECOND } from './country.ts'
import { cardsOf } from './machine.ts'

const GREY = { ...idleReading('GPU-a-0'), utilization: { compute: 0.03 } }

test('C21: 10 s are busy and not deposited, and the deposit stays; two in a row close it', async () => {
  const country = await Country.open()
  const cards = cardsOf('a', 1)
  await country.join({ cards })
  const [card] = cards
  if (card === undefined) throw new Error('no card')
  await country.runTo(at('09:10:10') + SECOND)
  card.reading = GREY
  await country.run(10 * SECOND)
  card.reading = idleReading('GPU-a-0')
  await country.runTo(at('09:12:05'))
  expect(await country.story(1, at('09:10'))).toEqual([
    ['09:10:00', '09:10:10', 'free/proven'],
    ['09:10:10', '09:10:20', 'busy/grey'],
    ['09:10:20', '09:12:00', 'free/proven'],
  ])
  expect(await country.deposits()).toMatchObject([{ closedAtMs: null }])
  expect(await country.stages({ asOfMs: at('09:10:15') })).toMatchObject({ busy: 1, deposited: 0 })
  expect(await country.stages({ asOfMs: at('09:10:25') })).toMatchObject({ free: 1, deposited: 1 })

  await country.runTo(at('10:10:10') + SECOND)
  card.reading = GREY
  await country.run(20 * SECOND)
  card.reading = idleReading('GPU-a-0')
  await country.runTo(at('10:12:05'))
  expect(await country.story(1, at('10:10'))).toEqual([
    ['10:10:00', '10:10:10', 'free/proven'],
    ['10:10:10', '10:10:20', 'busy/grey'],
    ['10:10:20', '10:10:40', 'busy/active'],
    ['10:10:40', '10:12:00', 'free/proven'],
  ])
  expect(await country.deposits()).toMatchObject([
    { closedAtMs: at('10:10:10'), closeReason: 'window_ended' },
  ])

  // The hour of the lone reading was deposited but for its 10 s.
  await country.runTo(at('12:01'))
  const { rows } = await country.get(
    '/v1/rollups?grain=hour&from=2026-03-01T09:00:00Z&to=2026-03-01T10:00:00Z',
  )
  expect(rows[0].models[0].figures).toMatchObject({
    busy_ms: '10000',
    free_ms: String(HOUR - 10 * SECOND),
    deposited_ms: String(HOUR - 10 * SECOND),
  })
})
