/**
 * The collector's own authority on disk, and the course of its change. A state is one file with a
 * number, `authority.<n>.json`; the next one is put beside it only if nobody else has done so
 * meanwhile, whole or not at all. Whoever has these files can make certificates that nodes trust.
 *
 *   at rest ──begin──▶ telling (next) ──switch──▶ vouched (previous) ──drop──▶ at rest
 *
 * While telling, nodes learn the next authority and the server still shows the current one's
 * certificate. Once switched the server shows the new one's, and the new one as the old one has
 * vouched for it: nodes that were away come in by that and learn. Dropped, the old one is nobody's.
 */
import { X509Certificate } from 'node:crypto'
import { linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  AppError,
  errorSentence,
  parseJson,
  readIfThere,
  syncFolder,
  writeBeside,
} from '@yiben/shared'
import { z } from 'zod'
import { type Issuing, makeAuthority, vouchFor } from './issue.ts'
import { isKeyOf } from './pem.ts'

const FOLDER = 'tls'
const STATE_FILE = /^authority\.(\d{1,9})\.json$/
const MODE_OTHERS = 0o077

const keyed = z.strictObject({ cert: z.string(), key: z.string() })
const stateSchema = z.strictObject({
  revision: z.int().min(1),
  current: keyed,
  next: z.nullable(
    keyed.extend({
      /** The next authority's certificate with the current one's signature. */
      vouched: z.string(),
      begunAtMs: z.int(),
      switchByMs: z.int(),
      dropAfterMs: z.int(),
    }),
  ),
  previous: z.nullable(
    z.strictObject({ cert: z.string(), vouched: z.string(), dropAtMs: z.int() }),
  ),
})

export type AuthorityState = Readonly<z.infer<typeof stateSchema>>

/** Where all that TLS keeps lies. */
export function tlsPath(dataDir: string): string {
  return join(dataDir, FOLDER)
}

/** The same, made where it is missing. */
export function tlsFolder(dataDir: string): string {
  const path = tlsPath(dataDir)
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    const fields = { path, reason: errorSentence(error) }
    throw new AppError('disk_failed', `the folder ${path} cannot be made`, { cause: error, fields })
  }
  return path
}

/** `null` where the collector has no authority of its own. Throws `state_insecure`, `disk_failed`. */
export function readAuthority(dataDir: string): AuthorityState | null {
  const folder = tlsPath(dataDir)
  const revision = Math.max(0, ...revisionsIn(folder))
  const path = fileOf(folder, revision)
  const text = revision === 0 ? null : readIfThere(path)
  if (text === null) return null
  if ((statSync(path).mode & MODE_OTHERS) !== 0) {
    const sentence = `others may read the authority's key ${path}: run \`chmod 600\` on it, and \`tls rotate-ca\` if anybody could have copied it`
    throw new AppError('state_insecure', sentence)
  }
  const parsed = stateSchema.safeParse(parseJson(text))
  if (!parsed.success || !isWhole(parsed.data)) {
    throw new AppError('disk_failed', `the authority ${path} is unreadable: restore the folder`)
  }
  return parsed.data
}

/** Made on the first start. */
export async function readOrMakeAuthority(
  dataDir: string,
  issuing: Issuing,
): Promise<AuthorityState> {
  const kept = readAuthority(dataDir)
  if (kept !== null) return kept
  const current = await makeAuthority(issuing)
  const made: AuthorityState = { revision: 1, current, next: null, previous: null }
  if (writeAuthority(dataDir, made)) return made
  const other = readAuthority(dataDir)
  if (other !== null) return other
  throw new AppError('disk_failed', 'the authority that was made just now has gone again')
}

export interface RotationTimes {
  /** Nodes that have not confirmed by then are waited for no longer. */
  readonly switchByMs: number
  /** From the switch on: how long nodes that were away can still come back. */
  readonly dropAfterMs: number
}

/** Makes the next authority. Throws `conflict` while another change is under way. */
export async function beginRotation(
  dataDir: string,
  issuing: Issuing,
  times: RotationTimes,
): Promise<AuthorityState> {
  const state = readAuthority(dataDir)
  if (state === null) {
    throw new AppError(
      'state_missing',
      `there is no authority of the collector's own in ${dataDir}`,
    )
  }
  if (state.next !== null || state.previous !== null) {
    const sentence = 'a change of the authority is under way: see `tls status`'
    throw new AppError('conflict', sentence)
  }
  const made = await makeAuthority(issuing)
  const vouched = await vouchFor(made.cert, state.current, issuing)
  const next = { ...made, vouched, begunAtMs: issuing.nowMs, ...times }
  return stored(dataDir, { ...state, next })
}

/** The next authority signs from now on. The key of the one before is kept by nobody. */
export function switchRotation(dataDir: string, state: AuthorityState, nowMs: number) {
  const { current, next } = state
  if (next === null) return state
  const { cert, key, vouched, dropAfterMs } = next
  const previous = { cert: current.cert, vouched, dropAtMs: nowMs + dropAfterMs }
  return stored(dataDir, { ...state, current: { cert, key }, next: null, previous })
}

export function dropPrevious(dataDir: string, state: AuthorityState): AuthorityState {
  return stored(dataDir, { ...state, previous: null })
}

function stored(dataDir: string, changed: AuthorityState): AuthorityState {
  const state = { ...changed, revision: changed.revision + 1 }
  if (writeAuthority(dataDir, state)) return state
  throw new AppError('conflict', 'the authority was changed by another process just now: try again')
}

/** `false`: somebody else has written that revision. Durable when it returns. */
function writeAuthority(dataDir: string, state: AuthorityState): boolean {
  const folder = tlsFolder(dataDir)
  const path = fileOf(folder, state.revision)
  const beside = `${path}.${process.pid}.new`
  try {
    writeBeside(beside, `${JSON.stringify(state, null, 2)}\n`)
    try {
      linkSync(beside, path)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
      throw error
    } finally {
      rmSync(beside, { force: true })
    }
    syncFolder(folder)
    for (const older of revisionsIn(folder)) {
      if (older < state.revision) rmSync(fileOf(folder, older), { force: true })
    }
    return true
  } catch (error) {
    const fields = { path, reason: errorSentence(error) }
    const sentence = 'the authority could not be written'
    throw new AppError('disk_failed', sentence, { cause: error, fields })
  }
}

function revisionsIn(folder: string): readonly number[] {
  return namesIn(folder).flatMap((name) => {
    const [, digits] = STATE_FILE.exec(name) ?? []
    return digits === undefined ? [] : [Number(digits)]
  })
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    const sentence = `the folder ${folder} cannot be read: ${errorSentence(error)}`
    throw new AppError('disk_failed', sentence, { cause: error })
  }
}

function fileOf(folder: string, revision: number): string {
  return join(folder, `authority.${revision}.json`)
}

function isWhole({ current, next, previous }: AuthorityState): boolean {
  const pairs = next === null ? [current] : [current, next]
  const others = [next?.vouched, previous?.cert, previous?.vouched]
  try {
    for (const pem of others) if (pem !== undefined) void new X509Certificate(pem)
    return pairs.every(({ cert, key }) => isKeyOf(key, new X509Certificate(cert)))
  } catch {
    return false
  }
}
