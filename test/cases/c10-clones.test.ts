/** C10: one enrolled disk image on 500 machines, and one that was prepared for cloning. */
import { expect, test } from 'vitest'
import { Country, MINUTE, SECOND } from './country.ts'
import { cardsOf, Machine } from './machine.ts'

const COPIES = 499
/** Of the prepared image; each enrolls and is counted, which takes a while to simulate. */
const PREPARED = 100

test('C10: all but the first are clones: flagged, not counted, and told how to enroll anew', async () => {
  const country = await Country.open()
  const first = await country.join({ cards: cardsOf('first', 1) })
  await country.run(MINUTE)
  const copies: Machine[] = []
  for (let copy = 1; copy <= COPIES; copy += 1) {
    copies.push(await country.machine({ cards: cardsOf(`copy${copy}`, 1), diskOf: first }))
  }
  for (const copy of copies) copy.start()
  await country.run(2 * MINUTE)
  expect(new Set(copies.map(({ linkState }) => linkState))).toEqual(new Set(['refused']))
  for (const { linkProblem } of copies) expect(linkProblem).toMatch(/^node_clone: .*enroll/)
  expect((await country.get('/v1/quality')).clones.total).toBe(COPIES)
  expect(first.linkState).toBe('online')
  expect(await country.stages()).toMatchObject({ connected: 1 })
  expect(country.collector.gateway.sessionCount()).toBe(1)
})

test('C10: an image prepared for cloning enrolls each machine at its first boot', async () => {
  const country = await Country.open()
  const token = await country.token('SITE-1', PREPARED)
  const machines = Array.from({ length: PREPARED }, (_, index) => {
    const number = 1_000 + index
    return new Machine({ country, number, token, cards: cardsOf(`m${number}`, 1) })
  })
  // What the unit file of such an image runs before the agent itself.
  await country.until(Promise.all(machines.map((machine) => machine.enroll())))
  for (const machine of machines) machine.start()
  await country.run(MINUTE + SECOND)
  expect(new Set(machines.map(({ nodeId }) => nodeId)).size).toBe(PREPARED)
  expect((await country.get('/v1/quality')).clones.total).toBe(0)
  expect(await country.stages()).toMatchObject({ connected: PREPARED })
})
