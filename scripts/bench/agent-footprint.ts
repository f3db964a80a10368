/**
 * What an agent costs its node: a real agent process with eight made-up cards at 10 s, its link up
 * to a real collector. CPU of the agent process alone (vendor tools apart), its PSS, and the bytes
 * that really passed between the two. DESIGN 10: at most 0.3 % of one core and 64 MB PSS.
 *
 * The sources run through a compile cache that an earlier start has filled: an installed agent does
 * not strip types either.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { CARDS } from './support/activity.ts'
import { AgentProgram } from './support/agent-program.ts'
import { CollectorProgram } from './support/collector-program.ts'
import { makeMachine, WAYS, type Way } from './support/fake-machine.ts'
import { median, rounded, sayFigure } from './support/figure.ts'
import { readOptions } from './support/options.ts'
import { cpuTimeOf, pssMibOf, residentMibOf } from './support/process-cost.ts'
import { CountingRelay } from './support/relay.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const CPU_PERCENT_MAX = 0.3
const PSS_MIB_MAX = 64
/** A node that is half idle and half busy is a steady one. */
const WIRE_BYTES_MAX = 30
const LOOK_EVERY_MS = 5_000

const options = readOptions({
  script: 'agent-footprint.ts',
  sentence: 'CPU and memory of an agent process with 8 accelerators at 10 s.',
  numbers: {
    seconds: { default: 300, min: 20, max: 86_400, sentence: 'how long is measured, each way' },
    settle: { default: 30, min: 0, max: 3_600, sentence: 'seconds after the start that are not' },
  },
  switches: {
    'nvml-only': 'only with the library, not with nvidia-smi',
    'smi-only': 'only with nvidia-smi, not with the library',
    profile: 'write a CPU profile of each agent to the current folder',
    uncached: 'without a compile cache: types are stripped at each start',
  },
})

for (const way of WAYS) {
  if (options[way === 'nvml' ? 'smi-only' : 'nvml-only']) continue
  await measure(way)
}

async function measure(way: Way): Promise<void> {
  using folder = new TemporaryFolder('footprint')
  const machine = makeMachine(folder.path, way)
  if (machine === null) {
    console.error(`${way}: there is no C compiler on this machine, this way is left out.`)
    return
  }
  await using collector = await CollectorProgram.start({ folder: folder.path })
  await using relay = new CountingRelay(collector.port)
  const agent = new AgentProgram({
    folder: folder.path,
    probes: machine.config,
    isCompileCached: !options.uncached,
  })
  await agent.enroll(await relay.listen(), await collector.enrollmentToken(1))
  await agent.warmUp()
  await using program = agent.start(options.profile ? process.cwd() : null)
  const { pid } = program
  await delay(options.settle * 1000)
  const before = { cpu: cpuTimeOf(pid), tools: toolTimeOf(pid), bytes: relay.bytes }
  const startedAtMs = performance.now()
  const pss: number[] = []
  while (performance.now() - startedAtMs < options.seconds * 1000) {
    await delay(LOOK_EVERY_MS)
    if (!program.isRunning) throw new Error(`the agent has ended:\n${program.output}`)
    pss.push(pssMibOf(pid))
  }
  const elapsedMs = performance.now() - startedAtMs
  const cpu = cpuTimeOf(pid)
  const ownMs = cpu.ownMs - before.cpu.ownMs
  const toolsMs =
    cpu.childrenMs - before.cpu.childrenMs + Math.max(0, toolTimeOf(pid) - before.tools)
  const percent = (ms: number) => rounded((100 * ms) / elapsedMs)
  const seconds = Math.round(elapsedMs / 1000)
  sayFigure({
    what: `CPU of the agent, 8 cards at 10 s over ${way}`,
    figure: percent(ownMs),
    unit: '% of one core',
    bar: { atMost: CPU_PERCENT_MAX },
    details: { seconds, vendor_tools_percent: percent(toolsMs) },
  })
  sayFigure({
    what: `PSS of the agent, 8 cards at 10 s over ${way}`,
    figure: rounded(Math.max(...pss)),
    unit: 'MiB',
    bar: { atMost: PSS_MIB_MAX },
    details: {
      seconds,
      median_mib: rounded(median(pss)),
      first_mib: rounded(pss[0] ?? 0),
      last_mib: rounded(pss.at(-1) ?? 0),
      resident_mib: rounded(residentMibOf(pid)),
    },
  })
  sayFigure({
    what: `bytes that passed on the link, 4 cards free and 4 busy, over ${way}`,
    figure: rounded((relay.bytes - before.bytes) / (CARDS * (elapsedMs / 60_000))),
    unit: 'B per card-minute',
    bar: { atMost: WIRE_BYTES_MAX },
    details: { seconds },
  })
}

/** CPU time of children that still run: the `nvidia-smi` that goes on printing. */
function toolTimeOf(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const children = tasks.flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  )
  return children.reduce((sum, child) => {
    const { ownMs, childrenMs } = cpuTimeOf(Number(child))
    return sum + ownMs + childrenMs
  }, 0)
}
