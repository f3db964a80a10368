/**
 * Reads and checks a bundle (format.ts). The whole file is read once before any of it is given out:
 * what is taken in has been signed. Memory stays within a page of records, however long the file is.
 */
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import {
  AppError,
  assert,
  errorSentence,
  isAlgorithmAvailable,
  parseJson,
  RECORD_BYTES_MAX,
  verify,
} from '@yiben/shared'
import {
  BUNDLE_FORMAT,
  type BundleHeader,
  type BundleTrailer,
  FIRST_LINE,
  HEADER_BYTES_MAX,
  headerSchema,
  LENGTH_BYTES,
  signedBytes,
  TRAILER_BYTES_MAX,
  trailerSchema,
} from './format.ts'

const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

/** `truncated`: the file ends early, as a copy that was interrupted does. */
export type BundleFault =
  | 'no_bundle'
  | 'format_newer'
  | 'algorithm_unknown'
  | 'truncated'
  | 'damaged'
  | 'signature_wrong'

export type BundleResult =
  | { readonly status: 'ok'; readonly bundle: Bundle }
  | { readonly status: 'refused'; readonly fault: BundleFault; readonly sentence: string }

export interface Bundle {
  readonly header: BundleHeader
  /** What the next bundle names as the one before, hex. */
  readonly hash: string
  readonly recordCount: number
  /** The records in their order; `verification_failed` when the file is not the one that was checked. */
  pages(recordsMax: number): AsyncGenerator<readonly Uint8Array[]>
  close(): Promise<void>
}

/** Throws `config_unreadable` for a file that cannot be opened; the caller closes the bundle. */
export async function readBundle(path: string): Promise<BundleResult> {
  const file = await openFile(path)
  try {
    const { hash, header, trailer } = await checkedOf(file)
    return {
      status: 'ok',
      bundle: {
        header,
        hash,
        recordCount: trailer.records,
        pages: (recordsMax) => pagesOf(file, hash, recordsMax),
        close: () => file.close(),
      },
    }
  } catch (error) {
    await file.close()
    if (!(error instanceof Refusal)) throw error
    return { status: 'refused', fault: error.fault, sentence: error.message }
  }
}

/** What is wrong with the file; never leaves this one as an exception. */
class Refusal extends Error {
  readonly fault: BundleFault

  constructor(fault: BundleFault, sentence: string) {
    super(sentence)
    this.fault = fault
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    const sentence = `the bundle ${path} cannot be read: ${errorSentence(error)}`
    throw new AppError('config_unreadable', sentence, { cause: error })
  }
}

interface Checked {
  readonly header: BundleHeader
  readonly trailer: BundleTrailer
  readonly hash: string
}

async function checkedOf(file: FileHandle): Promise<Checked> {
  const bytes = new FileBytes(file)
  const header = await headerOf(bytes)
  let records = 0
  while ((await recordOf(bytes)) !== null) records += 1
  const hash = bytes.hashSoFar()
  const trailer = await trailerOf(bytes)
  if (trailer.records !== records || trailer.sha256 !== hash) {
    throw new Refusal('damaged', 'the bundle holds other bytes than were written into it')
  }
  if (!isSignedBy(header, trailer)) {
    throw new Refusal('signature_wrong', 'the bundle is not signed with the key that it names')
  }
  return { header, trailer, hash }
}

async function headerOf(bytes: FileBytes): Promise<BundleHeader> {
  const first = await bytes.line(FIRST_LINE.length)
  if (first !== FIRST_LINE) {
    throw new Refusal('no_bundle', 'the file does not begin as a bundle does')
  }
  const line = await bytes.line(HEADER_BYTES_MAX)
  if (line === null) throw truncated()
  const told = parseJson(line)
  const format = typeof told === 'object' && told !== null && 'format' in told ? told.format : null
  if (typeof format === 'number' && format > BUNDLE_FORMAT) {
    const sentence = `the bundle has format ${format}; this program knows ${BUNDLE_FORMAT}: upgrade it`
    throw new Refusal('format_newer', sentence)
  }
  const parsed = headerSchema.safeParse(told)
  if (!parsed.success) throw new Refusal('damaged', 'the header of the bundle is unreadable')
  if (!isAlgorithmAvailable(parsed.data.algorithm)) {
    const sentence = `the bundle is signed with algorithm ${parsed.data.algorithm}, which is not known here`
    throw new Refusal('algorithm_unknown', sentence)
  }
  return parsed.data
}

