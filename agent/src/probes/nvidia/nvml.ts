/**
 * The first way: the driver's own library. No process per sample, every field apart, slices with
 * their UUIDs, and Xids as they happen. Handles are opened on first use and closed by `release()`.
 */
import type { Clock } from '@yiben/shared'
import { sparseCard } from '../card.ts'
import type { SmiProcess } from '../formats/smi-process.ts'
import type { ProbeFailure, UnitProblem } from '../probe.ts'
import type { NvidiaDevice, NvidiaSlice } from './devices.ts'
import { GpmReader, type GpmReading } from './nvml-gpm.ts'
import { KernelAges } from './nvml-kernel-ages.ts'
import { loadNvml, type NvmlLibrary } from './nvml-library.ts'
import {
  type Handle,
  readCounter,
  readEngine,
  readHandle,
  readMemory,
  readPciAddress,
  readProcesses,
  readRemappedRows,
  readSliceAttributes,
  readText,
  readUint,
  readUtilization,
} from './nvml-readers.ts'
import {
  describeReturn,
  ECC_UNCORRECTED,
  ECC_VOLATILE,
  EVENT_DATA,
  EVENT_XID_CRITICAL,
  NAME_BYTES,
  NVML_GPU_IS_LOST,
  NVML_NOT_SUPPORTED,
  NVML_RESET_REQUIRED,
  NVML_SUCCESS,
  NVML_UNINITIALIZED,
  SERIAL_BYTES,
  TEMPERATURE_GPU,
  UUID_BYTES,
  VERSION_BYTES,
} from './nvml-tables.ts'
import { failed, type NvidiaWay, type WayReading } from './way.ts'

/** Initialising without persistence mode takes seconds; past this a call is taken to hang. */
const NVML_CALL_DEADLINE_MS = 10_000
/** No node has more; a larger count is a broken answer. */
const DEVICES_MAX = 64
/** Events waiting at one sample; what is left is read at the next. */
const EVENTS_PER_SAMPLE_MAX = 32
/** Xids remembered per card. */
const XIDS_MAX = 16
const RELEASE_MS = 2_000

/** What of a card does not change while its handle is open. */
interface Card {
  readonly index: number
  readonly handle: Handle
  readonly name: string | null
  readonly uuid: string | null
  readonly serial: string | null
  readonly pci: string | null
  readonly pciBdf: string | null
  readonly powerCapWatts: number | null
  readonly xids: number[]
}

interface Session {
  readonly library: NvmlLibrary
  readonly driverVersion: string | null
  readonly cards: readonly Card[]
  /** Cards the library counts but gives no handle for. */
  readonly problems: readonly UnitProblem[]
  readonly eventSet: Handle | null
  readonly gpm: GpmReader
}

export interface NvmlWayOptions {
  readonly clock: Clock
  readonly file: string | null
  readonly callDeadlineMs?: number
}

export class NvmlWay implements NvidiaWay {
  readonly name = 'nvml'
  readonly #clock: Clock
  readonly #file: string | null
  readonly #callDeadlineMs: number
  readonly #kernelAges = new KernelAges()
  #library: NvmlLibrary | null = null
  #session: Session | null = null
  /** The library could not be loaded; tried again at the next inventory only. */
  #missing: ProbeFailure | null = null

  constructor({ clock, file, callDeadlineMs = NVML_CALL_DEADLINE_MS }: NvmlWayOptions) {
    this.#clock = clock
    this.#file = file
    this.#callDeadlineMs = callDeadlineMs
  }

  get isHung(): boolean {
    return this.#library?.isHung === true
  }

  /** Looks for the cards afresh: handles are given anew, so that a replaced card is seen. */
  async inventory(): Promise<WayReading | ProbeFailure> {
    this.#missing = null
    await this.#close()
    return this.#read(false)
  }

  sample(): Promise<WayReading | ProbeFailure> {
    return this.#read(true)
  }

