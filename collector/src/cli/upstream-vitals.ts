/** How the link to the parent stands, as numbers; nothing of a collector that reports to nobody. */
import type { Vital } from '../api/context.ts'
import type { UpstreamStatus } from '../upstream/upstream.ts'
import { counter, flagGauge, gauge, known } from './vital.ts'

const SECOND_MS = 1_000

export function upstreamVitals(status: UpstreamStatus | null): readonly Vital[] {
  if (status === null) return []
  const { feedEntries, lagMs, leftOutRecords, link, refusedRecords } = status
  return [
    flagGauge(
      'upstream_connected',
      '1 while the link to the parent is up',
      link.state === 'online',
    ),
    gauge(
      'upstream_lag_seconds',
      'how long ago the parent had everything; since the start where it has not yet',
      lagMs / SECOND_MS,
    ),
    ...known(feedEntries, (entries) =>
      gauge(
        'upstream_feed_entries',
        'things that have changed and are not on their way yet',
        entries,
      ),
    ),
    gauge(
      'upstream_unacknowledged_records',
      'records on their way that the parent has not confirmed',
      link.unacknowledgedRecords,
    ),
    counter(
      'upstream_refused_records_total',
      'records that the parent refused since the start',
      refusedRecords,
    ),
    counter(
      'upstream_left_out_records_total',
      'records too long to be told since the start',
      leftOutRecords,
    ),
  ]
}
