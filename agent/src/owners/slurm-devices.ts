/**
 * From Slurm's index of a card to its device file, the way slurmd itself counts. Pure.
 *
 * slurmd takes the records of gres.conf (lines that begin with `Name` before those that begin with
 * `NodeName`) in the order in which the node's `Gres` of slurm.conf asks for their types, and counts
 * their device files through (`_merge_config` in gres.c; seen with 22.05.8: `File=…[2-3]` written
 * before `File=…0` makes the third file index 0). Only with `AutoDetect` it sorts by bus address,
 * and what it found is not in any file: then nobody but the administrator can tell the order.
 */
import { type ConfLine, confValue } from './slurm-conf.ts'
import { type ConfiguredGres, isSharedGres } from './slurm-gres.ts'
import { expandHostlist } from './slurm-hostlist.ts'

export interface GresRecord {
  readonly name: string
  readonly type: string | null
  /** One entry per device, each with its files; empty where the record names none. */
  readonly devices: readonly (readonly string[])[]
  /** A record without files still counts. */
  readonly count: number
}

export interface GresConf {
  /** `nvml` and the like; `null`: off. */
  readonly autoDetect: string | null
  readonly records: readonly GresRecord[]
}

/** Device files by index, or why they are not known. */
export type DeviceOrder =
  | { readonly status: 'ok'; readonly devices: readonly (readonly string[])[] }
  | { readonly status: 'unknown'; readonly sentence: string }

/** Resources such as bandwidth are counted in thousands; no node has so many cards. */
const DEVICES_MAX = 4096

/** What of gres.conf holds for one node; `null`: a list in it cannot be read. */
export function gresConfOf(lines: readonly ConfLine[], nodeName: string): GresConf | null {
  const byName: GresRecord[] = []
  const byNode: GresRecord[] = []
  let everywhere: string | null = null
  let here: string | null = null
  for (const line of lines) {
    const nodes = confValue(line, 'nodename')
    const autoDetect = confValue(line, 'autodetect')
    if (nodes !== null) {
      const names = expandHostlist(nodes)
      if (names === null) return null
      if (!names.includes(nodeName)) continue
      here ??= autoDetect
    } else if (line[0]?.[0] === 'autodetect') everywhere ??= autoDetect
    const records = recordsOf(line)
    if (records === null) return null
    ;(nodes === null ? byName : byNode).push(...records)
  }
  const detect = here ?? everywhere
  const autoDetect = detect === null || detect.toLowerCase() === 'off' ? null : detect
  return { autoDetect, records: [...byName, ...byNode] }
}

export interface OrderQuestion {
  readonly name: string
  /** The node's `Gres`, all names. */
  readonly configured: readonly ConfiguredGres[]
  readonly conf: GresConf
}

/** Of a resource that is given away whole. */
export function deviceOrder({ name, configured, conf }: OrderQuestion): DeviceOrder {
  if (conf.autoDetect !== null && name === 'gpu') {
    return unknown(
      `gres.conf says AutoDetect=${conf.autoDetect}, so no file tells which card is which to Slurm: run "slurmd -G" on this node and state its device files, in its order, in owner.slurm.device_files.`,
    )
  }
  const left = conf.records.filter((record) => record.name === name)
  const devices: (readonly string[])[] = []
  for (const { type, count } of configured.filter((one) => one.name === name)) {
    let missing = count
    while (missing !== null && missing > 0) {
      const at = left.findIndex((record) => isOfType(record, type))
      const record = left[at]
      if (record === undefined) break
      left.splice(at, 1)
      const taken = Math.min(missing, record.count)
      if (devices.length + taken > DEVICES_MAX) return unknown(`"${name}" is too many to be cards.`)
      devices.push(...devicesOf(record, taken))
      missing -= taken
    }
    if (missing !== 0) return fewerFiles(name)
  }
  return { status: 'ok', devices }
}

/** Of parts of cards: a record per card, those of gres.conf or, without files there, the cards. */
export function sharedDeviceOrder(question: OrderQuestion): DeviceOrder {
  const own = question.conf.records.filter((record) => record.name === question.name)
  const devices = own.flatMap((record) => record.devices)
  return devices.length > 0 ? { status: 'ok', devices } : deviceOrder({ ...question, name: 'gpu' })
}

/** The administrator's statement, in place of gres.conf. */
export function statedOrder(
  { name, configured }: Pick<OrderQuestion, 'name' | 'configured'>,
  files: readonly string[],
): DeviceOrder {
  if (isSharedGres(name)) return { status: 'ok', devices: files.map((file) => [file]) }
  const counts = configured.filter((one) => one.name === name).map(({ count }) => count)
  const total = counts.reduce<number>((sum, count) => sum + (count ?? Number.NaN), 0)
  if (total === files.length) return { status: 'ok', devices: files.map((file) => [file]) }
  return unknown(
    `owner.slurm.device_files names ${files.length} files, and Slurm counts ${total} of "${name}" on this node.`,
  )
}

function isOfType(record: GresRecord, type: string | null): boolean {
  return type === null || record.type?.toLowerCase() === type.toLowerCase()
}

/** Its first devices; without files they only take up indices. */
function devicesOf(record: GresRecord, count: number): readonly (readonly string[])[] {
  if (record.devices.length > 0) return record.devices.slice(0, count)
  return Array.from({ length: count }, () => [])
}

/** `null`: a list that cannot be read; empty for a line that names no resource. */
function recordsOf(line: ConfLine): readonly GresRecord[] | null {
  const name = confValue(line, 'name')
  if (name === null) return []
  const together = confValue(line, 'multiplefiles')
  const files = expandHostlist(
    together ?? confValue(line, 'file') ?? confValue(line, 'files') ?? 'none',
  )
  if (files === null) return null
  const hasFiles =
    together !== null || confValue(line, 'file') !== null || confValue(line, 'files') !== null
  const devices = hasFiles ? (together === null ? files.map((file) => [file]) : [files]) : []
  const count = hasFiles ? devices.length : Number(confValue(line, 'count') ?? '1')
  if (!Number.isSafeInteger(count) || count < 0) return null
  return [{ name, type: confValue(line, 'type'), devices, count }]
}

function fewerFiles(name: string): DeviceOrder {
  return unknown(
    `gres.conf on this node names fewer devices of "${name}" than slurm.conf counts: its indices cannot be told apart.`,
  )
}

function unknown(sentence: string): DeviceOrder {
  return { status: 'unknown', sentence }
}
