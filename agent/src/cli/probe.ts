/**
 * `yiben-agent probe`: what is in this machine, each field with where it came from or why it is not
 * told, and every card on the PCI bus beside what the tools say. Reads everything once and lets go
 * of every driver handle again.
 */

import type { Random, UnitReading } from '@yiben/shared'
import { renderTable } from '@yiben/shared'
import {
  type PciFinding,
  readPciAccelerators,
  reconcilePci,
  type VendorView,
} from '../probes/pci.ts'
import type { Inventory, InventoryUnit, ProbeContext, ProbeFailure } from '../probes/probe.ts'
import { VENDOR_ENTRIES, vendorEntry } from '../probes/registry.ts'
import { ProbeRunner, type SampleOutcome } from '../probes/run-all.ts'
import type { CommandResult } from './parse.ts'

export interface ProbeRequest {
  /** `null`: every vendor this agent knows. */
  readonly vendor: string | null
  readonly json: boolean
  readonly context: ProbeContext
  readonly random: Random
}

/** A field of a unit with its source, or with the reason why it is absent. */
interface ReportedField {
  readonly value: string | number | boolean | null
  readonly source: string | null
  readonly why: string | null
}

interface ReportedUnit {
  readonly vendor: string
  readonly kind: string
  readonly name: string
  readonly pci: string | null
  readonly share_ppm: number
  readonly fields: Readonly<Record<string, ReportedField>>
}

interface Report {
  readonly vendors: readonly {
    readonly vendor: string
    readonly status: 'absent' | 'read' | 'failed'
    readonly tool: string | null
    readonly tool_version: string | null
    readonly problem: string | null
  }[]
  readonly units: readonly ReportedUnit[]
  readonly pci: readonly {
    readonly address: string
    readonly vendor: string
    readonly model: string | null
    readonly driver: string | null
    readonly verdict: string
    readonly what_to_do: string
  }[]
}

const BASE_PERIOD_MS = 10_000

export async function runProbe(request: ProbeRequest): Promise<CommandResult> {
  const entries =
    request.vendor === null
      ? VENDOR_ENTRIES
      : [vendorEntry(request.vendor)].filter((e) => e !== null)
  if (entries.length === 0) {
    const known = VENDOR_ENTRIES.map((entry) => entry.vendor).join(', ')
    return { exitCode: 2, stdout: `--vendor must be one of ${known}, not "${request.vendor}".\n` }
  }
  const { context, random } = request
  const runner = new ProbeRunner({ entries, context, random, basePeriodMs: BASE_PERIOD_MS })
  const report = await readReport(runner, context.rootPrefix)
  const hasFailed = report.vendors.some((vendor) => vendor.status === 'failed')
  const stdout = request.json ? `${JSON.stringify(report, null, 2)}\n` : describe(report)
  return { exitCode: hasFailed ? 1 : 0, stdout }
}

async function readReport(runner: ProbeRunner, rootPrefix: string): Promise<Report> {
  const detections = await runner.detectAll()
  const inventories = new Map<string, Inventory | ProbeFailure>()
  const samples = new Map<string, SampleOutcome>()
  await runner.inventoryAll((outcome) => inventories.set(outcome.vendor, outcome.result))
  await runner.sampleAll((outcome) => samples.set(outcome.vendor, outcome))
  await runner.release()
  const accelerators = await readPciAccelerators(rootPrefix)
  const present = detections.filter(({ detection }) => detection.status !== 'absent')
  const views = present.map(({ vendor }) => viewOf(vendor, inventories.get(vendor)))
  const { findings } = reconcilePci({
    accelerators: accelerators ?? [],
    views,
    addressesSeen: new Set(),
  })
  return {
    vendors: detections.map(({ vendor, detection }) => {
      const inventory = inventories.get(vendor)
      const broken = detection.status === 'broken' ? detection.sentence : null
      if (detection.status === 'absent') {
        return { vendor, status: 'absent', tool: null, tool_version: null, problem: null }
      }
      if (inventory?.status === 'ok') {
        const { tool, toolVersion, problems } = inventory
        const problem = problems.map(({ sentence }) => sentence).join(' ') || null
        return { vendor, status: 'read', tool, tool_version: toolVersion, problem }
      }
      const problem = inventory?.sentence ?? broken
      return { vendor, status: 'failed', tool: null, tool_version: null, problem }
    }),
    units: [...inventories.values()].flatMap((inventory) =>
      inventory.status === 'ok' ? unitsOf(inventory, samples) : [],
    ),
    pci: findings.map(reportFinding),
  }
}

function viewOf(
  vendor: VendorView['vendor'],
  inventory: Inventory | ProbeFailure | undefined,
): VendorView {
  if (inventory?.status !== 'ok') {
    return { vendor, isReadable: false, units: [], problemAddresses: [] }
  }
  const problemAddresses = inventory.problems.map(({ pciAddress }) => pciAddress)
  return {
    vendor,
    isReadable: true,
    units: inventory.units,
    problemAddresses: problemAddresses.filter((address) => address !== null),
  }
}

