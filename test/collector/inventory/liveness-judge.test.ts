import { describe, expect, test } from 'vitest'
import {
  addressRangeOf,
  type HeardNode,
  judgeLoss,
  LIVENESS_SETTINGS,
  presenceOf,
} from '../../../collector/src/inventory/liveness-judge.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'

const NOW = 1_000_000

/** `count` nodes of a site, last heard `unheardMs` ago. */
function nodes(
  siteCode: string,
  count: number,
  unheardMs: number,
  change: Partial<HeardNode> = {},
): readonly HeardNode[] {
  return Array.from({ length: count }, (_, index) => ({
    nodeId: `n-${siteCode}-${unheardMs}-${index}` as NodeId,
    siteCode,
    addressRange: `10.${siteCode.charCodeAt(0)}.${index % 256}.0/24`,
    lastHeardMs: NOW - unheardMs,
    isExcused: false,
    ...change,
  }))
}

const judge = (all: readonly HeardNode[]) => judgeLoss(all, NOW, LIVENESS_SETTINGS)

test.each([
  [0, 'heard'],
  [29_999, 'heard'],
  [30_000, 'suspended'],
  [89_999, 'suspended'],
  [90_000, 'silent'],
])('a node unheard for %i ms is %s', (unheardMs, presence) => {
  expect(presenceOf(unheardMs, LIVENESS_SETTINGS)).toBe(presence)
})

describe('a loss', () => {
  test('of 2,500 of 12,000 nodes of one site is the site’s (C19)', () => {
    const loss = judge([...nodes('A', 2_500, 40_000), ...nodes('B', 9_500, 1_000)])
    expect(loss).toMatchObject({ status: 'site', explainedBy: 'A', nodes: 12_000 })
  })

  test('of 2,500 of 12,000 nodes spread over sites is the collector’s (C19)', () => {
    const sites = ['A', 'B', 'C', 'D', 'E']
    const lost = sites.flatMap((site) => nodes(site, 500, 40_000))
    const left = sites.flatMap((site) => nodes(site, 1_900, 1_000))
    expect(judge([...lost, ...left])).toMatchObject({ status: 'self', nodes: 12_000 })
  })

  test('of one address range over several sites is the range’s', () => {
    const inRange = { addressRange: '10.1.2.0/24' }
    const lost = ['A', 'B', 'C'].flatMap((site) => nodes(site, 20, 40_000, inRange))
    expect(judge([...lost, ...nodes('D', 40, 1_000)])).toMatchObject({
      status: 'range',
      explainedBy: '10.1.2.0/24',
    })
  })

  const none: readonly (readonly [string, readonly HeardNode[]])[] = [
    [
      'of exactly a fifth is none',
      [...nodes('A', 10, 40_000), ...nodes('B', 10, 40_000), ...nodes('C', 80, 1_000)],
    ],
    [
      'among fewer than 20 nodes is none',
      [...nodes('A', 5, 40_000), ...nodes('B', 5, 40_000), ...nodes('C', 9, 1_000)],
    ],
    [
      'of nodes that said goodbye is none',
      [...nodes('A', 30, 40_000, { isExcused: true }), ...nodes('B', 30, 1_000)],
    ],
    [
      'that is over for longer than a minute is none',
      [...nodes('A', 15, 91_000), ...nodes('B', 15, 91_000), ...nodes('C', 30, 1_000)],
    ],
    [
      'of nodes unheard for less than 30 s is none',
      [...nodes('A', 15, 20_000), ...nodes('B', 15, 20_000), ...nodes('C', 30, 1_000)],
    ],
  ]
  test.each(none)('%s', (_name, all) => {
    expect(judge(all)).toEqual({ status: 'none' })
  })

  test('of 79 % in one site is not the site’s', () => {
    const lost = [...nodes('A', 79, 40_000), ...nodes('B', 21, 40_000)]
    expect(judge([...lost, ...nodes('C', 100, 1_000)])).toMatchObject({ status: 'self' })
  })
})

test.each([
  ['10.1.2.3', '10.1.2.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['unknown', 'unknown'],
])('%s lies in %s', (address, range) => {
  expect(addressRangeOf(address)).toBe(range)
})
