/**
 * A node that speaks the wire by hand, so that a test can send what no agent of ours would: frames
 * of its own making, wrong signatures, batches that do not follow.
 */
import {
  ALGORITHM_ED25519,
  buildProof,
  type Challenge,
  type Duplex,
  type DurableRecord,
  decodeToNode,
  dial,
  type EnrollmentToken,
  encodeRecord,
  encodeToCollector,
  type FromCollector,
  type Hello,
  type KeyPair,
  keyPairFromSeed,
  LINK_PATH,
  parseEnrollmentToken,
  recordHash,
  SUBPROTOCOL,
  type ToNodeMessage,
  WIRE_VERSION,
} from '@yiben/shared'
import { createRealWorld } from '../../shared/src/real-world.ts'
import { until } from './program.ts'

const { random } = createRealWorld()
const hex = (bytes: number) => Buffer.from(random.bytes(bytes)).toString('hex')

export interface Closed {
  readonly kind: 'closed'
  readonly code: number
  readonly reason: string
}
export type Heard = FromCollector | Closed

export class RawNode implements Disposable {
  readonly keys: KeyPair = keyPairFromSeed(ALGORITHM_ED25519, random.bytes(32))
  readonly epoch = hex(16)
  readonly fingerprint = hex(32)
  readonly #url: string
  /** Told of every frame before it is sent. */
  onSend: ((frame: Uint8Array) => void) | null = null
  #socket: Duplex | null = null
  #heard: Heard[] = []
  #read = 0
  #seq = 0
  #hash: Uint8Array | null = null
  #joinState = 0

  constructor(url: string) {
    this.#url = url.replace(/^http/, 'ws') + LINK_PATH
  }

  /** Rejects, with the status and the problem document, where the upgrade is refused. */
  async connect(): Promise<void> {
    this.#heard = []
    this.#read = 0
    const socket = await dial({
      url: this.#url,
      subprotocol: SUBPROTOCOL,
      ca: null,
      proxyUrl: null,
      timeoutMs: 10_000,
    })
    socket.onFrame((frame) => this.#heard.push(decodeToNode(frame)))
    socket.onClose(({ code, reason }) => this.#heard.push({ kind: 'closed', code, reason }))
    this.#socket = socket
  }

  /** The next thing the collector says, or the close. */
  next(withinMs?: number): Promise<Heard> {
    return until(
      'an answer of the collector',
      () => this.#heard[this.#read++] ?? this.#back(),
      withinMs,
    )
  }

  /** Everything else aside until the connection is closed. */
  async closed(withinMs?: number): Promise<Closed> {
    for (;;) {
      const heard = await this.next(withinMs)
      if (heard.kind === 'closed') return heard
    }
  }

  sendFrame(frame: Uint8Array): void {
    this.onSend?.(frame)
    this.#socket?.send(frame)
  }

  /** Hello and, where the collector answers it, proof; resolves with Welcome, refusal or close. */
  async join(
    change: {
      readonly token?: string
      readonly hello?: Partial<Hello>
      readonly breaksSignature?: boolean
    } = {},
  ): Promise<Heard> {
    const token = change.token === undefined ? null : parseEnrollmentToken(change.token)
    const hello = { ...this.#hello(token), ...change.hello }
    const helloFrame = encodeToCollector({ kind: 'hello', hello })
    this.sendFrame(helloFrame)
    const answer = await this.next()
    if (answer.kind !== 'challenge') return answer
    const proof = this.#proof(helloFrame, answer.challenge, token)
    const signature = proof.signature.slice()
    if (change.breaksSignature === true) signature[0] = (signature[0] ?? 0) ^ 1
    this.sendFrame(encodeToCollector({ kind: 'proof', proof: { ...proof, signature } }))
    const joined = await this.next()
    if (joined.kind === 'welcome') this.#joinState = joined.welcome.nextJoinState
    return joined
  }

  /** Connects, joins with the token and expects to be admitted. */
  async enroll(token: string): Promise<ToNodeMessage & { readonly kind: 'welcome' }> {
    await this.connect()
    const joined = await this.join({ token })
    if (joined.kind !== 'welcome') throw new Error(`not admitted: ${JSON.stringify(joined)}`)
    return joined
  }

  /** Sends records as they should be sent. */
  send(records: readonly DurableRecord[]): void {
    this.sendBytes(records.map(encodeRecord))
  }

  sendBytes(records: readonly Uint8Array[], previousHash = this.#hash?.slice(0, 8) ?? null): void {
    const firstSeq = this.#seq + 1
    for (const bytes of records) {
      this.#seq += 1
      this.#hash = recordHash(this.epoch, this.#seq, bytes)
    }
    const batch = { firstSeq, previousHash, records, lostCount: 0 }
    this.sendFrame(encodeToCollector({ kind: 'batch', batch }))
  }

  get lastSeq(): number {
    return this.#seq
  }

  /** Numbers that are never sent. */
  skip(count: number): void {
    this.#seq += count
  }

  close(): void {
    this.#socket?.terminate()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #back(): null {
    this.#read -= 1
    return null
  }

  #hello(token: EnrollmentToken | null): Hello {
    return {
      wireVersion: WIRE_VERSION,
      role: 'agent',
      capabilities: [],
      programVersion: '0.1.0',
      algorithm: this.keys.algorithm,
      nodeKey: this.keys.publicKey,
      fingerprint: this.fingerprint,
      instance: hex(16),
      epoch: this.epoch,
      previousEpoch: null,
      bootId: 'boot-1',
      lastSeq: this.#seq,
      ackedSeq: 0,
      ackedHash: null,
      joinState: this.#joinState,
      enrollTokenId: token?.id ?? null,
      nodeName: token === null ? null : 'raw',
      ledgerGeneration: 1,
    }
  }

  #proof(helloFrame: Uint8Array, challenge: Challenge, token: EnrollmentToken | null) {
    return buildProof({
      helloFrame,
      challenge,
      nodeKeys: this.keys,
      enrollSecret: token?.secret ?? null,
    })
  }
}
