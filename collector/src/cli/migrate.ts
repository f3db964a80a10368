/**
 * `migrate --from sqlite --to postgresql://…`: moves the ledger of the data folder into an empty
 * PostgreSQL database, while nobody serves it. What is moved and how it is compared is
 * `storage/move/`; here are options and sentences.
 */
import { AppError } from '@yiben/shared'
import { isStorageUrl } from '../config/storage-options.ts'
import { readIdentity } from '../identity-file.ts'
import type { MoveResult } from '../storage/move/move.ts'
import { hasLedger, ledgerPath } from '../storage/open.ts'
import { type CommandContext, type CommandResult, jsonText } from './command.ts'

export interface MigrateOptions {
  readonly from: string
  /** Left out: `storage.url`, which keeps a password off the command line. */
  readonly to?: string
}

export async function runMigrate(
  { config, json, world }: CommandContext,
  options: MigrateOptions,
): Promise<CommandResult> {
  if (options.from !== 'sqlite') {
    throw new AppError('usage_invalid', '--from must be sqlite: a ledger is moved from there only')
  }
  const url = options.to ?? config.storage.url
  if (url === null) throw new AppError('usage_invalid', 'give --to, or set storage.url')
  if (!isStorageUrl(url)) {
    throw new AppError('usage_invalid', '--to must begin with postgresql:// and a host')
  }
  const { dataDir } = config
  if (!hasLedger(dataDir)) {
    throw new AppError(
      'state_missing',
      `there is no ledger in ${dataDir}: name the right --data-dir`,
    )
  }
  // Both storages: no other command loads them.
  const { moveLedger } = await import('../storage/move/move.ts')
  const result = await moveLedger({
    path: ledgerPath(dataDir),
    url,
    identity: readIdentity(dataDir),
    nowMs: world.clock.wallMs(),
  })
  return { exitCode: 0, ...(json ? { stdout: jsonText(factsOf(result)) } : textOf(result)) }
}

const NOTE =
  'set storage.url and start `serve`, with the same data folder: identity.key stays in it\n' +
  'the file is no ledger any more; keep it, or take it away\n'

function textOf(result: MoveResult): Pick<CommandResult, 'stdout' | 'note'> {
  if (result.status === 'was_moved') {
    return {
      stdout: `the ledger is in ${result.to}: the move before had come to its end\n`,
      note: NOTE,
    }
  }
  const { journal, questions, rows, tables, to } = result
  const stdout =
    `the ledger is in ${to}\n` +
    `${rows} rows of ${tables} tables are the same there, and so are the answers to ${questions} questions\n` +
    `the journal has ${journal.entries} entries, the root over them is ${journal.root}\n`
  return { stdout, note: NOTE }
}

function factsOf(result: MoveResult) {
  if (result.status === 'was_moved') return { status: result.status, to: result.to }
  const { journal, questions, rows, status, tables, to } = result
  const { entries, hash, root } = journal
  return { status, to, rows, tables, questions, entries, head: hash, root }
}
