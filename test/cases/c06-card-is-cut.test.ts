/** C6: a deposited H800 is cut into 7 x 1g, and then into 3g + 3g. */
import { expect, test } from 'vitest'
import { sharesPpm } from '../../agent/src/probes/shares.ts'
import { busyReading, type FakeCard, fakeCard, idleReading } from '../support/fake-probe.ts'
import { at, Country, iso, MINUTE } from './country.ts'

/** A card of seven compute slices, cut into parts of these sizes. */
function cutInto(card: FakeCard, sizes: readonly number[], name: string): FakeCard[] {
  const { slicesPpm, unslicedPpm } = sharesPpm(sizes, 7)
  const part = (key: string, kind: 'slice' | 'unsliced', sharePpm: number) =>
    fakeCard(key, { kind, sharePpm, name, parentKey: card.unit.key, pciAddress: null })
  const slices = slicesPpm.map((ppm, index) => part(`MIG-${name}-${index}`, 'slice', ppm))
  if (unslicedPpm === 0) return [card, ...slices]
  return [card, ...slices, part(`${card.unit.key}/${name}-rest`, 'unsliced', unslicedPpm)]
}

test('C6: the deposit closes, old slices end where new ones begin, shares sum to one card, which counts once', async () => {
  const country = await Country.open()
  const card = fakeCard('GPU-a-0', { name: 'NVIDIA H800' })
  const machine = await country.join({ cards: [card] })
  await country.runTo(at('08:30:05'))
  expect(await country.stages()).toMatchObject({ connected: 1, deposited: 1 })

  machine.probe.cards = cutInto(card, [1, 1, 1, 1, 1, 1, 1], '1g')
  await country.run(3 * MINUTE)
  const cut = (await country.placements()).filter(({ kind }) => kind !== 'card')
  expect(cut.map(({ share_ppm }) => share_ppm)).toEqual([
    142_858, 142_857, 142_857, 142_857, 142_857, 142_857, 142_857,
  ])
  const [cutAt] = cut.map(({ valid_from }) => valid_from)
  const [deposit] = await country.deposits()
  expect(deposit).toMatchObject({ closeReason: 'window_ended' })
  expect(iso(deposit?.closedAtMs ?? 0)).toBe(cutAt)
  expect(await country.stages()).toMatchObject({ connected: 1, free: 1, deposited: 0 })

  machine.probe.cards = cutInto(card, [3, 3], '3g')
  await country.run(3 * MINUTE)
  const parts = (await country.placements()).filter(({ kind }) => kind !== 'card')
  const old = parts.filter(({ valid_to }) => valid_to !== null)
  const fresh = parts.filter(({ valid_to }) => valid_to === null)
  expect(fresh.map(({ kind, share_ppm }) => [kind, share_ppm])).toEqual([
    ['slice', 428_572],
    ['slice', 428_571],
    ['unsliced', 142_857],
  ])
  expect(fresh.reduce((sum, { share_ppm }) => sum + share_ppm, 0)).toBe(1_000_000)
  expect(old).toHaveLength(7)
  const [recutAt] = fresh.map(({ valid_from }) => valid_from)
  for (const { valid_to, valid_to_reason } of old) {
    expect([valid_to, valid_to_reason]).toEqual([recutAt, 'recut'])
  }
  expect(await country.stages()).toMatchObject({ connected: 1, free: 1 })

  // Free only if all of it is.
  const [, slice] = machine.probe.cards
  if (slice === undefined) throw new Error('no slice')
  slice.reading = busyReading(slice.unit.key)
  await country.run(2 * MINUTE)
  expect(await country.stages()).toMatchObject({ connected: 1, busy: 1, free: 0 })
  slice.reading = idleReading(slice.unit.key)
  await country.run(15 * MINUTE)
  expect(await country.stages()).toMatchObject({ connected: 1, free: 1, deposited: 0 })
  await country.run(3 * MINUTE)
  // Deposited whole again, by a window of its own; no slice ever is.
  expect(await country.stages()).toMatchObject({ connected: 1, deposited: 1 })
  expect(new Set((await country.deposits()).map(({ unitId }) => unitId)).size).toBe(1)
  await country.balance(at('08:00'), country.nowMs)
})
