/** How vitals are written down: one line each, what is not known left out. */
import type { DurationTallyView, TallyRow } from '@yiben/shared'
import type { DurationVital, NumberVital } from '../api/context.ts'

export function gauge(name: string, help: string, value: number): NumberVital {
  return { name: `yiben_${name}`, help, kind: 'gauge', value }
}

export function flagGauge(name: string, help: string, isSo: boolean): NumberVital {
  return gauge(name, help, isSo ? 1 : 0)
}

export function counter(name: string, help: string, value: number): NumberVital {
  return { ...gauge(name, help, value), kind: 'counter' }
}

/** One row per set of labels; `unit`: how many of what was counted make one of what is shown. */
export function counters<Label extends string>(
  name: string,
  help: string,
  rows: readonly TallyRow<Label>[],
  unit = 1,
): readonly NumberVital[] {
  return rows.map(({ count, labels }) => ({ ...counter(name, help, count / unit), labels }))
}

/** One row per word. */
export function gauges(
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
): readonly NumberVital[] {
  return Object.entries(values).map(([word, value]) => ({
    ...gauge(name, help, value),
    labels: { [label]: word },
  }))
}

export function durations(name: string, help: string, view: DurationTallyView): DurationVital {
  return { name: `yiben_${name}`, help, kind: 'histogram', durations: view }
}

/** What is not known is not shown. */
export function known<Value>(
  value: Value | null,
  vitalOf: (value: Value) => NumberVital,
): readonly NumberVital[] {
  return value === null ? [] : [vitalOf(value)]
}
