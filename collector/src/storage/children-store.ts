/**
 * What the storage port promises of collectors that report to this one. Records are judged in the
 * transaction that takes them, because whose a site is and which version is held are rows; the
 * judgement of each is in the answer.
 */
import type { CheckpointReport, ChildRecord, ErrorCode } from '@yiben/shared'
import type {
  ChildConflict,
  ChildEpochRow,
  ChildNodeRow,
  ChildRow,
  ChildSession,
  CollectorRow,
} from '../model/child.ts'
import type { ChildId, SessionGeneration } from '../model/ids.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import type { Page, PageRequest, Scope } from './requests.ts'
import type { EnrollResult } from './session-requests.ts'

export interface EnrollChildRequest {
  readonly tokenId: string
  readonly secretHash: string
  readonly remoteAddress: string
  readonly childId: ChildId
  readonly algorithm: number
  readonly publicKey: string
  readonly fingerprint: string
  readonly joinState: number
  readonly nowMs: number
}
export type EnrollChildResult =
  /** Also for a retry with the same key and token: the same child, no second use. */
  | { readonly status: 'enrolled'; readonly child: ChildRow }
  | { readonly status: Exclude<EnrollResult['status'], 'enrolled'> }

export interface OpenChildSessionRequest {
  readonly childId: ChildId
  readonly expectedJoinState: number
  readonly presentedJoinState: number
  readonly nextJoinState: number
  readonly fingerprint: string
  readonly epoch: string
  readonly previousEpoch: string | null
  readonly remoteAddress: string
  readonly programVersion: string
  /** What it has to tell: until it has, it is not heard anew. */
  readonly lastSeq: number
  readonly nowMs: number
}
export type OpenChildSessionResult =
  | {
      readonly status: 'opened'
      readonly generation: SessionGeneration
      readonly epoch: ChildEpochRow
    }
  | { readonly status: 'stale' | 'epoch_closed' | 'node_unknown' }

/** A record that stood what can be told of it alone; a checkpoint's signature is right. */
export type CheckedChildRecord =
  | Exclude<ChildRecord, { readonly kind: 'checkpoint' }>
  | {
      readonly kind: 'checkpoint'
      readonly checkpoint: CheckpointReport & {
        readonly logOrigin: string
        readonly size: number
        /** Hex. */
        readonly rootHash: string
      }
    }

/** A record under its number: read, or what is wrong with it. */
export interface NumberedChildRecord {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly result:
    | { readonly status: 'ok'; readonly record: CheckedChildRecord }
    | { readonly status: 'refused'; readonly code: ErrorCode; readonly sentence: string }
}

/** Some of a child's stream: effect and watermark in one transaction. */
export interface ChildCommit {
  readonly childId: ChildId
  readonly generation: SessionGeneration
  readonly epoch: string
  readonly expectedWatermark: number
  readonly watermark: number
  readonly watermarkHash: string
  readonly records: readonly NumberedChildRecord[]
  /** Set: it has told all it had to tell, whatever number it was to come to. */
  readonly isToldWhole?: boolean
  /** Of this ledger: nothing that came from here is taken back. */
  readonly ownOrigin: string
  readonly receivedAtMs: number
}
export type ChildCommitResult =
  | { readonly status: 'committed'; readonly refused: readonly RefusedChildRecord[] }
  /** Another session of the child has been opened, or it was revoked. */
  | { readonly status: 'fenced' }
  | { readonly status: 'stale'; readonly watermark: number }

export interface RefusedChildRecord {
  readonly seq: number
  readonly code: ErrorCode
  readonly sentence: string
}

export interface ChildListRow {
  readonly child: ChildRow
  readonly session: ChildSession
}

export interface ChildQuality {
  readonly refused: readonly (RefusedChildRecord & {
    readonly childId: ChildId
    readonly epoch: string
    readonly refusedAtMs: number
  })[]
  /** Hours whose states do not add up to the time that their cards were valid. */
  readonly unbalanced: readonly {
    readonly origin: string
    readonly siteCode: string
    readonly hourMs: number
    readonly missingMs: number
  }[]
  /** Streams that were replaced or forked. */
  readonly epochs: readonly {
    readonly childId: ChildId
    readonly epoch: string
    readonly begunAs: 'replaced' | 'forked'
    readonly beganAtMs: number
  }[]
  readonly conflicts: readonly ChildConflict[]
}

export interface ChildrenStore {
  enrollChild(request: EnrollChildRequest): Promise<EnrollChildResult>
  /** One that never connects; `known`: a child or a collector below one has that key. */
  addChild(
    child: ChildRow,
    outbox: readonly OutboxEntry[],
  ): Promise<{ readonly status: 'added' | 'known' }>
  findChildByKey(algorithm: number, publicKey: string): Promise<ChildRow | null>
  findChildEpoch(childId: ChildId, epoch: string): Promise<ChildEpochRow | null>
  openChildSession(request: OpenChildSessionRequest): Promise<OpenChildSessionResult>
  /** Marks children heard; those of another generation are left alone. */
  touchChildren(
    heard: readonly {
      readonly childId: ChildId
      readonly generation: SessionGeneration
      readonly lastHeardMs: number
    }[],
  ): Promise<void>
  endChildSession(end: {
    readonly childId: ChildId
    readonly generation: SessionGeneration
    readonly reason: string
  }): Promise<void>
  /** It may not join again; nothing more is taken from it, what it has told stays, unknown from now. */
  revokeChild(change: {
    readonly childId: ChildId
    readonly atMs: number
    readonly outbox: readonly OutboxEntry[]
  }): Promise<{ readonly status: 'revoked' | 'not_found' | 'already_revoked' }>
  /** Away from the instant it was last heard; one that is away already is left alone. */
  beginChildSilences(
    silences: readonly {
      readonly childId: ChildId
      readonly fromMs: number
      readonly declaredAtMs: number
    }[],
  ): Promise<void>
  commitChild(commit: ChildCommit): Promise<ChildCommitResult>

  listChildren(): Promise<readonly ChildListRow[]>
  /** Ledgers of which something in the scope is told, by child, then by name. */
  listCollectors(scope: Scope): Promise<readonly CollectorRow[]>
  listChildNodes(scope: Scope, origin: string, page: PageRequest): Promise<Page<ChildNodeRow>>
  readChildQuality(scope: Scope, sinceMs: number): Promise<ChildQuality>
  findChildConflict(scope: Scope, conflictId: number): Promise<ChildConflict | null>
  /** A person says whose card it is; a card that is here is never given away. */
  resolveChildConflict(change: {
    readonly conflictId: number
    readonly keep: 'kept' | 'other'
    readonly by: string
    readonly atMs: number
    readonly outbox: readonly OutboxEntry[]
  }): Promise<{ readonly status: 'resolved' | 'not_found' | 'already_resolved' | 'is_here' }>
}
