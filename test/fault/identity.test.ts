/**
 * Which machine is which, with real agents: copies of an enrolled disk (C10), a reboot (C1), and an
 * owner who wants the driver handles let go of (C26).
 */
import { cpSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { AgentProcess } from '../support/agent-process.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { C_COMPILER, NvmlStub } from '../support/nvml-stub.ts'
import { until } from '../support/program.ts'

const CARDS = 2
const CONFIG = ['collector: { retry_max: 1s }']

function machine(world: E2eWorld, name: string, nodeTag: string): AgentProcess {
  return world.machine({ name, nodeTag, vendors: { nvidia: CARDS }, config: CONFIG })
}

async function linkIs(agent: AgentProcess, state: string): Promise<string | null> {
  return await until(`the link of ${agent.name} is ${state}`, async () => {
    const collector = (await agent.status())?.collector
    return collector?.state === state ? (collector.problem ?? '') : null
  })
}

/** Processes another one has started and that still run. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((process) => process > 0 && parentOf(process) === pid)
}

function parentOf(pid: number): number | null {
  try {
    // The command name in parentheses may hold blanks; the parent is the second field after it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? null : Number(parent)
  } catch {
    // It has ended meanwhile.
    return null
  }
}

/** Whether a process has this file open. */
function holds(pid: number, path: string): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === path
    } catch {
      // Closed meanwhile.
      return false
    }
  })
}

describe('C10: a copy of an enrolled disk', () => {
  test.each([
    { name: 'on another machine while the first one runs', isOriginalUp: true },
    { name: 'on another machine, started first', isOriginalUp: false },
  ])(
    '$name is flagged, not counted, and told to enroll anew',
    async ({ isOriginalUp }) => {
      await using world = new E2eWorld()
      const { collector } = world
      await collector.start()
      const original = machine(world, 'original', 'a1')
      const [nodeId = ''] = await world.enroll([original])
      const copy = machine(world, 'copy', 'b2')
      cpSync(original.stateDir, copy.stateDir, { recursive: true })
      if (isOriginalUp) {
        original.start()
        await world.seen({ connected: CARDS })
      }
      copy.start()
      const problem = await linkIs(copy, 'refused')
      expect(problem).toMatch(/^node_clone: .*enroll/)
      if (!isOriginalUp) {
        original.start()
        await world.seen({ connected: CARDS })
      }
      expect(await linkIs(original, 'online')).toBe('')
      expect((await collector.get('/v1/quality')).body.clones).toMatchObject({
        total: 1,
        rows: [{ node_id: nodeId, reason: 'other_fingerprint' }],
      })
      expect(await world.stages()).toMatchObject({ connected: CARDS })

      // What it was told to do works, and its own cards are counted then.
      await copy.stop()
      const [other] = await world.enroll([copy])
      expect(other).not.toBe(nodeId)
      copy.start()
      await world.seen({ connected: 2 * CARDS })
    },
    60_000,
  )
})

describe('C1: a reboot', () => {
  test('replaces the old session at once, whose socket still seems open', async () => {
    await using world = new E2eWorld()
    const { collector } = world
    await collector.start()
    const agent = machine(world, 'node', 'a1')
    const [nodeId = ''] = await world.enroll([agent])
    agent.start()
    await world.seen({ connected: CARDS, free: CARDS })

    // The machine is gone without a word: its socket stays open, nobody answers on it.
    const old = agent.program
    process.kill(old.pid, 'SIGSTOP')
    const rebooted = world.machine({ name: 'rebooted', nodeTag: 'a1', vendors: { nvidia: CARDS } })
    cpSync(agent.stateDir, rebooted.stateDir, { recursive: true })
    rebooted.setMachine({ bootId: 'a1000000-0000-4000-8000-000000000002' })
    rebooted.start()
    expect(await linkIs(rebooted, 'online')).toBe('')
    const { body } = await collector.get('/v1/quality')
    expect(body.clones.total).toBe(0)
    const units = await collector.get('/v1/accelerators')
    expect(units.body.accelerators).toHaveLength(CARDS)
    const gap = await until('the reboot is in the timeline', async () => {
      const [card] = units.body.accelerators
      const span = `from=${card.valid_from}&to=${new Date().toISOString()}`
      const timeline = await collector.get(
        `/v1/accelerators/${card.accelerator_id}/timeline?${span}`,
      )
      const segments: { state: string; cause: string }[] = timeline.body.placements[0].segments
      return segments.find(({ cause }) => cause === 'reboot') ?? null
    })
    expect(gap).toMatchObject({ state: 'unknown' })
    expect((await collector.get(`/v1/nodes/${nodeId}`)).body.session.connected).toBe(true)
  }, 60_000)
})

describe('C26: pause', () => {
  test('ends the tools of the vendor within 2 s; nothing is deposited while it lasts', async () => {
    await using world = new E2eWorld()
    await world.collector.start()
    const agent = machine(world, 'node', 'a1')
    await world.enroll([agent])
    agent.start()
    await world.seen({ free: CARDS, deposited: CARDS })
    expect(childrenOf(agent.program.pid).length).toBeGreaterThan(0)
    // Answers once every handle is closed, which it promises within 2 s.
    const paused = agent.ask({ command: 'pause', forMs: null })
    await until(
      'no tool runs any more',
      () => (childrenOf(agent.program.pid).length === 0 ? true : null),
      2_000,
    )
    await paused
    await world.seen({ unknown: CARDS, deposited: 0 })
    await agent.ask({ command: 'resume' })
    await world.seen({ free: CARDS, deposited: CARDS })
    expect(await agent.stop()).not.toBeNull()
  }, 60_000)

  test.skipIf(C_COMPILER === null)(
    'lets go of the library',
    async () => {
      using stub = new NvmlStub({ cards: CARDS, used: 0 })
      await using world = new E2eWorld()
      const agent = world.machine({
        name: 'node',
        nodeTag: 'a1',
        vendors: { nvidia: CARDS },
        nvmlLibrary: stub.library,
      })
      agent.cards.nvidia?.vanish()
      agent.enrollNowhere()
      agent.start()
      await until('the cards are read', async () => {
        const units = (await agent.status())?.units ?? []
        return units.length === CARDS && units.every(({ state }) => state !== null) ? true : null
      })
      expect(holds(agent.program.pid, stub.driverFile)).toBe(true)
      await agent.ask({ command: 'pause', forMs: null })
      expect(holds(agent.program.pid, stub.driverFile)).toBe(false)
      await agent.ask({ command: 'resume' })
      await until('the driver is open again', () =>
        holds(agent.program.pid, stub.driverFile) ? true : null,
      )
    },
    30_000,
  )
})
