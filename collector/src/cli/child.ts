/**
 * `child list | add | revoke | conflicts | resolve`: collectors that report to this one, those that
 * never connect among them, and the cards that two of them claim.
 */
import {
  ALGORITHM_ED25519,
  ALGORITHM_SM2,
  AppError,
  divisionCodeOf,
  publicKeyBytes,
  renderTable,
} from '@yiben/shared'
import {
  childAdded,
  childConflictResolved,
  childRevoked,
  mintChildId,
} from '../inventory/children-administration.ts'
import type { ChildClaim, ChildConflict, ChildRow } from '../model/child.ts'
import type { ChildId } from '../model/ids.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import {
  type CommandContext,
  type CommandResult,
  commandAuthor,
  countOf,
  jsonText,
  withLedger,
  withStore,
  wordOf,
} from './command.ts'

const NAME_LENGTH_MAX = 120

export interface ChildAddOptions {
  readonly key: string
  readonly name: string
  readonly region?: string
}

export interface ChildResolveOptions {
  readonly keep: string
}

export async function runChildList(context: CommandContext): Promise<CommandResult> {
  const { children, collectors } = await withLedger(context, async (store) => ({
    children: await store.listChildren(),
    collectors: await store.listCollectors(SCOPE_ALL),
  }))
  const rows = collectors.map((collector) => {
    const row = children.find(({ child }) => child.childId === collector.childId)
    const isChild = row?.child.publicKey === collector.origin
    return {
      child_id: collector.childId,
      name: collector.name,
      origin: collector.origin,
      below: isChild ? null : collector.parentOrigin,
      region: isChild ? row.child.regionCode : null,
      one_way: row?.child.isOneWay ?? false,
      status: row?.child.status ?? 'revoked',
      away_since: timeText(collector.awaySinceMs),
      connected: isChild && row.session.isConnected,
      program_version: collector.programVersion,
      sites: collector.sites,
      nodes: collector.nodes,
      cards: collector.cards,
    }
  })
  if (context.json) return { exitCode: 0, stdout: jsonText(rows) }
  const columns = ['id', 'name', 'status', 'heard', 'sites', 'nodes', 'cards', 'origin']
  const table = rows.map((row) => [
    row.child_id,
    row.below === null ? row.name : `  ${row.name}`,
    row.status,
    row.away_since === null ? 'yes' : `not since ${row.away_since}`,
    String(row.sites),
    String(row.nodes),
    String(row.cards),
    row.origin,
  ])
  return { exitCode: 0, stdout: renderTable(columns, table) }
}

/** One that never connects; those that do come by a token. */
export async function runChildAdd(
  context: CommandContext,
  options: ChildAddOptions,
): Promise<CommandResult> {
  const { world } = context
  const nowMs = world.clock.wallMs()
  const publicKey = options.key.toLowerCase()
  const child: ChildRow = {
    childId: mintChildId(world.random),
    name: nameOf(options.name),
    algorithm: algorithmOf(publicKey),
    publicKey,
    regionCode: options.region === undefined ? null : regionOf(options.region),
    isOneWay: true,
    fingerprint: '',
    joinState: 0,
    previousJoinState: 0,
    status: 'active',
    enrolledAtMs: nowMs,
  }
  const { status } = await withStore(context, (store) =>
    store.addChild(child, [childAdded(child, commandAuthor(), nowMs)]),
  )
  if (status === 'known') throw new AppError('conflict', `${publicKey} is known already`)
  const answer = { child_id: child.childId, name: child.name, origin: publicKey }
  const stdout = context.json
    ? jsonText(answer)
    : `${child.name} is a child now: bring what it tells with \`bundle import\`\n`
  return { exitCode: 0, stdout }
}

export async function runChildRevoke(context: CommandContext, id: string): Promise<CommandResult> {
  const atMs = context.world.clock.wallMs()
  const childId = id as ChildId
  const outbox = [childRevoked(childId, commandAuthor(), atMs)]
  const { status } = await withLedger(context, (store) =>
    store.revokeChild({ childId, atMs, outbox }),
  )
  if (status === 'not_found') throw new AppError('not_found', `there is no child ${id}`)
  if (status === 'already_revoked') {
    throw new AppError('conflict', `child ${id} has been revoked already`)
  }
  const stdout = context.json
    ? jsonText({ child_id: id, status })
    : `child ${id} is revoked: nothing more is taken from it; what it has told stays, and is unknown from now on\n`
  return { exitCode: 0, stdout }
}

