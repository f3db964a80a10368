/**
 * What nodes are told of authorities and of their own keys, over the sessions that are open now: the
 * authorities to trust, at each connect and when they change; that a key is to go; and, for orders
 * that another process has written, that a node is revoked.
 *
 * A key changes so that a node killed between any two steps can connect: it is asked (durable at the
 * collector), makes and keeps the new key (durable at the node), proves both; from then on the
 * collector takes either, says so, and the first time the node comes with the new one the old one is
 * nobody's (`takeProvenKey` of the store).
 */
import {
  type Clock,
  type ErrorCode,
  isKeyChangeProven,
  type KeyChange,
  type KeyPair,
  type Logger,
  type PublicIdentity,
  signRotateKey,
  signTrustRoots,
  type ToCollectorMessage,
  type ToNodeMessage,
  type TrustRoots,
} from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'
import type { KeyRotation } from '../storage/node-key-store.ts'
import type { Store } from '../storage/store.ts'
import { ChildTrust } from './child-trust.ts'
import { derOf, type Told } from './told.ts'

/** A node that could not take its new key, with a full disk for instance, is told again. */
const AGAIN_MS = 60_000
/** One proof is due for each time a node is asked; who sends more of them is closed. */
const PROOFS_MAX = 4
/** It comes back with its new key after this. */
const BACK_AFTER_MS = 1_000
/** Confirmations kept for one write. */
const KNOWN_PER_WRITE_MAX = 1_000
/** A node unheard for longer is not waited for: it learns when it comes back. */
const HEARD_WITHIN_MS = 86_400_000

type KeyMessageToCollector = Extract<
  ToCollectorMessage,
  { readonly kind: 'key_change' | 'trust_known' }
>

/** The open session of a node. */
export interface KeyLine {
  readonly nodeId: NodeId
  /** The key it came with. */
  readonly key: PublicIdentity
  /** Understands what is said of keys and authorities. */
  readonly understands: boolean
  send(message: ToNodeMessage): void
  /** Settles what is on its way, goes, and comes back. */
  drain(backAfterMs: number): void
  end(code: ErrorCode, sentence: string): void
}

type DeskStore = Pick<Store, 'readNodeOrders' | 'proveKey' | 'keepTrustKnown' | 'readTrustSpread'>

export interface KeyDeskOptions {
  readonly store: DeskStore
  readonly clock: Clock
  readonly log: Logger
  /** Signs what is told; nodes have pinned its public half. */
  readonly identity: KeyPair
  /** An order of another process: the node is out, and its deposits close. */
  readonly onRevoked: (nodeId: NodeId) => void
}

interface Line {
  readonly line: KeyLine
  proofs: number
  toldKey: { readonly nonce: string; readonly newKey: string | null; readonly atMs: number } | null
}

export class KeyDesk {
  /** Collectors that report here are told of authorities, too. */
  readonly children = new ChildTrust()
  readonly #options: KeyDeskOptions
  readonly #lines = new Map<NodeId, Line>()
  readonly #known = new Map<NodeId, number>()
  #rotations: ReadonlyMap<NodeId, KeyRotation> = new Map()
  /** To come back with their new key. */
  readonly #sentAway = new Map<NodeId, { readonly newKey: string; readonly atMs: number }>()
  #trust: TrustRoots | null = null

  constructor(options: KeyDeskOptions) {
    this.#options = options
  }

