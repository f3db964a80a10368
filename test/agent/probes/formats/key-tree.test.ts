/** Values of `key : value` texts, by indentation and by headings alone. */
import { describe, expect, test } from 'vitest'
import {
  nodeAt,
  nodesLike,
  readEntry,
  readHeadedTree,
  readKeyTree,
  valueAnywhere,
  valueAt,
} from '../../../../agent/src/probes/formats/key-tree.ts'

describe('by indentation', () => {
  const tree = readKeyTree([
    'Card 0',
    '    Product Name    : Card 500',
    '    Memory',
    '        Total       : 64 GB',
    '    Processes       :',
    '\tProcess     : 0',
    '\t    PID     : 12',
    'Card 1',
    '    Bus Id : 0000:01:00.0',
  ])

  test('a value is found by its whole path, whatever the case and the blanks of its keys', () => {
    expect(valueAt(tree, 'Card 0/memory/TOTAL')).toBe('64 GB')
    expect(valueAt(tree, 'card  0/Product Name')).toBe('Card 500')
    expect(valueAt(tree, 'Card 1/Bus Id')).toBe('0000:01:00.0')
    expect(valueAt(tree, 'Memory/Total')).toBeUndefined()
  })

  test('a heading has no value, a key without one has an empty one', () => {
    expect(valueAt(tree, 'Card 0/Memory')).toBeUndefined()
    expect(nodeAt(tree, 'Card 0/Memory')?.value).toBeNull()
    expect(nodeAt(tree, 'Card 0/Processes')).toMatchObject({
      value: '',
      children: [{ key: 'Process', value: '0', children: [{ key: 'PID' }] }],
    })
  })

  test('nodes of one form are found at any depth, in printed order', () => {
    expect(nodesLike(tree, /^Card \d$/).map(({ key }) => key)).toEqual(['Card 0', 'Card 1'])
    expect(nodesLike(tree, /^PID$/)).toHaveLength(1)
  })
})

describe('by headings alone', () => {
  const LINES = [
    'Product Name : Card 500',
    'Memory',
    '    Total : 64 GB',
    '    total : 1 GB',
    'Clocks',
    '    Memory : 2003MHz',
  ]

  test('a value is found by heading and key, or by a key alone', () => {
    const tree = readHeadedTree(LINES)
    expect(valueAnywhere(tree, 'Product Name')).toBe('Card 500')
    expect(valueAnywhere(tree, 'memory')).toBe('2003MHz')
    expect(valueAt(tree, 'Memory/Total')).toBe('64 GB')
    expect(valueAt(tree, 'Clocks/Memory')).toBe('2003MHz')
    expect(valueAt(tree, 'Clocks/Total')).toBeUndefined()
    expect(nodeAt(tree, 'Fans')).toBeUndefined()
  })

  test('a heading that comes again is another card: nothing from there on is read', () => {
    const tree = readHeadedTree([...LINES, 'Memory', '    Used : 3 GB'])
    expect(valueAnywhere(tree, 'Used')).toBeUndefined()
  })

  test('a heading that may repeat within a card ends nothing', () => {
    const tree = readHeadedTree(
      ['Port', 'Link : up', 'Port', 'Link : down', 'Power', 'Draw : 7 W'],
      (heading) => heading !== 'port',
    )
    expect(tree).toHaveLength(3)
    expect(valueAt(tree, 'Power/Draw')).toBe('7 W')
  })

  test('the first colon ends a key', () => {
    expect(readEntry(' Bus  Id:0000:01:00.0 ')).toEqual({ key: 'bus id', value: '0000:01:00.0' })
    expect(readEntry('Memory')).toBeNull()
  })
})
