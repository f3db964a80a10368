/** Rows the forecast learns from, and how many it reads of a card. */
import type { ForecastHour, NodeSight } from '../model/forecast.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import { openOf } from './open-row.ts'
import { bytes, integer, type Row, text } from './values.ts'

/** Windows of one card per answer: three days of one that flickers every two minutes. */
export const WINDOWS_PER_CARD_MAX = 2_000

/** An open row with its site; `placed`: the cards that stand somewhere now. */
export function sightOf(row: Row, placed: ReadonlyMap<UnitId, DeviceProfile>): NodeSight {
  const open = openOf(row)
  return {
    nodeId: text(row, 'node_id') as NodeId,
    siteCode: text(row, 'site_code'),
    changeSeq: open.changeSeq,
    timelineEndMs: open.timelineEndMs,
    cards: open.units.flatMap(({ unitId, runStartMs, runCode, window }) => {
      const profile = placed.get(unitId)
      const windowStartMs = window?.startMs ?? null
      return profile === undefined ? [] : [{ unitId, profile, runStartMs, runCode, windowStartMs }]
    }),
  }
}

export function hourOf(row: Row): ForecastHour {
  return {
    hourMs: integer(row, 'hour_ms'),
    windows: integer(row, 'windows'),
    models: text(row, 'models'),
    sha256: text(row, 'sha256'),
    bytes: bytes(row, 'bytes'),
  }
}
