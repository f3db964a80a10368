/**
 * What the forecast follows and what it leaves behind: a node's cards as they stand, slim, so that a
 * whole fleet can be read every minute; its own state; and what it said of each hour.
 */
import type { RunCode } from '@yiben/shared'
import type { NodeId, UnitId } from './ids.ts'
import type { DeviceProfile } from './inventory.ts'

/** A whole card that stands in the node now and is counted there. */
export interface CardSight {
  readonly unitId: UnitId
  readonly profile: DeviceProfile
  /** The run that lasts; it ends where the node's timeline ends. */
  readonly runStartMs: number
  readonly runCode: RunCode
  /** Of the free window that is open; `null` without one. */
  readonly windowStartMs: number | null
}

export interface NodeSight {
  readonly nodeId: NodeId
  readonly siteCode: string
  readonly changeSeq: number
  /** Everything before is told. */
  readonly timelineEndMs: number
  readonly cards: readonly CardSight[]
}

/** The state of the forecast and the last `changeSeq` that is in it, written together. */
export interface ForecastState {
  readonly cursor: number
  /** Packed; what is in it is the forecast's own business. */
  readonly bytes: Uint8Array
}

/** What was said at a full hour of every free window that was open then. */
export interface ForecastHour {
  readonly hourMs: number
  readonly windows: number
  /** Which models said it; `shipped` before any were trained. */
  readonly models: string
  /** Of the list, hex. */
  readonly sha256: string
  /** The list, packed. */
  readonly bytes: Uint8Array
}
