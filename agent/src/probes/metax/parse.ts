/** Reads any output of `mx-smi` and `ht-smi` by its structure. */
import { type CardReading, isFailure, wrongTool } from '../card.ts'
import { type FailureText, readOrRefuse, type ToolName } from '../refusal.ts'
import type { MetaxDevice } from './devices.ts'
import { parseMetaxBlocks } from './parse-blocks.ts'
import { parseMetaxDmon } from './parse-dmon.ts'
import { parseMetaxProcesses, parseMetaxTable } from './parse-table.ts'

/** None of these texts is public; the patterns are what such a line must say. */
const TEXTS: readonly FailureText[] = [
  {
    pattern: /permission denied|operation not permitted/i,
    class: 'permission',
    code: 'permission_denied',
    advice: 'Add the user of the agent to the groups video and render.',
  },
  {
    pattern: /no (?:metax |mx)?(?:gpu|device)s?\b.*(?:found|detected)|^Attached GPUs\s*:\s*0\s*$/i,
    class: 'no_devices',
    code: 'tool_failed',
    advice: 'The driver sees no card: compare with the PCI bus.',
  },
  {
    pattern: /driver.*not (?:loaded|installed|found)|(?:fail|failed|error).*\binit|mxsmlinit/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice: 'Check that the kernel module metax is loaded.',
  },
]
const NAME: ToolName = { vendor: 'metax', tool: 'mx-smi', texts: TEXTS }
/** Moffett's tool of this name draws its tables with these; its lists have no banner. */
const BOX_DRAWING = /[│╭┌├]/
const OF_MOFFETT = 'This mx-smi is a tool of Moffett, which does not read these cards.'

export function readMetax(text: string): CardReading<MetaxDevice> {
  const reading = readOrRefuse(
    text,
    NAME,
    (lines) =>
      parseMetaxTable(lines) ??
      parseMetaxBlocks(lines) ??
      parseMetaxDmon(lines) ??
      parseMetaxProcesses(lines),
  )
  return isFailure(reading) && BOX_DRAWING.test(text) ? wrongTool(OF_MOFFETT) : reading
}
