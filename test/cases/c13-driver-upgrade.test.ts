/**
 * C13: a driver upgrade raises idle memory by 900 MiB overnight, and one C500 once reads 0 used
 * instead of 858 MiB.
 */
import { expect, test } from 'vitest'
import { type FakeCard, FakeProbe, fakeCard } from '../support/fake-probe.ts'
import { at, Country, MINUTE, SECOND } from './country.ts'

const MIB = 1024 ** 2
const TOTAL_BYTES = 65_536 * MIB
/** As shipped for this model. */
const IDLE_MIB = 858
const CARDS = 8

/** Empty cards, as a driver shows them. */
function emptyCards(driverVersion: string, usedMib: number): FakeCard[] {
  return Array.from({ length: CARDS }, (_, index) => {
    const key = `MX-0${index}`
    const card = fakeCard(key, {
      vendor: 'metax',
      name: 'MetaX C500',
      memoryTotalBytes: TOTAL_BYTES,
      driverVersion,
    })
    const memory = { memoryUsedBytes: usedMib * MIB, memoryTotalBytes: TOTAL_BYTES }
    card.reading = { ...card.reading, ...memory }
    return card
  })
}

test('C13: a new driver is occupied(baseline unproven) until its baseline is proposed from 8 cards and approved once', async () => {
  const country = await Country.open()
  const probe = new FakeProbe(emptyCards('3.0', IDLE_MIB), 'metax')
  const machine = await country.join({ cards: [], probe })
  await country.runTo(at('08:30:00') + SECOND / 2)
  expect(await country.stages()).toMatchObject({ free: CARDS, deposited: CARDS })

  machine.powerOff()
  probe.cards = emptyCards('4.0', IDLE_MIB + 900)
  machine.start()
  await country.run(10 * MINUTE)
  expect(await country.stages()).toMatchObject({ occupied: CARDS, free: 0, deposited: 0 })
  expect((await country.story(1, at('08:32'))).map(([, , name]) => name)).toEqual([
    'occupied/baseline_unproven',
  ])
  const proposals = machine.agent.proposeBaselines()
  expect(proposals).toMatchObject([
    {
      kind: 'new',
      cards: CARDS,
      baseline: { driverVersion: '4.0', idleMemoryBytesMax: (IDLE_MIB + 900) * MIB },
    },
  ])

  machine.baselines = proposals.map(({ baseline }) => baseline)
  machine.powerOff()
  machine.start()
  await country.run(14 * MINUTE)
  expect(await country.stages()).toMatchObject({ free: CARDS, deposited: 0 })
  await country.run(3 * MINUTE)
  expect(await country.stages()).toMatchObject({ free: CARDS, deposited: CARDS })
  expect(machine.agent.proposeBaselines()).toEqual([])
})

test('C13: one reading of 0 lowers nothing and frees nothing', async () => {
  const country = await Country.open()
  const probe = new FakeProbe(emptyCards('3.0', IDLE_MIB), 'metax')
  const machine = await country.join({ cards: [], probe })
  await country.runTo(at('08:30:05'))
  const [card] = probe.cards
  if (card === undefined) throw new Error('no card')
  const { reading } = card
  card.reading = { ...reading, memoryUsedBytes: 0 }
  await country.run(10 * SECOND)
  card.reading = reading
  await country.run(5 * MINUTE)
  expect(machine.agent.proposeBaselines()).toEqual([])
  expect(await country.stages()).toMatchObject({ free: CARDS, deposited: CARDS })

  // Had the baseline been lowered to 0, what any empty card shows would be somebody's.
  expect((await country.story(1, at('08:25'))).map(([, , name]) => name)).toEqual(['free/proven'])
  // And a tenant that takes what stands above the baseline is still seen.
  card.reading = { ...reading, memoryUsedBytes: (IDLE_MIB + 2_048) * MIB }
  await country.run(2 * MINUTE)
  expect(await country.stages()).toMatchObject({ free: CARDS - 1, occupied: 1 })
})
