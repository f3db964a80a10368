/**
 * The options of `handover`: how a borrower comes to lent cards of this node, and what the owner has
 * run when a lease begins and ends. Options that only make sense together are checked here too.
 */
import type { Handover, HandoverKind } from '@yiben/shared'
import { HANDOVER_KINDS } from '@yiben/shared'
import type { KubernetesOwnerOptions } from '../owners/kubernetes.ts'
import type { SlurmOwnerOptions } from '../owners/slurm.ts'
import type { Option } from './options.ts'
import { textOption, yamlOption } from './options.ts'
import { oneOf, shortText, text, yesOrNo } from './schemas.ts'

export interface HandoverConfig extends Handover {
  /** Absolute path of the owner's script; `null` unless the kind is `command`. */
  readonly command: string | null
}

export const HANDOVER_OPTIONS = {
  handoverKind: {
    name: 'handover.kind',
    sentence:
      'How lent cards are handed over: "manual" by people, "slurm" and "kubernetes" by jobs of the bank\'s own there, "command" by handover.command.',
    unit: 'word',
    default: 'manual',
    defaultText: 'manual',
    range: HANDOVER_KINDS.join(', '),
    isSecret: false,
    schema: oneOf(HANDOVER_KINDS),
    isText: true,
  } satisfies Option<HandoverKind> as Option<HandoverKind>,
  handoverFenced: yamlOption(
    {
      name: 'handover.fenced',
      sentence:
        "The owner's scheduler cannot place jobs of its own on lent cards (reservation, taint, partition).",
    },
    false,
    yesOrNo,
    { unit: 'yes or no', range: 'true, false', defaultText: 'false' },
  ),
  handoverEndpoint: textOption(
    {
      name: 'handover.endpoint',
      sentence: 'Where a borrower goes; shown to the borrower of a lease and to nobody else.',
    },
    null,
    shortText,
    { unit: 'text', range: 'at most 200 bytes' },
  ),
  handoverQueue: textOption(
    {
      name: 'handover.queue',
      sentence:
        "Partition, namespace or account of the bank there; what owner.slurm or owner.kubernetes calls the bank's when nothing is set here.",
    },
    null,
    shortText,
    { unit: 'name', range: 'at most 200 bytes' },
  ),
  handoverCommand: textOption(
    {
      name: 'handover.command',
      sentence:
        'Script of the owner, run with YIBEN_EVENT (lend, extend, return, recall, expire, veto), YIBEN_LEASE, YIBEN_ACCOUNT, YIBEN_DEVICES (PCI addresses) and YIBEN_UNTIL; owned by root or the user of the agent and writable by nobody else.',
    },
    null,
    text,
    { unit: 'path', range: 'absolute' },
  ),
} as const

type Get = <T>(option: Option<T>) => T
/** Whether an option says something else than its default. */
type IsSet = (option: Option<unknown>) => boolean

/** What the owner's scheduler calls the bank's. */
export interface BankNames {
  readonly kubernetes: Pick<KubernetesOwnerOptions, 'bankNamespace'>
  readonly slurm: Pick<SlurmOwnerOptions, 'bankAccount' | 'bankPartition'> | null
}

export function handoverConfig(get: Get, { kubernetes, slurm }: BankNames): HandoverConfig {
  const kind = get(HANDOVER_OPTIONS.handoverKind)
  const known: Readonly<Record<HandoverKind, string | null>> = {
    manual: null,
    command: null,
    slurm: slurm?.bankPartition ?? slurm?.bankAccount ?? null,
    kubernetes: kubernetes.bankNamespace,
  }
  return {
    kind,
    isFenced: get(HANDOVER_OPTIONS.handoverFenced),
    endpoint: get(HANDOVER_OPTIONS.handoverEndpoint),
    queue: get(HANDOVER_OPTIONS.handoverQueue) ?? known[kind],
    command: get(HANDOVER_OPTIONS.handoverCommand),
  }
}

/** Sentences about options that are missing, have no effect or cannot hold together. */
export function handoverContradictions(
  { kind, command }: HandoverConfig,
  ownerKind: string,
  { kubernetes, slurm }: BankNames,
  isSet: IsSet,
): string[] {
  const table: readonly (readonly [boolean, string])[] = [
    [
      kind === 'command' && command === null,
      'handover.kind is "command", so handover.command must say which script is run',
    ],
    [
      kind !== 'command' && isSet(HANDOVER_OPTIONS.handoverCommand),
      `handover.command is for handover.kind "command", which is "${kind}"`,
    ],
    [
      kind === 'slurm' && (slurm?.bankAccount ?? slurm?.bankPartition ?? null) === null,
      'handover.kind "slurm" needs owner.slurm.bank_account or owner.slurm.bank_partition: a borrower\'s jobs are told from the owner\'s by it',
    ],
    [
      kind === 'kubernetes' && kubernetes.bankNamespace === null,
      'handover.kind "kubernetes" needs owner.kubernetes.bank_namespace: a borrower\'s pods are told from the owner\'s by it',
    ],
    [
      (kind === 'slurm' || kind === 'kubernetes') && ownerKind !== kind,
      `handover.kind "${kind}" needs owner.kind "${kind}", which is "${ownerKind}"`,
    ],
  ]
  return table.flatMap(([holds, sentence]) => (holds ? [sentence] : []))
}
