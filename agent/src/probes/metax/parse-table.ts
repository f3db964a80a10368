/**
 * The table of `mx-smi` and `ht-smi`: two lines per card, then the processes, which are a table by
 * themselves too (`--show-process`). Known layouts: 2.0 to 2.2.4 (`GPU NAME`, temperature before
 * power, power without a limit in 2.0), 2.2.6 and 2.2.8 (`Persistence-M`, `Perf` and `sGPU-M` added),
 * from 2.2.9 (`Board Name`, then `GPU Persist-M`; power and temperature have changed places). The
 * words of the header tell them apart.
 */
import { sparseCard } from '../card.ts'
import { groupsBetweenBorders } from '../formats/bar-table.ts'
import { cardDialect, readCardTable, type TableCard } from '../formats/card-table.ts'
import { readProcessTable } from '../formats/process-table.ts'
import { readCount, readWord } from '../formats/text.ts'
import { editionOf, type MetaxDevice, type MetaxOutput, withBoardPower } from './devices.ts'

const DIALECT = cardDialect(
  'gpu',
  [
    { words: 'board', key: 'board', value: '\\d+' },
    { words: 'persist-m', key: 'persistence', value: 'On|Off|N/A|-', isOptional: true },
    { words: 'gpu-util', key: 'utilization', value: '\\S.*?' },
    { words: 'sgpu-m', key: 'sgpu', value: '[^\\s%]+', isOptional: true },
    { words: 'power', key: 'power', value: '\\S+(?:\\s*/\\s*\\S+)?' },
    { words: 'perf', key: 'perf', value: 'P\\d+|N/A|-', isOptional: true },
    { words: 'gpu-state', key: 'state', value: '\\S.*' },
  ],
  { needed: ['index', 'name', 'pci'] },
)

/** `null`: no such table in the text. */
export function parseMetaxTable(lines: readonly string[]): MetaxOutput | null {
  const table = readCardTable(lines, DIALECT)
  if (table === null) return null
  const devices = table.cards.map(readCard)
  return { ...editionOf(lines), devices: withBoardPower(devices, ({ board }) => board) }
}

/** The table of processes alone names the cards by the processes on them; `null`: it is not there. */
export function parseMetaxProcesses(lines: readonly string[]): MetaxOutput | null {
  const table = readProcessTable(groupsBetweenBorders(lines))
  if (table === null) return null
  const devices = [...table]
    .sort(([one], [other]) => one - other)
    .map(([index, processes]) => sparseCard(index, { processes }))
  return { ...editionOf(lines), devices }
}

function readCard({ card, values }: TableCard): MetaxDevice {
  return {
    ...card,
    // The word of the state column is misprinted `GPU-Util` in a copy of 2.2.9.
    state: readWord(values.get('state') ?? values.get('utilization 2')),
    ...(values.has('board') ? { board: readCount(values.get('board')) } : {}),
    ...(values.has('sgpu') ? { sgpu_mode: readWord(values.get('sgpu')) } : {}),
  }
}
