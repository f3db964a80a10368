/** `bundle import`: what a child that never connects tells, out of the files that were brought. */
import { AppError } from '@yiben/shared'
import { type BundleFault, readBundle } from '../bundle/read.ts'
import { type TakenBundle, takeBundle } from '../children/bundle-intake.ts'
import { readOrCreateIdentity } from '../identity-file.ts'
import type { Store } from '../storage/store.ts'
import { type CommandContext, type CommandResult, jsonText, withLedger } from './command.ts'

/** A file that cannot be read by this program is no lie, one that was changed may be. */
const FAULT_CODES = {
  no_bundle: 'request_invalid',
  format_newer: 'disk_format_newer',
  algorithm_unknown: 'algorithm_unknown',
  truncated: 'verification_failed',
  damaged: 'verification_failed',
  signature_wrong: 'verification_failed',
} as const satisfies Record<BundleFault, string>

/** In the order given; the first that cannot be taken in ends it. */
export async function runBundleImport(
  context: CommandContext,
  files: readonly string[],
): Promise<CommandResult> {
  const { config, world } = context
  const taken = await withLedger(context, async (store) => {
    const ownOrigin = readOrCreateIdentity(config.dataDir, world.random).publicKey
    const all: (TakenBundle & { readonly file: string })[] = []
    for (const file of files) {
      all.push({ file, ...(await takeFile(store, ownOrigin, file, world.clock.wallMs())) })
    }
    return all
  })
  if (context.json) return { exitCode: 0, stdout: jsonText(taken) }
  const lines = taken.map(({ child, file, number, records, refused, status }) =>
    status === 'already'
      ? `${file}: bundle ${number} of ${child} was taken in before\n`
      : `${file}: bundle ${number} of ${child}, ${records} records, ${refused} of them refused\n`,
  )
  return { exitCode: 0, stdout: lines.join('') }
}

async function takeFile(
  store: Store,
  ownOrigin: string,
  file: string,
  nowMs: number,
): Promise<TakenBundle> {
  const read = await readBundle(file)
  if (read.status === 'refused') {
    throw new AppError(FAULT_CODES[read.fault], `${file}: ${read.sentence}`)
  }
  try {
    return await takeBundle({ store, ownOrigin, nowMs }, read.bundle)
  } finally {
    await read.bundle.close()
  }
}
