/**
 * XDX graphics cards through `xdxsmi` (1.6.21): key and value lines, a block per GPU. The tool has
 * no utilization, no used memory and no list of processes, so a card is named and its power and
 * temperature are shown, but it is never proven free. It prints no serial number and no UUID either.
 */
import { type CardDevice, type CardReading, sparseCard } from './card.ts'
import { HEALTH_NOT_TOLD, identitiesFrom } from './card-traits.ts'
import { renderNodeOf } from './drm-node.ts'
import { type KeyNode, nodesLike, readKeyTree, valueAnywhere, valueAt } from './formats/key-tree.ts'
import { normalisePciAddress } from './formats/pci-address.ts'
import { readPciId } from './formats/pci-id.ts'
import { readId } from './formats/printed-id.ts'
import { readCelsius, readCount, readQuantity, readWord } from './formats/text.ts'
import { finishedLines } from './formats/tool-lines.ts'
import { askFirst } from './inventory-calls.ts'
import { readOrRefuse, type ToolName } from './refusal.ts'
import { cardVendorModule } from './tool-probe.ts'

interface XdxDevice extends CardDevice {
  /** Vendor and device id of the PCI function: `1eed:15a3`. */
  readonly pci_id?: string
  readonly firmware?: string | null
}

const NAME: ToolName = { vendor: 'xdx', tool: 'xdxsmi' }
/** The one call seen with a user of the tool, then that of the tool it is modelled on. */
const QUERIES = [['out'], ['-q']] as const
const CARD = /^GPU\s+(\d+)$/i

export const xdx = cardVendorModule<XdxDevice>({
  vendor: 'xdx',
  tools: ['xdxsmi'],
  read: readXdx,
  inventory: (session) => askFirst(session, QUERIES),
  sample: (session) => askFirst(session, QUERIES),
  identitiesOf: ({ uuid }) => identitiesFrom({ strong: uuid }),
  offersOf: ({ power_w }) => ({
    utilization: false,
    memory: false,
    processes: false,
    health: false,
    power: power_w !== null,
  }),
  healthOf: () => HEALTH_NOT_TOLD,
  deviceFileOf: ({ pci_bdf }, rootPrefix) => renderNodeOf(rootPrefix, pci_bdf),
})

function readXdx(text: string): CardReading<XdxDevice> {
  return readOrRefuse(text, NAME, (lines) => {
    if (!/XDXSMI/i.test(text)) return null
    const tree = readKeyTree(finishedLines(lines))
    const devices = nodesLike(tree, CARD).flatMap((card) => readCard(card) ?? [])
    const version = valueAnywhere(tree, 'Version')
    return { tool: 'xdxsmi', toolVersion: readWord(version), driverVersion: null, devices }
  })
}

function readCard({ key, children }: KeyNode): XdxDevice | null {
  const index = readCount(CARD.exec(key)?.[1])
  if (index === null || children.length === 0) return null
  const text = (path: string) => valueAt(children, path)
  const pci = readWord(text('PCI/Bus Id'))
  const pciId = readPciId(text('PCI/Vendor Id'), text('PCI/Device Id'))
  return {
    ...sparseCard(index),
    name: readWord(text('Product Name')),
    uuid: readId(text('UUID')),
    firmware: readWord(text('Firmware Version')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    ...(pciId === null ? {} : { pci_id: pciId }),
    memory_total_mib: readQuantity(text('FB Memory Usage/Total'), 'MiB'),
    power_w: readQuantity(text('Power/Pwr Total'), 'W'),
    // The degree sign is lost in some locales.
    temperature_c: readCelsius(text('Temperature')),
  }
}
