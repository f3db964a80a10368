/**
 * `mthreads-gmi -q` (all sections or those asked for with `-d`) and `-L`. The only public sample of
 * `-q` lost its indentation, so sections are told by their headings; units stick to the numbers.
 */
import { sparseCard } from '../card.ts'
import { readEntry, readHeadedTree, valueAnywhere, valueAt } from '../formats/key-tree.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readPciId } from '../formats/pci-id.ts'
import { readId, readUuid } from '../formats/printed-id.ts'
import { readSmiList } from '../formats/smi-list.ts'
import { readCount, readQuantity, readWord } from '../formats/text.ts'
import { finishedLines } from '../formats/tool-lines.ts'
import { type MooreThreadsDevice, type MooreThreadsOutput, TOOL } from './devices.ts'

/** `GPU0 00000000:01:00.0`, the line above everything of one card. */
const CARD = /^GPU\s?(\d{1,6})\s+([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i
/** `null`: no section of a card in the text. */
export function parseMooreThreadsQuery(printed: readonly string[]): MooreThreadsOutput | null {
  const first = printed.findIndex((line) => CARD.test(line.trim()))
  if (first < 0) return null
  const lines = finishedLines(printed)
  const above = readHeadedTree(lines.slice(0, first))
  return {
    tool: TOOL,
    toolVersion: null,
    driverVersion: readWord(valueAnywhere(above, 'Driver Version')),
    devices: cardBlocks(lines).map(readCard),
  }
}

/** `null`: no such list in the text. */
export function parseMooreThreadsList(lines: readonly string[]): MooreThreadsOutput | null {
  const devices = readSmiList(lines, 'GPU').map(({ index, name, uuid }) =>
    sparseCard(index, { name, uuid: readUuid(uuid) }),
  )
  return devices.length === 0
    ? null
    : { tool: TOOL, toolVersion: null, driverVersion: null, devices }
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
  const tree = readHeadedTree(lines)
  const at = (path: string) => valueAt(tree, path)
  const anywhere = (key: string) => valueAnywhere(tree, key)
  return {
    ...sparseCard(Number(index)),
    name: readWord(anywhere('Product Name')),
    uuid: readUuid(anywhere('GPU UUID')),
    serial: readId(anywhere('Serial Number')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    pci_id: readPciId(at('PCI/Vendor ID'), at('PCI/Device ID')),
    device_type: readWord(anywhere('DeviceType') ?? anywhere('Device Type')),
    memory_total_mib: readQuantity(at('FB Memory Usage/Total'), 'MiB'),
    memory_used_mib: readQuantity(at('FB Memory Usage/Used'), 'MiB'),
    utilization_pct: readQuantity(at('Utilization/Gpu'), '%'),
    memory_utilization_pct: readQuantity(at('Utilization/Memory'), '%'),
    encoder_pct: readQuantity(at('Utilization/Encoder'), '%'),
    decoder_pct: readQuantity(at('Utilization/Decoder'), '%'),
    temperature_c: readQuantity(anywhere('GPU Current Temp'), 'C'),
    power_w: readQuantity(anywhere('Power Draw'), 'W'),
    perf_state: readWord(anywhere('Performance State')),
    ecc_mode: readWord(at('ECC Mode/Current')),
    retired_single_bit: readCount(at('Retired Pages/Single Bit ECC')),
    retired_double_bit: readCount(at('Retired Pages/Double Bit ECC')),
  }
}
