/** `node revoke`: a node may tell nothing any more; a serving collector takes nothing from it. */
import { AppError } from '@yiben/shared'
import { nodeRevoked } from '../inventory/administration.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import {
  type CommandContext,
  type CommandResult,
  commandAuthor,
  jsonText,
  withLedger,
} from './command.ts'

export async function runNodeRevoke(context: CommandContext, id: string): Promise<CommandResult> {
  const atMs = context.world.clock.wallMs()
  await withLedger(context, async (store) => {
    const row = await store.findNode(SCOPE_ALL, id)
    if (row === null) throw new AppError('not_found', `there is no node ${id}`)
    const { nodeId } = row.node
    const outbox = [nodeRevoked(nodeId, commandAuthor(), atMs)]
    const { status } = await store.revokeNode({ nodeId, atMs, outbox })
    if (status === 'already_revoked') {
      throw new AppError('conflict', `node ${id} has been revoked already`)
    }
  })
  const stdout = context.json
    ? jsonText({ node_id: id, status: 'revoked' })
    : `node ${id} is revoked: nothing more is taken from it, its history stays\n`
  return { exitCode: 0, stdout }
}
