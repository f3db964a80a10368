/**
 * Opens the ledger of a data folder, on whichever storage it is kept. A fresh folder gets a fresh
 * ledger: generation 1, a random origin, its own key for the ids of accelerators.
 *
 * What speaks to PostgreSQL is loaded where a ledger is there: most are a file, and a command that
 * comes and goes would spend a tenth of its time on it.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  AppError,
  assert,
  type Clock,
  errorSentence,
  type Logger,
  type Random,
  randomHex,
} from '@yiben/shared'
import { readIdentity, readOrCreateIdentity } from '../identity-file.ts'
import type { LedgerGeneration } from '../model/ids.ts'
import type { PostgresMembers } from './postgres/members.ts'
import type { ServingIdentity } from './postgres/serving.ts'
import type { PostgresStore } from './postgres/store.ts'
import type { LedgerState } from './requests.ts'
import { copiesBeforeMigration } from './sqlite/migrate-copy.ts'
import { refuseUnmoved } from './sqlite/moved.ts'
import { openSqliteStore, openSqliteStoreInProcess } from './sqlite/store.ts'
import type { Store } from './store.ts'
import type { ThreadedStore } from './threaded-store.ts'

/** The one file of a ledger; SQLite keeps its log and its index beside it. */
export const LEDGER_FILE = 'ledger.sqlite'
const ORIGIN_BYTES = 16
/** As long as the digest it keys (SHA-256). */
const IDENTITY_KEY_BYTES = 32
const FIRST_IDENTITY_KEY = 1

/** Of a PostgreSQL database; `null`: a file of the folder. */
interface StorageAddress {
  readonly url: string | null
  readonly connections: number
}

export interface OpenStoreOptions {
  readonly dataDir: string
  readonly random: Random
  readonly clock: Clock
  /** A fresh ledger says in every answer that it is a demo; an existing one keeps what it is. */
  readonly isDemo?: boolean
  /** Address of a PostgreSQL database; `null`, or left out: a file of the folder. */
  readonly storage?: StorageAddress
  readonly readers?: number
  readonly onDeath?: (error: AppError) => void
}

/** What is left in the folder of a ledger that is there no more; `identity.key` may be put there. */
const TRACES = ['identity.key', 'checkpoint.note', `${LEDGER_FILE}.restoring`]

/** For the serving process: keeps every other one from serving the same folder. */
export async function openServingStore(options: OpenStoreOptions): Promise<ThreadedStore> {
  refuseLost(options.dataDir)
  return await openSqliteStore({
    path: ledgerPath(options.dataDir),
    newLedger: freshLedger(options),
    isServing: true,
    ...(options.readers === undefined ? {} : { readers: options.readers }),
    ...(options.onDeath === undefined ? {} : { onDeath: options.onDeath }),
  })
}

/** For a command beside the serving process, or without one. */
export function openCommandStore(
  options: Pick<OpenStoreOptions, 'dataDir' | 'random' | 'clock' | 'isDemo'>,
): Store {
  refuseLost(options.dataDir)
  return openSqliteStoreInProcess({
    path: ledgerPath(options.dataDir),
    newLedger: freshLedger(options),
  })
}

/** The same, wherever the ledger is. */
export async function openStoreOf(
  options: Pick<OpenStoreOptions, 'dataDir' | 'random' | 'clock' | 'isDemo' | 'storage'>,
): Promise<Store> {
  const url = options.storage?.url ?? null
  if (url === null) return openCommandStore(options)
  refuseUnmoved(join(options.dataDir, LEDGER_FILE))
  const newLedger = freshLedger(options)
  const { openPostgresStore } = await import('./postgres/store.ts')
  return await openPostgresStore({ url, newLedger, writers: 1, readers: 1 })
}

/** For a process that serves a ledger in a database beside others. */
export interface JoinOptions
  extends Pick<OpenStoreOptions, 'dataDir' | 'random' | 'clock' | 'isDemo'> {
  readonly storage: StorageAddress
  readonly log: Logger
  /** Of no process before. */
  readonly instance: string
  /** Where it is found, for people. */
  readonly name: string
  /** This process was one of them before. */
  readonly isAgain: boolean
}

