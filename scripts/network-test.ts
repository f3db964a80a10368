/**
 * `node scripts/network-test.ts [--minutes N]`: real agents and a real collector, each in a network
 * namespace of its own, over wires that lose, delay, cut and swallow. At the end nothing is lost, the
 * account balances, and each machine is still one node. Needs root, iproute2, openssl and a C
 * compiler; says so where they are missing.
 *
 * Agents sample and record once a second, so that ten minutes are as many samples as an hour and
 * forty minutes of a node with the usual 10 s, and as many records as ten hours of one.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Fleet } from './network-test/fleet.ts'
import { netHindrance } from './network-test/net.ts'

const USAGE = `node scripts/network-test.ts [--minutes N]

  --minutes N   of real time for everything that is done to the network (default 8)`
/** How long after the network is good again everything must have arrived. */
const HEALED_MS = 90_000

interface Step {
  readonly name: string
  readonly run: (fleet: Fleet, lengthMs: number) => Promise<void>
}

const STEPS: readonly Step[] = [
  {
    name: 'a good network: every agent is heard',
    run: (fleet) => fleet.flows(fleet.members, 60_000),
  },
  {
    name: 'a partition of one machine, nobody told: the others go on, it keeps, and catches up',
    run: async (fleet, lengthMs) => {
      const [first, ...others] = fleet.members
      await fleet.net.wires[0]?.set({ cut: 1 })
      await delay(lengthMs)
      await fleet.flows(others, 20_000)
      const status = await first?.agent.status()
      const kept = status?.collector.unacknowledgedRecords ?? 0
      if (kept < lengthMs / 1_000 / 2) throw new Error(`the machine that was cut off keeps ${kept}`)
    },
  },
  {
    name: '30 % of all packets lost, each way: it goes on',
    run: async (fleet, lengthMs) => {
      for (const wire of fleet.net.wires) await wire.set({ loss: 30 })
      await fleet.flows(fleet.members, Math.max(60_000, lengthMs))
      await delay(lengthMs / 2)
      await fleet.flows(fleet.members, Math.max(60_000, lengthMs))
      for (const wire of fleet.net.wires) {
        if ((await wire.set({ loss: 0 })) === 0) throw new Error('no packet was lost')
      }
    },
  },
  {
    name: '2 s of delay, each way: it goes on',
    run: async (fleet, lengthMs) => {
      for (const wire of fleet.net.wires) await wire.set({ delay: 2_000 })
      await delay(lengthMs / 2)
      await fleet.flows(fleet.members, 60_000)
      await delay(lengthMs / 2)
      await fleet.flows(fleet.members, 60_000)
    },
  },
  {
    name: 'a machine has another address: it comes from there, as itself',
    run: async (fleet, lengthMs) => {
      fleet.net.moveMachine(1)
      await fleet.flows([fleet.member(1)], HEALED_MS)
      await delay(lengthMs / 2)
    },
  },
  {
    name: 'the collector has another address: everybody finds it',
    run: async (fleet, lengthMs) => {
      fleet.net.moveCollector()
      await fleet.flows(fleet.members, HEALED_MS)
      await delay(lengthMs / 2)
    },
  },
  {
    name: 'packets of more than 600 bytes vanish: the backlog waits, and nobody else suffers',
    run: async (fleet, lengthMs) => {
      const [, , last] = fleet.members
      await fleet.net.wires[2]?.set({ cut: 1 })
      await delay(lengthMs / 2)
      await fleet.net.wires[2]?.set({ mtu: 600, cut: 0 })
      await delay(lengthMs)
      await fleet.flows(
        fleet.members.filter((member) => member !== last),
        30_000,
      )
    },
  },
  {
    name: 'half open: the collector dies where nobody hears of it',
    run: async (fleet, lengthMs) => {
      for (const wire of fleet.net.wires) await wire.set({ cut: 1 })
      await fleet.collector.kill()
      await delay(lengthMs / 3)
      await fleet.startCollector()
      for (const wire of fleet.net.wires) await wire.set({ cut: 0 })
      await fleet.flows(fleet.members, HEALED_MS)
    },
  },
  {
    name: 'half open: an agent dies where nobody hears of it, and comes again beside itself',
    run: async (fleet, lengthMs) => {
      const member = fleet.member(0)
      await fleet.net.wires[0]?.set({ cut: 1 })
      await member.agent.kill()
      await delay(lengthMs / 6)
      fleet.startAgent(member)
      await fleet.net.wires[0]?.set({ cut: 0 })
      await fleet.flows([member], HEALED_MS)
    },
  },
  {
    name: 'everything at once, and another address in the middle of it',
    run: async (fleet, lengthMs) => {
      for (const wire of fleet.net.wires) await wire.set({ loss: 15, delay: 400 })
      await fleet.flows(fleet.members, 120_000)
      fleet.net.moveMachine(2)
      fleet.net.moveCollector()
      await delay(lengthMs / 2)
      await fleet.flows(fleet.members, 120_000)
    },
  },
]

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '8' },
    help: { type: 'boolean', default: false },
  },
})
const hindrance = netHindrance()
if (values.help) {
  console.log(USAGE)
} else if (!/^[1-9]\d{0,3}$/.test(values.minutes)) {
  console.error(USAGE)
  process.exitCode = 2
} else if (hindrance !== null) {
  console.error(`no network of namespaces can be laid: ${hindrance}`)
  process.exitCode = 2
} else {
  process.exitCode = await check(Number(values.minutes))
}

/** The exit code: 0 when everything held. */
async function check(minutes: number): Promise<number> {
  const lengthMs = (minutes * 60_000) / STEPS.length
  let passed = 0
  let failed = 0
  const tell = async (name: string, run: () => Promise<void>) => {
    const startMs = performance.now()
    const seconds = () => `${((performance.now() - startMs) / 1_000).toFixed(0)} s`
    try {
      await run()
      passed += 1
      console.log(`ok      ${name} (${seconds()})`)
    } catch (error) {
      failed += 1
      const sentence = error instanceof Error ? error.message : String(error)
      console.log(`FAILED  ${name} (${seconds()}): ${sentence}`)
    }
  }
  await using fleet = new Fleet()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void fleet[Symbol.asyncDispose]().finally(() => process.exit(130)))
  }
  await fleet.start()
  for (const { name, run } of STEPS) {
    await tell(name, async () => {
      try {
        await run(fleet, lengthMs)
      } finally {
        for (const wire of fleet.net.wires) await wire.heal()
      }
      await fleet.settles(HEALED_MS)
    })
  }
  console.log(`${await fleet.records()} records were kept by ${fleet.members.length} agents`)
  await tell('at rest: nothing lost, the account balances, each machine is one node', async () => {
    const problems = await fleet.problemsAtRest()
    if (problems.length > 0) throw new Error(problems.join('\n        '))
  })
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}
