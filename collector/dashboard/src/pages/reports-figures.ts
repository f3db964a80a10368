/** Figures of a report as people read them; the report keeps them as exact texts. */
import { NOT_KNOWN, shareText } from '../format.ts'

/** A ratio as the report writes it: a decimal text, or nothing. */
export function ratioText(ratio: string | null): string {
  return ratio === null ? NOT_KNOWN : shareText(Number(ratio), 2)
}

interface Bounded {
  readonly rate: string | null
  readonly lower: string | null
  readonly upper: string | null
}

/** `[42%, 71.7%]`; `null` where nothing is unknown, and both are the rate itself. */
export function boundsText({ rate, lower, upper }: Bounded): string | null {
  if (rate === null || (lower === rate && upper === rate)) return null
  return `[${ratioText(lower)}, ${ratioText(upper)}]`
}

/** A share of an exact whole, for the eye; `null` of nothing. */
export function shareOf(part: string | undefined, whole: string | undefined): number | null {
  const of = Number(whole ?? '0')
  return part === undefined || !(of > 0) ? null : Number(part) / of
}
