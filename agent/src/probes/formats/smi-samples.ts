/**
 * The scrolling samples of `dmon` (cards) and `pmon` (processes): a comment line of names, one of
 * units, then a row per card or process, round after round. A column is known by its name and its
 * unit: `pmon -s um` has two called `mem`. Of several rounds the last one counts.
 */
import { readSmiProcess, type SmiProcess } from './smi-process.ts'
import { readCount, readNumber } from './text.ts'

/** The cell of a column of that name, in one of these units. */
export type SampleCell = (name: string, ...units: readonly string[]) => string | undefined

export interface SampleRow {
  readonly card: number
  readonly cell: SampleCell
  /** What stands in the last column and behind it: a command may hold blanks, or be missing. */
  readonly rest: string
  readonly text: string
}

export interface Samples {
  /** Rows of processes, or of cards. */
  readonly areProcesses: boolean
  /** Rows that have a cell in every column, but for the command. */
  readonly rows: readonly SampleRow[]
}

/** `word` is the name of the first column: `gpu`, `ppu`. `null`: no such samples in the text. */
export function readSamples(lines: readonly string[], word: string): Samples | null {
  const header = new RegExp(`^#\\s*(?:date\\s+)?(?:time\\s+)?${word}\\s`, 'i')
  const at = lines.findIndex((line) => header.test(line))
  if (at < 0) return null
  const names = wordsOf(lines[at] ?? '')
  const areProcesses = names.includes('pid')
  const unitLine = lines[at + 1] ?? ''
  const units = wordsOf(unitLine)
  // Without its row of units a column cannot be told from its namesake.
  const isKnown = unitLine.startsWith('#') && units.length === names.length
  const printed = lines.filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const rows = isKnown ? printed.map(wordsOf) : []
  const isWhole = (row: readonly string[]) =>
    areProcesses ? row.length >= names.length - 1 : row.length === names.length
  return {
    areProcesses,
    rows: rows.filter(isWhole).flatMap((row): SampleRow[] => {
      const cell: SampleCell = (name, ...wanted) => {
        const column = names.findIndex(
          (one, index) => one === name && wanted.includes(units[index] ?? ''),
        )
        return column < 0 ? undefined : row[column]
      }
      const card = readCount(cell(word, 'idx', 'Idx'))
      const rest = row.slice(names.length - 1).join(' ')
      return card === null ? [] : [{ card, cell, rest, text: row.join(' ') }]
    }),
  }
}

/** By card, of the last round; `null` for a card with a row that cannot be read. */
export function readSampleProcesses({
  rows,
}: Samples): ReadonlyMap<number, readonly SmiProcess[] | null> {
  const byCard = new Map<number, SmiProcess[] | null>()
  for (const row of lastRounds(rows)) {
    const before = byCard.get(row.card)
    const pid = row.cell('pid', '#')
    // `-` says that nothing runs there.
    const own = pid === '-' ? [] : readCount(pid) === null ? null : [processOf(row)]
    byCard.set(row.card, before === null || own === null ? null : [...(before ?? []), ...own])
  }
  return byCard
}

function processOf({ cell, rest }: SampleRow): SmiProcess {
  const texts = { pid: cell('pid', '#'), type: cell('type', 'C/G'), name: rest }
  const memory = cell('fb', 'MB', 'MiB') ?? cell('mem', 'MB', 'MiB')
  return readSmiProcess(texts, readNumber(memory))
}

/** A round begins where its first row comes again, or a lower number than before; by card. */
function lastRounds(rows: readonly SampleRow[]): SampleRow[] {
  const rounds: SampleRow[][] = []
  let before = Number.POSITIVE_INFINITY
  for (const row of rows) {
    const isAgain = rounds.at(-1)?.[0]?.text === row.text
    if (row.card < before || isAgain) rounds.push([])
    rounds.at(-1)?.push(row)
    before = row.card
  }
  const lastOf = new Map(rounds.flatMap((round) => round.map(({ card }) => [card, round])))
  return [...lastOf].flatMap(([card, round]) => round.filter((row) => row.card === card))
}

function wordsOf(line: string): string[] {
  return line.replace(/^#/, '').trim().split(/\s+/)
}
