/**
 * CPU time of the whole node from the first line of `/proc/stat`: core-milliseconds busy and total
 * since boot. Cheap enough for every sample; callers take differences.
 */
import { readCount } from './formats/text.ts'

/** `/proc` counts in hundredths of a second (USER_HZ) on every architecture Node runs on. */
const MS_PER_TICK = 10

export interface CpuTime {
  readonly busyMs: number
  readonly totalMs: number
}

/** `null` where the text reads otherwise: `cpu  user nice system idle iowait irq softirq steal guest guest_nice`; guests are in user. */
export function parseCpuTime(text: string): CpuTime | null {
  const [label, ...fields] = (text.split('\n')[0] ?? '').trim().split(/\s+/)
  const ticks = fields.slice(0, 8).map(readCount)
  const known = ticks.filter((tick) => tick !== null)
  if (label !== 'cpu' || known.length < 4 || known.length !== ticks.length) return null
  const total = known.reduce((sum, tick) => sum + tick, 0)
  const [, , , idle = 0, waiting = 0, , , stolen = 0] = known
  // Stolen time belongs to another guest of the hypervisor: neither busy nor idle of ours.
  return { busyMs: (total - idle - waiting - stolen) * MS_PER_TICK, totalMs: total * MS_PER_TICK }
}
