/** How values are bound: SQLite knows no booleans. */
import type { Value } from '../values.ts'

export function fromFlag(value: boolean): Value {
  return value ? 1 : 0
}