/** Its place among them: to be left and closed. */
export type JoinedMembers = Pick<PostgresMembers, keyof PostgresMembers>

/** Brings the database to this program's format; the process is one of them from then on. */
export async function joinMembers(options: JoinOptions): Promise<JoinedMembers> {
  const { clock, instance, isAgain, log, name, storage } = options
  refuseUnmoved(ledgerPath(options.dataDir))
  const { PostgresMembers } = await import('./postgres/members.ts')
  return await PostgresMembers.join({
    url: urlOf(storage),
    newLedger: freshLedger(options),
    identity: identityIn(options),
    ...{ clock, instance, isAgain, log, name },
  })
}

/** `number`: under which it leads (`lead` of its place); `null`: it serves beside the one that does. */
export async function openPartStore(options: {
  readonly storage: StorageAddress
  readonly number: number | null
  readonly onDeath: (error: AppError) => void
}): Promise<PostgresStore> {
  const { number, onDeath, storage } = options
  const connections = connectionsOf(storage.connections)
  const { openServingStore } = await import('./postgres/store.ts')
  return openServingStore({ url: urlOf(storage), number, onDeath, ...connections })
}

function urlOf({ url }: StorageAddress): string {
  assert(url !== null, 'there is a database')
  return url
}

function identityIn({
  dataDir,
  random,
}: Pick<OpenStoreOptions, 'dataDir' | 'random'>): ServingIdentity {
  return {
    publicKey: readIdentity(dataDir)?.publicKey ?? null,
    make: () => readOrCreateIdentity(dataDir, random).publicKey,
  }
}

/** Answers to people wait for each other before decisions do. */
function connectionsOf(all: number): { readonly writers: number; readonly readers: number } {
  const readers = Math.max(1, Math.floor(all * 0.4))
  return { writers: all - readers, readers }
}

/** Whether the folder holds a ledger: commands that only read refuse to make one. */
export function hasLedger(dataDir: string): boolean {
  return existsSync(join(dataDir, LEDGER_FILE))
}

/** A ledger that was lost must not begin anew by itself: agents would be sent away for good. */
function refuseLost(dataDir: string): void {
  if (hasLedger(dataDir)) return
  const trace = TRACES.find((name) => existsSync(join(dataDir, name)))
  if (trace === undefined) return
  const sentence = `there is a ${trace} in ${dataDir}, but no ledger: \`restore\` one, or name an empty --data-dir`
  throw new AppError('state_missing', sentence)
}

function freshLedger(options: Pick<OpenStoreOptions, 'random' | 'clock' | 'isDemo'>): LedgerState {
  return {
    generation: 1 as LedgerGeneration,
    origin: randomHex(options.random, ORIGIN_BYTES),
    openedAtMs: options.clock.wallMs(),
    identityKeyNumber: FIRST_IDENTITY_KEY,
    identityKey: randomHex(options.random, IDENTITY_KEY_BYTES),
    isDemo: options.isDemo ?? false,
  }
}

/** The copy that was made as the ledger's format changed last; `null`: it never has, or it is gone. */
export function copyBeforeMigration(dataDir: string): string | null {
  return copiesBeforeMigration(dataDir).at(-1) ?? null
}

/** The files of a ledger, whether they are there or not: for those who watch their size. */
export function ledgerFiles(dataDir: string): { readonly ledger: string; readonly log: string } {
  const ledger = join(dataDir, LEDGER_FILE)
  return { ledger, log: `${ledger}-wal` }
}

/** Where the ledger of this folder is or will be; the folder is made. Nobody else's to read. */
export function ledgerPath(dataDir: string): string {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new AppError(
      'disk_failed',
      `The data folder ${dataDir} cannot be made: ${errorSentence(error)}.`,
      { cause: error, fields: { dataDir } },
    )
  }
  return join(dataDir, LEDGER_FILE)
}
