/**
 * `verify EXPORT`: walks the journal of a jsonl export with nothing but the file: every number, link
 * and hash. A cut-off end shows only against a head seen before (`--head SEQ:HASH`).
 */
import { open } from 'node:fs/promises'
import { AppError, errorSentence, parseJson } from '@yiben/shared'
import { z } from 'zod'
import { verifyEntries, WALK_START, type WalkState } from '../journal/verify.ts'
import type { EntrySeq, LedgerGeneration } from '../model/ids.ts'
import { ENTRY_KINDS, type JournalEntry } from '../model/ledger.ts'
import { type CommandResult, jsonText } from './command.ts'

const typeSchema = z.object({ type: z.string() })
const entrySchema = z.object({
  seq: z.number().int(),
  generation: z.number().int(),
  kind: z.enum(ENTRY_KINDS),
  at_ms: z.number().int(),
  canonical: z.string(),
  previous_hash: z.string().regex(/^[0-9a-f]{64}$/),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
})

export interface VerifyOptions {
  readonly file: string
  readonly head?: string
  readonly json: boolean
}

type Verdict =
  | { readonly status: 'verified'; readonly state: WalkState }
  | { readonly status: 'broken'; readonly atSeq: number; readonly fault: string }

export async function runVerify(options: VerifyOptions): Promise<CommandResult> {
  const head = options.head === undefined ? null : headOf(options.head)
  const verdict = await walk(options.file, head)
  const exitCode = verdict.status === 'verified' ? 0 : 1
  if (options.json) return { exitCode, stdout: jsonText(factsOf(verdict)) }
  const stdout =
    verdict.status === 'verified'
      ? `${verdict.state.seq} entries verified; the head is ${verdict.state.seq}:${verdict.state.hash}\n`
      : `the journal is broken at entry ${verdict.atSeq}: ${verdict.fault.replaceAll('_', ' ')}\n`
  return { exitCode, stdout }
}

async function walk(
  file: string,
  head: { readonly seq: number; readonly hash: string } | null,
): Promise<Verdict> {
  let state = WALK_START
  let seenHash: string | null = null
  const handle = await openFile(file)
  try {
    for await (const line of handle.readLines()) {
      const entry = entryOf(line)
      if (entry === 'other') continue
      if (entry === null) {
        return { status: 'broken', atSeq: state.seq + 1, fault: 'line_unreadable' }
      }
      const result = verifyEntries(state, [entry])
      if (result.status === 'broken') return result
      state = result.state
      if (state.seq === head?.seq) seenHash = state.hash
    }
  } finally {
    await handle.close()
  }
  if (state.seq === 0) return { status: 'broken', atSeq: 1, fault: 'no_entries' }
  if (head !== null && seenHash === null) {
    return { status: 'broken', atSeq: state.seq + 1, fault: 'end_cut_off' }
  }
  if (head !== null && seenHash !== head.hash) {
    return { status: 'broken', atSeq: head.seq, fault: 'head_differs' }
  }
  return { status: 'verified', state }
}

/** `null`: an entry that cannot be read. */
function entryOf(line: string): JournalEntry | 'other' | null {
  const value = parseJson(line)
  const typed = typeSchema.safeParse(value)
  if (!typed.success) return null
  if (typed.data.type !== 'journal_entry') return 'other'
  const parsed = entrySchema.safeParse(value)
  if (!parsed.success) return null
  const entry = parsed.data
  return {
    seq: entry.seq as EntrySeq,
    generation: entry.generation as LedgerGeneration,
    kind: entry.kind,
    atMs: entry.at_ms,
    bytes: Buffer.from(entry.canonical, 'utf8'),
    previousHash: entry.previous_hash,
    hash: entry.hash,
  }
}

async function openFile(file: string) {
  try {
    return await open(file, 'r')
  } catch (error) {
    const sentence = `${file} cannot be read: ${errorSentence(error)}`
    throw new AppError('disk_failed', sentence, { cause: error })
  }
}

function headOf(text: string): { readonly seq: number; readonly hash: string } {
  const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq === undefined || hash === undefined) {
    throw new AppError('usage_invalid', '--head must be SEQ:HASH, as `verify` prints it')
  }
  return { seq: Number(seq), hash }
}

function factsOf(verdict: Verdict) {
  return verdict.status === 'verified'
    ? { status: 'verified', seq: verdict.state.seq, hash: verdict.state.hash }
    : { status: 'broken', at_seq: verdict.atSeq, fault: verdict.fault }
}
