/**
 * What is known of `libnvidia-ml.so` (nvml.h of drivers 450 to 610): its functions, the layout of
 * the structures they fill, its return values, and which Xids are fatal. Layouts are those of
 * 64-bit little-endian Linux; offsets and sizes in bytes.
 */
import type { ErrorCode, FaultyCause } from '@yiben/shared'

/** A device or event set: an opaque pointer, passed as an integer. */
const HANDLE = 'uintptr_t'
const OUT = 'void *'
const UINT = 'uint'

/** Argument types by function; every one returns `nvmlReturn_t` (int). */
export const NVML_FUNCTIONS = {
  nvmlInit_v2: [],
  nvmlShutdown: [],
  nvmlSystemGetDriverVersion: [OUT, UINT],
  nvmlDeviceGetCount_v2: [OUT],
  nvmlDeviceGetHandleByIndex_v2: [UINT, OUT],
  nvmlDeviceGetUUID: [HANDLE, OUT, UINT],
  nvmlDeviceGetSerial: [HANDLE, OUT, UINT],
  nvmlDeviceGetName: [HANDLE, OUT, UINT],
  nvmlDeviceGetPciInfo_v3: [HANDLE, OUT],
  nvmlDeviceGetMemoryInfo_v2: [HANDLE, OUT],
  nvmlDeviceGetMemoryInfo: [HANDLE, OUT],
  nvmlDeviceGetUtilizationRates: [HANDLE, OUT],
  nvmlDeviceGetSamples: [HANDLE, UINT, 'uint64_t', OUT, OUT, OUT],
  nvmlDeviceGetEncoderUtilization: [HANDLE, OUT, OUT],
  nvmlDeviceGetDecoderUtilization: [HANDLE, OUT, OUT],
  nvmlDeviceGetPowerUsage: [HANDLE, OUT],
  nvmlDeviceGetEnforcedPowerLimit: [HANDLE, OUT],
  nvmlDeviceGetTemperature: [HANDLE, UINT, OUT],
  nvmlDeviceGetTotalEccErrors: [HANDLE, UINT, UINT, OUT],
  nvmlDeviceGetRemappedRows: [HANDLE, OUT, OUT, OUT, OUT],
  nvmlDeviceGetComputeRunningProcesses_v3: [HANDLE, OUT, OUT],
  nvmlDeviceGetGraphicsRunningProcesses_v3: [HANDLE, OUT, OUT],
  nvmlDeviceGetMigMode: [HANDLE, OUT, OUT],
  nvmlDeviceGetMaxMigDeviceCount: [HANDLE, OUT],
  nvmlDeviceGetMigDeviceHandleByIndex: [HANDLE, UINT, OUT],
  nvmlDeviceGetGpuInstanceId: [HANDLE, OUT],
  nvmlDeviceGetComputeInstanceId: [HANDLE, OUT],
  nvmlDeviceGetAttributes_v2: [HANDLE, OUT],
  nvmlGpmQueryDeviceSupport: [HANDLE, OUT],
  nvmlGpmSampleAlloc: [OUT],
  nvmlGpmSampleFree: [HANDLE],
  nvmlGpmMigSampleGet: [HANDLE, UINT, HANDLE],
  nvmlGpmMetricsGet: [OUT],
  nvmlEventSetCreate: [OUT],
  nvmlEventSetFree: [HANDLE],
  nvmlDeviceRegisterEvents: [HANDLE, 'uint64_t', HANDLE],
  nvmlEventSetWait_v2: [HANDLE, OUT, UINT],
} as const satisfies Record<string, readonly string[]>
export type NvmlFunction = keyof typeof NVML_FUNCTIONS

/** `nvmlReturn_t`, as far as this program tells them apart. */
export const NVML_SUCCESS = 0
export const NVML_UNINITIALIZED = 1
export const NVML_NOT_SUPPORTED = 3
export const NVML_NOT_FOUND = 6
export const NVML_INSUFFICIENT_SIZE = 7
export const NVML_FUNCTION_NOT_FOUND = 13
export const NVML_GPU_IS_LOST = 15
export const NVML_RESET_REQUIRED = 16
/** Not of the library: a call did not come back, and none will be made any more. */
export const NVML_HUNG = -1

