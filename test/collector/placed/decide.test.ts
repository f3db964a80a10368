/** What becomes of a draw that was placed: by what is asked, and by nothing but what the child says. */
import { describe, expect, test } from 'vitest'
import { refusalOf } from '../../../collector/src/bank/draw-refusal.ts'
import type { PlacedDraw, PlacedStep } from '../../../collector/src/model/placed-draw.ts'
import { placedStateOf } from '../../../collector/src/model/placed-draw.ts'
import { answered, news, placed, stepAsked } from '../../../collector/src/placed/decide.ts'
import type { DrawTold, ToldResult } from '../../../collector/src/placed/words.ts'
import { requestOf } from '../../conformance/draw-maker.ts'

const NOW = 1_772_352_000_000
const PLACING = {
  request: requestOf('a'),
  path: ['c-1'],
  actor: 'token',
  scope: { regions: 'all', sites: 'all' },
} as const

function told(state: DrawTold['state'], version = 1): DrawTold {
  return { state, version, cards: [{ site_code: 'BJ-01' }] } as unknown as DrawTold
}

function afterHold(state: DrawTold['state'] = 'held'): PlacedDraw {
  const change = answered(placed(PLACING, NOW).placed, { status: 'done', draw: told(state) }, NOW)
  if (change === null) throw new Error('it was answered')
  return change.placed
}

function asked(draw: PlacedDraw, step: PlacedStep): PlacedDraw {
  const result = stepAsked(draw, step, NOW)
  if (result.status !== 'asked') throw new Error(result.status)
  return result.change.placed
}

const refused = (
  code: Parameters<typeof refusalOf>[0],
  draw: DrawTold | null = null,
): ToldResult => {
  return { status: 'refused', refusal: refusalOf(code), draw }
}

describe('asked for', () => {
  const held = afterHold()
  const rows: readonly [string, PlacedDraw, PlacedStep, string][] = [
    ['a post of what is held', held, { kind: 'post' }, 'asked'],
    ['a post of what is posted', afterHold('posted'), { kind: 'post' }, 'done'],
    ['a post of what is over', afterHold('ended'), { kind: 'post' }, 'done'],
    [
      'a post of what has lapsed: the child says so',
      afterHold('lapsed'),
      { kind: 'post' },
      'asked',
    ],
    ['a void of what is voided', afterHold('voided'), { kind: 'void' }, 'done'],
    ['the same step once more', asked(held, { kind: 'post' }), { kind: 'post' }, 'waits'],
    ['another step meanwhile', asked(held, { kind: 'post' }), { kind: 'void' }, 'refused'],
    [
      'a post of what nobody has answered',
      placed(PLACING, NOW).placed,
      { kind: 'post' },
      'refused',
    ],
    ['a void of what nobody has answered', placed(PLACING, NOW).placed, { kind: 'void' }, 'asked'],
    [
      'another end of a lease',
      asked(afterHold('posted'), { kind: 'extend', untilMs: 1 }),
      { kind: 'extend', untilMs: 2 },
      'refused',
    ],
  ]
  test.each(rows)('%s', (_name, draw, step, expected) => {
    expect(stepAsked(draw, step, NOW).status).toBe(expected)
  })

  test('is posting only while the child holds it', () => {
    expect(placedStateOf(asked(held, { kind: 'post' }))).toBe('posting')
    expect(placedStateOf(asked(held, { kind: 'void' }))).toBe('held')
    expect(placedStateOf(placed(PLACING, NOW).placed)).toBe('asking')
  })
})

describe('answered', () => {
  const posting = asked(afterHold(), { kind: 'post' })

  test('a refusal that passes, or a child that takes nothing new, is no answer to a step', () => {
    for (const code of ['recovering', 'clock_accused', 'deposits_suspended'] as const) {
      expect(answered(posting, refused(code), NOW)).toBeNull()
      expect(answered(placed(PLACING, NOW).placed, refused(code), NOW)).toBeNull()
    }
    expect(answered(posting, { status: 'closed' }, NOW)).toBeNull()
    expect(answered(afterHold(), { status: 'done', draw: told('posted') }, NOW)).toBeNull()
  })

  test('a refusal of the hold ends it, whatever was to come after', () => {
    const open = asked(placed(PLACING, NOW).placed, { kind: 'void' })
    for (const result of [refused('taken'), refused('taken', told('refused'))]) {
      const change = answered(open, result, NOW)
      expect(change?.placed).toMatchObject({ steps: [], refusal: { code: 'taken' } })
      expect(change && placedStateOf(change.placed)).toBe('refused')
    }
    expect(answered(open, { status: 'closed' }, NOW)?.placed).toMatchObject({
      steps: [],
      refusal: { code: 'child_closed' },
    })
  })

  test('a refusal of a step leaves the draw as the child says it is', () => {
    const lapsed = answered(posting, refused('hold_lapsed', told('lapsed', 2)), NOW)
    expect(lapsed && placedStateOf(lapsed.placed)).toBe('lapsed')
    // A ledger that has forgotten it says nothing of it: what was told last stands.
    const unknown = answered(posting, refused('draw_unknown'), NOW)
    expect(unknown?.placed).toMatchObject({ refusal: { code: 'draw_unknown' }, steps: [] })
    expect(unknown && placedStateOf(unknown.placed)).toBe('held')
  })

  test('each change is a version with an entry that says the same', () => {
    const change = answered(posting, { status: 'done', draw: told('posted', 2) }, NOW + 5)
    expect(change?.expectedVersion).toBe(posting.version)
    expect(change?.placed.version).toBe(posting.version + 1)
    expect(change?.outbox).toEqual([
      {
        kind: 'draw_placed',
        atMs: NOW + 5,
        payload: {
          draw_id: 'a',
          version: posting.version + 1,
          bank: 'bank-1',
          borrower: 'borrower-1',
          contract: 'contract-1',
          by: 'token',
          path: ['c-1'],
          state: 'posted',
          waiting_for: null,
          told_version: 2,
          sites: ['BJ-01'],
          code: null,
          reason: null,
        },
      },
    ])
  })

  test('news are what the child has not told before', () => {
    const held = afterHold()
    expect(news(held, told('held', 1), NOW)).toBeNull()
    expect(news(held, told('lapsed', 2), NOW)?.placed.told).toMatchObject({
      state: 'lapsed',
      version: 2,
    })
  })
})
