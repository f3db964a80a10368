/**
 * Reads any output of npu-smi by its structure, for the probe and for `yiben-agent parse`. An
 * output that reports a failure gives `error` and no device; one that cannot be understood too.
 */
import type { ErrorCode } from '@yiben/shared'
import { isLspci, parseLspci } from '../lspci.ts'
import type { ParsedOutput } from '../probe.ts'
import { splitLines } from '../text.ts'
import { type AscendReading, isUnreadable } from './devices.ts'
import { askedFor, parseAscendKeyValues } from './parse-kv.ts'
import {
  isMappingHeader,
  isTopologyHeader,
  parseAscendMapping,
  parseAscendTopology,
} from './parse-lists.ts'
import { parseAscendTable } from './parse-table.ts'
import { isVnpuInfo, parseAscendVnpus } from './parse-vnpu.ts'

interface ErrorText {
  readonly pattern: RegExp
  readonly class: string
  readonly code: ErrorCode
  readonly advice: string
}

const ERROR_TEXTS: readonly ErrorText[] = [
  {
    pattern: /DrvMngGetConsoleLogLevel failed/,
    class: 'init_failed',
    code: 'permission_denied',
    advice: 'Run the agent as root or as a member of the group HwHiAiUser.',
  },
  {
    pattern: /dcmi module initialize failed|dcmi initialize failed/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice: 'Reboot after a driver or firmware upgrade; check the rights of the agent.',
  },
  {
    pattern: /Invalid card id/i,
    class: 'no_such_card',
    code: 'tool_failed',
    advice: 'The card no longer answers: compare with the PCI bus.',
  },
  {
    pattern: /can'?t find (?:davinci|device)|no (?:davinci )?device|-8008\b/i,
    class: 'no_devices',
    code: 'tool_failed',
    advice: 'The driver sees no NPU: compare with the PCI bus.',
  },
]

export interface AscendError {
  readonly class: string
  readonly code: ErrorCode
  readonly text: string
  readonly advice: string
  /** The return value of the vendor's library, where it is printed. */
  readonly vendorCode: number | null
}

/** The first failure the text tells, or `null`. */
export function ascendError(text: string): AscendError | null {
  const row = ERROR_TEXTS.find(({ pattern }) => pattern.test(text))
  if (row === undefined) return null
  const line = splitLines(text).find((candidate) => row.pattern.test(candidate)) ?? ''
  const printed = /ret is (-?\d{1,6})\b/.exec(text)?.[1]
  return {
    class: row.class,
    code: row.code,
    text: line.trim(),
    advice: row.advice,
    vendorCode: printed === undefined ? null : Number(printed),
  }
}

/** Chooses the parser by what the text looks like; `null` when it looks like nothing known. */
export function readAscendOutput(text: string, command: string | null): AscendReading | null {
  const lines = splitLines(text)
  if (isVnpuInfo(lines)) return parseAscendVnpus(lines, askedFor(command))
  if (lines.some((line) => /^\s*[|+]/.test(line))) return parseAscendTable(lines)
  if (lines.some(isMappingHeader)) return parseAscendMapping(lines)
  if (lines.some(isTopologyHeader)) return parseAscendTopology(lines)
  const entries = lines.filter((line) => /^\s*[A-Z][^:|]*\s+:(?:\s|$)/.test(line))
  return entries.length > 0 ? parseAscendKeyValues(lines, command) : null
}

export function parseAscend(text: string, command: string | null): ParsedOutput {
  const lines = splitLines(text)
  if (isLspci(lines)) {
    const devices = parseLspci(lines)
    return { vendor: 'ascend', tool: 'lspci', tool_version: null, driver_version: null, devices }
  }
  const base = { vendor: 'ascend', tool: 'npu-smi' } as const
  const reading = readAscendOutput(text, command)
  const facts = reading === null || isUnreadable(reading) ? null : reading
  const hasFacts =
    facts !== null && (facts.devices.length > 0 || Object.keys(facts.facts).length > 0)
  const error = ascendError(text)
  if (facts !== null && hasFacts && (error === null || facts.devices.length > 0)) {
    return {
      ...base,
      tool_version: facts.toolVersion,
      driver_version: facts.driverVersion,
      ...facts.facts,
      devices: facts.devices.map((device) => ({ ...device })),
    }
  }
  const nothing = { ...base, tool_version: null, driver_version: null, devices: [] }
  if (error !== null) {
    const { advice, vendorCode, ...told } = error
    return {
      ...nothing,
      error: { ...told, advice, ...(vendorCode === null ? {} : { vendor_code: vendorCode }) },
    }
  }
  const sentence =
    reading !== null && isUnreadable(reading)
      ? reading.unreadable
      : 'This is no output of npu-smi that is known here.'
  return {
    ...nothing,
    error: { code: 'tool_output_unreadable', text: sentence, class: 'unreadable' },
  }
}
