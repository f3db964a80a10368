/**
 * `mthreads-gmi -pm`: processes by card, a new sample under a new header line each time. The tool
 * never ends, so the last sample may be cut: the last complete one counts. Figures are shares of
 * the whole card, not MiB.
 */
import { sparseCard } from '../card.ts'
import { readCount, readQuantity } from '../formats/text.ts'
import { type MooreThreadsOutput, type MooreThreadsProcess, TOOL } from './devices.ts'

const HEADER = /^gpu\s+pid\b.*\b(?:memutil|gpuutil)\b/i

interface Sample {
  readonly columns: readonly string[]
  readonly rows: string[][]
}

/** `null`: no such samples in the text. */
export function parseMooreThreadsSamples(lines: readonly string[]): MooreThreadsOutput | null {
  const samples: Sample[] = []
  for (const line of lines) {
    const words = line.trim().split(/\s+/)
    if (HEADER.test(line.trim())) {
      samples.push({ columns: words.map((word) => word.toLowerCase()), rows: [] })
    } else if (line.trim() !== '') samples.at(-1)?.rows.push(words)
  }
  if (samples.length === 0) return null
  const isEnded = lines.at(-1)?.trim() === ''
  const last = samples.at(-1)
  const before = samples.at(-2)
  const isComplete = isEnded && (last?.rows.length ?? 0) >= (before?.rows.length ?? 0)
  const sample = isComplete || before === undefined ? last : before
  return {
    tool: TOOL,
    toolVersion: null,
    driverVersion: null,
    devices: sample === undefined ? [] : readCards(sample),
    facts: { samples: samples.length },
  }
}

function readCards({ columns, rows }: Sample): MooreThreadsOutput['devices'] {
  const byCard = new Map<number, MooreThreadsProcess[] | null>()
  for (const row of rows) {
    const cell = (name: string) => row[columns.indexOf(name)]
    const index = row.length === columns.length ? readCount(cell('gpu')) : null
    if (index === null) continue
    const pid = readCount(cell('pid'))
    const before = byCard.get(index)
    // Without a process the line is all dashes; one that cannot be read leaves the list open.
    const isNone = row.every((word, at) => word === '-' || at === columns.indexOf('gpu'))
    if (isNone) byCard.set(index, before === undefined ? [] : before)
    else if (pid === null || before === null) byCard.set(index, null)
    else {
      const process = {
        pid,
        name: null,
        memory_mib: null,
        memory_pct: readQuantity(cell('memutil'), '%'),
        gpu_pct: readQuantity(cell('gpuutil'), '%'),
      }
      byCard.set(index, [...(before ?? []), process])
    }
  }
  return [...byCard].map(([index, processes]) => ({ ...sparseCard(index), processes }))
}
