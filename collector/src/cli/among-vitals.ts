/** Who leads the collectors on one ledger, and how many they are; nothing where one is alone. */
import type { Vital } from '../api/context.ts'
import type { AmongView } from './among.ts'
import { flagGauge, gauge } from './vital.ts'

export function amongVitals(
  among: Pick<AmongView, 'leads'> & { readonly members: readonly unknown[] },
): readonly Vital[] {
  return [
    flagGauge('leads', '1 where this collector leads those on its ledger', among.leads),
    gauge('collectors', 'collectors that serve this ledger', among.members.length),
  ]
}
