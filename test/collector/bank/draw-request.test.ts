/** What a client may ask for, and when two requests are one. */
import { describe, expect, test } from 'vitest'
import {
  CARDS_PER_DRAW_MAX,
  canonicalDraw,
  cardsAskedOf,
  type DrawInput,
  HOLD_MS_DEFAULT,
  HOLD_MS_MAX,
  isSameRequest,
  LEASE_MS_MAX,
} from '../../../collector/src/bank/draw-request.ts'
import { HOUR, requestOf } from './draw-maker.ts'

const POOL: DrawInput = {
  drawId: 'draw-1',
  bank: 'bank',
  borrower: 'borrower',
  contract: 'contract',
  what: { kind: 'pool', cards: 16 },
  forMs: HOUR,
}
const lot = (lotId: string, cards = 1) => ({ lotId, cards })
const named = (...lots: { lotId: string; cards: number }[]) => ({ kind: 'cards' as const, lots })
const pool = (change: object) => ({ kind: 'pool' as const, cards: 16, ...change })

describe('a request', () => {
  test('has its defaults filled in: 30 s of hold, fenced cards only, swapped before the start', () => {
    expect(canonicalDraw(POOL)).toEqual({
      status: 'ok',
      request: {
        drawId: 'draw-1',
        bank: 'bank',
        borrower: 'borrower',
        contract: 'contract',
        what: {
          kind: 'pool',
          vendor: null,
          model: null,
          isDomestic: null,
          memoryGibMin: null,
          siteCode: null,
          regionCode: null,
          hub: null,
          cards: 16,
          cardsMin: null,
          cardsPerNode: null,
          isSameSite: false,
        },
        startMs: null,
        forMs: HOUR,
        holdMs: HOLD_MS_DEFAULT,
        swap: 'before_start',
        confidencePpm: null,
        isUnfencedTaken: false,
        isKeptInSilence: false,
      },
    })
  })

  test('that names cards is never swapped unless it says nothing of it', () => {
    expect(requestOf({ what: named(lot('l-1')) }).swap).toBe('never')
  })

  test.each<readonly [string, Partial<DrawInput>]>([
    ['draw_id', { drawId: '' }],
    ['draw_id', { drawId: 'a'.repeat(65) }],
    ['draw_id', { drawId: 'no spaces' }],
    ['draw_id', { drawId: '卡' }],
    ['bank', { bank: '' }],
    ['borrower', { borrower: 'a'.repeat(121) }],
    ['borrower', { borrower: 'two\nlines' }],
    ['contract', { contract: '\ud800' }],
    ['for', { forMs: 59_999 }],
    ['for', { forMs: LEASE_MS_MAX + 1 }],
    ['for', { forMs: HOUR + 0.5 }],
    ['for', { forMs: Number.NaN }],
    ['hold', { holdMs: 999 }],
    ['hold', { holdMs: HOLD_MS_MAX + 1 }],
    ['start', { startMs: 1.5 }],
    ['confidence', { confidencePpm: 0 }],
    ['confidence', { confidencePpm: 1_000_000 }],
    ['swap', { what: named(lot('l-1')), swap: 'with_notice' }],
    ['lots', { what: named() }],
    ['lots', { what: named(lot('l-1'), lot('l-1')) }],
    ['lots', { what: named(lot('l-1', 0)) }],
    ['lots', { what: named(lot('l-1', -1), lot('l-2', 2)) }],
    ['cards', { what: pool({ cards: 0 }) }],
    ['cards', { what: pool({ cards: CARDS_PER_DRAW_MAX + 1 }) }],
    ['cards', { what: named(lot('l-1', CARDS_PER_DRAW_MAX), lot('l-2', 1)) }],
    ['cards_per_node', { what: pool({ cardsPerNode: 3 }) }],
    ['cards_per_node', { what: pool({ cardsPerNode: 0 }) }],
    ['cards_min', { what: pool({ cardsMin: 8 }) }],
    ['cards_min', { what: pool({ cardsMin: 17 }), startMs: 1 }],
    ['vendor', { what: pool({ vendor: 'nobody' }) }],
    ['memory_gib_min', { what: pool({ memoryGibMin: 0 }) }],
    ['region', { what: pool({ regionCode: '11x' }) }],
    ['region', { what: pool({ regionCode: '' }) }],
    ['model', { what: pool({ model: '' }) }],
    ['site', { what: pool({ siteCode: 'x'.repeat(200) }) }],
    ['hub', { what: pool({ hub: '\u0000' }) }],
  ])('is refused by the name of what is wrong: %s %j', (field, change) => {
    expect(canonicalDraw({ ...POOL, ...change })).toMatchObject({ status: 'invalid', field })
  })

  test.each<readonly [string, Partial<DrawInput>]>([
    ['the longest lease', { forMs: LEASE_MS_MAX, holdMs: HOLD_MS_MAX }],
    ['the most cards', { what: pool({ cards: CARDS_PER_DRAW_MAX, cardsPerNode: 8 }) }],
    ['a booking', { startMs: 5, what: pool({ cardsMin: 16 }) }],
  ])('may be as large as %s', (_name, change) => {
    expect(canonicalDraw({ ...POOL, ...change }).status).toBe('ok')
  })
})

describe('two requests are one', () => {
  test.each<readonly [string, DrawInput, DrawInput]>([
    ['with defaults said or not', POOL, { ...POOL, holdMs: 30_000, swap: 'before_start' }],
    ['whatever the order of lots', ...reordered()],
  ])('%s', (_name, left, right) => {
    expect(isSameRequest(requestOf(left), requestOf(right))).toBe(true)
  })

  test.each<readonly [string, Partial<DrawInput>]>([
    ['another borrower', { borrower: 'other' }],
    ['another length', { forMs: 2 * HOUR }],
    ['other cards', { what: { kind: 'pool', cards: 15 } }],
    ['another hold', { holdMs: 31_000 }],
  ])('but not with %s', (_name, change) => {
    expect(isSameRequest(requestOf(POOL), requestOf({ ...POOL, ...change }))).toBe(false)
  })
})

test('cards asked for are those of all lots', () => {
  expect(cardsAskedOf(requestOf({ what: named(lot('l-1', 3), lot('l-2', 5)) }))).toBe(8)
})

function reordered(): readonly [DrawInput, DrawInput] {
  const left = { ...POOL, what: named(lot('l-1', 1), lot('l-2', 2)) }
  return [left, { ...POOL, what: named(lot('l-2', 2), lot('l-1', 1)) }]
}
