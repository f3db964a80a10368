/**
 * Grows the tree over the journal and signs checkpoints of it: when it has grown, at most one per
 * interval, never two roots for one size (J7).
 *
 * What is signed is remembered outside the database before anybody can see it, and compared before
 * the next is signed: a ledger put back from an older copy, or one whose entries are not what was
 * signed, signs nothing any more and says why. Numbering entries never waits for it. Killed anywhere
 * it repeats: entries are durable before the tree has them, and a remembered checkpoint that did not
 * reach the database is signed again over the same entries.
 */
import { assert, type Clock, equalBytes, type KeyPair, type Logger, Rounds } from '@yiben/shared'
import type { TreeState } from '../model/journal-tree.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { checkpointText, ledgerSigner } from './checkpoint.ts'
import type { NoteSigner } from './note.ts'
import { readRoot } from './proof.ts'
import { CompactRange, completeSubtrees, leafHash } from './tree.ts'
import { verifyEntries, WALK_START, type WalkState } from './verify.ts'
import { parseCheckpoint, parseOrigin } from './verify-checkpoint.ts'
import { checkSignature, parseNote, parseVerifierKey, type VerifierKey } from './verify-note.ts'

/** Entries per transaction: a long journal that has no tree yet is caught up with in pieces. */
const BATCH_ENTRIES_MAX = 500
const DEFAULT_INTERVAL_MS = 10_000

/** Where the last signed checkpoint is kept beside the database, so that both are not put back. */
export interface CheckpointMemory {
  read(): string | null
  /** Durable when it returns. */
  remember(note: string): void
}

/** Why nothing is signed; in the order of the checks. */
export type NotaryRefusal =
  | 'entries_broken'
  | 'memory_unreadable'
  | 'other_ledger'
  | 'key_changed'
  | 'behind'
  | 'forked'

const SENTENCES: Readonly<Record<NotaryRefusal, string>> = {
  entries_broken: 'an entry of the journal is not what was numbered',
  memory_unreadable: 'the checkpoint that was remembered cannot be read',
  other_ledger: 'the checkpoint that was remembered is of another ledger',
  key_changed: 'the checkpoint that was remembered was signed with another key',
  behind: 'the ledger holds less than was signed: it is an older copy; put the newer one back',
  forked: 'the ledger holds other entries than were signed',
}

export type NotaryStore = Pick<Store, 'readJournal' | 'treeState' | 'readTreeNodes' | 'extendTree'>

export interface NotaryOptions {
  readonly store: NotaryStore
  readonly clock: Clock
  readonly logger: Logger
  readonly ledger: Pick<LedgerState, 'origin' | 'generation'>
  readonly identity: KeyPair
  readonly memory: CheckpointMemory
  readonly intervalMs?: number
}

export class Notary {
  readonly #options: NotaryOptions
  readonly #logger: Logger
  readonly #signer: NoteSigner
  readonly #ownKey: VerifierKey
  readonly #rounds: Rounds
  #walk: WalkState = WALK_START
  #refusal: NotaryRefusal | null = null
  #signedSize = 0
  #signedAtMs: number | null = null

