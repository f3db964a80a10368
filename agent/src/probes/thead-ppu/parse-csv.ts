/**
 * `ppu-smi --query-ppu=…` and `--query-compute-apps=…` with `--format=csv`, with or without header
 * and units.
 */
import { readCsv } from '../formats/csv.ts'
import {
  commonCell,
  isProcessCsv,
  readSmiCsvCard,
  readSmiCsvCards,
  readSmiCsvProcesses,
  smiCsvDialect,
} from '../formats/smi-csv.ts'
import { readWord } from '../formats/text.ts'
import { type PpuDevice, type PpuOutput, TOOL } from './devices.ts'

/** The manual, its users and the shim of nvidia-smi spell several fields in their own way. */
const DIALECT = smiCsvDialect(/--query-(?:ppu|gpu|compute-apps)=(\S+)/, {
  ppu_name: 'name',
  ppu_uuid: 'uuid',
  ppu_serial: 'serial',
  bus_id: 'pci.bus_id',
  ppu_bus_id: 'pci.bus_id',
  'utilization.ppu': 'utilization.gpu',
  'temperature.ppu': 'temperature.gpu',
  used_ppu_memory: 'used_gpu_memory',
})

/** `null`: not every line is a row, or nothing says what the columns are. */
export function parsePpuCsv(lines: readonly string[], command: string | null): PpuOutput | null {
  const filled = lines.filter((line) => line.trim() !== '')
  const isRows = filled.length > 0 && filled.every((line) => line.includes(','))
  const table = isRows ? readCsv(filled, command, DIALECT) : null
  if (table === null) return null
  const devices: PpuDevice[] = isProcessCsv(table)
    ? readSmiCsvProcesses(table).map(({ card, isNumbered, processes }) => ({
        ...card,
        processes,
        ...(isNumbered ? {} : { is_index_counted: true }),
      }))
    : readSmiCsvCards(table, (lookup, ordinal) => ({
        ...readSmiCsvCard(lookup, ordinal),
        mig_mode: readWord(lookup('mig.mode.current')),
      }))
  return {
    tool: TOOL,
    toolVersion: null,
    driverVersion: commonCell(table, 'driver_version'),
    devices,
  }
}
