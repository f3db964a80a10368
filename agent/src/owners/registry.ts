/** Which owner probe a configuration asks for; adding one is one case here. */
import type { Calendar } from '@yiben/shared'
import { createContractOwner } from './contract.ts'
import { createKubernetesOwner, type KubernetesOwnerOptions } from './kubernetes.ts'
import { createNoneOwner } from './none.ts'
import type { OwnerContext, OwnerProbe } from './owner.ts'
import { createSlurmOwner, type SlurmOwnerOptions } from './slurm.ts'
import { createUnstatedOwner } from './unstated.ts'

export type OwnerConfig =
  | { readonly kind: 'unstated' }
  | { readonly kind: 'none' }
  | { readonly kind: 'contract'; readonly calendar: Calendar; readonly toBank: boolean }
  | ({ readonly kind: 'kubernetes' } & KubernetesOwnerOptions)
  | ({ readonly kind: 'slurm' } & SlurmOwnerOptions)

export function createOwner(
  owner: OwnerConfig,
  depositCalendar: Calendar | null,
  context: OwnerContext,
): OwnerProbe {
  switch (owner.kind) {
    case 'unstated':
      return createUnstatedOwner()
    case 'none':
      return createNoneOwner({ depositCalendar })
    case 'contract':
      return createContractOwner(owner)
    case 'kubernetes':
      return createKubernetesOwner(owner, context)
    case 'slurm':
      return createSlurmOwner(owner, context)
    default:
      return owner satisfies never
  }
}
