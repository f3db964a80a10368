/** Nodes counted by whether they are heard, and by how wrong their clocks are. Pure. */
import { OFFSET_FLAGGED_MS, type OffsetFilter } from './clock-judge.ts'
import type { Presence } from './liveness-judge.ts'
import type { SilenceCause } from './silence.ts'

/** DESIGN 2.1: beyond it nothing of the node is deposited. */
const OFFSET_NOT_DEPOSITABLE_MS = 5_000

export interface NodeCensus {
  readonly heard: number
  /** Not heard for a moment, or not yet since the start. */
  readonly suspended: number
  /** Silent without a word. */
  readonly silent: number
  /** Not heard, and nobody waits: it has said goodbye, or was revoked. */
  readonly stopped: number
  /** Of those heard. */
  readonly clocksFlagged: number
  readonly clocksNotDepositable: number
}

export interface CountedNode {
  readonly presence: Presence
  readonly cause: SilenceCause
  readonly offsets: Pick<OffsetFilter, 'offsetMs'>
}

export function censusOf(nodes: Iterable<CountedNode>): NodeCensus {
  const census = {
    heard: 0,
    suspended: 0,
    silent: 0,
    stopped: 0,
    clocksFlagged: 0,
    clocksNotDepositable: 0,
  }
  for (const { cause, offsets, presence } of nodes) {
    census[presence !== 'heard' && cause !== 'silent' ? 'stopped' : presence] += 1
    const offMs = presence === 'heard' ? Math.abs(offsets.offsetMs() ?? 0) : 0
    if (offMs > OFFSET_FLAGGED_MS) census.clocksFlagged += 1
    if (offMs > OFFSET_NOT_DEPOSITABLE_MS) census.clocksNotDepositable += 1
  }
  return census
}
