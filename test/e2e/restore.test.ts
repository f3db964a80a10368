/**
 * C15 with real processes: a collector is restored from a backup that is older than what its agents
 * have been told to be taken. Agents resend; timeline and hours come out as they were before the
 * loss; a lower generation is refused; nobody is taken for a clone.
 */
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { E2eWorld } from '../support/e2e-world.ts'
import { checkNode } from '../support/ledger-check.ts'
import { until } from '../support/program.ts'

interface Segment {
  readonly from: string
  readonly to: string
  readonly state: string
}

/** Machines that run the whole suite at once are slow to show anything. */
const SEEN_MS = 90_000

describe('C15, R6: a collector that is restored', () => {
  test('has the same timeline again, and its agents follow nobody older', async () => {
    await using world = new E2eWorld()
    const { collector } = world
    await collector.start()
    // With a bank that could have drawn something, it is waited for.
    await collector.say(['token', 'create', '--role', 'bank'])
    const agent = world.machine({ name: 'node-1', nodeTag: 'a1', vendors: { nvidia: 2 } })
    const [nodeId = ''] = await world.enroll([agent])
    const cards = agent.cards.nvidia
    cards?.set('busy')
    const fromMs = Date.now()
    agent.start()
    await world.seen({ connected: 2, busy: 2 }, SEEN_MS)
    const file = join(world.folder, 'backup.sqlite')
    await collector.say(['backup', file])

    // What the backup does not hold: other states, a deposit, and the agent comes anew meanwhile.
    cards?.set('free')
    await world.seen({ free: 2, deposited: 2 }, SEEN_MS)
    await agent.kill()
    agent.start()
    cards?.set('occupied')
    await world.seen({ occupied: 2, deposited: 0 }, SEEN_MS)
    const toMs = Math.floor(Date.now() / 1_000) * 1_000
    const told = async () => {
      const { body } = await collector.get(`/v1/nodes/${nodeId}`)
      return Date.parse(body.told_to) >= toMs ? true : null
    }
    await until('told', told)
    const before = await timelines(world, fromMs, toMs)
    const lost = join(world.folder, 'lost')
    await collector.kill()
    cpSync(collector.dataDir, lost, { recursive: true })

    for (const name of ['ledger.sqlite', 'ledger.sqlite-wal', 'ledger.sqlite-shm']) {
      rmSync(join(collector.dataDir, name), { force: true })
    }
    const restored = JSON.parse(await collector.say(['restore', file, '--json']))
    expect(restored).toMatchObject({ previous_generation: 1, replaced: null })
    await collector.start()
    await world.seen({ connected: 2, occupied: 2 }, SEEN_MS)
    await until('told again', told)
    expect(await timelines(world, fromMs, toMs)).toEqual(before)
    const quality = await collector.get('/v1/quality')
    expect(quality.body).toMatchObject({
      clones: { total: 0 },
      epochs: { total: 0 },
      refused: { total: 0 },
      collector: { recovering: true },
    })
    expect(await collector.command(['recovery', 'finish', '--by', 'Li Lei'])).toMatchObject({
      exitCode: 0,
    })
    await until('granting', async () => {
      const { body } = await collector.get('/v1/recovery')
      return body.recovering === false ? true : null
    })

    // The old ledger in the place of the new one is nobody that agents follow.
    const watermark = agent.readSpool()?.ackedSeq ?? 0
    await collector.kill()
    const kept = join(world.folder, 'kept')
    cpSync(collector.dataDir, kept, { recursive: true })
    rmSync(collector.dataDir, { recursive: true })
    cpSync(lost, collector.dataDir, { recursive: true })
    await collector.start()
    await agent.program.line(/an older copy is in place/)
    expect(agent.isRunning).toBe(true)
    await collector.kill()
    rmSync(collector.dataDir, { recursive: true })
    cpSync(kept, collector.dataDir, { recursive: true })
    await agent.stop()
    agent.start()
    await collector.start()
    await world.seen({ connected: 2, occupied: 2 }, SEEN_MS)
    await until('more is told', () =>
      (agent.readSpool()?.ackedSeq ?? 0) > watermark ? true : null,
    )
    await agent.stop()
    await collector.stop()
    const spool = agent.readSpool()
    if (spool === null) throw new Error('the agent has left no spool')
    await world.withStore(async (store) => {
      expect(await checkNode(store, nodeId, spool)).toEqual([])
    })
    const note = readFileSync(join(collector.dataDir, 'checkpoint.note'), 'utf8')
    expect(note).toContain(`/${restored.generation}\n`)
  }, 300_000)
})

/** Of every card, clipped to the span: what a person is shown. */
async function timelines(world: E2eWorld, fromMs: number, toMs: number): Promise<unknown> {
  const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString())
  const { body } = await world.collector.get('/v1/accelerators')
  const all = []
  for (const { accelerator_id: id } of body.accelerators) {
    const answer = await world.collector.get(
      `/v1/accelerators/${id}/timeline?from=${from}&to=${to}`,
    )
    const segments: Segment[] = answer.body.placements[0].segments
    all.push({ id, segments: segments.map(({ from, to, state }) => ({ from, to, state })) })
  }
  return all
}
