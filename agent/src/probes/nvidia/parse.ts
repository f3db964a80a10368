/**
 * Reads any output of nvidia-smi by its structure, for the probe and for `yiben-agent parse`. An
 * output that reports a failure gives `error` and no device; one that cannot be understood too.
 */
import { isFailure, parsedOutput, unreadable } from '../card.ts'
import { parseLspci } from '../formats/lspci.ts'
import { splitLines } from '../formats/text.ts'
import { toolLines } from '../formats/tool-lines.ts'
import type { ParsedOutput } from '../probe.ts'
import { refusedForeign } from '../refusal.ts'
import type { NvidiaReading } from './devices.ts'
import { nvidiaErrors, nvidiaFailure } from './error-texts.ts'
import { parseNvidiaCsv } from './parse-csv.ts'
import { parseNvidiaList } from './parse-list.ts'
import { parseNvidiaPmon } from './parse-pmon.ts'
import { parseNvidiaQText } from './parse-q-text.ts'
import { parseNvidiaTable } from './parse-table.ts'
import { parseNvidiaXml } from './parse-xml.ts'
import { isShimText, refusedShim, withoutShim } from './ppu-shim.ts'

const NAME = { vendor: 'nvidia', tool: 'nvidia-smi' } as const

/** `null` when the text looks like nothing known. */
export function readNvidiaOutput(text: string, command: string | null): NvidiaReading | null {
  if (isShimText(text)) return refusedShim()
  const reading = readByForm(text, command)
  return reading === null ? null : withoutShim(reading)
}

/** Chooses the parser by what the text looks like. */
function readByForm(text: string, command: string | null): NvidiaReading | null {
  const errors = new Set(nvidiaErrors(text).map((problem) => problem.text))
  // Uncut: a row of CSV has hundreds of cells, and an XML may be one line.
  const whole = splitLines(text).filter((line) => !errors.has(line.trim()))
  const lines = toolLines(whole.join('\n'))
  const listed = parseNvidiaList(lines)
  const filled = whole.filter((line) => line.trim() !== '')
  const isRows = filled.length > 0 && filled.every((line) => line.includes(','))
  return (
    parseNvidiaXml(whole.join('\n')) ??
    parseNvidiaQText(lines) ??
    parseNvidiaTable(lines) ??
    (listed.devices.length > 0 ? listed : null) ??
    parseNvidiaPmon(lines) ??
    (isRows ? parseNvidiaCsv(filled, command) : null)
  )
}

export function parseNvidia(text: string, command: string | null): ParsedOutput {
  return (
    parseLspci(toolLines(text), NAME.vendor) ??
    parsedOutput(NAME.vendor, NAME.tool, readWithErrors(text, command))
  )
}

/** Lost cards stand beside those that could be read; without any, the first error is the answer. */
function readWithErrors(text: string, command: string | null): NvidiaReading {
  const problems = nvidiaErrors(text)
  const [problem] = problems
  const reading = readNvidiaOutput(text, command)
  if (reading !== null && !isFailure(reading) && reading.devices.length > 0) {
    return problem === undefined ? reading : { ...reading, facts: { ...reading.facts, problems } }
  }
  const isForeign = reading !== null && isFailure(reading) && reading.failure.class === 'wrong_tool'
  if (problem !== undefined && !isForeign) return nvidiaFailure(problem, text)
  return (
    reading ??
    refusedForeign(text, NAME) ??
    unreadable('This is no output of nvidia-smi that is known here.')
  )
}
