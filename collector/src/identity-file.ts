/**
 * The collector's identity key. Enrollment tokens carry its public half; whoever has this file can
 * be this collector.
 */
import { join } from 'node:path'
import { type KeyPair, type Random, readOrCreateKeyFile } from '@yiben/shared'

const IDENTITY_FILE = 'identity.key'

/** Made on the first start. Throws `state_insecure`, `disk_failed` or `disk_full`. */
export function readOrCreateIdentity(dataDir: string, random: Random): KeyPair {
  const path = join(dataDir, IDENTITY_FILE)
  const file = { path, whose: "the collector's", remedy: 'make a new ledger' }
  return readOrCreateKeyFile(file, random)
}
