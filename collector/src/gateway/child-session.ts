/**
 * One connection of a collector that reports here, from its hello to its close: the handshake is that
 * of a node, what follows are batches, and answers to what the child is asked. Nothing is written before the proof has been verified;
 * nothing is acknowledged before it is durable. Whatever a frame holds, at most this connection ends.
 */
import {
  closeReason,
  DRAWS_CAPABILITY,
  DRAWS_OPEN_CAPABILITY,
  type Duplex,
  decodeToCollector,
  type ErrorCode,
  encodeToNode,
  errorSentence,
  type Hello,
  type KeyPair,
  type Logger,
  type Proof,
  type RefusedRecord,
  type ToNodeMessage,
  TRUST_CAPABILITY,
  type World,
} from '@yiben/shared'
import { ChildLane } from '../children/lane.ts'
import type { ChildRoster, JoinedChild } from '../children/roster.ts'
import type { ChildWatch } from '../children/watch.ts'
import type { StoreGuard } from '../ingest/store-guard.ts'
import { REFUSALS, type RefusalRow } from '../inventory/enroll.ts'
import type { ChildId } from '../model/ids.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import type { TrustLine } from '../tls/child-trust.ts'
import type { KeyDesk } from '../tls/key-desk.ts'
import { AckDesk, endReasonOf } from './ack-desk.ts'
import type { AskedSession, ChildAsks } from './child-asks.ts'
import type { GatewayCounts, LinkPhase } from './counts.ts'
import { Handshake, welcomeOf } from './handshake.ts'
import { Pulse } from './pulse.ts'
import type { SessionTimings } from './session-parts.ts'

export interface ChildSessionDeps {
  readonly world: World
  readonly log: Logger
  readonly store: Pick<Store, 'commitChild' | 'endChildSession'>
  readonly roster: ChildRoster
  readonly watch: ChildWatch
  readonly guard: StoreGuard
  /** Signs the challenge: what enrollment tokens carry, and the origin of what is told here. */
  readonly identity: KeyPair
  readonly ledger: LedgerState
  readonly timings: SessionTimings
  readonly counts: GatewayCounts
  /** What children are asked about draws. */
  readonly asks: Pick<ChildAsks, 'connected' | 'closed' | 'onAnswer'>
  /** What children are told of authorities. Left out: nothing. */
  readonly keys?: Pick<KeyDesk, 'children'>
}

/** What a session asks of whoever keeps the children's sessions. */
export interface ChildSessionOwner {
  /** Makes room for a child whose proof has been verified; `false` when its old session lives on. */
  replace(session: ChildSession, hello: Hello): Promise<boolean>
  proven(session: ChildSession): void
  ended(session: ChildSession, phase: LinkPhase, reason: string): void
}

type Phase = 'proof' | 'joining' | 'open' | 'closed'

export class ChildSession {
  readonly remoteAddress: string
  readonly hello: Hello
  readonly #socket: Duplex
  readonly #deps: ChildSessionDeps
  readonly #owner: ChildSessionOwner
  readonly #handshake: Handshake
  readonly #openedAtMs: number
  readonly #acks: AckDesk
  readonly #pulse: Pulse
  #phase: Phase = 'proof'
  #joined: JoinedChild | null = null
  #lane: ChildLane | null = null
  /** Set once open, where the child understands questions. */
  #asked: AskedSession | null = null
  /** Set once open, where the child follows authorities. */
  #trustLine: TrustLine | null = null
  #endedReason: string | null = null
  /** The row in the store is closed: who stops the gateway waits for it. */
  #ending: Promise<void> = Promise.resolve()

