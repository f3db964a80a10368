/**
 * The segments of a second journal as they lie in their folder, and the one chain of decisions that
 * those of a generation make. A segment may begin again where the one before it was not known to be
 * on disk; what it repeats counts from it.
 */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, equalBytes, errorSentence } from '@yiben/shared'
import { type Decision, NO_HASH, readSegment, type Segment } from './second-format.ts'

const NAME = /^decisions-(\d{1,13})-(\d{6})\.journal$/

export interface SegmentFile {
  readonly path: string
  readonly generation: number
  /** Rises with each segment of a generation. */
  readonly position: number
}

/** Of one generation, in order. */
export interface Chain {
  /** No segment has begun. */
  readonly isEmpty: boolean
  readonly decisions: readonly Decision[]
  /** Of the decision that comes next. */
  readonly nextNumber: number
  /** Hash of the last decision, or of what stands before the first. */
  readonly lastHash: Uint8Array
  /** Positions of decisions that are not there: `[from, to)`. */
  readonly gaps: readonly (readonly [number, number])[]
  readonly tornBytes: number
}

export function segmentName(generation: number, position: number): string {
  return `decisions-${generation}-${String(position).padStart(6, '0')}.journal`
}

/** Throws `second_journal_unavailable` where the folder cannot be read. */
export function segmentFiles(folder: string): readonly SegmentFile[] {
  return attempt(`${folder} cannot be read`, () => readdirSync(folder))
    .flatMap((name): SegmentFile[] => {
      const [, generation, position] = NAME.exec(name) ?? []
      if (generation === undefined || position === undefined) return []
      const numbers = { generation: Number(generation), position: Number(position) }
      return [{ path: join(folder, name), ...numbers }]
    })
    .sort((left, right) => left.generation - right.generation || left.position - right.position)
}

/** `null`: nothing was ever answered for from it. Throws `verification_failed` by name. */
function segmentOf(file: SegmentFile, origin: string): Segment | null {
  const bytes = attempt(`${file.path} cannot be read`, () => readFileSync(file.path))
  const read = readSegment(bytes)
  if (read.status === 'empty') return null
  if (read.status === 'corrupted') {
    throw corrupted(file, `byte ${read.atByte}: ${read.sentence}`)
  }
  const { begin } = read.segment
  if (begin.origin !== origin || begin.generation !== file.generation) {
    throw corrupted(file, 'it is of another ledger than its folder or its name says')
  }
  return read.segment
}

/** As `chainOf`, of as few of the newest segments as tell where the chain ends. */
export function lastChain(files: readonly SegmentFile[], origin: string): Chain {
  for (let count = 1; count < files.length; count += 1) {
    const chain = chainOf(files.slice(-count), origin)
    if (!chain.isEmpty) return chain
  }
  return chainOf(files, origin)
}

/**
 * The decisions of these segments, which are of one generation, in order; of those up to `afterNumber`
 * only their places. What stands before the first segment may have been removed.
 */
export function chainOf(files: readonly SegmentFile[], origin: string, afterNumber = 0): Chain {
  let decisions: Decision[] = []
  const gaps: (readonly [number, number])[] = []
  let nextNumber = 0
  let baseHash: Uint8Array = NO_HASH
  let tornBytes = 0
  for (const file of files) {
    const segment = segmentOf(file, origin)
    if (segment === null) continue
    const first = segment.begin.first_number
    if (nextNumber === 0) baseHash = segment.link
    else if (first > nextNumber) gaps.push([nextNumber, first])
    else {
      decisions = decisions.filter(({ number }) => number < first)
      const before = decisions.at(-1)?.hash ?? baseHash
      if (!equalBytes(segment.link, before)) {
        throw corrupted(file, `it does not follow on decision ${first - 1}`)
      }
    }
    for (const decision of segment.decisions) {
      decisions.push(decision.number > afterNumber ? decision : { ...decision, change: {} })
    }
    nextNumber = first + segment.decisions.length
    tornBytes += segment.tornBytes
  }
  const lastHash = decisions.at(-1)?.hash ?? baseHash
  return {
    isEmpty: nextNumber === 0,
    decisions: decisions.filter(({ number }) => number > afterNumber),
    nextNumber: Math.max(1, nextNumber),
    lastHash,
    gaps,
    tornBytes,
  }
}

/** Removes segments that nothing was written to since; the newest one tells where the chain ends. */
export function removeOldSegments(files: readonly SegmentFile[], beforeMs: number): void {
  for (const { path } of files.slice(0, -1)) {
    if (statSync(path).mtimeMs < beforeMs) rmSync(path, { force: true })
  }
}

function corrupted({ path }: SegmentFile, sentence: string): AppError {
  return new AppError('verification_failed', `${path} is damaged: ${sentence}`, {
    fields: { path },
  })
}

function attempt<Result>(what: string, body: () => Result): Result {
  try {
    return body()
  } catch (error) {
    const sentence = `${what}: ${errorSentence(error)}`
    throw new AppError('second_journal_unavailable', sentence, { cause: error })
  }
}