  /** What ran since the reading before is asked for by readings of time, and told once. */
  async #read(asksKernelAges: boolean): Promise<WayReading | ProbeFailure> {
    const session = await this.#open()
    if ('status' in session) return session
    await this.#noteEvents(session)
    const devices: NvidiaDevice[] = []
    for (const card of session.cards) {
      const device = await readCard(session, card, asksKernelAges ? this.#kernelAges : null)
      if (this.isHung) return hung()
      if (device === 'uninitialized') {
        this.#session = null
        return failed('library_failed', 'The NVIDIA library lost its connection to the driver.')
      }
      devices.push(device)
    }
    const { driverVersion, problems } = session
    return { status: 'ok', driverVersion, devices, problems }
  }

  async release(): Promise<void> {
    const closing = this.#close()
    const timeUp = new Promise<void>((resolve) => {
      this.#clock.after(RELEASE_MS, resolve)
    })
    await Promise.race([closing, timeUp])
  }

  async #close(): Promise<void> {
    const session = this.#session
    this.#session = null
    if (session === null || this.isHung) return
    await session.gpm.close()
    if (session.eventSet !== null) await session.library.call('nvmlEventSetFree', session.eventSet)
    await session.library.call('nvmlShutdown')
  }

  async #open(): Promise<Session | ProbeFailure> {
    if (this.isHung) return hung()
    if (this.#session !== null) return this.#session
    if (this.#missing !== null) return this.#missing
    if (this.#library === null) {
      const { status, ...loaded } = await loadNvml({
        clock: this.#clock,
        file: this.#file,
        callDeadlineMs: this.#callDeadlineMs,
      })
      if (!('library' in loaded)) {
        const code = status === 'missing' ? 'library_missing' : 'library_failed'
        this.#missing = failed(code, loaded.sentence)
        return this.#missing
      }
      this.#library = loaded.library
    }
    const library = this.#library
    const code = await library.call('nvmlInit_v2')
    if (code !== NVML_SUCCESS) return initFailure(code)
    const session = await openSession(library)
    if ('status' in session) {
      await library.call('nvmlShutdown')
    } else {
      this.#session = session
    }
    return session
  }

  /** Takes what the driver has reported since the last sample, without waiting. */
  async #noteEvents({ library, eventSet, cards }: Session): Promise<void> {
    if (eventSet === null) return
    for (let at = 0; at < EVENTS_PER_SAMPLE_MAX; at += 1) {
      const data = Buffer.alloc(EVENT_DATA.size)
      const code = await library.call('nvmlEventSetWait_v2', eventSet, data, 0)
      if (code !== NVML_SUCCESS) return
      const device = data.readBigUInt64LE(EVENT_DATA.deviceAt)
      const isXid = data.readBigUInt64LE(EVENT_DATA.typeAt) === EVENT_XID_CRITICAL
      const card = cards.find((candidate) => candidate.handle === device)
      const xid = Number(data.readBigUInt64LE(EVENT_DATA.dataAt))
      if (isXid && card !== undefined && !card.xids.includes(xid) && card.xids.length < XIDS_MAX) {
        card.xids.push(xid)
      }
    }
  }
}

export function hung(): ProbeFailure {
  return failed(
    'library_hung',
    'A call into the NVIDIA library does not come back; it is not called any more until the agent restarts.',
  )
}

function initFailure(code: number): ProbeFailure {
  const { word, error } = describeReturn(code)
  return failed(error, `The NVIDIA library cannot be initialised: ${word}.`)
}

async function openSession(library: NvmlLibrary): Promise<Session | ProbeFailure> {
  const count = await readUint(library, 'nvmlDeviceGetCount_v2')
  if (count.value === null || count.value > DEVICES_MAX) {
    const { word, error } = describeReturn(count.code)
    return failed(error, `The NVIDIA library cannot count its devices: ${word}.`)
  }
  const version = await readText(library, 'nvmlSystemGetDriverVersion', VERSION_BYTES)
  const cards: Card[] = []
  const problems: UnitProblem[] = []
  for (let index = 0; index < count.value; index += 1) {
    const handle = await readHandle(library, 'nvmlDeviceGetHandleByIndex_v2', index)
    if (library.isHung) return hung()
    if (handle.value === null) problems.push(noHandle(index, handle.code))
    else cards.push(await readIdentity(library, index, handle.value))
  }
  const eventSet = await watchXids(library, cards)
  const gpm = new GpmReader(library)
  return { library, driverVersion: version.value, cards, problems, eventSet, gpm }
}

