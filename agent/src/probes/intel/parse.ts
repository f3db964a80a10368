/** Reads any output of Intel's `xpu-smi` by its structure, of 1.x and 2.0. */
import type { CardFailure, CardReading } from '../card.ts'
import { finishedLines } from '../formats/tool-lines.ts'
import { type FailureText, readOrRefuse } from '../refusal.ts'
import { refusedNamesake } from '../xpu-smi.ts'
import { type IntelDevice, TOOL } from './devices.ts'
import { parseIntelFrames } from './parse-frames.ts'
import { parseIntelJson } from './parse-json.ts'
import { parseIntelCsv, parseIntelDump, parseIntelList, parseIntelPs } from './parse-rows.ts'
import { parseIntelTable } from './parse-table.ts'

/** What 1.x prints without arguments: only such a tool may be asked its subcommands. */
export const SUBCOMMANDS_ONLY = 'It is xpu-smi 1.x of Intel, which answers to subcommands alone.'
const HELP = /^Usage: xpu-smi \[Options\]/m

const FAILURE_TEXTS: readonly FailureText[] = [
  {
    pattern:
      /Level Zero Initialization Error|Sysman driver initialization failed|level zero loader/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice: 'Install the driver and Level Zero, and let the agent read /dev/dri.',
  },
  {
    pattern: /No GPU devices found|Failed to enumerate GPU devices|Device (?:handle )?not found/i,
    class: 'no_devices',
    code: 'tool_failed',
    advice: 'The driver sees no card: compare with the PCI bus.',
  },
  {
    pattern: /^The following arguments? (?:was|were) not expected/,
    class: 'usage',
    code: 'tool_failed',
    advice: 'This version of the tool does not know the command.',
  },
]
const NAME = { vendor: 'intel', tool: TOOL, texts: FAILURE_TEXTS } as const

/** Class of its own: the probe goes on with subcommands. */
const ONLY_SUBCOMMANDS: CardFailure = {
  failure: {
    class: 'usage',
    code: 'tool_output_unreadable',
    text: SUBCOMMANDS_ONLY,
    advice: '',
  },
}

export function readIntel(text: string, command: string | null): CardReading<IntelDevice> {
  return (
    refusedNamesake(text, 'intel') ??
    readOrRefuse(text, NAME, (lines) => {
      const finished = finishedLines(lines)
      return (
        parseIntelJson(text) ??
        parseIntelTable(lines) ??
        parseIntelFrames(lines) ??
        parseIntelDump(finished) ??
        parseIntelPs(finished) ??
        parseIntelList(finished) ??
        (HELP.test(text) ? ONLY_SUBCOMMANDS : parseIntelCsv(finished, command))
      )
    })
  )
}
