/**
 * Reads any output of nvidia-smi by its structure, for the probe and for `yiben-agent parse`. An
 * output that reports a failure gives `error` and no device; one that cannot be understood too.
 */
import { isLspci, parseLspci } from '../lspci.ts'
import type { ParsedOutput } from '../probe.ts'
import { splitLines } from '../text.ts'
import { isUnreadable, type NvidiaReading } from './devices.ts'
import { nvidiaErrors, nvmlLibraryVersion } from './error-texts.ts'
import { parseNvidiaCsv } from './parse-csv.ts'
import { isNvidiaList, parseNvidiaList } from './parse-list.ts'
import { isNvidiaPmon, parseNvidiaPmon } from './parse-pmon.ts'
import { parseNvidiaQText } from './parse-q-text.ts'
import { isNvidiaTable, parseNvidiaTable } from './parse-table.ts'
import { parseNvidiaXml } from './parse-xml.ts'
import { isShimText, refusedShim, unreadableCode, withoutShim } from './ppu-shim.ts'

/** `null` when the text looks like nothing known. */
export function readNvidiaOutput(text: string, command: string | null): NvidiaReading | null {
  if (isShimText(text)) return refusedShim()
  const reading = readByForm(text, command)
  return reading === null ? null : withoutShim(reading)
}

/** Chooses the parser by what the text looks like. */
function readByForm(text: string, command: string | null): NvidiaReading | null {
  const errors = new Set(nvidiaErrors(text).map((problem) => problem.text))
  const lines = splitLines(text).filter((line) => !errors.has(line.trim()))
  const rest = lines.join('\n')
  if (/<nvidia_smi_log\b|^\s*<\?xml\b/.test(rest)) return parseNvidiaXml(rest)
  if (/^=+NVSMI LOG=+/m.test(rest) || /^GPU [0-9a-f]{8}:[0-9a-f:.]+\s*$/im.test(rest)) {
    return parseNvidiaQText(rest)
  }
  if (isNvidiaTable(rest)) return parseNvidiaTable(rest)
  if (isNvidiaList(lines)) return parseNvidiaList(rest)
  if (isNvidiaPmon(lines)) return parseNvidiaPmon(lines)
  const filled = lines.filter((line) => line.trim() !== '')
  if (filled.length > 0 && filled.every((line) => line.includes(','))) {
    return parseNvidiaCsv(filled, command)
  }
  return null
}

export function parseNvidia(text: string, command: string | null): ParsedOutput {
  const lines = splitLines(text)
  if (isLspci(lines)) {
    const devices = parseLspci(lines)
    return { vendor: 'nvidia', tool: 'lspci', tool_version: null, driver_version: null, devices }
  }
  const base = { vendor: 'nvidia', tool: 'nvidia-smi' } as const
  const problems = nvidiaErrors(text)
  const reading = readNvidiaOutput(text, command)
  if (reading !== null && !isUnreadable(reading) && reading.devices.length > 0) {
    return {
      ...base,
      tool_version: reading.toolVersion,
      driver_version: reading.driverVersion,
      ...reading.facts,
      ...(problems.length > 0 ? { problems } : {}),
      devices: reading.devices.map((device) => ({ ...device })),
    }
  }
  const nothing = { ...base, tool_version: null, driver_version: null, devices: [] }
  const [problem] = problems
  const foreign = reading !== null && isUnreadable(reading) && reading.isForeign === true
  if (problem !== undefined && !foreign) {
    const library = nvmlLibraryVersion(text)
    return {
      ...nothing,
      error: {
        code: problem.code,
        text: problem.text,
        class: problem.class,
        ...(problem.pci === null ? {} : { pci: problem.pci }),
        ...(library === null ? {} : { nvml_library_version: library }),
      },
    }
  }
  const isEmptyList = reading !== null && !isUnreadable(reading)
  if (isEmptyList) return { ...nothing, ...reading.facts, tool_version: reading.toolVersion }
  const sentence = reading?.unreadable ?? 'This is no output of nvidia-smi that is known here.'
  const code = reading === null ? 'tool_output_unreadable' : unreadableCode(reading)
  return {
    ...nothing,
    error: { code, text: sentence, class: foreign ? 'wrong_tool' : 'unreadable' },
  }
}
