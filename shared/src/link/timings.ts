/** Every duration of the link. All are settings, so that real processes can be tested in seconds. */
import type { BackoffPolicy } from '../backoff.ts'
import {
  HANDSHAKE_TIMEOUT_MS,
  HEARTBEAT_MS,
  IDLE_BEFORE_PING_MS,
  PING_TIMEOUT_MS,
} from '../wire/limits.ts'

export interface LinkTimings {
  /** Dial, and from there to Welcome. */
  readonly handshakeMs: number
  /** Unless the collector sets another. */
  readonly heartbeatMs: number
  /** Nothing heard for this long: ping. */
  readonly idleMs: number
  /** No answer to the ping for this long: dead. Also how often this is looked at. */
  readonly pingMs: number
  /** A batch unacknowledged for this long: the connection is of no use. */
  readonly ackMs: number
  /** How long a drain or a stop waits for what is on the way. */
  readonly flushMs: number
  /** How long a closing handshake may take before the socket is dropped. */
  readonly closeMs: number
  /** Online for this long proves the path: the next failure backs off from the start. */
  readonly holdMs: number
  /** Between any two dials. */
  readonly waitMsMin: number
  /** Ceiling for what a collector may ask for. */
  readonly waitMsMax: number
  readonly backoff: BackoffPolicy
  /** After a peer that is not the collector it should be, or a disk that takes nothing. */
  readonly distrustMs: number
  /** New epochs without an acknowledged batch in between, before the link gives up. */
  readonly epochsInRowMax: number
}

export const LINK_TIMINGS: LinkTimings = {
  handshakeMs: HANDSHAKE_TIMEOUT_MS,
  heartbeatMs: HEARTBEAT_MS,
  idleMs: IDLE_BEFORE_PING_MS,
  pingMs: PING_TIMEOUT_MS,
  // An overloaded collector commits late; giving up on it sooner would only load it more.
  ackMs: 60_000,
  flushMs: 3_000,
  closeMs: 2_000,
  holdMs: 60_000,
  waitMsMin: 200,
  waitMsMax: 3_600_000,
  // DESIGN 10: all nodes are back within 60 s after a collector restart, however long it was away.
  backoff: { firstMs: 1_000, maxMs: 30_000 },
  distrustMs: 300_000,
  epochsInRowMax: 3,
}
