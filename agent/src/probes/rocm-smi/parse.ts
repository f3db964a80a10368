/**
 * Reads any output of the rocm-smi family by its structure: JSON, labelled lines, CSV, the concise
 * table and lists of processes, one or several of them in one text. Who made the cards stands among
 * the facts as far as the output tells it.
 */
import type { RocmDevice, RocmOutput, SystemProcess } from './devices.ts'
import { cardNumberOf, readDevice } from './fields.ts'
import {
  isDriverVersionAlone,
  readCsvCards,
  readDriverVersion,
  readLabelledLines,
  readMatrixCards,
  settledLines,
} from './lines.ts'
import { isLooseObject, type LooseObject, readLooseJson } from './loose-json.ts'
import { makerOf } from './maker.ts'
import { readProcessSection, readSystemProcesses, withProcesses } from './processes.ts'
import { findTableHeader, readTable } from './table.ts'

/** What the command was called: a text of this family does not name its tool. */
const TOOL = /^\s*(?:\S*\/)?(rocm-smi|hy-smi)\b/
const ROCM_BANNER = /\bROCm System Management Interface\b|\bROCm SMI Log\b/

/** `null` for a text that is none of this family. */
export function readRocmSmi(
  text: string,
  command: string | null,
  usualTool: string,
): RocmOutput | null {
  const json = readLooseJson(text).flatMap((value) => (isLooseObject(value) ? [value] : []))
  const system = json.map(systemOf).filter((value) => value !== null)
  const lines = settledLines(text)
  const section = json.some(hasCards) ? null : readProcessSection(lines)
  const cards = cardsOf(lines, json)
  const devices = section === null ? cards : withProcesses(cards, section)
  const isTold = section !== null && (section.listed !== null || section.system.length > 0)
  const isOfFamily = devices.length > 0 || system.length > 0 || isTold
  if (!isOfFamily && !isDriverVersionAlone(lines)) return null
  const processes = [...system.flatMap(readSystemProcesses), ...(section?.system ?? [])]
  return {
    tool: TOOL.exec(command ?? '')?.[1] ?? (ROCM_BANNER.test(text) ? 'rocm-smi' : usualTool),
    toolVersion: null,
    driverVersion: driverVersionOf(system) ?? readDriverVersion(lines),
    devices,
    facts: factsOf(text, devices, processes),
  }
}

function factsOf(
  text: string,
  devices: readonly RocmDevice[],
  processes: readonly SystemProcess[],
): Record<string, unknown> {
  return {
    maker: makerOf(text, devices),
    ...(processes.length === 0 ? {} : { system_processes: processes }),
  }
}

/** Of the first form that shows cards; an output has one form beside a list of processes. */
function cardsOf(lines: readonly string[], documents: readonly LooseObject[]): RocmDevice[] {
  const fromJson = documents.flatMap(cardsOfDocument)
  if (fromJson.length > 0) return fromJson
  const labelled = readLabelledLines(lines)
  if (labelled.length > 0) return labelled
  const listed = readCsvCards(lines)
  if (listed.length > 0) return listed
  return findTableHeader(lines) < 0 ? readMatrixCards(lines) : readTable(lines)
}

function hasCards(document: LooseObject): boolean {
  return Object.keys(document).some((key) => cardNumberOf(key) !== null)
}

function cardsOfDocument(document: LooseObject): RocmDevice[] {
  return Object.entries(document).flatMap(([key, value]) => {
    const index = cardNumberOf(key)
    if (index === null || !isLooseObject(value)) return []
    const entries = Object.entries(value).flatMap(([name, field]): [string, string][] =>
      typeof field === 'string' ? [[name, field]] : [],
    )
    return [readDevice(index, entries)]
  })
}

function systemOf(document: LooseObject): LooseObject | null {
  const [, system] = Object.entries(document).find(([key]) => /^system$/i.test(key)) ?? []
  return isLooseObject(system) ? system : null
}

function driverVersionOf(systems: readonly LooseObject[]): string | null {
  for (const [key, value] of systems.flatMap((system) => Object.entries(system))) {
    if (/^driver version$/i.test(key) && typeof value === 'string') return value
  }
  return null
}
