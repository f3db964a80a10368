/**
 * MetaX: `mx-smi`, and `ht-smi`, the same tool under another brand. A sample is the table alone:
 * utilization, memory, power, state and processes. UUIDs stand in `-L`; error counters change
 * seldom and cost a call of their own, so they are asked for with the inventory and remembered.
 */
import type { HealthReading } from '@yiben/shared'
import { type CardFailure, type CardReading, joinCards, unreadable, wrongTool } from '../card.ts'
import { type Answer, type CardVendor, HEALTH_NOT_TOLD, type ToolSession } from '../card-vendor.ts'
import { renderNodeOf } from '../drm-node.ts'
import type { VendorModule } from '../probe.ts'
import { toolLines } from '../tool-lines.ts'
import { cardVendorModule, ToolProbe } from '../tool-probe.ts'
import type { EccCounters, MetaxDevice, MetaxOutput } from './devices.ts'
import { isMetaxBlocks, parseMetaxBlocks } from './parse-blocks.ts'
import { isMetaxDmon, parseMetaxDmon } from './parse-dmon.ts'
import { isMetaxProcessTable, parseMetaxProcesses } from './parse-processes.ts'
import { isMetaxTable, parseMetaxTable } from './parse-table.ts'

/**
 * Moffett ships a tool of the same name for its own cards, whose tables are
 * drawn with other characters.
 */
const MOFFETT = /MOFFETT-SMI/
const BOX_DRAWING = /[│╭┌├]/
const OF_MOFFETT = 'This mx-smi is the tool of Moffett cards, not the one of MetaX.'
const NVIDIA = /NVIDIA-SMI/

interface ErrorText extends Omit<CardFailure['failure'], 'text'> {
  readonly pattern: RegExp
}

/** None of these texts is public; the patterns are what such a line must say. */
const ERROR_TEXTS: readonly ErrorText[] = [
  {
    pattern: /permission denied|operation not permitted/i,
    class: 'permission',
    code: 'permission_denied',
    advice: 'Add the user of the agent to the groups video and render.',
  },
  {
    pattern: /no (?:metax |mx)?(?:gpu|device)s?\b.*(?:found|detected)|^Attached GPUs\s*:\s*0$/i,
    class: 'no_devices',
    code: 'tool_failed',
    advice: 'The driver sees no card: compare with the PCI bus.',
  },
  {
    pattern: /driver.*not (?:loaded|installed|found)|(?:fail|failed|error).*\binit|mxsmlinit/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice: 'Check that the kernel module metax is loaded.',
  },
]

export function readMetax(text: string): CardReading<MetaxDevice> {
  if (MOFFETT.test(text)) return wrongTool(OF_MOFFETT)
  if (NVIDIA.test(text)) return wrongTool('This is the output of nvidia-smi.')
  const lines = toolLines(text)
  const output = parseLines(lines)
  // A table of processes alone names no card where nothing runs.
  if (output !== null && (output.devices.length > 0 || isQuiet(lines))) return output
  if (BOX_DRAWING.test(text)) return wrongTool(OF_MOFFETT)
  return (
    failureIn(lines) ??
    unreadable(
      output === null
        ? 'This is no output of mx-smi that is known here.'
        : 'This output of mx-smi names no card.',
    )
  )
}

function parseLines(lines: readonly string[]): MetaxOutput | null {
  if (isMetaxTable(lines)) return parseMetaxTable(lines)
  if (isMetaxBlocks(lines)) return parseMetaxBlocks(lines)
  if (isMetaxDmon(lines)) return parseMetaxDmon(lines)
  return isMetaxProcessTable(lines) ? parseMetaxProcesses(lines) : null
}

function isQuiet(lines: readonly string[]): boolean {
  return !isMetaxTable(lines) && lines.some((line) => /no process found/i.test(line))
}

function failureIn(lines: readonly string[]): CardFailure | null {
  for (const { pattern, ...failure } of ERROR_TEXTS) {
    const line = lines.find((candidate) => pattern.test(candidate.trim()))
    if (line !== undefined) return { failure: { ...failure, text: line.trim() } }
  }
  return null
}

