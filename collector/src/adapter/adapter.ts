/**
 * The adapter to a national or regional node: runs of total and of available by a template's
 * schedule, each a file with a number of its own; delivered, answered, sent again. All of it is on
 * disk before it is acted on, and in the journal before a file leaves the house: killed anywhere,
 * no number is left out or given twice, and a file may go twice, under its one name.
 */
import {
  AppError,
  type Clock,
  errorCode,
  errorSentence,
  type Logger,
  type Random,
  Rounds,
  type Service,
} from '@yiben/shared'
import { CODE_USES, type CodeUse } from '../model/issued-code.ts'
import type { Store } from '../storage/store.ts'
import { FileBook } from './book.ts'
import { Courier } from './courier.ts'
import type { AdapterFolder, AdapterStatus, Order } from './folder.ts'
import type { GatherParts, GatherStore } from './gather.ts'
import { lastDueMs, nextDueMs } from './instants.ts'
import { type MakeAsk, Maker } from './maker.ts'
import type { FileRecord, FileState } from './record.ts'
import { givenUp, isClosed, nextStep, resent, troubled } from './steps.ts'
import type { Template } from './template.ts'

/** A run that could not be made is tried again after this. */
const RETRY_MAKE_MS = 60_000
const REFUSED_ORDERS_MAX = 20

export type AdapterStore = GatherStore & Pick<Store, 'keepStatement'>

export interface AdapterOptions extends Omit<GatherParts, 'store'> {
  readonly store: AdapterStore
  readonly template: Template
  readonly folder: AdapterFolder
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly lookMs: number
  /** Something was said to the journal. */
  readonly onJournaled?: () => void
}

/** How it stands, for metrics. */
export interface AdapterReport {
  readonly files: Readonly<Partial<Record<FileState, number>>>
  /** Files and runs that need a person. */
  readonly troubles: number
  /** When the oldest file was made that is not delivered or not answered; `null`: there is none. */
  readonly oldestOpenMs: number | null
}

interface Problem {
  readonly code: string
  readonly sentence: string
}

export class Adapter implements Service {
  readonly id = 'adapter'
  readonly #options: AdapterOptions
  readonly #log: Logger
  readonly #maker: Maker
  readonly #courier: Courier
  readonly #rounds: Rounds
  #book: FileBook | null = null
  #sinceMs = 0
  #isStopping = false
  readonly #retryAtMs = new Map<CodeUse, number>()
  readonly #problems = new Map<string, Problem>()
  readonly #refusedOrders = new Map<string, string>()
  #statusText = ''

