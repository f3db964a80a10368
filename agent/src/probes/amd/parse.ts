/** Reads any output of amd-smi and rocm-smi; the rocm-smi of Hygon's DTK is refused. */
import { type CardReading, wrongTool } from '../card.ts'
import { toolLines } from '../formats/tool-lines.ts'
import { refused, refusedForeign, type ToolName } from '../refusal.ts'
import type { RocmDevice, RocmOutput } from '../rocm-smi/devices.ts'
import { ROCM_FAILURES } from '../rocm-smi/failures.ts'
import { settledLines } from '../rocm-smi/lines.ts'
import { readLooseJson } from '../rocm-smi/loose-json.ts'
import { makerOf } from '../rocm-smi/maker.ts'
import { readRocmSmi } from '../rocm-smi/parse.ts'
import type { AmdDevice, AmdOutput } from './devices.ts'
import { readAmdSmiJson, readAmdSmiText } from './parse-smi.ts'
import { parseAmdSmiTable } from './parse-table.ts'

const AMD: ToolName = { vendor: 'amd', tool: 'amd-smi', texts: ROCM_FAILURES }
const DTK =
  'This rocm-smi is that of the DTK: it lists DCUs of Hygon, which are not read as cards of AMD.'

export function readAmd(text: string, command: string | null): CardReading<AmdDevice> {
  const foreign = refusedForeign(text, AMD)
  if (foreign !== null) return foreign
  const table = parseAmdSmiTable(toolLines(text))
  if (table !== null) return table.devices.length > 0 ? table : refused(text, AMD)
  const smi = readAmdSmiJson(readLooseJson(text)) ?? readAmdSmiText(settledLines(text))
  if (smi !== null) return makerOf(text, []) === 'hygon' ? wrongTool(DTK) : smi
  const output = readRocmSmi(text, command, 'rocm-smi')
  if (output === null) return refused(text, AMD)
  return output.facts?.maker === 'hygon' ? wrongTool(DTK) : ofAmd(output)
}

/** The vendor's half of the id is not printed, and is known once the maker is. */
function ofAmd(output: RocmOutput): AmdOutput {
  return { ...output, devices: output.devices.map(withPciId) }
}

function withPciId(device: RocmDevice): AmdDevice {
  const { pci_device_id: id } = device
  return id === undefined || id === null
    ? device
    : { ...device, pci_id: `1002:${id.slice(2).toLowerCase()}` }
}
