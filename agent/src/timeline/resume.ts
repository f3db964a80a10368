/**
 * Where a timeline goes on after the agent was away, and the gap that says so. Pure. It promises
 * that the new start is never before what is already booked, whatever the wall clock says.
 */
import type { Gap, Goodbye, UnknownCause } from '@yiben/shared'

export interface ResumeInput {
  readonly wallMs: number
  readonly bootId: string
  /** End of the last durable record of this epoch; `null` for a new epoch. */
  readonly lastEndMs: number | null
  /** `null` for a new epoch. */
  readonly lastBootId: string | null
  /** Where the last record was one: the silence was ordered. */
  readonly goodbye: Goodbye['reason'] | null
}

export interface Resume {
  readonly startMs: number
  /** First record of this life; of length 0 where the clock tells of no time between. */
  readonly gap: Gap
  /** Timeline minus wall clock: positive when the wall clock is behind what is already booked. */
  readonly aheadMs: number
}

export function resumeTimeline(input: ResumeInput): Resume {
  const wallMs = Math.round(input.wallMs)
  const lastEndMs = input.lastEndMs ?? wallMs
  const startMs = Math.max(wallMs, lastEndMs)
  return {
    startMs,
    gap: { startMs: lastEndMs, endMs: startMs, cause: causeOfAbsence(input), bootId: input.bootId },
    aheadMs: startMs - wallMs,
  }
}

/** A container may boot again within one boot of its machine. */
const CAUSES: Readonly<Record<Goodbye['reason'], UnknownCause>> = {
  stop: 'stopped',
  reboot: 'reboot',
  upgrade: 'upgrade',
}

/** A reboot outweighs an orderly stop: what held the cards before it is gone. */
function causeOfAbsence(input: ResumeInput): UnknownCause {
  if (input.lastEndMs === null) return 'epoch'
  if (input.lastBootId !== input.bootId) return 'reboot'
  return input.goodbye === null ? 'restart' : CAUSES[input.goodbye]
}
