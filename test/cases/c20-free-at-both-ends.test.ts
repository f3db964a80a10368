/** C20: free at :10, busy at :20: the 10 s between are busy, because free is proven at both ends. */
import { expect, test } from 'vitest'
import { busyReading, idleReading } from '../support/fake-probe.ts'
import { at, Country, SECOND } from './country.ts'
import { cardsOf } from './machine.ts'

test('C20: free at :10, busy at :20, free again at :30: both spans beside the busy reading are busy', async () => {
  const country = await Country.open()
  const cards = cardsOf('a', 1)
  await country.join({ cards })
  const [card] = cards
  if (card === undefined) throw new Error('no card')
  await country.runTo(at('08:30:10') + SECOND)
  card.reading = busyReading('GPU-a-0')
  await country.runTo(at('08:30:20') + SECOND)
  card.reading = idleReading('GPU-a-0')
  await country.runTo(at('08:32:05'))
  expect(await country.story(1, at('08:30:00'))).toEqual([
    ['08:30:00', '08:30:10', 'free/proven'],
    ['08:30:10', '08:30:30', 'busy/active'],
    ['08:30:30', '08:32:00', 'free/proven'],
  ])
  await country.balance(at('08:00'), country.nowMs)
})
