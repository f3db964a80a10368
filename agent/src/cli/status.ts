/**
 * `yiben-agent status`: what this node's cards do and, where one is not depositable, why and since
 * when. Asks the running agent; works with no collector in reach.
 */

import type { Clock } from '@yiben/shared'
import { renderTable } from '@yiben/shared'
import * as z from 'zod/mini'
import { askAgent } from '../control/client.ts'
import { refusal } from './order.ts'
import type { CommandResult } from './parse.ts'

const instant = z.nullable(z.number())

/** What is shown; a newer agent may tell more. */
const statusSchema = z.object({
  agentVersion: z.string(),
  nodeId: z.string(),
  atMs: z.number(),
  startedAtMs: instant,
  pause: z.nullable(z.object({ sinceMs: z.number(), untilMs: instant })),
  collector: z.object({
    url: z.nullable(z.string()),
    state: z.string(),
    sinceMs: z.number(),
    problem: z.nullable(z.string()),
    unacknowledgedRecords: z.number(),
  }),
  spool: z.object({ bytesUsed: z.number(), waitingRecords: z.number() }),
  clock: z.object({ offsetMs: instant }),
  owner: z.object({ kind: z.string(), problems: z.array(z.string()) }),
  probes: z.array(
    z.object({
      vendor: z.string(),
      tool: z.nullable(z.string()),
      toolVersion: z.nullable(z.string()),
      unitsFound: z.number(),
      cardsPresent: z.number(),
      problem: z.nullable(z.string()),
    }),
  ),
  handoverProblems: z._default(z.array(z.string()), []),
  units: z.array(
    z.object({
      index: z.number(),
      name: z.string(),
      pciAddress: z.nullable(z.string()),
      code: z.nullable(z.string()),
      sinceMs: instant,
      utilizationRatio: z.nullable(z.number()),
      memoryUsedBytes: z.nullable(z.number()),
      // Agents before 0.2 know of no leases.
      lease: z._default(
        z.nullable(
          z.object({
            account: z.string(),
            startMs: z.number(),
            untilMs: z.number(),
            isRecalled: z.boolean(),
          }),
        ),
        null,
      ),
      notDepositable: z.nullable(z.object({ sentence: z.string(), sinceMs: instant })),
    }),
  ),
})
type ShownStatus = z.infer<typeof statusSchema>

const GIB = 1024 ** 3
const MIB = 1024 ** 2

export interface StatusOptions {
  readonly runDir: string
  readonly clock: Clock
  readonly json: boolean
}

export async function runStatus(options: StatusOptions): Promise<CommandResult> {
  const answer = await askAgent(options.runDir, { command: 'status' }, options.clock)
  if (answer.status === 'refused') return refusal(answer, options.json)
  const stdout = options.json
    ? `${JSON.stringify(answer.answer, null, 2)}\n`
    : describeStatus(statusSchema.parse(answer.answer))
  return { exitCode: 0, stdout }
}

/** Plain text, the same on a terminal and in a file. */
export function describeStatus(status: ShownStatus): string {
  const parts = [head(status), unitTable(status)]
  const problems = status.probes.filter((probe) => probe.problem !== null)
  if (problems.length > 0) {
    const rows = problems.map(({ vendor, problem }) => [vendor, problem ?? ''])
    parts.push(renderTable(['vendor', 'problem'], rows))
  }
  return parts.join('\n')
}

function head(status: ShownStatus): string {
  const { collector, spool, pause, atMs, clock } = status
  const lines = [
    `agent      ${status.agentVersion}, node ${status.nodeId}`,
    `collector  ${collector.url ?? 'none'}: ${collector.state} for ${age(atMs, collector.sinceMs)}`,
    `spool      ${collector.unacknowledgedRecords} records to be acknowledged, ${(spool.bytesUsed / MIB).toFixed(1)} MiB used`,
  ]
  if (collector.problem !== null) lines.push(`           ${collector.problem}`)
  if (spool.waitingRecords > 0) {
    lines.push(`           ${spool.waitingRecords} records wait in memory: the disk takes nothing`)
  }
  if (clock.offsetMs !== null && Math.abs(clock.offsetMs) >= 1000) {
    lines.push(`clock      ${(clock.offsetMs / 1000).toFixed(1)} s off the collector's`)
  }
  if (status.startedAtMs === null) lines.push('start      the tools have not all answered yet')
  lines.push(`owner      ${status.owner.kind}`)
  for (const problem of status.owner.problems) lines.push(`           ${problem}`)
  for (const problem of status.handoverProblems) lines.push(`handover   ${problem}`)
  if (pause !== null) {
    const until = pause.untilMs === null ? 'until `resume`' : `until ${instantText(pause.untilMs)}`
    lines.push(`paused     for ${age(atMs, pause.sinceMs)}, ${until}`)
  }
  return `${lines.join('\n')}\n`
}

function unitTable(status: ShownStatus): string {
  if (status.units.length === 0) return 'No accelerator has been found on this node.\n'
  const rows = status.units.map((unit) => [
    String(unit.index),
    unit.name,
    unit.pciAddress ?? '-',
    unit.code ?? 'not sampled',
    age(status.atMs, unit.sinceMs),
    unit.utilizationRatio === null ? '-' : `${Math.round(unit.utilizationRatio * 100)} %`,
    unit.memoryUsedBytes === null ? '-' : `${(unit.memoryUsedBytes / GIB).toFixed(1)} GiB`,
    depositText(unit, status.atMs),
  ])
  return renderTable(['#', 'accelerator', 'pci', 'state', 'for', 'util', 'memory', 'deposit'], rows)
}

function depositText(
  { lease, notDepositable }: ShownStatus['units'][number],
  atMs: number,
): string {
  if (lease !== null) return leaseText(lease, atMs)
  if (notDepositable === null) return 'may be deposited'
  const { sentence, sinceMs } = notDepositable
  return sinceMs === null ? `no: ${sentence}` : `no, for ${age(atMs, sinceMs)}: ${sentence}`
}

function leaseText(
  lease: NonNullable<ShownStatus['units'][number]['lease']>,
  atMs: number,
): string {
  const { account, startMs, untilMs, isRecalled } = lease
  const verb = startMs > atMs ? `lent from ${instantText(startMs)}` : 'lent'
  const end = isRecalled ? ', when it is taken back' : ''
  return `${verb} to ${account === '' ? 'the bank' : account} until ${instantText(untilMs)}${end}`
}

function age(nowMs: number, sinceMs: number | null): string {
  if (sinceMs === null) return '-'
  const seconds = Math.max(0, Math.round((nowMs - sinceMs) / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

function instantText(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
