/**
 * `ixsmi -q -x`: every field of every die, with ids and processes. The log of 4.4 is shorter (no
 * board, no position); what is not there is not told. `memory_util` is the fill of the memory, no
 * engine, and not read.
 */
import { type CardFailure, type CardOutput, unreadable } from '../card.ts'
import { readJoinedPciId } from '../formats/pci-id.ts'
import { readSmiFields, type SmiPaths } from '../formats/smi-fields.ts'
import { readXmlProcesses } from '../formats/smi-xml.ts'
import { readCount, readQuantity, readWord } from '../formats/text.ts'
import {
  attributeOf,
  childrenOf,
  isUnreadableXml,
  readXml,
  textAt,
  type XmlNode,
} from '../formats/xml.ts'
import { type IluvatarDevice, withoutDeadFigures } from './devices.ts'

const ROOT = 'ixsmi_log'
const END = `</${ROOT}>`

/** `null`: no such log in the text. */
export function parseXml(text: string): CardOutput<IluvatarDevice> | CardFailure | null {
  if (!text.includes(`<${ROOT}>`) && !text.includes(`<!DOCTYPE ${ROOT}`)) return null
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

const PATHS: SmiPaths = {
  name: ['product_name'],
  uuid: ['uuid'],
  serial: ['serial'],
  pci: ['pci/pci_bus_id'],
  memoryTotal: ['memory_usage/total'],
  memoryUsed: ['memory_usage/used'],
  utilization: ['utilization/gpu_util'],
  power: ['power_readings/gpu_power_draw'],
  powerCap: ['power_readings/current_gpu_power_limit'],
  temperature: ['temperature/gpu_temp'],
}

function readGpu(gpu: XmlNode, index: number): IluvatarDevice {
  const at = (path: string) => textAt(gpu, path)
  return {
    ...readSmiFields(index, PATHS, at, attributeOf(gpu, 'id')),
    pci_id: readJoinedPciId(at('pci/pci_device_id')),
    encoder_utilization_pct: readQuantity(at('utilization/encoder_util'), '%'),
    decoder_utilization_pct: readQuantity(at('utilization/decoder_util'), '%'),
    board_power_w: readQuantity(at('power_readings/board_power_draw'), 'W'),
    ecc: readWord(at('ecc_mode/current_ecc')),
    double_bit_errors: readCount(at('ecc_errors/double_bit')),
    minor_number: readCount(at('minor_number')),
    multigpu_board: readWord(at('multigpu_board')),
    board_id: readWord(at('board_id')),
    gpu_position: readWord(at('gpu_position')),
    virtualization_mode: modeOf(at('gpu_virtualization_mode/virtualization_mode')),
    processes: readXmlProcesses(gpu, /^$/),
  }
}

/** Here `None` is an answer: the die is not shared out. */
function modeOf(printed: string | undefined): string | null {
  return printed?.trim().toLowerCase() === 'none' ? 'None' : readWord(printed)
}
