/**
 * A disk that runs full, under the spool and under the store: nobody falls over, one line says what
 * is wrong, and when space returns everything goes on with nothing acknowledged lost.
 */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AgentProcess } from '../support/agent-process.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { checkNode } from '../support/ledger-check.ts'
import { NO_POWERCUT, PowerDisk } from '../support/powercut.ts'
import { until } from '../support/program.ts'

if (NO_POWERCUT !== null) process.stderr.write(`full disks are skipped: ${NO_POWERCUT}\n`)

const CONFIG = ['collector: { retry_max: 1s }']
/** Records waiting in memory before space returns: some seconds without a disk. */
const WAITING_RECORDS = 3

async function spoolOf(agent: AgentProcess) {
  return (await agent.status())?.spool ?? null
}

async function acknowledgedPast(agent: AgentProcess, seq: number, withinMs?: number) {
  await until(
    `${agent.name} has more than ${seq} acknowledged`,
    async () => (((await spoolOf(agent))?.ackedSeq ?? 0) > seq ? true : null),
    withinMs,
  )
}

/** Stops both in order and compares every record with every row. */
async function expectComplete(world: E2eWorld, agent: AgentProcess, nodeId: string) {
  const { collector } = world
  expect(await agent.stop()).not.toBeNull()
  const range = ['--from', '2020-01-01T00:00:00Z', '--to', new Date().toISOString()]
  const balance = await collector.command(['balance', ...range])
  expect(balance.exitCode, balance.stdout).toBe(0)
  expect(await collector.stop()).not.toBeNull()
  const spool = agent.readSpool()
  if (spool === null) throw new Error('the agent has left no spool')
  expect(await world.withStore((store) => checkNode(store, nodeId, spool))).toEqual([])
}

describe.skipIf(NO_POWERCUT !== null)('a disk that runs full', () => {
  test('under the spool: records wait in memory and are written when space returns', async () => {
    await using world = new E2eWorld()
    const { collector } = world
    await collector.start()
    const agent = world.machine({
      name: 'node',
      nodeTag: 'a1',
      vendors: { nvidia: 2 },
      config: CONFIG,
    })
    const [nodeId = ''] = await world.enroll([agent])
    const disk = new PowerDisk(agent.stateDir, join(world.folder, 'disk'))
    agent.start(disk.env())
    await acknowledgedPast(agent, 3)

    disk.setFull(true)
    await until('records wait', async () =>
      ((await spoolOf(agent))?.waitingRecords ?? 0) >= WAITING_RECORDS ? true : null,
    )
    const before = await spoolOf(agent)
    expect(agent.isRunning).toBe(true)
    expect(agent.program.lines(/"level":"error".*disk takes no records/)).toHaveLength(1)

    disk.setFull(false)
    await acknowledgedPast(agent, before?.lastSeq ?? 0)
    expect(agent.program.lines(/the disk takes records again/)).toHaveLength(1)
    expect(agent.program.lines(/"level":"error".*(disk|spool)/).length).toBeLessThanOrEqual(2)
    await expectComplete(world, agent, nodeId)
  }, 180_000)

  test('before the agent starts: it waits for space and then goes on', async () => {
    await using world = new E2eWorld()
    const { collector } = world
    await collector.start()
    const agent = world.machine({
      name: 'node',
      nodeTag: 'a1',
      vendors: { nvidia: 2 },
      config: CONFIG,
    })
    const [nodeId = ''] = await world.enroll([agent])
    const disk = new PowerDisk(agent.stateDir, join(world.folder, 'disk'))
    agent.start(disk.env())
    await acknowledgedPast(agent, 3)
    await agent.kill()

    disk.setFull(true)
    agent.start(disk.env())
    await agent.program.line(/"level":"error".*waiting for space/)
    disk.setFull(false)
    await acknowledgedPast(agent, 6)
    await expectComplete(world, agent, nodeId)
  }, 180_000)

  test('under the store: nothing is acknowledged until it can be written', async () => {
    await using world = new E2eWorld()
    const { collector } = world
    await collector.start()
    const agent = world.machine({
      name: 'node',
      nodeTag: 'a1',
      vendors: { nvidia: 2 },
      config: CONFIG,
    })
    const [nodeId = ''] = await world.enroll([agent])
    await collector.stop()
    const disk = new PowerDisk(collector.dataDir, join(world.folder, 'disk'))
    await collector.start(disk.env())
    agent.start()
    await acknowledgedPast(agent, 3)

    disk.setFull(true)
    await collector.program.line(/the store cannot write/)
    const atFull = (await spoolOf(agent))?.ackedSeq ?? 0
    await until('records pile up in the spool', async () => {
      const spool = await spoolOf(agent)
      return spool !== null && spool.lastSeq >= spool.ackedSeq + WAITING_RECORDS ? true : null
    })
    expect(collector.program.isRunning).toBe(true)
    expect((await collector.get('/healthz')).status).toBe(200)
    expect((await collector.get('/readyz')).status).toBe(503)
    expect(collector.program.lines(/the store cannot write/)).toHaveLength(1)

    disk.setFull(false)
    await acknowledgedPast(agent, atFull + WAITING_RECORDS, 180_000)
    expect((await collector.get('/readyz')).status).toBe(200)
    expect(collector.program.lines(/the store can write again/)).toHaveLength(1)

    // The same when it is started on a full disk.
    await collector.kill()
    disk.setFull(true)
    collector.launch(disk.env())
    await collector.program.line(/"level":"error".*waiting for space/)
    disk.setFull(false)
    await collector.ready()
    const before = (await spoolOf(agent))?.ackedSeq ?? 0
    await acknowledgedPast(agent, before + 1, 180_000)
    await expectComplete(world, agent, nodeId)
  }, 120_000)
})
