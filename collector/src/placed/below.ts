/** What a collector does with cards of those that report to it, put together. */
import type { Clock, Logger } from '@yiben/shared'
import type { ChildLine, DrawingChild } from '../model/child-line.ts'
import type { Store } from '../storage/store.ts'
import { Courier } from './courier.ts'
import { PlacedDraws } from './placed-draws.ts'
import { CapacityBelow } from './search.ts'

export interface DrawsBelow {
  readonly draws: PlacedDraws
  readonly capacity: CapacityBelow
  /** A service to be run. */
  readonly courier: Courier
  /** Connected now. */
  children(): readonly DrawingChild[]
}

export interface DrawsBelowOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly line: ChildLine
  /** A change is durable: its entry is in the outbox. */
  readonly onCommitted: () => void
}

export function drawsBelow(options: DrawsBelowOptions): DrawsBelow {
  const log = options.log.child({ component: 'placed-draws' })
  const courier = new Courier({ ...options, log })
  options.line.onConnected(() => courier.connected())
  return {
    draws: new PlacedDraws({ ...options, courier }),
    capacity: new CapacityBelow(options),
    courier,
    children: () => options.line.drawing(),
  }
}
