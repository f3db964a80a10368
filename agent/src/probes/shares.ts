/**
 * Shares of a cut accelerator: integer parts per million by largest remainder, with what is left
 * over as the `unsliced` share, so that they sum to exactly one million (CASES C6).
 */
import { assert, SHARE_PPM_WHOLE } from '@yiben/shared'

export interface Shares {
  /** In the order of the weights given. */
  readonly slicesPpm: readonly number[]
  readonly unslicedPpm: number
}

/**
 * `weights` are the parts cut out (compute slices of a MIG instance, AI cores of a vNPU), `whole`
 * what the uncut card has of them. Parts that exceed the whole share it in proportion: tools that
 * round up memory or cores must not make more than one card out of one.
 */
export function sharesPpm(weights: readonly number[], whole: number): Shares {
  assert(whole > 0 && weights.every((weight) => weight >= 0), 'weights of a cut card are amounts')
  const used = weights.reduce((sum, weight) => sum + weight, 0)
  const total = Math.max(whole, used)
  const parts = [...weights, total - used]
  const exact = parts.map((part) => (part * SHARE_PPM_WHOLE) / total)
  const ppm = exact.map((share) => Math.floor(share))
  const missing = SHARE_PPM_WHOLE - ppm.reduce((sum, share) => sum + share, 0)
  const byRemainder = exact
    .map((share, index) => ({ index, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  for (const { index } of byRemainder.slice(0, missing)) ppm[index] = (ppm[index] ?? 0) + 1
  return { slicesPpm: ppm.slice(0, -1), unslicedPpm: ppm.at(-1) ?? 0 }
}
