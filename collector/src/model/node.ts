/** A node as the roster knows it, and its session as the gateway keeps it. */
import type { NodeFacts } from '@yiben/shared'
import type { NodeId, SessionGeneration } from './ids.ts'

/**
 * In place of a join state after a restore: the node's first hello is taken with whatever it shows,
 * for it may have been welcomed since the backup. From its next Welcome on it has one again.
 */
export const JOIN_STATE_ANY = -1

export interface NodeRow {
  readonly nodeId: NodeId
  readonly name: string
  readonly siteCode: string
  readonly algorithm: number
  /** Raw public key, hex. */
  readonly publicKey: string
  /** Keyed digest of the hardware, hex. */
  readonly fingerprint: string
  /**
   * Given by the last Welcome, and shown by the node for it: on a slow line many Welcomes may get
   * lost, and the node shows the same one again. A copy of a disk falls behind both.
   */
  readonly joinState: number
  readonly previousJoinState: number
  readonly status: 'active' | 'revoked'
  readonly enrolledAtMs: number
}

export interface SessionRow {
  readonly nodeId: NodeId
  readonly generation: SessionGeneration
  readonly isConnected: boolean
  readonly collectorInstance: string
  readonly remoteAddress: string
  readonly agentVersion: string
  readonly bootId: string
  readonly connectedAtMs: number
  /** Wall clock of the collector; for display and for other processes, never for expiry. */
  readonly lastHeardMs: number
  readonly endedReason: string | null
  /** Collector time minus node timeline, ms; evidence, never applied to stamps. */
  readonly clockOffsetMs: number | null
}

/** One spool file's life as the collector has seen it. */
export interface EpochRow {
  readonly nodeId: NodeId
  readonly epoch: string
  readonly previousEpoch: string | null
  readonly isClosed: boolean
  readonly watermark: number
  /** Record hash at the watermark, hex; `null` at 0. */
  readonly watermarkHash: string | null
}

/** A spool that took the place of another one of its node. */
export interface EpochChange {
  readonly nodeId: NodeId
  readonly epoch: string
  /** The predecessor that the node named. */
  readonly previousEpoch: string | null
  /** `forked`: the one before held other records under numbers that had been taken. */
  readonly begunAs: 'replaced' | 'forked'
  readonly beganAtMs: number
}

/** A copy of an enrolled disk that tried to join; never admitted, shown on the quality page. */
export interface CloneSighting {
  readonly nodeId: NodeId
  readonly fingerprint: string
  readonly remoteAddress: string
  readonly reason: 'other_fingerprint' | 'old_join_state'
  readonly seenAtMs: number
}

/** The latest facts of a node, as shown to people. */
export interface NodeFactsRow {
  readonly nodeId: NodeId
  readonly facts: NodeFacts
  readonly receivedAtMs: number
}
