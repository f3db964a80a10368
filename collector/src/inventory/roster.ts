/**
 * The list of admitted nodes at work: takes a hello whose proof has been verified, enrolls it where
 * it brings a token, tells clones apart, and opens its session. Every refusal has a code of
 * `REFUSALS`; what was decided on may change meanwhile, so opening is tried a few times.
 */
import { type Hello, type Logger, randomHex, type World } from '@yiben/shared'
import type { NodeId, SessionGeneration } from '../model/ids.ts'
import type { CloneSighting, EpochRow, NodeRow } from '../model/node.ts'
import type { Store } from '../storage/store.ts'
import {
  enrollmentOf,
  freshJoinState,
  type JoinRequest,
  judgeJoin,
  OPEN_ATTEMPTS_MAX,
  type RefusalCode,
} from './enroll.ts'

const NODE_ID_BYTES = 8
/** Enough to see two machines take turns; a node does not boot more often between two copies. */
const BOOT_IDS_MAX = 8

type RosterStore = Pick<Store, 'findNodeByKey' | 'enrollNode' | 'openSession' | 'recordClone'>

export interface RosterOptions {
  readonly store: RosterStore
  readonly world: World
  readonly log: Logger
  /** Random id of this process, for the session rows. */
  readonly collectorInstance: string
}

export interface Joined {
  readonly status: 'joined'
  readonly node: NodeRow
  readonly generation: SessionGeneration
  readonly epoch: EpochRow
  readonly nextJoinState: number
  /** It brought a token: the answer carries the identity key. */
  readonly hasEnrolled: boolean
}

export type JoinResult = Joined | { readonly status: 'refused'; readonly code: RefusalCode }

export class Roster {
  readonly #options: RosterOptions
  /** Boots seen since this process started; bounded by the roster and `BOOT_IDS_MAX`. */
  readonly #bootIds = new Map<NodeId, string[]>()

  constructor(options: RosterOptions) {
    this.#options = options
  }

  /** Who a hello claims to be, before anything is proven; for replacing an old session. */
  findNode(hello: Hello): Promise<NodeRow | null> {
    return this.#options.store.findNodeByKey(hello.algorithm, hello.nodeKey)
  }

  async join(request: JoinRequest): Promise<JoinResult> {
    const { hello } = request
    const isEnrolling = hello.enrollTokenId !== null
    if (isEnrolling) {
      const refusal = await this.#enroll(request)
      if (refusal !== null) return { status: 'refused', code: refusal }
    }
    for (let attempt = 0; attempt < OPEN_ATTEMPTS_MAX; attempt += 1) {
      const node = await this.findNode(hello)
      const judgement = judgeJoin(hello, node, this.#bootIds.get(node?.nodeId ?? noNode) ?? [])
      if (judgement.status === 'clone') {
        if (node !== null) await this.#recordClone(node, request, judgement.reason)
        return { status: 'refused', code: 'node_clone' }
      }
      if (judgement.status !== 'admitted' || node === null) {
        return { status: 'refused', code: toRefusal(judgement.status) }
      }
      const joined = await this.#open(node, request, isEnrolling)
      if (joined !== null) return joined
    }
    return { status: 'refused', code: 'conflict' }
  }

  /** `null`: stale, judge again. */
  async #open(
    node: NodeRow,
    { hello, remoteAddress }: JoinRequest,
    hasEnrolled: boolean,
  ): Promise<JoinResult | null> {
    const { store, world, collectorInstance } = this.#options
    const nextJoinState = freshJoinState(world.random)
    const opened = await store.openSession({
      nodeId: node.nodeId,
      expectedJoinState: node.joinState,
      presentedJoinState: hello.joinState,
      presentedKey: { algorithm: hello.algorithm, publicKey: hello.nodeKey },
      nextJoinState,
      epoch: hello.epoch,
      previousEpoch: hello.previousEpoch,
      collectorInstance,
      remoteAddress,
      agentVersion: hello.programVersion,
      bootId: hello.bootId,
      nowMs: world.clock.wallMs(),
    })
    if (opened.status === 'stale') return null
    if (opened.status !== 'opened') return { status: 'refused', code: opened.status }
    this.#rememberBoot(node.nodeId, hello.bootId)
    const { generation, epoch } = opened
    return { status: 'joined', node, generation, epoch, nextJoinState, hasEnrolled }
  }

  async #enroll(request: JoinRequest): Promise<RefusalCode | null> {
    const { store, world, log } = this.#options
    const enrollment = enrollmentOf(request, world.clock.wallMs())
    if (enrollment === null) return 'token_unknown'
    const nodeId = `n-${randomHex(world.random, NODE_ID_BYTES)}` as NodeId
    const nodeName = request.hello.nodeName ?? nodeId
    const result = await store.enrollNode({ ...enrollment, nodeId, nodeName })
    if (result.status !== 'enrolled') return result.status
    if (result.node.nodeId === nodeId) {
      const { name, siteCode } = result.node
      log.info({ node_id: nodeId, node_name: name, site_code: siteCode }, 'a node has enrolled')
    }
    return null
  }

  async #recordClone(
    node: NodeRow,
    { hello, remoteAddress }: JoinRequest,
    reason: CloneSighting['reason'],
  ): Promise<void> {
    const { store, world, log } = this.#options
    const fields = { node_id: node.nodeId, remote_address: remoteAddress, reason }
    log.warn(fields, 'a copy of an enrolled disk has tried to join')
    await store.recordClone({
      nodeId: node.nodeId,
      fingerprint: hello.fingerprint,
      remoteAddress,
      reason,
      seenAtMs: world.clock.wallMs(),
    })
  }

  #rememberBoot(nodeId: NodeId, bootId: string): void {
    const before = this.#bootIds.get(nodeId) ?? []
    if (before.at(-1) === bootId) return
    this.#bootIds.set(nodeId, [...before, bootId].slice(-BOOT_IDS_MAX))
  }
}

const noNode = '' as NodeId

function toRefusal(status: 'admitted' | 'node_unknown' | 'node_revoked'): RefusalCode {
  return status === 'node_revoked' ? status : 'node_unknown'
}