  constructor(options: NotaryOptions) {
    this.#options = options
    this.#logger = options.logger.child({ component: 'notary' })
    this.#signer = ledgerSigner(options.ledger, options.identity)
    const ownKey = parseVerifierKey(this.#signer.verifierKey)
    assert(ownKey !== null, 'what we sign can be verified')
    this.#ownKey = ownKey
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: options.intervalMs ?? DEFAULT_INTERVAL_MS,
      round: () => this.#round(),
      onFailure: (error) => this.#logger.error({ err: error }, 'no checkpoint could be signed'),
    })
  }

  /** Until `stop`; rejects with a bug. */
  run(): Promise<void> {
    return this.#rounds.run()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** Catches up with the journal and signs it as it is now, unless there is a reason not to. */
  async drain(): Promise<void> {
    while (await this.#rounds.once()) {
      // Each round takes a batch of entries into the tree.
    }
  }

  /** Entries under the last checkpoint seen in the store; 0 before a first one. */
  get signedSize(): number {
    return this.#signedSize
  }

  /** When that was signed; `null` before a first one. */
  get signedAtMs(): number | null {
    return this.#signedAtMs
  }

  /** Not `null` while nothing is signed, and a sentence for a person. */
  get refusal(): { readonly reason: NotaryRefusal; readonly sentence: string } | null {
    const reason = this.#refusal
    return reason === null ? null : { reason, sentence: SENTENCES[reason] }
  }

  /** True when the journal may hold more. */
  async #round(): Promise<boolean> {
    const { store } = this.#options
    const state = await store.treeState(this.#treeName)
    this.#signedSize = state.checkpoint?.size ?? 0
    this.#signedAtMs = state.checkpoint?.signedAtMs ?? null
    const grown = await this.#grow(state.size)
    if (grown === 'broken') return this.#refuse('entries_broken')
    if (grown === 'more') return true
    const refusal = await this.#refusalOf(state, grown)
    if (refusal !== null) return this.#refuse(refusal)
    if (this.#refusal !== null) this.#logger.info({}, 'checkpoints are signed again')
    this.#refusal = null
    if (grown <= this.#signedSize) return this.#catchUp(state)
    return (await this.#sign(grown)) === 'stale'
  }

  get #treeName() {
    return { algorithm: this.#signer.algorithm, origin: this.#signer.name }
  }

  /** The tree's size once it holds the whole journal; `more`: not yet. */
  async #grow(size: number): Promise<number | 'more' | 'broken'> {
    const { store } = this.#options
    const { algorithm, origin } = this.#treeName
    const from = await this.#walkTo(size)
    if (from === null) return this.#broken(size, 'differs_from_tree')
    const entries = await store.readJournal(size, BATCH_ENTRIES_MAX)
    if (entries.length === 0) return size
    const walked = verifyEntries(from, entries)
    if (walked.status === 'broken') return this.#broken(walked.atSeq, walked.fault)
    const subtrees = await store.readTreeNodes(algorithm, completeSubtrees(0, size))
    const range = new CompactRange(algorithm, size, subtrees)
    const nodes = entries.flatMap(({ bytes }) => range.append(leafHash(algorithm, bytes)))
    const extension = { algorithm, origin, expectedSize: size, size: range.size, nodes }
    const { status } = await store.extendTree({ ...extension, checkpoint: null })
    // Somebody else has grown it: the next round reads where it stands.
    if (status === 'stale') return 'more'
    this.#walk = walked.state
    return entries.length === BATCH_ENTRIES_MAX ? 'more' : range.size
  }

  /** Where the chain of entries stands after entry `size`; `null` where the tree has another. */
  async #walkTo(size: number): Promise<WalkState | null> {
    if (this.#walk.seq === size) return this.#walk
    const { store } = this.#options
    const { algorithm } = this.#signer
    const [entry] = await store.readJournal(size - 1, 1)
    if (entry?.seq !== size) return null
    const [leaf] = await store.readTreeNodes(algorithm, [{ level: 0, position: size - 1 }])
    if (leaf === undefined || !equalBytes(leaf, leafHash(algorithm, entry.bytes))) return null
    this.#walk = { seq: entry.seq, hash: entry.hash, generation: entry.generation }
    return this.#walk
  }

  #broken(seq: number, fault: string): 'broken' {
    if (this.#refusal === null) this.#logger.error({ seq, fault }, 'the journal does not verify')
    return 'broken'
  }

  async #refusalOf(state: TreeState, size: number): Promise<NotaryRefusal | null> {
    for (const note of [this.#options.memory.read(), state.checkpoint?.note ?? null]) {
      const refusal = note === null ? null : await this.#judge(note, size)
      if (refusal !== null) return refusal
    }
    return null
  }

  /** Whether what was signed before is part of the tree of `size` entries. */
  async #judge(note: string, size: number): Promise<NotaryRefusal | null> {
    const { ledger, store } = this.#options
    const parsed = parseNote(note)
    const checkpoint = parsed === null ? null : parseCheckpoint(parsed.text)
    const origin = checkpoint === null ? null : parseOrigin(checkpoint.origin)
    if (parsed === null || checkpoint === null || origin === null) return 'memory_unreadable'
    if (origin.ledger !== ledger.origin) return 'other_ledger'
    // A restore begins a new log, whose first entry names what was signed in the one before.
    if (origin.generation < ledger.generation) return null
    if (origin.generation > ledger.generation) return 'behind'
    if (checkSignature(parsed, this.#ownKey) !== 'valid') return 'key_changed'
    if (checkpoint.size > size) return 'behind'
    const root = await readRoot(store, this.#signer.algorithm, checkpoint.size)
    return equalBytes(root, checkpoint.root) ? null : 'forked'
  }

  /** A memory that was lost, or that another process has left behind, takes what the store has. */
  #catchUp({ checkpoint }: TreeState): false {
    const { memory } = this.#options
    const note = parseNote(memory.read() ?? '')
    const remembered = note === null ? null : parseCheckpoint(note.text)
    const size = remembered?.origin === this.#signer.name ? remembered.size : 0
    if (checkpoint !== null && checkpoint.size > size) memory.remember(checkpoint.note)
    return false
  }

  #refuse(reason: NotaryRefusal): false {
    if (this.#refusal !== reason) {
      const fields = { reason, sentence: SENTENCES[reason] }
      this.#logger.error(fields, 'checkpoints are signed no more')
    }
    this.#refusal = reason
    return false
  }

  /** Stale: another process has grown or signed the tree meanwhile; it is looked at anew. */
  async #sign(size: number): Promise<'extended' | 'stale'> {
    const { clock, memory, store } = this.#options
    const root = await readRoot(store, this.#signer.algorithm, size)
    const note = this.#signer.sign(checkpointText({ origin: this.#signer.name, size, root }))
    memory.remember(note)
    const checkpoint = {
      size,
      root: Buffer.from(root).toString('hex'),
      note,
      signedAtMs: clock.wallMs(),
    }
    const grown = { ...this.#treeName, expectedSize: size, size, nodes: [] }
    const { status } = await store.extendTree({ ...grown, checkpoint })
    if (status === 'extended') {
      this.#signedSize = size
      this.#signedAtMs = checkpoint.signedAtMs
    }
    this.#logger.debug({ size, root: checkpoint.root, status }, 'a checkpoint is signed')
    return status
  }
}
