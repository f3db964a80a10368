/**
 * Verifies a jsonl export with nothing but its bytes and a public key: every entry from the first
 * on, the tree over them against the signed checkpoint, hours against their seals, a checkpoint and
 * a head seen before, and the signed hash over all lines. No database, no trust in who made it, and
 * of the journal only its documented format (SPEC.md). The first fault ends the walk, with its place.
 */
import { createHash } from 'node:crypto'
import { equalBytes } from '@yiben/shared'
import {
  type EntryFault,
  type EntryMark,
  type ToldEntry,
  verifyEntries,
  WALK_START,
  type WalkState,
} from './verify.ts'
import { readEntry } from './verify-entry.ts'
import { type LineOf, readExportLine } from './verify-export-lines.ts'
import { HourCheck, type HourFault } from './verify-hours.ts'
import { type RawLine, splitLines } from './verify-lines.ts'
import { checkSignature, cosignaturesIn, type VerifierKey } from './verify-note.ts'
import {
  type CheckpointFault,
  checkStatement,
  readSigned,
  type SignedCheckpoint,
  type TrustedKey,
} from './verify-signed.ts'
import { RootWalk, verifyConsistency } from './verify-tree.ts'

export interface ExportQuestion {
  /** The ledger's, from somewhere else than the export; `null`: no signature is checked. */
  readonly key: TrustedKey | null
  /** Whose cosignature must be there; `null`: they are only shown. */
  readonly witness: VerifierKey | null
  /** A checkpoint and an entry that were seen before. */
  readonly seen: string | null
  readonly head: EntryMark | null
}

export type ExportFault =
  | EntryFault
  | HourFault
  | CheckpointFault
  | 'line_too_long'
  | 'line_unended'
  | 'line_unreadable'
  | 'line_out_of_order'
  | 'line_after_end'
  | 'ledger_missing'
  | 'checkpoint_missing'
  | 'origin_differs'
  | 'opening_differs'
  | 'seal_unreadable'
  | 'entries_beyond_checkpoint'
  | 'root_differs'
  | 'proof_forged'
  | 'cosignature_missing'
  | 'cosignature_invalid'
  | 'seen_unreadable'
  | 'seen_not_signed'
  | 'seen_of_another_ledger'
  | 'seen_root_differs'
  | 'end_missing'
  | 'line_count_differs'
  | 'digest_differs'
  | 'export_not_signed'
  | 'export_signature_invalid'

export interface ExportFacts {
  readonly origin: string
  readonly generation: number
  /** The last entry, and how many there are: they are numbered from 1. */
  readonly head: EntryMark
  /** Hex; of the tree over all of them. */
  readonly root: string
  readonly isSignatureChecked: boolean
  readonly cosignatures: readonly {
    readonly name: string
    readonly keyId: string
    readonly seconds: number
    readonly size: number
    readonly isChecked: boolean
  }[]
  /** Hours whose buckets are the ones sealed, and such that no entry speaks of yet. */
  readonly hoursProven: number
  readonly hoursUnproven: number
  readonly lines: number
}

export type ExportVerdict =
  | { readonly status: 'verified'; readonly facts: ExportFacts }
  | {
      readonly status: 'broken'
      readonly fault: ExportFault
      /** Line of the file; one past its end where something is missing there. */
      readonly line: number
      /** Number of the entry the walk had come to. */
      readonly atSeq: number
      readonly hourMs: number | null
    }

export async function verifyExport(
  chunks: AsyncIterable<Uint8Array>,
  question: ExportQuestion,
): Promise<ExportVerdict> {
  const walk = new ExportWalk(question)
  for await (const line of splitLines(chunks)) {
    const fault = walk.take(line)
    if (fault !== null) return walk.broken(fault, line.number)
  }
  return walk.verdict()
}

/** Kinds that say something of the rest of an export. */
const SPEAKING_KINDS: readonly string[] = ['ledger_opened', 'hour_sealed', 'hour_corrected']

interface ExpectedRoot {
  readonly root: Uint8Array
  readonly fault: 'root_differs' | 'seen_root_differs'
}

class ExportWalk {
  readonly #question: ExportQuestion
  readonly #digest = createHash('sha256')
  readonly #hours = new HourCheck()
  readonly #checkpoints: SignedCheckpoint[] = []
  /** By number of entries. */
  readonly #expected = new Map<number, ExpectedRoot[]>()
  #ledger: LineOf<'ledger'> | null = null
  #roots: RootWalk | null = null
  #algorithm = 0
  #state: WalkState = WALK_START
  #lines = 0
  #isEnded = false
  #hourMs: number | null = null
  #hourCounts = { proven: 0, unproven: 0 }

  constructor(question: ExportQuestion) {
    this.#question = question
  }

