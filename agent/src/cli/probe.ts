/**
 * `yiben-agent probe`: what is in this machine, each field with where it came from or why it is not
 * told, and every card on the PCI bus beside what the tools say and what would mend it.
 */
import type { Random } from '@yiben/shared'
import { renderTable } from '@yiben/shared'
import type { ProbeContext } from '../probes/probe.ts'
import { VENDOR_ENTRIES, vendorEntry } from '../probes/registry.ts'
import { type MachineReport, type ReportedCard, readMachineReport } from './machine-report.ts'
import type { CommandResult } from './parse.ts'

export interface ProbeRequest {
  /** `null`: every vendor this agent knows. */
  readonly vendor: string | null
  readonly json: boolean
  readonly context: ProbeContext
  readonly random: Random
}

export async function runProbe(request: ProbeRequest): Promise<CommandResult> {
  const entries =
    request.vendor === null
      ? VENDOR_ENTRIES
      : [vendorEntry(request.vendor)].filter((entry) => entry !== null)
  if (entries.length === 0) {
    const known = VENDOR_ENTRIES.map((entry) => entry.vendor).join(', ')
    return { exitCode: 2, stdout: `--vendor must be one of ${known}, not "${request.vendor}".\n` }
  }
  const { context, random } = request
  const report = await readMachineReport({ entries, context, random })
  const hasFailed = report.vendors.some((vendor) => vendor.status === 'failed')
  const stdout = request.json ? `${JSON.stringify(report, null, 2)}\n` : describeMachine(report)
  return { exitCode: hasFailed ? 1 : 0, stdout }
}

/** For people: vendors that are here, each unit, then the bus. */
export function describeMachine(report: MachineReport): string {
  const here = report.vendors.filter(({ status }) => status !== 'absent')
  const absent = report.vendors.filter(({ status }) => status === 'absent')
  const parts: string[] = []
  if (here.length > 0) {
    const rows = here.map(({ vendor, status, tool, tool_version, problem }) => [
      vendor,
      status,
      [tool, tool_version].filter(Boolean).join(' ') || '-',
      problem ?? '',
    ])
    parts.push(renderTable(['vendor', 'state', 'through', 'problem'], rows))
  }
  if (absent.length > 0) {
    parts.push(`not here: ${absent.map(({ vendor }) => vendor).join(', ')}\n`)
  }
  for (const unit of report.units) {
    const head = `${unit.vendor} ${unit.kind} ${unit.name} ${unit.pci ?? ''}`.trimEnd()
    const rows = Object.entries(unit.fields).map(([name, { value, source, why }]) => [
      `  ${name}`,
      value === null ? '-' : String(value),
      source ?? why ?? '',
    ])
    parts.push(`${head}\n${renderTable(['  field', 'value', 'source, or why not'], rows)}`)
  }
  parts.push(describeBus(report))
  return parts.join('\n')
}

function describeBus({ pci, pci_read }: MachineReport): string {
  if (!pci_read)
    return 'The PCI bus of this machine cannot be read: cards on it may be overlooked.\n'
  if (pci.length === 0) return 'No accelerator is on the PCI bus of this machine.\n'
  const rows = pci.map((card) => [
    card.address,
    card.vendor,
    card.model ?? `model unknown (${card.pci_id})`,
    [card.driver ?? 'no driver', card.driver_version].filter(Boolean).join(' '),
    card.cause,
    whatToDo(card),
  ])
  const titles = ['pci', 'vendor', 'model', 'driver', 'finding', 'what it means, and what to do']
  return renderTable(titles, rows)
}

export function whatToDo({ sentence, fix }: ReportedCard): string {
  return fix === null ? sentence : `${sentence} To do: ${fix}`
}
