/**
 * `mthreads-gmi -q` (all sections or those asked for with `-d`) and `-L`. The only public sample of
 * `-q` lost its indentation, so sections are told by their headings; units stick to the numbers.
 */
import { sparseCard } from '../card.ts'
import { readEntry, readHeadedValues } from '../headed-values.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readQuantity, readWord } from '../text.ts'
import { finishedLines } from '../tool-lines.ts'
import {
  type MooreThreadsDevice,
  type MooreThreadsOutput,
  readSerial,
  readUuid,
  TOOL,
} from './devices.ts'

/** `GPU0 00000000:01:00.0`, the line above everything of one card. */
const CARD = /^GPU\s?(\d{1,6})\s+([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i
/** `GPU 0 : MTT S4000 (UUID : 7de4…)`. */
const LISTED = /^GPU\s?(\d{1,6})\s?:\s?(\S.*?)\s*\(UUID\s*:\s*([^()]*?)\s*\)$/i
const HEX_ID = /^0x([0-9a-f]{4})$/i

export function isMooreThreadsQuery(lines: readonly string[]): boolean {
  return lines.some((line) => CARD.test(line.trim()))
}

export function isMooreThreadsList(lines: readonly string[]): boolean {
  return lines.some((line) => LISTED.test(line.trim()))
}

export function parseMooreThreadsQuery(printed: readonly string[]): MooreThreadsOutput {
  const lines = finishedLines(printed)
  const first = lines.findIndex((line) => CARD.test(line.trim()))
  const above = readHeadedValues(lines.slice(0, Math.max(first, 0)))
  return {
    tool: TOOL,
    toolVersion: null,
    driverVersion: readWord(above.get('driver version')),
    devices: cardBlocks(lines).map(readCard),
  }
}

export function parseMooreThreadsList(lines: readonly string[]): MooreThreadsOutput {
  const devices = lines.flatMap((line) => {
    const [, index, name, uuid] = LISTED.exec(line.trim()) ?? []
    const number = readCount(index)
    return number === null
      ? []
      : [{ ...sparseCard(number), name: readWord(name), uuid: readUuid(uuid) }]
  })
  return { tool: TOOL, toolVersion: null, driverVersion: null, devices }
}

interface CardBlock {
  readonly index: string
  readonly pci: string
  readonly lines: readonly string[]
}

/** A second product name in a block is that of a card whose first line was lost: it ends there. */
function cardBlocks(lines: readonly string[]): CardBlock[] {
  const blocks: { index: string; pci: string; lines: string[] }[] = []
  let isNamed = false
  let isOpen = false
  for (const line of lines) {
    const [, index, pci] = CARD.exec(line.trim()) ?? []
    if (index !== undefined && pci !== undefined) {
      blocks.push({ index, pci, lines: [] })
      isNamed = false
      isOpen = true
      continue
    }
    const isName = readEntry(line)?.key === 'product name'
    if (isName && isNamed) isOpen = false
    isNamed ||= isName
    if (isOpen) blocks.at(-1)?.lines.push(line)
  }
  return blocks
}

function readCard({ index, pci, lines }: CardBlock): MooreThreadsDevice {
  const { get } = readHeadedValues(lines)
  const [vendorId, deviceId] = [get('pci/vendor id'), get('pci/device id')].map(
    (id) => HEX_ID.exec(id ?? '')?.[1]?.toLowerCase() ?? null,
  )
  return {
    ...sparseCard(Number(index)),
    name: readWord(get('product name')),
    uuid: readUuid(get('gpu uuid')),
    serial: readSerial(get('serial number')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    pci_id: vendorId && deviceId ? `${vendorId}:${deviceId}` : null,
    device_type: readWord(get('devicetype') ?? get('device type')),
    memory_total_mib: readQuantity(get('fb memory usage/total'), 'MiB'),
    memory_used_mib: readQuantity(get('fb memory usage/used'), 'MiB'),
    utilization_pct: readQuantity(get('utilization/gpu'), '%'),
    memory_utilization_pct: readQuantity(get('utilization/memory'), '%'),
    encoder_pct: readQuantity(get('utilization/encoder'), '%'),
    decoder_pct: readQuantity(get('utilization/decoder'), '%'),
    temperature_c: readQuantity(get('gpu current temp'), 'C'),
    power_w: readQuantity(get('power draw'), 'W'),
    perf_state: readWord(get('performance state')),
    ecc_mode: readWord(get('ecc mode/current')),
    retired_single_bit: readCount(get('retired pages/single bit ecc')),
    retired_double_bit: readCount(get('retired pages/double bit ecc')),
  }
}
