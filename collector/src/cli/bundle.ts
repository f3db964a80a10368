/** `bundle export`: what this ledger tells its parent as a signed file, for networks without a way. */
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { AppError, createLogger } from '@yiben/shared'
import { exportBundle } from '../bundle/export.ts'
import { bundleFolder } from '../bundle/record-book.ts'
import { readOrCreateIdentity } from '../identity-file.ts'
import { chooseDriver, holdLock } from '../storage/sqlite/driver.ts'
import { UpstreamFolder } from '../upstream/folder.ts'
import {
  type CommandContext,
  type CommandResult,
  countOf,
  jsonText,
  withLedger,
} from './command.ts'
import { settledLagMs } from './settled-lag.ts'

const LOCK_FILE = 'lock'

export interface BundleExportOptions {
  readonly out: string
  readonly full?: boolean
  readonly from?: string
  readonly name?: string
}

export async function runBundleExport(
  context: CommandContext,
  options: BundleExportOptions,
): Promise<CommandResult> {
  const { config, world } = context
  const fromNumber = options.from === undefined ? null : countOf(options.from, '--from')
  if (fromNumber !== null && options.full === true) {
    throw new AppError('usage_invalid', 'give --from or --full, not both')
  }
  const outDir = folderOf(options.out)
  const enrollment = new UpstreamFolder(config.dataDir).readEnrollment()
  const exported = await withLedger(context, async (store) => {
    const folder = bundleFolder(config.dataDir)
    const lock = holdLock(join(folder, LOCK_FILE), chooseDriver())
    try {
      return await exportBundle({
        ...{ store, folder, outDir, fromNumber },
        clock: world.clock,
        log: createLogger('warn'),
        identity: readOrCreateIdentity(config.dataDir, world.random),
        name: options.name ?? enrollment?.name ?? null,
        parent: enrollment?.parent.publicKey ?? null,
        isFull: options.full ?? false,
        settings: { settledLagMs: settledLagMs(config), hourDelayMs: config.upstream.hourDelayMs },
      })
    } finally {
      lock.release()
    }
  })
  const { file, finishedFile, isFull, leftOutRecords, number, records, sha256 } = exported
  const finished =
    finishedFile === null ? '' : `${finishedFile} was left unfinished and is whole now\n`
  const leftOut =
    leftOutRecords === 0 ? '' : `${leftOutRecords} records are too long and left out\n`
  if (context.json) {
    const facts = { file, number, full: isFull, records, left_out_records: leftOutRecords, sha256 }
    return { exitCode: 0, stdout: jsonText({ ...facts, finished_file: finishedFile }) }
  }
  const stdout = `${file}: bundle ${number}${isFull ? ', everything' : ''}, ${records} records\n`
  return { exitCode: 0, stdout, note: `${finished}${leftOut}` }
}

/** A folder that is not there may be a disk that is not mounted: nothing is made in its place. */
function folderOf(out: string): string {
  const folder = resolve(out)
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder
  throw new AppError('usage_invalid', `--out is ${folder}, and there is no such folder`)
}
