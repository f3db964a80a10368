/**
 * The file of `vasmi pmon --outputformat=csv`: a row per process. A command may hold commas, so the
 * columns behind it are counted from the right. Only dies with a process are in it, and a die is
 * told by its address: `DevId` may be the word Null. Of several loops the last of each die counts.
 */
import { type CardOutput, type CardProcess, sparseCard } from '../card.ts'
import { joinFreeCells, lookupInRow, splitCells } from '../formats/csv.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readSizeMib } from '../formats/size.ts'
import { readCount, readWord } from '../formats/text.ts'
import { finishedLines } from '../formats/tool-lines.ts'
import type { VastaiDevice } from './devices.ts'

const NEEDED = ['AIC', 'DevId', 'PCIe_Bus_Id', 'PID']

interface Die {
  readonly device: VastaiDevice
  loop: string | undefined
  processes: CardProcess[]
}

/** `null`: no such header line in the text. */
export function parseVasmiPmon(lines: readonly string[]): CardOutput<VastaiDevice> | null {
  const at = lines.findIndex((line) => NEEDED.every((name) => splitCells(line).includes(name)))
  const columns = at < 0 ? [] : splitCells(lines[at] ?? '')
  if (columns.length === 0) return null
  const dies = new Map<string, Die>()
  for (const line of finishedLines(lines).slice(at + 1)) {
    const row = joinFreeCells(columns, splitCells(line), 'Command')
    const lookup = lookupInRow(columns, row)
    if (lookup !== null) noteProcess(lookup, dies)
  }
  const devices = [...dies.values()].map(({ device, processes }) => ({ ...device, processes }))
  return { tool: 'vasmi', toolVersion: null, driverVersion: null, devices }
}

function noteProcess(lookup: (field: string) => string | undefined, dies: Map<string, Die>): void {
  const pci = readWord(lookup('PCIe_Bus_Id'))
  const aic = readCount(lookup('AIC'))
  if (pci === null && aic === null) return
  const place = `${pci} ${aic} ${lookup('DevId')}`
  const loop = lookup('LoopTimes')
  const die = dies.get(place) ?? { device: newDie(dies.size, lookup), loop, processes: [] }
  if (die.loop !== loop) die.processes = []
  die.loop = loop
  die.processes.push({
    pid: readCount(lookup('PID')),
    name: readWord(lookup('Command')),
    memory_mib: readSizeMib(lookup('Gfx_Mem')),
  })
  dies.set(place, die)
}

function newDie(order: number, lookup: (field: string) => string | undefined): VastaiDevice {
  const pci = readWord(lookup('PCIe_Bus_Id'))
  return {
    ...sparseCard(order),
    pci,
    pci_bdf: normalisePciAddress(pci),
    aic: readCount(lookup('AIC')),
    dev_id: readCount(lookup('DevId')),
  }
}
