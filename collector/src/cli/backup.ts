/** `backup FILE`: a consistent copy of the ledger, while the collector serves or does not. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type CommandContext, type CommandResult, jsonText, withLedger } from './command.ts'

export async function runBackup(context: CommandContext, file: string): Promise<CommandResult> {
  const path = resolve(file)
  const head = await withLedger(context, async (store) => {
    await store.backup(path)
    return store.journalHead()
  })
  const bytes = statSync(path).size
  const stdout = context.json
    ? jsonText({ file: path, bytes, journal_seq_at_least: head.seq })
    : `${path}: ${bytes} bytes\n`
  const note = 'identity.key is not part of it: keep a copy of that file in a safe place\n'
  return { exitCode: 0, stdout, ...(context.json ? {} : { note }) }
}
