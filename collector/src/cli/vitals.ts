/** The numbers of a running collector that `/metrics` shows beside those of HTTP and the process. */
import type { ApiContext, Vital } from '../api/context.ts'
import type { Collector } from '../collector.ts'
import type { Store } from '../storage/store.ts'
import { forecastVitals } from './forecast-vitals.ts'

const CAPACITY_LAG = 'how far the picture of deposits that searches look at is behind'

export interface VitalsParts {
  readonly collector: Collector
  readonly store: Pick<Store, 'readOutbox' | 'journalHead'>
  readonly context: Pick<ApiContext, 'capacity' | 'entries' | 'forecast' | 'ledger'>
  readonly nowMs: number
}

export async function vitalsOf(parts: VitalsParts): Promise<readonly Vital[]> {
  const { collector, context, store, nowMs } = parts
  const [[oldest], head] = await Promise.all([store.readOutbox(1), store.journalHead()])
  const { notary } = collector
  const lagMs = oldest === undefined ? 0 : Math.max(0, nowMs - oldest.atMs)
  return [
    gauge('yiben_ledger_demo', '1 for a demo ledger', Number(context.ledger.isDemo)),
    gauge('yiben_ledger_generation', 'generation of the ledger', context.ledger.generation),
    gauge('yiben_connections', 'open connections', collector.gateway.connectionCount()),
    gauge('yiben_sessions', 'nodes with an open session', collector.gateway.sessionCount()),
    gauge(
      'yiben_store_writing',
      '0 while the store takes no records',
      Number(collector.ingest.isWriting()),
    ),
    gauge(
      'yiben_deposits_suspended',
      '1 while the collector suspects itself',
      Number(collector.liveness.depositsSuspended()),
    ),
    gauge(
      'yiben_recovering',
      '1 while a restored ledger grants nothing',
      Number(collector.recovery.isRecovering()),
    ),
    {
      name: 'yiben_timeline_moves_total',
      help: 'commits and verdicts that moved the timeline',
      kind: 'counter',
      value: collector.timelineMoves,
    },
    gauge('yiben_journal_seq', 'number of the last journal entry', head.seq),
    gauge('yiben_checkpoint_seq', 'number of the last entry that is signed', notary.signedSize),
    gauge(
      'yiben_checkpoint_refused',
      '1 while nothing is signed, because it would contradict what was',
      Number(notary.refusal !== null),
    ),
    gauge('yiben_journal_lag_seconds', 'age of the oldest entry without a number', lagMs / 1000),
    gauge('yiben_feed_readers', 'readers waiting on the change feed', context.entries.waiting),
    ...(Number.isFinite(context.capacity.lagMs)
      ? [gauge('yiben_capacity_lag_seconds', CAPACITY_LAG, context.capacity.lagMs / 1000)]
      : []),
    ...(context.forecast === null ? [] : forecastVitals(context.forecast.report(), nowMs)),
  ]
}

function gauge(name: string, help: string, value: number): Vital {
  return { name, help, kind: 'gauge', value }
}
