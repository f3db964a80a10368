/**
 * What every command is handed and gives back. Commands open the ledger beside a serving process or
 * without one; those that only read refuse a folder that holds none.
 */
import { AppError, type World } from '@yiben/shared'
import type { CollectorConfig } from '../config.ts'
import { civilDayStartMs } from '../rollup/civil.ts'
import { hasLedger, openStoreOf } from '../storage/open.ts'
import type { Store } from '../storage/store.ts'

export interface CommandContext {
  readonly config: CollectorConfig
  readonly world: World
  readonly json: boolean
}

export interface CommandResult {
  readonly exitCode: number
  readonly stdout: string
  /** For people only: what stands beside an answer that is piped on. */
  readonly note?: string
}

/** Who did it, as journal entries of the command line say. */
export function commandAuthor(): string {
  const uid = process.getuid?.()
  return uid === undefined ? 'command line' : `command line, uid ${uid}`
}

/** Opens the ledger, making one in an empty folder, and closes it again. */
export async function withStore<Result>(
  { config, world }: Pick<CommandContext, 'config' | 'world'>,
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  const { dataDir, isDemo, storage } = config
  const { clock, random } = world
  const store = await openStoreOf({ dataDir, isDemo, storage, random, clock })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

/** As `withStore`, for a ledger that must be there. */
export async function withLedger<Result>(
  context: Pick<CommandContext, 'config' | 'world'>,
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  const { dataDir, storage } = context.config
  if (storage.url === null && !hasLedger(dataDir)) {
    const sentence = `there is no ledger in ${dataDir}: start \`serve\`, or name the right --data-dir`
    throw new AppError('state_missing', sentence)
  }
  return await withStore(context, use)
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/

/** `2026-03-01T08:00:00Z`, or `2026-03-01`: the beginning of that civil day. */
export function instantOf(text: string, option: string, timeZone: string): number {
  const [, year, month, day] = DATE.exec(text) ?? []
  if (year !== undefined && !Number.isNaN(Date.parse(text))) {
    const date = { year: Number(year), month: Number(month), day: Number(day) }
    return civilDayStartMs(date, timeZone)
  }
  const atMs = INSTANT.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(atMs)) {
    const sentence = `${option} must be a time such as 2026-03-01T08:00:00Z, or a date`
    throw new AppError('usage_invalid', sentence)
  }
  return atMs
}

export function instantOrNull(
  text: string | undefined,
  option: string,
  timeZone: string,
): number | null {
  return text === undefined ? null : instantOf(text, option, timeZone)
}

/** A word of a list; throws `usage_invalid` naming the option. */
export function wordOf<Word extends string>(
  text: string,
  words: readonly Word[],
  option: string,
): Word {
  const word = words.find((one) => one === text)
  if (word === undefined) {
    throw new AppError('usage_invalid', `${option} must be one of ${words.join(', ')}`)
  }
  return word
}

/** A whole number from 0. */
export function countOf(text: string, option: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new AppError('usage_invalid', `${option} must be a whole number`)
  }
  return Number(text)
}
