/**
 * What is written when a node falls silent: its time is unknown from its last proven second on, and
 * its free windows end there (DESIGN 2.3). Pure.
 */
import { type RunCode, runCode } from '@yiben/shared'
import type { ClosedWindow, Silence } from '../model/timeline.ts'
import type { NodeState } from '../storage/requests.ts'
import { endWindow } from '../timeline/windows.ts'

/** All but `silent` after a goodbye: no fault, but nothing is known either. */
export type SilenceCause = 'silent' | 'stopped' | 'reboot' | 'upgrade'

const CODES: Readonly<Record<SilenceCause, RunCode>> = {
  silent: runCode('unknown/silent'),
  stopped: runCode('unknown/stopped'),
  reboot: runCode('unknown/reboot'),
  upgrade: runCode('unknown/upgrade'),
}

export interface SilenceBegun {
  readonly silence: Omit<Silence, 'silenceId'>
  readonly closedWindows: readonly ClosedWindow[]
}

/**
 * `null` for a node that has no units to be silent about, or is silent already. A card that has
 * moved away is booked here up to its first proof elsewhere, so that its way there is unknown (C5).
 */
export function silenceOf(
  state: Pick<NodeState, 'node' | 'open' | 'units' | 'silences'>,
  cause: SilenceCause,
  nowMs: number,
): SilenceBegun | null {
  const { node, open, units, silences } = state
  const isSilent = silences.some((silence) => silence.unitId === null)
  if (open === null || isSilent) return null
  const hasTimeToTell = units.some(
    (unit) => unit.bookedToMs === null || unit.bookedToMs > open.timelineEndMs,
  )
  if (!hasTimeToTell) return null
  const code = CODES[cause]
  const span = { fromMs: open.timelineEndMs, toMs: null, code, declaredAtMs: nowMs }
  return {
    silence: { nodeId: node.nodeId, unitId: null, ...span },
    closedWindows: open.units.flatMap((unit) =>
      unit.window === null ? [] : [{ unitId: unit.unitId, ...endWindow(unit.window, code) }],
    ),
  }
}
