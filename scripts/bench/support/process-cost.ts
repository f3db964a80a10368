/** What a process costs the machine, as the kernel counts it. Linux only. */
import { readFileSync } from 'node:fs'

/** `/proc/PID/stat` counts in hundredths of a second on every Linux port of Node. */
const MS_PER_CLOCK_TICK = 10

export interface CpuTime {
  /** User and system time of the process itself. */
  readonly ownMs: number
  /** The same of children that have ended and were waited for. */
  readonly childrenMs: number
}

export function cpuTimeOf(pid: number): CpuTime {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold blanks; utime is field 14, stime 15, cutime 16, cstime 17.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15)
  return {
    ownMs: (user + system) * MS_PER_CLOCK_TICK,
    childrenMs: (childrenUser + childrenSystem) * MS_PER_CLOCK_TICK,
  }
}

/** Shares of shared pages counted by how many share them: what the process adds to the machine. */
export function pssMibOf(pid: number): number {
  return kibLine(`/proc/${pid}/smaps_rollup`, 'Pss') / 1024
}

export function residentMibOf(pid: number): number {
  return kibLine(`/proc/${pid}/status`, 'VmRSS') / 1024
}

/** Of that what is its own: without pages of files, which the system takes back when it needs them. */
export function ownMibOf(pid: number): number {
  return kibLine(`/proc/${pid}/status`, 'RssAnon') / 1024
}

function kibLine(file: string, name: string): number {
  const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8')) ?? []
  if (kib === undefined) throw new Error(`${file} tells no ${name}`)
  return Number(kib)
}
