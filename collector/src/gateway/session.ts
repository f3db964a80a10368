/**
 * One connection of an agent, from its hello to its close. Every close has a code of `errors.ts`.
 *
 *   hello ──Hello──▶ proof ──Proof──▶ joining ──Welcome──▶ open ──▶ closed
 *     └─────────────────┴── Refusal, broken frame, time-out ──────────▲
 *
 * Nothing is written for a connection before its proof has been verified; nothing is acknowledged
 * before it is durable (ingest tells). Whatever a frame holds, at most this connection ends.
 */
import {
  closeReason,
  type Duplex,
  decodeToCollector,
  type ErrorCode,
  encodeToNode,
  errorSentence,
  type Hello,
  KEYS_CAPABILITY,
  LEASES_CAPABILITY,
  type Proof,
  type Refusal,
  type RefusedRecord,
  type ToCollectorMessage,
  type ToNodeMessage,
} from '@yiben/shared'
import type { Lane } from '../ingest/lane.ts'
import { REFUSALS, type RefusalRow } from '../inventory/enroll.ts'
import { ENDED_BY_GOODBYE } from '../inventory/liveness.ts'
import type { Joined } from '../inventory/roster.ts'
import type { NodeId } from '../model/ids.ts'
import type { NodeRow } from '../model/node.ts'
import type { KeyLine } from '../tls/key-desk.ts'
import { AckDesk, endReasonOf } from './ack-desk.ts'
import { Handshake, welcomeOf } from './handshake.ts'
import type { LendingSession } from './node-link.ts'
import { Pulse } from './pulse.ts'
import type { SessionDeps, SessionOwner } from './session-parts.ts'

/** Facts are asked for at most so often. */
const NEED_FACTS_MS = 30_000
const CAPABILITIES = [LEASES_CAPABILITY, KEYS_CAPABILITY]

type Phase = 'hello' | 'proof' | 'joining' | 'open' | 'closed'

export class Session {
  readonly remoteAddress: string
  readonly #socket: Duplex
  readonly #deps: SessionDeps
  readonly #owner: SessionOwner<Session>
  readonly #openedAtMs: number
  readonly #acks: AckDesk
  #phase: Phase = 'hello'
  readonly #pulse: Pulse
  readonly #handshake: Handshake
  #hello: Hello | null = null
  #joined: Joined | null = null
  #lane: Lane | null = null
  #endedReason: string | null = null
  #neededFactsAtMs = Number.NEGATIVE_INFINITY
  /** Set while the node can be asked and told about leases. */
  #lending: LendingSession | null = null
  #keyLine: KeyLine | null = null
  /** The row in the store is closed: the gateway waits for it when it stops. */
  #ending: Promise<void> = Promise.resolve()

