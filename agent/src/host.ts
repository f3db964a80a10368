/**
 * What the kernel tells of this machine in small files: boot, pid namespace, uptime, CPU time.
 * Read anew at each call; everything unreadable is `null`, never 0.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type CpuTime, parseCpuTime } from './probes/cpu-time.ts'

/** The first pid namespace of every Linux kernel (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
const HOST_PID_NAMESPACE = 'pid:[4026531836]'
const MS_PER_SECOND = 1000

export interface Host {
  /** Names this boot; a constant where the kernel does not tell. */
  bootId(): string
  /** Only there does an empty process list mean that no process is on the card. */
  isHostPidNamespace(): boolean
  /** Milliseconds since boot, suspend included. */
  bootTimeMs(): number | null
  cpuTime(): CpuTime | null
}

/** `rootPrefix` is put before `/proc`, so that fixtures stand in for the system. */
export function readHost(rootPrefix: string): Host {
  const root = rootPrefix === '' ? '/' : rootPrefix
  return {
    bootId: () => readText(join(root, 'proc/sys/kernel/random/boot_id'))?.trim() ?? 'unknown',
    isHostPidNamespace: () => readLink(join(root, 'proc/self/ns/pid')) === HOST_PID_NAMESPACE,
    bootTimeMs: () => parseUptimeMs(readText(join(root, 'proc/uptime'))),
    cpuTime: () => {
      const text = readText(join(root, 'proc/stat'))
      return text === null ? null : parseCpuTime(text)
    },
  }
}

/** `350735.47 234388.90`: seconds since boot on CLOCK_BOOTTIME, then idle seconds. */
function parseUptimeMs(text: string | null): number | null {
  const seconds = Number(text?.split(' ')[0] ?? Number.NaN)
  return Number.isFinite(seconds) ? seconds * MS_PER_SECOND : null
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Not Linux, or not allowed to look: the value is not told.
    return null
  }
}

function readLink(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    // As above.
    return null
  }
}
