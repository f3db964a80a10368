/**
 * `backup [FILE]`: a consistent copy of the ledger, while the collector serves or does not, looked at
 * once it is written. Without FILE it goes to `backup.dir` under a name with its time, and the newest
 * `backup.keep` of those stay: what a timer calls. A copy that is no good is removed, older ones are
 * not, and the exit code is 1. A ledger in PostgreSQL is not copied: the timer says so and goes on.
 */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { AppError, errorSentence } from '@yiben/shared'
import { type BackupNote, noteBackup } from '../backup-note.ts'
import { ledgerPath } from '../storage/open.ts'
import { checkCopy, refuseWithoutRoom } from '../storage/sqlite/backup.ts'
import { type CommandContext, type CommandResult, jsonText, withLedger } from './command.ts'

const KEY_APART = 'identity.key is not part of it: keep a copy of that file in a safe place'
/** Copies that a timer has made, and what a killed one has left of them. */
const NAME = /^yiben-\d{8}T\d{6}Z\.sqlite(\.partial)?$/

export async function runBackup(
  context: CommandContext,
  file: string | undefined,
): Promise<CommandResult> {
  if (file === undefined && context.config.storage.url !== null) return skipped(context)
  const atMs = context.world.clock.wallMs()
  const { dir, keep } = context.config.upkeep.backup
  const path = file === undefined ? join(folderOf(dir), nameOf(atMs)) : resolve(file)
  const { generation, seq } = await copyLedger(context, path)
  checkOrRemove(path)
  const bytes = statSync(path).size
  const notNoted = noteOf(context, { generation, atMs, bytes })
  const removed = file === undefined ? removeOld(dirname(path), keep) : []
  const stdout = context.json
    ? jsonText({ file: path, bytes, journal_seq_at_least: seq, removed })
    : `${path}: ${bytes} bytes\n${removed.map((old) => `${old}: removed\n`).join('')}`
  const notes = [...(context.json ? [] : [KEY_APART]), ...(notNoted === null ? [] : [notNoted])]
  const note = notes.map((line) => `${line}\n`).join('')
  return { exitCode: 0, stdout, ...(note === '' ? {} : { note }) }
}

/** A timer that failed every night would be heard by nobody when it matters. */
function skipped({ json }: CommandContext): CommandResult {
  const sentence =
    'nothing is copied: the ledger is kept in PostgreSQL (storage.url), which is backed up by its own tools (backup.md)'
  const stdout = json ? jsonText({ skipped: true, reason: sentence }) : `${sentence}\n`
  return { exitCode: 0, stdout }
}

/** A folder that is not there may be a disk that is not mounted: nothing is made in its place. */
function folderOf(dir: string | null): string {
  if (dir === null) {
    throw new AppError('usage_invalid', 'name a FILE, or backup.dir in the configuration')
  }
  const folder = resolve(dir)
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder
  throw new AppError('disk_failed', `backup.dir is ${folder}, and there is no such folder`)
}

function nameOf(atMs: number): string {
  return `yiben-${new Date(atMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')}.sqlite`
}

async function copyLedger(context: CommandContext, path: string) {
  return await withLedger(context, async (store) => {
    const ledger = await store.ledgerState()
    const place = { copies: 1, why: 'A backup' }
    refuseWithoutRoom(dirname(path), ledgerPath(context.config.dataDir), place)
    await store.backup(path)
    return { generation: ledger.generation, seq: (await store.journalHead()).seq }
  })
}

function checkOrRemove(path: string): void {
  try {
    checkCopy(path)
  } catch (error) {
    rmSync(path, { force: true })
    const sentence = `the backup was no good and is removed: ${errorSentence(error)}`
    throw new AppError('verification_failed', sentence, { cause: error })
  }
}

/** Answers what was removed; the newest, which has just been looked at, never is. */
function removeOld(folder: string, keep: number): readonly string[] {
  const names = readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort()
  const whole = names.filter((name) => !name.endsWith('.partial'))
  const newest = whole.at(-1) ?? ''
  const partial = names.filter((name) => name.endsWith('.partial') && name < newest)
  const removed = [...whole.slice(0, -keep), ...partial].map((name) => join(folder, name))
  for (const path of removed) rmSync(path, { force: true })
  return removed
}

/** The copy is whole, whatever becomes of the note; `null` where all is well. */
function noteOf({ config }: CommandContext, note: BackupNote): string | null {
  try {
    noteBackup(config.dataDir, note)
    return null
  } catch (error) {
    return `the metrics will not show this backup: ${errorSentence(error)}`
  }
}
