/**
 * What a text amounts to that names no card: another maker's tool, a failure that the tool reports,
 * or nothing known. Several makers have not published what their tools print when something is
 * wrong; for them there are the wordings that programs of this kind share.
 */
import type { ErrorCode, Vendor } from '@yiben/shared'
import {
  type CardDevice,
  type CardFailure,
  type CardReading,
  isFailure,
  unreadable,
  wrongTool,
} from './card.ts'
import { toolLines } from './formats/tool-lines.ts'
import { foreignMaker } from './tool-banners.ts'

export interface FailureText {
  readonly pattern: RegExp
  readonly class: string
  readonly code: ErrorCode
  readonly advice: string
}

/** A tool that fails says so in its first lines; what follows is no reason for a long search. */
const LINES_MAX = 200

/** Tried line by line, in this order: rights explain a failed start, and not the other way round. */
const USUAL_TEXTS: readonly FailureText[] = [
  {
    pattern: /permission denied|operation not permitted|insufficient permission|\bas root\b/i,
    class: 'permission',
    code: 'permission_denied',
    advice: 'Let the agent read the device nodes of the cards.',
  },
  {
    pattern: /driver\b.*\bnot (?:loaded|installed|running|found)|\bno driver\b/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice: 'Install or load the driver.',
  },
  {
    pattern:
      /\bno (?:\w+ )?(?:devices?|cards?|gpus?|mlus?)\b(?!.*process)|\b(?:devices?|cards?) not found/i,
    class: 'no_devices',
    code: 'tool_failed',
    advice: 'The driver sees no card: compare with the PCI bus.',
  },
  {
    pattern:
      /\b(?:failed to|cannot|can't|unable to) (?:init|open|load|connect|communicate)|init\w* failed|uninitiali[sz]ed/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice: 'Check that the driver is loaded and that the tool belongs to it.',
  },
  {
    pattern: /\b(?:unknown|invalid|unrecognized|unsupported) (?:option|argument|command|field)/i,
    class: 'usage',
    code: 'tool_failed',
    advice: 'This version of the tool does not know the command.',
  },
]

export interface ToolName {
  readonly vendor: Vendor
  readonly tool: string
  /** Wordings of this tool, tried before the usual ones. */
  readonly texts?: readonly FailureText[]
}

/**
 * Any output of a tool: another maker's is refused, one of a form that `read` knows is read, and one
 * that names no card amounts to what the tool reports, or to why nothing was found. `read` is given
 * the lines, and gives `null` where it knows no such form.
 */
export function readOrRefuse<Device extends CardDevice>(
  text: string,
  name: ToolName,
  read: (lines: readonly string[]) => CardReading<Device> | null,
): CardReading<Device> {
  const foreign = refusedForeign(text, name)
  if (foreign !== null) return foreign
  const reading = read(toolLines(text))
  if (reading === null) return refused(text, name)
  if (!isFailure(reading)) {
    const isEmpty = reading.devices.length === 0
    return isEmpty ? refused(text, name, `This output of ${name.tool} names no card.`) : reading
  }
  const { class: kind, text: why } = reading.failure
  return kind === 'unreadable' ? refused(text, name, why) : reading
}

/** Another maker's output, before anything of it is read as this vendor's. */
export function refusedForeign(text: string, { vendor, tool }: ToolName): CardFailure | null {
  const maker = foreignMaker(text, vendor)
  if (maker === null) return null
  return wrongTool(`This ${tool} is a tool of ${maker}, which does not read these cards.`)
}

/** For a text in which no card was found; `why` where its kind was recognised all the same. */
export function refused(text: string, name: ToolName, why: string | null = null): CardFailure {
  const lines = toolLines(text).slice(0, LINES_MAX)
  for (const { pattern, ...told } of [...(name.texts ?? []), ...USUAL_TEXTS]) {
    const line = lines.find((candidate) => pattern.test(candidate))
    if (line !== undefined) return { failure: { ...told, text: line.trim() } }
  }
  return unreadable(why ?? `This is no output of ${name.tool} that is known here.`)
}
