/**
 * What `brsmi` prints for queries: CSV of `brsmi gpu --query-gpu=…`, blocks of `brsmi gpu query` and
 * its XML (`-x`). None of them has been seen; fields are those that documents and callers of the
 * tool name, and the shapes are those of nvidia-smi, on which the tool is modelled. Whatever differs
 * is absent or refused.
 */
import { type CardOutput, sparseCard } from '../card.ts'
import { type CsvDialect, lookupInRow, readCsv } from '../csv.ts'
import { type KeyNode, readKeyTree, valueAt } from '../key-tree.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readId } from '../printed-id.ts'
import { readSmiXmlDevice } from '../smi-xml.ts'
import { readCount, readQuantity, readQuantityOrNumber, readWord } from '../text.ts'
import { finishedLines } from '../tool-lines.ts'
import { childrenOf, isUnreadableXml, readXml, textAt } from '../xml.ts'
import type { BirenDevice } from './device.ts'

const DIALECT: CsvDialect = {
  fieldList: /--query-gpu=(\S+)/,
  aliases: { gpu_name: 'name', gpu_uuid: 'uuid', gpu_serial: 'serial', gpu_bus_id: 'pci.bus_id' },
  known: new Set([
    'index',
    'name',
    'uuid',
    'serial',
    'pci.bus_id',
    'memory.total',
    'memory.used',
    'temperature.gpu',
    'power.draw',
    'utilization.gpu',
    'svi.mode.current',
  ]),
}

/** `null`: neither a header line nor a field list in the command says what the columns are. */
export function parseBrsmiCsv(
  lines: readonly string[],
  command: string | null,
): CardOutput<BirenDevice> | null {
  const table = readCsv(finishedLines(lines), command, DIALECT)
  if (table === null) return null
  const devices = table.rows.flatMap((row, order) => {
    const lookup = lookupInRow(table.columns, row)
    return lookup === null ? [] : [csvDevice(lookup, order)]
  })
  return devices.length === 0 ? null : outputOf(devices)
}

function csvDevice(lookup: (field: string) => string | undefined, order: number): BirenDevice {
  const quantity = (field: string, unit: string) => readQuantityOrNumber(lookup(field), unit)
  const pci = readWord(lookup('pci.bus_id'))
  const svi = lookup('svi.mode.current')
  return {
    index: readCount(lookup('index')) ?? order,
    name: readWord(lookup('name')),
    uuid: readId(lookup('uuid')),
    serial: readId(lookup('serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: quantity('memory.total', 'MiB'),
    memory_used_mib: quantity('memory.used', 'MiB'),
    utilization_pct: quantity('utilization.gpu', '%'),
    power_w: quantity('power.draw', 'W'),
    power_cap_w: quantity('power.limit', 'W'),
    temperature_c: quantity('temperature.gpu', 'C'),
    ...(svi === undefined ? {} : { svi_mode: readWord(svi) }),
    processes: null,
  }
}

const CARD = /^GPU\s+(\S+)$/i

/** `null`: no block of a GPU in the text. */
export function parseBrsmiBlocks(lines: readonly string[]): CardOutput<BirenDevice> | null {
  const cards = cardNodes(readKeyTree(finishedLines(lines)))
  const devices = cards.filter(({ children }) => children.length > 0).map(blockDevice)
  return devices.length === 0 ? null : outputOf(devices)
}

function cardNodes(nodes: readonly KeyNode[]): KeyNode[] {
  return nodes.flatMap((node) => (CARD.test(node.key) ? [node] : cardNodes(node.children)))
}

function blockDevice({ key, children }: KeyNode, order: number): BirenDevice {
  const text = (...paths: string[]) =>
    paths.map((path) => valueAt(children, path)).find((found) => found !== undefined)
  const label = CARD.exec(key)?.[1] ?? ''
  const pci = normalisePciAddress(label) === null ? readWord(text('PCI/Bus Id')) : label
  const health = text('Health', 'Health/Status')
  return {
    ...sparseCard(readCount(label) ?? order),
    name: readWord(text('Product Name', 'Name')),
    uuid: readId(text('UUID', 'GPU UUID')),
    serial: readId(text('Serial Number', 'Serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: readQuantity(text('Memory Usage/Total', 'Memory/Total', 'Total'), 'MiB'),
    memory_used_mib: readQuantity(text('Memory Usage/Used', 'Memory/Used', 'Used'), 'MiB'),
    utilization_pct: readQuantity(text('Utilization/Gpu'), '%'),
    temperature_c: readQuantity(text('Temperature/GPU Current Temp', 'Temperature/GPU'), 'C'),
    ...(health === undefined ? {} : { health: readWord(health) }),
  }
}

const ROOT = /<((?:br|biren)\w*log)>/i

/** `null`: not the XML of this tool, or cut short. */
export function parseBrsmiXml(text: string): CardOutput<BirenDevice> | null {
  const rootName = ROOT.exec(text)?.[1]
  if (rootName === undefined) return null
  const root = readXml(text, rootName)
  if (isUnreadableXml(root)) return null
  const driverVersion = readWord(textAt(root, 'driver_version'))
  const devices = childrenOf(root, 'gpu').map((gpu, index): BirenDevice => {
    const svi = textAt(gpu, 'svi_mode/current_svi') ?? textAt(gpu, 'svi_mode')
    const device = readSmiXmlDevice(gpu, index)
    return svi === undefined ? device : { ...device, svi_mode: readWord(svi) }
  })
  return { ...outputOf(devices), driverVersion }
}

function outputOf(devices: readonly BirenDevice[]): CardOutput<BirenDevice> {
  return { tool: 'brsmi', toolVersion: null, driverVersion: null, devices }
}
