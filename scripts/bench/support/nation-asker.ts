/** Asks a collector what a regulator asks, over HTTP, and keeps how long each answer took. */
import { setTimeout as delay } from 'node:timers/promises'
import { quantile, rounded } from './figure.ts'

/** So often all questions are asked, one after the other. */
const ASK_EVERY_MS = 10_000
const LOOK_EVERY_MS = 100
const ASK_MS_MAX = 600_000

interface AskedRow {
  readonly models?: readonly { readonly figures: Readonly<Record<string, string>> }[]
  readonly hours_sealed?: number
  readonly stages?: Readonly<Record<string, { readonly cards: number }>>
}

export class NationAsker {
  readonly #url: () => string
  readonly #token: string
  #took = new Map<string, number[]>()
  #isAsking = false
  #asking: Promise<void> = Promise.resolve()

  constructor(url: () => string, token: string) {
    this.#url = url
    this.#token = token
  }

  async rows(path: string): Promise<readonly AskedRow[]> {
    const answer = (await this.#get(path)) as { readonly rows: readonly AskedRow[] }
    return answer.rows
  }

  /** Asks all of these every ten seconds, until `stop`. */
  begin(questions: Readonly<Record<string, () => string>>): void {
    this.#took = new Map()
    this.#isAsking = true
    this.#asking = this.#ask(questions)
  }

  /** How long answers took since `begin`: median, p99 and the longest, ms. */
  async stop(): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>> {
    this.#isAsking = false
    await this.#asking
    const said = [...this.#took].map(([name, tookMs]) => [
      name,
      {
        asks: tookMs.length,
        median_ms: rounded(quantile(tookMs, 0.5)),
        p99_ms: rounded(quantile(tookMs, 0.99)),
        max_ms: rounded(Math.max(...tookMs)),
      },
    ])
    return Object.fromEntries(said)
  }

  async #ask(questions: Readonly<Record<string, () => string>>): Promise<void> {
    while (this.#isAsking) {
      for (const [name, pathOf] of Object.entries(questions)) {
        const beforeMs = performance.now()
        await this.#get(pathOf())
        const tookMs = this.#took.get(name) ?? []
        tookMs.push(performance.now() - beforeMs)
        this.#took.set(name, tookMs)
      }
      for (let waitedMs = 0; this.#isAsking && waitedMs < ASK_EVERY_MS; waitedMs += LOOK_EVERY_MS) {
        await delay(LOOK_EVERY_MS)
      }
    }
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url()}${path}`, {
      headers: { authorization: `Bearer ${this.#token}` },
      signal: AbortSignal.timeout(ASK_MS_MAX),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return await response.json()
  }
}
