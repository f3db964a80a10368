/**
 * P, exactly: 1 P = 1 PFLOPS = 1000 TFLOPS of the counted basis.
 *
 * A unit's P is its model's milli-TFLOPS (integer) times its share (integer ppm): an integer of
 * nano-TFLOPS, so that the slices of a card sum to the card and no order of adding matters. Held
 * for a time it is nano-TFLOPS x ms. Amounts are bigint and become decimals only when printed.
 */
import { assert, SHARE_PPM_WHOLE } from '@yiben/shared'
import type { CatalogueMatch } from './match.ts'

declare const nanoTflopsBrand: unique symbol

/** A rate: 10^12 of these are 1 P. */
export type NanoTflops = bigint & { readonly [nanoTflopsBrand]: true }

const NANO_TFLOPS_PER_P_DIGITS = 12
const NANO_TFLOPS_MS_PER_P_HOUR = 10n ** 12n * 3_600_000n

/** What one unit counts; an unrated model adds nothing. A whole card has 1,000,000 ppm. */
export function pOfUnit(
  profile: Pick<CatalogueMatch, 'countedMilliTflops'>,
  sharePpm: number,
): NanoTflops {
  assert(
    Number.isInteger(sharePpm) && sharePpm >= 0 && sharePpm <= SHARE_PPM_WHOLE,
    'a share is an integer of 0 to 1,000,000 ppm',
  )
  const milliTflops = profile.countedMilliTflops ?? 0
  return (BigInt(milliTflops) * BigInt(sharePpm)) as NanoTflops
}

/** P as a decimal, exact: `0.313`, `0.1766785`; no trailing zeros. */
export function petaflopsText(rate: NanoTflops): string {
  assert(rate >= 0n, 'a rate is not negative')
  const digits = rate.toString().padStart(NANO_TFLOPS_PER_P_DIGITS + 1, '0')
  const whole = digits.slice(0, -NANO_TFLOPS_PER_P_DIGITS)
  const fraction = digits.slice(-NANO_TFLOPS_PER_P_DIGITS).replace(/0+$/, '')
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** P·h of nano-TFLOPS x ms, with three decimals, rounded half up: for people, never for sums. */
export function petaflopHoursText(amount: bigint): string {
  assert(amount >= 0n, 'an amount is not negative')
  const half = NANO_TFLOPS_MS_PER_P_HOUR / 2n
  const thousandths = (amount * 1000n + half) / NANO_TFLOPS_MS_PER_P_HOUR
  return `${thousandths / 1000n}.${(thousandths % 1000n).toString().padStart(3, '0')}`
}

/** Milli-TFLOPS as TFLOPS for JSON: at most three decimals, so the number prints as it was read. */
export function tflopsNumber(milliTflops: number | null): number | null {
  return milliTflops === null ? null : milliTflops / 1000
}
