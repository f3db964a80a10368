/**
 * The owner's own handover script: one file fixed in the node's configuration, run by this agent
 * with what happened in its environment. It is the owner's tool, not remote execution: nothing of
 * what the collector says chooses the program or its arguments, and a script that others could
 * change is not run.
 */
import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { errorSentence } from '@yiben/shared'
import type { ToolRunner } from '../probes/probe.ts'
import type { HandoverEvent } from './lease-book.ts'

/** A script that opens an account or moves a partition takes seconds; a hung one is killed. */
const SCRIPT_MS_MAX = 30_000
const OUTPUT_BYTES_MAX = 64 * 1024
const WRITABLE_BY_OTHERS = 0o022
/** Nobody but the owner of a file removes it from such a folder (/tmp). */
const STICKY = 0o1000
const SENTENCE_LENGTH_MAX = 200

/** What the script is told, as `YIBEN_EVENT`, `YIBEN_LEASE` and so on. */
export interface ScriptCall {
  readonly event: HandoverEvent
  readonly leaseId: string
  readonly account: string
  /** PCI addresses; the key of a unit that has none. */
  readonly devices: readonly string[]
  readonly untilMs: number
}

/** `null`: it ended well. Otherwise why not, for a person. */
export type HandoverScript = (call: ScriptCall) => Promise<string | null>

/** Why the script may not be run; `null`: it may. */
export function scriptProblem(path: string): string | null {
  if (!isAbsolute(path)) return `${path} is not an absolute path`
  try {
    // Where a link leads is what would run.
    const file = realpathSync(path)
    const stat = statSync(file)
    if (!stat.isFile()) return `${path} is not a file`
    if ((stat.mode & 0o111) === 0) return `${path} may not be executed: run chmod 0755`
    for (const name of new Set([file, path])) {
      const reason = changeableBy(lstatSync(name), lstatSync(dirname(name)))
      if (reason !== null) return `${name} ${reason}`
    }
    return null
  } catch (error) {
    return `${path} cannot be looked at: ${errorSentence(error)}`
  }
}

/** Whoever may write a file, or replace it in its folder, decides what it does. */
function changeableBy(file: Stats, folder: Stats): string | null {
  if (!isTrusted(file.uid)) return 'belongs to another user: it must be owned by root'
  if (!isTrusted(folder.uid)) return 'lies in a folder of another user: root must own it'
  if (!file.isSymbolicLink() && (file.mode & WRITABLE_BY_OTHERS) !== 0) {
    return 'may be written by others: run chmod go-w'
  }
  if ((folder.mode & WRITABLE_BY_OTHERS) !== 0 && (folder.mode & STICKY) === 0) {
    return 'lies in a folder others may write to: run chmod go-w on it'
  }
  return null
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.getuid?.()
}

export function createHandoverScript(path: string, tools: Pick<ToolRunner, 'run'>): HandoverScript {
  return async (call) => {
    // Looked at each time: an upgrade of the owner's may have changed it.
    const problem = scriptProblem(path)
    if (problem !== null) return `The handover script is not run: ${problem}.`
    const result = await tools.run({
      tool: path,
      args: [],
      deadlineMs: SCRIPT_MS_MAX,
      outputBytesMax: OUTPUT_BYTES_MAX,
      environment: environmentOf(call),
    })
    if (result.status !== 'exited') return result.sentence
    if (result.exitCode === 0) return null
    const said = (result.stderr.trim() || result.stdout.trim()).split('\n')[0] ?? ''
    return `The handover script ended with ${result.exitCode}: ${said}`.slice(
      0,
      SENTENCE_LENGTH_MAX,
    )
  }
}

function environmentOf(call: ScriptCall): Record<string, string> {
  return {
    YIBEN_EVENT: call.event,
    YIBEN_LEASE: printable(call.leaseId),
    YIBEN_ACCOUNT: printable(call.account),
    YIBEN_DEVICES: call.devices.map(printable).join(','),
    YIBEN_UNTIL: new Date(call.untilMs).toISOString(),
  }
}

/** Scripts are shell: nothing that comes over the wire may mean more there than a name. */
function printable(text: string): string {
  return text.replace(/[^\w.:@+/-]/g, '_')
}
