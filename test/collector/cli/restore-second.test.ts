/** What the second journal gives back where the backup does not know the cards, or is of another life. */
import { join } from 'node:path'
import { silentLogger } from '@yiben/shared'
import { expect, test } from 'vitest'
import { runRestore } from '../../../collector/src/cli/restore.ts'
import { loadConfig } from '../../../collector/src/config.ts'
import { SecondJournal } from '../../../collector/src/journal/second-journal.ts'
import { openCommandStore } from '../../../collector/src/storage/open.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { cardsOf, DrawsRig } from '../bank/draws-rig.ts'
import { folderOf, writeIdentity } from '../journal/export-support.ts'

const NO_NETWORK = { dial: () => Promise.reject(new Error('nobody is dialled')) }

/** A backup; then a node more, and a draw of a card of each node. */
async function lived() {
  const rig = new DrawsRig()
  const old = await rig.node(1, 1)
  const backup = join(await folderOf(rig.ledger), 'ledger.sqlite')
  const folder = tempDir()
  const { store, clock } = rig.ledger
  const ledger = await store.ledgerState()
  const second = new SecondJournal({ folder, store, ledger, clock, logger: silentLogger })
  await second.start()
  const young = await rig.node(2, 1)
  await rig.deposit()
  const process = rig.process(undefined, second)
  for (const [drawId, nodeId] of [
    ['a', old],
    ['b', young],
  ] as const) {
    await process.hold(cardsOf(drawId, [[nodeId, 1]]), SCOPE_ALL)
    expect((await process.post(drawId)).status).toBe('done')
  }
  return { rig, backup, folder }
}

async function restore(backup: string, secondJournal: string) {
  const dataDir = tempDir()
  writeIdentity(dataDir, 1, 7)
  const config = loadConfig({ file: null, env: {}, flags: { data_dir: dataDir } })
  const [clock, random] = [new FakeClock(), new FakeRandom(1)]
  const world = { clock, random, network: NO_NETWORK }
  const { stdout } = await runRestore({ config, world, json: true }, backup, { secondJournal })
  return { said: JSON.parse(stdout), store: openCommandStore({ dataDir, clock, random }) }
}

test('draws of cards that came after the backup are named, the others come back', async () => {
  const { rig, backup, folder } = await lived()
  const { said, store } = await restore(backup, folder)
  try {
    expect(said.second_journal).toEqual({
      decisions: 2,
      draws: 1,
      unknown_draws: ['b'],
      cut_off_bytes: 0,
    })
    expect(await store.findDraw('a')).toEqual(await rig.draw('a'))
    expect(await store.findDraw('b')).toBeNull()
    expect(await store.auditDraws()).toEqual([])
    expect(await store.isRecovering()).toBe(true)
  } finally {
    await store.close()
  }
})

test('a backup of a restored ledger goes on with what was decided since that restore', async () => {
  const { backup, folder } = await lived()
  const { store } = await restore(backup, folder)
  const [clock, again] = [new FakeClock(), join(tempDir(), 'again.sqlite')]
  await store.backup(again)
  const ledger = await store.ledgerState()
  const next = { folder, store, ledger, clock, logger: silentLogger }
  await new SecondJournal(next).start()
  await store.close()
  const { said, store: second } = await restore(again, folder)
  await second.close()
  // What the restore itself put there, under the new generation.
  expect(said.second_journal).toMatchObject({ decisions: 0, unknown_draws: [] })
})
