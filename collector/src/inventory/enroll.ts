/**
 * Who may join (DESIGN 4, CASES C1 and C10). Pure: a hello and the roster's row in, a judgement out.
 *
 * A copied disk carries its node's key. It is told from its original by the machine (another
 * fingerprint) or by what only the original can know: the join state given by one of the last two
 * Welcomes, and that a boot, once another one has followed it, never comes back. A reboot is none
 * of these: it replaces its old session. After a restore nobody knows which Welcomes were the last:
 * the first that shows the key on the right machine is taken for the original.
 */
import { type ErrorCode, type Hello, type Random, randomHex, secretHash } from '@yiben/shared'
import { type CloneSighting, JOIN_STATE_ANY, type NodeRow } from '../model/node.ts'

/** 48 bits: exact in a JavaScript number, and not guessed. */
const JOIN_STATE_BYTES = 6
/** Before the first Welcome nobody has a join state. */
const JOIN_STATE_NONE = 0
/** Two sessions of one key race at most; a third try means something else is wrong. */
export const OPEN_ATTEMPTS_MAX = 3

/** A hello whose proof has been verified, of a node or of a collector that reports here. */
export interface JoinRequest {
  readonly hello: Hello
  readonly enrollSecret: Uint8Array | null
  readonly remoteAddress: string
}

/** What a Welcome gives, for whoever it is for to show next time. */
export function freshJoinState(random: Random): number {
  return Number.parseInt(randomHex(random, JOIN_STATE_BYTES), 16)
}

/** By which token and key somebody wants to be admitted; `null`: it brings no token. */
export function enrollmentOf({ hello, enrollSecret, remoteAddress }: JoinRequest, nowMs: number) {
  if (hello.enrollTokenId === null || enrollSecret === null) return null
  return {
    tokenId: hello.enrollTokenId,
    secretHash: Buffer.from(secretHash(enrollSecret)).toString('hex'),
    remoteAddress,
    algorithm: hello.algorithm,
    publicKey: hello.nodeKey,
    fingerprint: hello.fingerprint,
    joinState: JOIN_STATE_NONE,
    nowMs,
  }
}

/** What the collector remembers of a node's boots since it started, oldest first. */
export type BootIds = readonly string[]

export type JoinJudgement =
  /** `isReboot`: another boot than the last one; its old session is no more. */
  | { readonly status: 'admitted'; readonly isReboot: boolean }
  | { readonly status: 'clone'; readonly reason: CloneSighting['reason'] }
  | { readonly status: 'node_unknown' | 'node_revoked' }

/** Checked in this order: known, not revoked, same machine, same life of the disk. */
export function judgeJoin(
  hello: Pick<Hello, 'fingerprint' | 'joinState' | 'bootId'>,
  node: Pick<NodeRow, 'fingerprint' | 'joinState' | 'previousJoinState' | 'status'> | null,
  bootIds: BootIds,
): JoinJudgement {
  if (node === null) return { status: 'node_unknown' }
  if (node.status === 'revoked') return { status: 'node_revoked' }
  if (hello.fingerprint !== node.fingerprint) {
    return { status: 'clone', reason: 'other_fingerprint' }
  }
  const isRecent =
    node.joinState === JOIN_STATE_ANY ||
    hello.joinState === node.joinState ||
    hello.joinState === node.previousJoinState
  if (!isRecent) return { status: 'clone', reason: 'old_join_state' }
  const lastBootId = bootIds.at(-1)
  if (hello.bootId !== lastBootId && bootIds.includes(hello.bootId)) {
    return { status: 'clone', reason: 'old_join_state' }
  }
  return { status: 'admitted', isReboot: lastBootId !== undefined && lastBootId !== hello.bootId }
}

/** How a refused node is answered: what it should do, and when it may come back by itself. */
export interface RefusalRow {
  readonly sentence: string
  /** 0: not by itself. */
  readonly retryAfterMs: number
}

const ANEW = 'enroll this machine anew with a token of its own'

export const REFUSALS = {
  node_unknown: { sentence: `this node is not in the roster: ${ANEW}`, retryAfterMs: 0 },
  node_revoked: { sentence: 'this node has been revoked by an administrator', retryAfterMs: 0 },
  node_clone: {
    sentence: `this disk was enrolled on another machine or is an old copy: ${ANEW}`,
    retryAfterMs: 0,
  },
  token_unknown: { sentence: 'hello.enroll_token_id names no enrollment token', retryAfterMs: 0 },
  token_expired: { sentence: 'the enrollment token has expired', retryAfterMs: 0 },
  token_revoked: { sentence: 'the enrollment token has been revoked', retryAfterMs: 0 },
  token_used_up: { sentence: 'the enrollment token has no uses left', retryAfterMs: 0 },
  token_address: { sentence: 'the enrollment token is not for this address', retryAfterMs: 0 },
  epoch_closed: {
    sentence: 'hello.epoch has been replaced by a later spool: begin a new one',
    retryAfterMs: 1_000,
  },
  conflict: { sentence: 'another session of this node is being opened', retryAfterMs: 2_000 },
  store_unavailable: { sentence: 'the collector cannot write at the moment', retryAfterMs: 30_000 },
} as const satisfies Partial<Record<ErrorCode, RefusalRow>>

export type RefusalCode = keyof typeof REFUSALS
