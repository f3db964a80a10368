/**
 * One outbound link: an agent's to its collector, or a child collector's to its parent. Runs the
 * state machine of state.ts over a socket, the spool and a clock, all handed in. What must hold is
 * numbered in SPEC.md. Nothing here interprets records: they are bytes with numbers.
 */
import { assert } from '../assert.ts'
import { type ErrorCode, errorCode, errorSentence } from '../errors.ts'
import { decodeToNode } from '../wire/codec.ts'
import type {
  Ack,
  Challenge,
  Drain,
  LiveMessage,
  Refusal,
  ToNodeMessage,
  Welcome,
} from '../wire/messages.ts'
import { SUBPROTOCOL } from '../wire/version.ts'
import { randomHex, type Timer } from '../world.ts'
import { closeReason, errorCodeOfClose, goodbyeReason } from './close-reason.ts'
import { Connection } from './connection.ts'
import { buildProof, checkChallenge } from './handshake.ts'
import { buildHello } from './hello.ts'
import { readMemory } from './memory.ts'
import type { LinkOptions, LinkStatus } from './options.ts'
import { isOtherKeyLeft, tellOwner, timeMeasureOf } from './owner.ts'
import { Problems } from './problems.ts'
import { Retry } from './retry.ts'
import { Sender } from './sender.ts'
import type { CloseReason, Duplex } from './socket.ts'
import { type LinkEffect, type LinkEvent, type LinkState, stepLink } from './state.ts'
import { LINK_TIMINGS, type LinkTimings } from './timings.ts'
import { applyWelcome } from './welcome.ts'

const INSTANCE_BYTES = 16