const WHAT_TO_DO: Readonly<Record<PciFinding['verdict'], string>> = {
  read: 'Nothing.',
  passthrough: 'Nothing: it is given to a virtual machine and is counted as allocated.',
  no_driver: 'Install and load the driver of its maker.',
  no_tool: 'Install the tool of its maker, or ask for a probe if there is none for it.',
  unread: 'Driver and tool are there, but do not name this card: look at their messages above.',
  lost: 'The driver cannot reach it: reset it or reboot the node.',
}

function reportFinding({ accelerator, verdict }: PciFinding): Report['pci'][number] {
  const { address, vendor, model, driver } = accelerator
  return { address, vendor, model, driver, verdict, what_to_do: WHAT_TO_DO[verdict] }
}

function unitsOf(
  inventory: Inventory,
  samples: ReadonlyMap<string, SampleOutcome>,
): ReportedUnit[] {
  return inventory.units.map((unit) => {
    const sample = samples.get(unit.vendor)?.result
    const reading =
      sample?.status === 'ok' ? sample.readings.find(({ key }) => key === unit.key) : undefined
    const why =
      sample?.status === 'ok' ? 'the tool does not list it' : (sample?.sentence ?? 'not asked')
    const source = sample?.status === 'ok' ? sample.tool : null
    return {
      vendor: unit.vendor,
      kind: unit.kind,
      name: unit.name,
      pci: unit.pciAddress,
      share_ppm: unit.sharePpm,
      fields: {
        identity: identityField(unit, inventory.tool),
        driver_version: field(unit.driverVersion, inventory.tool, 'the tool does not tell it'),
        ...(reading === undefined ? missingFields(why) : readingFields(reading, unit, source)),
      },
    }
  })
}

/** Raw ids stay on the node even here: people paste this output into tickets. */
function identityField(unit: InventoryUnit, tool: string): ReportedField {
  const [strongest] = unit.identities
  return field(strongest?.strength ?? null, tool, 'the tool names no id; the slot must do')
}

const READING_NAMES = [
  'utilization_pct',
  'memory_used_mib',
  'memory_total_mib',
  'power_w',
  'temperature_c',
  'health',
  'compute_processes',
] as const

function missingFields(why: string): Record<string, ReportedField> {
  return Object.fromEntries(READING_NAMES.map((name) => [name, field(null, null, why)]))
}

function readingFields(
  reading: UnitReading,
  unit: InventoryUnit,
  source: string | null,
): Record<(typeof READING_NAMES)[number], ReportedField> {
  const why = (name: string, isOffered: boolean) => {
    if (reading.outOfRange.includes(name)) return 'the figure cannot be true'
    return isOffered ? 'the tool did not tell it this time' : 'the tool has no such figure here'
  }
  const { utilization, memory, processes, health, power } = unit.offers
  const compute = reading.utilization.compute ?? null
  return {
    utilization_pct: field(
      compute === null ? null : compute * 100,
      source,
      why('utilization', utilization),
    ),
    memory_used_mib: field(mib(reading.memoryUsedBytes), source, why('memoryUsed', memory)),
    memory_total_mib: field(mib(reading.memoryTotalBytes), source, why('memoryTotal', memory)),
    power_w: field(reading.powerWatts, source, why('power', power)),
    temperature_c: field(reading.temperatureCelsius, source, why('temperature', true)),
    health: field(
      reading.health.status === 'unknown' ? null : (reading.health.detail ?? reading.health.status),
      source,
      why('health', health),
    ),
    compute_processes: field(
      reading.processes?.computeCount ?? null,
      source,
      why('processes', processes),
    ),
  }
}

function field(
  value: string | number | boolean | null,
  source: string | null,
  why: string,
): ReportedField {
  return value === null ? { value, source: null, why } : { value, source, why: null }
}

function mib(bytes: number | null): number | null {
  return bytes === null ? null : Math.round((bytes / (1024 * 1024)) * 100) / 100
}

function describe(report: Report): string {
  const vendors = report.vendors.map(({ vendor, status, tool, tool_version, problem }) => [
    vendor,
    status === 'absent' ? 'not here' : status,
    [tool, tool_version].filter(Boolean).join(' ') || '-',
    problem ?? '',
  ])
  const parts = [renderTable(['vendor', 'state', 'through', 'problem'], vendors)]
  for (const unit of report.units) {
    const head = `${unit.vendor} ${unit.kind} ${unit.name} ${unit.pci ?? ''}`.trimEnd()
    const rows = Object.entries(unit.fields).map(([name, { value, source, why }]) => [
      `  ${name}`,
      value === null ? '-' : String(value),
      source ?? why ?? '',
    ])
    parts.push(`${head}\n${renderTable(['  field', 'value', 'source, or why not'], rows)}`)
  }
  if (report.pci.length > 0) {
    const rows = report.pci.map((card) => [
      card.address,
      card.vendor,
      card.model ?? 'model unknown',
      card.driver ?? 'no driver',
      card.verdict,
      card.what_to_do,
    ])
    parts.push(renderTable(['pci', 'vendor', 'model', 'driver', 'verdict', 'what to do'], rows))
  } else {
    parts.push('No accelerator is on the PCI bus of this machine.\n')
  }
  return parts.join('\n')
}
