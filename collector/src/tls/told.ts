/**
 * What nodes are told to trust, as this collector tells it now: kept beside its authority, so that
 * the version only rises, and so that a token made by another process pins what is really shown.
 */
import { X509Certificate } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, errorSentence, parseJson, readIfThere, writeWhole } from '@yiben/shared'
import { z } from 'zod'
import { tlsFolder, tlsPath } from './authority-file.ts'

const FILE = 'told.json'
const SECOND_MS = 1_000

const toldSchema = z.strictObject({
  version: z.int().min(1),
  pin: z.nullable(z.string().regex(/^[0-9a-f]{64}$/)),
  /** PEM; none: nodes are told nothing. */
  roots: z.array(z.string()),
})

export type Told = Readonly<z.infer<typeof toldSchema>>

/** `null` where nothing has been served with TLS yet, or the last time without. */
export function readTold(dataDir: string): Told | null {
  const path = join(tlsPath(dataDir), FILE)
  const text = readIfThere(path)
  if (text === null) return null
  const parsed = toldSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  throw new AppError('disk_failed', `${path} is unreadable: remove it, it is made again`)
}

/**
 * Under the version it has, or a higher one where the authorities have changed. Counted in seconds
 * of the wall clock: a folder that is lost does not make nodes deaf to what comes after.
 */
export function keepTold(
  dataDir: string,
  { pin, roots }: { readonly pin: string | null; readonly roots: readonly string[] },
  nowMs: number,
): Told {
  const before = readTold(dataDir)
  const isSame = before !== null && before.roots.join('') === roots.join('')
  if (isSame && before.pin === pin) return before
  const risen = Math.max((before?.version ?? 0) + 1, Math.floor(nowMs / SECOND_MS))
  const told = { version: isSame ? before.version : risen, pin, roots: [...roots] }
  writeWhole(join(tlsFolder(dataDir), FILE), `${JSON.stringify(told, null, 2)}\n`)
  return told
}

/** Nothing is shown any more: tokens carry no pin. The version starts over with the clock. */
export function forgetTold(dataDir: string): void {
  const path = join(tlsPath(dataDir), FILE)
  try {
    rmSync(path, { force: true })
  } catch (error) {
    const fields = { path, reason: errorSentence(error) }
    throw new AppError('disk_failed', `${path} cannot be removed`, { cause: error, fields })
  }
}

export function derOf(pem: string): Uint8Array {
  return new Uint8Array(new X509Certificate(pem).raw)
}
