/**
 * The folder `adapter` of a data folder: records of files, their bytes, orders of commands. A record
 * is there whole or not at all, and only one can be there under a number: whoever makes it has made
 * the file. Bytes without a record are nobody's, and go.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import {
  AppError,
  errorSentence,
  parseJson,
  readIfThere,
  syncFolder,
  writeWhole,
} from '@yiben/shared'
import { z } from 'zod'
import { CODE_USES } from '../model/issued-code.ts'
import { type FileRecord, recordSchema } from './record.ts'

const FOLDER = 'adapter'
const RECORDS = 'records'
const BODIES = 'bodies'
const ORDERS = 'orders'
const STATUS_FILE = 'status.json'
const SINCE_FILE = 'since.json'
const MODE_OWNER_ONLY = 0o600
const RECORD_NAME = /^(\d{12})\.json$/
const ORDER_NAME = /^([0-9a-f]{16})\.json$/

const keysSchema = z.array(z.object({ identity: z.string(), key: z.string() }))
export type Keys = Readonly<z.infer<typeof keysSchema>>

const orderSchema = z.union([
  z.object({ run: z.enum(CODE_USES) }),
  z.object({ resend: z.number().int().min(1) }),
])
export type OrderText = Readonly<z.infer<typeof orderSchema>>
export interface Order {
  readonly id: string
  readonly text: OrderText
}

const statusSchema = z.object({
  at_ms: z.number(),
  template: z.string(),
  next_due_ms: z.record(z.string(), z.number().nullable()),
  /** Why runs cannot be made, by use. */
  problems: z.record(z.string(), z.object({ code: z.string(), sentence: z.string() })),
  refused_orders: z.record(z.string(), z.string()),
})
export type AdapterStatus = Readonly<z.infer<typeof statusSchema>>

export class AdapterFolder {
  readonly #path: string

  constructor(dataDir: string) {
    this.#path = join(dataDir, FOLDER)
  }

