/** C23: 1 % of the samples of an empty card fail at random for 8 h. */
import { expect, test } from 'vitest'
import { FakeRandom } from '../support/fake-clock.ts'
import { FakeProbe } from '../support/fake-probe.ts'
import { at, Country, HOUR } from './country.ts'
import { cardsOf } from './machine.ts'

class FlakyProbe extends FakeProbe {
  readonly #random = new FakeRandom(23)
  samples = 0
  failures = 0

  override async sample() {
    const isFailing = this.#random.fraction() < 0.01
    this.samples += 1
    if (isFailing) this.failures += 1
    this.mode = isFailing ? 'failing' : 'ok'
    const answer = await super.sample()
    this.mode = 'ok'
    return answer
  }
}

test('C23: windows do not restart, and only the time beside the failed samples is unknown and not deposited', async ({
  annotate,
}) => {
  const country = await Country.open()
  const probe = new FlakyProbe(cardsOf('a', 1))
  await country.join({ cards: [], probe })
  await country.runTo(at('16:01:05'))
  expect(probe.failures).toBeGreaterThan(10)

  // One window and one deposit, from the first quarter of an hour to the end.
  const deposits = await country.deposits()
  expect(deposits).toMatchObject([{ closedAtMs: null }])
  expect(deposits[0]?.windowStartMs).toBeLessThan(at('08:01'))
  const { states } = await country.balance(at('08:01'), at('16:01'))
  const unknownMs = Number(states.unknown_ms)
  expect(unknownMs + Number(states.free_ms)).toBe(8 * HOUR)
  // A failed sample costs the span before it and the one after it, and no more.
  expect(unknownMs).toBeLessThanOrEqual(probe.failures * 20_000)
  const share = unknownMs / (8 * HOUR)
  expect(share).toBeGreaterThan(0.005)
  expect(share).toBeLessThan(0.03)
  await annotate(
    `${probe.failures} of ${probe.samples} samples failed: ${(share * 100).toFixed(2)} % unknown`,
  )

  await country.runTo(at('18:01'))
  const { rows } = await country.get(
    '/v1/rollups?grain=day&tz=UTC&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z',
  )
  const { deposited_ms } = rows[0].models[0].figures
  const openedAtMs = deposits[0]?.openedAtMs ?? 0
  expect(Number(deposited_ms)).toBeLessThanOrEqual(at('16:00') - openedAtMs)
  expect(Number(deposited_ms)).toBeGreaterThanOrEqual(at('16:00') - openedAtMs - unknownMs)
})
