/**
 * The tables of plain `cnmon`, 4.20 to 6.5: two rows per card, then a table of processes. What
 * stands in which cell changed over the versions (Bus-Id came, the virtual memory of 4.x went,
 * SR-IOV became Mode), so cells are read by the header above them.
 */
import type { CardOutput } from '../card.ts'
import { cardDialect, readCardTable, type TableCard } from '../formats/card-table.ts'
import { readCount, readQuantity, readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { bareVersion, type CambriconDevice, commonVersion } from './devices.ts'

const DIALECT = cardDialect(
  'card',
  [
    { words: 'vf', key: 'vf', value: '\\S+' },
    { words: 'firmware', key: 'firmware', value: '\\S+' },
    { words: 'inited', key: 'inited', value: '\\S+' },
    { words: 'driver', key: 'driver', value: '\\S+' },
    { words: 'util', key: 'utilization', value: '\\S+(?: ?%)?' },
    { words: 'ecc-error', key: 'ecc', value: '\\S+', isOptional: true },
    // Of 4.x: not the memory of the card.
    { words: 'vmemory-usage', key: 'virtualMemory', value: '.*' },
    { words: 'mode', key: 'mode', value: '\\S+' },
    { words: 'sr-iov', key: 'sriov', value: '\\S+' },
    { words: 'compute-mode', key: 'computeMode', value: '\\S.*', isOptional: true },
  ],
  {
    // Bus-Id came with 5.10.
    needed: ['index', 'name', 'utilization', 'temperature', 'power', 'memory'],
    firstHeader: /^Card\b.*\bName\b/,
  },
)
const BANNER = /\bCNMON\s+v?(\d\S*)(?:.*\bDriver\s+v?(\d\S*))?/

/** `null`: no such table in the text. */
export function parseCnmonTable(lines: readonly string[]): CardOutput<CambriconDevice> | null {
  const table = readCardTable(lines, DIALECT)
  if (table === null) return null
  const [, toolVersion = null, driverVersion = null] = firstMatch(lines, BANNER) ?? []
  // Printed per card by 4.x.
  const drivers = table.cards.map(({ values }) => bareVersion(values.get('driver')))
  return {
    tool: 'cnmon',
    toolVersion,
    driverVersion: driverVersion ?? commonVersion(drivers),
    devices: withoutVirtualFunctions(table.cards),
  }
}

function readCard({ card, values }: TableCard): CambriconDevice {
  const word = (column: string) => readWord(values.get(column))
  return {
    ...card,
    fan_pct: readQuantity(values.get('fan'), '%'),
    firmware: bareVersion(values.get('firmware')),
    ecc_errors: readCount(values.get('ecc')),
    ...(values.has('mode') ? { mode: word('mode') } : {}),
    ...(values.has('sriov') ? { sriov: word('sriov') } : {}),
    ...(values.has('computeMode') ? { compute_mode: word('computeMode') } : {}),
  }
}

/**
 * A virtual function is part of the card whose row stands beside its own (`/` in the column VF). In
 * a guest it is all there is, and counts as the card.
 */
function withoutVirtualFunctions(printed: readonly TableCard[]): CambriconDevice[] {
  const isVirtual = ({ values }: TableCard) => readCount(values.get('vf')) !== null
  const numbersOf = (some: readonly TableCard[]) => new Set(some.map(({ card }) => card.index))
  const physical = numbersOf(printed.filter((card) => !isVirtual(card)))
  const split = numbersOf(printed.filter(isVirtual))
  return printed.map((row) => {
    const device = readCard(row)
    const { index } = device
    if (!physical.has(index) || !split.has(index)) return device
    return isVirtual(row)
      ? { ...device, duplicate_of: index, processes: null }
      : { ...device, has_virtual_functions: true }
  })
}
