/** A process as the tools modelled on nvidia-smi list it, in their tables, logs, XML and CSV alike. */
import type { CardProcess } from '../card.ts'
import { readCount, readWord } from './text.ts'

export interface SmiProcess extends CardProcess {
  /** `C`, `G`, `C+G` … as printed; absent in outputs that list compute processes only. */
  readonly type?: string
  /** The parts of the card it runs in (GPU and compute instance), where there are parts. */
  readonly gi?: number
  readonly ci?: number
}

/** What is printed of a process. */
export interface SmiProcessTexts {
  readonly pid: string | undefined
  readonly type?: string | undefined
  readonly name: string | undefined
  readonly gi?: string | undefined
  readonly ci?: string | undefined
}

export function readSmiProcess(texts: SmiProcessTexts, memoryMib: number | null): SmiProcess {
  const type = readWord(texts.type)
  const gi = readCount(texts.gi)
  const ci = readCount(texts.ci)
  return {
    pid: readCount(texts.pid),
    ...(type === null ? {} : { type }),
    name: readWord(texts.name),
    memory_mib: memoryMib,
    ...(gi === null ? {} : { gi }),
    ...(ci === null ? {} : { ci }),
  }
}
