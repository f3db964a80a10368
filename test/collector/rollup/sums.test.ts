/** C28: an hour of one model is not an hour of another; they meet as P·h only. */
import { expect, test } from 'vitest'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import { petaflopHoursText, pOfUnit } from '../../../collector/src/catalogue/petaflops.ts'
import type { DeviceProfile } from '../../../collector/src/model/inventory.ts'
import { bucketsOf } from '../../../collector/src/rollup/bucket.ts'
import { type ModelRate, sumBuckets } from '../../../collector/src/rollup/sums.ts'
import { HOUR } from '../timeline/support.ts'
import { hourOf, unitMaterial } from './builders.ts'

const catalogue = loadCatalogue()

function rateOf({ vendor, name, memoryTotalMib, powerCapWatts }: DeviceProfile): ModelRate {
  const match = catalogue.match({ vendor, name, memoryMib: memoryTotalMib, powerCapWatts })
  const model = match.model ?? name
  return { model, nanoTflops: match.rated ? pOfUnit(match, 1_000_000) : null }
}

function profile(vendor: DeviceProfile['vendor'], name: string, memoryTotalMib: number) {
  return { vendor, name, memoryTotalMib, powerCapWatts: null }
}

const BUCKETS = bucketsOf(
  hourOf([
    unitMaterial(1, { row: { profile: profile('ascend', '910B4', 32_768) } }),
    unitMaterial(2, { row: { profile: profile('nvidia', 'NVIDIA H800', 81_559) } }),
    unitMaterial(3, { row: { profile: profile('nvidia', 'NVIDIA H800', 81_559) } }),
    unitMaterial(4, { row: { profile: profile('nvidia', 'A card nobody knows', 1) } }),
  ]),
  { version: 1, knownAtMs: 1 },
)

test('card time is summed within a model only', () => {
  const { byModel } = sumBuckets(BUCKETS, rateOf)
  expect(byModel).toHaveLength(3)
  const busy = byModel.map(({ figures }) => figures.busyMs)
  expect(busy.sort()).toEqual([BigInt(HOUR), BigInt(HOUR), BigInt(2 * HOUR)].sort())
})

test('over models there is P·h: the sum of each, unrated time adding nothing', () => {
  const each = BUCKETS.map((bucket) => sumBuckets([bucket], rateOf).weighted.busyMs)
  const all = sumBuckets(BUCKETS, rateOf).weighted.busyMs
  expect(all).toBe(each.reduce((sum, one) => sum + one, 0n))
  expect(each.filter((one) => one === 0n)).toHaveLength(1)
})

test('1 h of a 910B and 1 h of an H800 are 0.313 + 0.989 P·h (C28)', () => {
  const one = (milliTflops: number, id: number) => {
    const buckets = bucketsOf(hourOf([unitMaterial(id)]), { version: 1, knownAtMs: 1 })
    const nanoTflops = BigInt(milliTflops) * 1_000_000n
    return sumBuckets(buckets, () => ({ model: String(id), nanoTflops })).weighted.busyMs
  }
  const ascend = one(313_000, 1)
  const nvidia = one(989_000, 2)
  const text = (amount: bigint) => petaflopHoursText(amount)
  expect([text(ascend), text(nvidia), text(ascend + nvidia)]).toEqual(['0.313', '0.989', '1.302'])
})
