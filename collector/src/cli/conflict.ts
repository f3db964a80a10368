/** `conflict list | resolve`: accelerators that two nodes claim, and which claim counts (C5). */
import { AppError, renderTable } from '@yiben/shared'
import { conflictAnswers } from '../api/answers/conflicts.ts'
import { conflictResolved } from '../inventory/administration.ts'
import type { Conflict } from '../model/inventory.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import {
  type CommandContext,
  type CommandResult,
  commandAuthor,
  countOf,
  jsonText,
  withLedger,
} from './command.ts'

export interface ConflictListOptions {
  readonly all?: boolean
}

export interface ConflictResolveOptions {
  readonly keep: string
}

/** One page shows more than a person decides in a day; what is left is said. */
const SHOWN_MAX = 200

export async function runConflictList(
  context: CommandContext,
  options: ConflictListOptions,
): Promise<CommandResult> {
  const openOnly = options.all !== true
  const { conflicts, hasMore } = await withLedger(context, async (store) => {
    const page = await store.listConflicts(SCOPE_ALL, openOnly, { cursor: null, limit: SHOWN_MAX })
    const rows = await conflictAnswers(store, SCOPE_ALL, page.rows)
    return { conflicts: rows, hasMore: page.nextCursor !== null }
  })
  const note = hasMore ? { note: `only the newest ${SHOWN_MAX} are shown\n` } : {}
  if (context.json) return { exitCode: 0, stdout: jsonText(conflicts), ...note }
  const columns = ['id', 'accelerator', 'unit', 'counts', 'node', 'site', 'valid from', 'valid to']
  const rows = conflicts.flatMap((conflict) =>
    conflict.claims.map((claim) => [
      String(conflict.conflict_id),
      conflict.accelerator_id,
      String(claim.unit_id),
      claim.counted === true ? 'yes' : 'no',
      claim.node_id ?? '',
      claim.site_code ?? '',
      claim.valid_from ?? '',
      claim.valid_to ?? '',
    ]),
  )
  return { exitCode: 0, stdout: renderTable(columns, rows), ...note }
}

export async function runConflictResolve(
  context: CommandContext,
  id: string,
  options: ConflictResolveOptions,
): Promise<CommandResult> {
  const conflictId = countOf(id, 'ID')
  const keepUnitId = countOf(options.keep, '--keep')
  const nowMs = context.world.clock.wallMs()
  await withLedger(context, async (store) => {
    const conflict = await requireConflict(store, conflictId)
    const change = conflictResolved(conflict, keepUnitId, commandAuthor(), nowMs)
    const { status } = await store.resolveConflict(change)
    if (status === 'already_resolved') {
      throw new AppError('conflict', `conflict ${conflictId} has been resolved already`)
    }
  })
  const stdout = context.json
    ? jsonText({ conflict_id: conflictId, status: 'resolved', kept_unit_id: keepUnitId })
    : `conflict ${conflictId} is resolved: unit ${keepUnitId} counts\n`
  return { exitCode: 0, stdout }
}

async function requireConflict(store: Store, conflictId: number): Promise<Conflict> {
  const conflict = await store.findConflict(SCOPE_ALL, conflictId)
  if (conflict === null) throw new AppError('not_found', `there is no conflict ${conflictId}`)
  return conflict
}