  constructor(socket: Duplex, deps: SessionDeps, owner: SessionOwner<Session>) {
    this.#socket = socket
    this.#deps = deps
    this.#owner = owner
    this.#handshake = new Handshake(deps.world, deps.identity, deps.ledger, 'agent')
    this.remoteAddress = socket.remoteAddress
    this.#openedAtMs = deps.world.clock.monotonicMs()
    this.#acks = new AckDesk(socket, deps.world.clock, deps.counts, () =>
      deps.ingest.framesGranted(),
    )
    this.#pulse = new Pulse(deps.world.clock, deps.timings, () => socket.ping())
    socket.onFrame((frame) => this.#onFrame(frame))
    socket.onPong(() => this.#onPong())
    socket.onClose((reason) => this.#onClose(reason.reason))
  }

  get nodeId(): NodeId | null {
    return this.#joined?.node.nodeId ?? null
  }

  /** Whose holder has proven its key; `null` before. */
  get hello(): Hello | null {
    return this.#hello
  }

  /** When anything was last heard, by the monotonic clock. */
  get heardAtMs(): number {
    return this.#pulse.heardAtMs
  }

  /** The session row to touch; `null` before and after. */
  get current(): Joined | null {
    return this.#phase === 'open' ? this.#joined : null
  }

  whenEnded(): Promise<void> {
    return this.#ending
  }

  /** Called about once a second: time-outs of the handshake and of a silent line. */
  sweep(nowMs: number): void {
    const { handshakeMs } = this.#deps.timings
    if (this.#phase === 'open') {
      if (!this.#pulse.sweep(nowMs)) this.#drop('idle_timeout')
      return
    }
    if (nowMs - this.#openedAtMs < handshakeMs || this.#phase === 'closed') return
    this.close('handshake_timeout', `no proof within ${handshakeMs} ms`)
  }

  /** Whether the other side still answers, within `pingMs`. */
  isAlive(): Promise<boolean> {
    return this.#pulse.isAlive()
  }

  /** Tells the agent to go and come back later. */
  drain(reconnectAfterMs: number, jitterMs: number): void {
    if (this.#phase === 'open') this.#send({ kind: 'drain', drain: { reconnectAfterMs, jitterMs } })
  }

  close(code: ErrorCode, sentence: string): void {
    if (this.#phase === 'closed') return
    this.#endedReason ??= code
    const fields = { node_id: this.nodeId, remote_address: this.remoteAddress, code, sentence }
    this.#deps.log.debug(fields, 'a connection is closed')
    this.#socket.close(closeReason(code, sentence))
    this.#onClose(code)
  }

  #onFrame(frame: Uint8Array): void {
    if (this.#phase === 'closed') return
    this.#heard()
    const message = decodeToCollector(frame)
    if (message.kind === 'undecodable') {
      this.close(message.code, message.sentence)
      return
    }
    // A message of a newer agent: nothing that an agreed capability would require.
    if (message.kind === 'unknown') return
    if (this.#phase === 'open') this.#onMessage(message, frame.length)
    else if (this.#phase === 'hello' && message.kind === 'hello')
      this.#onHello(message.hello, frame)
    else if (this.#phase === 'proof' && message.kind === 'proof') this.#onProof(message.proof)
    else this.close('message_unexpected', `${message.kind} is not due in this state`)
  }

  #onHello(hello: Hello, frame: Uint8Array): void {
    if (hello.role === 'collector') {
      this.#phase = 'closed'
      this.#pulse.end()
      this.#owner.handOver(this, this.#socket, hello, frame)
      return
    }
    const step = this.#handshake.takeHello(hello, frame)
    if (step.status === 'refused') {
      this.#refuse(step.code, { sentence: step.sentence, retryAfterMs: 0 })
      return
    }
    this.#phase = 'proof'
    this.#send({ kind: 'challenge', challenge: step.result })
  }

  #onProof(proof: Proof): void {
    const step = this.#handshake.takeProof(proof)
    if (step.status === 'refused') {
      this.#refuse(step.code, { sentence: step.sentence, retryAfterMs: 0 })
      return
    }
    this.#hello = step.result
    this.#phase = 'joining'
    this.#join(step.result, proof).catch((error: unknown) => {
      const fields = { err: error, remote_address: this.remoteAddress }
      this.#deps.log.warn(fields, 'a node could not be admitted')
      const { retryAfterMs } = REFUSALS.store_unavailable
      const sentence = `the roster cannot be written: ${errorSentence(error)}`
      this.#refuse('store_unavailable', { sentence, retryAfterMs })
    })
  }

  async #join(hello: Hello, proof: Proof): Promise<void> {
    const { roster, ingest } = this.#deps
    if (!ingest.isWriting()) {
      this.#refuse('store_unavailable', REFUSALS.store_unavailable)
      return
    }
    if (!(await this.#owner.replace(this, hello))) {
      this.#refuse('conflict', REFUSALS.conflict)
      return
    }
    const { enrollSecret } = proof
    const { remoteAddress } = this
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

  #open(joined: Joined): void {
    const { ingest, liveness, ledger, settings, world } = this.#deps
    const { node, epoch, generation } = joined
    this.#phase = 'open'
    const session = { nodeId: node.nodeId, generation, epoch: epoch.epoch }
    this.#lane = ingest.open(session, {
      committed: (watermark, refused) => this.#acknowledge(watermark, refused),
      needFacts: () => this.#needFacts(),
      measured: (sample) =>
        liveness.offsetSample(node.nodeId, sample.receivedAtMs, sample.nodeMs, sample.waitMs),
      goodbye: ({ reason }) => {
        this.#endedReason = ENDED_BY_GOODBYE
        liveness.goodbye(node.nodeId, reason)
      },
      fail: (code, sentence) => this.close(code, sentence),
    })
    liveness.connected({
      nodeId: node.nodeId,
      siteCode: node.siteCode,
      remoteAddress: this.remoteAddress,
    })
    // Who only came to enroll leaves at once: that is no loss.
    if (this.#hello?.enrollTokenId !== null) liveness.drained(node.nodeId)
    this.#owner.proven(this)
    const capabilities = this.#agreed()
    const welcome = welcomeOf(joined, ledger, settings, world.clock.wallMs())
    this.#send({ kind: 'welcome', welcome: { ...welcome, capabilities } })
    if (capabilities.includes(LEASES_CAPABILITY)) {
      this.#lend({ nodeId: node.nodeId, epoch: epoch.epoch })
    }
    this.#openKeys(node, capabilities.includes(KEYS_CAPABILITY))
  }

  /** Understood on both sides. */
  #agreed(): readonly string[] {
    const ours = this.#deps.keys === undefined ? [LEASES_CAPABILITY] : CAPABILITIES
    return ours.filter((one) => this.#hello?.capabilities.includes(one))
  }

  #openKeys(node: NodeRow, understands: boolean): void {
    this.#keyLine = {
      nodeId: node.nodeId,
      key: node,
      understands,
      send: (message) => this.#send(message),
      drain: (backAfterMs) => {
        this.#deps.liveness.drained(node.nodeId)
        this.drain(backAfterMs, 0)
      },
      end: (code, sentence) => this.close(code, sentence),
    }
    this.#deps.keys?.opened(this.#keyLine)
  }

  #lend(node: Omit<LendingSession, 'send'>): void {
    this.#lending = { ...node, send: (message) => this.#send(message) }
    this.#deps.nodeLink.connected(this.#lending)
  }

  #onMessage(message: ToCollectorMessage, frameBytes: number): void {
    switch (message.kind) {
      case 'batch': {
        const { batch } = message
        if (this.#acks.take(batch, frameBytes)) this.#lane?.offer(batch)
        else this.close('window_exceeded', 'more batches are unacknowledged than the window allows')
        return
      }
      case 'event':
        // What it tells comes by a record too; the bank only looks sooner.
        if (this.nodeId !== null) this.#deps.onEvent(this.nodeId, message.event)
        return
      case 'heartbeat':
        return
      case 'lease_answer':
        if (this.nodeId !== null) this.#deps.nodeLink.onAnswer(this.nodeId, message.leaseAnswer)
        return
      case 'leases':
        if (this.nodeId === null || this.#deps.nodeLink.onLeases(this.nodeId, message.leases))
          return
        this.close('overloaded', 'the node tells its leases again and again')
        return
      case 'key_change':
      case 'trust_known':
        if (this.#keyLine !== null) this.#deps.keys?.onMessage(this.#keyLine, message)
        return
      case 'hello':
      case 'proof':
        this.close('message_unexpected', `${message.kind} is not due in this state`)
        return
    }
  }

  #acknowledge(watermark: number, refused: readonly RefusedRecord[]): void {
    if (this.#acks.acknowledge(watermark, refused)) return
    this.close('overloaded', 'the node does not read its acknowledgements')
  }

  #needFacts(): void {
    const nowMs = this.#deps.world.clock.monotonicMs()
    if (nowMs - this.#neededFactsAtMs < NEED_FACTS_MS) return
    this.#neededFactsAtMs = nowMs
    this.#send({ kind: 'need_facts' })
  }

  #refuse(code: ErrorCode, row: RefusalRow): void {
    const refusal: Refusal = { code, ...row }
    if (this.#phase !== 'closed') this.#send({ kind: 'refusal', refusal })
    this.close(code, row.sentence)
  }

  #onPong(): void {
    this.#pulse.onPong()
    this.#noteHeard()
  }

  #heard(): void {
    this.#pulse.heard()
    this.#noteHeard()
  }

  #noteHeard(): void {
    if (this.#phase === 'open' && this.nodeId !== null) this.#deps.liveness.heard(this.nodeId)
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
    if (this.#lending !== null) this.#deps.nodeLink.closed(this.#lending)
    if (this.#keyLine !== null) this.#deps.keys?.closed(this.#keyLine)
    if (wasOpen) {
      if (this.#lane !== null && this.nodeId !== null) {
        this.#deps.ingest.close(this.nodeId, this.#lane)
      }
      this.#endRow()
    }
    this.#owner.ended(this, wasOpen ? 'open' : 'handshake', this.#endedReason)
  }

  #endRow(): void {
    const joined = this.#joined
    if (joined === null) return
    const { store, world, log } = this.#deps
    const end = {
      nodeId: joined.node.nodeId,
      generation: joined.generation,
      reason: this.#endedReason ?? 'connection_lost',
      atMs: world.clock.wallMs(),
    }
    // Display only: liveness and the fence rest on nothing that is written here.
    this.#ending = store.endSession(end).catch((error: unknown) => {
      log.debug({ err: error, node_id: end.nodeId }, 'the end of a session was not written')
    })
  }

  #send(message: ToNodeMessage): void {
    this.#socket.send(encodeToNode(message))
  }
}
