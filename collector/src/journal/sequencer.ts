/**
 * Gives the entries of the outbox their numbers: gap-free, in commit order, each linked to the one
 * before by its hash. The first entry of a ledger is `ledger_opened`.
 *
 * Decisions never wait for it. Several may run: an append names the head it was made for, and who
 * comes second reads anew. Killed before the append nothing has happened, after it the entries are
 * numbered and out of the outbox: both in one transaction of the store.
 */
import { type Clock, type Logger, Rounds, Tally } from '@yiben/shared'
import type { OutboxEntry } from '../model/ledger.ts'
import type { JournalHead, LedgerState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { numberEntry } from './entry.ts'
import { openingEntry } from './opening.ts'

/** Entries per append: one short transaction, far more than a second brings. */
const BATCH_ENTRIES_MAX = 500
/** In case a hint was lost: readers of the journal never lag by more. */
const DEFAULT_POLL_MS = 1_000

/** An entry made here has no row in the outbox; row numbers start at 1. */
const NO_OUTBOX_ROW = 0

export type SequencerStore = Pick<
  Store,
  'ledgerState' | 'readOutbox' | 'journalHead' | 'appendJournal'
>

export interface SequencerOptions {
  readonly store: SequencerStore
  readonly clock: Clock
  readonly logger: Logger
  readonly pollMs?: number
  /** Called after entries were appended: whoever follows the journal may look. */
  readonly onAppended?: (head: JournalHead) => void
}

export class Sequencer {
  /** Entries that this process has numbered. */
  readonly numbered = new Tally<'kind'>()
  readonly #options: SequencerOptions
  readonly #rounds: Rounds
  #ledger: LedgerState | null = null

  constructor(options: SequencerOptions) {
    this.#options = options
    const logger = options.logger.child({ component: 'sequencer' })
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: options.pollMs ?? DEFAULT_POLL_MS,
      round: () => this.#round(),
      onFailure: (error) => logger.error({ err: error }, 'journal entries could not be numbered'),
    })
  }

  /** Until `stop`; rejects with a bug. */
  run(): Promise<void> {
    return this.#rounds.run()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** Something was written to the outbox. */
  hint(): void {
    this.#rounds.wake()
  }

  /** Numbers everything that is in the outbox now; bounded by what is in it. */
  async drain(): Promise<void> {
    while (await this.#rounds.once()) {
      // Each round takes a batch off the outbox.
    }
  }

  /** True when the outbox may hold more. */
  async #round(): Promise<boolean> {
    const { store } = this.#options
    this.#ledger ??= await store.ledgerState()
    const head = await store.journalHead()
    const waiting = await store.readOutbox(BATCH_ENTRIES_MAX)
    const batch: readonly (OutboxEntry & { readonly outboxId: number })[] =
      head.seq === 0 && waiting[0]?.kind !== 'ledger_opened'
        ? [{ ...openingEntry(this.#ledger, null), outboxId: NO_OUTBOX_ROW }, ...waiting]
        : waiting
    if (batch.length === 0) return false
    const numbered = []
    let last = head
    for (const entry of batch) {
      const next = numberEntry(last, this.#ledger.generation, entry)
      numbered.push({ ...next, outboxId: entry.outboxId })
      last = next
    }
    const result = await store.appendJournal(head, numbered)
    // Another sequencer was faster: what it left is read with the next round.
    if (result.status === 'stale') return true
    for (const { kind } of batch) this.numbered.add({ kind })
    this.#options.onAppended?.({ seq: last.seq, hash: last.hash })
    return waiting.length === BATCH_ENTRIES_MAX
  }
}
