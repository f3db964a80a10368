/**
 * The collector's numbers as Prometheus text: its vitals, its HTTP interface and the process
 * itself. Vitals are read at the scrape; nothing is counted twice, here and there.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Vital } from './context.ts'

/** From a cached answer to the slowest report; DESIGN 10 asks p99 of 50 and 200 ms. */
const DURATION_SECONDS_BUCKETS = [0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30]

export class Metrics {
  readonly #registry = new Registry()
  readonly #vitals = new Map<string, Counter | Gauge>()
  readonly #durations: Histogram<'method' | 'route' | 'status'>

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
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

  text(vitals: readonly Vital[]): Promise<string> {
    for (const vital of vitals) this.#set(vital)
    return this.#registry.metrics()
  }

  close(): void {
    this.#registry.clear()
  }

  #set({ name, help, kind, labels = {}, value }: Vital): void {
    const known = this.#vitals.get(name)
    const options = { name, help, registers: [this.#registry], labelNames: Object.keys(labels) }
    const metric = known ?? (kind === 'counter' ? new Counter(options) : new Gauge(options))
    this.#vitals.set(name, metric)
    if (metric instanceof Gauge) {
      metric.set(labels, value)
      return
    }
    // The source counts; here its count is only shown.
    metric.remove(labels)
    metric.inc(labels, value)
  }
}
