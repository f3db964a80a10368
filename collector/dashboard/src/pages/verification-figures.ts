/** Sums and orders that the verification page makes of exact texts: integers stay integers. */
import type { BalanceAnswer } from '../../../src/api/answers/balance.ts'
import type { CorrectionsAnswer } from '../../../src/api/answers/corrections.ts'
import { STATES } from '../states.ts'

/** Least of it first; what has no figure stands before everything. */
export function worstFirst<Row extends { readonly coverage: number | null }>(
  rows: readonly Row[],
): readonly Row[] {
  return [...rows].sort((left, right) => (left.coverage ?? -1) - (right.coverage ?? -1))
}

export interface SiteMoves {
  readonly site: string
  readonly hours: number
  readonly moves: Readonly<Record<string, bigint>>
}

type Correction = CorrectionsAnswer['corrections'][number]

/** What corrections moved at each site altogether; a figure that moved there and back is left out. */
export function movesBySite(corrections: readonly Correction[]): readonly SiteMoves[] {
  const sites = new Map<string, { hours: Set<string>; moves: Map<string, bigint> }>()
  for (const { site_code, hour, moves } of corrections) {
    const site = sites.get(site_code) ?? { hours: new Set(), moves: new Map() }
    sites.set(site_code, site)
    site.hours.add(hour)
    for (const [figure, by] of Object.entries(moves)) {
      site.moves.set(figure, (site.moves.get(figure) ?? 0n) + BigInt(by))
    }
  }
  return [...sites]
    .map(([site, { hours, moves }]) => ({
      site,
      hours: hours.size,
      moves: Object.fromEntries([...moves].filter(([, by]) => by !== 0n)),
    }))
    .sort((left, right) => (left.site < right.site ? -1 : 1))
}

export interface BalanceCheck {
  /** Card-milliseconds of the seven states together. */
  readonly sum: bigint
  /** Sum less wall time; 0 where it balances. */
  readonly difference: bigint
}

/** The equation made again here, from the states that were answered. */
export function balanceCheck({ states, wall_ms }: BalanceAnswer): BalanceCheck {
  const sum = STATES.reduce((before, state) => before + BigInt(states[`${state}_ms`]), 0n)
  return { sum, difference: sum - BigInt(wall_ms) }
}

/** `2026-10` and the months before it, newest first. */
export function monthsUntil(month: string, count: number): readonly string[] {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return Array.from({ length: count }, (_, back) => {
    const months = year * 12 + (number - 1) - back
    return `${Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, '0')}`
  })
}
