/**
 * Which field of nvidia-smi is which of ours, in each of its outputs: paths of `-q -x` under
 * `<gpu>`, paths of the `-q` text under `GPU …`, names of `--query-gpu`. Where several are given
 * the first that the text has wins: the tool renamed power three times between 418 and 595.
 */
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readCount, readQuantity, readQuantityOrNumber, readWord } from '../formats/text.ts'
import type { NvidiaDevice } from './devices.ts'
import { healthCauseOfWord } from './error-texts.ts'

/** Finds the printed text of a path; `undefined` where the output does not have it. */
export type Lookup = (path: string) => string | undefined

export interface FieldPaths {
  readonly name: readonly string[]
  readonly uuid: readonly string[]
  readonly serial: readonly string[]
  readonly pci: readonly string[]
  readonly memoryTotal: readonly string[]
  readonly memoryUsed: readonly string[]
  readonly utilization: readonly string[]
  readonly memoryUtilization: readonly string[]
  readonly encoderUtilization: readonly string[]
  readonly decoderUtilization: readonly string[]
  readonly jpegUtilization: readonly string[]
  readonly opticalFlowUtilization: readonly string[]
  readonly power: readonly string[]
  readonly powerCap: readonly string[]
  readonly temperature: readonly string[]
  readonly migMode: readonly string[]
  /** Summed; all of them counters of uncorrected errors since the driver was loaded. */
  readonly eccUncorrected: readonly string[]
  readonly remapPending: readonly string[]
  readonly remapFailure: readonly string[]
  readonly resetRequired: readonly string[]
  readonly recoveryAction: readonly string[]
}

export const XML_PATHS: FieldPaths = {
  name: ['product_name'],
  uuid: ['uuid'],
  serial: ['serial'],
  pci: ['pci/pci_bus_id'],
  memoryTotal: ['fb_memory_usage/total'],
  memoryUsed: ['fb_memory_usage/used'],
  utilization: ['utilization/gpu_util'],
  memoryUtilization: ['utilization/memory_util'],
  encoderUtilization: ['utilization/encoder_util'],
  decoderUtilization: ['utilization/decoder_util'],
  jpegUtilization: ['utilization/jpeg_util'],
  opticalFlowUtilization: ['utilization/ofa_util'],
  power: [
    'gpu_power_readings/power_draw',
    'gpu_power_readings/average_power_draw',
    'gpu_power_readings/instant_power_draw',
    'power_readings/power_draw',
  ],
  powerCap: [
    'gpu_power_readings/current_power_limit',
    'gpu_power_readings/enforced_power_limit',
    'power_readings/enforced_power_limit',
    'power_readings/power_limit',
  ],
  temperature: ['temperature/gpu_temp'],
  migMode: ['mig_mode/current_mig'],
  eccUncorrected: [
    'ecc_errors/volatile/sram_uncorrectable',
    'ecc_errors/volatile/sram_uncorrectable_parity',
    'ecc_errors/volatile/sram_uncorrectable_secded',
    'ecc_errors/volatile/dram_uncorrectable',
    'ecc_errors/volatile/double_bit/total',
  ],
  remapPending: ['remapped_rows/remapped_row_pending'],
  remapFailure: ['remapped_rows/remapped_row_failure'],
  resetRequired: ['gpu_reset_status/reset_required'],
  recoveryAction: ['gpu_recovery_action'],
}

export const Q_TEXT_PATHS: FieldPaths = {
  name: ['Product Name'],
  uuid: ['GPU UUID'],
  serial: ['Serial Number'],
  pci: ['PCI/Bus Id'],
  memoryTotal: ['FB Memory Usage/Total'],
  memoryUsed: ['FB Memory Usage/Used'],
  utilization: ['Utilization/Gpu', 'Utilization/GPU'],
  memoryUtilization: ['Utilization/Memory'],
  encoderUtilization: ['Utilization/Encoder'],
  decoderUtilization: ['Utilization/Decoder'],
  jpegUtilization: ['Utilization/JPEG'],
  opticalFlowUtilization: ['Utilization/OFA'],
  power: [
    'GPU Power Readings/Power Draw',
    'GPU Power Readings/Average Power Draw',
    'GPU Power Readings/Instantaneous Power Draw',
    'Power Readings/Power Draw',
  ],
  powerCap: [
    'GPU Power Readings/Current Power Limit',
    'Power Readings/Enforced Power Limit',
    'Power Readings/Power Limit',
  ],
  temperature: ['Temperature/GPU Current Temp'],
  migMode: ['MIG Mode/Current'],
  eccUncorrected: [
    'ECC Errors/Volatile/SRAM Uncorrectable',
    'ECC Errors/Volatile/SRAM Uncorrectable Parity',
    'ECC Errors/Volatile/SRAM Uncorrectable SEC-DED',
    'ECC Errors/Volatile/DRAM Uncorrectable',
    'ECC Errors/Volatile/Double Bit/Total',
  ],
  remapPending: ['Remapped Rows/Pending'],
  remapFailure: ['Remapped Rows/Remapping Failure Occurred'],
  resetRequired: ['GPU Reset Status/Reset Required'],
  recoveryAction: ['GPU Recovery Action'],
}

