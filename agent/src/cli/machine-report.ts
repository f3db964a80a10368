/**
 * What is in this machine, read once: every vendor's tool, every unit with each field's source or
 * why it is not told, and every card on the PCI bus with its driver, its device nodes, what stands
 * in the way and the command that mends it. Behind `probe`, `doctor` and the support bundle. Lets
 * go of every driver handle again.
 */
import { userInfo } from 'node:os'
import type { Random, UnitReading, Vendor } from '@yiben/shared'
import { accessOf } from '../probes/access.ts'
import { type CardDiagnosis, diagnoseCard } from '../probes/diagnose.ts'
import { type MachineFiles, readMachineFiles } from '../probes/machine-files.ts'
import {
  type PciFinding,
  readPciAccelerators,
  reconcilePci,
  type VendorView,
} from '../probes/pci.ts'
import type {
  Detection,
  Inventory,
  InventoryUnit,
  ProbeContext,
  ProbeFailure,
  VendorEntry,
} from '../probes/probe.ts'
import { ProbeRunner, type SampleOutcome } from '../probes/run-all.ts'

/** A field of a unit with its source, or with the reason why it is absent. */
export interface ReportedField {
  readonly value: string | number | boolean | null
  readonly source: string | null
  readonly why: string | null
}

export interface ReportedUnit {
  readonly vendor: string
  readonly kind: string
  readonly name: string
  readonly pci: string | null
  readonly share_ppm: number
  readonly fields: Readonly<Record<string, ReportedField>>
}

export interface ReportedVendor {
  readonly vendor: Vendor
  readonly status: 'absent' | 'read' | 'failed'
  readonly tool: string | null
  readonly tool_version: string | null
  readonly problem: string | null
}

export interface ReportedCard extends CardDiagnosis {
  readonly address: string
  readonly vendor: Vendor
  readonly model: string | null
  /** Vendor and device id, `10de:2335`. */
  readonly pci_id: string
  readonly driver: string | null
  readonly driver_version: string | null
  readonly tool: string | null
  readonly tool_version: string | null
  readonly device_nodes: readonly {
    readonly path: string
    readonly accessible: boolean
    readonly group: string
  }[]
  readonly verdict: PciFinding['verdict']
  readonly read: readonly string[]
  readonly not_read: readonly { readonly field: string; readonly why: string }[]
}

export interface MachineReport {
  /** `false`: the bus could not be read, and nothing is known of it. */
  readonly pci_read: boolean
  readonly vendors: readonly ReportedVendor[]
  readonly units: readonly ReportedUnit[]
  readonly pci: readonly ReportedCard[]
}

export interface ReportRequest {
  readonly entries: readonly VendorEntry[]
  readonly context: ProbeContext
  readonly random: Random
  readonly deadlineMs?: number
}

/** Reading once knows no cadence. */
const BASE_PERIOD_MS = 10_000

export async function readMachineReport(request: ReportRequest): Promise<MachineReport> {
  const { entries, context, random, deadlineMs } = request
  const runner = new ProbeRunner({
    entries,
    context,
    random,
    basePeriodMs: BASE_PERIOD_MS,
    ...(deadlineMs === undefined ? {} : { sampleDeadlineMs: deadlineMs }),
  })
  const detections = await runner.detectAll()
  const inventories = new Map<Vendor, Inventory | ProbeFailure>()
  const samples = new Map<Vendor, SampleOutcome>()
  await runner.inventoryAll((outcome) => inventories.set(outcome.vendor, outcome.result))
  await runner.sampleAll((outcome) => samples.set(outcome.vendor, outcome))
  await runner.release()
  const accelerators = await readPciAccelerators(context.rootPrefix)
  const present = detections.filter(({ detection }) => detection.status !== 'absent')
  const { findings } = reconcilePci({
    accelerators: accelerators ?? [],
    views: present.map(({ vendor }) => viewOf(vendor, inventories.get(vendor))),
    addressesSeen: new Set(),
  })
  const units = [...inventories.values()].flatMap((inventory) =>
    inventory.status === 'ok' ? unitsOf(inventory, samples) : [],
  )
  const vendors = detections.map(({ vendor, detection }) =>
    vendorOf(vendor, detection, inventories.get(vendor)),
  )
  const failureOf = (vendor: Vendor) => {
    const inventory = inventories.get(vendor)
    const detection = detections.find((found) => found.vendor === vendor)?.detection
    if (inventory?.status === 'failed') return inventory
    return detection?.status === 'broken' ? detection : null
  }
  const machine = readMachineFiles(context.rootPrefix)
  const tools = new Map<Vendor, FoundTool>()
  for (const { accelerator } of findings) {
    if (tools.has(accelerator.vendor)) continue
    tools.set(accelerator.vendor, await findTool(accelerator.vendor, context))
  }
  return {
    pci_read: accelerators !== null,
    vendors,
    units,
    pci: findings.map((finding) =>
      cardOf(finding, {
        machine,
        units,
        tool: tools.get(finding.accelerator.vendor) ?? NO_TOOL,
        vendor: vendors.find(({ vendor }) => vendor === finding.accelerator.vendor) ?? null,
        failure: failureOf(finding.accelerator.vendor),
      }),
    ),
  }
}

