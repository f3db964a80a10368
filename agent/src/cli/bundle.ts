/**
 * The support bundle of `doctor --bundle FILE`: one plain text to be read before it is sent, with
 * the checks, what was found and every tool output that was asked for on the way. Ids, serials,
 * process names, the host's name and its addresses are masked, figures are not. Written for its
 * owner alone, never over another file.
 */
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { AppError, errorSentence, renderTable } from '@yiben/shared'
import { VENDOR_ACCESS } from '../probes/access.ts'
import { maskOutput } from '../probes/mask.ts'
import type { ToolRunner } from '../probes/probe.ts'
import { vendorEntry } from '../probes/registry.ts'
import { AGENT_VERSION } from '../version.ts'
import type { Check } from './check.ts'
import type { MachineReport } from './machine-report.ts'
import { describeMachine } from './probe.ts'

/** Of one tool output; a table of 16 cards with processes is 10 kB, XML of 8 cards 90 kB. */
const OUTPUT_CHARACTERS_MAX = 200_000
/** Lines of a tool that prints for ever. */
const STREAM_LINES_MAX = 40

export interface RecordedCall {
  readonly tool: string
  readonly command: string
  /** `exit code 0`, or the sentence of how else it ended. */
  ended: string
  stdout: string
  stderr: string
}

/** A runner that does what the given one does and remembers what every tool printed. */
export function recordTools(exec: ToolRunner): {
  readonly exec: ToolRunner
  readonly calls: readonly RecordedCall[]
} {
  const calls: RecordedCall[] = []
  const begin = (tool: string, args: readonly string[]): RecordedCall => {
    const command = [tool, ...args].join(' ')
    const call = { tool, command, ended: 'did not come back', stdout: '', stderr: '' }
    calls.push(call)
    return call
  }
  return {
    calls,
    exec: {
      locate: (tool) => exec.locate(tool),
      run: async (request) => {
        const call = begin(request.tool, request.args)
        const result = await exec.run(request)
        if (result.status === 'exited') {
          call.ended = `exit code ${result.exitCode}, ${Math.round(result.durationMs)} ms`
          call.stdout = result.stdout
          call.stderr = result.stderr
        } else call.ended = result.sentence
        return result
      },
      stream: (request) => {
        const stream = exec.stream(request)
        if (stream === null) return null
        const call = begin(request.tool, request.args)
        const lines: string[] = []
        call.ended = 'went on until it was stopped'
        return {
          onLine: (handler) =>
            stream.onLine((line) => {
              if (lines.length < STREAM_LINES_MAX) {
                lines.push(line)
                call.stdout = lines.join('\n')
              }
              handler(line)
            }),
          onEnd: (handler) => stream.onEnd(handler),
          stop: () => stream.stop(),
        }
      },
    },
  }
}

export interface BundleParts {
  readonly checks: readonly Check[]
  readonly report: MachineReport
  readonly calls: readonly RecordedCall[]
  /** Facts of the machine, as told: kernel, system, virtualisation. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly atMs: number
}

export async function bundleText(parts: BundleParts): Promise<string> {
  const { checks, report, calls, facts, atMs } = parts
  const words = [hostname()]
  const mask = (text: string) => maskOutput(text, { parsed: null, words })
  const head = [
    `yiben-agent ${AGENT_VERSION}, ${new Date(atMs).toISOString()}`,
    'Ids, serials, process names, the name and addresses of the machine are masked. Read it before you send it.',
    ...Object.entries(facts).map(([name, value]) => `${name}: ${value ?? 'not told'}`),
  ]
  const rows = checks.map(({ verdict, name, sentence, whatToDo }) => [
    verdict,
    name,
    [sentence, whatToDo].filter(Boolean).join(' '),
  ])
  const sections = [
    section('machine', mask(`${head.join('\n')}\n`)),
    section('checks', mask(renderTable(['', 'check', 'what was found'], rows))),
    section('cards', mask(describeMachine(report))),
  ]
  for (const call of calls) sections.push(await callSection(call, words))
  return sections.join('\n')
}

/** Throws `AppError` when the file is there already or cannot be written. */
export function writeBundle(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    throw new AppError('disk_failed', `The bundle cannot be written: ${errorSentence(error)}.`, {
      cause: error,
      fields: { path },
    })
  }
}

async function callSection(call: RecordedCall, words: readonly string[]): Promise<string> {
  const vendors = VENDOR_ACCESS.filter(({ tools }) => tools.includes(call.tool))
  let { stdout } = call
  for (const { vendor } of vendors) {
    const parsed = (await vendorEntry(vendor)?.parse(call.stdout, call.command)) ?? null
    stdout = maskOutput(stdout, { parsed, words })
  }
  const plain = vendors.length === 0 ? maskOutput(stdout, { parsed: null, words }) : stdout
  const text = [
    cut(plain),
    ...(call.stderr === ''
      ? []
      : ['----- error stream', cut(maskOutput(call.stderr, { parsed: null, words }))]),
  ]
  return section(`${call.command} (${call.ended})`, text.join('\n'))
}

function cut(text: string): string {
  if (text.length <= OUTPUT_CHARACTERS_MAX) return text
  return `${text.slice(0, OUTPUT_CHARACTERS_MAX)}\n... ${text.length - OUTPUT_CHARACTERS_MAX} characters more`
}

function section(title: string, text: string): string {
  return `===== ${title}\n${text.endsWith('\n') ? text : `${text}\n`}`
}
