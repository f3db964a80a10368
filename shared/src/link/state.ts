/**
 * The link's states, pure: a state and an event give the next state and what is to be done. No
 * time, no I/O; `link.ts` does what the effects say and turns what happens into events. Invariants
 * L1 to L17 and the paths that loop back are in SPEC.md beside this file.
 *
 *   offline ──start──▶ dialing ──opened──▶ greeting ──challenged──▶ proving ──welcomed──▶ online
 *                      ▲    │                 │                        │                  │  │
 *                     due  failed            lost · denied            lost · denied   drain  lost
 *                      │    ▼                 ▼                        ▼                  ▼  │
 *                      └─ waiting ◀───────────┴────────────────────────┴──settled── draining │
 *                           ▲                                                  lost ───┘     │
 *                           └────────────────────────────────────────────────────────────────┘
 *   proving, online ──banned──▶ refused          (a verified collector said: do not come back)
 *   online, draining ──stop──▶ leaving ──settled · lost──▶ stopped;   any other ──stop──▶ stopped
 */

export const LINK_STATES = [
  /** Not begun. */
  'offline',
  /** A connection is being opened. */
  'dialing',
  /** Hello is sent; the collector's challenge is awaited. */
  'greeting',
  /** Proof is sent; Welcome or Refusal is awaited. */
  'proving',
  /** Batches, heartbeats and events flow. */
  'online',
  /** The collector asked to come back later: nothing new is sent, acks are awaited. */
  'draining',
  /** Until the next attempt. */
  'waiting',
  /** Told not to come back; only a restart tries again. */
  'refused',
  /** Stopping in order: what is on the way may still be acknowledged, for a bounded time. */
  'leaving',
  'stopped',
] as const
export type LinkState = (typeof LINK_STATES)[number]

export const LINK_EVENTS = [
  'start',
  /** The dial succeeded, or failed. */
  'opened',
  'failed',
  /** A challenge was verified against the pinned key. */
  'challenged',
  /** A Welcome whose watermark fits this spool. */
  'welcomed',
  /** The collector, this side or their disagreement ends this connection; another may be tried. */
  'denied',
  /** A verified collector said: do not come back by yourself. */
  'banned',
  /** The collector asks to leave and come back. */
  'drain',
  /** Nothing is unacknowledged any more, or there was no more time to wait for it. */
  'settled',
  /** The connection is gone, dead, or past a deadline. */
  'lost',
  /** The wait is over. */
  'due',
  'stop',
] as const
export type LinkEvent = (typeof LINK_EVENTS)[number]

const LINK_EFFECTS = [
  'none',
  'dial',
  /** Send Hello and start the handshake deadline. */
  'greet',
  /** Send Proof; the handshake deadline goes on. */
  'prove',
  /** Start sending from the watermark. */
  'stream',
  /** Send nothing new; bounded wait for acks. */
  'drain',
  /** Drop the connection if there is one and wait as backoff, refusal or drain say. */
  'wait',
  /** Drop the connection and stay away. */
  'halt',
  /** Send what is left and wait for acks, bounded. */
  'flush',
  /** Drop the connection; nothing runs after this. */
  'finish',
] as const
export type LinkEffect = (typeof LINK_EFFECTS)[number]

export interface LinkStep {
  readonly state: LinkState
  readonly effect: LinkEffect
}

type Transitions = Partial<Record<LinkEvent, LinkStep>>

const WAIT: LinkStep = { state: 'waiting', effect: 'wait' }
const FINISH: LinkStep = { state: 'stopped', effect: 'finish' }
const HALT: LinkStep = { state: 'refused', effect: 'halt' }
const LEAVE: LinkStep = { state: 'leaving', effect: 'flush' }

/** What is not in the table changes nothing: late events of a connection that is gone already. */
const TABLE: Readonly<Record<LinkState, Transitions>> = {
  offline: { start: { state: 'dialing', effect: 'dial' }, stop: FINISH },
  dialing: { opened: { state: 'greeting', effect: 'greet' }, failed: WAIT, stop: FINISH },
  greeting: {
    challenged: { state: 'proving', effect: 'prove' },
    denied: WAIT,
    lost: WAIT,
    stop: FINISH,
  },
  proving: {
    welcomed: { state: 'online', effect: 'stream' },
    denied: WAIT,
    banned: HALT,
    lost: WAIT,
    stop: FINISH,
  },
  online: {
    drain: { state: 'draining', effect: 'drain' },
    denied: WAIT,
    banned: HALT,
    lost: WAIT,
    stop: LEAVE,
  },
  draining: { settled: WAIT, denied: WAIT, banned: HALT, lost: WAIT, stop: LEAVE },
  waiting: { due: { state: 'dialing', effect: 'dial' }, stop: FINISH },
  refused: { stop: FINISH },
  leaving: { settled: FINISH, denied: FINISH, banned: FINISH, lost: FINISH },
  stopped: {},
}

export function stepLink(state: LinkState, event: LinkEvent): LinkStep {
  return TABLE[state][event] ?? { state, effect: 'none' }
}
