/**
 * The ledger of a whole collector under load, cut at any byte of its log (wal-cuts.ts). Answers
 * sentences; none is good.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ALGORITHM_ED25519, HOUR_MS, type Random } from '@yiben/shared'
import { balanceAnswer } from '../../collector/src/api/answers/balance.ts'
import { accountFaults } from '../../collector/src/bank/accounts-check.ts'
import { verifyEntries, WALK_START, type WalkState } from '../../collector/src/journal/verify.ts'
import { RootWalk } from '../../collector/src/journal/verify-tree.ts'
import { METHODS, type StoreMethod } from '../../collector/src/storage/methods.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { coreOver } from '../../collector/src/storage/sqlite/core.ts'
import {
  type Database,
  type DriverName,
  openConnection,
} from '../../collector/src/storage/sqlite/driver.ts'
import { migrate } from '../../collector/src/storage/sqlite/migrate.ts'
import { inProcessStore } from '../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { SimBank } from '../simulation/bank-client.ts'
import { SimWorld } from '../simulation/world.ts'
import { FakeRandom } from './fake-clock.ts'
import { type Cut, Photographer, type Picture, spoil } from './wal-cuts.ts'

const LEDGER = 'ledger.sqlite'
const MINUTE_MS = 60_000
const PAGE = 1_000

/** What of the ledger had been answered: it only grows. */
interface Told {
  readonly watermarks: ReadonlyMap<string, number>
  readonly entries: number
  readonly posted: number
}

export interface LedgerRecording {
  readonly pictures: readonly Picture<Told>[]
  readonly commits: number
  /** Checkpoints that were signed, with their sizes. */
  readonly notes: readonly { readonly size: number; readonly root: string }[]
}

/** A collector with nodes and a bank lives for `minutes` on a disk that is synced with each commit. */
export async function recordLedger(options: {
  readonly seed: number
  readonly driver: DriverName
  readonly minutes: number
}): Promise<LedgerRecording> {
  let photographer: Photographer<Told> | null = null
  let commits = 0
  await using world = new SimWorld({
    seed: options.seed,
    disk: { driver: options.driver, synchronous: 'FULL' },
    mutant: (store) =>
      afterEachWrite(store, () => {
        photographer?.note(toldOf(world.db))
        commits += 1
      }),
  })
  await world.collector.start()
  photographer = new Photographer(world.collector.path)
  await world.run(100)
  for (const cards of [['a-0', 'a-1', 'a-2'], ['b-0', 'b-1'], ['c-0']])
    await world.addNode({ cards })
  const bank = new SimBank(world)
  bank.start()
  const pictures: Picture<Told>[] = []
  for (let minute = 0; minute < options.minutes; minute += 1) {
    await world.run(MINUTE_MS * (0.5 + world.random.fraction()))
    const picture = photographer.picture()
    if (picture !== null) pictures.push(picture)
  }
  if (world.problems.length > 0) throw new Error(world.problems.join('\n'))
  const notes = world.collector.signedNotes.map((note) => {
    const [, size = '', root = ''] = note.split('\n')
    return { size: Number(size), root }
  })
  return { pictures, commits, notes }
}

function afterEachWrite(store: Store, then: () => void): Store {
  return new Proxy(store, {
    get: (inner, name) => {
      const method = Reflect.get(inner, name)
      if (typeof method !== 'function' || METHODS[name as StoreMethod] !== 'write') return method
      return async (...args: unknown[]) => {
        const result = await method.apply(inner, args)
        then()
        return result
      }
    },
  })
}

function toldOf(db: Database): Told {
  const epochs = db.all('SELECT epoch, watermark FROM epochs')
  return {
    watermarks: new Map(epochs.map((row) => [String(row.epoch), Number(row.watermark)])),
    entries: count(db, 'SELECT coalesce(max(seq), 0) AS n FROM journal'),
    posted: count(db, "SELECT count(*) AS n FROM draws WHERE state IN ('posted', 'ended')"),
  }
}

function count(db: Database, sql: string): number {
  return Number(db.get(sql)?.n)
}

