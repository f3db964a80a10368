/**
 * `yiben-agent parse`: what the probe of a vendor makes of a captured tool output. For support, for
 * new cards and for tests; reads nothing but the text it is given.
 */
import { renderTable } from '@yiben/shared'
import type { ParsedDevice, ParsedOutput } from '../probes/probe.ts'
import { VENDOR_ENTRIES, vendorEntry } from '../probes/registry.ts'

export interface ParseRequest {
  readonly vendor: string
  /** The command line the text came from, where it is known: some outputs need it. */
  readonly command: string | null
  readonly text: string
  readonly json: boolean
}

export interface CommandResult {
  /** 0: understood, also where it reports a failure. 1: not understood. 2: wrong usage. */
  readonly exitCode: 0 | 1 | 2
  readonly stdout: string
}

/** The keys worth a column; `--json` has them all. */
const COLUMNS: readonly { readonly title: string; readonly keys: readonly string[] }[] = [
  { title: 'device', keys: ['index', 'npu_id'] },
  { title: 'chip', keys: ['chip_id'] },
  { title: 'name', keys: ['name'] },
  { title: 'id', keys: ['uuid', 'serial'] },
  { title: 'pci', keys: ['pci_bdf', 'pci'] },
  { title: 'used MiB', keys: ['memory_used_mib'] },
  { title: 'total MiB', keys: ['memory_total_mib'] },
  { title: 'util %', keys: ['utilization_pct'] },
  { title: 'power W', keys: ['power_w'] },
  { title: 'temp C', keys: ['temperature_c'] },
  { title: 'health', keys: ['health'] },
  { title: 'processes', keys: ['processes'] },
]

export async function runParse(request: ParseRequest): Promise<CommandResult> {
  const { vendor, command, text, json } = request
  const entry = vendorEntry(vendor)
  if (entry === null) {
    const known = VENDOR_ENTRIES.map((candidate) => candidate.vendor).join(', ')
    return { exitCode: 2, stdout: `--vendor must be one of ${known}, not "${vendor}".\n` }
  }
  const output = await entry.parse(text, command)
  // A text that reports a failure of the tool was understood as well as any other.
  const exitCode = output.error?.code === 'tool_output_unreadable' ? 1 : 0
  const stdout = json ? `${JSON.stringify(output, null, 2)}\n` : describe(output)
  return { exitCode, stdout }
}

function describe(output: ParsedOutput): string {
  const version = output.tool_version === null ? '' : ` ${output.tool_version}`
  const head = `${output.vendor}: ${output.tool}${version}, ${output.devices.length} devices`
  if (output.error !== undefined) {
    return `${head}\n${output.error.code}: ${output.error.text}\n`
  }
  const shown = COLUMNS.filter(({ keys }) =>
    output.devices.some((device) => keys.some((key) => device[key] !== undefined)),
  )
  if (output.devices.length === 0) return `${head}\n`
  const rows = output.devices.map((device) => shown.map(({ keys }) => cell(device, keys)))
  return `${head}\n${renderTable(
    shown.map(({ title }) => title),
    rows,
  )}`
}

/** The first key the device has a value for; `-` where the text does not tell. */
function cell(device: ParsedDevice, keys: readonly string[]): string {
  const value = keys
    .map((key) => device[key])
    .find((found) => found !== undefined && found !== null)
  if (Array.isArray(value)) return String(value.length)
  return value === undefined ? '-' : String(value)
}
