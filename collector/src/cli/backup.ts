/** `backup FILE`: a consistent copy of the ledger, while the collector serves or does not. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { errorSentence } from '@yiben/shared'
import { type BackupNote, noteBackup } from '../backup-note.ts'
import { type CommandContext, type CommandResult, jsonText, withLedger } from './command.ts'

const KEY_APART = 'identity.key is not part of it: keep a copy of that file in a safe place'

export async function runBackup(context: CommandContext, file: string): Promise<CommandResult> {
  const path = resolve(file)
  const atMs = context.world.clock.wallMs()
  const { generation, seq } = await withLedger(context, async (store) => {
    const ledger = await store.ledgerState()
    await store.backup(path)
    return { generation: ledger.generation, seq: (await store.journalHead()).seq }
  })
  const bytes = statSync(path).size
  const notNoted = noteOf(context, { generation, atMs, bytes })
  const stdout = context.json
    ? jsonText({ file: path, bytes, journal_seq_at_least: seq })
    : `${path}: ${bytes} bytes\n`
  const notes = [...(context.json ? [] : [KEY_APART]), ...(notNoted === null ? [] : [notNoted])]
  const note = notes.map((line) => `${line}\n`).join('')
  return { exitCode: 0, stdout, ...(note === '' ? {} : { note }) }
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
