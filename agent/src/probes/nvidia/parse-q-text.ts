/**
 * `nvidia-smi -q` as text: `key : value` lines, nested by indentation, one section per GPU. Keys
 * repeat in different sections (`Total`, `Memory`), so a value is found by its whole path.
 */

import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readQuantity, readWord, splitLines } from '../text.ts'
import type { NvidiaDevice, NvidiaProcess, NvidiaReading } from './devices.ts'
import { deviceFromFields, Q_TEXT_PATHS } from './fields.ts'

const GPU_HEADING = /^GPU ([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7])\s*$/
const ENTRY = /^(\s*)(\S(?:.*?\S)?)\s+:(?:\s(.*))?$/
const HEADING = /^(\s*)(\S.*?)\s*$/

interface Section {
  readonly pci: string
  readonly values: Map<string, string>
  /** `null` until the section says something about processes. */
  processes: Map<string, string>[] | null
}

export function parseNvidiaQText(text: string): NvidiaReading {
  const head = new Map<string, string>()
  const sections: Section[] = []
  /** Headings above the current line, with their indentation. */
  const above: { readonly indent: number; readonly key: string }[] = []
  for (const line of splitLines(text)) {
    const gpu = GPU_HEADING.exec(line)
    if (gpu?.[1] !== undefined) {
      sections.push({ pci: gpu[1], values: new Map(), processes: null })
      above.length = 0
      continue
    }
    const entry = ENTRY.exec(line)
    const [, indent = '', key = ''] = entry ?? HEADING.exec(line) ?? []
    if (key === '') continue
    while ((above.at(-1)?.indent ?? -1) >= indent.length) above.pop()
    const path = [...above.map((heading) => heading.key), key].join('/')
    const section = sections.at(-1)
    const value = entry?.[3]?.trim() ?? ''
    if (section === undefined) {
      if (entry !== null && !head.has(path)) head.set(path, value)
    } else {
      noteEntry(section, path, entry === null ? null : value)
    }
    above.push({ indent: indent.length, key })
  }
  if (sections.length === 0) return { unreadable: 'The text has no section that starts with GPU.' }
  const driverVersion = readWord(head.get('Driver Version'))
  return {
    format: 'q-text',
    toolVersion: driverVersion,
    driverVersion,
    devices: sections.map(readSection),
    facts: { attached_gpus_field: readCount(head.get('Attached GPUs')) },
  }
}

/** Processes follow each other under one heading with the same keys, so they are kept apart. */
function noteEntry(section: Section, path: string, value: string | null): void {
  if (path === 'Processes') {
    section.processes = value === null || value === 'None' ? [] : null
    return
  }
  if (path.startsWith('Processes/')) {
    const processes = section.processes
    if (processes === null) return
    const key = path.split('/').at(-1) ?? ''
    // The instance ids stand before the process they belong to.
    const last = processes.at(-1)
    if (last === undefined || last.has(key)) processes.push(new Map([[key, value ?? '']]))
    else last.set(key, value ?? '')
    return
  }
  if (value !== null && !section.values.has(path)) section.values.set(path, value)
}

function readSection(section: Section, index: number): NvidiaDevice {
  const device = deviceFromFields({
    index,
    paths: Q_TEXT_PATHS,
    lookup: (path) => section.values.get(path),
    unitsOptional: false,
  })
  return {
    ...device,
    pci: section.pci,
    pci_bdf: normalisePciAddress(section.pci),
    processes: section.processes?.map(readProcess) ?? null,
  }
}

function readProcess(values: ReadonlyMap<string, string>): NvidiaProcess {
  const type = readWord(values.get('Type'))
  const gi = readCount(values.get('GPU instance ID'))
  const ci = readCount(values.get('Compute instance ID'))
  return {
    pid: readCount(values.get('Process ID')),
    ...(type === null ? {} : { type }),
    name: readWord(values.get('Name')),
    memory_mib: readQuantity(values.get('Used GPU Memory'), 'MiB'),
    ...(gi === null ? {} : { gi }),
    ...(ci === null ? {} : { ci }),
  }
}