interface ReturnRow {
  readonly code: number
  readonly word: string
  readonly error: ErrorCode
}
const RETURN_ROWS: readonly ReturnRow[] = [
  { code: 1, word: 'Uninitialized', error: 'library_failed' },
  { code: 2, word: 'Invalid Argument', error: 'library_failed' },
  { code: 3, word: 'Not Supported', error: 'library_failed' },
  { code: 4, word: 'Insufficient Permissions', error: 'permission_denied' },
  { code: 6, word: 'Not Found', error: 'library_failed' },
  { code: 9, word: 'Driver Not Loaded', error: 'library_failed' },
  { code: 10, word: 'Timeout', error: 'library_failed' },
  { code: 11, word: 'Interrupt Request Issue', error: 'library_failed' },
  { code: 12, word: 'NVML Shared Library Not Found', error: 'library_missing' },
  { code: 13, word: 'Function Not Found', error: 'library_failed' },
  { code: 15, word: 'GPU is lost', error: 'library_failed' },
  { code: 16, word: 'GPU requires reset', error: 'library_failed' },
  { code: 18, word: 'Driver/library version mismatch', error: 'library_failed' },
  { code: 999, word: 'Unknown Error', error: 'library_failed' },
  { code: NVML_HUNG, word: 'the call does not come back', error: 'library_hung' },
]

/** The library's own word for a return value, and our code for it. */
export function describeReturn(code: number): { readonly word: string; readonly error: ErrorCode } {
  const row = RETURN_ROWS.find((candidate) => candidate.code === code)
  return row ?? { word: `return value ${code}`, error: 'library_failed' }
}

export const UUID_BYTES = 96
export const NAME_BYTES = 96
export const SERIAL_BYTES = 32
export const VERSION_BYTES = 80

/** `nvmlPciInfo_t`: busIdLegacy[16], five uints, busId[32]. */
export const PCI_INFO = { size: 68, busIdAt: 36, busIdBytes: 32 } as const
/** `nvmlMemory_v2_t`: uint version (and padding), then total, reserved, free, used as uint64. */
export const MEMORY_V2 = { size: 40, version: 40 | (2 << 24), totalAt: 8, usedAt: 32 } as const
/** `nvmlMemory_t`: total, free, used. It counts reserved memory as used. */
export const MEMORY_V1 = { size: 24, totalAt: 0, usedAt: 16 } as const
/** `nvmlProcessInfo_t` of the `_v3` getters: pid, uint64 memory, GPU and compute instance. */
export const PROCESS_INFO = { size: 24, pidAt: 0, memoryAt: 8, giAt: 16, ciAt: 20 } as const
/** `nvmlDeviceAttributes_t`: eight uints, then uint64 memory in MB. */
export const ATTRIBUTES = { size: 40, smCountAt: 0, computeSlicesAt: 28 } as const
/** `nvmlGpmSupport_t`: version, then whether the device has the counters. */
export const GPM_SUPPORT = { size: 8, version: 1, isSupportedAt: 4 } as const
/**
 * `nvmlGpmMetricsGet_t`: version, number of metrics, two snapshots, then the metrics (id, return
 * value, double, three pointers: 40 bytes each). The library reads as many as are asked for; the
 * structure has room for all that any version knows (333 in the header of 580).
 */
export const GPM_METRICS = {
  size: 24 + 400 * 40,
  version: 1,
  countAt: 4,
  firstAt: 8,
  secondAt: 16,
  metricAt: 24,
  returnAt: 28,
  valueAt: 32,
  /** `NVML_GPM_METRIC_GRAPHICS_UTIL`: percent of time any compute or graphics work was active. */
  graphicsUtilization: 1,
} as const
/** `nvmlSample_t`: uint64 stamp in µs, then the value (percent: an unsigned int) in eight bytes. */
export const SAMPLE = { size: 16, stampAt: 0, valueAt: 8 } as const
/** Of `nvmlSamplingType_t`: utilization of the card, its encoder and its decoder. */
export const SAMPLINGS = [1, 3, 4] as const
/** `nvmlEventData_t`: device, uint64 type, uint64 data, two instance ids. */
export const EVENT_DATA = { size: 32, deviceAt: 0, typeAt: 8, dataAt: 16 } as const

/** What the library puts where it has no value. */
export const UINT64_ABSENT = 0xffff_ffff_ffff_ffffn
export const INSTANCE_ABSENT = 0xffff_ffff

export const TEMPERATURE_GPU = 0
export const ECC_UNCORRECTED = 1
export const ECC_VOLATILE = 0
export const EVENT_XID_CRITICAL = 8n

/**
 * Xids after which the card is no longer fit to be given away until it is reset (NVIDIA's Xid
 * catalogue). Those that a faulty application causes (13, 31, 43, 45 …) are not here.
 */
export const FATAL_XIDS: ReadonlyMap<number, FaultyCause> = new Map<number, FaultyCause>([
  [46, 'fatal_error'],
  [48, 'ecc'],
  [62, 'fatal_error'],
  [64, 'ecc'],
  [74, 'fatal_error'],
  [79, 'fallen_off_bus'],
  [95, 'ecc'],
  [109, 'fatal_error'],
  [119, 'fatal_error'],
  [120, 'fatal_error'],
  [140, 'ecc'],
])