  /** Takes the connection over with the hello that has come by it. */
  constructor(
    socket: Duplex,
    told: { readonly hello: Hello; readonly frame: Uint8Array },
    deps: ChildSessionDeps,
    owner: ChildSessionOwner,
  ) {
    this.#socket = socket
    this.#deps = deps
    this.#owner = owner
    this.hello = told.hello
    this.remoteAddress = socket.remoteAddress
    this.#openedAtMs = deps.world.clock.monotonicMs()
    this.#acks = new AckDesk(socket, deps.world.clock, deps.counts)
    this.#handshake = new Handshake(deps.world, deps.identity, deps.ledger, 'collector')
    this.#pulse = new Pulse(deps.world.clock, deps.timings, () => socket.ping())
    socket.onFrame((frame) => this.#onFrame(frame))
    socket.onPong(() => {
      this.#pulse.onPong()
      this.#noteHeard()
    })
    socket.onClose(({ reason }) => this.#onClose(reason))
    const step = this.#handshake.takeHello(told.hello, told.frame)
    if (step.status === 'ok') this.#send({ kind: 'challenge', challenge: step.result })
    else this.#refuse(step.code, { sentence: step.sentence, retryAfterMs: 0 })
  }

  get childId(): ChildId | null {
    return this.#joined?.child.childId ?? null
  }

  whenEnded(): Promise<void> {
    return this.#ending
  }

  /** Called about once a second: time-outs of the handshake and of a silent line. */
  sweep(nowMs: number): void {
    if (this.#phase === 'closed') return
    if (this.#phase === 'open') {
      if (!this.#pulse.sweep(nowMs)) this.#drop('idle_timeout')
      return
    }
    const { handshakeMs } = this.#deps.timings
    if (nowMs - this.#openedAtMs < handshakeMs) return
    this.close('handshake_timeout', `no proof within ${handshakeMs} ms`)
  }

  /** Whether the other side still answers. */
  isAlive(): Promise<boolean> {
    return this.#pulse.isAlive()
  }

  /** Tells the child to go and come back later. */
  drain(reconnectAfterMs: number, jitterMs: number): void {
    if (this.#phase === 'open') this.#send({ kind: 'drain', drain: { reconnectAfterMs, jitterMs } })
  }

  close(code: ErrorCode, sentence: string): void {
    if (this.#phase === 'closed') return
    this.#endedReason ??= code
    const fields = { child_id: this.childId, remote_address: this.remoteAddress, code, sentence }
    this.#deps.log.debug(fields, 'a connection of a child is closed')
    this.#socket.close(closeReason(code, sentence))
    this.#onClose(code)
  }

  #onFrame(frame: Uint8Array): void {
    if (this.#phase === 'closed') return
    this.#pulse.heard()
    this.#noteHeard()
    const message = decodeToCollector(frame)
    if (message.kind === 'undecodable') {
      this.close(message.code, message.sentence)
      return
    }
    // A message of a newer child: nothing that an agreed capability would require.
    if (message.kind === 'unknown' || message.kind === 'heartbeat') return
    if (message.kind === 'batch' && this.#phase === 'open') {
      const { batch } = message
      if (this.#acks.take(batch, frame.length)) this.#lane?.offer(batch)
      else this.close('window_exceeded', 'more batches are unacknowledged than the window allows')
    } else if (message.kind === 'child_answer' && this.#asked !== null) {
      this.#deps.asks.onAnswer(this.#asked, message.childAnswer)
    } else if (message.kind === 'trust_known' && this.#trustLine !== null) {
      this.#deps.keys?.children.onKnown(this.#trustLine, message.version)
    } else if (message.kind === 'proof' && this.#phase === 'proof') this.#onProof(message.proof)
    else this.close('message_unexpected', `${message.kind} is not due in this state`)
  }

  #onProof(proof: Proof): void {
    const step = this.#handshake.takeProof(proof)
    if (step.status === 'refused') {
      this.#refuse(step.code, { sentence: step.sentence, retryAfterMs: 0 })
      return
    }
    this.#phase = 'joining'
    this.#join(proof).catch((error: unknown) => {
      const fields = { err: error, remote_address: this.remoteAddress }
      this.#deps.log.warn(fields, 'a child could not be admitted')
      const { retryAfterMs } = REFUSALS.store_unavailable
      const sentence = `the roster cannot be written: ${errorSentence(error)}`
      this.#refuse('store_unavailable', { sentence, retryAfterMs })
    })
  }

  async #join({ enrollSecret }: Proof): Promise<void> {
    const { guard, roster } = this.#deps
    if (guard.isFailing()) {
      this.#refuse('store_unavailable', REFUSALS.store_unavailable)
      return
    }
    if (!(await this.#owner.replace(this, this.hello))) {
      this.#refuse('conflict', REFUSALS.conflict)
      return
    }
    const { hello, remoteAddress } = this
    const result = await roster.join({ hello, enrollSecret, remoteAddress })
    if (result.status === 'refused') {
      this.#refuse(result.code, REFUSALS[result.code])
      return
    }
    this.#joined = result
    if (this.#phase === 'closed') {
      this.#endRow()
      return
    }
    this.#open(result)
  }

  #open(joined: JoinedChild): void {
    const { guard, identity, ledger, log, store, watch, world } = this.#deps
    const { child, epoch, generation } = joined
    this.#phase = 'open'
    this.#lane = new ChildLane({
      store,
      guard,
      world,
      log,
      childId: child.childId,
      generation,
      epoch,
      ownOrigin: identity.publicKey,
      owner: {
        committed: (watermark, refused) => this.#acknowledge(watermark, refused),
        fail: (code, sentence) => this.close(code, sentence),
      },
    })
    watch.connected(child.childId, generation)
    this.#owner.proven(this)
    const settings = { samplePeriodMs: null, tickMs: null, heartbeatMs: null }
    const node = { nodeId: child.childId }
    const welcome = welcomeOf({ ...joined, node }, ledger, settings, world.clock.wallMs())
    const isAsked = this.hello.capabilities.includes(DRAWS_CAPABILITY)
    const capabilities = isAsked ? [DRAWS_CAPABILITY] : []
    this.#send({ kind: 'welcome', welcome: { ...welcome, capabilities } })
    if (isAsked) this.#openAsked(joined)
    if (this.hello.capabilities.includes(TRUST_CAPABILITY)) {
      this.#trustLine = { send: (message) => this.#send(message) }
      this.#deps.keys?.children.opened(this.#trustLine)
    }
  }

  #openAsked({ child: { childId, name } }: JoinedChild): void {
    this.#asked = {
      childId,
      name,
      isOpen: this.hello.capabilities.includes(DRAWS_OPEN_CAPABILITY),
      send: (message) => this.#send(message),
      unreadBytes: () => this.#socket.bufferedBytes(),
    }
    this.#deps.asks.connected(this.#asked)
  }

  #acknowledge(watermark: number, refused: readonly RefusedRecord[]): void {
    if (this.#acks.acknowledge(watermark, refused)) return
    this.close('overloaded', 'the child does not read its acknowledgements')
  }

  #refuse(code: ErrorCode, row: RefusalRow): void {
    if (this.#phase !== 'closed') this.#send({ kind: 'refusal', refusal: { code, ...row } })
    this.close(code, row.sentence)
  }

  #noteHeard(): void {
    if (this.#phase === 'open' && this.childId !== null) this.#deps.watch.heard(this.childId)
  }

  /** The line is dead: a closing handshake would wait for an answer that never comes. */
  #drop(code: ErrorCode): void {
    this.#endedReason ??= code
    this.#socket.terminate()
    this.#onClose(code)
  }

  #onClose(reason: string): void {
    if (this.#phase === 'closed') return
    const wasOpen = this.#phase === 'open'
    this.#phase = 'closed'
    this.#endedReason ??= endReasonOf(reason)
    this.#pulse.end()
    this.#lane?.close()
    if (this.#asked !== null) this.#deps.asks.closed(this.#asked)
    if (this.#trustLine !== null) this.#deps.keys?.children.closed(this.#trustLine)
    if (wasOpen) this.#endRow()
    this.#owner.ended(this, wasOpen ? 'open' : 'handshake', this.#endedReason)
  }

  #endRow(): void {
    const joined = this.#joined
    if (joined === null) return
    const { log, store } = this.#deps
    const { childId } = joined.child
    const reason = this.#endedReason ?? 'connection_lost'
    // For display; whether the next stream began at a fork is told by it too.
    this.#ending = store
      .endChildSession({ childId, generation: joined.generation, reason })
      .catch((error: unknown) => {
        log.debug({ err: error, child_id: childId }, 'the end of a session was not written')
      })
  }

  #send(message: ToNodeMessage): void {
    this.#socket.send(encodeToNode(message))
  }
}
