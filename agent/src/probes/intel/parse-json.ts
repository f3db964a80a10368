/**
 * The JSON of `xpu-smi`: `discovery -j`, `discovery -d N -j`, `stats -j`, `ps -j`, `health -j`. Which
 * it is its keys say. A document without its end is refused whole.
 */
import { parseJson } from '@yiben/shared'
import { type CardFailure, sparseCard, unreadable } from '../card.ts'
import { type JsonNode, jsonListAt, jsonObject, jsonTextAt } from '../formats/json-text.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readId } from '../formats/printed-id.ts'
import { readSizeMib } from '../formats/size.ts'
import { readCount, readWord } from '../formats/text.ts'
import {
  devicesWithProcesses,
  type IntelComponent,
  type IntelDevice,
  type IntelOutput,
  intelOutput,
  mibOfKib,
  pciIdOf,
} from './devices.ts'

/** Warnings may stand before it. */
const START = /^[ \t\uFEFF]*[{[]/m

/** `null`: no JSON with a key in it. */
export function parseIntelJson(text: string): IntelOutput | CardFailure | null {
  if (!START.test(text) || !/"\w+"\s*:/.test(text)) return null
  const data = parseJson(text.slice(text.search(START)).trimStart())
  const nodes = Array.isArray(data) ? data.map(jsonObject) : [jsonObject(data)]
  const documents = nodes.filter((node) => node !== null)
  if (documents.length === 0) return unreadable('The JSON is not well formed, or cut short.')
  const failure = documents.map(failureOf).find((found) => found !== null)
  return failure ?? intelOutput(documents.flatMap(devicesOf))
}

function devicesOf(document: JsonNode): IntelDevice[] {
  if ('device_util_by_proc_list' in document) return readProcesses(document)
  const list = jsonListAt(document, 'device_list')
  return (list.length > 0 ? list : [document]).flatMap(readDevice)
}

/** `{"error": "Level Zero Initialization Error", "errno": 5}` */
function failureOf(document: JsonNode): CardFailure | null {
  const text = readWord(jsonTextAt(document, 'error'))
  if (text === null) return null
  const isEmpty = /not found|no devices?/i.test(text)
  return {
    failure: {
      class: isEmpty ? 'no_devices' : 'init_failed',
      code: 'tool_failed',
      text,
      advice: isEmpty
        ? 'The driver sees no card: compare with the PCI bus.'
        : 'Install the driver and Level Zero, and let the agent read /dev/dri.',
    },
  }
}

function readDevice(node: JsonNode): IntelDevice[] {
  const index = readCount(jsonTextAt(node, 'device_id') ?? jsonTextAt(node, 'device_index'))
  if (index === null) return []
  const pci = readWord(jsonTextAt(node, 'pci_bdf_address') ?? jsonTextAt(node, 'pci_bdf'))
  const components = componentsOf(node)
  return [
    {
      ...sparseCard(index),
      ...propertiesOf(node),
      pci,
      pci_bdf: normalisePciAddress(pci),
      ...(Array.isArray(node.device_level) ? levelFigures(node) : tileFigures(node)),
      ...(components.length > 0 ? { components } : {}),
    },
  ]
}

function propertiesOf(node: JsonNode): Partial<IntelDevice> {
  const text = (key: string) => readWord(jsonTextAt(node, key))
  const bytes = text('memory_physical_size_byte')
  return {
    name: text('device_name'),
    uuid: readId(jsonTextAt(node, 'uuid')),
    serial: readId(jsonTextAt(node, 'serial_number')),
    memory_total_mib: readSizeMib(bytes === null ? text('memory_physical_size') : `${bytes} B`),
    driver_version: text('driver_version'),
    pci_id: pciIdOf(text('pci_device_id')),
    function_type: text('device_function_type'),
    device_state: text('device_state'),
    tiles: readCount(text('number_of_tiles')),
  }
}

/** 1.x: figures of the whole card by the name of their metric; those of its tiles stand apart. */
function levelFigures(node: JsonNode): Partial<IntelDevice> {
  const metrics = new Map(
    jsonListAt(node, 'device_level').map((metric) => [
      jsonTextAt(metric, 'metrics_type'),
      // A mean of some samples is in `avg`, where the service keeps several.
      numberAt(metric, 'avg') ?? numberAt(metric, 'value'),
    ]),
  )
  const figure = (name: string) => metrics.get(`XPUM_STATS_${name}`) ?? null
  return {
    utilization_pct: figure('GPU_UTILIZATION'),
    memory_used_mib: figure('MEMORY_USED'),
    power_w: figure('POWER'),
    temperature_c: figure('GPU_CORE_TEMPERATURE'),
    ecc_uncorrected: figure('RAS_ERROR_CAT_NON_COMPUTE_ERRORS_UNCORRECTABLE'),
  }
}

/** 2.0: figures per tile. Those of a card with one tile are the card's; others are not summed. */
function tileFigures(node: JsonNode): Partial<IntelDevice> {
  const figure = (path: string, key = 'current') => {
    const tiles = path
      .split('/')
      .reduce<JsonNode | null>((here, name) => here && jsonObject(here[name]), node)
    const [only, ...others] = Object.keys(tiles ?? {})
    if (tiles === null || only === undefined || others.length > 0) return null
    return numberAt(tiles, only) ?? numberAt(tiles, `${only}/${key}`)
  }
  return {
    utilization_pct: figure('utilization/gpu_percent', 'avg'),
    memory_used_mib: figure('memory/used_mib'),
    power_w: figure('power/gpu_power_w'),
    temperature_c: figure('temperature/gpu_core_celsius'),
  }
}

/** Figures are means with as many digits as a double has. */
function numberAt(node: JsonNode, path: string): number | null {
  const text = jsonTextAt(node, path)
  return text !== null && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : null
}

/** Parts of a card with a status of their own: `core_temperature`, `memory_health` … */
function componentsOf(node: JsonNode): IntelComponent[] {
  return Object.keys(node).flatMap((component) => {
    const status = jsonTextAt(node, `${component}/status`)
    return status === null ? [] : [{ component, status }]
  })
}

/** One device per card that is named. A card without a row is not told to have none. */
function readProcesses(document: JsonNode): IntelDevice[] {
  const rows = jsonListAt(document, 'device_util_by_proc_list').flatMap((row) => {
    const card = readCount(jsonTextAt(row, 'device_id'))
    const process = {
      pid: readCount(jsonTextAt(row, 'process_id')),
      name: readWord(jsonTextAt(row, 'process_name')),
      memory_mib: mibOfKib(readCount(jsonTextAt(row, 'mem_size'))),
    }
    return card === null ? [] : [{ card, process }]
  })
  return devicesWithProcesses(rows)
}
