/**
 * Which processes hold a card's device node open, from the links in `/proc/<pid>/fd`: the process
 * list of makers whose tool prints none.
 *
 * Promises: all cards are looked up in one pass; a list is whole or absent. Absent (`null`) where
 * one process of somebody else cannot be looked into (the agent needs root, or CAP_SYS_PTRACE),
 * where processes are hidden (`hidepid`), and past the bounds below. The pass is made of short
 * synchronous reads, because each asynchronous one costs ten times as much; after some of them the
 * event loop has its turn. A driver that lets a process close the node and go on is not seen.
 */
import { readdirSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CardDevice } from './card.ts'

/**
 * Links and processes of one pass. Each costs about 3 µs of CPU: 2,500 processes with 30,000 links
 * took 0.1 s, and a pass that would cost more than 0.2 s is not worth its answer.
 */
const READS_MAX = 65_536
/** Reads in one go, about 1 ms. */
const READS_PER_TURN = 256

/** The kernel says so of a process that has ended meanwhile. */
const GONE = new Set(['ENOENT', 'ESRCH'])
/** Almost every process has it open, up to three times. */
const NULL_DEVICE = '/dev/null'

export interface UsersQuestion<Device extends CardDevice> {
  readonly rootPrefix: string
  /** Device node without the prefix (`/dev/gcu0`), or `null` where it is not known. */
  readonly fileOf: (device: Device) => string | null
  /** Commands (as in `/proc/<pid>/comm`, 15 characters) that watch cards without using them. */
  readonly watchers?: ReadonlySet<string>
}

/** The devices with the processes that hold them; names and memory are not told this way. */
export async function withDeviceUsers<Device extends CardDevice>(
  devices: readonly Device[],
  question: UsersQuestion<Device>,
): Promise<Device[]> {
  const { rootPrefix, fileOf, watchers = new Set<string>() } = question
  const files = devices.map(fileOf)
  const known = files.filter((file) => file !== null)
  const users = known.length === 0 ? null : await usersOfFiles(rootPrefix, known, watchers)
  return devices.map((device, at) => {
    const pids = users?.get(files[at] ?? '')
    if (pids === undefined) return { ...device, processes: null }
    return {
      ...device,
      processes: pids.map((pid) => ({ pid, name: null, memory_mib: null })),
    }
  })
}

/** Process ids by device node, or `null` where they cannot all be told. */
async function usersOfFiles(
  rootPrefix: string,
  files: readonly string[],
  watchers: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly number[]> | null> {
  const processes = join(rootPrefix || '/', 'proc')
  const budget = new ReadBudget(processes)
  const fileOfLink = linkReader(rootPrefix, files)
  const users = new Map<string, number[]>(files.map((file) => [file, []]))
  const pids = pidsIn(processes)
  if (pids === null) return null
  for (const pid of pids) {
    const folder = join(processes, `${pid}`)
    const held = await filesHeldBy(folder, fileOfLink, budget)
    if (held === null) return null
    if (held.size === 0 || watchers.has(commandOf(folder))) continue
    for (const file of held) users.get(file)?.push(pid)
  }
  return users
}

/** `null`: the process cannot be looked into, or the budget is spent. */
async function filesHeldBy(
  folder: string,
  fileOfLink: (link: string) => string,
  budget: ReadBudget,
): Promise<ReadonlySet<string> | null> {
  const held = new Set<string>()
  const names = unlessGone(() => readdirSync(`${folder}/fd`), [])
  if (names === null) return null
  for (const name of names) {
    const file = unlessGone(() => fileOfLink(`${folder}/fd/${name}`), '')
    if (file === null) return null
    if (file !== '') held.add(file)
    if (budget.spend()) await budget.letOthersRun()
    if (budget.isSpent) return null
  }
  if (budget.spend()) await budget.letOthersRun()
  return held
}

class ReadBudget {
  readonly #folder: string
  #reads = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  get isSpent(): boolean {
    return this.#reads > READS_MAX
  }

  /** Notes a read; whether others should have their turn now. */
  spend(): boolean {
    this.#reads += 1
    return this.#reads % READS_PER_TURN === 0
  }

  /** Any asynchronous read does. */
  async letOthersRun(): Promise<void> {
    await lstat(this.#folder)
  }
}

/** `null` where the processes are not readable, or not all of them are shown. */
function pidsIn(folder: string): number[] | null {
  const names = unlessGone(() => readdirSync(folder), []) ?? []
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  // With `hidepid` the first process, which is root's, is among those that are missing.
  return pids.includes(1) ? pids : null
}

/**
 * Which of the files a link leads to, or ''. A container may know the node by another name, so the
 * device numbers decide; the name does where a node shows none.
 */
function linkReader(rootPrefix: string, files: readonly string[]): (link: string) => string {
  const byNumber = new Map<number, string>()
  const byName = new Set<string>()
  for (const file of files) {
    const stats = unlessGone(() => charDevice(join(rootPrefix || '/', file)), null)
    if (stats === null) byName.add(file)
    else byNumber.set(stats.rdev, file)
  }
  return (link) => {
    const target = readlinkSync(link)
    if (!target.startsWith('/dev/') || target === NULL_DEVICE) return ''
    const number = byNumber.size === 0 ? null : (charDevice(link)?.rdev ?? null)
    const file = number === null ? undefined : byNumber.get(number)
    return file ?? (byName.has(target) ? target : '')
  }
}

function charDevice(path: string): Stats | null {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.isCharacterDevice() === true ? stats : null
}

function commandOf(folder: string): string {
  return unlessGone(() => readFileSync(join(folder, 'comm'), 'utf8').trim(), '') ?? ''
}

/** What is read, `gone` where it has vanished, and `null` where it may not be read. */
function unlessGone<Value, Gone>(read: () => Value, gone: Gone): Value | Gone | null {
  try {
    return read()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    return typeof code === 'string' && GONE.has(code) ? gone : null
  }
}
