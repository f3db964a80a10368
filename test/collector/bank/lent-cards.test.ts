/** What the forecast is told of leases: from their start to their end, as it is known by now. */
import { expect, test } from 'vitest'
import { LentCards } from '../../../collector/src/bank/lent-cards.ts'
import type { Draw } from '../../../collector/src/model/draw.ts'
import type { UnitId } from '../../../collector/src/model/ids.ts'

const CARD = 7 as UnitId
const HOUR = 3_600_000

function lent(drawId: string, startMs: number, endedAtMs: number | null = null) {
  const claim = { unitId: CARD, startMs, untilMs: startMs + HOUR, endedAtMs }
  return { request: { drawId }, claims: [claim] } as unknown as Draw
}

test('a card is lent from the start of its lease to its end, and not before or after', () => {
  const cards = new LentCards()
  cards.note(lent('a', 10 * HOUR))
  expect([-1, 0, HOUR - 1, HOUR].map((ms) => cards.isLentAt(CARD, 10 * HOUR + ms))).toEqual([
    false,
    true,
    true,
    false,
  ])
  cards.note(lent('a', 10 * HOUR, 10 * HOUR + 5))
  expect(cards.isLentAt(CARD, 10 * HOUR + 5)).toBe(false)
  expect(cards.isLentAt(8 as UnitId, 10 * HOUR)).toBe(false)
})

test('leases one after the other are kept apart, and old ones are forgotten', () => {
  const cards = new LentCards()
  cards.note(lent('a', 10 * HOUR))
  cards.note(lent('b', 11 * HOUR + 1))
  expect(cards.isLentAt(CARD, 11 * HOUR - 1)).toBe(true)
  expect(cards.isLentAt(CARD, 11 * HOUR)).toBe(false)
  cards.note(lent('c', 20 * HOUR))
  expect(cards.isLentAt(CARD, 11 * HOUR - 1)).toBe(false)
})

test('how many are lent is not known before every draw has been noted', () => {
  const cards = new LentCards()
  cards.note(lent('a', 10 * HOUR))
  expect(cards.countAt(10 * HOUR)).toBeNull()
  cards.allNoted()
  expect([9, 10, 11].map((hour) => cards.countAt(hour * HOUR))).toEqual([0, 1, 0])
})