export async function runChildConflicts(context: CommandContext): Promise<CommandResult> {
  const nowMs = context.world.clock.wallMs()
  const { conflicts } = await withLedger(context, (store) =>
    store.readChildQuality(SCOPE_ALL, nowMs),
  )
  if (context.json) {
    const rows = conflicts.map(({ conflictId, kept, other }) => ({
      conflict_id: conflictId,
      kept: kept === null ? null : claimFacts(kept),
      other: other === null ? null : claimFacts(other),
    }))
    return { exitCode: 0, stdout: jsonText(rows) }
  }
  const columns = ['id', 'counts', 'ledger', 'unit', 'node', 'site', 'from']
  const rows = conflicts.flatMap((conflict) => [
    ...(conflict.kept === null ? [] : [claimRow(conflict, conflict.kept, 'yes')]),
    ...(conflict.other === null ? [] : [claimRow(conflict, conflict.other, 'no')]),
  ])
  return { exitCode: 0, stdout: renderTable(columns, rows) }
}

export async function runChildResolve(
  context: CommandContext,
  id: string,
  options: ChildResolveOptions,
): Promise<CommandResult> {
  const conflictId = countOf(id, 'the id of a conflict')
  const keep = wordOf(options.keep, ['kept', 'other'] as const, '--keep')
  const atMs = context.world.clock.wallMs()
  const by = commandAuthor()
  await withLedger(context, async (store) => {
    const conflict = await store.findChildConflict(SCOPE_ALL, conflictId)
    if (conflict === null) throw new AppError('not_found', `there is no conflict ${id}`)
    const outbox = [childConflictResolved(conflict, { keep, by, atMs })]
    const { status } = await store.resolveChildConflict({ conflictId, keep, by, atMs, outbox })
    if (status === 'is_here') {
      const sentence = `the card of conflict ${id} is here: revoke its node if it is not, then it counts at the child`
      throw new AppError('conflict', sentence)
    }
    if (status !== 'resolved') throw new AppError('conflict', `conflict ${id} was resolved before`)
  })
  const stdout = context.json
    ? jsonText({ conflict_id: conflictId, status: 'resolved', keep })
    : `conflict ${id} is resolved\n`
  return { exitCode: 0, stdout }
}

function claimRow({ conflictId }: ChildConflict, claim: ChildClaim, counts: string): string[] {
  return [
    String(conflictId),
    counts,
    claim.origin ?? 'here',
    String(claim.unitNumber),
    claim.nodeId,
    claim.siteCode,
    timeText(claim.validFromMs) ?? '',
  ]
}

function claimFacts(claim: ChildClaim) {
  return {
    origin: claim.origin,
    unit_number: claim.unitNumber,
    node_id: claim.nodeId,
    site_code: claim.siteCode,
    valid_from: timeText(claim.validFromMs),
  }
}

function timeText(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString()
}

function algorithmOf(publicKey: string): number {
  const suites = [ALGORITHM_ED25519, ALGORITHM_SM2]
  const algorithm = suites.find((one) => publicKeyBytes(one) * 2 === publicKey.length)
  if (algorithm === undefined || !/^[0-9a-f]+$/.test(publicKey)) {
    throw new AppError('usage_invalid', '--key must be a public key in hex, as `key` prints it')
  }
  return algorithm
}

function nameOf(text: string): string {
  const name = text.trim()
  if (name !== '' && name.length <= NAME_LENGTH_MAX) return name
  throw new AppError('usage_invalid', `--name must have 1–${NAME_LENGTH_MAX} characters`)
}

function regionOf(text: string): string {
  const code = divisionCodeOf(text)
  if (code !== null) return code
  throw new AppError('usage_invalid', '--region must be a GB/T 2260 code of six digits')
}
