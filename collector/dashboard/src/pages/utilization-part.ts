/** What every part of a page of sums is asked with. */
import type { Names } from './ledger-names.ts'
import type { Place } from './utilization-place.ts'
import type { Span } from './utilization-range.ts'
import type { TimeBasis } from './utilization-sums.ts'

export interface SumsProps {
  readonly place: Place
  readonly span: Span
  readonly knownAt: string | null
  /** Of which card time is counted; `null`: P·h of all. */
  readonly model: string | null
  readonly names: Names
}

export interface PartProps extends SumsProps {
  readonly basis: TimeBasis
}
