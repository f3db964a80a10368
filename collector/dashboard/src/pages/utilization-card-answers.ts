/** What the interface tells of one accelerator, as far as its page reads it. */
import type { BalanceAnswer } from '../../../src/api/answers/balance.ts'
import type { DepositStatusAnswer } from '../../../src/api/answers/deposit-status.ts'
import type { SegmentAnswer } from '../../../src/api/answers/segments.ts'

export interface OneCard {
  readonly accelerator_id: string
  readonly placements: readonly {
    readonly unit_id: number
    readonly node_id: string
    readonly site_code: string
    readonly printed_name: string
    readonly model: string | null
    readonly p: string | null
    readonly memory_total_mib: number | null
    readonly driver_version: string | null
    readonly identity: 'strong' | 'board' | 'slot' | null
    readonly valid_from: string
    readonly valid_to: string | null
    readonly in_conflict: boolean
    readonly deposit_status: DepositStatusAnswer | null
  }[]
}

export interface DepositLine {
  readonly deposit_id: string
  readonly opened_at: string
  readonly closed_at: string | null
  readonly close_reason: string | null
}

export interface Timeline {
  readonly from: string
  readonly to: string
  readonly placements: readonly {
    readonly unit_id: number
    readonly node_id: string
    readonly segments: readonly SegmentAnswer[]
    readonly deposits: readonly DepositLine[]
  }[]
}

export type Balance = Pick<BalanceAnswer, 'balanced'>
