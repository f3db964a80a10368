/**
 * Takes agents' connections, bounds them, and keeps their sessions: `admit` before an upgrade,
 * `accept` for each connection, whoever made it (a WebSocket listener, the simulated world). Running
 * out of file descriptors refuses new connections and says so; it never stops the process.
 */
import {
  closeReason,
  type Duplex,
  type ErrorCode,
  HANDSHAKE_TIMEOUT_MS,
  type Hello,
  IDLE_BEFORE_PING_MS,
  PING_TIMEOUT_MS,
  type Settings,
  type Timer,
} from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'
import type { Store } from '../storage/store.ts'
import { ChildGate, type ChildGateStore, type ChildHello } from './child-gate.ts'
import { GatewayCounts, type LinkPhase } from './counts.ts'
import { drainSpreadMs } from './drain-spread.ts'
import { ConnectionLimits, type GatewayLimits, type LimitResult } from './limits.ts'
import { Session } from './session.ts'
import type { SessionDeps, SessionTimings } from './session-parts.ts'

const SWEEP_MS = 1_000
/** How often `last_heard` is written, for people. */
const TOUCH_MS = 10_000
const TOUCHES_PER_WRITE_MAX = 1_000
/** Accept errors are said once in this time. */
const ACCEPT_LOG_MS = 60_000

export interface GatewayOptions
  extends Omit<SessionDeps, 'settings' | 'timings' | 'store' | 'counts'> {
  readonly store: Pick<Store, 'endSession' | 'touchSessions'> & ChildGateStore
  readonly limits: GatewayLimits
  readonly settings?: Settings
  readonly timings?: Partial<SessionTimings>
  /** How often is written who is heard: for people, and for a process elsewhere that leads. */
  readonly touchMs?: number
  /** Collectors that report here; left out: they are taken. */
  readonly takesChildren?: boolean
  /** Unheard for this long a child is away. */
  readonly childAwayAfterMs?: number
}

/** The part of a listening server that tells of connections it could not accept. */
export interface AcceptErrors {
  on(event: 'error', handler: (error: Error) => void): unknown
}

/** The part of a listening server that can be told how many connections to take. */
export interface BoundedServer {
  maxConnections: number
  on(event: 'drop', handler: () => void): unknown
}

export class Gateway {
  /** Of this process. */
  readonly counts = new GatewayCounts()
  /** Sessions of collectors that report here. */
  readonly children: ChildGate
  readonly #options: GatewayOptions
  readonly #deps: SessionDeps
  readonly #limits: ConnectionLimits
  readonly #sessions = new Set<Session>()
  /** The open session of each node; the fence in the store is what counts. */
  readonly #byNode = new Map<NodeId, Session>()
  /** The same by node key: a hello is met before its node is looked up. */
  readonly #byKey = new Map<string, Session>()
  #timer: Timer | null = null
  #touchedAtMs: number
  #touching: Promise<void> = Promise.resolve()
  #isStopped = false
  #acceptErrorAtMs = Number.NEGATIVE_INFINITY

  constructor(options: GatewayOptions) {
    this.#options = options
    const log = options.log.child({ component: 'gateway' })
    this.#deps = {
      ...options,
      log,
      counts: this.counts,
      settings: options.settings ?? { samplePeriodMs: null, tickMs: null, heartbeatMs: null },
      timings: {
        handshakeMs: HANDSHAKE_TIMEOUT_MS,
        idleMs: IDLE_BEFORE_PING_MS,
        pingMs: PING_TIMEOUT_MS,
        ...options.timings,
      },
    }
    this.children = new ChildGate(options.store, this.#deps, options.childAwayAfterMs)
    this.#limits = new ConnectionLimits(options.limits)
    this.#touchedAtMs = options.world.clock.monotonicMs()
  }