function noHandle(index: number, code: number): UnitProblem {
  const { word, error } = describeReturn(code)
  const sentence = `The NVIDIA library gives no handle for device ${index}: ${word}.`
  return { key: null, pciAddress: null, code: error, sentence }
}

async function readIdentity(library: NvmlLibrary, index: number, handle: Handle): Promise<Card> {
  const name = await readText(library, 'nvmlDeviceGetName', NAME_BYTES, handle)
  const uuid = await readText(library, 'nvmlDeviceGetUUID', UUID_BYTES, handle)
  const serial = await readText(library, 'nvmlDeviceGetSerial', SERIAL_BYTES, handle)
  const pci = await readPciAddress(library, handle)
  const cap = await readUint(library, 'nvmlDeviceGetEnforcedPowerLimit', handle)
  return {
    index,
    handle,
    name: name.value,
    uuid: uuid.value,
    serial: serial.value,
    pci: pci.value?.printed ?? null,
    pciBdf: pci.value?.address ?? null,
    powerCapWatts: cap.value === null ? null : cap.value / 1000,
    xids: [],
  }
}

/** `null` where the driver offers no events; then fatal Xids show by what they break. */
async function watchXids(library: NvmlLibrary, cards: readonly Card[]): Promise<Handle | null> {
  const set = await readHandle(library, 'nvmlEventSetCreate')
  if (set.value === null) return null
  for (const { handle } of cards) {
    await library.call('nvmlDeviceRegisterEvents', handle, EVENT_XID_CRITICAL, set.value)
  }
  return set.value
}

async function readCard(
  session: Session,
  card: Card,
  kernelAges: KernelAges | null,
): Promise<NvidiaDevice | 'uninitialized'> {
  const { library } = session
  const { handle } = card
  const memory = await readMemory(library, handle)
  if (memory.code === NVML_UNINITIALIZED) return 'uninitialized'
  // One answer is enough to know that the others would hang or lie.
  const words = healthWordsOf([memory.code])
  if (words.length > 0) return deviceOf(card, { health_words: words })
  const utilization = await readUtilization(library, handle)
  const power = await readUint(library, 'nvmlDeviceGetPowerUsage', handle)
  const temperature = await readUint(library, 'nvmlDeviceGetTemperature', handle, TEMPERATURE_GPU)
  const ecc = await readCounter(
    library,
    'nvmlDeviceGetTotalEccErrors',
    handle,
    ECC_UNCORRECTED,
    ECC_VOLATILE,
  )
  const rows = await readRemappedRows(library, handle)
  const mig = await readMig(session, handle)
  const encoder = await readEngine(library, 'nvmlDeviceGetEncoderUtilization', handle)
  const decoder = await readEngine(library, 'nvmlDeviceGetDecoderUtilization', handle)
  return deviceOf(card, {
    memory_total_mib: memory.value?.totalMib ?? null,
    memory_used_mib: memory.value?.usedMib ?? null,
    utilization_pct: utilization.value?.gpu ?? null,
    has_utilization: utilization.code !== NVML_NOT_SUPPORTED,
    memory_utilization_pct: utilization.value?.memory ?? null,
    encoder_utilization_pct: encoder,
    decoder_utilization_pct: decoder,
    power_w: power.value === null ? null : power.value / 1000,
    temperature_c: temperature.value,
    ecc_uncorrected_volatile: ecc.value,
    remapped_rows_pending: rows.pending,
    remapped_rows_failure: rows.failure,
    health_words: healthWordsOf([utilization.code, power.code, temperature.code, ecc.code]),
    ...(await kernelAges?.of(library, card)),
    ...(await readAllProcesses(library, handle)),
    ...mig,
  })
}

