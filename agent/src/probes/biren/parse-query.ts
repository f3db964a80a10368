/**
 * What `brsmi` prints for queries: CSV of `brsmi gpu --query-gpu=…`, blocks of `brsmi gpu query` and
 * its XML (`-x`). None of them has been seen; fields are those that documents and callers of the
 * tool name, and the shapes are those of nvidia-smi, on which the tool is modelled. Whatever differs
 * is absent or refused.
 */
import type { CardOutput } from '../card.ts'
import { readCsv } from '../formats/csv.ts'
import { type KeyNode, nodesLike, readKeyTree, valueAt } from '../formats/key-tree.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { type Lookup, readSmiCsvCard, readSmiCsvCards, smiCsvDialect } from '../formats/smi-csv.ts'
import { firstText, readSmiFields, type SmiPaths } from '../formats/smi-fields.ts'
import { readSmiXmlDevice } from '../formats/smi-xml.ts'
import { readCount, readWord } from '../formats/text.ts'
import { finishedLines } from '../formats/tool-lines.ts'
import { childrenOf, isUnreadableXml, readXml, textAt } from '../formats/xml.ts'
import type { BirenDevice } from './devices.ts'

const DIALECT = smiCsvDialect(/--query-gpu=(\S+)/)

/** `null`: neither a header line nor a field list in the command says what the columns are. */
export function parseBrsmiCsv(
  lines: readonly string[],
  command: string | null,
): CardOutput<BirenDevice> | null {
  const table = readCsv(finishedLines(lines), command, DIALECT)
  const devices = table === null ? [] : readSmiCsvCards(table, csvDevice)
  return devices.length === 0 ? null : outputOf(devices)
}

function csvDevice(lookup: Lookup, ordinal: number): BirenDevice {
  const svi = lookup('svi.mode.current')
  const device = readSmiCsvCard(lookup, ordinal)
  return svi === undefined ? device : { ...device, svi_mode: readWord(svi) }
}

const CARD = /^GPU\s+(\S+)$/i

/** `null`: no block of a GPU in the text. */
export function parseBrsmiBlocks(lines: readonly string[]): CardOutput<BirenDevice> | null {
  const cards = nodesLike(readKeyTree(finishedLines(lines)), CARD)
  const devices = cards.filter(({ children }) => children.length > 0).map(blockDevice)
  return devices.length === 0 ? null : outputOf(devices)
}

const PATHS: SmiPaths = {
  name: ['Product Name', 'Name'],
  uuid: ['UUID', 'GPU UUID'],
  serial: ['Serial Number', 'Serial'],
  pci: ['PCI/Bus Id'],
  memoryTotal: ['Memory Usage/Total', 'Memory/Total', 'Total'],
  memoryUsed: ['Memory Usage/Used', 'Memory/Used', 'Used'],
  utilization: ['Utilization/Gpu'],
  power: [],
  powerCap: [],
  temperature: ['Temperature/GPU Current Temp', 'Temperature/GPU'],
}
const HEALTH_PATHS = ['Health', 'Health/Status']

/** Headed by the number of the GPU, or by its address. */
function blockDevice({ key, children }: KeyNode, order: number): BirenDevice {
  const at = (path: string) => valueAt(children, path)
  const label = CARD.exec(key)?.[1] ?? ''
  const address = normalisePciAddress(label) === null ? null : label
  const health = firstText(HEALTH_PATHS, at)
  return {
    ...readSmiFields(readCount(label) ?? order, PATHS, at, address),
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
