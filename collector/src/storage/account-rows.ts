/** Rows of accounts: what moves them, and the bounds of a question about them. */
import { HOUR_MS, VENDORS } from '@yiben/shared'
import { ACCOUNTS } from '../model/draw.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import { bigint, type Row, smallOfBigint, text, wordOf } from './values.ts'

export const DAY_MS = 86_400_000

export interface KnownRange {
  readonly fromMs: number
  readonly toMs: number
  readonly knownAtMs: number
}

/** After its end a card may be in use for longer than anybody waits: a residue is bounded by a day. */
export const RESIDUE_MS_MAX = 24 * HOUR_MS

/** A card that took another's place later begins behind the range, and its draw does not. */
export const PROMISE_MS_MAX = 31 * DAY_MS

export function moveOf(row: Row) {
  return {
    from: wordOf(row, 'from_account', ACCOUNTS),
    to: wordOf(row, 'to_account', ACCOUNTS),
    ms: bigint(row, 'ms'),
  }
}

export function placeOf(row: Row): {
  readonly siteCode: string
  readonly ownerCode: string
  readonly profile: DeviceProfile
} {
  return {
    siteCode: text(row, 'site_code'),
    ownerCode: text(row, 'owner_code'),
    profile: {
      vendor: wordOf(row, 'vendor', VENDORS),
      name: text(row, 'printed_name'),
      memoryTotalMib: row.memory_total_mib === null ? null : smallOfBigint(row, 'memory_total_mib'),
      powerCapWatts: row.power_cap_watts === null ? null : smallOfBigint(row, 'power_cap_watts'),
    },
  }
}

/** `draw.ordinal` of the last row shown; before all at first. */
export function claimCursor(cursor: string | null): readonly [number, number] {
  const [, draw, ordinal] = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor ?? '') ?? []
  return draw === undefined || ordinal === undefined ? [0, -1] : [Number(draw), Number(ordinal)]
}
