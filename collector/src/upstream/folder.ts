/**
 * The folder `upstream` of a data folder: which parent this collector reports to, the spool of what
 * is on its way there, and how the link stood last. Gone, the collector reports to nobody.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  AppError,
  errorSentence,
  type FileSpool,
  type Logger,
  openFileSpool,
  parseJson,
  type Random,
  readIfThere,
  type Trust,
  writeWhole,
} from '@yiben/shared'
import { z } from 'zod'

const FOLDER = 'upstream'
const ENROLLMENT_FILE = 'enrollment.json'
const TRUST_FILE = 'trust.json'
const STATUS_FILE = 'status.json'

/**
 * Acknowledged records are given up before any that was not; of these the feeder never lets so many
 * come together that one would have to go.
 */
const SPOOL_BYTES_MAX = 256 * 1024 * 1024

const enrollmentSchema = z.object({
  /** What the parent calls it. */
  childId: z.string().min(1),
  name: z.string().min(1),
  url: z.string(),
  parent: z.object({ algorithm: z.number().int(), publicKey: z.string() }),
  tokenId: z.string(),
  /** PEM: as the token pinned it; `null`: it pinned none. */
  authority: z.string().nullable(),
})
export type Enrollment = Readonly<z.infer<typeof enrollmentSchema>>

const trustSchema = z.object({
  version: z.int(),
  isPinned: z.boolean(),
  roots: z.array(z.string()),
})

const statusSchema = z.object({
  at_ms: z.number(),
  link: z.string(),
  problem: z.object({ code: z.string(), sentence: z.string() }).nullable(),
  unacknowledged_records: z.number(),
  feed_entries: z.number().nullable(),
  lag_ms: z.number(),
  refused_records: z.number(),
  left_out_records: z.number(),
})
/** As the serving process has written it down. */
export type UpstreamNote = Readonly<z.infer<typeof statusSchema>>

export class UpstreamFolder {
  readonly #path: string

  constructor(dataDir: string) {
    this.#path = join(dataDir, FOLDER)
  }

  /** `null` where it reports to nobody. */
  readEnrollment(): Enrollment | null {
    const path = join(this.#path, ENROLLMENT_FILE)
    const text = readIfThere(path)
    if (text === null) return null
    const parsed = enrollmentSchema.safeParse(parseJson(text))
    if (parsed.success) return parsed.data
    const field = parsed.error.issues[0]?.path.join('.') ?? ''
    throw new AppError('disk_failed', `the enrollment ${path} is unreadable at "${field}"`)
  }

  /** What it pins is what counts, whatever was told before. */
  writeEnrollment(enrollment: Enrollment): void {
    rmSync(join(this.#path, TRUST_FILE), { force: true })
    writeWhole(join(this.#path, ENROLLMENT_FILE), `${JSON.stringify(enrollment, null, 2)}\n`)
  }

  /** As the parent has told it; `null`: nothing yet. */
  readTrust(): Trust | null {
    const path = join(this.#path, TRUST_FILE)
    const text = readIfThere(path)
    if (text === null) return null
    const parsed = trustSchema.safeParse(parseJson(text))
    if (parsed.success) return parsed.data
    throw new AppError('disk_failed', `${path} is unreadable: remove it, and enroll again`)
  }

  writeTrust(trust: Trust): void {
    writeWhole(join(this.#path, TRUST_FILE), `${JSON.stringify(trust, null, 2)}\n`)
  }

  /** `null` where nobody has written one, or it is unreadable. */
  readNote(): UpstreamNote | null {
    const parsed = statusSchema.safeParse(
      parseJson(readIfThere(join(this.#path, STATUS_FILE)) ?? ''),
    )
    return parsed.success ? parsed.data : null
  }

  writeNote(note: UpstreamNote): void {
    writeWhole(join(this.#path, STATUS_FILE), `${JSON.stringify(note)}\n`)
  }

  /** Made where it is missing. Throws `disk_locked` while another process has it open. */
  openSpool(random: Random, log: Logger): FileSpool {
    try {
      mkdirSync(this.#path, { recursive: true, mode: 0o700 })
    } catch (error) {
      const sentence = `the folder ${this.#path} cannot be made: ${errorSentence(error)}`
      throw new AppError('disk_failed', sentence, { cause: error })
    }
    return openFileSpool({
      directory: this.#path,
      random,
      log,
      limits: {
        bytesMax: SPOOL_BYTES_MAX,
        // Whatever is old has been told anew by then; what is not yet told is never given up.
        unackedAgeMsMax: Number.MAX_SAFE_INTEGER,
      },
    })
  }

  /** With all that was on its way. */
  remove(): void {
    rmSync(this.#path, { recursive: true, force: true })
  }
}
