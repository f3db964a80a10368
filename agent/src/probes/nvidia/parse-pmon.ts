/**
 * `nvidia-smi pmon -c 1`: processes per GPU with their load. Columns are found by the names in the
 * first comment line; `-` means nothing is running there, or that the figure is not told.
 */
import { readCount, readWord } from '../text.ts'
import type { NvidiaDevice, NvidiaProcess, NvidiaReading } from './devices.ts'

export function isNvidiaPmon(lines: readonly string[]): boolean {
  return lines.some((line) => /^#\s*gpu\s+pid\s+type\b/.test(line))
}

export function parseNvidiaPmon(lines: readonly string[]): NvidiaReading {
  const header = lines.find((line) => /^#\s*gpu\s/.test(line)) ?? ''
  const columns = header.replace(/^#\s*/, '').trim().split(/\s+/)
  const devices = new Map<number, NvidiaProcess[]>()
  for (const line of lines) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const cells = line.trim().split(/\s+/)
    const cell = (name: string) => {
      const at = columns.indexOf(name)
      return at < 0 || cells.length < columns.length ? undefined : cells[at]
    }
    const gpu = readCount(cell('gpu'))
    if (gpu === null) continue
    const processes = devices.get(gpu) ?? []
    devices.set(gpu, processes)
    const pid = readCount(cell('pid'))
    if (pid === null) continue
    const type = readWord(cell('type'))
    processes.push({
      pid,
      ...(type === null ? {} : { type }),
      // The command is the last column and may hold blanks.
      name: readWord(cells.slice(columns.length - 1).join(' ')),
      memory_mib: readCount(cell('fb')),
    })
  }
  return {
    format: 'pmon',
    toolVersion: null,
    driverVersion: null,
    devices: [...devices].map(([index, processes]) => pmonDevice(index, processes)),
    facts: {},
  }
}

function pmonDevice(index: number, processes: readonly NvidiaProcess[]): NvidiaDevice {
  return {
    index,
    name: null,
    uuid: null,
    serial: null,
    pci: null,
    pci_bdf: null,
    memory_total_mib: null,
    memory_used_mib: null,
    utilization_pct: null,
    power_w: null,
    temperature_c: null,
    processes,
  }
}
