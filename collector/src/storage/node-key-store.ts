/** What the storage port promises of nodes' keys: that one ends, that one changes, whom nodes trust. */
import type { NodeId } from '../model/ids.ts'
import type { OutboxEntry } from '../model/ledger.ts'

/** A node that is to take a new key. */
export interface KeyRotation {
  readonly nodeId: NodeId
  /** 16 bytes, hex. */
  readonly nonce: string
  readonly askedAtMs: number
  readonly askedBy: string
  /** Proven by the node and taken beside the old one; `null`: not yet. */
  readonly newKey: string | null
}

/** The new key of a node that has proven it and the old one. */
export interface ProvenKey {
  readonly nodeId: NodeId
  readonly nonce: string
  /** The key it came with: another one in force means that this is out of date. */
  readonly oldKey: string
  readonly algorithm: number
  readonly publicKey: string
  /** The machine's digest under the new key. */
  readonly fingerprint: string
  readonly atMs: number
}

/** What a serving process must see to, whoever ordered it. */
export interface NodeOrders {
  readonly rotations: readonly KeyRotation[]
  readonly revoked: readonly NodeId[]
}

/** How far a list of authorities has come; revoked nodes are not counted. */
export interface TrustSpread {
  readonly nodes: number
  /** Have confirmed that version or a later one. */
  readonly knowing: number
  /** Of those that have not: connected, or heard since the instant asked for. */
  readonly waitedFor: number
  /** Some of those that have not, the longest unheard first; `null`: never. */
  readonly examples: readonly {
    readonly nodeId: NodeId
    readonly name: string
    readonly lastHeardMs: number | null
  }[]
}

export interface NodeKeyStore {
  /** The node may not join again; its session is fenced: what it sends from now on is not taken. */
  revokeNode(change: {
    readonly nodeId: NodeId
    readonly atMs: number
    readonly outbox: readonly OutboxEntry[]
  }): Promise<{ readonly status: 'revoked' | 'not_found' | 'already_revoked' }>
  /** With its entry; asked once until the node has come with its new key. */
  askKeyRotation(
    rotation: Omit<KeyRotation, 'newKey'>,
    outbox: readonly OutboxEntry[],
  ): Promise<{ readonly status: 'asked' | 'asked_before' | 'not_found' | 'node_revoked' }>
  /**
   * Both keys are taken from now on; a second proof under the same nonce takes the place of the
   * first. `taken`: the key is another node's.
   */
  proveKey(proven: ProvenKey): Promise<{ readonly status: 'proven' | 'stale' | 'taken' }>
  readNodeOrders(): Promise<NodeOrders>
  /** Versions only rise. */
  keepTrustKnown(
    known: readonly {
      readonly nodeId: NodeId
      readonly version: number
      readonly atMs: number
    }[],
  ): Promise<void>
  readTrustSpread(version: number, heardSinceMs: number): Promise<TrustSpread>
}
