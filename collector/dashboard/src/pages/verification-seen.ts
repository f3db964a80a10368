/**
 * What this browser saw of a journal last, and whether today's checkpoint goes on from it. A ledger
 * that shows one person another past than before is found out here, without any other witness.
 */
import type { CheckpointNote } from './verification-note.ts'
import { checkConsistency } from './verification-proof.ts'

const KEPT_AS = 'yiben.seen'

export interface Growth {
  readonly status: 'first' | 'same' | 'consistent' | 'inconsistent' | 'older' | 'failed'
  /** Entries under what was seen last. */
  readonly from: number
  readonly detail: string
}

interface Seen {
  readonly size: number
  readonly root: string
}

/** Where what was seen is kept: the browser's own storage. */
export interface Memory {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

/** Remembers the newer checkpoint only where it goes on from the older one. */
export async function growthSince(
  note: CheckpointNote,
  memory: Memory,
  proofOf: (from: number, to: number) => Promise<readonly string[]>,
): Promise<Growth> {
  const { root, size } = note
  const key = `${KEPT_AS}.${ledgerOf(note.origin)}`
  const seen = readSeen(memory.getItem(key))
  const remember = () => memory.setItem(key, JSON.stringify({ size, root }))
  if (seen === null) {
    remember()
    return { status: 'first', from: size, detail: '' }
  }
  const from = seen.size
  if (from === size) {
    return { status: seen.root === root ? 'same' : 'inconsistent', from, detail: '' }
  }
  if (from > size) return { status: 'older', from, detail: '' }
  try {
    const proof = await proofOf(from, size)
    const claim = { from, to: size, fromRoot: seen.root, toRoot: root, proof }
    if (!(await checkConsistency(claim))) return { status: 'inconsistent', from, detail: '' }
    remember()
    return { status: 'consistent', from, detail: '' }
  } catch (error) {
    return { status: 'failed', from, detail: error instanceof Error ? error.message : '' }
  }
}

/** Without the generation: the tree goes on over all lives of a ledger. */
function ledgerOf(origin: string): string {
  return origin.split('/').slice(0, 2).join('/')
}

function readSeen(text: string | null): Seen | null {
  try {
    const seen: unknown = text === null ? null : JSON.parse(text)
    if (typeof seen !== 'object' || seen === null) return null
    if (!('size' in seen) || !('root' in seen)) return null
    const { root, size } = seen
    const isRight = Number.isSafeInteger(size) && typeof size === 'number' && size > 0
    return isRight && typeof root === 'string' ? { root, size } : null
  } catch {
    // Somebody else wrote there: as if nothing had been seen.
    return null
  }
}
