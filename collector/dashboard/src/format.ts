/**
 * Figures as people read them. Amounts come as exact decimal texts and stay exact up to here: what
 * is cut is cut for the eye only, never added up again.
 */
import i18next from 'i18next'
import { CIVIL_ZONE } from './parts/civil.ts'
import { type Language, languageOf } from './text/index.ts'

export const NOT_KNOWN = '–'

function language(): Language {
  return languageOf(i18next.language)
}

function locale(): string {
  return language() === 'zh' ? 'zh-CN' : 'en-GB'
}

/** Whole numbers with groups of three. */
export function countText(value: number | bigint | null | undefined): string {
  return value === null || value === undefined ? NOT_KNOWN : value.toLocaleString(locale())
}

/** A decimal text (`1171.450`), rounded for the eye. */
export function amountText(value: string | number | null | undefined, digits = 1): string {
  if (value === null || value === undefined || value === '') return NOT_KNOWN
  const number = Number(value)
  if (!Number.isFinite(number)) return NOT_KNOWN
  const options = { minimumFractionDigits: 0, maximumFractionDigits: digits }
  return number.toLocaleString(locale(), options)
}

/** Of 1: `0.831` is 83.1 %. */
export function shareText(ratio: number | null | undefined, digits = 1): string {
  if (ratio === null || ratio === undefined) return NOT_KNOWN
  const options = { style: 'percent', maximumFractionDigits: digits } as const
  return ratio.toLocaleString(locale(), options)
}

/** Milliseconds of one card as card-hours. */
export function cardHoursText(ms: string | bigint | null | undefined, digits = 1): string {
  if (ms === null || ms === undefined) return NOT_KNOWN
  // Exact up to a thousandth of an hour.
  return amountText(Number((BigInt(ms) * 1_000n) / 3_600_000n) / 1_000, digits)
}

/** Always in the zone the ledger's civil days are of. */
export const TIME_ZONE = CIVIL_ZONE

export function instantText(rfc3339: string | null | undefined): string {
  if (rfc3339 === null || rfc3339 === undefined) return NOT_KNOWN
  return new Date(rfc3339).toLocaleString(locale(), {
    timeZone: TIME_ZONE,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  })
}

export function dayText(rfc3339: string): string {
  return new Date(rfc3339).toLocaleDateString(locale(), {
    timeZone: TIME_ZONE,
    month: '2-digit',
    day: '2-digit',
  })
}

/** `3 d 4 h`, `12 min`, `8 s`. */
export function durationText(ms: number): string {
  const zh = language() === 'zh'
  const units: readonly (readonly [number, string, string])[] = [
    [86_400_000, '天', 'd'],
    [3_600_000, '小时', 'h'],
    [60_000, '分', 'min'],
    [1_000, '秒', 's'],
  ]
  const parts: string[] = []
  let left = Math.max(0, Math.round(ms))
  for (const [size, chinese, english] of units) {
    const count = Math.floor(left / size)
    left -= count * size
    if (count > 0) parts.push(zh ? `${count}${chinese}` : `${count} ${english}`)
    if (parts.length === 2) break
  }
  return parts.length === 0 ? (zh ? '0秒' : '0 s') : parts.join(' ')
}
