/** What moved between two versions of an hour, and the entries that say it. */
import { describe, expect, test } from 'vitest'
import { canonicalBytes } from '../../../collector/src/journal/canonical.ts'
import type { Bucket } from '../../../collector/src/model/ledger.ts'
import { bucketsOf } from '../../../collector/src/rollup/bucket.ts'
import {
  bucketsRoot,
  correctionEntries,
  movesBetween,
} from '../../../collector/src/rollup/correction.ts'
import { MINUTE, T0 } from '../timeline/support.ts'
import { hourOf, unitMaterial } from './builders.ts'

const WRITE = { version: 1, knownAtMs: 99 }

function hour(site: string, busyMinutes: number, owner = 'OWNER-1'): Bucket {
  const stats = { busyMs: busyMinutes * MINUTE, freeMs: (60 - busyMinutes) * MINUTE }
  const material = unitMaterial(1, { row: { siteCode: site }, stats, rest: { ownerCode: owner } })
  const [bucket] = bucketsOf(hourOf([material]), WRITE)
  if (bucket === undefined) throw new Error('no bucket')
  return bucket
}

describe('moves', () => {
  test('only sites and figures that differ, by how much, ordered by site', () => {
    const before = [hour('SITE-2', 10), hour('SITE-1', 10), hour('SITE-3', 5)]
    const after = [hour('SITE-1', 15), hour('SITE-2', 9), hour('SITE-3', 5)]
    expect(movesBetween(before, after)).toEqual([
      { siteCode: 'SITE-1', cardsDelta: 0, deltas: { busyMs: 300_000n, freeMs: -300_000n } },
      { siteCode: 'SITE-2', cardsDelta: 0, deltas: { busyMs: -60_000n, freeMs: 60_000n } },
    ])
  })

  test('a site that appears or leaves moves by all it has', () => {
    expect(movesBetween([hour('SITE-1', 0)], [hour('SITE-2', 60)])).toEqual([
      { siteCode: 'SITE-1', cardsDelta: -1, deltas: { freeMs: -3_600_000n } },
      { siteCode: 'SITE-2', cardsDelta: 1, deltas: { busyMs: 3_600_000n } },
    ])
  })

  test('from one owner to another within a site nothing of the site moves', () => {
    expect(movesBetween([hour('SITE-1', 10)], [hour('SITE-1', 10, 'OWNER-2')])).toEqual([])
  })
})

describe('entries', () => {
  const write = { hourMs: T0, version: 2, knownAtMs: 99, buckets: [], unsettledCards: 0 }
  const moves = Array.from({ length: 450 }, (_, index) => ({
    siteCode: `SITE-${index}`,
    cardsDelta: 0,
    deltas: { busyMs: 1n, freeMs: -1n },
  }))

  test('a correction of many sites is split, and says so', () => {
    const entries = correctionEntries(write, moves)
    const sites = entries.map(({ payload }) => payload.sites)
    expect(sites.map((list) => (Array.isArray(list) ? list.length : 0))).toEqual([200, 200, 50])
    expect(entries[2]?.payload).toMatchObject({ part: 3, parts: 3, version: 2 })
  })

  test('a version in which nothing moved has its entry too', () => {
    expect(correctionEntries(write, [])).toMatchObject([{ payload: { sites: [], parts: 1 } }])
  })

  test('every payload has canonical bytes', () => {
    for (const entry of correctionEntries(write, moves)) {
      expect(canonicalBytes(entry.payload).length).toBeGreaterThan(0)
    }
  })

  test('the root changes with any figure, and not with the version', () => {
    const root = bucketsRoot([hour('SITE-1', 10)])
    expect(bucketsRoot([hour('SITE-1', 11)])).not.toBe(root)
    expect(bucketsRoot([{ ...hour('SITE-1', 10), version: 2, knownAtMs: 5 }])).toBe(root)
    expect(bucketsRoot([hour('SITE-1', 10), hour('SITE-2', 10)])).not.toBe(root)
  })
})