export class LedgerCuts implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'yiben-cuts-'))
  readonly #random: Random
  readonly #recording: LedgerRecording
  readonly #driver: DriverName
  /** Rounds in which something that was written was gone: cuts that cut nothing prove nothing. */
  shortened = 0

  constructor(seed: number, recording: LedgerRecording, driver: DriverName) {
    this.#random = new FakeRandom(seed)
    this.#recording = recording
    this.#driver = driver
  }

  /** One cut. */
  async round(isLying: boolean): Promise<string[]> {
    const { pictures } = this.#recording
    const picture = pictures[Math.floor(this.#random.fraction() * pictures.length)]
    if (picture === undefined) throw new Error('the recording holds no picture')
    const place = { folder: this.#folder, name: LEDGER, isLying }
    const cut = spoil(picture, this.#random, place)
    if (cut.next !== null) this.shortened += 1
    const path = join(this.#folder, LEDGER)
    const db = openConnection({ path, driver: this.#driver, isReader: false, synchronous: 'FULL' })
    try {
      migrate(db)
      return (await this.#look(db, cut)).map((problem) => `${cut.describe}: ${problem}`)
    } catch (error) {
      return [`${cut.describe}: ${String(error)}`]
    } finally {
      db.close()
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #look(db: Database, { next, told }: Cut<Told>): Promise<string[]> {
    const problems = wholeProblems(db)
    if (problems.length > 0) return problems
    const found = toldOf(db)
    if (told !== null) problems.push(...missing(told, found))
    // What comes after the first commit that is not whole is not there.
    if (next !== null) problems.push(...missing(found, next))
    const store = inProcessStore(coreOver(db, () => {}))
    problems.push(...(await this.#balanceProblems(db, store)))
    problems.push(...(await this.#journalProblems(store)))
    // It goes on from there.
    db.transaction('write', () => db.run('UPDATE ledger SET generation = generation + 1'))
    return problems
  }

  async #balanceProblems(db: Database, store: Store): Promise<string[]> {
    const toMs = count(db, 'SELECT coalesce(max(timeline_end_ms), 0) AS n FROM open_nodes')
    const nowMs = Math.max(toMs, HOUR_MS)
    const ask = { scope: SCOPE_ALL, acceleratorId: null, fromMs: 0, toMs: nowMs, nowMs }
    const balance = await balanceAnswer(store, { ...ask, isDemo: false })
    const problems = balance.balanced ? [] : [`the ledger does not balance`]
    const { rows } = await store.listBookedClaims({ cursor: null, limit: PAGE })
    for (const claim of rows) problems.push(...accountFaults(claim).map(({ sentence }) => sentence))
    return problems
  }

  /** Every entry follows the one before, and is what was signed of as many. */
  async #journalProblems(store: Store): Promise<string[]> {
    const walk = new RootWalk(ALGORITHM_ED25519)
    const roots = new Map<number, string>()
    for (let state: WalkState = WALK_START; ; ) {
      const entries = await store.readJournal(state.seq, PAGE)
      if (entries.length === 0) break
      const result = verifyEntries(state, entries)
      if (result.status === 'broken') return [`the journal: ${result.fault} at ${result.atSeq}`]
      for (const { bytes } of entries) {
        walk.addLeaf(bytes)
        roots.set(walk.leafCount, Buffer.from(walk.root()).toString('base64'))
      }
      state = result.state
    }
    return this.#recording.notes.flatMap(({ root, size }) => {
      const is = roots.get(size)
      return is === undefined || is === root ? [] : [`other entries up to ${size} than were signed`]
    })
  }
}

function wholeProblems(db: Database): string[] {
  const { integrity_check: verdict } = db.get('PRAGMA integrity_check(1)') ?? {}
  if (verdict !== 'ok') return [`the file is damaged: ${String(verdict)}`]
  return db.get('PRAGMA foreign_key_check') === undefined
    ? []
    : ['a row names one that is not there']
}

/** What `less` has and `more` has not. */
function missing(less: Told, more: Told): string[] {
  const problems = [...less.watermarks].flatMap(([epoch, watermark]) => {
    const is = more.watermarks.get(epoch) ?? 0
    return is >= watermark ? [] : [`${watermark} records of ${epoch}, then ${is}`]
  })
  for (const field of ['entries', 'posted'] as const) {
    if (more[field] < less[field]) problems.push(`${field}: ${less[field]}, then ${more[field]}`)
  }
  return problems
}
