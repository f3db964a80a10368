/**
 * `nvidia-smi -L`: the only output of the tool with the UUIDs of MIG slices, and their profile
 * (`3g.40gb`, `1c.3g.40gb`), from which the share of the card follows.
 */
import { splitLines } from '../text.ts'
import type { NvidiaDevice, NvidiaReading, NvidiaSlice } from './devices.ts'

const GPU_LINE = /^GPU (\d+): (.+?) \(UUID: ([^)]+)\)\s*$/
const SLICE_LINE = /^\s+MIG (\S+)\s+Device\s+(\d+): \(UUID: ([^)]+)\)\s*$/

export function isNvidiaList(lines: readonly string[]): boolean {
  return lines.some((line) => GPU_LINE.test(line))
}

export function parseNvidiaList(text: string): NvidiaReading {
  const devices: { device: NvidiaDevice; slices: NvidiaSlice[] }[] = []
  for (const line of splitLines(text)) {
    const gpu = GPU_LINE.exec(line)
    const slice = SLICE_LINE.exec(line)
    if (gpu !== null) {
      devices.push({ device: listedDevice(gpu), slices: [] })
    } else if (slice !== null) {
      const [, profile = '', index = '', uuid = ''] = slice
      devices.at(-1)?.slices.push({ profile, index: Number(index), uuid })
    }
  }
  return {
    format: 'list',
    toolVersion: null,
    driverVersion: null,
    devices: devices.map(({ device, slices }) =>
      slices.length > 0 ? { ...device, mig_devices: slices } : device,
    ),
    facts: {},
  }
}

function listedDevice([, index = '', name = '', uuid = '']: RegExpExecArray): NvidiaDevice {
  return {
    index: Number(index),
    name,
    uuid,
    serial: null,
    pci: null,
    pci_bdf: null,
    memory_total_mib: null,
    memory_used_mib: null,
    utilization_pct: null,
    power_w: null,
    temperature_c: null,
    processes: null,
  }
}

/**
 * Compute slices of a MIG profile: `3g.40gb` has 3, `1c.3g.40gb` one of them, `1g.10gb+me` one.
 * `null` for a profile of another form.
 */
export function computeSlicesOfProfile(profile: string): number | null {
  const match = /^(?:(\d)c\.)?(\d)g\.\d+gb(?:[+-].*)?$/.exec(profile)
  const digits = match?.[1] ?? match?.[2]
  return digits === undefined ? null : Number(digits)
}
