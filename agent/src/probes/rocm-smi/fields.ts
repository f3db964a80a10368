/**
 * Named figures of the rocm-smi family to a device. The names are English phrases that drift between
 * versions and makers (`GPU use (%)`, `DCU use (%)`, `HCU use (%)`; `VRAM` and `vram`; bytes and
 * MiB), so they are matched by pattern, without regard to case. All values are texts.
 */
import { sparseCard } from '../card.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readId } from '../formats/printed-id.ts'
import { readSizeMib } from '../formats/size.ts'
import { readCount, readNumber, readWord } from '../formats/text.ts'
import type { RocmDevice } from './devices.ts'

type FieldName =
  | 'address'
  | 'uniqueId'
  | 'serial'
  | 'series'
  | 'deviceName'
  | 'deviceId'
  | 'memoryTotal'
  | 'memoryUsed'
  | 'memoryFill'
  | 'memoryUse'
  | 'memoryActivity'
  | 'use'
  | 'socketPower'
  | 'averagePower'
  | 'powerCap'
  | 'edge'
  | 'junction'
  | 'mode'
  | 'computePartition'
  | 'memoryPartition'

/** A group, where there is one, is the unit that belongs to the value. */
const FIELDS: readonly { readonly pattern: RegExp; readonly field: FieldName }[] = [
  { pattern: /^PCI Bus$/i, field: 'address' },
  { pattern: /^Unique ID$/i, field: 'uniqueId' },
  { pattern: /^Serial Number$/i, field: 'serial' },
  { pattern: /^Card series$/i, field: 'series' },
  { pattern: /^Device Name$/i, field: 'deviceName' },
  { pattern: /^(?:Device|GPU) ID$/i, field: 'deviceId' },
  // Not the pairs VIS_VRAM and GTT.
  { pattern: /^VRAM Total Memory \((B|[KMG]i?B)\)$/i, field: 'memoryTotal' },
  { pattern: /^VRAM Total Used Memory \((B|[KMG]i?B)\)$/i, field: 'memoryUsed' },
  { pattern: /^GPU Memory Allocated \(VRAM%\)$/i, field: 'memoryFill' },
  { pattern: /^[HD]CU memory use \(%\)$/i, field: 'memoryUse' },
  { pattern: /^GPU memory use \(%\)$/i, field: 'memoryActivity' },
  { pattern: /^GPU Memory Read\/Write Activity \(%\)$/i, field: 'memoryActivity' },
  { pattern: /^(?:GPU|[HD]CU) use \(%\)$/i, field: 'use' },
  { pattern: /^Current Socket Graphics Package Power \(W\)$/i, field: 'socketPower' },
  { pattern: /^Average Graphics Package Power \(W\)$/i, field: 'averagePower' },
  { pattern: /^Max Graphics Package Power \(W\)$/i, field: 'powerCap' },
  { pattern: /^Temperature \(Sensor edge\) \(C\)$/i, field: 'edge' },
  { pattern: /^Temperature \(Sensor junction\) \(C\)$/i, field: 'junction' },
  { pattern: /^Mode$/i, field: 'mode' },
  { pattern: /^Compute Partition$/i, field: 'computePartition' },
  { pattern: /^Memory Partition$/i, field: 'memoryPartition' },
]

/** Followed by the baseboard's serial and slot on boards of eight: `0000:09:00.0 --> SN: …`. */
const LEADING_ADDRESS = /^\s*((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])(?=\s|$)/i
const HEX_ID = /^0x[0-9a-f]{1,8}$/i

type Fields = ReadonlyMap<FieldName, string>

/** What is told twice under two names with two values is not told. */
export function readDevice(
  index: number,
  entries: Iterable<readonly [name: string, value: string]>,
): RocmDevice {
  const fields = new Map<FieldName, string>()
  const contradicted = new Set<FieldName>()
  for (const [name, value] of entries) {
    const found = fieldOf(name.trim())
    if (found === null) continue
    const text = found.unit === '' ? value.trim() : `${value.trim()} ${found.unit}`
    const before = fields.get(found.field)
    if (before !== undefined && before !== text) contradicted.add(found.field)
    fields.set(found.field, text)
  }
  for (const field of contradicted) fields.delete(field)
  return deviceOf(index, fields)
}

/** Whether a name is one of these at all: to tell a table of them from any other. */
export function isFieldName(name: string): boolean {
  return fieldOf(name.trim()) !== null
}

function fieldOf(name: string): { readonly field: FieldName; readonly unit: string } | null {
  for (const { pattern, field } of FIELDS) {
    const match = pattern.exec(name)
    if (match !== null) return { field, unit: match[1] ?? '' }
  }
  return null
}

function deviceOf(index: number, fields: Fields): RocmDevice {
  const address = LEADING_ADDRESS.exec(fields.get('address') ?? '')?.[1] ?? null
  const edge = readNumber(fields.get('edge'))
  const junction = readNumber(fields.get('junction'))
  return {
    ...sparseCard(index),
    name: nameOf(fields),
    uuid: readId(fields.get('uniqueId')),
    serial: readId(fields.get('serial')),
    pci: address,
    pci_bdf: normalisePciAddress(address),
    memory_total_mib: readSizeMib(fields.get('memoryTotal')),
    memory_used_mib: readSizeMib(fields.get('memoryUsed')),
    utilization_pct: readNumber(fields.get('use')),
    // MI300 tells the socket's power of now, older cards an average of theirs.
    power_w: readNumber(fields.get('socketPower')) ?? readNumber(fields.get('averagePower')),
    // MI300 has no sensor at the edge.
    temperature_c: edge ?? junction,
    ...whereTold({
      power_cap_w: readNumber(fields.get('powerCap')),
      temperature_junction_c: junction,
      pci_device_id: hexIdOf(fields.get('deviceId')),
      // DCU tools call the fill of the memory its use; ROCm means traffic by the same word.
      memory_used_pct: readNumber(fields.get('memoryFill') ?? fields.get('memoryUse')),
      memory_utilization_pct: readNumber(fields.get('memoryActivity') ?? fields.get('memoryUse')),
      mode: readWord(fields.get('mode')),
      compute_partition: readWord(fields.get('computePartition')),
      memory_partition: readWord(fields.get('memoryPartition')),
    }),
  }
}

/** ROCm 4 and 5 print an id where the system's table of ids lacks the name. */
function nameOf(fields: Fields): string | null {
  const names = [fields.get('series'), fields.get('deviceName')].map(readWord)
  return names.find((name) => name !== null && !HEX_ID.test(name)) ?? null
}

export function hexIdOf(text: string | undefined): string | null {
  const word = text?.trim() ?? ''
  return HEX_ID.test(word) ? word : null
}

function whereTold(values: Partial<RocmDevice>): Partial<RocmDevice> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

/** `card12`: the number by which the tool names a card. */
export function cardNumberOf(name: string): number | null {
  const [, number] = /^card(\d{1,4})$/i.exec(name.trim()) ?? []
  return number === undefined ? null : readCount(number)
}
