/**
 * The plain forms of the rocm-smi family: lines `HCU[0]<tab><tab>: key: value` (the label is GPU, DCU
 * or HCU, newer builds print blanks), CSV with the keys as titles, and matrices of links, which are
 * read for the cards they name. Values have no unit of their own, so that one at the very end of the
 * text may be half of itself and is not read.
 */
import { splitCells } from '../formats/csv.ts'
import { splitLines } from '../formats/text.ts'
import type { RocmDevice } from './devices.ts'
import { cardNumberOf, isFieldName, readDevice } from './fields.ts'

const LABELLED = /^\s*(?:GPU|DCU|HCU)\[(\d{1,4})\]\s*:([^:]+)(?::(.*))?$/
/** `HCU0   0   40   40`: a matrix of links, which names cards and tells nothing else of them. */
const MATRIX_ROW = /^\s*(?:GPU|DCU|HCU)(\d{1,4})\s+(?!\s*(?:GPU|DCU|HCU)\d)\S/
const DRIVER_VERSION = /^\s*Driver version\s*:\s*(\S.*?)\s*$/i
const FRAME = /^\s*(?:=.*=)?\s*$/

type Entries = [name: string, value: string][]

/** A figure or id with which the text ends, without the end of its line. */
const LAST_FIGURE = /([:,]\s*)(?:[\d.]+|0x[\da-f]*)$/i
/** The widest table is narrower; longer lines are none of these forms. */
const LINE_CHARS_MAX = 1_024

export function settledLines(text: string): string[] {
  const lines = splitLines(text).map((line) => (line.length > LINE_CHARS_MAX ? '' : line))
  return [...lines.slice(0, -1), (lines.at(-1) ?? '').replace(LAST_FIGURE, '$1')]
}

export function readLabelledLines(lines: readonly string[]): RocmDevice[] {
  const byCard = new Map<number, Entries>()
  for (const line of lines) {
    const [, number, name = '', value = ''] = LABELLED.exec(line) ?? []
    if (number === undefined) continue
    const entries = byCard.get(Number(number)) ?? []
    byCard.set(Number(number), entries)
    entries.push([name, value])
  }
  return [...byCard].map(([index, entries]) => readDevice(index, entries))
}

export function readMatrixCards(lines: readonly string[]): RocmDevice[] {
  const numbers = new Set(lines.flatMap((line) => MATRIX_ROW.exec(line)?.[1] ?? []))
  return [...numbers].map((number) => readDevice(Number(number), []))
}

/** `Driver Version: 6.3.31-V1.5.0a`, a line of its own. */
export function readDriverVersion(lines: readonly string[]): string | null {
  return lines.flatMap((line) => DRIVER_VERSION.exec(line)?.[1] ?? [])[0] ?? null
}

/** An answer about the driver alone: nothing else but the frame around it. */
export function isDriverVersionAlone(lines: readonly string[]): boolean {
  return (
    readDriverVersion(lines) !== null &&
    lines.every((line) => FRAME.test(line) || DRIVER_VERSION.test(line))
  )
}

/** An empty line may stand first; cards may be numbered from 1. */
export function readCsvCards(lines: readonly string[]): RocmDevice[] {
  const at = lines.findIndex((line) => isCsvHeader(splitCells(line)))
  const titles = splitCells(lines[at] ?? '')
  if (at < 0) return []
  return lines.slice(at + 1).flatMap((line) => {
    const cells = splitCells(line)
    const index = cardNumberOf(cells[0] ?? '')
    if (index === null || cells.length !== titles.length) return []
    return [
      readDevice(
        index,
        titles.map((title, column): [string, string] => [title, cells[column] ?? '']),
      ),
    ]
  })
}

function isCsvHeader(titles: readonly string[]): boolean {
  return titles[0]?.toLowerCase() === 'device' && titles.slice(1).some(isFieldName)
}
