/**
 * Writes a workbook in a thread of its own: a table of 50,000 rows takes seconds, in which agents and
 * askers are not kept waiting. Rows are handed over in pages, so that they are held once.
 */
import { Worker } from 'node:worker_threads'
import { AppError, type Clock, errorSentence } from '@yiben/shared'
import type { Cell } from './columns.ts'
import type { BookHead } from './workbook.ts'

/** Ten times what the largest workbook takes. */
const BOOK_MS_MAX = 120_000

export type BookMessage =
  | { readonly kind: 'begin'; readonly book: BookHead }
  | { readonly kind: 'rows'; readonly sheet: number; readonly rows: readonly (readonly Cell[])[] }
  | { readonly kind: 'end' }
export type BookAnswer =
  | { readonly kind: 'done'; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly sentence: string }

export class WorkbookThread {
  readonly #worker = new Worker(new URL('./workbook-worker.ts', import.meta.url), {
    name: 'workbook',
  })
  readonly #clock: Clock
  readonly #answered = Promise.withResolvers<Uint8Array>()

  constructor(clock: Clock, book: BookHead) {
    this.#clock = clock
    const fail = (why: string) => this.#answered.reject(failed(why))
    this.#worker.once('message', (answer: BookAnswer) => {
      if (answer.kind === 'done') this.#answered.resolve(answer.bytes)
      else fail(answer.sentence)
    })
    this.#worker.once('error', (error) => fail(errorSentence(error)))
    this.#worker.once('exit', () => fail('its thread ended'))
    // Whoever waits is told; a thread that nobody waits for fails in silence.
    this.#answered.promise.catch(() => {})
    this.#tell({ kind: 'begin', book })
  }

  add(sheet: number, rows: readonly (readonly Cell[])[]): void {
    this.#tell({ kind: 'rows', sheet, rows })
  }

  async finish(): Promise<Uint8Array> {
    const timer = this.#clock.after(BOOK_MS_MAX, () => {
      this.#answered.reject(failed('it took too long'))
    })
    try {
      this.#tell({ kind: 'end' })
      return await this.#answered.promise
    } finally {
      timer.cancel()
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #tell(message: BookMessage): void {
    this.#worker.postMessage(message)
  }
}

function failed(why: string): AppError {
  return new AppError('internal', `a workbook could not be written: ${why}`)
}
