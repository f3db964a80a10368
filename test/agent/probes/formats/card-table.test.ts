/** Cards out of tables in the manner of nvidia-smi: every value under its own word, or nowhere. */
import { describe, expect, test } from 'vitest'
import {
  cardDialect,
  readCardTable,
  readPartBox,
} from '../../../../agent/src/probes/formats/card-table.ts'

const DIALECT = cardDialect('gpu', [{ words: 'mode', key: 'mode', value: '\\S+' }])
const BORDER = '+------------------+-----------------+---------------+'
const HEADER = [
  '| GPU Name         | Bus-Id          | GPU-Util      |',
  '| Temp Pwr:Usage/Cap | Memory-Usage  | Mode          |',
]
const CARD_0 = ['| 0   Card 500 | 0000:01:00.0 | 7% |', '| 40C 50W / 300W | 1MiB / 64MiB | A |']
const CARD_1 = ['| 1   Card 500 | 0000:02:00.0 | 9% |', '| 41C 60W / 300W | 2MiB / 64MiB | B |']

function cardsOf(lines: readonly string[]) {
  return readCardTable(lines, DIALECT)?.cards.map(({ card }) => card) ?? null
}

describe('a table of cards', () => {
  test('names each value by the word above it', () => {
    const table = readCardTable([BORDER, ...HEADER, BORDER, ...CARD_0, BORDER], DIALECT)
    expect(table?.cards).toMatchObject([
      {
        card: {
          index: 0,
          name: 'Card 500',
          pci: '0000:01:00.0',
          memory_used_mib: 1,
          memory_total_mib: 64,
          utilization_pct: 7,
          power_w: 50,
          power_cap_w: 300,
          temperature_c: 40,
          processes: null,
        },
        nameRest: [],
      },
    ])
    expect(table?.cards[0]?.values.get('mode')).toBe('A')
  })

  test.each([
    { name: 'with a border between them', between: [BORDER] },
    { name: 'without one', between: [] },
  ])('has several cards $name', ({ between }) => {
    const lines = [BORDER, ...HEADER, BORDER, ...CARD_0, ...between, ...CARD_1, BORDER]
    expect(cardsOf(lines)).toMatchObject([
      { index: 0, power_w: 50 },
      { index: 1, power_w: 60 },
    ])
  })

  test('lets a name go on in a line of its own, which is no card, whatever it begins with', () => {
    const [first = '', second = ''] = CARD_1
    const lines = [BORDER, ...HEADER, BORDER, first, '| 60 Graphics | | |', second, BORDER]
    expect(readCardTable(lines, DIALECT)?.cards).toMatchObject([
      { card: { index: 1, power_w: 60 }, nameRest: ['60 Graphics'] },
    ])
    expect(cardsOf(lines.toSpliced(4, 1))).toEqual([])
  })

  test('of a tool that runs on counts as it was printed last', () => {
    const round = (card: readonly string[]) => [BORDER, ...HEADER, BORDER, ...card, BORDER]
    expect(cardsOf([...round(CARD_0), '', ...round(CARD_1)])).toMatchObject([{ index: 1 }])
  })

  test.each([
    { name: 'a line is missing', rows: [...CARD_0, CARD_1[0] ?? ''], cards: [] },
    { name: 'a cell is missing', rows: ['| 0 Card | 7% |', CARD_0[1] ?? ''], cards: [] },
    {
      name: 'its address cannot be read',
      rows: ['| 0 Card 500 | 0000:ERR! | 7% |', CARD_0[1] ?? ''],
      cards: [],
    },
    {
      name: 'one cell cannot be read',
      rows: [CARD_0[0] ?? '', '| ERR! ?? 1 2 | 1MiB / 64MiB | A |'],
      cards: [{ index: 0, power_w: null, temperature_c: null, memory_used_mib: 1 }],
    },
  ])('tells of a card of which $name: $cards', ({ rows, cards }) => {
    expect(cardsOf([BORDER, ...HEADER, BORDER, ...rows, BORDER])).toMatchObject(cards)
  })

  test('without a header that is needed is none', () => {
    const header = HEADER.map((line) => line.replace('Memory-Usage', '            '))
    expect(cardsOf([BORDER, ...header, BORDER, ...CARD_0, BORDER])).toBeNull()
  })

  test('keeps apart a title that stands in both header lines', () => {
    const dialect = cardDialect('gpu', [], { needed: ['index'] })
    const header = [HEADER[0] ?? '', '| Temp | Memory-Usage | GPU-Util |']
    const rows = [CARD_0[0] ?? '', '| 40C | 1MiB / 64MiB | 99% |']
    const table = readCardTable([BORDER, ...header, BORDER, ...rows, BORDER], dialect)
    expect(table?.cards[0]?.card.utilization_pct).toBe(7)
    expect(table?.cards[0]?.values.get('utilization 2')).toBe('99%')
  })
})

describe('the box of parts', () => {
  const PARTS = [
    BORDER,
    '| MIG devices: |',
    BORDER,
    '| GPU  GI  CI  MIG | Memory-Usage | Vol | Shared |',
    '|      ID  ID  Dev |              | SM  Unc | CE ENC |',
    BORDER,
    '|  0    3   0   1  | 12MiB / 40MiB | 14 0 | 1 0 |',
    '|                  |  0MiB / 65MiB |      |     |',
    BORDER,
  ]

  test('stands below the cards, or alone', () => {
    const parts = [{ card: 0, gi: 3, ci: 0, device: 1, memory: { used: 12, total: 40 }, units: 14 }]
    const cards = [BORDER, ...HEADER, BORDER, ...CARD_0, BORDER]
    expect(readCardTable([...cards, ...PARTS], DIALECT)?.parts).toEqual({ unitsTitle: 'SM', parts })
    expect(readPartBox(PARTS)).toEqual({ unitsTitle: 'SM', parts })
  })

  test('without its titles tells of no part', () => {
    expect(readPartBox(PARTS.filter((line) => !line.includes('GI')))).toMatchObject({ parts: [] })
  })
})