  /** Makes what is missing. */
  open(): void {
    try {
      for (const part of [RECORDS, BODIES, ORDERS]) {
        mkdirSync(join(this.#path, part), { recursive: true, mode: 0o700 })
      }
    } catch (error) {
      throw diskError(this.#path, error)
    }
  }

  /** In the order of their numbers. Throws `disk_failed` for one that is unreadable. */
  records(): readonly FileRecord[] {
    return this.#list(RECORDS)
      .filter((name) => RECORD_NAME.test(name))
      .sort()
      .flatMap((name) => {
        const path = join(this.#path, RECORDS, name)
        const text = readIfThere(path)
        // Pruned meanwhile, where a command reads beside the serving process.
        return text === null ? [] : [recordOf(path, text)]
      })
  }

  /** `false`: another one has this number already. Durable, with its bytes, when it returns. */
  create(record: FileRecord, bytes: Uint8Array, keys: Keys): boolean {
    const path = this.#recordPath(record.number)
    const draft = `${path}.draft`
    this.#guarded(() => {
      writeSynced(this.#bodyPath(record), bytes)
      writeSynced(this.#keysPath(record), Buffer.from(JSON.stringify(keys)))
      syncFolder(join(this.#path, BODIES))
      writeSynced(draft, Buffer.from(recordText(record)))
    })
    try {
      linkSync(draft, path)
    } catch (error) {
      if (isCode(error, 'EEXIST')) return false
      throw diskError(path, error)
    } finally {
      rmSync(draft, { force: true })
    }
    this.#guarded(() => syncFolder(dirname(path)))
    return true
  }

  save(record: FileRecord): void {
    writeWhole(this.#recordPath(record.number), recordText(record))
  }

  /** Throws `disk_failed` where the bytes are gone, or are not those that were made. */
  readBody(record: FileRecord): Buffer {
    const bytes = this.#guarded(() => readFileSync(this.#bodyPath(record)))
    if (createHash('sha256').update(bytes).digest('hex') === record.sha256) return bytes
    throw new AppError(
      'disk_failed',
      `the bytes kept of ${record.name} are not those it was made of`,
    )
  }

  readKeys(record: FileRecord): Keys {
    const parsed = keysSchema.safeParse(parseJson(readIfThere(this.#keysPath(record)) ?? ''))
    if (parsed.success) return parsed.data
    throw new AppError('disk_failed', `the rows kept of ${record.name} cannot be read`)
  }

  /** The record goes first: bytes without one are nobody's. */
  remove(record: FileRecord): void {
    rmSync(this.#recordPath(record.number), { force: true })
    rmSync(this.#bodyPath(record), { force: true })
    rmSync(this.#keysPath(record), { force: true })
  }

  /** What a process that was killed has left behind. */
  sweep(records: readonly FileRecord[]): void {
    const known = new Set(records.flatMap((one) => [`${stem(one)}.body`, `${stem(one)}.keys`]))
    for (const name of this.#list(BODIES)) {
      if (!known.has(name)) rmSync(join(this.#path, BODIES, name), { force: true })
    }
    for (const name of this.#list(RECORDS)) {
      if (!RECORD_NAME.test(name)) rmSync(join(this.#path, RECORDS, name), { force: true })
    }
  }

  /** From when on runs are due here; kept from the first time on. */
  since(nowMs: number): number {
    const path = join(this.#path, SINCE_FILE)
    const parsed = z.object({ since_ms: z.number() }).safeParse(parseJson(readIfThere(path) ?? ''))
    if (parsed.success) return parsed.data.since_ms
    writeWhole(path, `${JSON.stringify({ since_ms: nowMs })}\n`)
    return nowMs
  }

  writeOrder(order: Order): void {
    writeWhole(this.#orderPath(order.id), `${JSON.stringify(order.text)}\n`)
  }

  /** `false`: it was carried out, or taken back, before. */
  removeOrder(id: string): boolean {
    try {
      rmSync(this.#orderPath(id))
      return true
    } catch (error) {
      if (isCode(error, 'ENOENT')) return false
      throw diskError(this.#orderPath(id), error)
    }
  }

  /** What is no order is taken away. */
  orders(): readonly Order[] {
    return this.#list(ORDERS)
      .sort()
      .flatMap((name) => {
        const [, id] = ORDER_NAME.exec(name) ?? []
        if (id === undefined) return []
        const text = readIfThere(join(this.#path, ORDERS, name))
        if (text === null) return []
        const parsed = orderSchema.safeParse(parseJson(text))
        if (parsed.success) return [{ id, text: parsed.data }]
        this.removeOrder(id)
        return []
      })
  }

  /** `null` where nobody has written one. */
  readStatus(): AdapterStatus | null {
    const text = readIfThere(join(this.#path, STATUS_FILE)) ?? ''
    const parsed = statusSchema.safeParse(parseJson(text))
    return parsed.success ? parsed.data : null
  }

  writeStatus(status: AdapterStatus): void {
    writeWhole(join(this.#path, STATUS_FILE), `${JSON.stringify(status)}\n`)
  }

  #list(part: string): string[] {
    try {
      return readdirSync(join(this.#path, part))
    } catch (error) {
      if (isCode(error, 'ENOENT')) return []
      throw diskError(join(this.#path, part), error)
    }
  }

  #recordPath(number: number): string {
    return join(this.#path, RECORDS, `${numberText(number)}.json`)
  }

  #orderPath(id: string): string {
    return join(this.#path, ORDERS, `${id}.json`)
  }

  #bodyPath(record: FileRecord): string {
    return join(this.#path, BODIES, `${stem(record)}.body`)
  }

  #keysPath(record: FileRecord): string {
    return join(this.#path, BODIES, `${stem(record)}.keys`)
  }

  #guarded<Result>(use: () => Result): Result {
    try {
      return use()
    } catch (error) {
      throw diskError(this.#path, error)
    }
  }
}

/** Whole under its name, or not there: whoever takes files away must not find half of one. */
export function putOutgoing(folder: string, name: string, bytes: Uint8Array): void {
  const path = join(folder, name)
  const draft = join(folder, `.${name}.part`)
  try {
    writeSynced(draft, bytes, MODE_GROUP_READS)
    renameSync(draft, path)
    syncFolder(folder)
  } catch (error) {
    throw diskError(path, error)
  }
}

/** Whoever carries files on need not be the collector's own user. */
const MODE_GROUP_READS = 0o640

function writeSynced(path: string, bytes: Uint8Array, mode = MODE_OWNER_ONLY): void {
  const file = openSync(path, 'w', mode)
  try {
    writeFileSync(file, bytes)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function numberText(number: number): string {
  return String(number).padStart(12, '0')
}

/** Two files may hold the same bytes. */
function stem({ number, sha256 }: FileRecord): string {
  return `${numberText(number)}-${sha256}`
}

function recordText(record: FileRecord): string {
  return `${JSON.stringify(record)}\n`
}

function recordOf(path: string, text: string): FileRecord {
  const parsed = recordSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const field = parsed.error.issues[0]?.path.join('.') ?? ''
  throw new AppError('disk_failed', `the record ${path} is unreadable at "${field}"`)
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function diskError(path: string, error: unknown): AppError {
  const isFull = isCode(error, 'ENOSPC') || isCode(error, 'EDQUOT')
  const sentence = `${path} cannot be written or read: ${errorSentence(error)}`
  return new AppError(isFull ? 'disk_full' : 'disk_failed', sentence, { cause: error })
}
