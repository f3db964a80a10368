/**
 * `cnmon info`: a block of indented `key : value` lines per card. Keys repeat in its sections
 * (`Total`, `Used`, `Device`, `Driver`), so each is read by its path. Which sections there are
 * differs between versions and cards; what is not printed stays absent.
 */
import type { CardOutput, CardProcess } from '../card.ts'
import { type KeyNode, nodeAt, readKeyTree, valueAt } from '../key-tree.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readId } from '../printed-id.ts'
import { readCount, readQuantity, readWord } from '../text.ts'
import { finishedLines } from '../tool-lines.ts'
import { bareVersion, type CambriconDevice, commonVersion } from './device.ts'

const BANNER = /\bCNMON\s+v?(\d[\w.]*)/
const CARD = /^Card\s+(\d+)$/i

/** `null`: no such blocks in the text. */
export function parseCnmonInfo(lines: readonly string[]): CardOutput<CambriconDevice> | null {
  const cards = cardNodes(readKeyTree(finishedLines(lines)))
  const devices = cards.flatMap((card) => readBlock(card) ?? [])
  if (devices.length === 0) return null
  return {
    tool: 'cnmon',
    toolVersion: BANNER.exec(lines.join('\n'))?.[1] ?? null,
    driverVersion: commonVersion(
      cards.map((card) => bareVersion(valueAt(card.children, 'Driver'))),
    ),
    devices,
  }
}

function cardNodes(nodes: readonly KeyNode[]): KeyNode[] {
  return nodes.flatMap((node) => (CARD.test(node.key) ? [node] : cardNodes(node.children)))
}

function readBlock({ key, children }: KeyNode): CambriconDevice | null {
  const index = readCount(CARD.exec(key)?.[1])
  if (index === null || children.length === 0) return null
  const text = (path: string) => valueAt(children, path)
  const pci = addressOf(text)
  const health = text('Health State/Device')
  return {
    index,
    name: readWord(text('Product Name')),
    uuid: readId(text('UUID')),
    serial: readId(text('SN') ?? text('Serial Number')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: readQuantity(text('Physical Memory Usage/Total'), 'MiB'),
    memory_used_mib: readQuantity(text('Physical Memory Usage/Used'), 'MiB'),
    utilization_pct: readQuantity(text('Utilization/MLU Average'), '%'),
    power_w: readQuantity(text('Power/Usage'), 'W'),
    power_cap_w: readQuantity(text('Power/Cap'), 'W'),
    // Older cards have no sensor of the chip.
    temperature_c: readQuantity(text('Temperature/Chip') ?? text('Temperature/Board'), 'C'),
    ...(health === undefined ? {} : { health: readWord(health) }),
    processes: processesIn(nodeAt(children, 'Processes')),
  }
}

/** `Domain ID`, `Bus num`, `Device`, `Function`: hexadecimal, on lines of their own. */
function addressOf(text: (path: string) => string | undefined): string | null {
  const parts = ['Domain ID', 'Bus num', 'Device', 'Function'].map((key) => text(`PCI/${key}`))
  return hexAddress(parts)
}

/** `0000`, `01`, `00`, `0` as `0000:01:00.0`; `null` where a part is no such number. */
export function hexAddress(parts: readonly (string | null | undefined)[]): string | null {
  const digits = parts.map((part) => /^(?:0x)?([0-9a-f]{1,8})$/i.exec(part?.trim() ?? '')?.[1])
  const [domain, bus, device, fn] = digits
  if (digits.includes(undefined)) return null
  return `${domain}:${bus}:${device}.${fn}`
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
