/**
 * `upstream enroll | status | leave`: the parent that this collector reports to. Whoever it is, is
 * written in the folder `upstream` of the data folder, which the serving process reads as it starts;
 * so nothing may be serving while it is changed.
 */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import {
  AppError,
  createLogger,
  type EnrollmentToken,
  errorSentence,
  type FileSpool,
  linkUrlOf,
  parseEnrollmentToken,
} from '@yiben/shared'
import { bundleFolder, readBook } from '../bundle/record-book.ts'
import { readOrCreateIdentity } from '../identity-file.ts'
import { ledgerPath } from '../storage/open.ts'
import { holdServing } from '../storage/sqlite/core.ts'
import { chooseDriver } from '../storage/sqlite/driver.ts'
import type { Store } from '../storage/store.ts'
import { contactParent } from '../upstream/enroll.ts'
import { type Enrollment, UpstreamFolder, type UpstreamNote } from '../upstream/folder.ts'
import {
  type CommandContext,
  type CommandResult,
  jsonText,
  withLedger,
  withStore,
} from './command.ts'

export interface UpstreamEnrollOptions {
  readonly url: string
  readonly token: string
  readonly name?: string
}

type KeyStatus = Awaited<ReturnType<Store['adoptIdentityKey']>>['status']

export async function runUpstreamEnroll(
  context: CommandContext,
  options: UpstreamEnrollOptions,
): Promise<CommandResult> {
  const { config, world } = context
  const token = parseEnrollmentToken(options.token)
  const url = linkUrlOf(options.url)
  const name = options.name ?? hostname()
  const folder = new UpstreamFolder(config.dataDir)
  refuseOtherParent(folder.readEnrollment(), token)
  const held = holdStopped(config.dataDir)
  try {
    return await withStore(context, async (store) => {
      const identity = readOrCreateIdentity(config.dataDir, world.random)
      if (identity.publicKey === token.collectorKey) {
        throw new AppError('usage_invalid', 'the token is one of this collector itself')
      }
      const log = createLogger('warn')
      const spool = folder.openSpool(world.random, log)
      const { authority, welcome } = await closing(spool, () =>
        contactParent({
          ...{ world, log, identity, spool, token, name, url },
          ca: readCaFile(config.upstream.caFile),
          proxyUrl: config.upstream.proxyUrl,
        }),
      )
      if (welcome.identityKey === null) {
        throw new AppError(
          'message_unexpected',
          'welcome.identity_key is missing: an old collector',
        )
      }
      const key = {
        number: welcome.identityKey.number,
        key: Buffer.from(welcome.identityKey.key).toString('hex'),
      }
      const { status: keyStatus } = await store.adoptIdentityKey(key)
      await store.turnFeed(true)
      const enrollment: Enrollment = {
        childId: welcome.nodeId,
        name,
        url,
        parent: { algorithm: token.algorithm, publicKey: token.collectorKey },
        tokenId: token.id,
        authority,
      }
      folder.writeEnrollment(enrollment)
      return enrolledAnswer(context, enrollment, { keyStatus, keyNumber: key.number })
    })
  } finally {
    held.release()
  }
}

export async function runUpstreamStatus(context: CommandContext): Promise<CommandResult> {
  const { config, json, world } = context
  const folder = new UpstreamFolder(config.dataDir)
  const enrollment = folder.readEnrollment()
  if (enrollment === null) {
    const stdout = json ? jsonText({ enrolled: false }) : 'this collector reports to nobody\n'
    return { exitCode: 0, stdout }
  }
  const note = folder.readNote()
  const { childId, name, parent } = enrollment
  const url = addressOf(config.upstream.url, enrollment)
  if (json) {
    const facts = { enrolled: true, child_id: childId, name, url, parent_key: parent.publicKey }
    return { exitCode: 0, stdout: jsonText({ ...facts, note }) }
  }
  const lines = [
    `${name} (${childId}) reports to ${url}`,
    `the parent’s key is ${parent.publicKey}`,
    ...(note === null ? ['no serving process has said how the link stands'] : noteLines(note)),
  ]
  const ageMs = note === null ? 0 : world.clock.wallMs() - note.at_ms
  const age =
    note === null ? '' : `written ${Math.round(ageMs / 1000)} s ago by the serving process\n`
  return { exitCode: 0, stdout: `${lines.join('\n')}\n`, note: age }
}

