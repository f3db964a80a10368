/**
 * Which collectors may report here: takes a hello whose proof has been verified, enrolls it where it
 * brings a token, and opens its session. As the roster of nodes, but for one thing: a ledger restored
 * from a backup, maybe on another machine, is no clone. It begins a stream of its own, and whoever
 * held the key before is fenced; a copy that goes on with the old stream is refused.
 */
import { type Hello, type Logger, randomHex, secretHash, type World } from '@yiben/shared'
import { judgeJoin, type RefusalCode } from '../inventory/enroll.ts'
import type { JoinRequest } from '../inventory/roster.ts'
import type { ChildEpochRow, ChildRow } from '../model/child.ts'
import type { ChildId, SessionGeneration } from '../model/ids.ts'
import type { Store } from '../storage/store.ts'

const CHILD_ID_BYTES = 8
/** 48 bits: exact in a JavaScript number, and not guessed. */
const JOIN_STATE_BYTES = 6
/** Before the first Welcome a child has no join state. */
const JOIN_STATE_NONE = 0
/** Two sessions of one child race at most; a third try means something else is wrong. */
const OPEN_ATTEMPTS_MAX = 3

export interface ChildRosterOptions {
  readonly store: Pick<
    Store,
    'findChildByKey' | 'findChildEpoch' | 'enrollChild' | 'openChildSession'
  >
  readonly world: World
  readonly log: Logger
}

export interface JoinedChild {
  readonly status: 'joined'
  readonly child: ChildRow
  readonly generation: SessionGeneration
  readonly epoch: ChildEpochRow
  readonly nextJoinState: number
  readonly hasEnrolled: boolean
}
export type JoinChildResult =
  | JoinedChild
  | { readonly status: 'refused'; readonly code: RefusalCode }

export class ChildRoster {
  readonly #options: ChildRosterOptions

  constructor(options: ChildRosterOptions) {
    this.#options = options
  }

  async join(request: JoinRequest): Promise<JoinChildResult> {
    const { hello } = request
    const isEnrolling = hello.enrollTokenId !== null
    if (isEnrolling) {
      const refusal = await this.#enroll(request)
      if (refusal !== null) return { status: 'refused', code: refusal }
    }
    for (let attempt = 0; attempt < OPEN_ATTEMPTS_MAX; attempt += 1) {
      const child = await this.#options.store.findChildByKey(hello.algorithm, hello.nodeKey)
      if (child === null) return { status: 'refused', code: 'node_unknown' }
      const refusal = await this.#refusalOf(child, hello)
      if (refusal !== null) return { status: 'refused', code: refusal }
      const joined = await this.#open(child, request, isEnrolling)
      if (joined !== null) return joined
    }
    return { status: 'refused', code: 'conflict' }
  }

  async #refusalOf(child: ChildRow, hello: Hello): Promise<RefusalCode | null> {
    if (child.status === 'revoked') return 'node_revoked'
    if (child.isOneWay) return 'node_unknown'
    if (judgeJoin(hello, child, []).status === 'admitted') return null
    const known = await this.#options.store.findChildEpoch(child.childId, hello.epoch)
    if (known !== null) return 'node_clone'
    const fields = { child_id: child.childId, name: child.name }
    this.#options.log.warn(fields, 'a child has come back with another life of its ledger')
    return null
  }

  /** `null`: stale, judge again. */
  async #open(
    child: ChildRow,
    { hello, remoteAddress }: JoinRequest,
    hasEnrolled: boolean,
  ): Promise<JoinChildResult | null> {
    const { store, world } = this.#options
    const nextJoinState = Number.parseInt(randomHex(world.random, JOIN_STATE_BYTES), 16)
    const opened = await store.openChildSession({
      childId: child.childId,
      expectedJoinState: child.joinState,
      presentedJoinState: hello.joinState,
      nextJoinState,
      fingerprint: hello.fingerprint,
      epoch: hello.epoch,
      previousEpoch: hello.previousEpoch,
      remoteAddress,
      programVersion: hello.programVersion,
      lastSeq: hello.lastSeq,
      nowMs: world.clock.wallMs(),
    })
    if (opened.status === 'stale') return null
    if (opened.status !== 'opened') return { status: 'refused', code: opened.status }
    const { epoch, generation } = opened
    return { status: 'joined', child, generation, epoch, nextJoinState, hasEnrolled }
  }

  async #enroll({ hello, enrollSecret, remoteAddress }: JoinRequest): Promise<RefusalCode | null> {
    const { log, store, world } = this.#options
    if (hello.enrollTokenId === null || enrollSecret === null) return 'token_unknown'
    const childId = `c-${randomHex(world.random, CHILD_ID_BYTES)}` as ChildId
    const result = await store.enrollChild({
      tokenId: hello.enrollTokenId,
      secretHash: Buffer.from(secretHash(enrollSecret)).toString('hex'),
      remoteAddress,
      childId,
      algorithm: hello.algorithm,
      publicKey: hello.nodeKey,
      fingerprint: hello.fingerprint,
      joinState: JOIN_STATE_NONE,
      nowMs: world.clock.wallMs(),
    })
    if (result.status !== 'enrolled') return result.status
    if (result.child.childId === childId) {
      log.info({ child_id: childId, name: result.child.name }, 'a child has enrolled')
    }
    return null
  }
}
