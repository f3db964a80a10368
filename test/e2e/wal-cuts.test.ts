/**
 * The write-ahead logs of a ledger and of a spool, cut and spoilt at drawn bytes: what was answered
 * before the last fsync is there, nothing is half there, and balance and journal hold. Where a disk
 * has lied and less is left, agents send again what they had been told was taken, and nothing is
 * signed any more that contradicts what was signed. `scripts/wal-cuts.ts` makes as many cuts as are
 * asked for.
 *
 * YIBEN_SEED replays the choices of a run.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Checker } from '../simulation/checks.ts'
import { SimWorld } from '../simulation/world.ts'
import { LedgerCuts, recordLedger } from '../support/ledger-cuts.ts'
import { recordSpool, SpoolCuts } from '../support/spool-cuts.ts'
import { WalFollower } from '../support/wal-log.ts'

const SEED = Number(process.env.YIBEN_SEED ?? Date.now() % 1_000_000)
const ROUNDS = 20
const SPOOL_ROUNDS = 40
const MINUTE = 60_000

process.stderr.write(`wal cuts: YIBEN_SEED=${SEED}\n`)

describe('a write-ahead log that is cut anywhere', () => {
  test.each(['better-sqlite3', 'node:sqlite'] as const)(
    'leaves the ledger as it was after a commit, with everything that was answered (%s)',
    async (driver) => {
      const recording = await recordLedger({ seed: SEED, driver, minutes: 6 })
      using cuts = new LedgerCuts(SEED, recording, driver)
      for (let round = 0; round < ROUNDS; round += 1) {
        expect(await cuts.round(round % 2 === 1), `seed ${SEED}, round ${round}`).toEqual([])
      }
      expect(cuts.shortened).toBeGreaterThan(ROUNDS / 2)
    },
    120_000,
  )

  test('leaves the spool with everything that was kept', () => {
    using cuts = new SpoolCuts(SEED, recordSpool(SEED, 400))
    for (let round = 0; round < SPOOL_ROUNDS; round += 1) {
      expect(cuts.round(round % 2 === 1), `seed ${SEED}, round ${round}`).toEqual([])
    }
    expect(cuts.shortened).toBeGreaterThan(SPOOL_ROUNDS / 2)
  }, 120_000)

  test('below what was acknowledged is told by the journal, and agents send it again', async () => {
    await using world = new SimWorld({ seed: SEED })
    await world.collector.start()
    await world.run(100)
    const nodes = [
      await world.addNode({ cards: ['a-0', 'a-1'] }),
      await world.addNode({ cards: ['b-0'] }),
    ]
    const { path } = world.collector
    await world.run(12 * MINUTE)
    const file = readFileSync(path)
    const log = readFileSync(`${path}-wal`)
    const follower = new WalFollower(`${path}-wal`)
    follower.read()
    const { commits } = follower
    expect(commits.length).toBeGreaterThan(20)
    const acked = nodes.map((node) => node.life.spool.state().ackedSeq)
    const signed = Number(world.collector.signedNotes.at(-1)?.split('\n')[1])
    await world.spoilLedger(() => {
      rmSync(`${path}-shm`, { force: true })
      writeFileSync(path, file)
      // Enough is gone for records, and for entries that were signed.
      writeFileSync(`${path}-wal`, log.subarray(0, commits[Math.floor(commits.length / 3)]))
    })
    for (const [at, node] of nodes.entries()) {
      expect(world.watermarkOf(node.life.spool.state().epoch)).toBeLessThan(acked[at] ?? 0)
    }
    await world.run(1_000)
    await world.collector.life.collector.notary.drain()
    expect((await world.store.readJournal(0, 10_000)).length).toBeLessThan(signed)
    expect(world.collector.life.collector.notary.refusal).toMatchObject({ reason: 'behind' })
    await world.run(10 * MINUTE)
    for (const [at, node] of nodes.entries()) {
      expect(node.life.agent.status().collector.state).toBe('online')
      expect(world.watermarkOf(node.life.spool.state().epoch)).toBeGreaterThan(acked[at] ?? 0)
    }
    expect(world.collector.life.collector.notary.refusal).not.toBeNull()
    expect(await new Checker(world).step()).toEqual([])
  }, 120_000)
})
