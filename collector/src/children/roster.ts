/**
 * Which collectors may report here: takes a hello whose proof has been verified, enrolls it where it
 * brings a token, and opens its session. As the roster of nodes, but for one thing: a ledger restored
 * from a backup, maybe on another machine, is no clone. It begins a stream of its own, and whoever
 * held the key before is fenced; a copy that goes on with the old stream is refused.
 */
import type { Hello, Logger, World } from '@yiben/shared'
import { mintChildId } from '../inventory/children-administration.ts'
import {
  enrollmentOf,
  freshJoinState,
  type JoinRequest,
  judgeJoin,
  OPEN_ATTEMPTS_MAX,
  type RefusalCode,
} from '../inventory/enroll.ts'
import type { ChildEpochRow, ChildRow } from '../model/child.ts'
import type { SessionGeneration } from '../model/ids.ts'
import type { Store } from '../storage/store.ts'

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
    const nextJoinState = freshJoinState(world.random)
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

  async #enroll(request: JoinRequest): Promise<RefusalCode | null> {
    const { log, store, world } = this.#options
    const enrollment = enrollmentOf(request, world.clock.wallMs())
    if (enrollment === null) return 'token_unknown'
    const childId = mintChildId(world.random)
    const result = await store.enrollChild({ ...enrollment, childId })
    if (result.status !== 'enrolled') return result.status
    if (result.child.childId === childId) {
      log.info({ child_id: childId, name: result.child.name }, 'a child has enrolled')
    }
    return null
  }
}
