/**
 * Vendor tools that misbehave, in front of a real agent at a cadence of one second: it stays up, the
 * other vendor keeps its cadence, what cannot be read is unknown and never free, SIGTERM ends it.
 */
import { describe, expect, test } from 'vitest'
import type { AgentProcess, SpoolContent } from '../support/agent-process.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { spansOf } from '../support/ledger-check.ts'
import { C_COMPILER, NvmlStub } from '../support/nvml-stub.ts'
import { until } from '../support/program.ts'

const PERIOD_MS = 1_000
/** Seconds of misbehaviour under which the other vendor is watched. */
const WATCHED_MS = 5_000
const STOP_MS_MAX = 5_500
const NVIDIA = [0, 1]
const ASCEND = [2, 3]

const INDEXES = { nvidia: NVIDIA, ascend: ASCEND } as const

const HANG = "trap '' TERM INT HUP; while :; do sleep 1000; done"
const FLOOD = 'yes 0123456789abcdef | head -c 100000000; exit 0'
const FAULTS = [
  { vendor: 'nvidia', name: 'sleeps for ever and ignores SIGTERM', fault: HANG },
  { vendor: 'nvidia', name: 'prints 100 MB', fault: FLOOD },
  { vendor: 'nvidia', name: 'prints garbage', fault: 'head -c 20000 /dev/urandom; exit 0' },
  { vendor: 'ascend', name: 'sleeps for ever and ignores SIGTERM', fault: HANG },
  { vendor: 'ascend', name: 'prints 100 MB', fault: FLOOD },
] as const

async function settled(agent: AgentProcess): Promise<void> {
  await until('every card has a state', async () => {
    const status = await agent.status()
    return status?.units.length === 4 && status.units.every(({ state }) => state !== null)
      ? true
      : null
  })
}

/** The states of the units a moment from now, when all of `indexes` are in `state`. */
async function inState(
  agent: AgentProcess,
  indexes: readonly number[],
  state: string,
): Promise<void> {
  await until(`units ${indexes} are ${state}`, async () => {
    const status = await agent.status()
    const units = status?.units.filter(({ index }) => indexes.includes(index)) ?? []
    return units.length > 0 && units.every((unit) => unit.state === state) ? true : null
  })
}

/** Goes on for a while of the node's own time. */
async function watch(agent: AgentProcess, forMs: number): Promise<void> {
  const startMs = (await agent.status())?.atMs ?? 0
  await until(`${forMs} ms later`, async () => {
    const atMs = (await agent.status())?.atMs ?? 0
    return atMs - startMs >= forMs ? true : null
  })
}

function spoolOf(agent: AgentProcess): SpoolContent {
  const spool = agent.readSpool()
  if (spool === null) throw new Error('the agent has left no spool')
  return spool
}

function msOf(spool: SpoolContent, indexes: readonly number[], fromMs: number, toMs: number) {
  const sums: Record<string, number> = {}
  for (const index of indexes) {
    for (const { state, startMs, endMs } of spansOf(spool, index)) {
      const ms = Math.min(endMs, toMs) - Math.max(startMs, fromMs)
      if (ms > 0) sums[state] = (sums[state] ?? 0) + ms
    }
  }
  return sums
}

/** The common promise: what happened between breaking a vendor and the end of the watch. */
function expectIsolation(
  spool: SpoolContent,
  vendor: keyof typeof INDEXES,
  [brokenAtMs, endMs]: readonly [number, number],
): void {
  const span = endMs - brokenAtMs
  const broken = msOf(spool, INDEXES[vendor], brokenAtMs + 2 * PERIOD_MS, endMs)
  expect(broken.free ?? 0).toBe(0)
  expect(broken.unknown).toBeGreaterThan(0)
  const others = INDEXES[vendor === 'nvidia' ? 'ascend' : 'nvidia']
  const other = msOf(spool, others, brokenAtMs, endMs)
  expect(other.free ?? 0).toBeGreaterThan(0.9 * 2 * (span - 2 * PERIOD_MS))
}

describe('a vendor tool that', () => {
  test.each(FAULTS)(
    '$name ($vendor) leaves the agent up and the other vendor alone',
    async ({ vendor, fault }) => {
      await using world = new E2eWorld()
      const agent = world.machine({
        name: 'node',
        nodeTag: 'a1',
        vendors: { nvidia: 2, ascend: 2 },
      })
      agent.enrollNowhere()
      agent.start()
      await settled(agent)
      await inState(agent, [...NVIDIA, ...ASCEND], 'free')
      const brokenAtMs = (await agent.status())?.atMs ?? 0
      agent.cards[vendor]?.break(fault)
      await inState(agent, INDEXES[vendor], 'unknown')
      await watch(agent, WATCHED_MS)
      const endMs = (await agent.status())?.atMs ?? 0
      expect(await agent.stop(STOP_MS_MAX)).not.toBeNull()
      expect(agent.program.exitCode).toBe(0)
      expectIsolation(spoolOf(agent), vendor, [brokenAtMs, endMs])
    },
    60_000,
  )

  test('vanishes makes its cards unknown, and they are read again when it is back', async () => {
    await using world = new E2eWorld()
    const agent = world.machine({ name: 'node', nodeTag: 'a1', vendors: { nvidia: 2, ascend: 2 } })
    agent.enrollNowhere()
    agent.start()
    await settled(agent)
    await inState(agent, [...NVIDIA, ...ASCEND], 'free')
    agent.cards.ascend?.vanish()
    await inState(agent, ASCEND, 'unknown')
    await inState(agent, NVIDIA, 'free')
    agent.cards.ascend?.repair()
    await until(
      'the cards are read again',
      async () => {
        const status = await agent.status()
        return status?.units.every(({ state }) => state === 'free') ? true : null
      },
      45_000,
    )
    expect(await agent.stop(STOP_MS_MAX)).not.toBeNull()
  }, 90_000)
})

describe.skipIf(C_COMPILER === null)('a library call that does not come back', () => {
  // The library is given up after 10 s; a stop has to work before that, and after.
  test.each([2_000, 11_000])(
    'costs the cards of its vendor, not the agent, %i ms on',
    async (ms) => {
      using stub = new NvmlStub({ cards: 2, used: 0 })
      await using world = new E2eWorld()
      const agent = world.machine({
        name: 'node',
        nodeTag: 'a1',
        vendors: { nvidia: 2, ascend: 2 },
        nvmlLibrary: stub.library,
      })
      agent.cards.nvidia?.vanish()
      agent.enrollNowhere()
      agent.start()
      await settled(agent)
      await inState(agent, ASCEND, 'free')
      const brokenAtMs = (await agent.status())?.atMs ?? 0
      stub.set({ hang_memory: 1 })
      await inState(agent, NVIDIA, 'unknown')
      await watch(agent, ms)
      const endMs = (await agent.status())?.atMs ?? 0
      expect(await agent.stop(STOP_MS_MAX)).not.toBeNull()
      expectIsolation(spoolOf(agent), 'nvidia', [brokenAtMs, endMs])
    },
    60_000,
  )
})

if (C_COMPILER === null) {
  process.stderr.write('the hung library is skipped: no C compiler on this machine\n')
}
