/**
 * C14: 09-10 was sealed with 8 x 600 s unknown; at 13:00 the spool says busy. The hour is corrected
 * from then on, and what was answered before can be answered again.
 */
import { expect, test } from 'vitest'
import { busyReading, idleReading } from '../support/fake-probe.ts'
import { at, between, Country, iso, MINUTE, SECOND } from './country.ts'
import { cardsOf } from './machine.ts'

const CARDS = 8
const MOVED = String(CARDS * 600 * SECOND)

async function figures(country: Country, knownAtMs: number) {
  const hour = between(at('09:00'), at('10:00'))
  const url = `/v1/rollups?grain=hour&${hour}&known_at=${iso(knownAtMs)}`
  const { rows } = await country.get(url)
  const { unknown_ms, busy_ms, free_ms } = rows[0].models[0].figures
  return { unknown_ms, busy_ms, free_ms }
}

/** Cut off at 09:50, busy until 10:00 unseen, and heard again from 13:00 on. */
async function livedThrough(): Promise<Country> {
  const country = await Country.open()
  const cards = cardsOf('a', CARDS)
  const machine = await country.join({ cards })
  await country.runTo(at('09:50:00') + SECOND / 2)
  machine.setLine('silent')
  for (const card of cards) card.reading = busyReading(card.unit.key)
  await country.runTo(at('10:00:00') + SECOND / 2)
  for (const card of cards) card.reading = idleReading(card.unit.key)
  await country.runTo(at('13:00:00'))
  machine.setLine('up')
  await country.runTo(at('14:00:00'))
  return country
}

/** Which hour, which site, what moved, since when, and which entry says so. */
async function checkList(country: Country, journalSeq: number): Promise<void> {
  const known = (from: string, to: string) =>
    country.get(`/v1/corrections?${between(at(from), at(to))}`)
  const nine = {
    hour: iso(at('09:00')),
    site_code: 'SITE-1',
    version: 2,
    cards_moved: 0,
    cause: 'told_late',
    journal_seq: journalSeq,
  }
  const { corrections } = await known('13:00', '14:00')
  const [first] = corrections.filter(({ hour }: { hour: string }) => hour === nine.hour)
  expect(first).toMatchObject(nine)
  expect(first.moves).toMatchObject({ unknown_ms: `-${MOVED}`, busy_ms: MOVED })
  expect(Date.parse(first.before_known_at)).toBeLessThan(at('13:00'))
  expect((await known('12:00', '13:00')).corrections).toEqual([])
  const month = await country.get('/v1/corrections?month=2026-03')
  expect(month.corrections).toEqual(corrections)
}

test('C14: rollups and ledger say unknown as known at 12:00, busy as known at 14:00, the entry names what moved and the list of corrections with it', async () => {
  const country = await livedThrough()
  const free_ms = String(CARDS * 50 * MINUTE)
  const before = { unknown_ms: MOVED, busy_ms: '0', free_ms }
  const after = { unknown_ms: '0', busy_ms: MOVED, free_ms }
  expect(await figures(country, at('12:00') + MINUTE)).toEqual(before)
  expect(await figures(country, at('13:00'))).toEqual(before)
  expect(await figures(country, at('14:00'))).toEqual(after)
  expect(await figures(country, country.nowMs)).toEqual(after)

  const asOfMs = at('09:55')
  expect(await country.stages({ asOfMs, knownAtMs: at('12:00') })).toMatchObject({
    connected: CARDS,
    unknown: CARDS,
    busy: 0,
  })
  expect(await country.stages({ asOfMs, knownAtMs: at('14:00') })).toMatchObject({
    connected: CARDS,
    unknown: 0,
    busy: CARDS,
  })
  const half = { asOfMs: at('09:30') }
  const [then, now] = [
    await country.stages({ ...half, knownAtMs: at('12:00') }),
    await country.stages({ ...half, knownAtMs: at('14:00') }),
  ]
  expect(then).toEqual(now)

  const nine = (await country.entries('hour_corrected')).filter(
    ({ payload }) => payload.hour_ms === at('09:00'),
  )
  expect(nine).toMatchObject([
    {
      payload: {
        version: 2,
        sites: [{ site: 'SITE-1', moved: { busyMs: MOVED, unknownMs: `-${MOVED}` } }],
      },
    },
  ])
  await checkList(country, nine[0].seq)
  await country.balance(at('08:00'), country.nowMs)
})
