/** For owners that know only about the node as a whole: one answer for every unit asked for. */
import type { OwnerQuery, Possession } from './owner.ts'

export function sameForAll(query: OwnerQuery, possession: Possession): Map<string, Possession> {
  return new Map(query.units.map(({ key }) => [key, possession]))
}
