/**
 * A program's own key on disk: suite and seed, made once, never replaced by itself. One that others
 * may read stops the program with `state_insecure`: who can copy it can be this program.
 */
import { statSync } from 'node:fs'
import { ALGORITHM_ED25519, type KeyPair, keyPairFromSeed, SEED_BYTES } from './algorithms.ts'
import { AppError } from './errors.ts'
import { parseJson } from './parse-json.ts'
import { readIfThere, writeWhole } from './whole-file.ts'
import type { Random } from './world.ts'

/** Group and others: read, write, execute. */
const MODE_OTHERS = 0o077
const SEED_HEX = new RegExp(`^[0-9a-f]{${SEED_BYTES * 2}}$`)

export interface KeyFile {
  readonly path: string
  /** As in "the node's key". */
  readonly whose: string
  /** What else to do where anybody could have copied it. */
  readonly remedy: string
}

/** `null` where there is none. Throws `state_insecure`, or `disk_failed` for one that is damaged. */
export function readKeyFile({ path, whose, remedy }: KeyFile): KeyPair | null {
  const text = readIfThere(path)
  if (text === null) return null
  if ((statSync(path).mode & MODE_OTHERS) !== 0) {
    throw new AppError(
      'state_insecure',
      `Others may read ${whose} key ${path}: run \`chmod 600\` on it, and ${remedy} if anybody could have copied it.`,
    )
  }
  const keys = keysOf(parseJson(text))
  if (keys === null) throw new AppError('disk_failed', `The key ${path} (${whose}) is unreadable.`)
  return keys
}

/** A key that is there stays. Throws `disk_full` too. */
export function readOrCreateKeyFile(file: KeyFile, random: Random): KeyPair {
  const kept = readKeyFile(file)
  if (kept !== null) return kept
  const seed = random.bytes(SEED_BYTES)
  const content = { algorithm: ALGORITHM_ED25519, seed: Buffer.from(seed).toString('hex') }
  writeWhole(file.path, `${JSON.stringify(content, null, 2)}\n`)
  return keyPairFromSeed(ALGORITHM_ED25519, seed)
}

function keysOf(content: unknown): KeyPair | null {
  if (typeof content !== 'object' || content === null) return null
  if (!('algorithm' in content) || !('seed' in content)) return null
  const { algorithm, seed } = content
  if (typeof algorithm !== 'number' || !Number.isSafeInteger(algorithm)) return null
  if (typeof seed !== 'string' || !SEED_HEX.test(seed)) return null
  return keyPairFromSeed(algorithm, Buffer.from(seed, 'hex'))
}
