/** What a lot is: which cards it takes in, what it is called, and which of them can be drawn. */
import { describe, expect, test } from 'vitest'
import { freeSinceMsOf, isWholeNode } from '../../../collector/src/bank/lots.ts'
import type { DeviceProfile } from '../../../collector/src/model/inventory.ts'
import type { DepositedCard, NodeOffer } from '../../../collector/src/model/offer.ts'
import { HOUR, newLots, nodeIdOf, offerOf, PROFILES } from './capacity-maker.ts'

const LOTS = newLots()

function offerWith(
  change: (card: DepositedCard, number: number) => Partial<DepositedCard>,
): NodeOffer {
  const offer = offerOf({ free: 3, of: 3 }, 1)
  return {
    ...offer,
    cards: offer.cards.map((card, number) => ({ ...card, ...change(card, number) })),
  }
}

describe('kinds', () => {
  const rows: readonly (readonly [
    name: string,
    profile: Partial<DeviceProfile>,
    gib: number | null,
  ])[] = [
    ['what a tool reports a little short of is the nominal size', { memoryTotalMib: 81_559 }, 80],
    ['ECC on GDDR takes more', { name: 'NVIDIA A10', memoryTotalMib: 22_731 }, 24],
    [
      'one size of several under one name is what is reported',
      { name: 'Tesla V100-SXM2-16GB', memoryTotalMib: 16_160 },
      16,
    ],
    [
      'a model nobody knows has what is reported',
      { name: 'Quantum X1', memoryTotalMib: 40_900 },
      40,
    ],
    ['what is not reported is not known', { memoryTotalMib: null }, null],
    [
      'a die of a board has its share',
      { vendor: 'iluvatar', name: 'Iluvatar BI-V150', memoryTotalMib: 32_768 },
      32,
    ],
    [
      'a board listed as one has all',
      { vendor: 'iluvatar', name: 'Iluvatar BI-V150', memoryTotalMib: 65_536 },
      64,
    ],
  ]
  test.each(rows)('memory: %s', (_name, change, gib) => {
    expect(LOTS.kindOf({ ...PROFILES.H800, ...change }).memoryGib).toBe(gib)
  })

  test('a card that reports other memory or a lower power cap is of the same kind', () => {
    const kind = LOTS.kindOf(PROFILES.H800)
    expect(LOTS.kindOf({ ...PROFILES.H800, memoryTotalMib: 81_920 })).toBe(kind)
    expect(LOTS.kindOf({ ...PROFILES.H800, powerCapWatts: 500 })).toBe(kind)
    expect(kind).toMatchObject({ model: 'H800 SXM', domestic: false, nanoTflops: 989_400_000_000n })
  })

  test('names that nobody knows are kinds of their own, and unrated', () => {
    const one = LOTS.kindOf(PROFILES.unknown)
    expect(one).toMatchObject({ model: null, nanoTflops: null })
    expect(LOTS.kindOf({ ...PROFILES.unknown, name: 'Quantum X2' })).not.toBe(one)
  })
})

describe('ids', () => {
  const idOf = (lots: typeof LOTS, node: number) =>
    lots.idOf(nodeIdOf(node), lots.kindOf(PROFILES.H800))

  test('are the same in every process with the same key, and tell nothing of the node', () => {
    expect(idOf(newLots(7), 1)).toBe(idOf(LOTS, 1))
    expect(idOf(newLots(8), 1)).not.toBe(idOf(LOTS, 1))
    expect(idOf(LOTS, 1)).toMatch(/^l-[0-9a-f]{16}$/)
    expect(idOf(LOTS, 1)).not.toContain(nodeIdOf(1).slice(2))
  })

  test('differ between nodes and between models', () => {
    const ids = [1, 2].flatMap((node) =>
      Object.values(PROFILES).map((profile) => LOTS.idOf(nodeIdOf(node), LOTS.kindOf(profile))),
    )
    expect(new Set(ids).size).toBe(8)
  })

  test('stay while cards come and go', () => {
    const [before] = LOTS.of(offerOf({ free: 2 }, 1))
    const [after] = LOTS.of(offerOf({ free: 5 }, 1), before === undefined ? [] : [before])
    expect(after?.id).toBe(before?.id)
    expect(after?.cards).toHaveLength(5)
  })
})

describe('of a node', () => {
  test('cards of two models are two lots, and neither is a whole node', () => {
    const offer = offerWith((_, number) => (number === 0 ? { profile: PROFILES['910B3'] } : {}))
    const lots = LOTS.of(offer)
    expect(lots.map((lot) => [lot.kind.model, lot.cards.length, isWholeNode(lot)])).toEqual([
      ['Ascend 910B3', 1, false],
      ['H800 SXM', 2, false],
    ])
  })

  test('all its cards in one lot are a whole node', () => {
    expect(LOTS.of(offerOf({ free: 8 }, 1)).map(isWholeNode)).toEqual([true])
    expect(LOTS.of(offerOf({ free: 7 }, 1)).map(isWholeNode)).toEqual([false])
  })

  test.each<[string, Partial<DepositedCard>]>([
    ['whose window has ended', { window: null }],
    ['that the owner has taken back', { isWithheld: true }],
    ['that two nodes claim', { isDisputed: true }],
    ['that a draw has claimed', { isClaimed: true }],
  ])('a card %s is deposited and cannot be drawn', (_name, change) => {
    const [lot] = LOTS.of(offerWith((_, number) => (number === 1 ? change : {})))
    expect([lot?.cards.length, lot?.drawable.length]).toEqual([3, 2])
    if (lot !== undefined) expect(isWholeNode(lot)).toBe(false)
  })

  test('a node that states a fence has fenced lots, one that states none has not', () => {
    const fences = [true, false].map((isFenced) => LOTS.of(offerOf({ free: 1, isFenced }, 1)))
    expect(fences.map(([lot]) => lot?.fence)).toEqual(['fenced', 'unfenced'])
  })

  test('the cards free longest come first, and the youngest says since when the lot is free', () => {
    const startMs = (number: number) => [3, 9, 5].map((hour) => hour * HOUR)[number] ?? 0
    const [lot] = LOTS.of(
      offerWith((_, number) => {
        return { window: { ageStartMs: startMs(number), provenToMs: 10 * HOUR } }
      }),
    )
    expect(lot?.drawable.map(({ window }) => window.ageStartMs / HOUR)).toEqual([3, 5, 9])
    expect(lot === undefined ? null : freeSinceMsOf(lot)).toBe(9 * HOUR)
  })

  test('a lot without a card that can be drawn is free since no time', () => {
    const [lot] = LOTS.of(offerWith(() => ({ window: null })))
    expect(lot === undefined ? 0 : freeSinceMsOf(lot)).toBeNull()
  })
})