const ON_ITS_PLACE = ({ pci_bdf }: MetaxDevice) => pci_bdf

async function askInventory(session: ToolSession<MetaxDevice>): Promise<Answer<MetaxDevice>> {
  const table = await session.ask([])
  if (table.status === 'failed') return table
  const list = await session.ask(['-L'])
  // Without the ids for once, every card would be taken for another one; only a version that
  // answers in words nobody knows goes without.
  if (list.status === 'failed' && list.code !== 'tool_output_unreadable') return list
  const counters = await session.ask(['--count-ecc'])
  const named = list.status === 'failed' ? [] : list.output.devices
  const counted = counters.status === 'failed' ? [] : counters.output.devices
  // The state is not taken from the list: what is offered is what the table alone tells.
  const ids = named.map((device) => ({ ...device, state: null }))
  const devices = joinCards(
    joinCards(table.output.devices, ids, ON_ITS_PLACE),
    counted,
    ON_ITS_PLACE,
  )
  return { status: 'ok', output: { ...table.output, devices } }
}

/** The state of the card, then what was counted: errors not corrected, pages taken out of use. */
function healthOf({ state, ecc }: MetaxDevice): HealthReading {
  if (state !== null && state !== undefined && !/^available$/i.test(state)) {
    return { status: 'failed', cause: 'health', detail: state }
  }
  const wrong = counterOver(ecc, /(?:^|_)(?:un|in)correct/)
  if (wrong !== null) return { status: 'failed', cause: 'ecc', detail: wrong }
  const retired = counterOver(ecc, /^retired_double_bit$/)
  if (retired !== null) return { status: 'warning', cause: null, detail: retired }
  const isTold = typeof state === 'string' || (ecc !== null && ecc !== undefined)
  return isTold ? { status: 'ok', cause: null, detail: null } : HEALTH_NOT_TOLD
}

/** The first counter of that name which is not zero, in words. */
function counterOver(ecc: EccCounters | null | undefined, name: RegExp): string | null {
  const found = Object.entries(ecc ?? {}).find(([key, count]) => name.test(key) && count > 0)
  return found === undefined ? null : `${found[0].replaceAll('_', ' ')}: ${found[1]}`
}

/** Words of the sGPU column for a card in one piece; any other one is a card shared out in parts. */
const IN_ONE_PIECE = /^(?:native|disabled?|off|none)$/i

function describe(): CardVendor<MetaxDevice> {
  let countersByPlace: ReadonlyMap<string | null, EccCounters> = new Map()
  return {
    vendor: 'metax',
    tools: ['mx-smi', 'ht-smi'],
    read: readMetax,
    inventory: async (session) => {
      const answer = await askInventory(session)
      if (answer.status === 'failed') return answer
      countersByPlace = new Map(
        answer.output.devices.flatMap(({ pci_bdf, ecc }) => (ecc ? [[pci_bdf, ecc]] : [])),
      )
      return answer
    },
    sample: async (session) => {
      const answer = await session.ask([])
      if (answer.status === 'failed') return answer
      const devices = answer.output.devices.map((device) => ({
        ...device,
        ecc: countersByPlace.get(device.pci_bdf) ?? null,
      }))
      return { status: 'ok', output: { ...answer.output, devices } }
    },
    identitiesOf: ({ uuid }) => (uuid === null ? [] : [{ strength: 'strong', raw: uuid }]),
    offersOf: (device) => ({
      utilization: true,
      memory: true,
      processes: true,
      health: healthOf(device).status !== 'unknown',
      power: device.power_w !== null,
    }),
    healthOf,
    deviceFileOf: ({ pci_bdf }, rootPrefix) => renderNodeOf(rootPrefix, pci_bdf),
    splitOf: ({ sgpu_mode }) =>
      sgpu_mode === null || sgpu_mode === undefined || IN_ONE_PIECE.test(sgpu_mode)
        ? null
        : `sGPU ${sgpu_mode}`,
  }
}

/** Every probe remembers the counters of its own machine. */
export const metax: VendorModule = {
  ...cardVendorModule(describe()),
  create: (context) => new ToolProbe(describe(), context),
}