  /** Everybody who is here hears it at once, everybody else at the next connect. */
  tell({ version, roots }: Told): void {
    this.#trust =
      roots.length === 0
        ? null
        : signTrustRoots(this.#options.identity, { version, roots: roots.map(derOf) })
    for (const { line } of this.#lines.values()) this.#tellTrust(line)
    this.children.tell(this.#trust)
  }

  opened(line: KeyLine): void {
    const opened = { line, proofs: 0, toldKey: null }
    this.#lines.set(line.nodeId, opened)
    this.#tellTrust(line)
    this.#tellKey(opened)
  }

  closed(line: KeyLine): void {
    if (this.#lines.get(line.nodeId)?.line === line) this.#lines.delete(line.nodeId)
  }

  onMessage(line: KeyLine, message: KeyMessageToCollector): void {
    const open = this.#lines.get(line.nodeId)
    if (open === undefined || open.line !== line) return
    if (message.kind === 'trust_known') this.#onKnown(line.nodeId, message.version)
    else this.#onChange(open, message.keyChange)
  }

  /** Keeps what nodes have confirmed, and sees to what was ordered. Harmless to repeat. */
  async round(): Promise<void> {
    const { store, onRevoked } = this.#options
    await this.#keepKnown()
    const { revoked, rotations } = await store.readNodeOrders()
    for (const nodeId of revoked) if (this.#lines.has(nodeId)) onRevoked(nodeId)
    this.#rotations = new Map(rotations.map((rotation) => [rotation.nodeId, rotation]))
    for (const nodeId of this.#sentAway.keys()) {
      if (!this.#rotations.has(nodeId)) this.#sentAway.delete(nodeId)
    }
    for (const nodeId of this.#rotations.keys()) {
      const open = this.#lines.get(nodeId)
      if (open !== undefined) this.#tellKey(open)
    }
  }

  /** Nodes that are connected or were heard of late, and connected children, that do not know it. */
  async waitedFor(version: number): Promise<number> {
    const { clock, store } = this.#options
    const spread = await store.readTrustSpread(version, clock.wallMs() - HEARD_WITHIN_MS)
    return spread.waitedFor + this.children.waitedFor(version)
  }

  #tellTrust(line: KeyLine): void {
    if (this.#trust === null || !line.understands) return
    line.send({ kind: 'trust_roots', trustRoots: this.#trust })
  }

  #onKnown(nodeId: NodeId, version: number): void {
    // What was never told cannot be known.
    if (version <= (this.#trust?.version ?? 0)) this.#known.set(nodeId, version)
  }

  async #keepKnown(): Promise<void> {
    const { clock, store } = this.#options
    const atMs = clock.wallMs()
    const known = [...this.#known].map(([nodeId, version]) => ({ nodeId, version, atMs }))
    for (let first = 0; first < known.length; first += KNOWN_PER_WRITE_MAX) {
      const some = known.slice(first, first + KNOWN_PER_WRITE_MAX)
      await store.keepTrustKnown(some)
      for (const { nodeId, version } of some) {
        if (this.#known.get(nodeId) === version) this.#known.delete(nodeId)
      }
    }
  }

  /** Asks for a new key, or says that the one proven is taken; once, and again after a while. */
  #tellKey(open: Line): void {
    const { line, toldKey } = open
    const rotation = this.#rotations.get(line.nodeId)
    if (rotation === undefined || !line.understands) return
    const { newKey, nonce } = rotation
    if (newKey === line.key.publicKey) return
    const atMs = this.#options.clock.monotonicMs()
    const isTold = toldKey?.nonce === nonce && toldKey.newKey === newKey
    if (isTold && atMs - toldKey.atMs < AGAIN_MS) return
    open.toldKey = { nonce, newKey, atMs }
    open.proofs = 0
    const order = { nonce, oldKey: line.key.publicKey, newKey }
    const rotateKey = signRotateKey(this.#options.identity, order)
    line.send({ kind: 'rotate_key', rotateKey })
    if (newKey !== null) this.#haveComeBack(line, newKey, atMs)
  }

  /** Not again and again: a node that cannot keep its new key comes back with the old one. */
  #haveComeBack(line: KeyLine, newKey: string, atMs: number): void {
    const sent = this.#sentAway.get(line.nodeId)
    if (sent?.newKey === newKey && atMs - sent.atMs < AGAIN_MS) return
    this.#sentAway.set(line.nodeId, { newKey, atMs })
    line.drain(BACK_AFTER_MS)
  }

  #onChange(open: Line, change: KeyChange): void {
    const { identity, log } = this.#options
    const { line } = open
    open.proofs += 1
    if (open.proofs > PROOFS_MAX) {
      line.end('overloaded', 'the node proves keys again and again')
      return
    }
    const rotation = this.#rotations.get(line.nodeId)
    // An answer to an order that is done, or was never given.
    if (rotation === undefined || rotation.nonce !== change.nonce) return
    if (!isKeyChangeProven(change, line.key, identity.publicKey)) {
      line.end('signature_invalid', 'key_change: a signature does not fit its key')
      return
    }
    this.#prove(open, rotation, change).catch((error: unknown) => {
      // It is asked again.
      log.warn({ err: error, node_id: line.nodeId }, 'the new key of a node could not be kept')
    })
  }

  async #prove(open: Line, rotation: KeyRotation, change: KeyChange): Promise<void> {
    const { clock, log, store } = this.#options
    const { nodeId, key } = open.line
    const { algorithm, fingerprint, newKey: publicKey, nonce } = change
    const proof = { nodeId, nonce, oldKey: key.publicKey, algorithm, publicKey, fingerprint }
    const { status } = await store.proveKey({ ...proof, atMs: clock.wallMs() })
    log.info({ node_id: nodeId, status }, 'a node has proven a new key')
    if (status !== 'proven') return
    this.#rotations = new Map(this.#rotations).set(nodeId, { ...rotation, newKey: publicKey })
    const now = this.#lines.get(nodeId)
    if (now !== undefined) this.#tellKey(now)
  }
}
