/** Builders of hours, buckets and ledger rows, for the tests of the rollup. */
import type { State } from '@yiben/shared'
import type { CardCount } from '../../../collector/src/model/card-count.ts'
import type { UnitId } from '../../../collector/src/model/ids.ts'
import type { UnitRow } from '../../../collector/src/model/inventory.ts'
import type { UnitHour } from '../../../collector/src/model/timeline.ts'
import type { HourMaterial } from '../../../collector/src/storage/requests.ts'
import { emptyHour } from '../../../collector/src/timeline/hours.ts'
import { HOUR, T0, unitRow } from '../timeline/support.ts'

export type UnitMaterial = HourMaterial['units'][number]

/** A card of one whole hour, all of it busy unless told otherwise. */
export function unitMaterial(
  id: number,
  change: {
    readonly row?: Partial<UnitRow>
    readonly stats?: Partial<UnitHour> | null
    readonly rest?: Partial<Omit<UnitMaterial, 'unit' | 'stats'>>
  } = {},
): UnitMaterial {
  const busy = { busyMs: HOUR }
  const stats =
    change.stats === null ? null : { ...emptyHour(id as UnitId, T0), ...(change.stats ?? busy) }
  return {
    unit: unitRow(id, change.row),
    ownerCode: 'OWNER-1',
    stats,
    silentMs: 0,
    validMs: HOUR,
    depositedMs: 0,
    lent: null,
    ...change.rest,
  }
}

export function hourOf(units: readonly UnitMaterial[]): HourMaterial {
  return { hourMs: T0, mark: 'mark', units }
}

/** One connected card of the ledger; `null` for one whose time is not told yet. */
export function cardCount(state: State | null, change: Partial<CardCount> = {}): CardCount {
  return {
    siteCode: 'SITE-1',
    ownerCode: 'OWNER-1',
    operatorCode: 'OPERATOR-1',
    regionCode: '150102',
    profile: unitRow(1).profile,
    connection: 'connected',
    state,
    isDeposited: false,
    isSchedulerRead: false,
    cards: 1,
    ...change,
  }
}
