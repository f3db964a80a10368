/** Which owner probe a configuration asks for; adding one is one case here. */
import type { Calendar } from './calendar.ts'
import { createContractOwner } from './contract.ts'
import { createNoneOwner } from './none.ts'
import type { OwnerProbe } from './owner.ts'
import { createUnstatedOwner } from './unstated.ts'

export type OwnerConfig =
  | { readonly kind: 'unstated' }
  | { readonly kind: 'none' }
  | { readonly kind: 'contract'; readonly calendar: Calendar; readonly toBank: boolean }

export function createOwner(owner: OwnerConfig, depositCalendar: Calendar | null): OwnerProbe {
  switch (owner.kind) {
    case 'unstated':
      return createUnstatedOwner()
    case 'none':
      return createNoneOwner({ depositCalendar })
    case 'contract':
      return createContractOwner(owner)
    default:
      return owner satisfies never
  }
}
