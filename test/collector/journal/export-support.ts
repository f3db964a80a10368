/** A real export of a ledger that was lived through, as lines that a test can spoil. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  ALGORITHM_ED25519,
  type KeyPair,
  keyPairFromSeed,
  type Network,
  silentLogger,
} from '@yiben/shared'
import { runExport } from '../../../collector/src/cli/export.ts'
import { loadConfig } from '../../../collector/src/config.ts'
import { checkpointText } from '../../../collector/src/journal/checkpoint.ts'
import { numberEntry } from '../../../collector/src/journal/entry.ts'
import { GENESIS_HASH } from '../../../collector/src/journal/format.ts'
import { noteSigner } from '../../../collector/src/journal/note.ts'
import { Sequencer } from '../../../collector/src/journal/sequencer.ts'
import { exportStatement } from '../../../collector/src/journal/statement.ts'
import {
  type ExportQuestion,
  type ExportVerdict,
  verifyExport,
} from '../../../collector/src/journal/verify-export.ts'
import { RootWalk } from '../../../collector/src/journal/verify-tree.ts'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import type { EntryKind, JsonObject } from '../../../collector/src/model/ledger.ts'
import { FakeRandom } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { HOUR, type LedgerRig, START_MS } from '../bank/ledger-rig.ts'

export const IDENTITY = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(7))
export const THIEF = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(66))
const NETWORK: Network = { dial: () => Promise.reject(new Error('an export dials nobody')) }

export const NOTHING_ASKED: ExportQuestion = { key: null, witness: null, seen: null, head: null }
export const WITH_KEY: ExportQuestion = { ...NOTHING_ASKED, key: bare(IDENTITY) }

export function bare({ algorithm, publicKey }: KeyPair) {
  return { algorithm, publicKey }
}

/** A folder that holds a copy of the ledger, and the key with that seed. */
export async function folderOf(
  rig: LedgerRig,
  options: { readonly folder?: string; algorithm?: number; seed?: number | null } = {},
): Promise<string> {
  const { folder = tempDir(), algorithm = ALGORITHM_ED25519, seed = 7 } = options
  const { store, clock } = rig
  await new Sequencer({ store, clock, logger: silentLogger }).drain()
  await store.backup(join(folder, 'ledger.sqlite'))
  if (seed !== null) writeIdentity(folder, algorithm, seed)
  return folder
}

export function writeIdentity(folder: string, algorithm: number, seed: number): void {
  const key = { algorithm, seed: Buffer.alloc(32, seed).toString('hex') }
  writeFileSync(join(folder, 'identity.key'), JSON.stringify(key), { mode: 0o600 })
}

export async function exportOf(folder: string, rig: LedgerRig) {
  const written: string[] = []
  const note = await runExport(
    {
      config: loadConfig({ file: null, env: {}, flags: { data_dir: folder } }),
      world: { clock: rig.clock, random: new FakeRandom(5), network: NETWORK },
      json: false,
    },
    {
      format: 'jsonl',
      from: new Date(START_MS).toISOString(),
      to: new Date(START_MS + 4 * HOUR).toISOString(),
    },
    async (part) => void written.push(String(part)),
  )
  return { lines: written.join('').trimEnd().split('\n'), note }
}

export function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

export function verifyText(
  text: string | Uint8Array,
  question: ExportQuestion = WITH_KEY,
): Promise<ExportVerdict> {
  return verifyExport(chunksOf(Buffer.from(text)), question)
}

/** In pieces that end anywhere, as a file is read. */
async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 10_007) yield bytes.subarray(from, from + 10_007)
}

// biome-ignore lint/suspicious/noExplicitAny: lines are what a test spoils
export type Fields = any

export function isEntry(text: string): boolean {
  return text.startsWith('{"type":"journal_entry"')
}

export function changed(text: string, change: (fields: Fields) => object): string {
  const fields: Fields = JSON.parse(text)
  return JSON.stringify({ ...fields, ...change(fields) })
}

/** What somebody writes who knows the format and has a key, but not the ledger's. */
export class Forger {
  readonly #keys: KeyPair

  constructor(keys: KeyPair) {
    this.#keys = keys
  }

  /** Every entry numbered, linked and hashed anew, the checkpoint and the end signed anew. */
  rewritten(
    lines: readonly string[],
    alter: (entry: Fields, seq: number) => Fields,
    generation = 1,
  ): string[] {
    let head = { seq: 0, hash: GENESIS_HASH }
    const entries = lines.map((text) => {
      if (!isEntry(text)) return text
      const told: Fields = JSON.parse(text)
      const { payload } = JSON.parse(told.canonical)
      const entry = alter({ kind: told.kind, atMs: told.at_ms, payload }, head.seq + 1)
      const next = numberEntry(head, generation as LedgerGeneration, {
        kind: entry.kind as EntryKind,
        atMs: entry.atMs,
        payload: entry.payload as JsonObject,
      })
      head = next
      return changed(text, () => ({
        seq: next.seq,
        generation,
        kind: next.kind,
        at_ms: next.atMs,
        canonical: Buffer.from(next.bytes).toString('utf8'),
        previous_hash: next.previousHash,
        hash: next.hash,
      }))
    })
    return this.ended(this.checkpointed(entries))
  }

  /** The checkpoint over what entries there are, under the name it had. */
  checkpointed(lines: readonly string[]): string[] {
    const walk = new RootWalk(ALGORITHM_ED25519)
    for (const text of lines.filter(isEntry)) {
      walk.addLeaf(Buffer.from(JSON.parse(text).canonical, 'utf8'))
    }
    return lines.map((text) =>
      text.startsWith('{"type":"checkpoint"')
        ? changed(text, ({ note }) => ({ note: this.checkpoint(note, walk) }))
        : text,
    )
  }

  checkpoint(note: string, walk: RootWalk): string {
    const [origin = ''] = note.split('\n')
    const text = checkpointText({ origin, size: walk.leafCount, root: walk.root() })
    return noteSigner(origin, this.#keys).sign(text)
  }

  /** The last line for whatever stands before it. */
  ended(lines: readonly string[]): string[] {
    const before = lines.filter((text) => !text.startsWith('{"type":"end"'))
    const { note }: Fields = JSON.parse(lines.find((text) => text.includes('"checkpoint"')) ?? '{}')
    const [origin = ''] = String(note).split('\n')
    const sha256 = createHash('sha256').update(textOf(before)).digest('hex')
    const statement = exportStatement({ origin, lines: before.length, sha256 })
    const signed = noteSigner(origin, this.#keys).sign(statement)
    const end = { type: 'end', lines: before.length, sha256, note: signed }
    return [...before, JSON.stringify(end)]
  }
}
