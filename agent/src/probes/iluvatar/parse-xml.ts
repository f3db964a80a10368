/**
 * `ixsmi -q -x`: every field of every die, with ids and processes. The log of 4.4 is shorter (no
 * board, no position); what is not there is not told. `memory_util` is the fill of the memory, no
 * engine, and not read.
 */
import { type CardFailure, type CardOutput, type CardProcess, unreadable } from '../card.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readId } from '../printed-id.ts'
import { readCount, readQuantity, readWord } from '../text.ts'
import {
  attributeOf,
  childOf,
  childrenOf,
  isUnreadableXml,
  readXml,
  textAt,
  type XmlNode,
} from '../xml.ts'
import { type IluvatarDevice, readUuid, withoutDeadFigures } from './devices.ts'

const ROOT = 'ixsmi_log'
const END = `</${ROOT}>`

export function isIluvatarXml(text: string): boolean {
  return text.includes(`<${ROOT}>`) || text.includes('<!DOCTYPE ixsmi_log')
}

export function parseXml(text: string): CardOutput<IluvatarDevice> | CardFailure {
  // Lines that a shell puts behind the document are none of it.
  const end = text.lastIndexOf(END)
  const log = readXml(end < 0 ? text : text.slice(0, end + END.length), ROOT)
  if (isUnreadableXml(log)) return unreadable(log.unreadable)
  const driverVersion = readWord(textAt(log, 'driver_version'))
  return {
    tool: 'ixsmi',
    // The log names one version; tool and driver come in one package.
    toolVersion: driverVersion,
    driverVersion,
    devices: childrenOf(log, 'gpu').map((gpu, index) => withoutDeadFigures(readGpu(gpu, index))),
  }
}

function readGpu(gpu: XmlNode, index: number): IluvatarDevice {
  const word = (path: string) => readWord(textAt(gpu, path))
  const quantity = (path: string, unit: string) => readQuantity(textAt(gpu, path), unit)
  const pci = attributeOf(gpu, 'id') ?? word('pci/pci_bus_id')
  return {
    index,
    name: word('product_name'),
    uuid: readUuid(textAt(gpu, 'uuid')),
    serial: readId(textAt(gpu, 'serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    pci_id: pciIdOf(word('pci/pci_device_id')),
    memory_total_mib: quantity('memory_usage/total', 'MiB'),
    memory_used_mib: quantity('memory_usage/used', 'MiB'),
    utilization_pct: quantity('utilization/gpu_util', '%'),
    encoder_utilization_pct: quantity('utilization/encoder_util', '%'),
    decoder_utilization_pct: quantity('utilization/decoder_util', '%'),
    power_w: quantity('power_readings/gpu_power_draw', 'W'),
    power_cap_w: quantity('power_readings/current_gpu_power_limit', 'W'),
    board_power_w: quantity('power_readings/board_power_draw', 'W'),
    temperature_c: quantity('temperature/gpu_temp', 'C'),
    ecc: word('ecc_mode/current_ecc'),
    double_bit_errors: readCount(textAt(gpu, 'ecc_errors/double_bit')),
    minor_number: readCount(textAt(gpu, 'minor_number')),
    multigpu_board: word('multigpu_board'),
    board_id: word('board_id'),
    gpu_position: word('gpu_position'),
    virtualization_mode: modeOf(textAt(gpu, 'gpu_virtualization_mode/virtualization_mode')),
    processes: readProcesses(gpu),
  }
}

/** Device before vendor, without a separator: `00021E3E`. */
function pciIdOf(printed: string | null): string | null {
  const [, device, vendor] = /^([0-9a-f]{4})([0-9a-f]{4})$/i.exec(printed ?? '') ?? []
  return device === undefined || vendor === undefined ? null : `${vendor}:${device}`.toLowerCase()
}

/** Here `None` is an answer: the die is not shared out. */
function modeOf(printed: string | undefined): string | null {
  return printed?.trim().toLowerCase() === 'none' ? 'None' : readWord(printed)
}

/** No `<processes>` tells nothing; an empty one says there are none; `N/A` tells nothing. */
function readProcesses(gpu: XmlNode): CardProcess[] | null {
  const processes = childOf(gpu, 'processes')
  if (processes === undefined) return null
  if (typeof processes === 'string') return processes.trim() === '' ? [] : null
  return childrenOf(processes, 'process_info').map((entry) => ({
    pid: readCount(textAt(entry, 'pid')),
    name: readWord(textAt(entry, 'process_name')),
    memory_mib: readQuantity(textAt(entry, 'used_memory'), 'MiB'),
  }))
}
