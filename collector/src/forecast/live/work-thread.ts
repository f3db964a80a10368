/**
 * Heavy work in a thread per job: made for it, bounded by a deadline, gone after it. A job that fails,
 * hangs or takes its thread down fails alone.
 */
import { Worker } from 'node:worker_threads'
import { AppError, type Clock, errorSentence } from '@yiben/shared'
import type { Models, TrainingSet } from '../train.ts'
import { type HeavyWork, type Job, type JobAnswer, workFailed } from './work.ts'

/** A training takes 2 s of a free core (docs/forecast.md), packing a province's state about as long. */
const JOB_MS_MAX = 120_000

export interface ThreadWorkOptions {
  readonly clock: Clock
  readonly jobMsMax?: number
  /** The thread's file; another one in tests of threads that hang. */
  readonly file?: URL
}

export class ThreadWork implements HeavyWork {
  readonly #clock: Clock
  readonly #jobMsMax: number
  readonly #file: URL
  readonly #workers = new Set<Worker>()
  #isClosed = false

  constructor({ clock, file, jobMsMax }: ThreadWorkOptions) {
    this.#clock = clock
    this.#jobMsMax = jobMsMax ?? JOB_MS_MAX
    this.#file = file ?? new URL('./worker.ts', import.meta.url)
  }

  async train(set: TrainingSet): Promise<Models> {
    // The tables are handed over, not copied: tens of megabytes.
    const buffers = set.tables
      .flat()
      .flatMap(({ labels, values }) => [labels.buffer, values.buffer])
    const transfer = buffers.filter((buffer) => buffer instanceof ArrayBuffer)
    return (await this.#do({ kind: 'train', set }, transfer)) as Models
  }

  async pack(state: unknown): Promise<Uint8Array> {
    return (await this.#do({ kind: 'pack', state })) as Uint8Array
  }

  unpack(bytes: Uint8Array): Promise<unknown> {
    return this.#do({ kind: 'unpack', bytes })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#workers].map((worker) => worker.terminate()))
  }

  async #do(job: Job, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    const { kind } = job
    if (this.#isClosed) throw closed()
    const worker = new Worker(this.#file, { name: `forecast-${kind}` })
    this.#workers.add(worker)
    try {
      return await new Promise((resolve, reject) => {
        const fail = (why: string) => reject(this.#isClosed ? closed() : workFailed(kind, why))
        const timer = this.#clock.after(this.#jobMsMax, () => fail('it took too long'))
        worker.once('message', (answer: JobAnswer) => {
          timer.cancel()
          if (answer.kind === 'done') resolve(answer.value)
          else fail(answer.sentence)
        })
        worker.once('error', (error) => fail(errorSentence(error)))
        worker.once('exit', () => {
          timer.cancel()
          fail('its thread ended')
        })
        worker.postMessage(job, transfer)
      })
    } finally {
      this.#workers.delete(worker)
      await worker.terminate()
    }
  }
}

function closed(): AppError {
  return new AppError('draining', 'The collector is stopping.')
}
