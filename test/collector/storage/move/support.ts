/** Ledgers in files that are moved, and databases that they are moved to. */
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { MoveOptions } from '../../../../collector/src/storage/move/move.ts'
import { SCOPE_ALL } from '../../../../collector/src/storage/requests.ts'
import { dropDatabase, emptyDatabase } from '../../../support/postgres.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { ApiRig } from '../../api/api-rig.ts'
import { DrawsRig, poolOf } from '../../bank/draws-rig.ts'
import { HOUR } from '../../bank/ledger-rig.ts'
import { IDENTITY, writeIdentity } from '../../journal/export-support.ts'

/** Of what the rigs have lived through, long after. */
export const NOW_MS = Date.UTC(2026, 2, 9)

/** An empty database of the test's own. */
export async function database(): Promise<string> {
  const url = await emptyDatabase()
  onTestFinished(() => dropDatabase(url))
  return url
}

/** A data folder with sealed hours, deposits, a signed journal and tokens, and its key. */
export async function livedFolder(): Promise<string> {
  const rig = await ApiRig.start()
  try {
    const node = await rig.rig.admit(1, [{}, {}])
    await rig.rig.policy(node)
    await rig.rig.live(node, [['free/proven', 2_700]])
    await rig.settle()
    await rig.rig.live(node, [['busy/active', 1_800]])
    rig.rig.clock.advance(3 * HOUR)
    await rig.settle()
    const folder = tempDir()
    await rig.rig.store.backup(join(folder, 'ledger.sqlite'))
    writeIdentity(folder, 1, 7)
    return folder
  } finally {
    await rig.close()
  }
}

/** A ledger file with draws in several states, and entries that have no number yet. */
export async function drawnFile(): Promise<string> {
  const rig = new DrawsRig()
  await rig.node(1, 2)
  await rig.node(2, 2)
  await rig.deposit()
  const draws = rig.process()
  for (const drawId of ['held', 'lent', 'returned', 'voided']) {
    await draws.hold(poolOf(drawId), SCOPE_ALL)
  }
  await draws.post('lent')
  await draws.post('returned')
  await draws.return('returned', 'all')
  await draws.void('voided')
  const path = join(tempDir(), 'ledger.sqlite')
  await rig.ledger.store.backup(path)
  await rig.ledger.store.close()
  return path
}

export function moveOptions(path: string, url: string): MoveOptions {
  return { path, url, identity: IDENTITY, nowMs: NOW_MS }
}
