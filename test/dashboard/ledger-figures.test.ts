/** What the ledger's page makes of a row: the funnel, the levels of evidence, the map. */
import { describe, expect, test } from 'vitest'
import {
  evidenceLines,
  funnelSteps,
  mapValue,
} from '../../collector/dashboard/src/pages/ledger-figures.ts'
import { originsOf } from '../../collector/dashboard/src/pages/ledger-origins.ts'
import { provinceTiles, scaleOf, stepOf } from '../../collector/dashboard/src/pages/ledger-tiles.ts'
import { ledgerRow } from './ledger-rows.ts'

const ROW = ledgerRow('110000', {
  declared: 200,
  connected: 100,
  busy: 50,
  lent: 10,
  free: 30,
  deposited: 20,
  unknown: 10,
})

describe('the funnel', () => {
  const steps = new Map(funnelSteps(ROW, 'cards').map((step) => [step.stage, step]))

  test('is as wide as the larger of declared and connected', () => {
    expect(steps.get('declared')).toMatchObject({ start: 0, width: 1, share: null })
    expect(steps.get('connected')).toMatchObject({ start: 0, width: 0.5, share: 1 })
    const [first, second] = funnelSteps(ledgerRow(null, { declared: 1, connected: 4 }), 'p')
    expect([first?.width, second?.width]).toEqual([0.25, 1])
  })

  test('lays the states end to end along connected, and they fill it', () => {
    const states = funnelSteps(ROW, 'cards').filter(({ depth }) => depth === 1)
    let end = 0
    for (const { start, width } of states) {
      expect(start).toBeCloseTo(end)
      end = start + width
    }
    expect(end).toBeCloseTo(0.5)
  })

  test('puts deposited under the free that it is a part of', () => {
    expect(steps.get('deposited')?.start).toBe(steps.get('free')?.start)
    expect(steps.get('deposited')?.width).toBeLessThan(steps.get('free')?.width ?? 0)
  })

  test('shows what is not told yet only where there is any', () => {
    expect(steps.has('untold')).toBe(false)
    const untold = funnelSteps(ledgerRow(null, { connected: 2, untold: 2 }), 'cards')
    expect(untold.some(({ stage }) => stage === 'untold')).toBe(true)
  })

  test('of nothing has no bars', () => {
    expect(funnelSteps(ledgerRow(null, {}), 'p').every(({ width }) => width === 0)).toBe(true)
  })
})

test('levels of evidence are shares of connected cards, and none where they are not told', () => {
  expect(evidenceLines(ROW)).toEqual([])
  const level = (cards: number) => ({ cards, p: String(cards / 10) })
  const evidence = {
    delivered: level(10),
    scheduler_confirmed: level(40),
    self_reported: level(40),
    none: level(10),
  }
  const lines = evidenceLines({ ...ROW, evidence })
  expect(lines.map(({ level: name, share }) => [name, share])).toEqual([
    ['delivered', 0.1],
    ['scheduler_confirmed', 0.4],
    ['self_reported', 0.4],
    ['none', 0.1],
  ])
})

describe('tiles', () => {
  const province = (code: string, row: number) => ({
    code,
    name_zh: code,
    name_en: code,
    short_zh: code,
    tile: { row, column: 0 },
    hub: null,
  })
  const provinces = [province('110000', 0), province('310000', 1), province('440000', 2)]
  const rows = [ROW, ledgerRow('310000', { connected: 10 }), ledgerRow(null, { connected: 3 })]

  test('stand for every province once, with a value where the ledger has one', () => {
    const { tiles, elsewhere } = provinceTiles(provinces, rows, 'connected', 'cards')
    expect(tiles.map(({ province: { code }, value, step }) => [code, value, step])).toEqual([
      ['110000', 100, 4],
      ['310000', 10, 0],
      ['440000', null, null],
    ])
    expect(elsewhere.map(({ key }) => key)).toEqual([null])
  })

  test('tell what is not known from zero', () => {
    const { tiles } = provinceTiles(provinces, rows, 'access_rate', 'p')
    expect(tiles.map(({ value }) => value)).toEqual([0.5, null, null])
    expect(mapValue(rows[1] ?? ROW, 'free', 'p')).toBe(0)
  })

  test('take shares in fifths of the whole, amounts in fifths of a round number', () => {
    expect(scaleOf([0.2, null], true).edges).toEqual([0, 0.2, 0.4, 0.6, 0.8])
    expect(scaleOf([31.7, 7], false).max).toBe(50)
    expect(scaleOf([100], false).max).toBe(100)
    expect(scaleOf([], false)).toEqual({ edges: [0, 0, 0, 0, 0], max: 0 })
  })

  test('put a share above the whole in the last step', () => {
    const scale = scaleOf([], true)
    expect([0, 0.2, 0.999, 1, 1.4].map((share) => stepOf(share, scale))).toEqual([0, 1, 4, 4, 4])
  })
})

test('origins are summed exactly, and what the catalogue does not tell stands apart', () => {
  const rows = [
    ledgerRow('nvidia', { connected: 1 }),
    ledgerRow('ascend', { connected: 2 }),
    ledgerRow('cambricon', { connected: 4 }),
    ledgerRow('maker of nothing', { connected: 1 }),
  ]
  const origins = new Map<string | null, 'domestic' | 'foreign'>([
    ['nvidia', 'foreign'],
    ['ascend', 'domestic'],
    ['cambricon', 'domestic'],
  ])
  const sums = originsOf(rows, ({ key }) => origins.get(key) ?? null)
  expect(sums.map(({ origin, cards, p, shareOfP }) => [origin, cards, p, shareOfP])).toEqual([
    ['domestic', 6, '0.6', 0.75],
    ['foreign', 1, '0.1', 0.125],
    ['unknown', 1, '0.1', 0.125],
  ])
})
