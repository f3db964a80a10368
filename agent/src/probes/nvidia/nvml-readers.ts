/**
 * Single readings through NVML: each asks one thing of one device and gives the value, or the
 * return value that says why there is none.
 */
import { normalisePciAddress } from '../formats/pci-address.ts'
import type { SmiProcess } from '../formats/smi-process.ts'
import type { NvmlLibrary } from './nvml-library.ts'
import {
  ATTRIBUTES,
  INSTANCE_ABSENT,
  MEMORY_V1,
  MEMORY_V2,
  NVML_FUNCTION_NOT_FOUND,
  NVML_INSUFFICIENT_SIZE,
  NVML_SUCCESS,
  type NvmlFunction,
  PCI_INFO,
  PROCESS_INFO,
  UINT64_ABSENT,
} from './nvml-tables.ts'

export type Handle = bigint

/** Drivers before 510: no such function, or no such version of the structure. */
const SECOND_VERSION_UNKNOWN = new Set([2, 3, NVML_FUNCTION_NOT_FOUND, 25])

/** `value` is `null` exactly when `code` is not success (or the library had no value). */
export interface Read<T> {
  readonly code: number
  readonly value: T | null
}

const BYTES_PER_MIB = 1024 * 1024
/** First try, and the most that is asked for: past it the list is given as unknown. */
const PROCESSES_FIRST = 128
const PROCESSES_MAX = 4096

export async function readText(
  library: NvmlLibrary,
  name: NvmlFunction,
  bytes: number,
  ...before: readonly (number | bigint)[]
): Promise<Read<string>> {
  const buffer = Buffer.alloc(bytes)
  const code = await library.call(name, ...before, buffer, bytes)
  const text = textIn(buffer, 0, bytes)
  return { code, value: code === NVML_SUCCESS && text !== '' ? text : null }
}

/** A uint behind the last pointer argument. */
export async function readUint(
  library: NvmlLibrary,
  name: NvmlFunction,
  ...before: readonly (number | bigint)[]
): Promise<Read<number>> {
  const buffer = Buffer.alloc(8)
  const code = await library.call(name, ...before, buffer)
  return { code, value: code === NVML_SUCCESS ? buffer.readUInt32LE(0) : null }
}

export async function readHandle(
  library: NvmlLibrary,
  name: NvmlFunction,
  ...before: readonly (number | bigint)[]
): Promise<Read<Handle>> {
  const buffer = Buffer.alloc(8)
  const code = await library.call(name, ...before, buffer)
  const value = code === NVML_SUCCESS ? buffer.readBigUInt64LE(0) : null
  return { code, value: value === 0n ? null : value }
}

/** A uint64 counter; `null` when the library says it has none. */
export async function readCounter(
  library: NvmlLibrary,
  name: NvmlFunction,
  ...before: readonly (number | bigint)[]
): Promise<Read<number>> {
  const buffer = Buffer.alloc(8)
  const code = await library.call(name, ...before, buffer)
  const value = buffer.readBigUInt64LE(0)
  const isTold = code === NVML_SUCCESS && value !== UINT64_ABSENT
  return { code, value: isTold ? Number(value) : null }
}

export async function readPciAddress(
  library: NvmlLibrary,
  device: Handle,
): Promise<Read<{ printed: string; address: string | null }>> {
  const buffer = Buffer.alloc(PCI_INFO.size)
  const code = await library.call('nvmlDeviceGetPciInfo_v3', device, buffer)
  const printed = textIn(buffer, PCI_INFO.busIdAt, PCI_INFO.busIdBytes)
  if (code !== NVML_SUCCESS || printed === '') return { code, value: null }
  return { code, value: { printed, address: normalisePciAddress(printed) } }
}

/** Total and used in MiB. The first version counts reserved memory as used; it is a fallback. */
export async function readMemory(
  library: NvmlLibrary,
  device: Handle,
): Promise<Read<{ totalMib: number; usedMib: number }>> {
  const second = Buffer.alloc(MEMORY_V2.size)
  second.writeUInt32LE(MEMORY_V2.version, 0)
  const code = await library.call('nvmlDeviceGetMemoryInfo_v2', device, second)
  if (code === NVML_SUCCESS) return { code, value: memoryIn(second, MEMORY_V2) }
  if (!SECOND_VERSION_UNKNOWN.has(code)) return { code, value: null }
  const first = Buffer.alloc(MEMORY_V1.size)
  const fallbackCode = await library.call('nvmlDeviceGetMemoryInfo', device, first)
  const value = fallbackCode === NVML_SUCCESS ? memoryIn(first, MEMORY_V1) : null
  return { code: fallbackCode, value }
}

