/**
 * Compute processes of each card, and the partitions of a cut one, out of the files of KFD, the
 * kernel's side of ROCm: `/sys/class/kfd/kfd/proc/<pid>/vram_<gpu id>` is what a process holds on one
 * card, in bytes, which no tool tells. Graphics and video alone do not go through KFD.
 *
 * Promises: the list is whole, or there is none; a process that has opened the driver and is on no
 * card is on none.
 */
import type { CardProcess } from '../card.ts'
import type { CardSlice } from '../card-vendor.ts'
import { readCount } from '../formats/text.ts'
import { BYTES_PER_MIB } from '../readings.ts'
import type { AmdDevice } from './devices.ts'
import type { KernelFolder } from './kernel-files.ts'
import { isCut } from './partitions.ts'

const NODES = 'sys/class/kfd/kfd/topology/nodes'
const PROCESSES = 'sys/class/kfd/kfd/proc'
/** More processes than this on one machine would make reading them dearer than its worth. */
const PROCESSES_MAX = 1_024
const NUMBER = /^\d{1,10}$/

/** A card, or a partition of one, as KFD counts them. */
export interface KfdNode {
  readonly gpuId: string
  /** Bus and device of the card; the function is the number of the partition where it is cut. */
  readonly address: string
  readonly partition: number
  readonly simdCount: number
  readonly renderNode: string | null
}

interface KfdProcess {
  readonly pid: number
  /** MiB by gpu id; only where the process is on the card. */
  readonly memory: ReadonlyMap<string, number | null>
}

export interface Kfd {
  readonly nodes: readonly KfdNode[]
  /** `null`: the list cannot be read as a whole. */
  readonly processes: readonly KfdProcess[] | null
}

export async function readKfd(folder: KernelFolder): Promise<Kfd> {
  const nodes: KfdNode[] = []
  const numbers = ((await folder.names(NODES)) ?? []).filter((name) => NUMBER.test(name))
  for (const name of numbers.sort((one, other) => Number(one) - Number(other))) {
    const node = await readNode(folder, `${NODES}/${name}`)
    if (node !== null) nodes.push(node)
  }
  return { nodes, processes: nodes.length === 0 ? null : await readProcesses(folder, nodes) }
}

/** The devices with what KFD tells of those that it knows. */
export function withKfd(devices: readonly AmdDevice[], kfd: Kfd): AmdDevice[] {
  return devices.map((device) => {
    const nodes = nodesOf(device, kfd.nodes)
    if (nodes.length === 0) return device
    const processes = kfd.processes === null ? device.processes : processesOn(nodes, kfd.processes)
    const slices = nodes.map((node, at) => sliceOf(node, at, { device, kfd }))
    return { ...device, processes, ...(nodes.length > 1 ? { slices } : {}) }
  })
}

async function readNode(folder: KernelFolder, path: string): Promise<KfdNode | null> {
  const gpuId = await folder.text(`${path}/gpu_id`)
  // Processors are nodes too, and have the id 0.
  if (gpuId === null || !NUMBER.test(gpuId) || gpuId === '0') return null
  const text = (await folder.text(`${path}/properties`)) ?? ''
  const location = propertyOf(text, 'location_id')
  if (location === null) return null
  const domain = (propertyOf(text, 'domain') ?? 0).toString(16).padStart(4, '0')
  const bus = ((location >> 8) & 0xff).toString(16).padStart(2, '0')
  const device = ((location >> 3) & 0x1f).toString(16).padStart(2, '0')
  const minor = propertyOf(text, 'drm_render_minor')
  return {
    gpuId,
    address: `${domain}:${bus}:${device}`,
    partition: location & 0x7,
    simdCount: propertyOf(text, 'simd_count') ?? 0,
    renderNode: minor === null || minor === 0 ? null : `/dev/dri/renderD${minor}`,
  }
}

function propertyOf(text: string, name: string): number | null {
  return readCount(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1])
}

/** Of a cut card the function counts its partitions; else it is that of the address. */
function nodesOf(device: AmdDevice, nodes: readonly KfdNode[]): KfdNode[] {
  const [place, fn] = device.pci_bdf?.split('.') ?? []
  const ofCard = nodes.filter((node) => node.address === place)
  return isCut(device) ? ofCard : ofCard.filter(({ partition }) => `${partition}` === fn)
}

async function readProcesses(
  folder: KernelFolder,
  nodes: readonly KfdNode[],
): Promise<KfdProcess[] | null> {
  const pids = await folder.names(PROCESSES)
  if (pids === null || pids.length > PROCESSES_MAX) return null
  const processes: KfdProcess[] = []
  for (const name of pids) {
    const pid = readCount(name)
    const memory = await readMemory(folder, `${PROCESSES}/${name}`, nodes)
    if (pid === null || memory === 'unreadable') return null
    if (memory.size > 0) processes.push({ pid, memory })
  }
  return processes
}

/** On which cards a process is: where it holds memory, or has a queue to be run. */
async function readMemory(
  folder: KernelFolder,
  path: string,
  nodes: readonly KfdNode[],
): Promise<ReadonlyMap<string, number | null> | 'unreadable'> {
  const names = await folder.names(path)
  // It has ended meanwhile.
  if (names === null) return new Map()
  const memory = new Map<string, number | null>()
  for (const { gpuId } of nodes.filter((node) => names.includes(`vram_${node.gpuId}`))) {
    const bytes = readCount(await folder.text(`${path}/vram_${gpuId}`))
    if (bytes === null && (await folder.names(path)) !== null) return 'unreadable'
    if (bytes !== null && bytes > 0) memory.set(gpuId, bytes / BYTES_PER_MIB)
  }
  if (memory.size > 0) return memory
  for (const queue of (await folder.names(`${path}/queues`)) ?? []) {
    const gpuId = await folder.text(`${path}/queues/${queue}/gpuid`)
    if (gpuId !== null) memory.set(gpuId, null)
  }
  return memory
}

function processesOn(nodes: readonly KfdNode[], processes: readonly KfdProcess[]): CardProcess[] {
  return processes.flatMap(({ pid, memory }) => {
    const held = nodes.flatMap(({ gpuId }) =>
      memory.has(gpuId) ? [memory.get(gpuId) ?? null] : [],
    )
    return held.length === 0 ? [] : [{ pid, name: null, memory_mib: sumOf(held) }]
  })
}

function sumOf(amounts: readonly (number | null)[]): number | null {
  const known = amounts.filter((amount) => amount !== null)
  return known.length === amounts.length ? known.reduce((sum, amount) => sum + amount, 0) : null
}

/** A partition has no counter of its own; what its processes hold is the memory in use on it. */
function sliceOf(
  node: KfdNode,
  at: number,
  { device, kfd }: { readonly device: AmdDevice; readonly kfd: Kfd },
): CardSlice {
  const processes = kfd.processes === null ? null : processesOn([node], kfd.processes)
  const held = processes?.map(({ memory_mib }) => memory_mib) ?? null
  return {
    part: `p${at}`,
    uuid: null,
    profile: device.compute_partition ?? null,
    weight: node.simdCount,
    memory_total_mib: null,
    memory_used_mib: held === null ? null : sumOf(held),
    utilization_pct: null,
    processes,
    deviceFile: node.renderNode,
  }
}
