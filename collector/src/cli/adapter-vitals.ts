/** How the adapter to a national or regional node stands, as numbers; nothing where there is none. */
import type { AdapterReport } from '../adapter/adapter.ts'
import type { Vital } from '../api/context.ts'
import { gauge, gauges } from './vital.ts'

const SECOND_MS = 1_000

export function adapterVitals(report: AdapterReport | null, nowMs: number): readonly Vital[] {
  if (report === null) return []
  const { files, oldestOpenMs, troubles } = report
  return [
    ...gauges(
      'adapter_files',
      'files to the national or regional node that are remembered, by what became of them',
      'state',
      { made: 0, delivered: 0, taken: 0, ...files },
    ),
    gauge('adapter_troubles', 'files and runs of the adapter that need a person', troubles),
    gauge(
      'adapter_open_seconds',
      'age of the oldest file that is not delivered or not answered, 0 without one',
      oldestOpenMs === null ? 0 : Math.max(0, nowMs - oldestOpenMs) / SECOND_MS,
    ),
  ]
}
