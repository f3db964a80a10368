/** What local control needs of the agent; refusals are results with a name. */
import type { BaselineProposal } from '../verdict/propose.ts'
import type { AgentStatus } from './status.ts'

/** Statuses in the order checked. */
export type OrderResult =
  | {
      readonly status: 'done'
      /** Units the order is about. */
      readonly units: readonly number[]
      /** Units whose lease ends by it, now or at the end of a notice. */
      readonly leasesEnded: number
      /** False while the disk takes nothing: the order holds, and is lost with this process. */
      readonly isDurable: boolean
    }
  | { readonly status: 'unit_unknown'; readonly sentence: string }

export interface Controllable {
  status(): AgentStatus
  /** Names are indexes, keys or PCI addresses; empty means every unit of the node. */
  reclaim(names: readonly string[], noticeMs: number): OrderResult
  offer(names: readonly string[]): OrderResult
  /** Every driver handle is closed when this resolves. `forMs` null: until `resume`. */
  pause(forMs: number | null): Promise<OrderResult>
  resume(): OrderResult
  proposeBaselines(): readonly BaselineProposal[]
}
