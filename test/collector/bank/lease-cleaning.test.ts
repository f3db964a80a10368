import { expect, test } from 'vitest'
import { decideReturn } from '../../../collector/src/bank/draw-return.ts'
import { type Did, HOUR, LeaseRig, MINUTE, TEN_PM, UNIT_ROW } from './lease-support.ts'

/** Returned at 10:00 of a lease that began at 22:00 of the day before: 12 h into it. */
const END = TEN_PM + 2 * HOUR
const LENT: Did = [['busy/active', 2 * 3_600]]

function returned(cards = 1): LeaseRig {
  const rig = new LeaseRig({ cards })
  const outcome = decideReturn(rig.draw, 'all', { lotIdOf: () => 'l-1', nowMs: END })
  if (outcome.status !== 'decided') throw new Error('not returned')
  rig.take(outcome.change)
  return rig
}

test('C12: 40 GiB in use until 25 minutes after the return: 20 of them are residue', () => {
  const rig = returned()
  const inUse: Did = [...LENT, ['occupied/in_use', 25 * 60]]
  expect(rig.decide(rig.look(END + 25 * MINUTE, inUse))).toBeNull()
  expect(rig.draw.claims[0]?.state).toBe('cleaning')

  rig.decide(rig.look(END + 26 * MINUTE, [...inUse, ['free/proven', 60]]))
  expect(rig.draw.claims[0]).toMatchObject({ state: 'ended', cleanAtMs: END + 25 * MINUTE })
  expect(rig.draw).toMatchObject({ state: 'ended', endedAtMs: END })
  expect(rig.changes.at(-1)?.residues).toEqual([
    { drawId: 'draw-1', ordinal: 0, fromMs: END + 5 * MINUTE, toMs: END + 25 * MINUTE },
  ])
  expect(rig.entries('card_cleaned')).toMatchObject([{ how: 'free', residue_ms: '1200000' }])
})

test('C12: five minutes are ordinary', () => {
  const rig = returned()
  rig.decide(rig.look(END + 6 * MINUTE, [...LENT, ['busy/overstay', 300], ['free/proven', 60]]))
  expect(rig.draw.claims[0]).toMatchObject({ state: 'ended', cleanAtMs: END + 5 * MINUTE })
  expect(rig.changes.at(-1)?.residues).toEqual([])
})

test('E12: a card that was free all the while is clean from the end on', () => {
  const rig = returned()
  const did: Did = [['free/proven', 2 * 3_600 + 60]]
  rig.decide(rig.look(END + MINUTE, did))
  expect(rig.draw.claims[0]).toMatchObject({ state: 'ended', cleanAtMs: END })
})

test('E12: a card of which nothing was told since the end is not clean', () => {
  const rig = returned()
  expect(rig.decide(rig.look(END + HOUR, [['free/proven', 2 * 3_600]]))).toBeNull()
})

test('E12: time that nobody told of before the card was free is no residue', () => {
  const rig = returned()
  const did: Did = [...LENT, ['occupied/in_use', 600], ['unknown/probe', 900], ['free/proven', 60]]
  rig.decide(rig.look(END + 26 * MINUTE, did))
  expect(rig.changes.at(-1)?.residues).toMatchObject([
    { fromMs: END + 5 * MINUTE, toMs: END + 10 * MINUTE },
  ])
})

test('E12: cleaning ends with a card that somebody else has', () => {
  const rig = returned()
  rig.decide(
    rig.look(END + 10 * MINUTE, [...LENT, ['busy/overstay', 480], ['allocated/scheduler', 120]]),
  )
  expect(rig.draw.claims[0]).toMatchObject({ state: 'ended', cleanAtMs: null })
  expect(rig.entries('card_cleaned')).toMatchObject([{ how: 'allocated', residue_ms: '180000' }])
})

test('E12: cleaning ends with a card whose placement has ended', () => {
  const rig = returned()
  const row = { ...UNIT_ROW, validToMs: END + MINUTE, validToReason: 'moved' as const }
  rig.decide(rig.look(END + 10 * MINUTE, LENT, { row }))
  expect(rig.draw.claims[0]).toMatchObject({ state: 'ended', cleanAtMs: null })
})

test('E12: cleaning ends after a day of silence, not before', () => {
  const rig = returned()
  const lookAt = (ms: number) => rig.look(END + ms, LENT)
  expect(rig.decide(lookAt(24 * HOUR - 1))).toBeNull()
  rig.decide(lookAt(24 * HOUR))
  expect(rig.entries('card_cleaned')).toMatchObject([{ how: 'silent', residue_ms: '0' }])
})

test('E12: a draw is over with the last of its cards', () => {
  const rig = returned(2)
  const look = rig.look(END + MINUTE, [...LENT, ['free/proven', 60]])
  const [first] = look.cards
  if (first === undefined) throw new Error('no card')
  rig.decide({ ...look, cards: new Map([first]) })
  expect(rig.draw.state).toBe('posted')
  rig.decide(look)
  expect(rig.draw.state).toBe('ended')
})