interface FoundTool {
  /** Its path, or its name where it may not be executed. */
  readonly path: string | null
  readonly isExecutable: boolean
}
const NO_TOOL: FoundTool = { path: null, isExecutable: false }

async function findTool(vendor: Vendor, { exec }: ProbeContext): Promise<FoundTool> {
  const names = accessOf(vendor)?.tools ?? []
  for (const name of names) {
    const path = exec.locate(name)
    if (path !== null) return { path, isExecutable: true }
  }
  for (const name of names) {
    // What cannot be located is not started: the answer says whether it is missing or locked.
    const refusal = await exec.run({ tool: name, args: [], deadlineMs: 1, outputBytesMax: 1 })
    if (refusal.status === 'denied') return { path: name, isExecutable: false }
  }
  return NO_TOOL
}

function vendorOf(
  vendor: Vendor,
  detection: Detection,
  inventory: Inventory | ProbeFailure | undefined,
): ReportedVendor {
  const nothing = { vendor, tool: null, tool_version: null, problem: null }
  if (detection.status === 'absent') return { ...nothing, status: 'absent' }
  if (inventory?.status === 'ok') {
    const { tool, toolVersion, problems } = inventory
    const problem = problems.map(({ sentence }) => sentence).join(' ') || null
    return { vendor, status: 'read', tool, tool_version: toolVersion, problem }
  }
  const broken = detection.status === 'broken' ? detection.sentence : null
  return { ...nothing, status: 'failed', problem: inventory?.sentence ?? broken }
}

function viewOf(vendor: Vendor, inventory: Inventory | ProbeFailure | undefined): VendorView {
  if (inventory?.status !== 'ok') {
    return { vendor, isReadable: false, units: [], problemAddresses: [] }
  }
  const problemAddresses = inventory.problems.flatMap(({ pciAddress }) => pciAddress ?? [])
  return { vendor, isReadable: true, units: inventory.units, problemAddresses }
}

interface CardParts {
  readonly machine: MachineFiles
  readonly units: readonly ReportedUnit[]
  readonly tool: FoundTool
  readonly vendor: ReportedVendor | null
  readonly failure: Pick<ProbeFailure, 'code' | 'sentence'> | null
}

function cardOf({ accelerator, verdict }: PciFinding, parts: CardParts): ReportedCard {
  const { address, vendor, model, vendorId, deviceId, driver } = accelerator
  const { machine, failure, tool } = parts
  const access = accessOf(vendor)
  const unit = parts.units.find(({ pci, kind }) => pci === address && kind === 'card')
  const fields = Object.entries(unit?.fields ?? {})
  const diagnosis = diagnoseCard({
    accelerator,
    verdict,
    access,
    failure,
    machine,
    tool,
    user: userName(),
  })
  return {
    address,
    vendor,
    model,
    pci_id: `${vendorId}:${deviceId}`,
    driver,
    driver_version: driver === null ? null : machine.loadedModule(driver) || null,
    tool: parts.vendor?.tool ?? tool.path,
    tool_version: parts.vendor?.tool_version ?? null,
    device_nodes: (access?.deviceNodes ?? [])
      .flatMap((pattern) => machine.nodes(pattern))
      .map(({ path, isAccessible, group }) => ({ path, accessible: isAccessible, group })),
    verdict,
    read: fields.filter(([, { value }]) => value !== null).map(([name]) => name),
    not_read: fields.flatMap(([field, { value, why }]) =>
      value === null ? [{ field, why: why ?? 'not told' }] : [],
    ),
    ...diagnosis,
  }
}

/** A user without an entry (a container) has a number. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

function unitsOf(
  inventory: Inventory,
  samples: ReadonlyMap<Vendor, SampleOutcome>,
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
        device_file: field(unit.deviceFile, inventory.tool, 'no number of a device node is told'),
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
  const { status, detail } = reading.health
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
    health: field(status === 'unknown' ? null : (detail ?? status), source, why('health', health)),
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
