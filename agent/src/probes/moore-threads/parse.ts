/** Reads any output of `mthreads-gmi` by its structure. */
import { type CardReading, unreadable } from '../card.ts'
import { type FailureText, readOrRefuse, type ToolName } from '../refusal.ts'
import { type MooreThreadsDevice, TOOL } from './devices.ts'
import { parseMooreThreadsJson } from './parse-json.ts'
import { parseMooreThreadsList, parseMooreThreadsQuery } from './parse-query.ts'
import { parseMooreThreadsSamples } from './parse-samples.ts'
import { parseMooreThreadsTable } from './parse-table.ts'

const TEXTS: readonly FailureText[] = [
  {
    pattern: /permission denied|no permission/i,
    class: 'permission',
    code: 'permission_denied',
    advice: 'Add the user of the agent to the groups video and render.',
  },
  {
    // The maker's own checker (musa_deploy) knows it as a want of the two groups.
    pattern: /failed to initialize mtml|driver not loaded/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice:
      'Add the user of the agent to the groups video and render, and check that the module mtgpu is loaded; right after it was loaded this passes by itself.',
  },
  {
    // Printed with exit code 0.
    pattern: /No MT GPU device found/i,
    class: 'no_devices',
    code: 'tool_failed',
    advice: 'Compare with the PCI bus; check that the IOMMU is on and the module mtgpu is loaded.',
  },
]
const NAME: ToolName = { vendor: 'moore-threads', tool: TOOL, texts: TEXTS }
const SILENT =
  'mthreads-gmi printed nothing, as it does in a container without the MT container toolkit.'

export function readMooreThreads(text: string): CardReading<MooreThreadsDevice> {
  if (text.trim() === '') return unreadable(SILENT)
  return readOrRefuse(
    text,
    NAME,
    (lines) =>
      parseMooreThreadsJson(text) ??
      parseMooreThreadsTable(lines) ??
      parseMooreThreadsQuery(lines) ??
      parseMooreThreadsList(lines) ??
      parseMooreThreadsSamples(lines),
  )
}
