/**
 * The owner's consent to the deposit of one unit, word by word as the node tells it. Pure.
 *
 * It promises that no word is overlooked by whoever looks later: each end of consent is counted and
 * its instant kept, also after consent was given back. A deposit remembers the count it was opened
 * at; where the unit's count has moved on, its owner has spoken since (bank/SPEC.md B5).
 */
import type { ConsentEnd, ConsentEnds, Withheld } from '../model/timeline.ts'

/** `withheld` is `null` while the owner consents. */
export interface Consent {
  readonly withheld: Withheld | null
  readonly ends: ConsentEnds
}

/** The bank looks once a second: more words between two looks are no owner's. */
const ENDS_KEPT_MAX = 4
/** An end this far before the next one has been seen: deposits are not held back for longer. */
const ENDS_KEPT_MS = 3_600_000

export const NO_ENDS: ConsentEnds = { count: 0, latest: [] }

/** Nobody has consented from this instant on: nothing ends, because nothing was given. */
export function withheldSince(sinceMs: number): Withheld {
  return { sinceMs, by: 'bit' }
}

/** A tick that begins at `fromMs` came with or without the depositable bit. */
export function afterTick(consent: Consent, depositable: boolean, fromMs: number): Consent {
  if (depositable) return consent.withheld === null ? consent : { ...consent, withheld: null }
  return consent.withheld === null ? ended(consent, withheldSince(fromMs)) : consent
}

/** The owner's own word on the node; consent comes back only with a tick that says so. */
export function afterVeto(consent: Consent, by: 'veto' | 'pause', atMs: number): Consent {
  const { withheld, ends } = consent
  if (withheld === null) return ended(consent, { sinceMs: atMs, by })
  const stronger: Withheld = { sinceMs: Math.min(withheld.sinceMs, atMs), by }
  // It is the same end, which now has an instant and a name of its own.
  const latest = ends.latest.length === 0 ? [] : [...ends.latest.slice(0, -1), stronger]
  return { withheld: stronger, ends: { ...ends, latest } }
}

/** A policy that was in force says no from `atMs` on; the bits of the units do not tell of it. */
export function afterPolicyEnd({ withheld, ends }: Consent, atMs: number): Consent {
  return { withheld, ends: withEnd(ends, { sinceMs: atMs, by: 'policy' }) }
}

function ended({ ends }: Consent, withheld: Withheld): Consent {
  return { withheld, ends: withEnd(ends, withheld) }
}

function withEnd(ends: ConsentEnds, end: ConsentEnd): ConsentEnds {
  const recent = ends.latest.filter(({ sinceMs }) => end.sinceMs - sinceMs < ENDS_KEPT_MS)
  return { count: ends.count + 1, latest: [...recent, end].slice(-ENDS_KEPT_MAX) }
}
