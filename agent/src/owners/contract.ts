/**
 * `contract`: a calendar in the configuration says when the cards are given away. Inside it they
 * are the tenant's, used or not; outside it they are nobody's, because the contract says so.
 */
import type { Calendar } from '@yiben/shared'
import { isInside } from '@yiben/shared'
import type { OwnerProbe } from './owner.ts'
import { sameForAll } from './same-for-all.ts'

export interface ContractOwnerOptions {
  /** When the cards are given away. */
  readonly calendar: Calendar
  /** The tenant is the bank itself. */
  readonly toBank: boolean
}

export function createContractOwner({ calendar, toBank }: ContractOwnerOptions): OwnerProbe {
  return {
    kind: 'contract',
    possession: async (query) =>
      sameForAll(
        query,
        isInside(calendar, query.atMs)
          ? { status: 'given', by: 'contract', toBank }
          : { status: 'nobody' },
      ),
    stop: async () => {},
  }
}
