/**
 * The numbers of a running collector that `/metrics` shows beside those of HTTP and the process.
 * Each is what a part tells of itself at the scrape; what a part does not know is left out. What they
 * mean to whoever keeps the collector running is in docs/operations.md.
 */
import type { Clock } from '@yiben/shared'
import type { AdapterReport } from '../adapter/adapter.ts'
import type { ApiContext, Vital } from '../api/context.ts'
import type { Collector } from '../collector.ts'
import type { ThreadedStore } from '../storage/threaded-store.ts'
import type { UpstreamStatus } from '../upstream/upstream.ts'
import { COLLECTOR_VERSION } from '../version.ts'
import { adapterVitals } from './adapter-vitals.ts'
import type { AmongView } from './among.ts'
import { amongVitals } from './among-vitals.ts'
import { childVitals } from './child-vitals.ts'
import { forecastVitals } from './forecast-vitals.ts'
import { type HostVitalsParts, hostVitals } from './host-vitals.ts'
import { StoreVitals } from './store-vitals.ts'
import { upstreamVitals } from './upstream-vitals.ts'
import { counter, counters, durations, flagGauge, gauge, gauges, known } from './vital.ts'

const SECOND_MS = 1_000

export interface VitalsParts {
  readonly collector: Collector
  readonly store: Pick<
    ThreadedStore,
    'readOutbox' | 'journalHead' | 'listConflicts' | 'countFindings' | 'readOpenPlaced' | 'load'
  >
  readonly context: Pick<ApiContext, 'capacity' | 'entries' | 'forecast' | 'ledger'>
  readonly clock: Clock
  readonly dataDir: string
  readonly isLedgerHere: boolean
  readonly prunedRows: () => number
  /** `null`: none is configured. */
  readonly secondJournal: { isWriting(): boolean } | null
  /** What is shown now; `null` without TLS. */
  readonly certificates: HostVitalsParts['certificates']
  /** `null`: it is alone with its ledger. */
  readonly among: () => AmongView | null
  /** `null`: it reports to nobody. */
  readonly upstream: () => UpstreamStatus | null
  /** `null`: no national or regional node is served. */
  readonly adapter: () => AdapterReport | null
}

export class Vitals {
  readonly #parts: VitalsParts
  readonly #store: StoreVitals

  constructor(parts: VitalsParts) {
    this.#parts = parts
    this.#store = new StoreVitals(parts.store, parts.clock)
  }

