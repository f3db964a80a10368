/**
 * The collector's numbers as Prometheus text: its vitals, its HTTP interface and the process
 * itself. Vitals are read at the scrape and shown as they are told then: nothing is counted twice,
 * and what is not told any more is not shown any more.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { DurationVital, NumberVital, Vital } from './context.ts'

/** From a cached answer to the slowest report; DESIGN 10 asks p99 of 50 and 200 ms. */
const DURATION_SECONDS_BUCKETS = [0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30]
/**
 * Of the library's defaults: named against the rules (gauges in `_total`), and each scrape would list
 * every open socket for them. Connections are a vital.
 */
const DEFAULTS_LEFT_OUT = [
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
]

export class Metrics {
  readonly #registry = new Registry()
  readonly #durations: Histogram<'method' | 'route' | 'status'>

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
    for (const name of DEFAULTS_LEFT_OUT) this.#registry.removeSingleMetric(name)
    this.#durations = new Histogram({
      name: 'yiben_http_request_duration_seconds',
      help: 'time from request to answer',
      labelNames: ['method', 'route', 'status'],
      buckets: DURATION_SECONDS_BUCKETS,
      registers: [this.#registry],
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** `route` is the pattern, never the path: labels stay few. */
  answered(answer: {
    readonly method: string
    readonly route: string
    readonly status: number
    readonly durationMs: number
  }): void {
    const { method, route, status } = answer
    this.#durations.observe({ method, route, status: String(status) }, answer.durationMs / 1000)
  }

  async text(vitals: readonly Vital[]): Promise<string> {
    const told = new Registry()
    const known = new Map<string, Counter | Gauge>()
    for (const vital of vitals) {
      if (vital.kind === 'histogram') told.registerMetric(new ToldHistogram(vital))
      else known.set(vital.name, tell(vital, known.get(vital.name), told))
    }
    const texts = await Promise.all([this.#registry.metrics(), told.metrics()])
    return texts.join('')
  }

  close(): void {
    this.#registry.clear()
  }
}

/** The source counts; here its count is only shown. */
function tell(vital: NumberVital, known: Counter | Gauge | undefined, told: Registry) {
  const { help, kind, labels = {}, name, value } = vital
  const options = { name, help, registers: [told], labelNames: Object.keys(labels) }
  const metric = known ?? (kind === 'counter' ? new Counter(options) : new Gauge(options))
  if (metric instanceof Gauge) metric.set(labels, value)
  else metric.inc(labels, value)
  return metric
}

/** Shows what somebody else has counted. */
class ToldHistogram extends Histogram {
  readonly #vital: DurationVital

  constructor(vital: DurationVital) {
    super({ name: vital.name, help: vital.help, registers: [] })
    this.#vital = vital
  }

  /** The library asks here for what it writes. */
  async getForPromString() {
    const { durations, help, name } = this.#vital
    const { buckets, count, sumMs } = durations
    const values = [
      ...buckets.map(({ count: below, upToMs }) => ({
        metricName: `${name}_bucket`,
        labels: { le: String(upToMs / 1000) },
        value: below,
      })),
      { metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: count },
      { metricName: `${name}_sum`, labels: {}, value: sumMs / 1000 },
      { metricName: `${name}_count`, labels: {}, value: count },
    ]
    return { name, help, type: 'histogram', values }
  }
}
