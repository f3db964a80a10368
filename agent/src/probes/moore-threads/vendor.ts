/**
 * Moore Threads: `mthreads-gmi`. A sample is the table alone, the one output with the processes; it
 * has no power and no health. Ids stand in `-q`.
 */
import { type CardFailure, type CardReading, isFailure, joinCards, unreadable } from '../card.ts'
import { type Answer, type CardVendor, HEALTH_NOT_TOLD, type ToolSession } from '../card-vendor.ts'
import { isDesktopProcess } from '../desktop-process.ts'
import type { RawIdentity } from '../probe.ts'
import { toolLines } from '../tool-lines.ts'
import { cardVendorModule } from '../tool-probe.ts'
import { type MooreThreadsDevice, TOOL } from './devices.ts'
import { isMooreThreadsJson, parseMooreThreadsJson } from './parse-json.ts'
import {
  isMooreThreadsList,
  isMooreThreadsQuery,
  parseMooreThreadsList,
  parseMooreThreadsQuery,
} from './parse-query.ts'
import { isMooreThreadsSamples, parseMooreThreadsSamples } from './parse-samples.ts'
import { isMooreThreadsTable, parseMooreThreadsTable } from './parse-table.ts'

interface ErrorText extends Omit<CardFailure['failure'], 'text'> {
  readonly pattern: RegExp
}

const ERROR_TEXTS: readonly ErrorText[] = [
  {
    pattern: /permission denied|no permission/i,
    class: 'permission',
    code: 'permission_denied',
    advice: 'Add the user of the agent to the groups video and render.',
  },
  {
    // The maker's own checker (musa_deploy) knows it as a want of the two groups.
    pattern: /failed to initialize mtml|driver not loaded/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice:
      'Add the user of the agent to the groups video and render, and check that the module mtgpu is loaded; right after it was loaded this passes by itself.',
  },
  {
    // Printed with exit code 0.
    pattern: /No MT GPU device found/i,
    class: 'no_devices',
    code: 'tool_failed',
    advice: 'Compare with the PCI bus; check that the IOMMU is on and the module mtgpu is loaded.',
  },
]

export function readMooreThreads(text: string): CardReading<MooreThreadsDevice> {
  const lines = toolLines(text)
  const output = parseText(text, lines)
  if (output !== null && (isFailure(output) || output.devices.length > 0)) return output
  return failureIn(lines) ?? notRead(text, output !== null)
}

function parseText(text: string, lines: readonly string[]): CardReading<MooreThreadsDevice> | null {
  if (isMooreThreadsJson(text)) return parseMooreThreadsJson(text)
  if (isMooreThreadsTable(lines)) return parseMooreThreadsTable(lines)
  if (isMooreThreadsQuery(lines)) return parseMooreThreadsQuery(lines)
  if (isMooreThreadsList(lines)) return parseMooreThreadsList(lines)
  return isMooreThreadsSamples(lines) ? parseMooreThreadsSamples(lines) : null
}

function failureIn(lines: readonly string[]): CardFailure | null {
  for (const { pattern, ...failure } of ERROR_TEXTS) {
    const line = lines.find((candidate) => pattern.test(candidate))
    if (line !== undefined) return { failure: { ...failure, text: line.trim() } }
  }
  return null
}

function notRead(text: string, isKnown: boolean): CardFailure {
  if (text.trim() === '') {
    return unreadable(
      'mthreads-gmi printed nothing, as it does in a container without the MT container toolkit.',
    )
  }
  return unreadable(
    isKnown
      ? 'This output of mthreads-gmi names no card.'
      : 'This is no output of mthreads-gmi that is known here.',
  )
}

async function inventory(
  session: ToolSession<MooreThreadsDevice>,
): Promise<Answer<MooreThreadsDevice>> {
  const table = await session.ask([])
  if (table.status === 'failed') return table
  const query = await session.ask(['-q'])
  // Without the ids for once, every card would be taken for another one; only a version that
  // answers in words nobody knows goes without.
  if (query.status === 'failed') return query.code === 'tool_output_unreadable' ? table : query
  const devices = joinCards(table.output.devices, query.output.devices, ({ pci_bdf }) => pci_bdf)
  return { status: 'ok', output: { ...table.output, devices } }
}

/** The UUID is that of the chip; the serial is printed on the board. */
function identitiesOf({ uuid, serial }: MooreThreadsDevice): RawIdentity[] {
  return [
    ...(uuid === null ? [] : [{ strength: 'strong' as const, raw: uuid }]),
    ...(serial === null ? [] : [{ strength: 'board' as const, raw: serial }]),
  ]
}

const PARTS = /\b(?:parent|instance)\b/i

const VENDOR: CardVendor<MooreThreadsDevice> = {
  vendor: 'moore-threads',
  tools: [TOOL],
  read: readMooreThreads,
  inventory,
  sample: (session) => session.ask([]),
  identitiesOf,
  offersOf: () => ({
    utilization: true,
    memory: true,
    processes: true,
    health: false,
    power: false,
  }),
  healthOf: () => HEALTH_NOT_TOLD,
  // What the parent of vGPUs has in use is mostly set aside for them.
  splitOf: ({ device_type }) => (PARTS.test(device_type ?? '') ? (device_type ?? null) : null),
  isGraphics: isDesktopProcess,
}

export const mooreThreads = cardVendorModule(VENDOR)
