/**
 * The table of `ppu-smi`: three lines per card, a box of MIG instances with their memory and compute
 * units, a box of processes. From card 10 on a cell is shifted by one column, so widths say nothing.
 */
import { sparseCard } from '../card.ts'
import {
  cardDialect,
  type PartBox,
  readCardTable,
  readPartBox,
  type TableCard,
} from '../formats/card-table.ts'
import { readCount, readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { type PpuDevice, type PpuOutput, type PpuSlice, TOOL } from './devices.ts'

const BANNER = /^\|\s*PPU-SMI\s+(\S+)\s+Driver Version:\s*(\S+)/
const DIALECT = cardDialect('ppu')
/** Of a whole output, which is no box of instances alone. */
const CARDS = /^\|\s*PPU-SMI\b|\bBus-Id\b/

/** `null`: neither the whole table nor the box of instances alone. */
export function parsePpuTable(lines: readonly string[]): PpuOutput | null {
  const table = readCardTable(lines, DIALECT)
  const isBoxAlone = table === null && firstMatch(lines, CARDS) === null
  const slices = slicesByCard(isBoxAlone ? readPartBox(lines) : table?.parts)
  if (table === null && slices.size === 0) return null
  const [, toolVersion = null, driverVersion = null] = firstMatch(lines, BANNER) ?? []
  const devices =
    table === null
      ? [...slices.keys()].map((index): PpuDevice => sparseCard(index))
      : table.cards.map(readDevice)
  return {
    tool: TOOL,
    toolVersion,
    driverVersion,
    devices: devices.map((device) => {
      const own = slices.get(device.index)
      return own === undefined ? device : { ...device, slices: own }
    }),
  }
}

function readDevice({ card, values }: TableCard): PpuDevice {
  return {
    ...card,
    mig_mode: readWord(values.get('mig')),
    ecc_uncorrected: readCount(values.get('ecc')),
  }
}

function slicesByCard(box: PartBox | undefined): ReadonlyMap<number, readonly PpuSlice[]> {
  const byCard = Map.groupBy(box?.parts ?? [], ({ card }) => card)
  const isCounted = box?.unitsTitle === 'CU'
  return new Map(
    [...byCard].map(([card, parts]) => [
      card,
      parts.map(({ device, gi, ci, memory, units }) => ({
        device,
        gi,
        ci,
        memory_total_mib: memory.total,
        memory_used_mib: memory.used,
        compute_units: isCounted ? units : null,
      })),
    ]),
  )
}
