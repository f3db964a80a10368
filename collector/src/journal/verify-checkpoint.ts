/** The reader's side of checkpoints (C2SP `tlog-checkpoint`): the text of a note, line by line. */
import { HASH_BYTES } from '@yiben/shared'
import { ORIGIN_PREFIX } from './format.ts'
import { bytesOf } from './verify-note.ts'

export interface Checkpoint {
  readonly origin: string
  /** Entries the root is over. */
  readonly size: number
  readonly root: Uint8Array
  /** Opaque; ours have none. */
  readonly extensions: readonly string[]
}

/** Which ledger an origin line names, and which unbroken life of it. */
export interface LedgerOrigin {
  readonly ledger: string
  readonly generation: number
}

const DECIMAL = /^(?:0|[1-9]\d{0,15})$/

/** `null` for a text that is no checkpoint. */
export function parseCheckpoint(text: string): Checkpoint | null {
  if (!text.endsWith('\n')) return null
  const [origin = '', sizeText = '', rootText = '', ...extensions] = text.slice(0, -1).split('\n')
  const size = numberOf(sizeText)
  const root = bytesOf(rootText)
  if (origin === '' || size === null || root?.length !== HASH_BYTES) return null
  if (extensions.includes('')) return null
  return { origin, size, root: new Uint8Array(root), extensions }
}

/** `null` for the origin of a log that is no ledger of ours. */
export function parseOrigin(origin: string): LedgerOrigin | null {
  const [prefix, ledger = '', generationText = '', more] = origin.split('/')
  const generation = numberOf(generationText)
  if (prefix !== ORIGIN_PREFIX || !/^[0-9a-f]+$/.test(ledger) || more !== undefined) return null
  return generation === null || generation < 1 ? null : { ledger, generation }
}

function numberOf(decimal: string): number | null {
  const value = DECIMAL.test(decimal) ? Number(decimal) : Number.NaN
  return Number.isSafeInteger(value) ? value : null
}