function deviceOf(card: Card, told: Partial<NvidiaDevice>): NvidiaDevice {
  const { name, uuid, serial, pci, pciBdf } = card
  return {
    ...sparseCard(card.index, { name, uuid, serial, pci, pci_bdf: pciBdf }),
    power_cap_w: card.powerCapWatts,
    xids: card.xids,
    ...told,
  }
}

/** The library's words for a lost card and for one that must be reset. */
function healthWordsOf(codes: readonly number[]): string[] {
  const unwell = codes.filter((code) => code === NVML_GPU_IS_LOST || code === NVML_RESET_REQUIRED)
  return [...new Set(unwell.map((code) => describeReturn(code).word))]
}

/** Complete only when both lists were read; without the graphics list, compute alone decides. */
async function readAllProcesses(
  library: NvmlLibrary,
  handle: Handle,
): Promise<Pick<NvidiaDevice, 'processes' | 'lists_graphics'>> {
  const compute = await readProcesses(library, 'nvmlDeviceGetComputeRunningProcesses_v3', handle)
  const graphics = await readProcesses(library, 'nvmlDeviceGetGraphicsRunningProcesses_v3', handle)
  if (compute.value === null) return { processes: null }
  // A process in both lists does both; it is one process.
  const both = new Set(graphics.value?.map((process) => process.pid))
  const known = new Set(compute.value.map((process) => process.pid))
  const processes: SmiProcess[] = [
    ...compute.value.map((process) =>
      both.has(process.pid) ? { ...process, type: 'C+G' } : process,
    ),
    ...(graphics.value ?? []).filter((process) => !known.has(process.pid)),
  ]
  return { processes, lists_graphics: graphics.value !== null }
}

async function readMig(session: Session, handle: Handle): Promise<Partial<NvidiaDevice>> {
  const { library } = session
  const current = Buffer.alloc(4)
  const code = await library.call('nvmlDeviceGetMigMode', handle, current, Buffer.alloc(4))
  if (code !== NVML_SUCCESS) return {}
  if (current.readUInt32LE(0) === 0) return { mig_enabled: false }
  const most = await readUint(library, 'nvmlDeviceGetMaxMigDeviceCount', handle)
  const slices: NvidiaSlice[] = []
  /** Counters of a GPU instance, read once for all compute instances in it. */
  const counters = new Map<number | null, GpmReading>()
  for (let index = 0; index < Math.min(most.value ?? 0, DEVICES_MAX); index += 1) {
    const slice = await readHandle(library, 'nvmlDeviceGetMigDeviceHandleByIndex', handle, index)
    if (slice.value === null) continue
    const told = await readSlice(library, slice.value, index)
    const gi = told.gi ?? null
    const gpm = counters.get(gi) ?? (await session.gpm.read(handle, gi))
    counters.set(gi, gpm)
    slices.push({ ...told, utilization_pct: gpm.percent, has_utilization: gpm.isOffered })
  }
  return {
    mig_enabled: true,
    has_utilization: false,
    compute_slices_whole: most.value,
    ...(slices.length > 0 ? { mig_devices: slices } : {}),
  }
}

async function readSlice(library: NvmlLibrary, slice: Handle, index: number): Promise<NvidiaSlice> {
  const uuid = await readText(library, 'nvmlDeviceGetUUID', UUID_BYTES, slice)
  const gi = await readUint(library, 'nvmlDeviceGetGpuInstanceId', slice)
  const ci = await readUint(library, 'nvmlDeviceGetComputeInstanceId', slice)
  const attributes = await readSliceAttributes(library, slice)
  const memory = await readMemory(library, slice)
  return {
    index,
    uuid: uuid.value,
    gi: gi.value,
    ci: ci.value,
    sm_count: attributes?.smCount ?? null,
    compute_slices: attributes?.computeSlices ?? null,
    memory_total_mib: memory.value?.totalMib ?? null,
    memory_used_mib: memory.value?.usedMib ?? null,
  }
}
