/** What the link itself must remember over a restart; kept beside the queue, durable when set. */
import type { Spool } from '../spool/spool.ts'

const JOIN_STATE = 'link.join_state'
const LEDGER_GENERATION = 'link.ledger_generation'

export interface LinkMemory {
  /** As given by the last Welcome; 0 before the first. A copy of the disk falls behind. */
  readonly joinState: number
  /** The highest met; a collector with a lower one has lost its ledger and does not know it. */
  readonly ledgerGeneration: number
}

export function readMemory(spool: Spool): LinkMemory {
  return {
    joinState: countOf(spool.getMeta(JOIN_STATE)),
    ledgerGeneration: countOf(spool.getMeta(LEDGER_GENERATION)),
  }
}

export function writeMemory(spool: Spool, memory: LinkMemory): void {
  const before = readMemory(spool)
  if (before.joinState !== memory.joinState) spool.setMeta(JOIN_STATE, String(memory.joinState))
  if (before.ledgerGeneration !== memory.ledgerGeneration) {
    spool.setMeta(LEDGER_GENERATION, String(memory.ledgerGeneration))
  }
}

function countOf(text: string | null): number {
  const value = Number(text ?? 0)
  return Number.isSafeInteger(value) && value >= 0 ? value : 0
}