export async function runUpstreamLeave(context: CommandContext): Promise<CommandResult> {
  const { dataDir } = context.config
  const folder = new UpstreamFolder(dataDir)
  const enrollment = folder.readEnrollment()
  if (enrollment === null) {
    throw new AppError('not_found', 'this collector reports to nobody')
  }
  const held = holdStopped(dataDir)
  try {
    // Bundles go on where the last one ended.
    const isFeedWanted = readBook(bundleFolder(dataDir)) !== null
    if (!isFeedWanted) await withLedger(context, (store) => store.turnFeed(false))
    folder.remove()
  } finally {
    held.release()
  }
  const { childId, url } = enrollment
  const stdout = context.json
    ? jsonText({ left: true, child_id: childId, url })
    : `${url} is told nothing any more; what it was told stays there\n`
  return { exitCode: 0, stdout, note: 'revoke it at the parent as well\n' }
}

/** Where the parent is: as configured, else as it was enrolled. */
export function addressOf(configured: string | null, { url }: Enrollment): string {
  return configured === null ? url : linkUrlOf(configured)
}

/** PEM text; `null` for none. */
export function readCaFile(file: string | null): string | null {
  if (file === null) return null
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const sentence = `upstream.ca ${file} cannot be read: ${errorSentence(error)}`
    throw new AppError('config_unreadable', sentence, { cause: error })
  }
}

function refuseOtherParent(before: Enrollment | null, token: EnrollmentToken): void {
  if (before === null || before.parent.publicKey === token.collectorKey) return
  throw new AppError(
    'conflict',
    `this collector reports to ${before.url} already: \`upstream leave\` first`,
  )
}

function holdStopped(dataDir: string): ReturnType<typeof holdServing> {
  try {
    return holdServing(ledgerPath(dataDir), chooseDriver())
  } catch (error) {
    const sentence = 'the collector is serving: stop it first, and start it again afterwards'
    throw new AppError('disk_locked', sentence, { cause: error })
  }
}

async function closing<Result>(spool: FileSpool, use: () => Promise<Result>): Promise<Result> {
  try {
    return await use()
  } finally {
    spool.close()
  }
}

const KEY_SENTENCES: Readonly<Record<KeyStatus, string>> = {
  adopted: 'ids of accelerators are made with the parent’s key from now on',
  same: 'ids of accelerators are made with the parent’s key already',
  kept: 'this ledger has nodes and keeps its own key for ids of accelerators: a card that moves between it and others is not known again',
}

function enrolledAnswer(
  { json }: CommandContext,
  enrollment: Enrollment,
  { keyNumber, keyStatus }: { readonly keyStatus: KeyStatus; readonly keyNumber: number },
): CommandResult {
  const { childId, name, url } = enrollment
  if (json) {
    const key = { number: keyNumber, status: keyStatus }
    return { exitCode: 0, stdout: jsonText({ child_id: childId, name, url, identity_key: key }) }
  }
  const stdout = `${name} is enrolled as ${childId} at ${url}\n${KEY_SENTENCES[keyStatus]}\n`
  return { exitCode: 0, stdout, note: 'start `serve` now: it reports by itself\n' }
}

function noteLines(note: UpstreamNote): readonly string[] {
  const { feed_entries: entries, problem } = note
  return [
    `link: ${note.link}${problem === null ? '' : ` (${problem.code}: ${problem.sentence})`}`,
    `not told yet: ${entries ?? 'unknown'} changes, ${note.unacknowledged_records} records on their way`,
    `the parent had everything ${Math.round(note.lag_ms / 1000)} s before that`,
    ...(note.refused_records > 0 ? [`refused by the parent: ${note.refused_records} records`] : []),
    ...(note.left_out_records > 0 ? [`too long to be told: ${note.left_out_records} records`] : []),
  ]
}
