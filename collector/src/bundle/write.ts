/** Writes a bundle (format.ts) record by record; what is not finished is no bundle. */
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import {
  AppError,
  assert,
  errorSentence,
  type KeyPair,
  RECORD_BYTES_MAX,
  sign,
} from '@yiben/shared'
import { type BundleHeader, FIRST_LINE, LENGTH_BYTES, signedBytes } from './format.ts'

const MODE_OWNER_ONLY = 0o600

export interface WrittenBundle {
  /** Hex. */
  readonly hash: string
  readonly records: number
}

export class BundleWriter {
  readonly #path: string
  readonly #file: FileHandle
  readonly #hash: Hash = createHash('sha256')
  #records = 0

  /** Throws `disk_full` or `disk_failed`; so do the others. */
  static async create(path: string, header: BundleHeader): Promise<BundleWriter> {
    const file = await attempt(path, () => open(path, 'w', MODE_OWNER_ONLY))
    const writer = new BundleWriter(path, file)
    await writer.#write(Buffer.from(`${FIRST_LINE}${JSON.stringify(header)}\n`))
    return writer
  }

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  async add(records: readonly Uint8Array[]): Promise<void> {
    const pieces = records.flatMap((record) => {
      assert(
        record.length > 0 && record.length <= RECORD_BYTES_MAX,
        'a record of a bundle is of bounded length',
      )
      return [lengthBytes(record.length), record]
    })
    this.#records += records.length
    await this.#write(Buffer.concat(pieces))
  }

  /** Durable when it resolves, under the name it was created with. */
  async finish(keys: KeyPair): Promise<WrittenBundle> {
    await this.#write(lengthBytes(0))
    const hash = this.#hash.digest()
    const trailer = {
      records: this.#records,
      sha256: hash.toString('hex'),
      signature: Buffer.from(sign(keys, signedBytes(hash))).toString('hex'),
    }
    await attempt(this.#path, async () => {
      await this.#file.appendFile(`${JSON.stringify(trailer)}\n`)
      await this.#file.sync()
      await this.#file.close()
    })
    return { hash: trailer.sha256, records: this.#records }
  }

  /** Leaves nothing of it. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => {})
    await rm(this.#path, { force: true })
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes)
    await attempt(this.#path, () => this.#file.appendFile(bytes))
  }
}

function lengthBytes(length: number): Buffer {
  const bytes = Buffer.alloc(LENGTH_BYTES)
  bytes.writeUInt32BE(length)
  return bytes
}

async function attempt<Result>(path: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
    const sentence = `the bundle ${path} could not be written: ${errorSentence(error)}`
    throw new AppError(isFull ? 'disk_full' : 'disk_failed', sentence, { cause: error })
  }
}