  /** Begins to watch its sessions. */
  start(): void {
    this.#timer = this.#options.world.clock.after(SWEEP_MS, () => {
      this.#sweep()
      if (!this.#isStopped) this.start()
    })
  }

  /** Asked before an upgrade: whether a connection from there would be taken now. */
  admit(remoteAddress: string): LimitResult {
    const result = this.#limits.check(remoteAddress, this.#options.world.clock.monotonicMs())
    if (result.status === 'refused') this.counts.linkEnded('admission', result.code)
    return result
  }

  /** Takes a connection over; its handlers are set when this returns. */
  accept(socket: Duplex): void {
    const nowMs = this.#options.world.clock.monotonicMs()
    if (this.#isStopped) {
      socket.close(closeReason('draining', 'the collector is stopping'))
      return
    }
    const admission = this.#limits.enter(socket.remoteAddress, nowMs)
    if (admission.status === 'refused') {
      this.counts.linkEnded('admission', admission.code)
      socket.close(closeReason(admission.code, admission.sentence))
      return
    }
    const session = new Session(socket, this.#deps, {
      replace: (newer, hello) => this.#replace(newer, hello),
      proven: (proven) => this.#proven(proven),
      ended: (ended, phase, reason) => this.#ended(ended, phase, reason),
      handOver: (given, from, hello, frame) => this.#handOver(given, from, { hello, frame }),
    })
    this.#sessions.add(session)
  }

  /** Survives a server that cannot accept: out of descriptors it refuses, and says so. */
  watchAcceptErrors(server: AcceptErrors): void {
    server.on('error', (error) => this.#noteNotAccepted({ err: error }))
  }

  /** Stops taking connections while there are still descriptors for the store, and says so. */
  boundAccepts(server: BoundedServer, connectionsMax: number | null): void {
    if (connectionsMax === null) return
    server.maxConnections = connectionsMax
    server.on('drop', () => this.#noteNotAccepted({ sockets_max: connectionsMax }))
  }

  connectionCount(): number {
    return this.#limits.connections
  }

  /** Nodes with an open session. */
  sessionCount(): number {
    return this.#byNode.size
  }

  /** Ends the node's session at once, where it has one here. */
  end(nodeId: NodeId, code: ErrorCode, sentence: string): void {
    this.#byNode.get(nodeId)?.close(code, sentence)
  }

  /** Asks every agent to come back after `reconnectAfterMs`; their absence is no loss. */
  drain(reconnectAfterMs: number): void {
    const spreadMs = drainSpreadMs(this.#byNode.size)
    for (const [nodeId, session] of this.#byNode) {
      session.drain(reconnectAfterMs, spreadMs)
      this.#options.liveness.drained(nodeId)
    }
    this.children.drain(reconnectAfterMs, spreadMs)
  }

  /** Closes every session and waits until the store has it. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    const sessions = [...this.#sessions]
    for (const session of sessions) session.close('draining', 'the collector is stopping')
    await Promise.all(sessions.map((session) => session.whenEnded()))
    await this.children.stop()
    await this.#touching
  }

  /**
   * A node whose key is proven connects while another session of its key is open. A reboot, or the
   * same process again, takes its place at once. Another process of the same boot does so only
   * when the old socket does not answer: two live agents on one spool would fence each other.
   */
  async #replace(newer: Session, hello: Hello): Promise<boolean> {
    const older = this.#byKey.get(hello.nodeKey)
    if (older === undefined || older === newer || older.hello === null) return true
    // Another machine with a copied key is judged by the roster, and must disturb nobody before.
    if (older.hello.fingerprint !== hello.fingerprint) return true
    const isSameProcess = older.hello.instance === hello.instance
    const isReboot = older.hello.bootId !== hello.bootId
    return isSameProcess || isReboot || !(await older.isAlive())
  }

  #proven(session: Session): void {
    const nodeId = session.nodeId
    this.#limits.proven(session.remoteAddress, this.#options.world.clock.monotonicMs())
    if (nodeId === null) return
    const older = this.#byNode.get(nodeId)
    this.#byNode.set(nodeId, session)
    if (session.hello !== null) this.#byKey.set(session.hello.nodeKey, session)
    if (older !== undefined && older !== session) {
      older.close('session_replaced', 'a newer session of this node has been opened')
    }
  }

  #ended(session: Session, phase: LinkPhase, reason: string): void {
    if (!this.#sessions.delete(session)) return
    this.counts.linkEnded(phase, reason)
    this.#limits.leave()
    const nodeId = session.nodeId
    if (nodeId !== null && this.#byNode.get(nodeId) === session) this.#byNode.delete(nodeId)
    const key = session.hello?.nodeKey
    if (key !== undefined && this.#byKey.get(key) === session) this.#byKey.delete(key)
  }

  /** The connection stays the same one, for its limits and its count. */
  #handOver(session: Session, socket: Duplex, told: ChildHello): void {
    this.#sessions.delete(session)
    if (this.#options.takesChildren === false) {
      this.#sendAway(socket)
      return
    }
    this.children.take(socket, told, {
      proven: (address) => this.#limits.proven(address, this.#options.world.clock.monotonicMs()),
      ended: (phase, reason) => {
        this.counts.linkEnded(phase, reason)
        this.#limits.leave()
      },
    })
  }

  /** A child reports to the one that leads; where it comes next time is not for us to say. */
  #sendAway(socket: Duplex): void {
    this.#limits.leave()
    this.counts.linkEnded('handshake', 'draining')
    socket.close(closeReason('draining', 'children report to the collector that leads: come again'))
  }

  #noteNotAccepted(fields: object): void {
    const nowMs = this.#options.world.clock.monotonicMs()
    if (nowMs - this.#acceptErrorAtMs < ACCEPT_LOG_MS) return
    this.#acceptErrorAtMs = nowMs
    this.#deps.log.error(
      { ...fields, connections: this.connectionCount() },
      'connections cannot be accepted: raise the limit of open files or lower limits.connections',
    )
  }

  #sweep(): void {
    const nowMs = this.#options.world.clock.monotonicMs()
    for (const session of this.#sessions) session.sweep(nowMs)
    if (this.#options.takesChildren !== false) this.children.sweep(nowMs)
    if (nowMs - this.#touchedAtMs < (this.#options.touchMs ?? TOUCH_MS)) return
    const sinceMs = this.#touchedAtMs
    this.#touchedAtMs = nowMs
    this.#touching = this.#touching.then(() => this.#touch(sinceMs, nowMs))
  }

  async #touch(sinceMs: number, nowMs: number): Promise<void> {
    const { store, liveness, world } = this.#options
    const wallMs = world.clock.wallMs()
    const heard = [...this.#sessions].flatMap((session) => {
      const { current, heardAtMs } = session
      if (current === null || heardAtMs < sinceMs) return []
      const { nodeId } = current.node
      return [
        {
          nodeId,
          generation: current.generation,
          lastHeardMs: Math.round(wallMs - (nowMs - heardAtMs)),
          heardAgoMs: nowMs - heardAtMs,
          clockOffsetMs: liveness.clockOffsetMs(nodeId),
        },
      ]
    })
    try {
      for (let first = 0; first < heard.length; first += TOUCHES_PER_WRITE_MAX) {
        await store.touchSessions(heard.slice(first, first + TOUCHES_PER_WRITE_MAX))
      }
    } catch (error) {
      // For display only; ingest says when the store fails.
      this.#deps.log.debug({ err: error }, 'sessions could not be touched')
    }
  }
}
