/**
 * Which column of a CSV of nvidia-smi is which: from its header line, else from the field list of
 * the command that printed it. Without either the text is refused: a number alone says nothing.
 *
 * A documented command may elide fields with `...`. Fields before the first elision stand where
 * they stand; a run of fields between elisions is placed only where every cell of every row reads
 * as its field, and only when there is exactly one such place.
 */
import { type CsvTable, commandFields, headerFields, readCsv } from '../formats/csv.ts'
import { smiCsvDialect } from '../formats/smi-csv.ts'
import { readCount, readNumber } from '../formats/text.ts'

const DIALECT = smiCsvDialect(/--query-(?:gpu|compute-apps)=(\S+)/)

const ELISION = '...'
/** Past this many cells no placement is tried: the longest list of 610 has 241. */
const CELLS_MAX = 400

export function readNvidiaCsv(lines: readonly string[], command: string | null): CsvTable | null {
  const table = readCsv(lines, command, DIALECT)
  if (table === null || table.hasHeader || !table.columns.includes(ELISION)) return table
  const columns = placeFields(commandFields(command, DIALECT) ?? [], table.rows)
  return columns === null ? null : { ...table, columns }
}

/** Fields of a header line of nvidia-smi, or `null` for a line that is none. */
export function nvidiaHeader(cells: readonly string[]): string[] | null {
  return headerFields(cells, DIALECT)
}

const COMPUTE_MODES = new Set(['Default', 'Exclusive_Process', 'Exclusive_Thread', 'Prohibited'])
const isAmount = (cell: string) => readCount(cell.replace(/ (?:MiB|%)$/, '')) !== null
const isFigure = (cell: string) => readNumber(cell.replace(/ (?:W|C|%|MHz)$/, '')) !== null

/** How a cell of an elided list must read to be that field; fields not here cannot be placed. */
const CELL_TESTS: Readonly<Record<string, (cell: string) => boolean>> = {
  'memory.total': isAmount,
  'memory.used': isAmount,
  'memory.free': isAmount,
  'utilization.gpu': isAmount,
  'utilization.memory': isAmount,
  'temperature.gpu': isFigure,
  'power.draw': isFigure,
  compute_mode: (cell) => COMPUTE_MODES.has(cell),
  uuid: (cell) => /^GPU-[0-9a-f-]{36}$/i.test(cell),
  'pci.bus_id': (cell) => /^[0-9a-f]{8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i.test(cell),
}

/** Columns of a list with elisions, or `null` when they cannot be told apart. */
function placeFields(
  listed: readonly string[],
  rows: readonly (readonly string[])[],
): (string | null)[] | null {
  const width = rows[0]?.length ?? 0
  if (width === 0 || width > CELLS_MAX || rows.some((row) => row.length !== width)) return null
  const [first = [], ...floating] = runsBetweenElisions(listed)
  const columns: (string | null)[] = Array.from({ length: width }, () => null)
  if (first.length > width) return null
  for (const [at, field] of first.entries()) columns[at] = field
  let from = first.length
  for (const run of floating) {
    const places = placesOf(run, rows, from)
    const [place] = places
    // Later runs are placed behind the earlier ones, so one place each keeps the order.
    if (place === undefined || places.length > 1) return null
    for (const [at, field] of run.entries()) columns[place + at] = field
    from = place + run.length
  }
  return columns
}

function runsBetweenElisions(listed: readonly string[]): string[][] {
  const runs: string[][] = [[]]
  for (const field of listed) {
    if (field === ELISION) runs.push([])
    else runs.at(-1)?.push(field)
  }
  return runs.filter((run, at) => at === 0 || run.length > 0)
}

function placesOf(
  run: readonly string[],
  rows: readonly (readonly string[])[],
  from: number,
): number[] {
  const width = rows[0]?.length ?? 0
  const places: number[] = []
  for (let place = from; place + run.length <= width; place += 1) {
    const fits = rows.every((row) =>
      fitsRun(
        run,
        run.map((_, at) => row[place + at] ?? ''),
      ),
    )
    if (fits) places.push(place)
  }
  return places
}

function fitsRun(run: readonly string[], cells: readonly string[]): boolean {
  const fitsEach = run.every((field, at) => CELL_TESTS[field]?.(cells[at] ?? '') === true)
  if (!fitsEach) return false
  const amount = (field: string) => {
    const at = run.indexOf(field)
    return at < 0 ? null : readCount((cells[at] ?? '').replace(/ MiB$/, ''))
  }
  const [total, used, free] = [amount('memory.total'), amount('memory.used'), amount('memory.free')]
  if (total === null) return true
  return (used ?? 0) + (free ?? 0) <= total
}
