/** How many collectors report here, as numbers; nothing where none does. */
import type { Vital } from '../api/context.ts'
import type { ChildCensus } from '../children/watch.ts'
import { gauge, gauges } from './vital.ts'

const SECOND_MS = 1_000

export function childVitals({ away, heard, unheardMs }: ChildCensus): readonly Vital[] {
  if (unheardMs === null) return []
  const presences = { heard, away }
  const what = 'collectors that report here, by whether they are heard'
  return [
    ...gauges('children', what, 'presence', presences),
    gauge(
      'children_unheard_seconds',
      'how long ago the one was heard that was heard longest ago',
      unheardMs / SECOND_MS,
    ),
  ]
}
