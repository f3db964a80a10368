/**
 * One thread of the store seen from outside: requests go in order, each gets its answer. When the
 * thread dies, everything asked of it and everything asked later fails with `store_unavailable`;
 * whether the process goes on is for the process to decide.
 */
import { Worker } from 'node:worker_threads'
import { AppError, errorSentence } from '@yiben/shared'
import { type FromWorker, fromPlainError, type ToWorker, type WorkerSetup } from './protocol.ts'

/** Requests waiting in one thread; past it the caller is refused, not queued. */
const PENDING_MAX = 10_000

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

export class StoreThread {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #exited: Promise<void>
  readonly #onDeath: (error: AppError) => void
  #opening: Pending | null = null
  #nextId = 1
  #death: AppError | null = null
  #isClosing = false

  /** Starts loading its code at once. */
  constructor(name: string, onDeath: (error: AppError) => void) {
    this.#onDeath = onDeath
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { name })
    this.#worker.on('message', (message: FromWorker) => this.#receive(message))
    this.#worker.on('messageerror', (error) => this.#die(errorSentence(error)))
    this.#worker.on('error', (error) => this.#die(errorSentence(error)))
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#die('it ended')
        resolve()
      })
    })
  }

  /** Rejects with what kept the thread from opening the file; then it ends. */
  async open(setup: WorkerSetup): Promise<void> {
    await new Promise<unknown>((resolve, reject) => {
      if (this.#death !== null) reject(this.#death)
      this.#opening = { resolve, reject }
      this.#send({ kind: 'open', setup })
    })
  }

  get pendingCount(): number {
    return this.#pending.size
  }

  call(method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#death !== null) return Promise.reject(this.#death)
    if (this.#isClosing) return Promise.reject(unavailable('it is closing'))
    if (this.#pending.size >= PENDING_MAX) {
      return Promise.reject(new AppError('overloaded', 'The store has too many requests waiting.'))
    }
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      try {
        this.#send({ kind: 'call', id, method, args })
      } catch (error) {
        // An argument that cannot be cloned never left: a bug of the caller.
        this.#pending.delete(id)
        reject(error)
      }
    })
  }

  /** Waits for everything asked before. */
  async close(): Promise<void> {
    if (!this.#isClosing && this.#death === null) {
      this.#isClosing = true
      this.#send({ kind: 'close' })
    }
    await this.#exited
  }

  /** Ends the thread at once, whatever it is doing: what is not committed is undone. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
    await this.#exited
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'ready') this.#settleOpening((opening) => opening.resolve(null))
    else if (message.kind === 'failed') {
      this.#isClosing = true
      this.#settleOpening((opening) => opening.reject(fromPlainError(message.error)))
    } else this.#answer(message)
  }

  #answer(message: Extract<FromWorker, { kind: 'result' | 'error' }>): void {
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if (message.kind === 'result') pending?.resolve(message.value)
    else pending?.reject(fromPlainError(message.error))
  }

  #settleOpening(settle: (opening: Pending) => void): void {
    const opening = this.#opening
    this.#opening = null
    if (opening !== null) settle(opening)
  }

  #die(why: string): void {
    if (this.#death !== null) return
    const death = unavailable(why)
    this.#death = death
    this.#settleOpening((opening) => opening.reject(death))
    for (const pending of this.#pending.values()) pending.reject(death)
    this.#pending.clear()
    if (!this.#isClosing) this.#onDeath(death)
  }
}

function unavailable(why: string): AppError {
  return new AppError('store_unavailable', `A thread of the store does not answer: ${why}.`)
}
