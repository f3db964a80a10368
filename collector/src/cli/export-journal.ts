/**
 * The journal's part of an export: everything that was decided by now is numbered and signed, the
 * checkpoint stands before the entries it is over, and the last line signs the bytes of all others.
 *
 * In a folder without the collector's key, or where signing is refused, the export is made with the
 * last checkpoint there is and without a signature of its own: it holds the data, and does not verify.
 */
import { createHash } from 'node:crypto'
import { ALGORITHM_ED25519, type KeyPair, silentLogger } from '@yiben/shared'
import { checkpointFile } from '../checkpoint-file.ts'
import { readIdentity } from '../identity-file.ts'
import { ledgerSigner, logOrigin } from '../journal/checkpoint.ts'
import { shownCheckpoints } from '../journal/cosigning.ts'
import { Notary } from '../journal/notary.ts'
import type { NoteSigner } from '../journal/note.ts'
import { consistencySpans, readProof } from '../journal/proof.ts'
import { Sequencer } from '../journal/sequencer.ts'
import { exportStatement } from '../journal/statement.ts'
import type { TreeState } from '../model/journal-tree.ts'
import type { JournalEntry } from '../model/ledger.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import type { CommandContext } from './command.ts'
import { line } from './export-line.ts'

const PAGE_ENTRIES = 500

export interface JournalPart {
  readonly origin: string
  /** Lines: the newest checkpoint, and one that a witness has signed, with what leads to the newest. */
  readonly checkpoints: readonly string[]
  /** Lines: every entry under the newest checkpoint, from the first on. */
  readonly entries: () => AsyncGenerator<string>
  /** `null`: nobody signs this export. */
  readonly signer: NoteSigner | null
  /** For people: why it will not verify. */
  readonly note: string | null
}

export async function openJournal(store: Store, context: CommandContext): Promise<JournalPart> {
  const ledger = await store.ledgerState()
  const identity = readIdentity(context.config.dataDir)
  const refusal =
    identity === null
      ? 'there is no identity.key beside the ledger: what is exported is not signed'
      : await settle(store, context, ledger, identity)
  const tree = { algorithm: identity?.algorithm ?? ALGORITHM_ED25519, origin: logOrigin(ledger) }
  const state = await store.treeState(tree)
  return {
    origin: tree.origin,
    checkpoints: await checkpointLines(store, tree.algorithm, state),
    entries: () => entryLines(store, state.checkpoint?.size ?? null),
    signer: identity === null || refusal !== null ? null : ledgerSigner(ledger, identity),
    note: refusal === null ? null : `this export will not verify: ${refusal}\n`,
  }
}

/** Passes the lines on and ends them with their number, their hash, and who says so. */
export async function* withEnd(
  lines: AsyncIterable<string>,
  { origin, signer }: JournalPart,
): AsyncGenerator<string> {
  const digest = createHash('sha256')
  let count = 0
  for await (const text of lines) {
    digest.update(text, 'utf8')
    count += 1
    yield text
  }
  const sha256 = digest.digest('hex')
  const note = signer?.sign(exportStatement({ origin, lines: count, sha256 })) ?? null
  yield line('end', { lines: count, sha256, note })
}

/** Numbers and signs what there is; answers why nothing could be signed, or `null`. */
async function settle(
  store: Store,
  { config, world }: CommandContext,
  ledger: LedgerState,
  identity: KeyPair,
): Promise<string | null> {
  const common = { store, clock: world.clock, logger: silentLogger }
  await new Sequencer(common).drain()
  const memory = checkpointFile(config.dataDir)
  const notary = new Notary({ ...common, ledger, identity, memory })
  await notary.drain()
  return notary.refusal?.sentence ?? null
}

async function checkpointLines(
  store: Store,
  algorithm: number,
  state: TreeState,
): Promise<readonly string[]> {
  const { newest, cosigned } = shownCheckpoints(state)
  if (newest === null || state.checkpoint === null) return []
  const first = line('checkpoint', { algorithm, note: newest })
  const older = state.cosignatures[0]
  if (cosigned === null || older === undefined || cosigned === newest) return [first]
  const { size } = state.checkpoint
  const proof = await readProof(store, algorithm, consistencySpans(older.size, size))
  return [
    first,
    line('checkpoint', { algorithm, note: cosigned }),
    line('consistency_proof', {
      from: older.size,
      to: size,
      proof: proof.map((hash) => Buffer.from(hash).toString('hex')),
    }),
  ]
}

/** From the first entry on: a chain that begins in the middle proves nothing. */
async function* entryLines(store: Store, lastSeq: number | null): AsyncGenerator<string> {
  let seq = 0
  for (;;) {
    const limit = lastSeq === null ? PAGE_ENTRIES : Math.min(PAGE_ENTRIES, lastSeq - seq)
    const entries = limit === 0 ? [] : await store.readJournal(seq, limit)
    for (const entry of entries) yield entryLine(entry)
    const last = entries.at(-1)
    if (last === undefined) return
    seq = last.seq
  }
}

function entryLine(entry: JournalEntry): string {
  return line('journal_entry', {
    seq: entry.seq,
    generation: entry.generation,
    kind: entry.kind,
    at_ms: entry.atMs,
    canonical: Buffer.from(entry.bytes).toString('utf8'),
    previous_hash: entry.previousHash,
    hash: entry.hash,
  })
}
