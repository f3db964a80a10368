/**
 * `mthreads-gmi -q --json`. Two accounts of its shape contradict each other (nested objects with
 * the titles of `-q` under `GPU`, one of them with a trailing blank; flat snake-case keys under
 * `gpus`), and no raw output is public. Either is read: keys are compared without case, blanks at
 * their ends and underscores, wherever they are nested. A figure without its unit is not used.
 */
import { type CardFailure, sparseCard, unreadable } from '../card.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readNumber, readQuantity, readWord } from '../text.ts'
import {
  type MooreThreadsDevice,
  type MooreThreadsOutput,
  readSerial,
  readUuid,
  TOOL,
} from './devices.ts'

const NESTING_MAX = 6
const MIB_PER_UNIT: Readonly<Record<string, number>> = {
  mib: 1,
  mb: 1,
  gib: 1024,
  gb: 1024,
}

export function isMooreThreadsJson(text: string): boolean {
  return /^\uFEFF?\s*[[{]/.test(text)
}

export function parseMooreThreadsJson(text: string): MooreThreadsOutput | CardFailure {
  let root: unknown
  try {
    root = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return unreadable('The JSON of mthreads-gmi is not complete.')
  }
  const facts = flattened(root)
  return {
    tool: TOOL,
    toolVersion: null,
    driverVersion: readWord(facts.get('driver version')),
    devices: listedCards(root).map((card, at) => readCard(flattened(card), at)),
  }
}

function listedCards(root: unknown): readonly unknown[] {
  if (Array.isArray(root)) return root.filter(isRecord)
  if (!isRecord(root)) return []
  const list = Object.entries(root).find(
    ([key, value]) => /^gpus?$/.test(squeezed(key)) && Array.isArray(value),
  )?.[1]
  return Array.isArray(list) ? list.filter(isRecord) : []
}

function readCard(facts: ReadonlyMap<string, string>, at: number): MooreThreadsDevice {
  const first = (...keys: string[]) => keys.map((key) => facts.get(key)).find(isTold)
  const pci = readWord(first('pci/bus id', 'pci bus id', 'bus id', 'pci address', 'pci'))
  return {
    ...sparseCard(readCount(first('index', 'gpu index', 'id')) ?? at),
    name: readWord(first('product name', 'name')),
    uuid: readUuid(first('gpu uuid', 'uuid')),
    serial: readSerial(first('serial number', 'serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    device_type: readWord(first('devicetype', 'device type')),
    memory_total_mib: readMib(first('fb memory usage/total', 'memory/total', 'memory total')),
    memory_used_mib: readMib(first('fb memory usage/used', 'memory/used', 'memory used')),
    utilization_pct: readQuantity(first('utilization/gpu', 'gpu utilization'), '%'),
    temperature_c: readQuantity(first('temperature/gpu current temp', 'temperature'), 'C'),
    power_w: readQuantity(first('power readings/power draw', 'power draw'), 'W'),
  }
}

function readMib(text: string | undefined): number | null {
  const [, figure, unit = ''] = /^(\S+?)\s?([kmg]i?b)$/i.exec(text?.trim() ?? '') ?? []
  const value = readNumber(figure)
  const factor = MIB_PER_UNIT[unit.toLowerCase()]
  return value === null || factor === undefined ? null : value * factor
}

/** Texts and numbers by their path: `{"Utilization": {"Gpu": "0%"}}` is `utilization/gpu`. */
function flattened(root: unknown): ReadonlyMap<string, string> {
  const facts = new Map<string, string>()
  const visit = (value: unknown, path: string, depth: number): void => {
    if (typeof value === 'string' || typeof value === 'number') facts.set(path, `${value}`)
    if (!isRecord(value) || depth > NESTING_MAX) return
    for (const [key, inner] of Object.entries(value)) {
      visit(inner, path === '' ? squeezed(key) : `${path}/${squeezed(key)}`, depth + 1)
    }
  }
  visit(root, '', 0)
  return facts
}

function squeezed(key: string): string {
  return key.replaceAll('_', ' ').replaceAll('.', '/').replace(/\s+/g, ' ').trim().toLowerCase()
}

function isTold(value: string | undefined): boolean {
  return value !== undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
