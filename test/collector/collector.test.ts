/** The parts put together, in process: the way the simulated world uses them. */
import { keyPairFromSeed, silentLogger } from '@yiben/shared'
import { expect, test } from 'vitest'
import { Collector } from '../../collector/src/collector.ts'
import { loadConfig } from '../../collector/src/config.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { FakeRandom, settle } from '../support/fake-clock.ts'
import { MemoryCheckpoints } from '../support/memory-checkpoints.ts'
import { LedgerRig, LOTS } from './bank/ledger-rig.ts'

const SETTINGS = loadConfig({ file: null, env: {} })

async function collectorOver(rig: LedgerRig, store: Store = rig.store) {
  const network = { dial: () => Promise.reject(new Error('a collector dials nobody')) }
  const heard = { entries: 0 }
  const checkpoints = new MemoryCheckpoints()
  const collector = new Collector({
    world: { clock: rig.clock, random: new FakeRandom(3), network },
    log: silentLogger,
    store,
    ledger: await rig.store.ledgerState(),
    identity: keyPairFromSeed(1, new Uint8Array(32).fill(7)),
    lots: LOTS,
    settings: SETTINGS,
    checkpoints,
    onEntries: () => {
      heard.entries += 1
    },
  })
  await collector.open()
  return { collector, heard, checkpoints }
}

test('hours are sealed and entries numbered by themselves, and nothing is deposited unheard', async () => {
  const rig = new LedgerRig()
  const node = await rig.admit(1, [{}])
  await rig.policy(node)
  const { collector, heard, checkpoints } = await collectorOver(rig)
  const stopping = new AbortController()
  const running = collector.run(stopping.signal)
  await rig.live(node, [['free/proven', 3_600]])
  await rig.clock.run(3 * 3_600_000)
  stopping.abort()
  await running
  const kinds = (await rig.store.readJournal(0, 100)).map(({ kind }) => kind)
  expect(kinds[0]).toBe('ledger_opened')
  // The node has no session here, so it counts as suspended.
  expect(kinds).not.toContain('lot_opened')
  expect(kinds).toContain('hour_sealed')
  expect(heard.entries).toBeGreaterThan(0)
  expect(await rig.store.readOutbox(10)).toEqual([])
  // The last entry was signed within ten seconds.
  expect(checkpoints.remembered.map((note) => Number(note.split('\n')[1])).at(-1)).toBe(
    kinds.length,
  )
})

test('a stop without anybody connected does not wait', async () => {
  const rig = new LedgerRig()
  const { collector } = await collectorOver(rig)
  const stopping = new AbortController()
  const running = collector.run(stopping.signal)
  await settle()
  stopping.abort()
  await running
  expect(collector.gateway.connectionCount()).toBe(0)
})

test('a bug of one part ends all of them with it', async () => {
  const rig = new LedgerRig()
  const broken: Store = { ...rig.store, readOutbox: () => Promise.reject(new TypeError('a bug')) }
  const { collector } = await collectorOver(rig, broken)
  await expect(collector.run(new AbortController().signal)).rejects.toThrow('a bug')
})
