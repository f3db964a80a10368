/**
 * Settles what is due: each hour while a lease runs, when its node has told of its end, and again
 * when a node tells more of time that was unproven; on the final day what is still unproven stays so.
 *
 * Decisions are settlement.ts. A settlement counts only on the postings it was made on, together with
 * its entry: killed anywhere it is made again, and settling twice posts nothing.
 */
import { createHash } from 'node:crypto'
import { type Clock, type Logger, Rounds, Tally } from '@yiben/shared'
import { canonicalText } from '../journal/canonical.ts'
import { isUnsettled, nextLookMs, positionOf } from '../model/accounts.ts'
import type { Account, Posting } from '../model/draw.ts'
import type { JsonObject, OutboxEntry } from '../model/ledger.ts'
import { finalBeforeMs, nextFinalMs } from '../rollup/seal.ts'
import type { Settlement, UnsettledClaim } from '../storage/account-requests.ts'
import type { UnitSpan } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { settle } from './settlement.ts'

/** Claims per transaction and entry; an entry stays far below its bound. */
const BATCH_CLAIMS_MAX = 200
const DEFAULT_POLL_MS = 60_000
const DAY_MS = 86_400_000
/** Shown from the start, so that the first moves are seen as an increase. */
const AWAITED_MOVES: readonly (readonly [Account, Account])[] = [
  ['pending', 'delivered_active'],
  ['pending', 'delivered_idle'],
  ['pending', 'unproven'],
  ['unproven', 'delivered_active'],
  ['unproven', 'delivered_idle'],
  ['unproven', 'broken_unproven'],
]
/** Claims that were posted to meanwhile are left out, twice; then they wait for the next round. */
const TRIES_MAX = 3

export type SettlerStore = Pick<Store, 'readUnsettledClaims' | 'commitSettlements'>

export interface SettlerOptions {
  readonly store: SettlerStore
  readonly clock: Clock
  readonly logger: Logger
  /** Whose civil months become final. */
  readonly timeZone: string
  readonly pollMs?: number
  /** Something was posted: the outbox holds its entry. */
  readonly onCommitted?: () => void
}

export class Settler {
  /** Card-milliseconds that this process has moved by evidence, between accounts. */
  readonly moved = new Tally<'from' | 'to'>()
  readonly #options: SettlerOptions
  readonly #rounds: Rounds

  constructor(options: SettlerOptions) {
    const logger = options.logger.child({ component: 'settler' })
    for (const [from, to] of AWAITED_MOVES) this.moved.add({ from, to }, 0)
    this.#options = options
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: options.pollMs ?? DEFAULT_POLL_MS,
      round: () => this.#round(),
      onFailure: (error) => logger.error({ err: error }, 'accounts could not be settled'),
    })
  }

  /** Until `stop`; rejects with a bug. */
  run(): Promise<void> {
    return this.#rounds.run()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  hint(): void {
    this.#rounds.wake()
  }

  /** Settles everything that is due now. */
  async drain(): Promise<void> {
    while (await this.#rounds.once()) {
      // Each round takes claims off the list of what is due.
    }
  }

  /** True when more may be due and this round got on. */
  async #round(): Promise<boolean> {
    const { clock, store, timeZone } = this.#options
    const nowMs = clock.wallMs()
    const due = await store.readUnsettledClaims(nowMs, BATCH_CLAIMS_MAX)
    const decided = due.map((claim) => ({
      claim,
      settlement: settlementOf(claim, nowMs, timeZone),
    }))
    const isWritten = decided.length > 0 && (await this.#write(decided, nowMs))
    return isWritten && due.length === BATCH_CLAIMS_MAX
  }

  /** Without those that were posted to meanwhile; `false`: nothing was left. */
  async #write(decided: readonly Decided[], nowMs: number): Promise<boolean> {
    let rest = decided
    for (let tries = 0; tries < TRIES_MAX && rest.length > 0; tries += 1) {
      const entry = settledEntry(rest, nowMs)
      const settlements = rest.map(({ settlement }) => settlement)
      const outbox = entry === null ? [] : [entry]
      const result = await this.#options.store.commitSettlements(settlements, outbox)
      if (result.status === 'committed') {
        this.#count(settlements)
        if (entry !== null) this.#options.onCommitted?.()
        return true
      }
      const stale = new Set(result.claims.map(({ drawId, ordinal }) => `${drawId} ${ordinal}`))
      rest = rest.filter(
        ({ settlement: { drawId, ordinal } }) => !stale.has(`${drawId} ${ordinal}`),
      )
    }
    return false
  }

  #count(settlements: readonly Settlement[]): void {
    for (const { from, to, fromMs, toMs } of settlements.flatMap(({ postings }) => postings)) {
      this.moved.add({ from, to } satisfies Record<'from' | 'to', Account>, toMs - fromMs)
    }
  }
}

