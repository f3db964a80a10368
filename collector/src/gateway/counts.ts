/**
 * What the gateway has seen since it started: links that ended and why, records that came and were
 * refused, how long they waited for their acknowledgement. Codes are taken from the list of codes
 * alone, so that nobody can make up new ones from outside.
 */
import {
  DurationTally,
  ERROR_CODES,
  type ErrorCode,
  type RefusedRecord,
  Tally,
} from '@yiben/shared'
import { REFUSALS } from '../inventory/enroll.ts'

/** From one fsync of a good disk to the bar for a backlog (p99 of 250 and 500 ms), and beyond. */
const ACK_BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 60_000]

/**
 * How far a link had come: `admission` was turned away before it was one, `handshake` had not proven
 * a node yet, `open` carried records.
 */
export type LinkPhase = 'admission' | 'handshake' | 'open'

const CODES: ReadonlySet<string> = new Set([...ERROR_CODES, 'goodbye', 'connection_lost'])
const OTHER_CODE = 'other'
/** Shown from the start, so that the first one is seen as an increase. */
const AWAITED: readonly (readonly [LinkPhase, ErrorCode])[] = [
  ['admission', 'connection_limit'],
  ['admission', 'handshake_limit'],
  ['handshake', 'handshake_timeout'],
  ['handshake', 'signature_invalid'],
  ...Object.keys(REFUSALS).map((code) => ['handshake', code as ErrorCode] as const),
]
const RECORD_CODES = ERROR_CODES.filter((code) => code.startsWith('record_'))

export class GatewayCounts {
  readonly ended = new Tally<'phase' | 'code'>()
  readonly refused = new Tally<'code'>()
  readonly acks = new DurationTally(ACK_BOUNDS_MS)
  #received = 0

  constructor() {
    for (const [phase, code] of AWAITED) this.ended.add({ phase, code }, 0)
    for (const code of RECORD_CODES) this.refused.add({ code }, 0)
  }

  /** Records, also those that came again. */
  get received(): number {
    return this.#received
  }

  /** `reason` may be the other side's words. */
  linkEnded(phase: LinkPhase, reason: string): void {
    this.ended.add({ phase, code: knownCode(reason) })
  }

  recordsCame(records: number): void {
    this.#received += records
  }

  /** `waitedMs`: since the oldest of them came; `null`: none was on the way. */
  acknowledged(waitedMs: number | null, refused: readonly RefusedRecord[]): void {
    if (waitedMs !== null) this.acks.note(waitedMs)
    for (const { code } of refused) this.refused.add({ code: knownCode(code) })
  }
}

function knownCode(code: string): string {
  return CODES.has(code) ? code : OTHER_CODE
}
