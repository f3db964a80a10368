/**
 * `mthreads-gmi -q --json`. Two accounts of its shape contradict each other (nested objects with
 * the titles of `-q` under `GPU`, one of them with a trailing blank; flat snake-case keys under
 * `gpus`), and no raw output is public. Either is read: keys are compared without case, blanks at
 * their ends and underscores, wherever they are nested. A figure without its unit is not used.
 */
import { parseJson } from '@yiben/shared'
import { type CardFailure, sparseCard, unreadable } from '../card.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readId, readUuid } from '../formats/printed-id.ts'
import { readSizeMib } from '../formats/size.ts'
import { readCount, readQuantity, readWord } from '../formats/text.ts'
import { type MooreThreadsDevice, type MooreThreadsOutput, TOOL } from './devices.ts'

const NESTING_MAX = 6

/** `null`: a text that does not begin as JSON does. */
export function parseMooreThreadsJson(text: string): MooreThreadsOutput | CardFailure | null {
  if (!/^\uFEFF?\s*[[{]/.test(text)) return null
  const root = parseJson(text.replace(/^\uFEFF/, ''))
  if (root === null) return unreadable('The JSON of mthreads-gmi is not complete.')
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
    serial: readId(first('serial number', 'serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    device_type: readWord(first('devicetype', 'device type')),
    memory_total_mib: readSizeMib(first('fb memory usage/total', 'memory/total', 'memory total')),
    memory_used_mib: readSizeMib(first('fb memory usage/used', 'memory/used', 'memory used')),
    utilization_pct: readQuantity(first('utilization/gpu', 'gpu utilization'), '%'),
    temperature_c: readQuantity(first('temperature/gpu current temp', 'temperature'), 'C'),
    power_w: readQuantity(first('power readings/power draw', 'power draw'), 'W'),
  }
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
