/**
 * Proves that two stores give one account: every entry of the journal with its hash and the root
 * over all up to it, and the answer to every question, piece by piece.
 */
import { AppError } from '@yiben/shared'
import { verifyEntries, WALK_START } from '../../journal/verify.ts'
import { RootWalk } from '../../journal/verify-tree.ts'
import { canonical } from './canonical.ts'
import { type Asked, QUESTIONS, type QuestionTimes } from './questions.ts'

interface Stores {
  readonly file: Asked
  readonly database: Asked
}

/** How a journal ends. */
export interface JournalEnd {
  readonly entries: number
  readonly hash: string
  /** Over all entries, hex. */
  readonly root: string
}

const PAGE_ENTRIES = 500
const HOUR_MS = 3_600_000
const INSTANTS = 8

/** Throws `verification_failed` where they differ, and where the file itself does not hold. */
export async function sameJournal(
  { database, file }: Stores,
  algorithm: number,
): Promise<JournalEnd> {
  const walks = { file: new RootWalk(algorithm), database: new RootWalk(algorithm) }
  let state = WALK_START
  for (;;) {
    const entries = await file.readJournal(state.seq, PAGE_ENTRIES)
    const others = await database.readJournal(state.seq, PAGE_ENTRIES)
    if (canonical(entries) !== canonical(others)) {
      throw failed(`The journal differs from entry ${state.seq + 1} on.`)
    }
    if (entries.length === 0) break
    const walked = verifyEntries(state, entries)
    if (walked.status === 'broken') {
      throw failed(`Entry ${walked.atSeq} of the file is not what was numbered: ${walked.fault}.`)
    }
    for (const { bytes } of entries) walks.file.addLeaf(bytes)
    for (const { bytes } of others) walks.database.addLeaf(bytes)
    if (rootOf(walks.file) !== rootOf(walks.database))
      throw failed('The roots of the journal differ.')
    state = walked.state
  }
  if (canonical(await file.journalHead()) !== canonical(await database.journalHead())) {
    throw failed('The heads of the journal differ.')
  }
  return { entries: state.seq, hash: state.hash, root: rootOf(walks.file) }
}

/** Answers how many questions were asked. */
export async function sameAnswers({ database, file }: Stores, nowMs: number): Promise<number> {
  const times = await timesOf(file, nowMs)
  for (const { ask, name } of QUESTIONS) {
    const others = ask(database, times)[Symbol.asyncIterator]()
    let piece = 0
    for await (const answer of ask(file, times)) {
      piece += 1
      const other = await others.next()
      if (other.done === true || other.value !== answer) throw anotherAnswer(name, piece)
    }
    if ((await others.next()).done !== true) throw anotherAnswer(name, piece + 1)
  }
  return QUESTIONS.length
}

/** Instants lie between what is still kept and now; the last two are now and just before it. */
async function timesOf(store: Asked, nowMs: number): Promise<QuestionTimes> {
  const { firstHourMs, lastSealedHourMs } = await store.rollupBacklog()
  const keptFromMs = await store.timelineKeptFromMs()
  const firstMs = Math.max(firstHourMs ?? nowMs, keptFromMs)
  const lastMs = Math.max(nowMs, lastSealedHourMs ?? 0)
  const spanMs = Math.max(0, lastMs - firstMs)
  const steps = Array.from({ length: INSTANTS }, (_, at) => {
    return firstMs + Math.floor((spanMs * at) / INSTANTS)
  })
  const instantsMs = [...new Set([...steps, lastMs - HOUR_MS, lastMs])].filter(
    (atMs) => atMs >= keptFromMs,
  )
  const beginMs = (await store.readSumBacklog()).firstSealedHourMs ?? firstMs
  const fromMs = hourOf(Math.min(beginMs, firstMs))
  return { nowMs: lastMs, fromMs, toMs: hourOf(lastMs) + HOUR_MS, instantsMs }
}

function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) * HOUR_MS
}

function rootOf(walk: RootWalk): string {
  return Buffer.from(walk.root()).toString('hex')
}

function anotherAnswer(name: string, piece: number): AppError {
  return failed(`The database gives another answer than the file: ${name}, piece ${piece}.`)
}

function failed(sentence: string): AppError {
  return new AppError('verification_failed', sentence)
}
