/**
 * Reads any output of Kunlunxin's tool by its structure: `-q -x`, `-q`, `-m`, `-L`, the table and the
 * three tables of the releases before 5.0.
 */
import { type CardFailure, type CardReading, sparseCard, unreadable } from '../card.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readId } from '../printed-id.ts'
import { type FailureText, refused, refusedForeign } from '../refusal.ts'
import { isSmiLog, readSmiLog } from '../smi-log.ts'
import { readCount, readNumber, readQuantity, readWord } from '../text.ts'
import { finishedLines, toolLines } from '../tool-lines.ts'
import {
  attributeOf,
  childOf,
  childrenOf,
  isUnreadableXml,
  readXml,
  textAt,
  type XmlNode,
} from '../xml.ts'
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
import { isLegacyTable, parseLegacyTables } from './parse-legacy.ts'
import { isKunlunxinTable, parseKunlunxinTable } from './parse-table.ts'

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
  const output = readOutput(text, command)
  if (output === null) {
    return refusedNamesake(text, 'kunlunxin') ?? refusedForeign(text, NAME) ?? refused(text, NAME)
  }
  if ('failure' in output) return output
  if (output.devices.length === 0) {
    return refused(text, NAME, 'This output of the tool names no card that can be read.')
  }
  return { ...output, devices: markVirtualFunctions(output.devices) }
}

/** `null`: none of the outputs known here. */
function readOutput(text: string, command: string | null): KunlunxinOutput | CardFailure | null {
  if (/<xpu_smi_log\b/.test(text)) return parseXml(text, command)
  const lines = toolLines(text)
  if (isSmiLog(lines, 'XPU')) return parseLog(finishedLines(lines), command)
  if (isKunlunxinTable(lines)) return parseKunlunxinTable(lines, command)
  if (isLegacyTable(lines)) return parseLegacyTables(lines, command)
  if (lines.some((line) => fieldsOf(line) !== null)) {
    return parseMachineLines(finishedLines(lines), command)
  }
  return lines.some((line) => LIST_LINE.test(line))
    ? parseList(finishedLines(lines), command)
    : null
}

function parseXml(text: string, command: string | null): KunlunxinOutput | CardFailure {
  const root = readXml(text, 'xpu_smi_log')
  if (isUnreadableXml(root)) return unreadable(root.unreadable)
  const driverVersion = readWord(textAt(root, 'driver_version'))
  return {
    tool: toolOf(command, 'xpu-smi'),
    // The tool has no version of its own; `cuda_version` is a constant of no meaning.
    toolVersion: driverVersion,
    driverVersion,
    devices: childrenOf(root, 'xpu').map((xpu, ordinal) => ({
      ...deviceFromFields(
        (field) => textAt(xpu, XML_PATHS[field]),
        ordinal,
        attributeOf(xpu, 'id'),
      ),
      processes: processesOf(xpu),
    })),
  }
}

/** An empty list says that there are none; no list, or words in its place, say nothing. */
function processesOf(xpu: XmlNode): KunlunxinDevice['processes'] {
  const list = childOf(xpu, 'processes')
  if (list === undefined) return null
  if (typeof list === 'string') return /^(?:none)?$/i.test(list.trim()) ? [] : null
  const entries = childrenOf(list, 'process_info')
  if (entries.length === 0) return null
  return entries.map((entry) => ({
    pid: readCount(textAt(entry, 'pid')),
    name: readWord(textAt(entry, 'process_name')),
    memory_mib: readQuantity(textAt(entry, 'used_memory'), 'MiB'),
  }))
}

function parseLog(lines: readonly string[], command: string | null): KunlunxinOutput {
  const log = readSmiLog(lines, 'XPU')
  const driverVersion = readWord(log.lookup('Driver Version'))
  return {
    tool: toolOf(command, 'xpu-smi'),
    toolVersion: driverVersion,
    driverVersion,
    devices: log.cards.map(({ pci, lookup, processes }, ordinal) => ({
      ...deviceFromFields((field) => lookup(LOG_PATHS[field]), ordinal, pci),
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

function parseMachineLines(lines: readonly string[], command: string | null): KunlunxinOutput {
  const rows = lines.map(fieldsOf).filter((fields) => fields !== null)
  const devices = rows.map((fields): KunlunxinDevice => {
    const field = (name: keyof typeof AT) => fields[AT[name]]
    const pci = readWord(field('pci'))
    const device = readCount(field('device'))
    return {
      ...sparseCard(device ?? 0),
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

/** `XPU 0: P800 OAM  GPU-ed73…`, or with `(UUID: …)`. */
const LIST_LINE = /^XPU (\d+): (.+?)\s+(?:\(UUID: )?((?:GPU|XPU)-[\w-]+)\)?\s*$/

function parseList(lines: readonly string[], command: string | null): KunlunxinOutput {
  const devices = lines.flatMap((line): KunlunxinDevice[] => {
    const [, index, name, uuid] = LIST_LINE.exec(line) ?? []
    const number = readCount(index)
    return number === null
      ? []
      : [{ ...sparseCard(number), name: readWord(name), uuid: readId(uuid) }]
  })
  return { tool: toolOf(command, 'xpu-smi'), toolVersion: null, driverVersion: null, devices }
}