/** Percent of time a kernel ran, and of time the memory was read or written. */
export async function readUtilization(
  library: NvmlLibrary,
  device: Handle,
): Promise<Read<{ gpu: number; memory: number }>> {
  const buffer = Buffer.alloc(8)
  const code = await library.call('nvmlDeviceGetUtilizationRates', device, buffer)
  const value = { gpu: buffer.readUInt32LE(0), memory: buffer.readUInt32LE(4) }
  return { code, value: code === NVML_SUCCESS ? value : null }
}

/** Encoder and decoder: percent, with a sampling period that is not used. */
export async function readEngine(
  library: NvmlLibrary,
  name: 'nvmlDeviceGetEncoderUtilization' | 'nvmlDeviceGetDecoderUtilization',
  device: Handle,
): Promise<number | null> {
  const percent = Buffer.alloc(4)
  const code = await library.call(name, device, percent, Buffer.alloc(4))
  return code === NVML_SUCCESS ? percent.readUInt32LE(0) : null
}

export async function readRemappedRows(
  library: NvmlLibrary,
  device: Handle,
): Promise<{ pending: boolean | null; failure: boolean | null }> {
  const counts = [0, 1, 2, 3].map(() => Buffer.alloc(4))
  const code = await library.call('nvmlDeviceGetRemappedRows', device, ...counts)
  if (code !== NVML_SUCCESS) return { pending: null, failure: null }
  const [, , pending, failure] = counts.map((buffer) => buffer.readUInt32LE(0) > 0)
  return { pending: pending ?? null, failure: failure ?? null }
}

export async function readSliceAttributes(
  library: NvmlLibrary,
  slice: Handle,
): Promise<{ smCount: number; computeSlices: number } | null> {
  const buffer = Buffer.alloc(ATTRIBUTES.size)
  const code = await library.call('nvmlDeviceGetAttributes_v2', slice, buffer)
  if (code !== NVML_SUCCESS) return null
  return {
    smCount: buffer.readUInt32LE(ATTRIBUTES.smCountAt),
    computeSlices: buffer.readUInt32LE(ATTRIBUTES.computeSlicesAt),
  }
}

/** The whole list, or `null` when it could not be read whole. */
export async function readProcesses(
  library: NvmlLibrary,
  name: 'nvmlDeviceGetComputeRunningProcesses_v3' | 'nvmlDeviceGetGraphicsRunningProcesses_v3',
  device: Handle,
): Promise<Read<SmiProcess[]>> {
  let code = NVML_INSUFFICIENT_SIZE
  for (let room = PROCESSES_FIRST; room <= PROCESSES_MAX; room *= 4) {
    const count = Buffer.alloc(4)
    count.writeUInt32LE(room, 0)
    const list = Buffer.alloc(room * PROCESS_INFO.size)
    code = await library.call(name, device, count, list)
    if (code === NVML_INSUFFICIENT_SIZE) continue
    if (code !== NVML_SUCCESS) return { code, value: null }
    const type = name.includes('Compute') ? 'C' : 'G'
    const found = Math.min(count.readUInt32LE(0), room)
    return { code, value: Array.from({ length: found }, (_, at) => processAt(list, at, type)) }
  }
  return { code, value: null }
}

function processAt(list: Buffer, at: number, type: string): SmiProcess {
  const from = at * PROCESS_INFO.size
  const bytes = list.readBigUInt64LE(from + PROCESS_INFO.memoryAt)
  const gi = list.readUInt32LE(from + PROCESS_INFO.giAt)
  const ci = list.readUInt32LE(from + PROCESS_INFO.ciAt)
  return {
    pid: list.readUInt32LE(from + PROCESS_INFO.pidAt),
    type,
    name: null,
    memory_mib: bytes === UINT64_ABSENT ? null : Number(bytes) / BYTES_PER_MIB,
    ...(gi === INSTANCE_ABSENT ? {} : { gi }),
    ...(ci === INSTANCE_ABSENT ? {} : { ci }),
  }
}

function memoryIn(buffer: Buffer, layout: { readonly totalAt: number; readonly usedAt: number }) {
  return {
    totalMib: Number(buffer.readBigUInt64LE(layout.totalAt)) / BYTES_PER_MIB,
    usedMib: Number(buffer.readBigUInt64LE(layout.usedAt)) / BYTES_PER_MIB,
  }
}

function textIn(buffer: Buffer, from: number, bytes: number): string {
  const text = buffer.toString('latin1', from, from + bytes)
  return (text.split('\0')[0] ?? '').trim()
}