  constructor(options: AdapterOptions) {
    const { clock, folder, lookMs, random, template } = options
    this.#options = options
    this.#log = options.log.child({ component: 'adapter' })
    this.#maker = new Maker(options)
    this.#courier = new Courier({ template, folder, clock, random, log: this.#log })
    this.#rounds = new Rounds({
      clock,
      intervalMs: lookMs,
      round: () => this.#guardedRound(),
      onFailure: (error) =>
        this.#log.error({ code: error.code, reason: error.message }, 'the node is not served'),
    })
  }

  run(): Promise<void> {
    return this.#rounds.run()
  }

  stop(): Promise<void> {
    this.#isStopping = true
    this.#courier.stop()
    return this.#rounds.stop()
  }

  /** One look at all there is to do. */
  async once(): Promise<void> {
    await this.#rounds.once()
  }

  report(): AdapterReport {
    const records = this.#book?.all() ?? []
    const files: Partial<Record<FileState, number>> = {}
    for (const { state } of records) files[state] = (files[state] ?? 0) + 1
    const open = records.find(({ state }) => state === 'made' || state === 'delivered')
    return {
      files,
      troubles: troubled(records).length + this.#problems.size,
      oldestOpenMs: open?.madeAtMs ?? null,
    }
  }

  /** A disk that fails is a trouble of its own, until a round has gone well. */
  async #guardedRound(): Promise<boolean> {
    try {
      await this.#round()
      this.#problems.delete('round')
    } catch (error) {
      this.#problems.set('round', { code: errorCode(error), sentence: errorSentence(error) })
      throw error
    }
    return false
  }

  async #round(): Promise<void> {
    const book = this.#opened()
    await this.#takeOrders(book)
    for (const use of CODE_USES) await this.#runDue(book, use)
    this.#takeReceipts(book)
    for (const { number } of book.all()) await this.#decide(book, number)
    await this.#journal(book)
    await this.#deliver(book)
    await this.#journal(book)
    this.#prune(book)
    this.#writeStatus(book)
  }

  #opened(): FileBook {
    if (this.#book === null) {
      const book = new FileBook(this.#options.folder)
      this.#sinceMs = this.#options.folder.since(this.#options.clock.wallMs())
      this.#book = book
    }
    return this.#book
  }

  async #takeOrders(book: FileBook): Promise<void> {
    const { folder } = this.#options
    for (const order of folder.orders()) {
      if (!isCarriedOut(book, order)) {
        try {
          await this.#carryOut(book, order)
        } catch (error) {
          if (!(error instanceof AppError)) throw error
          this.#refuseOrder(book, order.id, error)
        }
      }
      folder.removeOrder(order.id)
    }
  }

  /** Whoever asked looks for it at once; the last few are enough. */
  #refuseOrder(book: FileBook, id: string, { code, message }: AppError): void {
    this.#refusedOrders.set(id, `${code}: ${message}`)
    for (const old of [...this.#refusedOrders.keys()].slice(0, -REFUSED_ORDERS_MAX)) {
      this.#refusedOrders.delete(old)
    }
    this.#writeStatus(book)
  }

  async #carryOut(book: FileBook, { id, text }: Order): Promise<void> {
    const nowMs = this.#options.clock.wallMs()
    if ('run' in text) {
      const delayMs = this.#options.template.runs[text.run]?.delayMs ?? 0
      await this.#maker.make(book, {
        ...{ use: text.run, cause: 'order', order: id, dueMs: null },
        ...{ asOfMs: nowMs - delayMs, resendOf: null, attempt: 0, only: null },
      })
      return
    }
    const record = book.find(text.resend)
    if (record === null) throw new AppError('not_found', `there is no file number ${text.resend}`)
    if (record.state === 'partly' || record.state === 'rejected') {
      await this.#makeAnew(book, record, id)
    } else {
      book.save(resent(record, { reason: 'order', order: id }, nowMs))
    }
  }

  /** Of several that were missed the last one is made: values of the others are past. */
  async #runDue(book: FileBook, use: CodeUse): Promise<void> {
    const { clock, template } = this.#options
    const run = template.runs[use]
    const nowMs = clock.wallMs()
    if (run === undefined || run.schedule === null) return
    if ((this.#retryAtMs.get(use) ?? nowMs) > nowMs) return
    const dueMs = lastDueMs(run.schedule, template.timeZone, nowMs - run.delayMs)
    const doneMs = Math.max(
      this.#sinceMs,
      ...book.all().map((record) => (record.use === use ? (record.dueMs ?? 0) : 0)),
    )
    if (dueMs <= doneMs) return
    await this.#tryMake(book, use, {
      ...{ use, cause: 'schedule', order: null, dueMs, asOfMs: dueMs },
      ...{ resendOf: null, attempt: 0, only: null },
    })
  }

  async #tryMake(book: FileBook, use: CodeUse, ask: MakeAsk): Promise<void> {
    try {
      const record = await this.#maker.make(book, ask)
      this.#problems.delete(use)
      this.#retryAtMs.delete(use)
      this.#log.info({ file: record?.name, rows: record?.rows, use }, 'a file was made')
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#problems.set(use, { code: error.code, sentence: error.message })
      this.#retryAtMs.set(use, this.#options.clock.wallMs() + RETRY_MAKE_MS)
      this.#log.error({ use, code: error.code, reason: error.message }, 'a run could not be made')
    }
  }

  #takeReceipts(book: FileBook): void {
    try {
      for (const record of this.#courier.receipts(book.all())) book.save(record)
      this.#problems.delete('receipts')
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#problems.set('receipts', { code: error.code, sentence: error.message })
    }
  }

  async #decide(book: FileBook, number: number): Promise<void> {
    const { clock, template } = this.#options
    const record = book.find(number)
    if (record === null) return
    const nowMs = clock.wallMs()
    switch (nextStep(record, template, nowMs)) {
      case 'resend':
        return book.save(resent(record, { reason: 'no receipt' }, nowMs))
      case 'give_up':
        return book.save(givenUp(record, nowMs))
      case 'make_anew': {
        if ((this.#retryAtMs.get(record.use) ?? nowMs) > nowMs) return
        try {
          return await this.#makeAnew(book, record, null)
        } catch (error) {
          if (!(error instanceof AppError)) throw error
          this.#retryAtMs.set(record.use, nowMs + RETRY_MAKE_MS)
          const problem = { code: error.code, sentence: error.message }
          return book.save({ ...record, problem })
        }
      }
      default:
        return
    }
  }

  /** Rejected rows as they are mapped now: a dictionary may have been mended since. */
  async #makeAnew(book: FileBook, record: FileRecord, order: string | null): Promise<void> {
    const hasOne = book.all().some(({ resendOf }) => resendOf === record.number)
    // A process was killed between the new file and its mark on the old one; an order is another.
    if (!hasOne || order !== null) {
      await this.#maker.make(book, {
        ...{ use: record.use, cause: 'rejected_rows', order, dueMs: null },
        ...{ asOfMs: record.asOfMs, resendOf: record.number, attempt: record.attempt + 1 },
        only: this.#rejectedIn(record),
      })
    }
    book.save({ ...record, isRowsDone: true })
  }

  /** `null`: all of them. */
  #rejectedIn(record: FileRecord): ReadonlySet<string> | null {
    const { receipt } = record
    if (receipt === null || receipt.rejected.length === 0) return null
    if (receipt.rejected.length < receipt.rejectedRows) return null
    const rejected = new Set(receipt.rejected.map(({ key }) => key))
    const keys = this.#options.folder.readKeys(record)
    return new Set(keys.filter(({ key }) => rejected.has(key)).map(({ identity }) => identity))
  }

  async #journal(book: FileBook): Promise<void> {
    let hasTold = false
    for (const record of book.all()) {
      if (record.journaled === record.events.length) continue
      hasTold = (await book.journal(record, this.#options.store)) || hasTold
    }
    if (hasTold) this.#options.onJournaled?.()
  }

  /** In the order of their numbers; a way that is closed is not tried for each of them. */
  async #deliver(book: FileBook): Promise<void> {
    const { clock, template } = this.#options
    for (const record of book.all()) {
      if (this.#isStopping) return
      if (nextStep(record, template, clock.wallMs()) !== 'deliver') continue
      const next = await this.#courier.deliver(record)
      book.save(next)
      if (next.state === 'made') return
    }
  }

  /** The last one stays: the next number follows it. So does the last of each use's schedule. */
  #prune(book: FileBook): void {
    const { clock, template } = this.#options
    const records = book.all()
    const last = new Set<FileRecord | undefined>([
      records.at(-1),
      ...CODE_USES.map((use) => records.findLast((one) => one.use === use && one.dueMs !== null)),
    ])
    const beforeMs = clock.wallMs() - template.keepMs
    for (const record of records) {
      if (record.madeAtMs >= beforeMs || last.has(record) || !isClosed(record, template)) continue
      book.remove(record)
    }
  }

  #writeStatus(book: FileBook): void {
    const { clock, folder, template } = this.#options
    const nowMs = clock.wallMs()
    const due = CODE_USES.map((use): readonly [string, number | null] => {
      const schedule = template.runs[use]?.schedule ?? null
      const afterMs = nowMs - (template.runs[use]?.delayMs ?? 0)
      return [use, schedule === null ? null : nextDueMs(schedule, template.timeZone, afterMs)]
    })
    const status: Omit<AdapterStatus, 'at_ms'> = {
      template: template.id,
      next_due_ms: Object.fromEntries(due),
      problems: Object.fromEntries(this.#problems),
      refused_orders: Object.fromEntries(this.#refusedOrders),
    }
    const text = JSON.stringify([status, book.last()?.number])
    if (text === this.#statusText) return
    folder.writeStatus({ at_ms: nowMs, ...status })
    this.#statusText = text
  }
}

/** A process was killed between carrying it out and taking it away. */
function isCarriedOut(book: FileBook, { id }: Order): boolean {
  return book
    .all()
    .some(({ events, order }) => order === id || events.some(({ facts }) => facts.order === id))
}
