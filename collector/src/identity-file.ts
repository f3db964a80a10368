/**
 * The collector's identity key. Enrollment tokens carry its public half; whoever has this file can
 * be this collector.
 */
import { join } from 'node:path'
import {
  type KeyFile,
  type KeyPair,
  type Random,
  readKeyFile,
  readOrCreateKeyFile,
} from '@yiben/shared'

const IDENTITY_FILE = 'identity.key'

/** Made on the first start. Throws `state_insecure`, `disk_failed` or `disk_full`. */
export function readOrCreateIdentity(dataDir: string, random: Random): KeyPair {
  return readOrCreateKeyFile(fileIn(dataDir), random)
}

/** `null` in a folder that has none: a copy of a ledger without its key. */
export function readIdentity(dataDir: string): KeyPair | null {
  return readKeyFile(fileIn(dataDir))
}

function fileIn(dataDir: string): KeyFile {
  const path = join(dataDir, IDENTITY_FILE)
  return { path, whose: "the collector's", remedy: 'make a new ledger' }
}