async function recordOf(bytes: FileBytes): Promise<Uint8Array | null> {
  const length = (await bytes.take(LENGTH_BYTES))?.readUInt32BE() ?? null
  if (length === null) throw truncated()
  if (length === 0) return null
  if (length > RECORD_BYTES_MAX) {
    throw new Refusal('damaged', `a record of the bundle has ${length} bytes`)
  }
  const record = await bytes.take(length)
  if (record === null) throw truncated()
  return record
}

async function trailerOf(bytes: FileBytes): Promise<BundleTrailer> {
  const line = await bytes.line(TRAILER_BYTES_MAX)
  if (line === null) throw truncated()
  const parsed = trailerSchema.safeParse(parseJson(line))
  if (!parsed.success || (await bytes.take(1)) !== null) {
    throw new Refusal('damaged', 'the end of the bundle is unreadable')
  }
  return parsed.data
}

function isSignedBy(header: BundleHeader, trailer: BundleTrailer): boolean {
  const key = { algorithm: header.algorithm, publicKey: header.origin }
  const hash = Buffer.from(trailer.sha256, 'hex')
  return verify(key, signedBytes(hash), Buffer.from(trailer.signature, 'hex'))
}

async function* pagesOf(file: FileHandle, hash: string, recordsMax: number) {
  assert(recordsMax > 0, 'a page holds records')
  const bytes = new FileBytes(file)
  await bytes.line(FIRST_LINE.length)
  await bytes.line(HEADER_BYTES_MAX)
  let page: Uint8Array[] = []
  for (;;) {
    const record = await againOf(bytes)
    if (record === null) break
    page.push(new Uint8Array(record))
    if (page.length < recordsMax) continue
    yield page
    page = []
  }
  if (bytes.hashSoFar() !== hash) throw changed()
  if (page.length > 0) yield page
}

async function againOf(bytes: FileBytes): Promise<Uint8Array | null> {
  try {
    return await recordOf(bytes)
  } catch (error) {
    if (error instanceof Refusal) throw changed()
    throw error
  }
}

function truncated(): Refusal {
  return new Refusal('truncated', 'the bundle ends early: copy it again')
}

function changed(): AppError {
  return new AppError('verification_failed', 'the bundle has changed while it was taken in')
}

/** A file from its beginning, hashed as it is read. */
class FileBytes {
  readonly #file: FileHandle
  readonly #hash: Hash = createHash('sha256')
  #ahead: Buffer = Buffer.alloc(0)
  #position = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** Exactly so many; `null` where the file ends before. */
  async take(length: number): Promise<Buffer | null> {
    if (!(await this.#fill(length))) return null
    return this.#use(length)
  }

  /** With its end; `null` where it is longer, or the file ends before. */
  async line(bytesMax: number): Promise<string | null> {
    let end = this.#ahead.indexOf(NEWLINE)
    for (
      let wanted = 1;
      end < 0 && this.#ahead.length < bytesMax;
      wanted = this.#ahead.length + 1
    ) {
      if (!(await this.#fill(wanted))) return null
      end = this.#ahead.indexOf(NEWLINE)
    }
    if (end < 0 || end >= bytesMax) return null
    return this.#use(end + 1).toString('utf8')
  }

  hashSoFar(): string {
    return this.#hash.copy().digest('hex')
  }

  #use(length: number): Buffer {
    const used = this.#ahead.subarray(0, length)
    this.#hash.update(used)
    this.#ahead = this.#ahead.subarray(length)
    return used
  }

  async #fill(length: number): Promise<boolean> {
    while (this.#ahead.length < length) {
      const chunk = Buffer.alloc(CHUNK_BYTES)
      const { bytesRead } = await this.#file.read(chunk, 0, CHUNK_BYTES, this.#position)
      if (bytesRead === 0) return false
      this.#position += bytesRead
      this.#ahead = Buffer.concat([this.#ahead, chunk.subarray(0, bytesRead)])
    }
    return true
  }
}
