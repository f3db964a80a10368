/**
 * Where the time of one claim lies, folded from its postings: every millisecond in exactly one
 * account, and what it came from. Pure; times are UTC epoch ms, half-open.
 *
 * Time enters from `promised`, or from `swapped` where the claim took another's place; from then on a
 * posting moves what lies in its `from` account. One that does not find it there is a fault.
 */
import type { Account, Claim, Posting } from './draw.ts'

const HOUR_MS = 3_600_000
/** Ticks of the last minute, and what holds them up a little, are in by then. */
const SETTLE_LAG_MS = 120_000

export interface AccountSpan {
  readonly fromMs: number
  readonly toMs: number
  /** The other side of the entry. */
  readonly source: 'promised' | 'swapped'
  readonly account: Account
}

/** Part of a posting that did not find its time where it says; `found: null`: promised nowhere. */
export interface PostingFault {
  readonly posting: Posting
  readonly fromMs: number
  readonly toMs: number
  readonly found: Account | null
}

export interface Position {
  /** In order, apart from each other; neighbours differ. */
  readonly spans: readonly AccountSpan[]
  readonly faults: readonly PostingFault[]
}

/**
 * Accounts that evidence puts time in (a recall, where somebody else had the card before an end that
 * came otherwise). An end that names an instant in the past takes it back from there; time that an
 * end has put elsewhere is not touched again.
 */
export const SETTLED_ACCOUNTS: readonly Account[] = [
  'delivered_active',
  'delivered_idle',
  'unproven',
  'broken_interrupted',
  'broken_unproven',
  'broken_recall',
]

/** Time that evidence may still move. */
export function isUnsettled({ account }: Pick<AccountSpan, 'account'>): boolean {
  return account === 'pending' || account === 'unproven'
}

/** Postings in the order of their numbers. */
export function positionOf(postings: Iterable<Posting>): Position {
  const spans: AccountSpan[] = []
  const faults: PostingFault[] = []
  for (const posting of postings) move(spans, posting, faults)
  return { spans, faults }
}

/**
 * What has to be posted before `posting`, so that it finds in `pending` what evidence has moved on
 * since: a veto that is told late ends a lease whose hours have been settled.
 */
export function takeBacks(position: Position, posting: Posting): readonly Posting[] {
  if (posting.from !== 'pending') return []
  return partsWithin(position.spans, posting)
    .filter(({ account }) => SETTLED_ACCOUNTS.includes(account))
    .map(({ fromMs, toMs, account }) => ({
      ...posting,
      fromMs,
      toMs,
      from: account,
      to: 'pending' as const,
    }))
}

/** When a claim is worth another look: each hour while it lasts, and shortly after its end. */
export function nextLookMs(claim: Pick<Claim, 'untilMs' | 'endedAtMs'>, nowMs: number): number {
  const endMs = claim.endedAtMs ?? claim.untilMs ?? nowMs
  const hourlyMs = (Math.floor(nowMs / HOUR_MS) + 1) * HOUR_MS + SETTLE_LAG_MS
  return nowMs < endMs + SETTLE_LAG_MS ? Math.min(hourlyMs, endMs + SETTLE_LAG_MS) : hourlyMs
}

/** The parts of spans that lie within another, in order. */
export function partsWithin(
  spans: readonly AccountSpan[],
  within: { readonly fromMs: number; readonly toMs: number },
): readonly AccountSpan[] {
  const parts: AccountSpan[] = []
  for (let at = firstBehind(spans, within.fromMs); at < spans.length; at += 1) {
    const span = spans[at]
    if (span === undefined || span.fromMs >= within.toMs) break
    const fromMs = Math.max(span.fromMs, within.fromMs)
    const toMs = Math.min(span.toMs, within.toMs)
    parts.push({ ...span, fromMs, toMs })
  }
  return parts
}

function move(spans: AccountSpan[], posting: Posting, faults: PostingFault[]): void {
  const { fromMs, toMs, from, to } = posting
  const first = firstBehind(spans, fromMs)
  const parts = partsWithin(spans, posting)
  const moved: AccountSpan[] = []
  let cursorMs = fromMs
  const enter = (untilMs: number) => {
    if (cursorMs >= untilMs) return
    const isEntry = from === 'promised' || from === 'swapped'
    if (!isEntry) faults.push({ posting, fromMs: cursorMs, toMs: untilMs, found: null })
    moved.push({
      fromMs: cursorMs,
      toMs: untilMs,
      source: isEntry ? from : 'promised',
      account: to,
    })
  }
  for (const part of parts) {
    enter(part.fromMs)
    if (part.account !== from) {
      faults.push({ posting, fromMs: part.fromMs, toMs: part.toMs, found: part.account })
    }
    moved.push({ ...part, account: to })
    cursorMs = part.toMs
  }
  enter(toMs)
  const head = spans[first]
  const tail = spans[first + parts.length - 1]
  const before = parts.length > 0 && head !== undefined && head.fromMs < fromMs
  const after = parts.length > 0 && tail !== undefined && tail.toMs > toMs
  const rest = [
    ...(before ? [{ ...head, toMs: fromMs }] : []),
    ...moved,
    ...(after ? [{ ...tail, fromMs: toMs }] : []),
  ]
  replace(spans, first, parts.length, rest)
}

/** Puts `rest` in place of `count` spans, joined to its neighbours where they are alike. */
function replace(
  spans: AccountSpan[],
  first: number,
  count: number,
  rest: readonly AccountSpan[],
): void {
  const from = Math.max(0, first - 1)
  const to = Math.min(spans.length, first + count + 1)
  const joined: AccountSpan[] = []
  for (const span of [...spans.slice(from, first), ...rest, ...spans.slice(first + count, to)]) {
    const last = joined.at(-1)
    const isAlike =
      last !== undefined &&
      last.toMs === span.fromMs &&
      last.account === span.account &&
      last.source === span.source
    if (isAlike) joined[joined.length - 1] = { ...last, toMs: span.toMs }
    else joined.push(span)
  }
  spans.splice(from, to - from, ...joined)
}

/** Position of the first span that ends behind the instant. */
function firstBehind(spans: readonly AccountSpan[], atMs: number): number {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[middle]?.toMs ?? 0) > atMs) high = middle
    else low = middle + 1
  }
  return low
}
