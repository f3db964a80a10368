/**
 * What the state of a node (`IDLE+DRAIN`, `MIXED+RESERVED`, `DOWN*`) says about its cards, as a
 * table. Pure. Names are those of slurm_protocol_defs.c from 22.05 to 26.05; a word that is not in
 * the table makes possession unproven, because nobody has thought about what it means.
 */

export type Standing =
  /** Cards are given away one by one, as told. */
  | { readonly kind: 'in_service' }
  | { readonly kind: 'withdrawn'; readonly cause: 'drained' | 'maintenance' }
  /** Kept for somebody by an active reservation. */
  | { readonly kind: 'reserved' }
  | { readonly kind: 'unclear'; readonly sentence: string }

export interface NodeStanding {
  readonly standing: Standing
  /** Every CPU is taken or the node is one user's alone: no card can be given to another. */
  readonly isWhole: boolean
}

type Meaning = Standing['kind'] | 'drained' | 'maintenance' | 'nothing'

/** Base states, then flags; the words of sinfo are known too. */
const MEANINGS = new Map<string, Meaning>([
  ['IDLE', 'in_service'],
  ['MIXED', 'in_service'],
  ['ALLOCATED', 'in_service'],
  ['DOWN', 'drained'],
  ['ERROR', 'drained'],
  // Just after a start of slurmctld, and nodes that are not there yet.
  ['UNKNOWN', 'unclear'],
  ['FUTURE', 'unclear'],
  ['DRAIN', 'drained'],
  ['DRAINED', 'drained'],
  ['DRAINING', 'drained'],
  ['FAIL', 'drained'],
  ['INVALID_REG', 'drained'],
  ['MAINTENANCE', 'maintenance'],
  ['MAINT', 'maintenance'],
  ['REBOOT_REQUESTED', 'maintenance'],
  ['REBOOT_ISSUED', 'maintenance'],
  ['RESERVED', 'reserved'],
  // The job has let go of its cards on paper, its epilog has not ended, nothing new is started.
  ['COMPLETING', 'unclear'],
  ['NOT_RESPONDING', 'unclear'],
  ['POWER_DOWN', 'unclear'],
  ['POWERING_DOWN', 'unclear'],
  ['POWERED_DOWN', 'unclear'],
  ['POWER_UP', 'unclear'],
  ['POWERING_UP', 'unclear'],
  ['BLOCKED', 'unclear'],
  // The backfill scheduler intends to use it later; nobody has it now.
  ['PLANNED', 'nothing'],
  ['CLOUD', 'nothing'],
  ['DYNAMIC', 'nothing'],
  ['DYNAMIC_FUTURE', 'nothing'],
  ['DYNAMIC_NORM', 'nothing'],
  ['PERFCTRS', 'nothing'],
  ['RESUME', 'nothing'],
])

/** Older versions put signs behind the base state, as sinfo still does. */
const SIGNS = new Map<string, string>([
  ['*', 'NOT_RESPONDING'],
  ['~', 'POWERED_DOWN'],
  ['#', 'POWERING_UP'],
  ['%', 'POWERING_DOWN'],
  ['!', 'POWER_DOWN'],
  ['$', 'MAINTENANCE'],
  ['@', 'REBOOT_REQUESTED'],
  ['^', 'REBOOT_ISSUED'],
  ['-', 'PLANNED'],
])

/** A planned cause stands before others; what proves nothing stands before a reservation. */
const STRENGTH: readonly Meaning[] = ['maintenance', 'drained', 'unclear', 'reserved', 'in_service']

export interface NodeStateInput {
  /** As printed. */
  readonly state: string
  /** `--exclusive=user`: only this user's jobs may join. */
  readonly isOneUsers: boolean
  /** Name of the active reservation; `null`: none, or not printed (before 23.02). */
  readonly reservation: string | null
  /** The bank's own reservation keeps the node for the bank, so it takes no card from it. */
  readonly bankReservation: string | null
}

export function nodeStanding(input: NodeStateInput): NodeStanding {
  const words = wordsOf(input.state)
  const isWhole = words[0] === 'ALLOCATED' || input.isOneUsers
  const meanings = words.map((word) => MEANINGS.get(word) ?? 'unclear')
  const strongest = STRENGTH.find((meaning) => meanings.includes(meaning)) ?? 'unclear'
  return { standing: standingOf(strongest, input), isWhole }
}

function standingOf(meaning: Meaning, input: NodeStateInput): Standing {
  switch (meaning) {
    case 'maintenance':
    case 'drained':
      return { kind: 'withdrawn', cause: meaning }
    case 'reserved':
      return reservedFor(input)
    case 'in_service':
      return { kind: 'in_service' }
    default:
      return unclear(`Slurm says "${input.state}" of this node, which proves nothing of its cards.`)
  }
}

function reservedFor({ reservation, bankReservation }: NodeStateInput): Standing {
  if (bankReservation === null) return { kind: 'reserved' }
  if (reservation === null) {
    return unclear(
      'The node is reserved, and this Slurm does not print for whom (23.02 and later do): owner.slurm.bank_reservation cannot be recognised.',
    )
  }
  return { kind: reservation === bankReservation ? 'in_service' : 'reserved' }
}

/** `DOWN*+DRAIN` as DOWN, NOT_RESPONDING, DRAIN. */
function wordsOf(state: string): string[] {
  return state
    .toUpperCase()
    .split('+')
    .flatMap((word) => {
      const sign = SIGNS.get(word.at(-1) ?? '')
      return sign === undefined ? [word] : [word.slice(0, -1), sign]
    })
}

function unclear(sentence: string): Standing {
  return { kind: 'unclear', sentence }
}
