/**
 * `node revoke`: a node may tell nothing any more; a serving collector takes nothing from it.
 * `node rotate-key`: nodes take a new key by themselves, those that are away when they come back.
 */
import { AppError, randomHex } from '@yiben/shared'
import { nodeKeyAsked, nodeRevoked } from '../inventory/administration.ts'
import type { NodeId } from '../model/ids.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import {
  type CommandContext,
  type CommandResult,
  commandAuthor,
  jsonText,
  withLedger,
} from './command.ts'

const NONCE_BYTES = 16
const PAGE = 500

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

export interface RotateKeyRequest {
  readonly ids: readonly string[]
  readonly isAll: boolean
}

export async function runNodeRotateKey(
  context: CommandContext,
  { ids, isAll }: RotateKeyRequest,
): Promise<CommandResult> {
  if (isAll === ids.length > 0) throw new AppError('usage_invalid', 'name nodes, or --all')
  const asked = await withLedger(context, async (store) => {
    const nodeIds = isAll ? await activeNodes(store) : (ids as readonly NodeId[])
    const found: NodeId[] = []
    for (const nodeId of nodeIds) if (await ask(context, store, nodeId)) found.push(nodeId)
    return found
  })
  const stdout = context.json
    ? jsonText({ asked })
    : `${asked.length} nodes are asked for a new key, each as soon as it is connected\n`
  return { exitCode: 0, stdout }
}

/** `false`: it is asked already. */
async function ask(
  { world }: CommandContext,
  store: Pick<Store, 'askKeyRotation'>,
  nodeId: NodeId,
): Promise<boolean> {
  const askedAtMs = world.clock.wallMs()
  const askedBy = commandAuthor()
  const nonce = randomHex(world.random, NONCE_BYTES)
  const { status } = await store.askKeyRotation({ nodeId, nonce, askedAtMs, askedBy }, [
    nodeKeyAsked(nodeId, askedBy, askedAtMs),
  ])
  if (status === 'not_found') throw new AppError('not_found', `there is no node ${nodeId}`)
  if (status === 'node_revoked') throw new AppError('conflict', `node ${nodeId} is revoked`)
  return status === 'asked'
}

async function activeNodes(store: Pick<Store, 'listNodes'>): Promise<readonly NodeId[]> {
  const found: NodeId[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<Store['listNodes']>> = await store.listNodes(SCOPE_ALL, {
      cursor,
      limit: PAGE,
    })
    for (const { node } of page.rows) if (node.status === 'active') found.push(node.nodeId)
    cursor = page.nextCursor
  } while (cursor !== null)
  return found
}
