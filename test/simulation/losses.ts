/**
 * Losses of the collector's ledger: a backup of some time ago takes its place. What nodes had been
 * told was taken must be booked again at the end, from their spools; where a spool no longer keeps
 * it, the time is unknown and never something else.
 */
import { join } from 'node:path'
import { ALGORITHM_ED25519 } from '@yiben/shared'
import { RootWalk } from '../../collector/src/journal/verify-tree.ts'
import { type AuditorSave, knownRuns, type PlainRun, textOfRun } from './auditor.ts'
import { isForger } from './forger.ts'
import type { SimNode } from './node.ts'
import type { SimWorld } from './world.ts'

const JOURNAL_PAGE = 1_000

export interface Backup {
  readonly path: string
  readonly atMs: number
  readonly books: AuditorSave
  readonly generation: number
  /** Entries of its journal. */
  readonly entries: number
  readonly spoolLives: ReadonlyMap<SimNode, number>
}

/** What stood in the ledger that was lost. */
export interface Loss {
  readonly backup: Backup
  readonly generationBefore: number
  readonly generation: number
  readonly runs: ReadonlyMap<string, ReadonlyMap<string, readonly PlainRun[]>>
}

/** What has been committed until now is booked by the auditor, and kept beside the copy. */
export async function takeBackup(world: SimWorld): Promise<Backup> {
  const path = join(world.folder, `backup-${world.nowMs}.sqlite`)
  bookCommitted(world)
  await world.store.backup(path)
  return {
    path,
    atMs: world.nowMs,
    books: world.auditor.save(),
    generation: world.collector.ledger.generation,
    entries: journalSize(world),
    spoolLives: new Map(world.nodes.map((node) => [node, node.spoolLife])),
  }
}

/** The ledger is gone; the collector starts on the backup. */
export async function loseLedger(world: SimWorld, backup: Backup): Promise<void> {
  bookCommitted(world)
  for (const tell of world.beforeLoss) await tell()
  const { nodes } = world.auditor.save()
  const generationBefore = world.collector.ledger.generation
  world.auditor.load(backup.books)
  await world.restoreCollector(backup.path)
  world.losses.push({
    backup,
    generationBefore,
    generation: world.collector.ledger.generation,
    runs: new Map([...nodes].map(([nodeId, { runs }]) => [nodeId, runs])),
  })
}

function bookCommitted(world: SimWorld): void {
  const epochs = world.db.all(
    'SELECT e.*, n.name FROM epochs e JOIN nodes n USING (node_id) ORDER BY e.epoch_number',
  )
  for (const row of epochs) {
    if (isForger(String(row.name))) continue
    world.auditor.book(String(row.node_id), {
      epoch: String(row.epoch),
      watermark: Number(row.watermark),
      watermarkHash: row.watermark_hash === null ? null : String(row.watermark_hash),
    })
  }
}

function journalSize({ db }: SimWorld): number {
  return Number(db.get('SELECT count(*) AS entries FROM journal')?.entries ?? 0)
}

/** At rest: every second that had been taken before a loss is there again, or unknown by the rules. */
export function lossProblems(world: SimWorld): string[] {
  return world.losses.flatMap(({ backup, runs }) =>
    world.nodes.flatMap((node) => {
      const before = node.nodeId === null ? undefined : runs.get(node.nodeId)
      // Another spool, or another enrollment, has other records.
      if (before === undefined || backup.spoolLives.get(node) !== node.spoolLife) return []
      const now = world.auditor.node(node.nodeId ?? '').runs
      return [...before].flatMap(([hash, own]) => {
        const fault = difference(knownRuns(own), knownRuns(now.get(hash) ?? []), node.keepsSpool)
        return fault === null ? [] : [`${node.name} ${hash.slice(0, 8)}: ${fault}`]
      })
    }),
  )
}

/** `isWhole`: nothing may be missing; otherwise nothing may be another. */
function difference(
  before: readonly PlainRun[],
  now: readonly PlainRun[],
  isWhole: boolean,
): string | null {
  for (const run of before) {
    let fromMs = run.startMs
    for (const other of now) {
      const [startMs, endMs] = [
        Math.max(other.startMs, run.startMs),
        Math.min(other.endMs, run.endMs),
      ]
      if (endMs <= startMs) continue
      const text = `before the loss it was ${textOfRun(run)}, now ${textOfRun(other)}`
      if (other.code !== run.code || (isWhole && startMs > fromMs)) return text
      fromMs = endMs
    }
    if (isWhole && fromMs < run.endMs) return `${textOfRun(run)} was acknowledged and is lost`
  }
  return null
}

/**
 * The journal is one sequence over every generation: what was signed of an earlier one is what the
 * journal begins with, as far as the backup reached; and each generation after the first names a
 * checkpoint that was really signed before.
 */
export async function generationProblems(world: SimWorld): Promise<string[]> {
  const problems: string[] = []
  for (const { generation, generationBefore } of world.losses) {
    if (generation > generationBefore) continue
    problems.push(`generation ${generation} follows ${generationBefore}`)
  }
  const walk = new RootWalk(ALGORITHM_ED25519)
  const roots = new Map<number, string>([[0, '']])
  const openings: string[] = []
  for (let seq = 0; ; ) {
    const entries = await world.store.readJournal(seq, JOURNAL_PAGE)
    const last = entries.at(-1)
    if (last === undefined) break
    for (const { bytes, kind } of entries) {
      walk.addLeaf(bytes)
      roots.set(walk.leafCount, Buffer.from(walk.root()).toString('base64'))
      if (kind === 'ledger_opened') openings.push(Buffer.from(bytes).toString('utf8'))
    }
    seq = last.seq
  }
  const notes = world.collector.signedNotes.map((note) => ({ note, ...headOf(note) }))
  const kept = keptEntries(world)
  for (const { generation, root, size } of notes) {
    if (size > (kept.get(generation) ?? 0) || roots.get(size) === root) continue
    problems.push(`the checkpoint over ${size} entries of generation ${generation} does not fit`)
  }
  for (const opening of openings.slice(1)) {
    const named = JSON.parse(opening).payload.previous_checkpoint
    if (notes.some(({ note }) => note === named)) continue
    problems.push(`a generation begins after a checkpoint that nobody signed: ${named}`)
  }
  return problems
}

/**
 * How many entries of each generation the journal goes on from: back from the last one, restore by
 * restore. A generation that no later one was made from has kept none.
 */
function keptEntries({ collector, losses }: SimWorld): ReadonlyMap<number, number> {
  const kept = new Map([[Number(collector.ledger.generation), Number.POSITIVE_INFINITY]])
  let entries = Number.POSITIVE_INFINITY
  let { generation }: { generation: number } = collector.ledger
  for (const { backup, generation: begun } of losses.toReversed()) {
    if (begun !== generation) continue
    generation = backup.generation
    entries = Math.min(entries, backup.entries)
    kept.set(generation, entries)
  }
  return kept
}

function headOf(note: string): { generation: number; size: number; root: string } {
  const [origin = '', size = '', root = ''] = note.split('\n')
  return { generation: Number(origin.split('/').at(-1)), size: Number(size), root }
}