export const CSV_PATHS: FieldPaths = {
  name: ['name'],
  uuid: ['uuid'],
  serial: ['serial'],
  pci: ['pci.bus_id'],
  memoryTotal: ['memory.total'],
  memoryUsed: ['memory.used'],
  utilization: ['utilization.gpu'],
  memoryUtilization: ['utilization.memory'],
  encoderUtilization: ['utilization.encoder'],
  decoderUtilization: ['utilization.decoder'],
  jpegUtilization: ['utilization.jpeg'],
  opticalFlowUtilization: ['utilization.ofa'],
  power: ['power.draw', 'power.draw.average', 'power.draw.instant'],
  powerCap: ['enforced.power.limit', 'power.limit'],
  temperature: ['temperature.gpu'],
  migMode: ['mig.mode.current'],
  eccUncorrected: ['ecc.errors.uncorrected.volatile.total'],
  remapPending: ['remapped_rows.pending', 'retired_pages.pending'],
  remapFailure: ['remapped_rows.failure'],
  resetRequired: ['reset_status.reset_required'],
  recoveryAction: ['gpu_recovery_action'],
}

export interface DeviceSource {
  readonly index: number
  readonly paths: FieldPaths
  readonly lookup: Lookup
  /** CSV with `nounits` prints bare numbers; the other outputs always print the unit. */
  readonly unitsOptional: boolean
}

/** Everything of a card but its processes and slices. */
export function deviceFromFields(source: DeviceSource): NvidiaDevice {
  const { paths, lookup } = source
  const first = (candidates: readonly string[]) => firstOf(lookup, candidates)
  const quantity = source.unitsOptional ? readQuantityOrNumber : readQuantity
  const amount = (candidates: readonly string[], unit: string) =>
    notNegative(quantity(first(candidates)?.text, unit))
  const pci = readWord(first(paths.pci)?.text)
  const power = powerOf(source)
  return {
    index: source.index,
    name: readWord(first(paths.name)?.text),
    uuid: readWord(first(paths.uuid)?.text),
    serial: readWord(first(paths.serial)?.text),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: amount(paths.memoryTotal, 'MiB'),
    memory_used_mib: amount(paths.memoryUsed, 'MiB'),
    utilization_pct: amount(paths.utilization, '%'),
    has_utilization: !/^\[?(?:N\/A|Not Supported)\]?$/.test(first(paths.utilization)?.text ?? ''),
    memory_utilization_pct: amount(paths.memoryUtilization, '%'),
    encoder_utilization_pct: amount(paths.encoderUtilization, '%'),
    decoder_utilization_pct: amount(paths.decoderUtilization, '%'),
    jpeg_utilization_pct: amount(paths.jpegUtilization, '%'),
    optical_flow_utilization_pct: amount(paths.opticalFlowUtilization, '%'),
    power_w: power?.watts ?? null,
    power_tag: power?.path ?? null,
    power_cap_w: amount(paths.powerCap, 'W'),
    temperature_c: readTemperature(first(paths.temperature)?.text, source.unitsOptional),
    mig_enabled: onOff(first(paths.migMode)?.text),
    ecc_uncorrected_volatile: sumOfCounts(lookup, paths.eccUncorrected),
    remapped_rows_pending: yesNo(first(paths.remapPending)?.text),
    remapped_rows_failure: yesNo(first(paths.remapFailure)?.text),
    reset_required: yesNo(first(paths.resetRequired)?.text),
    recovery_action: first(paths.recoveryAction)?.text?.trim() ?? null,
    health_words: healthWords(source),
    processes: null,
  }
}

function firstOf(lookup: Lookup, candidates: readonly string[]) {
  for (const path of candidates) {
    const text = lookup(path)
    if (text !== undefined) return { path, text }
  }
  return null
}

/** The first power field that holds a figure: 570.124 on print the older ones as `N/A`. */
function powerOf(source: DeviceSource): { path: string; watts: number } | null {
  const quantity = source.unitsOptional ? readQuantityOrNumber : readQuantity
  for (const path of source.paths.power) {
    const watts = notNegative(quantity(source.lookup(path), 'W'))
    if (watts !== null) return { path, watts }
  }
  return null
}

function readTemperature(text: string | undefined, unitsOptional: boolean): number | null {
  return unitsOptional ? readQuantityOrNumber(text, 'C') : readQuantity(text, 'C')
}

function notNegative(value: number | null): number | null {
  return value !== null && value >= 0 ? value : null
}

/** `null` for other words (`N/A`). */
export function onOff(text: string | undefined): boolean | null {
  const word = text?.trim().toLowerCase()
  return word === 'enabled' ? true : word === 'disabled' ? false : null
}

/** CSV prints remapped rows and pending pages as counts, the others as words. */
function yesNo(text: string | undefined): boolean | null {
  const word = text?.trim().toLowerCase() ?? ''
  if (word === 'yes') return true
  if (word === 'no') return false
  const count = readCount(word)
  return count === null ? null : count > 0
}

/** `null` when none of the counters is told; a missing one among others adds nothing. */
function sumOfCounts(lookup: Lookup, paths: readonly string[]): number | null {
  const counts = paths.map((path) => readCount(lookup(path))).filter((count) => count !== null)
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0)
}

function healthWords({ paths, lookup }: DeviceSource): string[] {
  const words = new Set<string>()
  for (const candidates of Object.values(paths)) {
    for (const path of candidates) {
      const text = lookup(path)?.trim()
      if (text !== undefined && healthCauseOfWord(text) !== null) words.add(text)
    }
  }
  return [...words]
}
