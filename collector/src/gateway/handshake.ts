/**
 * The part of a connection before anything is looked up or written: hello, challenge, proof. The
 * collector proves itself first; who the node is, the roster judges only after its proof.
 */
import {
  buildChallenge,
  type Challenge,
  checkHello,
  type ErrorCode,
  HASH_BYTES,
  type Hello,
  isProofValid,
  type KeyPair,
  NONCE_BYTES,
  type Proof,
  type Settings,
  type Welcome,
  WINDOW_BYTES_DEFAULT,
  WINDOW_FRAMES_CROWDED,
  type World,
} from '@yiben/shared'
import type { Joined } from '../inventory/roster.ts'
import type { LedgerState } from '../storage/requests.ts'

export type HandshakeStep<Result> =
  | { readonly status: 'ok'; readonly result: Result }
  | { readonly status: 'refused'; readonly code: ErrorCode; readonly sentence: string }

export class Handshake {
  readonly #world: World
  readonly #identity: KeyPair
  readonly #generation: number
  readonly #role: Hello['role']
  /** What the proof has to fit; forgotten once it does, for there are many sessions. */
  #given: { hello: Hello; helloFrame: Uint8Array; challenge: Challenge } | null = null

  /** `role`: whom the session is with. */
  constructor(
    world: World,
    identity: KeyPair,
    { generation }: Pick<LedgerState, 'generation'>,
    role: Hello['role'],
  ) {
    this.#world = world
    this.#role = role
    this.#identity = identity
    this.#generation = generation
  }

  takeHello(hello: Hello, helloFrame: Uint8Array): HandshakeStep<Challenge> {
    const check = checkHello(hello)
    if (check.status !== 'ok') {
      return { status: 'refused', code: check.status, sentence: check.sentence }
    }
    // Before anything is proven: the node comes back by itself once the right ledger is in place.
    if (hello.ledgerGeneration > this.#generation) {
      const sentence = `this ledger is of generation ${this.#generation}, the node has met ${hello.ledgerGeneration}: an older copy is in place`
      return { status: 'refused', code: 'collector_untrusted', sentence }
    }
    if (hello.role !== this.#role) {
      const sentence = `hello.role is ${hello.role}: nobody here speaks to one`
      return { status: 'refused', code: 'capability_missing', sentence }
    }
    const challenge = buildChallenge({
      helloFrame,
      nonce: this.#world.random.bytes(NONCE_BYTES),
      serverTimeMs: this.#world.clock.wallMs(),
      identity: this.#identity,
    })
    this.#given = { hello, helloFrame, challenge }
    return { status: 'ok', result: challenge }
  }

  /** The hello, now known to come from the holder of its key. */
  takeProof(proof: Proof): HandshakeStep<Hello> {
    const given = this.#given
    this.#given = null
    if (given === null || !isProofValid({ ...given, proof })) {
      const sentence = 'proof.signature does not fit hello.node_key'
      return { status: 'refused', code: 'signature_invalid', sentence }
    }
    return { status: 'ok', result: given.hello }
  }
}

/** The answer to a node or a child that has been admitted; the identity key only to one that has enrolled. */
export function welcomeOf(
  joined: Pick<Joined, 'nextJoinState' | 'hasEnrolled'> & {
    readonly node: { readonly nodeId: string }
    readonly epoch: Pick<Joined['epoch'], 'watermark' | 'watermarkHash'>
  },
  ledger: LedgerState,
  settings: Settings,
  serverTimeMs: number,
): Welcome {
  const { node, epoch } = joined
  const hash = Buffer.from(epoch.watermarkHash ?? '', 'hex')
  const key = Buffer.from(ledger.identityKey, 'hex')
  return {
    nodeId: node.nodeId,
    watermark: epoch.watermark,
    watermarkHash: hash.length === HASH_BYTES ? hash : null,
    ledgerGeneration: ledger.generation,
    nextJoinState: joined.nextJoinState,
    serverTimeMs,
    settings,
    windowFrames: WINDOW_FRAMES_CROWDED,
    windowBytes: WINDOW_BYTES_DEFAULT,
    identityKey: joined.hasEnrolled ? { number: ledger.identityKeyNumber, key } : null,
    capabilities: [],
  }
}
