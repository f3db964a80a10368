/** Carries files out, by folder, HTTP or both, and receipts in. A file goes at least once. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  AppError,
  backoffDelayMs,
  type Clock,
  errorCode,
  errorSentence,
  type Logger,
  type Random,
} from '@yiben/shared'
import { type AdapterFolder, putOutgoing } from './folder.ts'
import { type HttpAnswer, sendFile } from './http.ts'
import { receiptOf } from './receipts.ts'
import { type FileRecord, type Receipt, withEvent } from './record.ts'
import { answered, delivered } from './steps.ts'
import type { HttpTemplate, Template } from './template.ts'

/** Full jitter; a node that was away for a day is found again within ten minutes. */
const RETRY = { firstMs: 10_000, maxMs: 600_000 } as const
const RETRY_MS_MIN = 1_000
/** Statuses that pass by themselves. */
const PASSING = new Set([408, 425, 429])

export interface CourierOptions {
  readonly template: Template
  readonly folder: AdapterFolder
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export class Courier {
  readonly #options: CourierOptions
  readonly #stopping = new AbortController()
  /** Receipts that were looked at and not understood, as they lay there. */
  readonly #unread = new Map<string, string>()

  constructor(options: CourierOptions) {
    this.#options = options
  }

  /** What is on its way is given up, and begun again by the next process. */
  stop(): void {
    this.#stopping.abort()
  }

  /** The record as it stands afterwards. */
  async deliver(record: FileRecord): Promise<FileRecord> {
    const { clock, folder, log, template } = this.#options
    let next = record
    try {
      const bytes = folder.readBody(record)
      const { folder: outgoing, http } = template.deliver
      if (outgoing !== null && next.folderAtMs === null) {
        putOutgoing(outgoing, record.name, bytes)
        next = { ...next, folderAtMs: clock.wallMs() }
      }
      if (http === null || next.httpAtMs !== null) return delivered(next, template, clock.wallMs())
      return await this.#overHttp(next, http, bytes)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (this.#stopping.signal.aborted) return next
      log.warn(
        { file: record.name, code: error.code, reason: error.message, failures: next.failures + 1 },
        'a file could not be delivered',
      )
      return this.#failed(next, error)
    }
  }

  async #overHttp(record: FileRecord, http: HttpTemplate, bytes: Buffer): Promise<FileRecord> {
    const { clock, template } = this.#options
    const isCompressed = bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b
    const answer = await sendFile(
      http,
      { name: record.name, bytes, type: isCompressed ? 'application/gzip' : typeOf(template) },
      { clock, stopping: this.#stopping.signal },
    )
    const { status } = answer
    const isThere = (status >= 200 && status < 300) || http.already.includes(status)
    const isRefused = status >= 300 && status < 500 && !PASSING.has(status) && !isThere
    if (!isThere && !isRefused) {
      throw new AppError('connection_failed', `the node answers with status ${status}`)
    }
    const nowMs = clock.wallMs()
    const receipt = this.#receiptIn(record, answer, nowMs)
    // Nothing that is called a failure is taken for an acceptance.
    if (isRefused && (receipt === null || receipt.outcome === 'taken')) {
      const problem = { code: 'forbidden', sentence: `the node refuses it with status ${status}` }
      const refused: FileRecord = { ...record, state: 'refused', failures: 0, problem }
      const facts = { outcome: 'refused', status: String(status) }
      return withEvent(refused, 'adapter_file_answered', nowMs, facts)
    }
    const there = delivered({ ...record, httpAtMs: nowMs }, template, nowMs)
    return receipt === null ? there : answered(there, receipt)
  }

  #receiptIn(record: FileRecord, { body }: HttpAnswer, atMs: number): Receipt | null {
    const { log, template } = this.#options
    if (template.receipts?.from !== 'answer') return null
    try {
      return receiptOf(template.receipts, body, { keys: this.#keysOf(record), atMs, mark: '' })
    } catch (error) {
      if (errorCode(error) !== 'request_invalid') throw error
      log.warn({ file: record.name, reason: errorSentence(error) }, 'the answer is no receipt')
      return null
    }
  }

  #failed(record: FileRecord, { code, message }: AppError): FileRecord {
    const { clock, random } = this.#options
    const failures = record.failures + 1
    const delayMs = Math.max(RETRY_MS_MIN, backoffDelayMs(RETRY, failures, random.fraction()))
    return {
      ...record,
      failures,
      nextTryMs: clock.wallMs() + delayMs,
      problem: { code, sentence: message },
    }
  }

  /** Records that a receipt has come for, as they stand afterwards. Throws `disk_failed`. */
  receipts(records: readonly FileRecord[]): readonly FileRecord[] {
    const { clock, log, template } = this.#options
    const { receipts } = template
    if (receipts === null || receipts.from !== 'folder') return []
    const names = new Set(readNames(receipts.folder))
    return records.flatMap((record) => {
      const name = receipts.name.replaceAll('{name}', record.name)
      const path = join(receipts.folder, name)
      const mark = names.has(name) ? markOf(path) : null
      if (mark === null || mark === record.receipt?.mark || mark === this.#unread.get(name))
        return []
      try {
        const keys = this.#keysOf(record)
        const about = { keys, atMs: clock.wallMs(), mark }
        return [answered(record, receiptOf(receipts, readFileSync(path), about))]
      } catch (error) {
        // Perhaps half of it: it is read again as soon as it is another one.
        this.#unread.set(name, mark)
        log.warn({ receipt: name, reason: errorSentence(error) }, 'a receipt cannot be read')
        return []
      }
    })
  }

  #keysOf(record: FileRecord): ReadonlySet<string> {
    return new Set(this.#options.folder.readKeys(record).map(({ key }) => key))
  }
}

function typeOf({ file }: Template): string {
  return file.format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson'
}

function readNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    const sentence = `receipts.folder ${folder} cannot be read: ${errorSentence(error)}`
    throw new AppError('disk_failed', sentence, { cause: error })
  }
}

/** `null`: it was taken away meanwhile. */
function markOf(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? null : `${found.ino}-${found.size}-${found.mtimeMs}`
}
