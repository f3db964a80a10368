/**
 * Reads any output of Kunlunxin's tool by its structure: `-q -x`, `-q`, `-m`, `-L`, the table and the
 * three tables of the releases before 5.0.
 */
import { type CardReading, isFailure, sparseCard, unreadable } from '../card.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readId } from '../formats/printed-id.ts'
import { readSmiList } from '../formats/smi-list.ts'
import { isSmiLog, readSmiLog } from '../formats/smi-log.ts'
import { readXmlProcesses } from '../formats/smi-xml.ts'
import { readCount, readNumber, readWord } from '../formats/text.ts'
import { finishedLines } from '../formats/tool-lines.ts'
import { attributeOf, childrenOf, isUnreadableXml, readXml, textAt } from '../formats/xml.ts'
import { type FailureText, readOrRefuse } from '../refusal.ts'
import { refusedNamesake } from '../xpu-smi.ts'
import {
  deviceFromFields,
  type KunlunxinDevice,
  type KunlunxinOutput,
  LOG_PATHS,
  markVirtualFunctions,
  TOOLS,
  toolOf,
  XML_PATHS,
} from './devices.ts'
import { parseLegacyTables } from './parse-legacy.ts'
import { parseKunlunxinTable } from './parse-table.ts'

const FAILURE_TEXTS: readonly FailureText[] = [
  {
    pattern: /\/dev\/xpu\S*.*(?:permission|denied)|(?:permission|denied).*\/dev\/xpu/i,
    class: 'permission',
    code: 'permission_denied',
    advice: 'Let the agent read /dev/xpu* (the udev rules of the driver set their mode).',
  },
  {
    pattern: /(?:open|access|find)\b.*\/dev\/xpu|\bXPUML\b.*\b(?:fail|error)|\bfail.*\bXPUML\b/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice: 'Load the module kunlun, and see /proc/xpu/probe_error for why a card is missing.',
  },
]
const NAME = { vendor: 'kunlunxin', tool: TOOLS[0], texts: FAILURE_TEXTS } as const

export function readKunlunxin(text: string, command: string | null): CardReading<KunlunxinDevice> {
  return (
    refusedNamesake(text, 'kunlunxin') ??
    readOrRefuse(text, NAME, (lines) => {
      const reading = readByStructure(text, lines, command)
      return reading === null || isFailure(reading)
        ? reading
        : { ...reading, devices: markVirtualFunctions(reading.devices) }
    })
  )
}

function readByStructure(
  text: string,
  lines: readonly string[],
  command: string | null,
): CardReading<KunlunxinDevice> | null {
  const finished = finishedLines(lines)
  return (
    parseXml(text, command) ??
    parseLog(finished, command) ??
    parseKunlunxinTable(lines, command) ??
    parseLegacyTables(lines, command) ??
    parseMachineLines(finished, command) ??
    parseList(finished, command)
  )
}

/** `null`: no such log in the text. */
function parseXml(text: string, command: string | null): CardReading<KunlunxinDevice> | null {
  if (!/<xpu_smi_log\b/.test(text)) return null
  const root = readXml(text, 'xpu_smi_log')
  if (isUnreadableXml(root)) return unreadable(root.unreadable)
  const driverVersion = readWord(textAt(root, 'driver_version'))
  return {
    tool: toolOf(command, 'xpu-smi'),
    // The tool has no version of its own; `cuda_version` is a constant of no meaning.
    toolVersion: driverVersion,
    driverVersion,
    devices: childrenOf(root, 'xpu').map((xpu, ordinal) => ({
      ...deviceFromFields(ordinal, XML_PATHS, (path) => textAt(xpu, path), attributeOf(xpu, 'id')),
      processes: readXmlProcesses(xpu, /^(?:none)?$/i),
    })),
  }
}

/** `null`: no such text. */
function parseLog(lines: readonly string[], command: string | null): KunlunxinOutput | null {
  if (!isSmiLog(lines, 'XPU')) return null
  const log = readSmiLog(lines, 'XPU')
  const driverVersion = readWord(log.lookup('Driver Version'))
  return {
    tool: toolOf(command, 'xpu-smi'),
    toolVersion: driverVersion,
    driverVersion,
    devices: log.cards.map(({ pci, lookup, processes }, ordinal) => ({
      ...deviceFromFields(ordinal, LOG_PATHS, lookup, pci),
      processes,
    })),
  }
}

/** Fields of a line of `-m`, as the help of 5.0.21 numbers them; units are not printed. */
const AT = {
  pci: 0,
  device: 2,
  serial: 3,
  temperature: 4,
  power: 8,
  memoryUsed: 17,
  memoryTotal: 18,
  utilization: 19,
  model: 21,
  chip: 22,
} as const
const FIELDS = 32

/** The fields, or `null` for another line. The model holds a blank and stands in quotes. */
function fieldsOf(line: string): string[] | null {
  const fields = line.match(/"[^"]*"|[^\s"]+/g) ?? []
  return fields.length === FIELDS && normalisePciAddress(fields[AT.pci] ?? null) !== null
    ? fields
    : null
}

/** `null`: no such line in the text. */
function parseMachineLines(
  lines: readonly string[],
  command: string | null,
): KunlunxinOutput | null {
  const rows = lines.map(fieldsOf).filter((fields) => fields !== null)
  if (rows.length === 0) return null
  const devices = rows.map((fields, at): KunlunxinDevice => {
    const field = (name: keyof typeof AT) => fields[AT[name]]
    const pci = readWord(field('pci'))
    const device = readCount(field('device'))
    return {
      ...sparseCard(device ?? at),
      name: readWord(field('model')?.replaceAll('"', '')),
      serial: readId(field('serial')),
      pci,
      pci_bdf: normalisePciAddress(pci),
      memory_total_mib: readCount(field('memoryTotal')),
      memory_used_mib: readCount(field('memoryUsed')),
      utilization_pct: readNumber(field('utilization')),
      power_w: readNumber(field('power')),
      temperature_c: readNumber(field('temperature')),
      minor_number: device,
      chip: readCount(field('chip')),
    }
  })
  return {
    tool: toolOf(command, 'xpu_smi'),
    toolVersion: null,
    driverVersion: null,
    // A card without its number cannot be told from its twin at the same address.
    devices: devices.filter(({ minor_number }) => minor_number !== null),
  }
}

/** `null`: no such list in the text. */
function parseList(lines: readonly string[], command: string | null): KunlunxinOutput | null {
  const devices = readSmiList(lines, 'XPU').map(({ index, name, uuid }) =>
    sparseCard(index, { name, uuid: readId(uuid) }),
  )
  if (devices.length === 0) return null
  return { tool: toolOf(command, 'xpu-smi'), toolVersion: null, driverVersion: null, devices }
}
