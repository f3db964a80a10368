/**
 * The agent's folder on disk (default /var/lib/yiben): the node's key, what enrollment gave, the
 * spool, the leases. Owned by the user the agent runs as and by nobody else.
 *
 * Promises: the key is made once and replaced only by one that the collector takes; a file is written whole (temporary
 * file, fsync, rename, fsync of the folder) or not at all; a key that others may read stops the
 * program with `state_insecure`: who can copy it can be this node.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  AppError,
  errorSentence,
  type KeyPair,
  parseJson,
  type Random,
  readIfThere,
  readKeyFile,
  readOrCreateKeyFile,
  syncFolder,
  writeWhole,
} from '@yiben/shared'
import * as z from 'zod/mini'
import { FINGERPRINT_SOURCES } from './identity.ts'

const KEY_FILE = 'node-key'
const ENROLLMENT_FILE = 'enrollment.json'
const LEASES_FILE = 'leases.json'
const TRUST_FILE = 'trust.json'
const NEXT_KEY_PREFIX = `${KEY_FILE}.next-`
const PREVIOUS_KEY_FILE = `${KEY_FILE}.previous`
/** What was put aside last; kept for whoever wants to look. */
export const ASIDE_FOLDER = 'copied'

const enrollmentSchema = z.object({
  nodeId: z.string().check(z.minLength(1)),
  collectorUrl: z.string(),
  collector: z.object({ algorithm: z.int(), publicKey: z.string() }),
  identityKey: z.object({ number: z.int(), key: z.string() }),
  fingerprintSource: z.nullable(z.enum(FINGERPRINT_SOURCES)),
  /** The token it was enrolled with, so that a retry is told from a new enrollment. */
  tokenId: z.string(),
})

export type Enrollment = Readonly<z.infer<typeof enrollmentSchema>>

const trustSchema = z.object({
  /** As the collector counts them; 0: what enrollment gave. */
  version: z.int(),
  /** A token or a person has named whom to trust: the system's authorities are nobody. */
  isPinned: z.boolean(),
  /** Certificates of authorities, PEM. */
  roots: z.array(z.string()),
})

export type Trust = Readonly<z.infer<typeof trustSchema>>

export class StateDir {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** To read what is there; makes nothing. */
  static at(path: string): StateDir {
    return new StateDir(path)
  }

  /** Makes the folder where it is missing. Throws `disk_failed`. */
  static create(path: string): StateDir {
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 })
    } catch (error) {
      throw new AppError('disk_failed', `The state folder ${path} cannot be made.`, {
        cause: error,
        fields: { path, reason: errorSentence(error) },
      })
    }
    return new StateDir(path)
  }

  /** `null` before the first enrollment. */
  readKey(): KeyPair | null {
    return readKeyFile(this.#keyFile())
  }

  /** Made once: a key that is there stays. */
  readOrCreateKey(random: Random): KeyPair {
    return readOrCreateKeyFile(this.#keyFile(), random)
  }

  /** Made once for each change of the key, which its nonce names. */
  readOrCreateNextKey(nonce: string, random: Random): KeyPair {
    return readOrCreateKeyFile(this.#keyFile(NEXT_KEY_PREFIX + nonce), random)
  }

  /** The next key is in force, the one before kept beside it. */
  takeNextKey(nonce: string): void {
    const before = readIfThere(join(this.path, KEY_FILE))
    if (before !== null) writeWhole(join(this.path, PREVIOUS_KEY_FILE), before)
    this.#rename(NEXT_KEY_PREFIX + nonce, KEY_FILE)
    for (const name of readdirSync(this.path)) {
      if (name.startsWith(NEXT_KEY_PREFIX)) rmSync(join(this.path, name), { force: true })
    }
  }

  readPreviousKey(): KeyPair | null {
    return readKeyFile(this.#keyFile(PREVIOUS_KEY_FILE))
  }

  /** The key before is in force again. */
  takePreviousKey(): void {
    this.#rename(PREVIOUS_KEY_FILE, KEY_FILE)
  }

  readEnrollment(): Enrollment | null {
    return this.#readJson(ENROLLMENT_FILE, 'enrollment', enrollmentSchema)
  }

  writeEnrollment(enrollment: Enrollment): void {
    const path = join(this.path, ENROLLMENT_FILE)
    writeWhole(path, `${JSON.stringify(enrollment, null, 2)}\n`)
  }

  /** `null`: enrolled before there was any. */
  readTrust(): Trust | null {
    return this.#readJson(TRUST_FILE, "list of the collector's authorities", trustSchema)
  }

  /** Durable when it returns. Throws `disk_full` or `disk_failed`, with what was there before kept. */
  writeTrust(trust: Trust): void {
    writeWhole(join(this.path, TRUST_FILE), `${JSON.stringify(trust, null, 2)}\n`)
  }

  /** As `writeLeases` was given it; `null`: nothing was ever lent here. */
  readLeases(): string | null {
    return readIfThere(join(this.path, LEASES_FILE))
  }

  /** Durable when it returns. Throws `disk_full` or `disk_failed`, with what was there before kept. */
  writeLeases(text: string): void {
    writeWhole(join(this.path, LEASES_FILE), text)
  }

  /** Makes room for a new node: key, enrollment and spool of the old one go to a folder beside. */
  setAside(): void {
    const aside = join(this.path, ASIDE_FOLDER)
    try {
      rmSync(aside, { recursive: true, force: true })
      mkdirSync(aside, { mode: 0o700 })
      for (const entry of readdirSync(this.path, { withFileTypes: true })) {
        if (entry.isFile()) renameSync(join(this.path, entry.name), join(aside, entry.name))
      }
      syncFolder(this.path)
    } catch (error) {
      throw new AppError('disk_failed', `The state in ${this.path} could not be put aside.`, {
        cause: error,
        fields: { path: this.path, reason: errorSentence(error) },
      })
    }
  }

  #keyFile(name = KEY_FILE) {
    return { path: join(this.path, name), whose: "the node's", remedy: 'enroll anew' }
  }

  #rename(from: string, to: string): void {
    try {
      renameSync(join(this.path, from), join(this.path, to))
      syncFolder(this.path)
    } catch (error) {
      const fields = { path: this.path, reason: errorSentence(error) }
      const sentence = `The key ${from} in ${this.path} could not be put in force.`
      throw new AppError('disk_failed', sentence, { cause: error, fields })
    }
  }

  #readJson<Schema extends z.ZodMiniType>(
    name: string,
    what: string,
    schema: Schema,
  ): z.infer<Schema> | null {
    const path = join(this.path, name)
    const text = readIfThere(path)
    if (text === null) return null
    const parsed = schema.safeParse(parseJson(text))
    if (!parsed.success) {
      const field = parsed.error.issues[0]?.path.join('.') ?? ''
      throw new AppError('disk_failed', `The ${what} ${path} is unreadable at "${field}".`)
    }
    return parsed.data
  }
}
