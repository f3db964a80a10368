/**
 * `yiben-agent baseline propose`: idle baselines seen on this node's empty cards, in the form the
 * configuration takes. A person approves; nothing changes by itself.
 */
import type { Clock } from '@yiben/shared'
import * as z from 'zod/mini'
import { askAgent } from '../control/client.ts'
import { refusal } from './order.ts'
import type { CommandResult } from './parse.ts'

const proposalsSchema = z.array(
  z.object({
    kind: z.string(),
    cards: z.number(),
    sentence: z.string(),
    baseline: z.object({
      vendor: z.string(),
      name: z.string(),
      kind: z.string(),
      memoryTotalMib: z.nullable(z.number()),
      driverVersion: z.nullable(z.string()),
      idleMemoryBytesMax: z.number(),
      idlePowerWattsMax: z.nullable(z.number()),
    }),
  }),
)

const MIB = 1024 ** 2

export interface BaselineOptions {
  readonly runDir: string
  readonly clock: Clock
  readonly json: boolean
}

export async function runBaselinePropose(options: BaselineOptions): Promise<CommandResult> {
  const answer = await askAgent(options.runDir, { command: 'baseline_propose' }, options.clock)
  if (answer.status === 'refused') return refusal(answer, options.json)
  if (options.json) return { exitCode: 0, stdout: `${JSON.stringify(answer.answer, null, 2)}\n` }
  return { exitCode: 0, stdout: describe(proposalsSchema.parse(answer.answer)) }
}

function describe(proposals: z.infer<typeof proposalsSchema>): string {
  if (proposals.length === 0) {
    return 'Nothing to propose: a lower value needs 3 empty cards of one model for 5 minutes, a new driver 8.\n'
  }
  const lines = ['# Approve by putting this into the configuration of every node of the site.']
  lines.push('baselines:')
  for (const { baseline, sentence } of proposals) {
    lines.push(`  # ${sentence}`, ...yamlOf(baseline))
  }
  return `${lines.join('\n')}\n`
}

function yamlOf(baseline: z.infer<typeof proposalsSchema>[number]['baseline']): string[] {
  const idlePower = baseline.idlePowerWattsMax
  const fields: [string, string | number | null][] = [
    ['vendor', baseline.vendor],
    ['name', JSON.stringify(baseline.name)],
    ['kind', baseline.kind],
    ['memory_total_mib', baseline.memoryTotalMib],
    ['driver_version', JSON.stringify(baseline.driverVersion)],
    ['idle_memory_mib', Math.ceil(baseline.idleMemoryBytesMax / MIB)],
    ['idle_power_w', idlePower === null ? null : Math.ceil(idlePower)],
  ]
  return fields
    .filter(([, value]) => value !== null && value !== 'null')
    .map(([name, value], at) => `  ${at === 0 ? '-' : ' '} ${name}: ${value}`)
}
