/**
 * Which bundles this ledger has been told by: `bundles/made.json` in the data folder, written before a
 * bundle is there under its name. A number is given once; whoever is killed in between leaves a file
 * that is finished by the next one.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  AppError,
  errorSentence,
  parseJson,
  readIfThere,
  syncFolder,
  writeWhole,
} from '@yiben/shared'
import { z } from 'zod'
import { cursorSchema } from './format.ts'

const FOLDER = 'bundles'
const FILE = 'made.json'
/** So many back a lost one can be made again; with a full one there is always a way on. */
const KEPT_MAX = 1_000

const madeSchema = z.object({
  number: z.number().int().min(1),
  sha256: z.string(),
  full: z.boolean(),
  generation: z.number().int(),
  after: cursorSchema,
  to: cursorSchema,
  written_at_ms: z.number(),
})
export type MadeBundle = Readonly<z.infer<typeof madeSchema>>

const bookSchema = z.object({
  name: z.string(),
  made: z.array(madeSchema),
  /** Written whole beside its place, and perhaps not moved there yet. */
  unplaced: z.object({ from: z.string(), to: z.string() }).nullable(),
})
export type RecordBook = Readonly<z.infer<typeof bookSchema>>

export function bundleFolder(dataDir: string): string {
  const folder = join(dataDir, FOLDER)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    const sentence = `the folder ${folder} cannot be made: ${errorSentence(error)}`
    throw new AppError('disk_failed', sentence, { cause: error })
  }
  return folder
}

/** `null` while no bundle has been made. */
export function readBook(folder: string): RecordBook | null {
  const path = join(folder, FILE)
  const text = readIfThere(path)
  if (text === null) return null
  const parsed = bookSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  throw new AppError('disk_failed', `${path} is unreadable: move it away and export with --full`)
}

/** Durable before it returns; then the bundle takes its place. */
export function placeBundle(
  folder: string,
  book: Omit<RecordBook, 'unplaced'>,
  move: { readonly from: string; readonly to: string },
): void {
  const made = book.made.slice(-KEPT_MAX)
  writeBook(folder, { ...book, made, unplaced: move })
  finishPlacing(move)
  writeBook(folder, { ...book, made, unplaced: null })
}

/** What a command that was killed has left to be done; answers the file that is there now. */
export function finishBook(folder: string, book: RecordBook): string | null {
  const { unplaced } = book
  if (unplaced === null) return null
  const isLeft = existsSync(unplaced.from)
  if (isLeft) finishPlacing(unplaced)
  writeBook(folder, { ...book, unplaced: null })
  return isLeft ? unplaced.to : null
}

function finishPlacing({ from, to }: { readonly from: string; readonly to: string }): void {
  try {
    renameSync(from, to)
    syncFolder(dirname(to))
  } catch (error) {
    const sentence = `the bundle ${to} could not be put in its place: ${errorSentence(error)}`
    throw new AppError('disk_failed', sentence, { cause: error })
  }
}

function writeBook(folder: string, book: RecordBook): void {
  writeWhole(join(folder, FILE), `${JSON.stringify(book)}\n`)
}
