/**
 * The open sessions of collectors that report here, beside those of nodes: the gateway hands over a
 * connection once its hello says what it is.
 */
import type { Duplex, ErrorCode, Hello } from '@yiben/shared'
import { ChildRoster, type ChildRosterOptions } from '../children/roster.ts'
import { Turns } from '../children/turns.ts'
import { ChildWatch, type ChildWatchOptions } from '../children/watch.ts'
import { StoreGuard } from '../ingest/store-guard.ts'
import { CHILD_AWAY_AFTER_MS } from '../model/child.ts'
import type { ChildId } from '../model/ids.ts'
import { ChildAsks } from './child-asks.ts'
import { ChildSession, type ChildSessionDeps } from './child-session.ts'
import type { LinkPhase } from './counts.ts'

/** One is written while the next one is on its way: the store is busy, and nobody waits for more. */
const COMMITS_AT_ONCE_MAX = 2

/** What the gateway keeps count of, for all connections alike. */
export interface GateOwner {
  proven(remoteAddress: string): void
  ended(phase: LinkPhase, reason: string): void
}

/** A hello that says so, as it came. */
export interface ChildHello {
  readonly hello: Hello
  readonly frame: Uint8Array
}

export type ChildGateStore = ChildSessionDeps['store'] &
  ChildRosterOptions['store'] &
  ChildWatchOptions['store']

export class ChildGate {
  /** Who is heard. */
  readonly watch: ChildWatch
  /** What they are asked about draws. */
  readonly asks: ChildAsks
  readonly #deps: ChildSessionDeps
  readonly #sessions = new Set<ChildSession>()
  readonly #byKey = new Map<string, ChildSession>()

  constructor(
    store: ChildGateStore,
    parts: Omit<ChildSessionDeps, 'store' | 'roster' | 'watch' | 'guard' | 'asks'>,
    awayAfterMs = CHILD_AWAY_AFTER_MS,
  ) {
    const { world } = parts
    const log = parts.log.child({ component: 'children' })
    this.watch = new ChildWatch({ store, clock: world.clock, log, awayAfterMs })
    this.asks = new ChildAsks(world)
    const roster = new ChildRoster({ store, world, log })
    const guard = new StoreGuard(world.clock, log)
    const { asks, watch } = this
    this.#deps = { ...parts, asks, guard, log, roster, store: inTurns(store), watch }
  }

  /** Takes a connection over whose hello says that a collector wants to report. */
  take(socket: Duplex, told: ChildHello, owner: GateOwner): void {
    let session: ChildSession | null = null
    let hasEnded = false
    const ended = (phase: LinkPhase, reason: string) => {
      hasEnded = true
      if (session !== null) this.#forget(session)
      owner.ended(phase, reason)
    }
    session = new ChildSession(socket, told, this.#deps, {
      replace: (newer, hello) => this.#replace(newer, hello),
      proven: (proven) => {
        owner.proven(proven.remoteAddress)
        this.#proven(proven)
      },
      ended: (_session, phase, reason) => ended(phase, reason),
    })
    // A hello may be refused at once.
    if (!hasEnded) this.#sessions.add(session)
  }

  /** Children with an open session. */
  sessionCount(): number {
    return this.#byKey.size
  }

  end(childId: ChildId, code: ErrorCode, sentence: string): void {
    for (const session of this.#sessions) {
      if (session.childId === childId) session.close(code, sentence)
    }
  }

  sweep(nowMs: number): void {
    for (const session of this.#sessions) session.sweep(nowMs)
    this.watch.sweep()
  }

  drain(reconnectAfterMs: number, jitterMs: number): void {
    for (const session of this.#sessions) session.drain(reconnectAfterMs, jitterMs)
  }

  /** Closes every session and waits until the store has it. */
  async stop(): Promise<void> {
    const sessions = [...this.#sessions]
    for (const session of sessions) session.close('draining', 'the collector is stopping')
    await Promise.all(sessions.map((session) => session.whenEnded()))
    await this.watch.settled()
  }

  /** As for nodes: two live processes on one key would fence each other in turns. */
  async #replace(newer: ChildSession, hello: Hello): Promise<boolean> {
    const older = this.#byKey.get(hello.nodeKey)
    if (older === undefined || older === newer) return true
    const isSameProcess = older.hello.instance === hello.instance
    return isSameProcess || !(await older.isAlive())
  }

  #proven(session: ChildSession): void {
    const older = this.#byKey.get(session.hello.nodeKey)
    this.#byKey.set(session.hello.nodeKey, session)
    if (older !== undefined && older !== session) {
      older.close('session_replaced', 'a newer session of this child has been opened')
    }
  }

  #forget(session: ChildSession): void {
    this.#sessions.delete(session)
    const { nodeKey } = session.hello
    if (this.#byKey.get(nodeKey) === session) this.#byKey.delete(nodeKey)
  }
}

function inTurns(store: ChildGateStore): ChildSessionDeps['store'] {
  const turns = new Turns(COMMITS_AT_ONCE_MAX)
  return {
    commitChild: (commit) => turns.take(() => store.commitChild(commit)),
    endChildSession: (end) => store.endChildSession(end),
  }
}
