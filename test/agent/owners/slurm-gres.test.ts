import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  parseConfiguredGres,
  parseIndices,
  parseUsedGres,
} from '../../../agent/src/owners/slurm-gres.ts'

describe('what a node has', () => {
  test.each<[string, ReturnType<typeof parseConfiguredGres>]>([
    ['(null)', []],
    ['', []],
    ['gpu:4', [{ name: 'gpu', type: null, count: 4 }]],
    ['gpu', [{ name: 'gpu', type: null, count: 1 }]],
    ['gpu:a100', [{ name: 'gpu', type: 'a100', count: 1 }]],
    ['gpu:a100:2(S:0-1)', [{ name: 'gpu', type: 'a100', count: 2 }]],
    ['gpu:4090:8', [{ name: 'gpu', type: '4090', count: 8 }]],
    ['gpu:3g.20gb:4(S:0)', [{ name: 'gpu', type: '3g.20gb', count: 4 }]],
    [
      'gpu:a100:2(S:0,1),gpu:h100:2,nic:1',
      [
        { name: 'gpu', type: 'a100', count: 2 },
        { name: 'gpu', type: 'h100', count: 2 },
        { name: 'nic', type: null, count: 1 },
      ],
    ],
    ['npu:ascend910b:8', [{ name: 'npu', type: 'ascend910b', count: 8 }]],
    ['bw:lustre:no_consume:4G', [{ name: 'bw', type: 'lustre', count: null }]],
    ['gpu:no_consume:4', [{ name: 'gpu', type: 'no_consume', count: null }]],
  ])('%s', (text, expected) => {
    expect(parseConfiguredGres(text)).toEqual(expected)
  })
})

describe('what is in use', () => {
  test.each<[string, string, number | null, readonly number[] | null]>([
    ['gpu:a100:3(IDX:0-1,3)', 'gpu', 3, [0, 1, 3]],
    ['gpu:8(IDX:0-3,6-9)', 'gpu', 8, [0, 1, 2, 3, 6, 7, 8, 9]],
    ['gpu:0(IDX:N/A)', 'gpu', 0, []],
    // 22.05 prints no indices for resources without a type.
    ['gpu:2', 'gpu', 2, null],
    ['gpu:0', 'gpu', 0, []],
    ['gpu:(null):1(IDX:3)', 'gpu', 1, [3]],
    ['gpu:4090:1(IDX:7)', 'gpu', 1, [7]],
    ['gpu:a100:2(IDX:0,1),gpu:h100:1(IDX:5)', 'gpu', 3, [0, 1, 5]],
    ['gpu:a100:0(IDX:N/A),gpu:h100:1(IDX:2)', 'gpu', 1, [2]],
    ['gpu:a100:1,gpu:h100:1(IDX:2)', 'gpu', 2, null],
    // Cut off at 64 characters: fewer indices than the count says.
    ['gpu:5(IDX:0,2,4,6)', 'gpu', 5, null],
    ['gpu:2(IDX:0-1', 'gpu', null, null],
    ['gpu:2(S:0-1)', 'gpu', 2, null],
    ['gpu:1(IDX:99999)', 'gpu', 1, null],
    ['shard:(null):1(IDX:0)', 'shard', 1, [0]],
    ['shard:2(0/4,2/4,0/4,0/4)', 'shard', 2, [1]],
    ['shard:a100:0(0/4,0/4)', 'shard', 0, []],
    ['mps:100', 'mps', 100, null],
    ['shard:a100:2(2/4),shard:h100:1(1/4)', 'shard', 3, null],
  ])('%s', (text, name, count, indices) => {
    expect(parseUsedGres(text).get(name)).toEqual({ count, indices })
  })

  test('nothing is told where nothing stands', () => {
    for (const text of ['', '(null)', 'N/A']) expect(parseUsedGres(text).size).toBe(0)
  })

  /** As bit_fmt of Slurm writes a set. */
  function bitFmt(indices: readonly number[]): string {
    const runs: [number, number][] = []
    for (const index of indices) {
      const last = runs.at(-1)
      if (last !== undefined && last[1] === index - 1) last[1] = index
      else runs.push([index, index])
    }
    return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',')
  }
  const anyIndices = fc
    .uniqueArray(fc.nat(127), { maxLength: 32 })
    .map((indices) => indices.sort((a, b) => a - b))

  test('every set of indices comes back as it was written', () => {
    fc.assert(
      fc.property(anyIndices, fc.constantFrom('', ':a100', ':4090', ':1g.5gb'), (indices, type) => {
        const written = indices.length === 0 ? 'N/A' : bitFmt(indices)
        expect(parseIndices(written)).toEqual(indices)
        const used = parseUsedGres(`gpu${type}:${indices.length}(IDX:${written}),nic:1(IDX:0)`)
        expect(used.get('gpu')).toEqual({ count: indices.length, indices })
      }),
    )
  })

  test('a text cut off anywhere tells the same, or less, and never another index', () => {
    fc.assert(
      fc.property(anyIndices, fc.nat(80), (indices, length) => {
        const whole = `gpu:a100:${indices.length}(IDX:${bitFmt(indices) || 'N/A'})`
        const used = parseUsedGres(whole.slice(0, length)).get('gpu')
        if (used === undefined || used.indices === null || used.count === 0) return
        expect(used.indices).toEqual(indices)
      }),
    )
  })
})
