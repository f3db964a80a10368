/**
 * Does the collector's memory of this spool fit the spool? A pure comparison of a Welcome with what
 * is kept here, and what follows from it for the spool (SPEC L8, L9).
 */
import { equalBytes } from '../algorithms.ts'
import type { Spool, SpoolState } from '../spool/spool.ts'
import type { Welcome } from '../wire/messages.ts'
import { readMemory, writeMemory } from './memory.ts'

export type WelcomeCheck =
  /** Go on after the watermark; `goesBack` when the collector knows less than it acknowledged. */
  | { readonly status: 'fits'; readonly goesBack: boolean }
  /** The ledger is an older one than this node has met: not the collector it claims to be. */
  | { readonly status: 'older_ledger'; readonly sentence: string }
  /** This spool and the collector's memory are two different continuations, or a piece is missing. */
  | { readonly status: 'forked'; readonly sentence: string }

export function checkWelcome(options: {
  readonly welcome: Welcome
  readonly spool: SpoolState
  /** Record hash at the welcome's watermark, as kept here. */
  readonly ownHash: Uint8Array | null
  /** Highest ledger generation this node has met. */
  readonly knownGeneration: number
}): WelcomeCheck {
  const { welcome, spool, ownHash, knownGeneration } = options
  const { watermark } = welcome
  if (welcome.ledgerGeneration < knownGeneration) {
    return {
      status: 'older_ledger',
      sentence: `welcome.ledger_generation is ${welcome.ledgerGeneration}, this node has met ${knownGeneration}`,
    }
  }
  if (watermark > spool.lastSeq) {
    return {
      status: 'forked',
      sentence: `the collector has ${watermark} records of this epoch, the spool ${spool.lastSeq}`,
    }
  }
  const isAgreed =
    watermark === 0 ||
    (ownHash !== null &&
      welcome.watermarkHash !== null &&
      equalBytes(ownHash, welcome.watermarkHash))
  if (!isAgreed) {
    return {
      status: 'forked',
      sentence: `record ${watermark} is not the one the collector has, or is no longer kept`,
    }
  }
  return { status: 'fits', goesBack: watermark < spool.ackedSeq }
}

/**
 * Brings the spool to where the Welcome stands and remembers the join state, before anything is
 * sent: a crash from here on must not look like an old copy of the disk. Throws what the spool
 * throws. `fits` means that sending may begin after the watermark.
 */
export function applyWelcome(spool: Spool, welcome: Welcome): WelcomeCheck {
  const check = checkWelcome({
    welcome,
    spool: spool.state(),
    ownHash: spool.hashAt(welcome.watermark),
    knownGeneration: readMemory(spool).ledgerGeneration,
  })
  if (check.status === 'older_ledger') return check
  const { nextJoinState: joinState, ledgerGeneration, watermark } = welcome
  writeMemory(spool, { joinState, ledgerGeneration })
  if (check.status === 'forked') return check
  if (check.goesBack && spool.rewind(watermark) === 'not_kept') {
    return {
      status: 'forked',
      sentence: `the collector asks for records after ${watermark}, which are no longer kept`,
    }
  }
  spool.markSent(watermark)
  spool.ack(watermark)
  return check
}
