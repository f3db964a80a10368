/**
 * The spool of an agent, cut at any byte of its log (wal-cuts.ts): what the agent had kept before the
 * last fsync is there, in the same epoch, and nothing is half there.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  equalBytes,
  type FileSpool,
  openFileSpool,
  type Random,
  recordHash,
  type SpoolState,
  silentLogger,
} from '@yiben/shared'
import { Chance } from '../simulation/chance.ts'
import { FakeRandom } from './fake-clock.ts'
import { Photographer, type Picture, spoil } from './wal-cuts.ts'

const SPOOL = 'spool.db'
const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER } as const
/** Small, so that opening costs little. */
const LIMITS = { ballastBytes: 16 * 1024 }

type Told = Pick<SpoolState, 'epoch' | 'lastSeq' | 'sentSeq' | 'ackedSeq'>

/** A spool that is written, sent from and acknowledged as by an agent in haste. */
export function recordSpool(seed: number, steps: number): readonly Picture<Told>[] {
  const random = new FakeRandom(seed)
  const chance = new Chance(random)
  const folder = mkdtempSync(join(tmpdir(), 'yiben-spool-'))
  const spool = open(folder, random)
  const photographer = new Photographer<Told>(join(folder, SPOOL))
  const pictures: Picture<Told>[] = []
  try {
    for (let step = 0; step < steps; step += 1) {
      write(spool, chance, random)
      photographer.note(spool.state())
      const picture = step % 40 === 39 ? photographer.picture() : null
      if (picture !== null) pictures.push(picture)
    }
  } finally {
    spool.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return pictures
}

function write(spool: FileSpool, chance: Chance, random: Random): void {
  const { ackedSeq, lastSeq, sentSeq, timelineEndMs } = spool.state()
  const kind = chance.whole(0, 10)
  if (kind === 0 && lastSeq > sentSeq) spool.markSent(chance.whole(sentSeq + 1, lastSeq + 1))
  else if (kind === 1 && sentSeq > ackedSeq) spool.ack(chance.whole(ackedSeq + 1, sentSeq + 1))
  else if (kind === 2) spool.setMeta('test.word', `${lastSeq}`)
  else {
    let endMs = timelineEndMs ?? 0
    const entries = Array.from({ length: chance.whole(1, 4) }, () => {
      endMs += 60_000
      const bytes = random.bytes(chance.whole(20, 3_000))
      return { bytes, timelineEndMs: endMs, keep: chance.whole(0, 5) === 0 }
    })
    spool.append(entries)
  }
}

function open(directory: string, random: Random): FileSpool {
  return openFileSpool({ directory, random, log: silentLogger, limits: LIMITS })
}

export class SpoolCuts implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'yiben-cuts-'))
  readonly #random: Random
  readonly #pictures: readonly Picture<Told>[]
  shortened = 0

  constructor(seed: number, pictures: readonly Picture<Told>[]) {
    this.#random = new FakeRandom(seed)
    this.#pictures = pictures
  }

  round(isLying: boolean): string[] {
    const picture = new Chance(this.#random).of(this.#pictures)
    const cut = spoil(picture, this.#random, { folder: this.#folder, name: SPOOL, isLying })
    if (cut.next !== null) this.shortened += 1
    const spool = open(this.#folder, this.#random)
    try {
      const found = spool.state()
      const problems: string[] = []
      if (existsSync(join(this.#folder, `${SPOOL}.broken-1`))) problems.push('it was moved aside')
      if (cut.told !== null) problems.push(...missing(cut.told, found))
      if (cut.next !== null) problems.push(...missing(found, cut.next))
      problems.push(...recordProblems(spool))
      spool.append([{ bytes: this.#random.bytes(20), timelineEndMs: 1e12, keep: false }])
      return problems.map((problem) => `${cut.describe}: ${problem}`)
    } finally {
      spool.close()
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Every number once, each record what it was when it was numbered. */
function recordProblems(spool: FileSpool): string[] {
  const { epoch, lastSeq } = spool.state()
  const records = spool.read(1, ALL)
  const problems: string[] = []
  if ((records.at(-1)?.seq ?? 0) !== lastSeq) problems.push(`the records do not reach ${lastSeq}`)
  records.forEach(({ bytes, hash, seq }, at) => {
    if (seq !== (records[0]?.seq ?? 0) + at) problems.push(`record ${seq} is number ${at}`)
    if (!equalBytes(hash, recordHash(epoch, seq, bytes))) problems.push(`record ${seq} is another`)
  })
  return problems
}

function missing(less: Told, more: Told): string[] {
  const problems = more.epoch === less.epoch ? [] : [`epoch ${less.epoch}, then ${more.epoch}`]
  for (const field of ['lastSeq', 'sentSeq', 'ackedSeq'] as const) {
    if (more[field] < less[field]) problems.push(`${field}: ${less[field]}, then ${more[field]}`)
  }
  return problems
}
