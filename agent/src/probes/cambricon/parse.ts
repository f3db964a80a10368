/**
 * Reads any output of cnmon by its structure: the tables, `cnmon info`, `cnmon -l`, and the file
 * that `cnmon info -j` leaves in the current folder (`CnmonInfo`; no raw one is public, its keys are
 * those that callers of the tool name).
 */
import { type CardOutput, type CardReading, sparseCard } from '../card.ts'
import {
  type JsonNode,
  jsonListAt,
  jsonTextAt,
  jsonValueAt,
  readJsonObject,
} from '../formats/json-text.ts'
import { normalisePciAddress, pciAddressOfParts } from '../formats/pci-address.ts'
import { readId } from '../formats/printed-id.ts'
import { readCount, readQuantityOrNumber, readWord } from '../formats/text.ts'
import { finishedLines } from '../formats/tool-lines.ts'
import { readOrRefuse, type ToolName } from '../refusal.ts'
import type { CambriconDevice } from './devices.ts'
import { parseCnmonInfo } from './parse-info.ts'
import { parseCnmonTable } from './parse-table.ts'

const NAME: ToolName = { vendor: 'cambricon', tool: 'cnmon' }

export function readCambricon(text: string): CardReading<CambriconDevice> {
  return readOrRefuse(
    text,
    NAME,
    (lines) =>
      parseCnmonTable(lines) ??
      parseCnmonInfo(lines) ??
      parseCnmonList(lines) ??
      parseCnmonJson(text),
  )
}

const LIST_LINE = /^\s*Card\s*(\d+)\b.*\bUUID\b\W*([0-9A-Za-z-]{8,})/i

/** `cnmon -l`: a line with the UUID per card. */
function parseCnmonList(lines: readonly string[]): CardOutput<CambriconDevice> | null {
  const devices = finishedLines(lines).flatMap((line) => {
    const [, number, uuid] = LIST_LINE.exec(line) ?? []
    const index = readCount(number)
    const name = /\bMLU\d[\w-]*/.exec(line)?.[0] ?? null
    return index === null ? [] : [sparseCard(index, { name, uuid: readId(uuid) })]
  })
  return devices.length === 0 ? null : outputOf(devices)
}

function parseCnmonJson(text: string): CardOutput<CambriconDevice> | null {
  const document = readJsonObject(text)
  if (document === null || !Object.hasOwn(document, 'CnmonInfo')) return null
  return outputOf(jsonListAt(document, 'CnmonInfo').map(readJsonCard))
}

function readJsonCard(card: JsonNode, order: number): CambriconDevice {
  const quantity = (path: string, unit: string) =>
    readQuantityOrNumber(jsonTextAt(card, path), unit)
  const pci = jsonAddress(card)
  const temperature = quantity('Temperature/Chip', 'C') ?? quantity('Temperature/Board', 'C')
  return {
    index: readCount(jsonTextAt(card, 'CardNum')) ?? order,
    name: readWord(jsonTextAt(card, 'ProductName')),
    uuid: readId(jsonTextAt(card, 'UUID')),
    serial: null,
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: quantity('PhysicalMemUsage/Total', 'MiB'),
    memory_used_mib: quantity('PhysicalMemUsage/Used', 'MiB'),
    utilization_pct: quantity('Utilization/MLUAverage', '%'),
    power_w: quantity('Power/Usage', 'W'),
    power_cap_w: quantity('Power/Cap', 'W'),
    temperature_c: temperature,
    processes: null,
  }
}

/** A part that is a JSON number may be written in either base: then no address is told. */
function jsonAddress(card: JsonNode): string | null {
  const parts = ['DomainID', 'Bus', 'Device', 'Function'].map((key) => {
    const value = jsonValueAt(card, `PCI/${key}`)
    return typeof value === 'string' ? value : null
  })
  return pciAddressOfParts(parts)
}

function outputOf(devices: readonly CambriconDevice[]): CardOutput<CambriconDevice> {
  return { tool: 'cnmon', toolVersion: null, driverVersion: null, devices }
}
