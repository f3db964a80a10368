/**
 * `recovery status|finish`: whether a restored ledger grants again, and the word of a person that it
 * shall. A serving collector is asked over HTTP for what it waits for; it takes `finish` from the
 * ledger within seconds.
 */
import { AppError } from '@yiben/shared'
import { recoveryEndedEntry } from '../bank/recovery-entries.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import {
  type CommandContext,
  type CommandResult,
  commandAuthor,
  jsonText,
  withLedger,
} from './command.ts'

const NAME_LENGTH_MAX = 120
const PAGE_NODES = 1_000

export async function runRecoveryStatus(context: CommandContext): Promise<CommandResult> {
  const facts = await withLedger(context, async (store) => ({
    isRecovering: await store.isRecovering(),
    ledger: await store.ledgerState(),
    nodes: await nodesOf(store),
  }))
  const { isRecovering, ledger, nodes } = facts
  const since = new Date(ledger.openedAtMs).toISOString()
  if (context.json) {
    const stdout = jsonText({
      recovering: isRecovering,
      generation: ledger.generation,
      since,
      nodes_active: nodes.active,
      nodes_connected: nodes.connected,
    })
    return { exitCode: 0, stdout }
  }
  const stdout = isRecovering
    ? `recovering since ${since} (generation ${ledger.generation}): nothing is granted\n` +
      `${nodes.connected} of ${nodes.active} nodes are connected\n`
    : `not recovering (generation ${ledger.generation})\n`
  const note =
    'which nodes and what else is waited for: GET /v1/recovery of the serving collector\n'
  return { exitCode: 0, stdout, ...(isRecovering ? { note } : {}) }
}

export async function runRecoveryFinish(
  context: CommandContext,
  name: string,
): Promise<CommandResult> {
  if (name.trim() === '' || name.length > NAME_LENGTH_MAX) {
    throw new AppError('usage_invalid', '--by must be a name')
  }
  const atMs = context.world.clock.wallMs()
  await withLedger(context, async (store) => {
    const entry = recoveryEndedEntry({ by: `${name} (${commandAuthor()})`, why: 'by_name', atMs })
    const { status } = await store.endRecovery([entry])
    if (status === 'ended') return
    throw new AppError('conflict', 'this ledger is not recovering')
  })
  const stdout = context.json
    ? jsonText({ status: 'finished', by: name })
    : `finished by ${name}: cards are granted again\n`
  return { exitCode: 0, stdout }
}

async function nodesOf(store: Store): Promise<{ active: number; connected: number }> {
  const counts = { active: 0, connected: 0 }
  let cursor: string | null = null
  do {
    const page = await store.listNodes(SCOPE_ALL, { cursor, limit: PAGE_NODES })
    for (const { node, session } of page.rows) {
      if (node.status !== 'active') continue
      counts.active += 1
      if (session?.isConnected === true) counts.connected += 1
    }
    cursor = page.nextCursor
  } while (cursor !== null)
  return counts
}
