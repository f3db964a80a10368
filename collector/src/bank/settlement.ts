/**
 * What evidence makes of promised time (DESIGN 5, Accounts): time that has passed moves from
 * `pending` to where its runs say, time that was `unproven` moves on when runs arrive late. Pure;
 * integer card-milliseconds, half-open spans. Settling twice posts nothing new.
 *
 *   busy                                                 → delivered_active
 *   free, occupied                                       → delivered_idle
 *   faulty; unknown by restart, reboot, suspend, a stop, an upgrade
 *   or a pause                                           → broken_interrupted
 *   any other unknown, silence, nothing told             → unproven, at the final day broken_unproven
 *   allocated to somebody else                           → left to who ends leases; behind an end
 *                                                          that came for another reason broken_recall
 *   overstay                                             → left likewise; behind an end unproven: node
 *                                                          and bank disagree on whether it was lent
 *
 * What an end (return, recall, loss) has moved is never touched again.
 */
import { causeOf, type RunCode, stateOf, type UnknownCause } from '@yiben/shared'
import { type AccountSpan, isUnsettled, positionOf } from '../model/accounts.ts'
import type { Account, Claim, DrawId, Posting } from '../model/draw.ts'
import type { StoredRun } from '../model/timeline.ts'

/** Unknown time in which the card was certainly not at work for the borrower. */
const INTERRUPTIONS: ReadonlySet<string> = new Set<UnknownCause>([
  'restart',
  'reboot',
  'suspend',
  'stopped',
  'upgrade',
  'paused',
])

export interface SettlementQuestion {
  readonly drawId: DrawId
  readonly claim: Pick<Claim, 'ordinal' | 'state'>
  /** All of the claim's, in the order of their numbers. */
  readonly postings: readonly Posting[]
  /** Of its card, as known at `knownAtMs`; in no order, apart from each other. */
  readonly runs: readonly StoredRun[]
  /** Everything before has been told, or been declared silent: no run there means unproven. */
  readonly toldToMs: number
  /** Time before is final (`finalBeforeMs`): what is unproven there stays so. */
  readonly finalBeforeMs: number
  readonly knownAtMs: number
}

/** New postings, in order of time; each moves what lies where it says. */
export function settle(question: SettlementQuestion): readonly Posting[] {
  const { drawId, claim, postings, finalBeforeMs, knownAtMs } = question
  const runs = question.runs.toSorted((left, right) => left.startMs - right.startMs)
  const spans = positionOf(postings).spans.filter(isUnsettled)
  const moved: Posting[] = []
  // The first run that may still reach into a span; both lists are in order of time.
  let first = 0
  for (const span of spans.flatMap((one) => splitAt(one, finalBeforeMs))) {
    while ((runs[first]?.endMs ?? span.toMs) < span.fromMs) first += 1
    const from = span.account
    for (const { fromMs, toMs, code } of piecesOf(span, runs, first, question)) {
      const to = accountOf(code, fromMs, question)
      if (to === null || to === from) continue
      append(moved, { drawId, ordinal: claim.ordinal, fromMs, toMs, from, to, knownAtMs })
    }
  }
  return moved
}

/** What is unproven ends up elsewhere before the final instant than behind it. */
function splitAt(span: AccountSpan, atMs: number): readonly AccountSpan[] {
  if (atMs <= span.fromMs || span.toMs <= atMs) return [span]
  return [
    { ...span, toMs: atMs },
    { ...span, fromMs: atMs },
  ]
}

interface Piece {
  readonly fromMs: number
  readonly toMs: number
  /** `null`: no run. */
  readonly code: RunCode | null
}

/** What has passed of a span, cut where runs begin and end. */
function piecesOf(
  span: AccountSpan,
  runs: readonly StoredRun[],
  first: number,
  { toldToMs, finalBeforeMs }: SettlementQuestion,
): readonly Piece[] {
  const untilMs = Math.min(span.toMs, Math.max(toldToMs, finalBeforeMs))
  const pieces: Piece[] = []
  let cursorMs = span.fromMs
  const cut = (toMs: number, code: RunCode | null) => {
    if (toMs <= cursorMs) return
    pieces.push({ fromMs: cursorMs, toMs, code })
    cursorMs = toMs
  }
  for (let at = first; at < runs.length; at += 1) {
    const run = runs[at]
    if (run === undefined || run.startMs >= untilMs) break
    cut(run.startMs, null)
    cut(Math.min(run.endMs, untilMs), run.code)
  }
  cut(untilMs, null)
  return pieces
}

/** Joins a posting to the one before where they move neighbouring time the same way. */
function append(postings: Posting[], posting: Posting): void {
  const last = postings.at(-1)
  const goesOn =
    last !== undefined &&
    last.toMs === posting.fromMs &&
    last.from === posting.from &&
    last.to === posting.to
  if (goesOn) postings[postings.length - 1] = { ...last, toMs: posting.toMs }
  else postings.push(posting)
}

/** `null`: it stays where it is. */
function accountOf(
  code: RunCode | null,
  atMs: number,
  question: SettlementQuestion,
): Account | null {
  const unproven = atMs < question.finalBeforeMs ? 'broken_unproven' : 'unproven'
  if (code === null) return unproven
  const isLeased = question.claim.state === 'leased'
  const cause = causeOf(code)
  if (cause === 'overstay') return isLeased ? null : unproven
  const state = stateOf(code)
  switch (state) {
    case 'busy':
      return 'delivered_active'
    case 'free':
    case 'occupied':
      return 'delivered_idle'
    case 'allocated':
      return isLeased ? null : 'broken_recall'
    case 'faulty':
      return 'broken_interrupted'
    case 'unknown':
      return INTERRUPTIONS.has(cause) ? 'broken_interrupted' : unproven
    default: {
      const never: never = state
      return never
    }
  }
}
