/**
 * `cnmon info`: a block of indented `key : value` lines per card. Keys repeat in its sections
 * (`Total`, `Used`, `Device`, `Driver`), so each is read by its path. Which sections there are
 * differs between versions and cards; what is not printed stays absent.
 */
import type { CardOutput, CardProcess } from '../card.ts'
import { type KeyNode, nodeAt, nodesLike, readKeyTree, valueAt } from '../formats/key-tree.ts'
import { pciAddressOfParts } from '../formats/pci-address.ts'
import { readSmiFields, type SmiPaths } from '../formats/smi-fields.ts'
import { readCount, readQuantity, readWord } from '../formats/text.ts'
import { finishedLines, firstMatch } from '../formats/tool-lines.ts'
import { bareVersion, type CambriconDevice, commonVersion } from './devices.ts'

const BANNER = /\bCNMON\s+v?(\d[\w.]*)/
const CARD = /^Card\s+(\d+)$/i

/** `null`: no such blocks in the text. */
export function parseCnmonInfo(lines: readonly string[]): CardOutput<CambriconDevice> | null {
  const cards = nodesLike(readKeyTree(finishedLines(lines)), CARD)
  const printed = cards.flatMap((card) => readBlock(card) ?? [])
  if (printed.length === 0) return null
  const isCut = lines.at(-1) !== ''
  const devices = printed.map((device, at) =>
    isCut && at === printed.length - 1 ? withoutEmptyList(device) : device,
  )
  return {
    tool: 'cnmon',
    toolVersion: firstMatch(lines, BANNER)?.[1] ?? null,
    driverVersion: commonVersion(
      cards.map((card) => bareVersion(valueAt(card.children, 'Driver'))),
    ),
    devices,
  }
}

const PATHS: SmiPaths = {
  name: ['Product Name'],
  uuid: ['UUID'],
  serial: ['SN', 'Serial Number'],
  pci: [],
  memoryTotal: ['Physical Memory Usage/Total'],
  memoryUsed: ['Physical Memory Usage/Used'],
  utilization: ['Utilization/MLU Average'],
  power: ['Power/Usage'],
  powerCap: ['Power/Cap'],
  // Older cards have no sensor of the chip.
  temperature: ['Temperature/Chip', 'Temperature/Board'],
}

function readBlock({ key, children }: KeyNode): CambriconDevice | null {
  const index = readCount(CARD.exec(key)?.[1])
  if (index === null || children.length === 0) return null
  const at = (path: string) => valueAt(children, path)
  const health = at('Health State/Device')
  return {
    ...readSmiFields(index, PATHS, at, addressOf(at)),
    ...(health === undefined ? {} : { health: readWord(health) }),
    processes: processesIn(nodeAt(children, 'Processes')),
  }
}

/** `Domain ID`, `Bus num`, `Device`, `Function`: hexadecimal, on lines of their own. */
function addressOf(text: (path: string) => string | undefined): string | null {
  const keys = ['Domain ID', 'Bus num', 'Device', 'Function']
  return pciAddressOfParts(keys.map((key) => text(`PCI/${key}`)))
}

/** Of a text that breaks off: the entries below the heading may be what is missing. */
function withoutEmptyList(device: CambriconDevice): CambriconDevice {
  return device.processes?.length === 0 ? { ...device, processes: null } : device
}

/** A heading without entries says there are none. */
function processesIn(section: KeyNode | undefined): CardProcess[] | null {
  if (section === undefined || readWord(section.value) !== null) return null
  const entries = section.children.filter(({ key }) => /^Process$/i.test(key))
  if (entries.length < section.children.length) return null
  return entries.map(({ children }) => ({
    pid: readCount(valueAt(children, 'PID')),
    name: readWord(valueAt(children, 'cmdline') ?? valueAt(children, 'Command Line')),
    memory_mib: readQuantity(valueAt(children, 'MLU Memory Usage'), 'MiB'),
  }))
}