  async read(): Promise<readonly Vital[]> {
    const { certificates, clock, collector, context, dataDir, isLedgerHere } = this.#parts
    const { prunedRows, secondJournal, store } = this.#parts
    const { capacity, entries, forecast, ledger } = context
    const among = this.#parts.among()
    const nowMs = clock.wallMs()
    const [stored, host] = await Promise.all([
      this.#store.read(),
      hostVitals({ dataDir, generation: ledger.generation, isLedgerHere, certificates }),
    ])
    return [
      { ...gauge('build_info', 'the program', 1), labels: { version: COLLECTOR_VERSION } },
      flagGauge('ledger_demo', '1 for a demo ledger', ledger.isDemo),
      gauge('ledger_generation', 'generation of the ledger', ledger.generation),
      ...linkVitals(collector),
      ...nodeVitals(collector),
      ...ingestVitals(collector, nowMs),
      ...gauges('store_waiting', 'requests that the store has not answered yet', 'lane', {
        write: store.load().writes,
        read: store.load().reads,
      }),
      ...hourVitals(collector, nowMs),
      ...journalVitals(collector),
      ...bankVitals(collector, capacity),
      ...known(secondJournal, (second) =>
        flagGauge(
          'second_journal_writing',
          '0 while decisions cannot be written to the second journal, and nothing is granted',
          second.isWriting(),
        ),
      ),
      counter('pruned_rows_total', 'rows that have gone after their time', prunedRows()),
      gauge('feed_readers', 'readers waiting on the change feed', entries.waiting),
      ...(forecast === null ? [] : forecastVitals(forecast.report(), nowMs)),
      ...(among === null ? [] : amongVitals(among)),
      ...childVitals(collector.gateway.children.watch.census()),
      ...upstreamVitals(this.#parts.upstream()),
      ...adapterVitals(this.#parts.adapter(), nowMs),
      ...stored,
      ...host,
    ]
  }
}

function linkVitals({ gateway }: Collector): readonly Vital[] {
  return [
    gauge('connections', 'open connections', gateway.connectionCount()),
    gauge('sessions', 'nodes with an open session', gateway.sessionCount()),
    ...counters(
      'links_ended_total',
      'connections that were turned away or ended, by how far they had come and why',
      gateway.counts.ended.rows(),
    ),
  ]
}

function nodeVitals({ liveness }: Collector): readonly Vital[] {
  const { clocksFlagged, clocksNotDepositable, ...presences } = liveness.census()
  return [
    ...gauges(
      'nodes',
      'nodes that have told time, by whether they are heard',
      'presence',
      presences,
    ),
    ...gauges('nodes_clock_off', 'nodes heard whose clock is wrong by more than that', 'over', {
      '2s': clocksFlagged,
      '5s': clocksNotDepositable,
    }),
    flagGauge(
      'clock_accused',
      '1 while the collector doubts its own clock',
      liveness.clockAccusation() !== null,
    ),
    flagGauge(
      'deposits_suspended',
      '1 while the collector suspects itself',
      liveness.depositsSuspended(),
    ),
  ]
}

function ingestVitals(collector: Collector, nowMs: number): readonly Vital[] {
  const { gateway, ingest } = collector
  const { counts } = gateway
  const lag = ingest.lag(nowMs)
  return [
    flagGauge('store_writing', '0 while the store takes no records', ingest.isWriting()),
    durations(
      'ingest_commit_duration_seconds',
      'transactions of records with their fsync, from asking to the answer',
      ingest.commitTimes(),
    ),
    durations(
      'ack_duration_seconds',
      'from the arrival of records to their acknowledgement',
      counts.acks.view(),
    ),
    counter('records_received_total', 'records that came, also again', counts.received),
    ...counters(
      'records_refused_total',
      'records that were acknowledged and put in quarantine, by reason',
      counts.refused.rows(),
    ),
    gauge(
      'ingest_lagging_nodes',
      'connected nodes whose told time ends more than 5 minutes ago',
      lag.lagging,
    ),
    ...known(lag.maxMs, (ms) =>
      gauge(
        'ingest_lag_max_seconds',
        'how far the connected node furthest behind is behind the present',
        ms / SECOND_MS,
      ),
    ),
    counter(
      'timeline_moves_total',
      'commits and verdicts that moved the timeline',
      collector.timelineMoves,
    ),
  ]
}

function hourVitals({ roller }: Collector, nowMs: number): readonly Vital[] {
  const backlog = roller.backlog(nowMs)
  if (backlog === null) return []
  return [
    gauge('seals_due', 'hours that are due to be sealed and are not', backlog.dueHours),
    gauge(
      'seal_overdue_seconds',
      'since the oldest hour that is not sealed became due, 0 without one',
      backlog.overdueMs / SECOND_MS,
    ),
    gauge(
      'seals_outdated',
      'hours that late data has changed and that wait to be corrected',
      backlog.dirtyHours,
    ),
  ]
}

function journalVitals({ notary, sequencer }: Collector): readonly Vital[] {
  return [
    ...counters(
      'journal_entries_total',
      'entries numbered by this process, by kind',
      sequencer.numbered.rows(),
    ),
    gauge('checkpoint_seq', 'number of the last entry that is signed', notary.signedSize),
    ...known(notary.signedAtMs, (atMs) =>
      gauge(
        'checkpoint_timestamp_seconds',
        'when the last checkpoint was signed, since 1970',
        atMs / SECOND_MS,
      ),
    ),
    flagGauge(
      'checkpoint_refused',
      '1 while nothing is signed, because it would contradict what was',
      notary.refusal !== null,
    ),
  ]
}

function bankVitals(
  { draws, leases, recovery, settler, steadyClock }: Collector,
  { cards, lagMs }: ApiContext['capacity'],
): readonly Vital[] {
  return [
    flagGauge('recovering', '1 while a restored ledger grants nothing', recovery.isRecovering()),
    ...(cards === null
      ? []
      : [
          gauge('deposited_cards', 'cards with an open deposit', cards.deposited),
          gauge('drawable_cards', 'those of them that nobody has', cards.drawable),
        ]),
    ...known(leases.lent.countAt(steadyClock.nowMs()), (lent) =>
      gauge('lent_cards', 'cards under a lease', lent),
    ),
    ...counters(
      'draw_calls_total',
      'calls of banks, by what came of them',
      draws.desk.calls.rows(),
    ),
    ...counters(
      'accounts_moved_card_seconds_total',
      'promised card time that evidence has moved from one account to another',
      settler.moved.rows(),
      SECOND_MS,
    ),
    ...(Number.isFinite(lagMs)
      ? [
          gauge(
            'capacity_lag_seconds',
            'how far the picture of deposits that searches look at is behind',
            lagMs / SECOND_MS,
          ),
        ]
      : []),
  ]
}
