/**
 * Reads any output of npu-smi by its structure. An output that reports a failure tells no device;
 * one that cannot be understood too.
 */
import { isFailure, unreadable } from '../card.ts'
import { toolLines } from '../formats/tool-lines.ts'
import { type FailureText, refused, refusedForeign, type ToolName } from '../refusal.ts'
import { type AscendReading, ascendOutput, TOOL } from './devices.ts'
import { askedFor, parseAscendKeyValues } from './parse-kv.ts'
import { parseAscendMapping, parseAscendTopology } from './parse-lists.ts'
import { parseAscendTable } from './parse-table.ts'
import { parseAscendVnpus } from './parse-vnpu.ts'

const TEXTS: readonly FailureText[] = [
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

const NAME: ToolName = { vendor: 'ascend', tool: TOOL, texts: TEXTS }

export function readAscend(text: string, command: string | null): AscendReading {
  const reading = readByStructure(text, command)
  if (reading !== null && !isFailure(reading) && reading.devices.length > 0) return reading
  if (reading === null) {
    const foreign = refusedForeign(text, NAME)
    if (foreign !== null) return foreign
  }
  const why = reading !== null && isFailure(reading) ? reading.failure.text : null
  const { failure } = refused(text, NAME, why)
  // A list that names no device is an answer, unless the tool reports a failure beside it.
  const isAnswer = reading !== null && !isFailure(reading) && failure.class === 'unreadable'
  if (isAnswer && Object.keys(reading.facts ?? {}).length > 0) return reading
  // The return value of the maker's library, where it is printed.
  const code = /\bret is (-?\d{1,6})\b/.exec(text)?.[1]
  const isTold = code !== undefined && failure.class !== 'unreadable'
  return { failure: { ...failure, ...(isTold ? { facts: { vendor_code: Number(code) } } : {}) } }
}

/** Chooses the parser by what the text looks like; `null` when it looks like nothing known. */
function readByStructure(text: string, command: string | null): AscendReading | null {
  const lines = toolLines(text)
  const vnpus = parseAscendVnpus(lines, askedFor(command))
  if (vnpus !== null) return vnpus
  if (lines.some((line) => /^\s*[|+]/.test(line))) {
    return (
      parseAscendTable(lines) ??
      unreadable('The table lacks its header lines (NPU, Health, Bus-Id, Memory-Usage).')
    )
  }
  const mapping = parseAscendMapping(lines)
  if (mapping !== null) return ascendOutput([], { mapping })
  const topology = parseAscendTopology(lines)
  if (topology !== null) return ascendOutput([], { topology })
  return parseAscendKeyValues(lines, command)
}