export class Link {
  readonly id = 'link'
  readonly #options: LinkOptions
  readonly #timings: LinkTimings
  /** Tells one process from the next. */
  readonly #instance: string
  readonly #sender: Sender
  readonly #retry: Retry
  readonly #problems: Problems
  #state: LinkState = 'offline'
  #sinceMs: number
  #connection: Connection | null = null
  #helloFrame: Uint8Array = new Uint8Array(0)
  #proofSentMs = 0
  #nodeId: string | null = null
  /** Epochs begun without an ack in between; bounds how often a disagreement starts over (L9). */
  #epochsInRow = 0
  #heartbeatMs: number
  #stateTimer: Timer | null = null
  readonly #finished = Promise.withResolvers<void>()
  readonly #effects: Readonly<Record<LinkEffect, () => void>> = {
    none: () => {},
    dial: () => this.#dial(),
    greet: () => this.#greet(),
    prove: () => this.#prove(),
    stream: () => this.#stream(),
    drain: () => this.#settleWithin(this.#timings.flushMs),
    flush: () => {
      this.#pump()
      this.#settleWithin(this.#timings.flushMs)
    },
    wait: () => {
      this.#disconnect(goodbyeReason('coming back'))
      this.#wait()
    },
    halt: () => this.#disconnect(goodbyeReason('not coming back')),
    finish: () => {
      this.#disconnect(goodbyeReason('stopping'))
      this.#finished.resolve()
    },
  }

  constructor(options: LinkOptions) {
    this.#options = options
    this.#timings = { ...LINK_TIMINGS, ...options.timings }
    this.#retry = new Retry(this.#timings)
    this.#problems = new Problems(options.log)
    this.#instance = randomHex(options.world.random, INSTANCE_BYTES)
    this.#sinceMs = options.world.clock.monotonicMs()
    this.#heartbeatMs = this.#timings.heartbeatMs
    this.#sender = new Sender(options.spool, options.world.clock)
  }

  /** Resolves when stopped. A refused link stays, silent, until then. */
  run(): Promise<void> {
    this.#on('start')
    return this.#finished.promise
  }

  /** While online, what is in the spool is sent first and has a bounded time to be acknowledged. */
  async stop(): Promise<void> {
    this.#on('stop')
    await this.#finished.promise
  }

  status(): LinkStatus {
    const { lastSeq, ackedSeq } = this.#options.spool.state()
    return {
      state: this.#state,
      sinceMonotonicMs: this.#sinceMs,
      nodeId: this.#nodeId,
      lastProblem: this.#problems.last(),
      unacknowledgedRecords: lastSeq - ackedSeq,
    }
  }

  /** The owner has appended to the spool. */
  wake(): void {
    if (this.#state === 'online') this.#pump()
  }

  /** Told at once while online, else not at all: the record stream says it too, or it is asked again. */
  say(message: LiveMessage): void {
    if (this.#state === 'online') this.#connection?.send(message)
  }

  #on(event: LinkEvent): void {
    const step = stepLink(this.#state, event)
    if (step.state !== this.#state) {
      this.#options.log.debug({ from: this.#state, to: step.state, event }, 'link state changed')
      this.#state = step.state
      this.#sinceMs = this.#nowMs()
    }
    this.#effects[step.effect]()
  }

  #dial(): void {
    const { world, target } = this.#options
    const timeoutMs = this.#timings.handshakeMs
    const dialled = world.network.dial({ ...target, subprotocol: SUBPROTOCOL, timeoutMs })
    dialled.then(
      (socket) => {
        if (this.#state === 'dialing') {
          this.#connection = this.#connect(socket)
          this.#on('opened')
        } else {
          // Stopped meanwhile: nobody else knows this socket.
          socket.terminate()
        }
      },
      (error: unknown) => {
        this.#problems.note(errorCode(error), errorSentence(error))
        this.#on('failed')
      },
    )
  }

  #connect(socket: Duplex): Connection {
    return new Connection(socket, this.#options.world.clock, this.#timings, {
      onFrame: (frame) => this.#hear(frame),
      onClose: (reason) => {
        const code = errorCodeOfClose(reason) ?? 'connection_failed'
        this.#problems.note(
          code,
          reason.reason === '' ? `closed with ${reason.code}` : reason.reason,
        )
        this.#on('lost')
      },
      onSilence: () => {
        this.#problems.note('idle_timeout', 'the collector does not answer')
        this.#on('lost')
      },
      isOverdue: () => this.#sender.isOverdue(this.#timings.ackMs),
      onOverdue: () => this.#drop('idle_timeout', 'the collector does not acknowledge'),
    })
  }

  #greet(): void {
    const { identity, spool } = this.#options
    const hello = buildHello(identity, this.#instance, spool.state(), readMemory(spool))
    this.#helloFrame = this.#current().send({ kind: 'hello', hello })
    this.#stateTimer = this.#after(this.#timings.handshakeMs, () =>
      this.#drop('handshake_timeout', 'the collector did not answer the handshake in time'),
    )
  }

  #prove(): void {
    const connection = this.#current()
    const { challenge } = connection
    assert(challenge !== null, 'a challenge was verified before the proof')
    const { nodeKeys, enrollment } = this.#options.identity
    const proof = buildProof({
      helloFrame: this.#helloFrame,
      challenge,
      nodeKeys,
      enrollSecret: enrollment?.secret ?? null,
    })
    this.#proofSentMs = this.#nowMs()
    connection.send({ kind: 'proof', proof })
  }

  #hear(frame: Uint8Array): void {
    const message = decodeToNode(frame)
    if (message.kind === 'undecodable') this.#drop(message.code, message.sentence)
    else if (message.kind !== 'unknown') this.#handle(message)
  }

  /** A message in a state that does not expect it ends the connection (L5). */
  #handle(message: ToNodeMessage): void {
    const state = this.#state
    const isLive = state === 'online' || state === 'draining' || state === 'leaving'
    if (message.kind === 'refusal') this.#handleRefusal(message.refusal)
    else if (message.kind === 'challenge' && state === 'greeting') {
      this.#handleChallenge(message.challenge)
    } else if (message.kind === 'welcome' && state === 'proving') {
      this.#handleWelcome(message.welcome)
    } else if (isLive && message.kind === 'ack') this.#handleAck(message.ack)
    else if (isLive && message.kind === 'drain') this.#handleDrain(message.drain)
    else if (!isLive || !tellOwner(this.#options.owner, message)) {
      this.#drop('message_unexpected', `a ${message.kind} does not belong in state ${state}`)
    }
  }

  #handleChallenge(challenge: Challenge): void {
    const check = checkChallenge(challenge, this.#helloFrame, this.#options.collector)
    if (check.status !== 'ok') {
      // Whoever answers there may be an impostor: it can keep the node away, not talk it out (L4).
      this.#options.log.error({ code: check.status }, check.sentence)
      this.#retry.ask(this.#timings.distrustMs)
      this.#drop(check.status, check.sentence)
      return
    }
    this.#current().challenge = challenge
    this.#on('challenged')
  }

  #handleRefusal(refusal: Refusal): void {
    const { code, sentence, retryAfterMs } = refusal
    this.#problems.note(code, sentence)
    const isVerified = this.#current().challenge !== null
    if (isVerified && (code === 'epoch_forked' || code === 'epoch_closed')) {
      this.#beginEpoch(sentence)
    } else if (isVerified && retryAfterMs === 0 && !isOtherKeyLeft(this.#options.owner, code)) {
      this.#options.log.error({ code, sentence }, 'the collector refused this node for good')
      this.#on('banned')
    } else {
      this.#retry.ask(retryAfterMs === 0 ? this.#timings.distrustMs : retryAfterMs)
      this.#on('denied')
    }
  }

  #handleWelcome(welcome: Welcome): void {
    const { spool, owner } = this.#options
    const check = this.#store(() => applyWelcome(spool, welcome))
    if (check === null) return
    if (check.status === 'older_ledger') {
      this.#options.log.error({ ledgerGeneration: welcome.ledgerGeneration }, check.sentence)
      this.#retry.ask(this.#timings.distrustMs)
      this.#drop('collector_untrusted', check.sentence)
    } else if (check.status === 'forked') {
      this.#beginEpoch(check.sentence)
    } else {
      this.#nodeId = welcome.nodeId
      this.#heartbeatMs = welcome.settings.heartbeatMs ?? this.#timings.heartbeatMs
      this.#sender.open(welcome.watermark, welcome)
      this.#measureTime(welcome.serverTimeMs, this.#proofSentMs)
      owner.onWelcome(welcome)
      this.#on('welcomed')
    }
  }

  #stream(): void {
    const { owner, log } = this.#options
    const connection = this.#current()
    connection.onlineSinceMs = this.#nowMs()
    this.#stateTimer?.cancel()
    this.#problems.clear()
    log.info({ nodeId: this.#nodeId }, 'the link is up')
    connection.watch()
    connection.beat(this.#heartbeatMs, () => owner.heartbeat())
    owner.onOnline?.()
    this.#pump()
  }

  #handleAck(ack: Ack): void {
    const { spool, owner } = this.#options
    const result = this.#sender.settle(ack, (watermark) =>
      this.#problems.attempt(() => spool.ack(watermark)),
    )
    if (result.status === 'beyond_sent') {
      this.#drop('message_unexpected', `ack.watermark is ${ack.watermark}, which was never sent`)
      return
    }
    if (ack.refused.length > 0) owner.onRefused(ack.refused)
    if (result.sentAtMs !== null) {
      this.#epochsInRow = 0
      if (ack.serverTimeMs !== null) this.#measureTime(ack.serverTimeMs, result.sentAtMs)
    }
    if (this.#state !== 'draining') this.#pump()
    if (this.#state !== 'online') this.#settleIfIdle()
  }

  #handleDrain(drain: Drain): void {
    const jitterMs = drain.jitterMs * this.#options.world.random.fraction()
    this.#retry.ask(drain.reconnectAfterMs + Math.floor(jitterMs))
    this.#problems.note('draining', 'the collector asked to come back later')
    this.#on('drain')
  }

  #pump(): void {
    const connection = this.#current()
    this.#problems.attempt(() => this.#sender.pump((frame) => connection.sendFrame(frame)))
  }

  /** L9: begins anew under another epoch; a disagreement that keeps coming back ends the link. */
  #beginEpoch(sentence: string): void {
    const { spool, owner, log } = this.#options
    this.#epochsInRow += 1
    if (this.#epochsInRow > this.#timings.epochsInRowMax) {
      log.error({ sentence }, 'the collector takes no epoch of this node')
      this.#problems.note('epoch_forked', sentence)
      this.#on('banned')
      return
    }
    const before = spool.state()
    const lostRecords = before.lastSeq - before.ackedSeq
    log.error(
      { epoch: before.epoch, lostRecords, sentence },
      'spool and collector disagree: a new epoch begins',
    )
    const after = this.#store(() => spool.newEpoch())
    if (after === null) return
    this.#problems.attempt(() => owner.onNewEpoch({ before, after, sentence }))
    this.#drop('epoch_forked', sentence)
  }

  /** This side ends the connection; another may be tried. */
  #drop(code: ErrorCode, sentence: string): void {
    this.#problems.note(code, sentence)
    this.#connection?.drop(closeReason(code, sentence))
    this.#on('denied')
  }

  #disconnect(reason: CloseReason): void {
    const connection = this.#connection
    this.#connection = null
    this.#sender.close()
    this.#stateTimer?.cancel()
    if (connection === null) return
    const { onlineSinceMs } = connection
    if (onlineSinceMs !== null) this.#retry.noteConnection(this.#nowMs() - onlineSinceMs)
    connection.drop(reason)
  }

  #wait(): void {
    const delayMs = this.#retry.nextDelayMs(this.#options.world.random.fraction())
    this.#options.log.debug({ delayMs }, 'the link waits')
    this.#stateTimer = this.#after(delayMs, () => this.#on('due'))
  }

  #settleWithin(delayMs: number): void {
    this.#stateTimer?.cancel()
    this.#stateTimer = this.#after(delayMs, () => this.#on('settled'))
    this.#settleIfIdle()
  }

  #settleIfIdle(): void {
    if (this.#sender.isIdle()) this.#on('settled')
  }

  #measureTime(serverTimeMs: number, askedAtMs: number): void {
    const { owner } = this.#options
    const timelineMs = owner.timelineNowMs()
    if (timelineMs === null) return
    const answeredAtMs = this.#nowMs()
    owner.onTime(timeMeasureOf({ serverTimeMs, timelineMs, askedAtMs, answeredAtMs }))
  }

  /** What must be on disk before the connection goes on; a disk that refuses ends it (L14). */
  #store<Result>(run: () => Result): Result | null {
    const result = this.#problems.attempt(run)
    if (result === null) {
      this.#retry.ask(this.#timings.distrustMs)
      this.#on('denied')
    }
    return result
  }

  #current(): Connection {
    assert(this.#connection !== null, 'there is a connection in this state')
    return this.#connection
  }

  #nowMs(): number {
    return this.#options.world.clock.monotonicMs()
  }

  #after(delayMs: number, run: () => void): Timer {
    return this.#options.world.clock.after(delayMs, run)
  }
}
