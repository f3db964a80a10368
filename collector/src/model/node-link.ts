/**
 * What the bank asks of nodes, over whatever link they have. The gateway answers; tests and the
 * simulated world have their own. A node that is not connected, or does not answer in time, answers
 * `unreachable`: nothing is ever granted on silence.
 */
import type { LeaseNoticeKind } from '@yiben/shared'
import type { NodeId, UnitId } from './ids.ts'

/** DESIGN 5: the node samples and asks the scheduler afresh, and answers within 2 s. */
export const ANSWER_MS_MAX = 2_000

/** Of cards that are lent: `startMs` is the end that the node knows, for an end that comes later. */
export interface LendingQuestion {
  readonly nodeId: NodeId
  readonly unitIds: readonly UnitId[]
  readonly startMs: number
  readonly untilMs: number
}

export type LendingAnswer =
  | { readonly status: 'accepted'; readonly sampledAtMs: number; readonly isFenced: boolean }
  | {
      readonly status: 'declined'
      /** As the node says it: `veto`, `allocated`, `calendar` … */
      readonly reason: string
      /** Those that stand in the way; empty: all of them. */
      readonly unitIds: readonly UnitId[]
    }
  | { readonly status: 'unreachable' }

/** The lease as it is now; `unitIds`: lent still, or ended at `endMs` (return, recall). */
export interface NoticeToNode {
  readonly nodeId: NodeId
  readonly leaseId: string
  readonly kind: LeaseNoticeKind
  readonly unitIds: readonly UnitId[]
  readonly startMs: number
  readonly endMs: number
  readonly revision: number
  readonly account: string
  readonly cause: string
}

export interface NodeLink {
  ask(question: LendingQuestion): Promise<LendingAnswer>
  /** Signs and sends; `false` where the node is not connected or its unit indexes are not known. */
  notify(notice: NoticeToNode): Promise<boolean>
}
