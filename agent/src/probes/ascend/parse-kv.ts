/**
 * The `key : value` outputs of npu-smi: `-t board`, `-t usages`, `-t common`, `-t health`,
 * `-t power`, `-t product`. A chip's lines stand together, with its Chip ID first or last; a blank
 * line or a repeated key starts the next chip. The board's own MCU is no accelerator. Health names
 * no chip at all: then the command tells which was asked (`-i`, `-c`).
 */
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readCount, readNumber, readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { type AscendDevice, type AscendOutput, ascendOutput, sparseDevice } from './devices.ts'
import { readHealth } from './parse-table.ts'

const ENTRY = /^\s*(\S(?:.*?\S)?)?\s*:(?:\s(.*))?$/
/** A line by which a text is known to be of this form. */
const KEY = /^\s*[A-Z][^:|]*\s:(?:\s|$)/
/** Keys that speak of the card in front of the chips' sections. */
const CARD_KEYS = new Set(['NPU ID', 'Chip Count', 'Slot ID'])

type Section = ReadonlyMap<string, string>

/** `null` for a text without a key. */
export function parseAscendKeyValues(
  lines: readonly string[],
  command: string | null,
): AscendOutput | null {
  if (firstMatch(lines, KEY) === null) return null
  const sections = sectionsOf(lines)
  const card = new Map(sections.flatMap((section) => [...section]))
  const asked = askedFor(command)
  const npuId = readCount(card.get('NPU ID')) ?? asked.npuId
  const chips = sections.filter((section) => readCount(section.get('Chip ID')) !== null)
  const whole = sections.filter((section) => [...section.keys()].some((key) => !CARD_KEYS.has(key)))
  const chosen = chips.length > 0 ? chips : whole.filter((section) => !isMcu(section)).slice(0, 1)
  const devices = chosen.map((section, index) => ({
    ...readSection(section, npuId, readCount(section.get('Chip ID')) ?? asked.chipId),
    index,
  }))
  const driverVersion = readWord(card.get('Software Version'))
  return { ...ascendOutput(devices, factsOf(card)), driverVersion }
}

/** Which card and chip a command line names. */
export function askedFor(command: string | null) {
  const option = (name: string) =>
    readCount(new RegExp(`\\s-${name}\\s+(\\d+)(?:\\s|$)`).exec(command ?? '')?.[1])
  return { npuId: option('i'), chipId: option('c') }
}

function sectionsOf(lines: readonly string[]): Section[] {
  const sections: Map<string, string>[] = []
  let current: Map<string, string> | null = null
  for (const line of lines) {
    const [, key, value = ''] = ENTRY.exec(line) ?? []
    if (line.trim() === '') {
      current = null
      continue
    }
    // A continuation line of the value above has an empty key; free text has no colon.
    if (key === undefined) continue
    if (current === null || current.has(key)) {
      current = new Map()
      sections.push(current)
    }
    current.set(key, value.trim())
  }
  return sections
}

function isMcu(section: Section): boolean {
  return /^mcu$/i.test(section.get('Chip Name') ?? '')
}

function readSection(section: Section, npuId: number | null, chipId: number | null): AscendDevice {
  const number = (...keys: string[]) => {
    const key = keys.find((candidate) => section.has(candidate))
    return key === undefined ? null : readNumber(section.get(key))
  }
  const has = (key: string) => section.has(key)
  const health = section.get('Health Status') ?? section.get('Health')
  const pci = readWord(section.get('PCIe Bus Info'))
  const errors = (section.get('Error Code') ?? '').split(/[\s,]+/).filter((code) => readWord(code))
  return sparseDevice({
    npu_id: npuId,
    chip_id: chipId,
    name: readWord(section.get('Chip Name')),
    uuid: readDieId(section),
    serial: readWord(section.get('Serial Number')),
    pci,
    ...(has('PCIe Bus Info') ? { pci_bdf: normalisePciAddress(pci) } : {}),
    ...capacityOf(section),
    utilization_pct: number('Aicore Usage Rate(%)', 'NPU Utilization(%)', 'NPU Util(%)'),
    ...(has('Aivector Usage Rate(%)') ? { aivector_pct: number('Aivector Usage Rate(%)') } : {}),
    power_w: number('NPU Real-time Power(W)', 'Power Dissipation(W)'),
    temperature_c: number('Temperature(C)', 'NPU Temperature (C)'),
    ...(health === undefined ? {} : { health: readHealth(health) }),
    ...(errors.length === 0 ? {} : { error_codes: errors }),
  })
}

/** Capacity and fill: HBM where the chip has it, else the memory beside it. */
function capacityOf(section: Section) {
  const number = (key: string) => readNumber(section.get(key))
  const hbm = number('HBM Capacity(MB)')
  const ddr = number('DDR Capacity(MB)') ?? number('Memory Capacity(MB)')
  const isHbm = (hbm ?? 0) > 0
  const rate =
    number('HBM Usage Rate(%)') ?? number('DDR Usage Rate(%)') ?? number('Memory Usage Rate(%)')
  const kind = isHbm ? ('HBM' as const) : (ddr ?? 0) > 0 ? ('DDR' as const) : null
  return {
    ...(kind === null ? {} : { memory_kind: kind, memory_total_mib: isHbm ? hbm : ddr }),
    ...(rate === null ? {} : { memory_usage_rate_pct: rate }),
    ...(isHbm && (ddr ?? 0) > 0 ? { ddr_total_mib: ddr } : {}),
  }
}

/** `VDie ID` (910 on), `Die ID` (310P), `DDie ID` (950): five words of eight hex digits. */
function readDieId(section: Section): string | null {
  const printed = section.get('VDie ID') ?? section.get('DDie ID') ?? section.get('Die ID') ?? ''
  const words = printed.trim().split(/[\s-]+/)
  const isDieId = words.length === 5 && words.every((word) => /^[0-9A-F]{8}$/i.test(word))
  return isDieId ? words.join('-').toUpperCase() : null
}

function factsOf(card: Section): Record<string, unknown> {
  const facts: Record<string, unknown> = {}
  const vendorId = readWord(card.get('PCI Vendor ID'))
  const deviceId = readWord(card.get('PCI Device ID'))
  const firmware = readWord(card.get('Firmware Version'))
  const product = readWord(card.get('Product Name') ?? card.get('Product Type'))
  const chips = readCount(card.get('Chip Count'))
  if (vendorId !== null) facts.pci_vendor_id = vendorId.toLowerCase()
  if (deviceId !== null) facts.pci_device_id = deviceId.toLowerCase()
  if (firmware !== null) facts.firmware_version = firmware
  if (product !== null) facts.product_name = product
  if (chips !== null) facts.chip_count = chips
  return facts
}
