/** What the storage port is asked of enrollments and sessions of nodes, and what it answers. */
import type { NodeId, SessionGeneration } from '../model/ids.ts'
import type { EpochRow, NodeRow } from '../model/node.ts'

export interface EnrollRequest {
  readonly tokenId: string
  readonly secretHash: string
  readonly remoteAddress: string
  readonly nodeId: NodeId
  readonly nodeName: string
  readonly algorithm: number
  readonly publicKey: string
  readonly fingerprint: string
  readonly joinState: number
  readonly nowMs: number
}
export type EnrollResult =
  /** Also for a retry with the same key and token: the same node, no second use. */
  | { readonly status: 'enrolled'; readonly node: NodeRow }
  | {
      readonly status:
        | 'token_unknown'
        | 'token_expired'
        | 'token_revoked'
        | 'token_used_up'
        | 'token_address'
        | 'node_revoked'
    }

export interface OpenSessionRequest {
  readonly nodeId: NodeId
  /** The roster row the admission was decided on. */
  readonly expectedJoinState: number
  /** What the node showed: good until it shows a later one, however many Welcomes get lost. */
  readonly presentedJoinState: number
  /** The key it came with: where it was to take that one, it is the only one from now on. */
  readonly presentedKey?: { readonly algorithm: number; readonly publicKey: string }
  readonly nextJoinState: number
  readonly epoch: string
  readonly previousEpoch: string | null
  readonly collectorInstance: string
  readonly remoteAddress: string
  readonly agentVersion: string
  readonly bootId: string
  readonly nowMs: number
}
export type OpenSessionResult =
  | {
      readonly status: 'opened'
      /** Higher than any before; older holders are fenced from now on. */
      readonly generation: SessionGeneration
      readonly epoch: EpochRow
    }
  | { readonly status: 'stale' | 'epoch_closed' | 'node_unknown' }