interface Decided {
  readonly claim: UnsettledClaim
  readonly settlement: Settlement
}

/** What to post for one claim, and when to look at it again. Pure. */
export function settlementOf(
  unsettled: UnsettledClaim,
  nowMs: number,
  timeZone: string,
): Settlement {
  const { drawId, claim, postings, lastPostingNumber, span } = unsettled
  const { ordinal } = claim
  const settlement = { drawId, ordinal, expectedPostingNumber: lastPostingNumber }
  if (span === null) return { ...settlement, postings: [], next: null }
  const posted = settle({
    drawId,
    claim,
    postings,
    runs: span.runs,
    toldToMs: toldToMs(span, nowMs),
    finalBeforeMs: finalBeforeMs(nowMs, timeZone),
    // A clock that stepped back must not make a posting known before the one it rests on.
    knownAtMs: Math.max(nowMs, postings.at(-1)?.knownAtMs ?? nowMs),
  })
  const next = nextLook(unsettled, span, { posted, nowMs, timeZone })
  return { ...settlement, postings: posted, next }
}

/**
 * A card that is gone, or silent, tells no more: what is missing is missing. What was told has been
 * told, also where the clock was ahead of what it is now.
 */
function toldToMs(span: UnitSpan, nowMs: number): number {
  const toldMs = span.timelineEndMs ?? span.unit.validFromMs
  const isSilent = span.silences.some(({ toMs }) => toMs === null)
  return isSilent || span.unit.bookedToMs !== null ? Math.max(nowMs, toldMs) : toldMs
}

function nextLook(
  { claim, postings }: UnsettledClaim,
  span: UnitSpan,
  at: { readonly posted: readonly Posting[]; readonly nowMs: number; readonly timeZone: string },
): Settlement['next'] {
  const open = positionOf([...postings, ...at.posted]).spans.filter(isUnsettled)
  if (open.length === 0) return null
  const lookedToMs = span.timelineEndMs ?? span.unit.validFromMs
  // What is pending of a lease that runs has not come yet.
  const passed = open.filter(({ account }) => account === 'unproven' || claim.state !== 'leased')
  const isPending = open.some(({ account }) => account === 'pending')
  return {
    dueAtMs: isPending
      ? nextLookMs(claim, at.nowMs)
      : Math.min(nextFinalMs(at.nowMs, at.timeZone), at.nowMs + DAY_MS),
    lookedToMs,
    openToMs: Math.max(lookedToMs, ...passed.map(({ toMs }) => Math.min(toMs, at.nowMs))),
  }
}

/** One for all claims of a batch, with totals; `null` where nothing moved. */
function settledEntry(decided: readonly Decided[], nowMs: number): OutboxEntry | null {
  const moved = decided.filter(({ settlement }) => settlement.postings.length > 0)
  if (moved.length === 0) return null
  const postings = moved.flatMap(({ settlement }) => settlement.postings)
  return {
    kind: 'accounts_settled',
    atMs: nowMs,
    payload: {
      claims: moved.length,
      postings: postings.length,
      // Over all of them in order, so that each can be proven from a list.
      sha256: createHash('sha256')
        .update(canonicalText(postings.map(postingJson)))
        .digest('hex'),
      moved: [...totalsOf(moved)],
    },
  }
}

function postingJson(posting: Posting): JsonObject {
  return {
    draw_id: posting.drawId,
    ordinal: posting.ordinal,
    from_ms: posting.fromMs,
    to_ms: posting.toMs,
    from: posting.from,
    to: posting.to,
    known_at_ms: posting.knownAtMs,
  }
}

/** Card-ms per site, owner, printed model and pair of accounts; never over models (C28). */
function totalsOf(decided: readonly Decided[]): readonly JsonObject[] {
  const totals = new Map<string, { readonly at: JsonObject; ms: bigint }>()
  for (const { claim, settlement } of decided) {
    const { siteCode, ownerCode, profile } = claim.claim
    for (const { from, to, fromMs, toMs } of settlement.postings) {
      const at = { site: siteCode, owner: ownerCode, model: profile.name, from, to }
      const key = JSON.stringify([at, profile])
      const total = totals.get(key) ?? { at, ms: 0n }
      total.ms += BigInt(toMs - fromMs)
      totals.set(key, total)
    }
  }
  return [...totals]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, { at, ms }]) => ({ ...at, card_ms: String(ms) }))
}