  take(raw: RawLine): ExportFault | null {
    if (raw.form === 'too_long') return 'line_too_long'
    if (this.#isEnded) return 'line_after_end'
    if (raw.form === 'unended') return 'line_unended'
    const line = readExportLine(raw.bytes)
    if (line === null) return 'line_unreadable'
    if (this.#ledger === null && line.type !== 'ledger') return 'ledger_missing'
    if (line.type === 'end') return this.#end(line)
    this.#lines += 1
    this.#digest.update(raw.bytes).update('\n')
    switch (line.type) {
      case 'ledger':
        return this.#begin(line)
      case 'checkpoint':
        return this.#checkpoint(line)
      case 'consistency_proof':
        return this.#proof(line)
      case 'bucket':
        return this.#hours.addBucket(toldBucket(line))
      case 'journal_entry':
        return this.#entry(line)
      default:
        return null
    }
  }

  broken(fault: ExportFault, line: number): ExportVerdict {
    return { status: 'broken', fault, line, atSeq: this.#state.seq + 1, hourMs: this.#hourMs }
  }

  verdict(): ExportVerdict {
    // What is missing is named before the missing end: the walk was over all there is.
    const fault = this.#isEnded ? null : (this.#finish() ?? 'end_missing')
    if (fault !== null) return this.broken(fault, this.#lines + 1)
    return { status: 'verified', facts: this.#facts() }
  }

  #begin(line: LineOf<'ledger'>): ExportFault | null {
    if (this.#ledger !== null) return 'line_out_of_order'
    this.#ledger = line
    return null
  }

  /** The newest comes first; others are over fewer entries. */
  #checkpoint(line: LineOf<'checkpoint'>): ExportFault | null {
    const { key } = this.#question
    if (this.#state.seq > 0) return 'line_out_of_order'
    if (key !== null && key.algorithm !== line.algorithm) return 'checkpoint_not_signed'
    const signed = readSigned(line.note, key)
    if (typeof signed === 'string') return signed
    const { ledger, generation } = signed.origin
    if (ledger !== this.#ledger?.origin || generation !== this.#ledger.generation) {
      return 'origin_differs'
    }
    const [newest] = this.#checkpoints
    if (newest !== undefined && newest.checkpoint.size < signed.checkpoint.size) {
      return 'line_out_of_order'
    }
    this.#checkpoints.push(signed)
    this.#expect(signed, 'root_differs')
    if (newest !== undefined) return null
    this.#algorithm = line.algorithm
    return this.#expectSeen(signed)
  }

  #expect({ checkpoint }: SignedCheckpoint, fault: ExpectedRoot['fault']): void {
    const { size, root } = checkpoint
    this.#expected.set(size, [...(this.#expected.get(size) ?? []), { root, fault }])
  }

  #expectSeen(newest: SignedCheckpoint): ExportFault | null {
    const { key, seen } = this.#question
    if (seen === null) return null
    // Another generation signs under another name.
    const bare = key === null ? null : { algorithm: key.algorithm, publicKey: key.publicKey }
    const signed = readSigned(seen, bare)
    if (signed === 'checkpoint_unreadable') return 'seen_unreadable'
    if (typeof signed === 'string') return 'seen_not_signed'
    const { ledger, generation } = signed.origin
    if (ledger !== newest.origin.ledger || generation > newest.origin.generation) {
      return 'seen_of_another_ledger'
    }
    this.#expect(signed, 'seen_root_differs')
    return null
  }

  /** That the newest checkpoint goes on from the one told before this line. */
  #proof({ from, to, proof }: LineOf<'consistency_proof'>): ExportFault | null {
    const newer = this.#checkpoints[0]?.checkpoint
    const older = this.#checkpoints.at(-1)?.checkpoint
    if (newer === undefined || older?.size !== from || newer.size !== to) {
      return 'line_out_of_order'
    }
    const isProven = verifyConsistency({
      algorithm: this.#algorithm,
      from,
      to,
      fromRoot: older.root,
      toRoot: newer.root,
      proof: proof.map((hash) => Buffer.from(hash, 'hex')),
    })
    return isProven ? null : 'proof_forged'
  }

  #entry(line: LineOf<'journal_entry'>): ExportFault | null {
    const [newest] = this.#checkpoints
    if (newest === undefined) return 'checkpoint_missing'
    const bytes = Buffer.from(line.canonical, 'utf8')
    const { seq, generation, kind, at_ms: atMs, previous_hash: previousHash, hash } = line
    const entry = { seq, generation, kind, atMs, bytes, previousHash, hash }
    const walked = verifyEntries(this.#state, [entry])
    if (walked.status === 'broken') return walked.fault
    if (seq > newest.checkpoint.size) return 'entries_beyond_checkpoint'
    const fault = this.#said(newest, entry)
    if (fault !== null) return fault
    this.#roots ??= new RootWalk(this.#algorithm)
    this.#roots.addLeaf(bytes)
    const rootFault = this.#rootFault(this.#roots)
    if (rootFault !== null) return rootFault
    if (seq === this.#question.head?.seq && hash !== this.#question.head.hash) {
      return 'head_differs'
    }
    this.#state = walked.state
    return null
  }

  #rootFault(roots: RootWalk): ExportFault | null {
    const expected = this.#expected.get(roots.leafCount) ?? []
    this.#expected.delete(roots.leafCount)
    return expected.find(({ root }) => !equalBytes(root, roots.root()))?.fault ?? null
  }

  /** What an entry says that something else in the export must agree with. */
  #said(
    newest: SignedCheckpoint,
    { kind, generation, atMs, bytes }: ToldEntry,
  ): ExportFault | null {
    if (!SPEAKING_KINDS.includes(kind)) return null
    const payload = readEntry(bytes)?.payload ?? {}
    if (kind === 'ledger_opened') {
      return isOpening(payload, newest.origin.ledger, generation) ? null : 'opening_differs'
    }
    const { hour_ms: hourMs, version, root } = payload
    if (typeof hourMs !== 'number' || typeof version !== 'number') return 'seal_unreadable'
    if (typeof root !== 'string' || this.#ledger === null) return 'seal_unreadable'
    const { from, to, known_at: knownAtMs } = this.#ledger
    const isTold = hourMs >= from && hourMs < to && atMs <= knownAtMs
    if (isTold) this.#hours.addSeal({ hourMs, version, root })
    return null
  }

  #end(line: LineOf<'end'>): ExportFault | null {
    const fault = this.#finish()
    if (fault !== null) return fault
    const sha256 = this.#digest.digest('hex')
    if (line.lines !== this.#lines) return 'line_count_differs'
    if (line.sha256 !== sha256) return 'digest_differs'
    this.#isEnded = true
    const origin = this.#checkpoints[0]?.checkpoint.origin ?? ''
    return checkStatement(line.note, { origin, lines: this.#lines, sha256 }, this.#question.key)
  }

  /** Whether everything that was announced has come. */
  #finish(): ExportFault | null {
    const [newest] = this.#checkpoints
    const { head } = this.#question
    if (newest === undefined) return 'checkpoint_missing'
    if (this.#state.seq < newest.checkpoint.size || this.#expected.size > 0) return 'end_cut_off'
    if (head !== null && head.seq > this.#state.seq) return 'end_cut_off'
    if (this.#state.generation !== newest.origin.generation) return 'origin_differs'
    const hours = this.#hours.finish()
    if (hours.status === 'broken') {
      this.#hourMs = hours.hourMs
      return hours.fault
    }
    this.#hourCounts = hours
    return this.#witnessFault()
  }

  #witnessFault(): ExportFault | null {
    const { witness } = this.#question
    if (witness === null) return null
    const found = this.#checkpoints.map(({ note }) => checkSignature(note, witness))
    if (found.includes('invalid')) return 'cosignature_invalid'
    return found.includes('valid') ? null : 'cosignature_missing'
  }

  #facts(): ExportFacts {
    const [newest] = this.#checkpoints
    const { key, witness } = this.#question
    return {
      origin: newest?.checkpoint.origin ?? '',
      generation: this.#state.generation,
      head: { seq: this.#state.seq, hash: this.#state.hash },
      root: Buffer.from(newest?.checkpoint.root ?? []).toString('hex'),
      isSignatureChecked: key !== null,
      cosignatures: this.#checkpoints.flatMap(({ note, checkpoint }) =>
        cosignaturesIn(note).map((line) => ({
          ...line,
          size: checkpoint.size,
          isChecked: line.name === witness?.name && line.keyId === witness.keyId,
        })),
      ),
      hoursProven: this.#hourCounts.proven,
      hoursUnproven: this.#hourCounts.unproven,
      lines: this.#lines + 1,
    }
  }
}

/** From the second generation on it names what was signed last in one before. */
function isOpening(
  payload: Readonly<Record<string, unknown>>,
  ledger: string,
  generation: number,
): boolean {
  if (payload.origin !== ledger || payload.generation !== generation) return false
  const { previous_checkpoint: previous } = payload
  if (generation === 1) return previous === undefined
  const signed = typeof previous === 'string' ? readSigned(previous, null) : 'absent'
  if (typeof signed === 'string') return false
  return signed.origin.ledger === ledger && signed.origin.generation < generation
}

function toldBucket(line: LineOf<'bucket'>) {
  return {
    hourMs: line.hour,
    version: line.version,
    siteCode: line.site_code,
    ownerCode: line.owner_code,
    vendor: line.vendor,
    printedName: line.printed_name,
    memoryTotalMib: line.memory_total_mib,
    powerCapWatts: line.power_cap_watts,
    cards: line.cards,
    figures: line.figures,
  }
}
