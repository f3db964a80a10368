/**
 * `vasmi getmem`, `vasmi show` and `vasmi summary` with `--display-format=json`. No raw output is
 * public: the frame (`elem`, `pci_bus`, `sn`, `vals/NAME/value`) and the names are those that
 * callers of the tool name, so every key is optional and none stands for another.
 */
import { type CardOutput, sparseCard } from '../card.ts'
import {
  type JsonNode,
  jsonListAt,
  jsonObject,
  jsonTextAt,
  readJsonObject,
} from '../formats/json-text.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readId } from '../formats/printed-id.ts'
import { readSizeMib } from '../formats/size.ts'
import { readQuantityOrNumber, readWord } from '../formats/text.ts'
import { markSharedSerials } from '../shared-serials.ts'
import type { VastaiDevice } from './devices.ts'

/** Names of values, in lower case without blanks and separators, best first. */
const NAMES = {
  busId: ['devbusid', 'pcibus'],
  // AI cards say "Physical", graphics cards "Physical memory".
  memoryTotal: ['physical', 'physicalmemory'],
  utilization: ['aiutilization', 'aiutil', 'utilization', 'util', 'gpuutilization', 'gpuutil'],
  memoryUtilization: ['memoryutilization', 'memoryutil', 'memutil'],
  encoder: ['encoderutilization', 'encutilization', 'encutil'],
  decoder: ['decoderutilization', 'decutilization', 'decutil'],
  temperature: ['temperature', 'temp'],
  power: ['powerdraw', 'pcur', 'currentpower', 'powercurrent'],
  powerCap: ['pcap', 'powercap', 'powerlimit'],
} as const

/** `null`: not this JSON, or cut short. */
export function parseVasmiJson(text: string): CardOutput<VastaiDevice> | null {
  const document = readJsonObject(text)
  if (document === null || !Object.hasOwn(document, 'elem')) return null
  const devices = jsonListAt(document, 'elem').map(readElement)
  return {
    tool: 'vasmi',
    toolVersion: null,
    driverVersion: null,
    devices: markSharedSerials(devices).map(withBoardPower),
  }
}

function readElement(element: JsonNode, order: number): VastaiDevice {
  const values = valuesOf(element)
  const value = (field: keyof typeof NAMES) =>
    NAMES[field].map((name) => values.get(name)).find((found) => found !== undefined)
  const quantity = (field: keyof typeof NAMES, unit: string) =>
    readQuantityOrNumber(value(field), unit)
  const pci = readWord(jsonTextAt(element, 'pci_bus') ?? value('busId'))
  return {
    ...sparseCard(order),
    serial: readId(jsonTextAt(element, 'sn')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: readSizeMib(value('memoryTotal')),
    utilization_pct: quantity('utilization', '%'),
    memory_utilization_pct: quantity('memoryUtilization', '%'),
    encoder_pct: quantity('encoder', '%'),
    decoder_pct: quantity('decoder', '%'),
    power_w: quantity('power', 'W'),
    board_power_cap_w: quantity('powerCap', 'W'),
    temperature_c: quantity('temperature', 'C'),
  }
}

function valuesOf(element: JsonNode): ReadonlyMap<string, string> {
  const values = jsonObject(element.vals) ?? {}
  const entries = Object.keys(values).flatMap((key): [string, string][] => {
    const text = jsonTextAt(values, key) ?? jsonTextAt(jsonObject(values[key]) ?? {}, 'value')
    return text === null ? [] : [[key.toLowerCase().replace(/[\s_-]/g, ''), text]]
  })
  return new Map(entries)
}

/** Serial numbers belong to the card: dies that share one show the power of their card. */
function withBoardPower(device: VastaiDevice): VastaiDevice {
  const { shares_serial, power_w } = device
  return shares_serial === true ? { ...device, power_w: null, board_power_w: power_w } : device
}
