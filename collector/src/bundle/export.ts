/**
 * Makes the next bundle of a ledger: everything that has changed since the one before, or all of it.
 * Only one is made at a time; the caller sees to that.
 */
import { join } from 'node:path'
import {
  AppError,
  type Clock,
  encodeChildRecord,
  type KeyPair,
  type Logger,
  RECORD_BYTES_MAX,
} from '@yiben/shared'
import { FEED_START, type FeedCursor, isSameCursor } from '../storage/feed-store.ts'
import type { Store } from '../storage/store.ts'
import { Counts } from '../upstream/counts.ts'
import { EarlyHours } from '../upstream/early-hours.ts'
import { COLLECTOR_VERSION } from '../version.ts'
import { BUNDLE_FORMAT, type BundleHeader } from './format.ts'
import {
  finishBook,
  type MadeBundle,
  placeBundle,
  type RecordBook,
  readBook,
} from './record-book.ts'
import { BundleWriter } from './write.ts'

const PAGE_THINGS = 256
const NAME_ORIGIN_LENGTH = 12
const NAME_NUMBER_LENGTH = 6

export interface ExportOptions {
  readonly store: Pick<
    Store,
    | 'ledgerState'
    | 'turnFeed'
    | 'readFeed'
    | 'feedMade'
    | 'readOwnSites'
    | 'readHour'
    | 'sealedHours'
    | 'readLedgerAt'
  >
  readonly clock: Clock
  readonly log: Logger
  readonly identity: KeyPair
  /** Of the record of bundles made. */
  readonly folder: string
  readonly outDir: string
  /** Of this collector; `null`: as before. */
  readonly name: string | null
  /** Identity key of the parent that it reports to by a link as well; `null`: none. */
  readonly parent: string | null
  readonly isFull: boolean
  /** Everything since this one, under its number once more; `null`: since the last. */
  readonly fromNumber: number | null
  readonly settings: { readonly settledLagMs: number; readonly hourDelayMs: number }
}

export interface Exported {
  readonly file: string
  readonly number: number
  readonly isFull: boolean
  readonly records: number
  /** Too long for any bundle; each is said in the log. */
  readonly leftOutRecords: number
  readonly sha256: string
  /** Finished now: a command before this one was killed when it was all but there. */
  readonly finishedFile: string | null
}

export async function exportBundle(options: ExportOptions): Promise<Exported> {
  const { folder, identity, store } = options
  const before = readBook(folder)
  const finishedFile = before === null ? null : finishBook(folder, before)
  const name = options.name ?? before?.name ?? null
  if (name === null) {
    throw new AppError('usage_invalid', 'give --name: what this collector is called')
  }
  const { generation } = await store.ledgerState()
  const made = before?.made ?? []
  const plan = planOf(made, generation, options)
  await store.turnFeed(true)
  await makeRecords(options, name)
  const { file, header, partial, ...written } = await writeBundle(options, {
    ...plan,
    generation,
    name,
  })
  const entry: MadeBundle = {
    number: plan.number,
    sha256: written.hash,
    full: plan.isFull,
    generation,
    after: plan.after,
    to: written.to,
    written_at_ms: header.written_at_ms,
  }
  const kept = made.filter(({ number }) => number < plan.number)
  const book: Omit<RecordBook, 'unplaced'> = { name, made: [...kept, entry] }
  placeBundle(folder, book, { from: partial, to: file })
  const { leftOutRecords, records } = written
  options.log.debug({ origin: identity.publicKey, number: plan.number }, 'a bundle is written')
  return {
    file,
    number: plan.number,
    isFull: plan.isFull,
    records,
    leftOutRecords,
    sha256: written.hash,
    finishedFile,
  }
}

interface Plan {
  readonly number: number
  readonly previous: string | null
  readonly after: FeedCursor
  readonly isFull: boolean
}

/** Numbers of the feed are of one generation: a restored ledger tells everything. */
function planOf(
  made: readonly MadeBundle[],
  generation: number,
  { fromNumber, isFull }: Pick<ExportOptions, 'fromNumber' | 'isFull'>,
): Plan {
  const last = made.at(-1)
  if (fromNumber !== null) return planAgain(made, generation, fromNumber)
  const number = (last?.number ?? 0) + 1
  const previous = last?.sha256 ?? null
  if (last === undefined || last.generation !== generation || isFull) {
    return { number, previous, after: FEED_START, isFull: true }
  }
  return { number, previous, after: last.to, isFull: false }
}

function planAgain(made: readonly MadeBundle[], generation: number, number: number): Plan {
  const place = made.findIndex((one) => one.number === number)
  const lost = made[place]
  if (lost === undefined || lost.generation !== generation) {
    const sentence = `bundle ${number} cannot be made again: export with --full instead`
    throw new AppError('usage_invalid', sentence)
  }
  const previous = made[place - 1]?.sha256 ?? null
  if (previous === null && number > 1) {
    throw new AppError(
      'usage_invalid',
      `what was before bundle ${number} is not known any more: export with --full`,
    )
  }
  return { number, previous, after: lost.after, isFull: lost.full }
}

/** What is told of this instant, and of this collector. */
async function makeRecords(options: ExportOptions, name: string): Promise<void> {
  const { clock, identity, log, parent, settings, store } = options
  const origin = identity.publicKey
  const nowMs = Math.round(clock.wallMs())
  const collector = {
    origin,
    name,
    parentOrigin: parent,
    programVersion: COLLECTOR_VERSION,
    awaySinceMs: null,
  }
  await store.feedMade([{ kind: 'collector', collector }])
  await new EarlyHours({ store, log, origin, delayMs: settings.hourDelayMs }).round(nowMs)
  await new Counts({ store, origin, settledLagMs: settings.settledLagMs }).round(nowMs)
}

async function writeBundle(
  options: ExportOptions,
  plan: Plan & { readonly generation: number; readonly name: string },
) {
  const { clock, identity, log, outDir, parent, store } = options
  const { after, generation, isFull, name, number, previous } = plan
  const { publicKey: origin, algorithm } = identity
  const header: BundleHeader = {
    format: BUNDLE_FORMAT,
    origin,
    algorithm,
    name,
    generation,
    parent,
    number,
    previous,
    full: isFull,
    after,
    written_at_ms: Math.round(clock.wallMs()),
    program_version: COLLECTOR_VERSION,
  }
  const numbered = String(number).padStart(NAME_NUMBER_LENGTH, '0')
  const file = join(outDir, `${origin.slice(0, NAME_ORIGIN_LENGTH)}-${numbered}.yiben-bundle`)
  const partial = `${file}.partial`
  const writer = await BundleWriter.create(partial, header)
  try {
    let leftOutRecords = 0
    let to = after
    for (;;) {
      const page = await store.readFeed(origin, to, PAGE_THINGS)
      if (isSameCursor(page.next, to)) break
      to = page.next
      const bytes = page.records.map(encodeChildRecord)
      const fit = bytes.filter((one) => one.length <= RECORD_BYTES_MAX)
      if (fit.length < bytes.length) {
        log.error({ records: bytes.length - fit.length }, 'records are too long to be told')
      }
      leftOutRecords += bytes.length - fit.length
      await writer.add(fit)
    }
    const { hash, records } = await writer.finish(identity)
    return { file, hash, header, leftOutRecords, partial, records, to }
  } catch (error) {
    await writer.discard()
    throw error
  }
}
