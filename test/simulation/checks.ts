/**
 * What must hold at every step of a world, as sentences about what does not. Each check reads the
 * ledger and what was truly sent and answered; none asks the code it checks.
 */
import { HOUR_MS, MEASURED_STATES, type MeasuredState, stateOf } from '@yiben/shared'
import { verifyEntries, WALK_START, type WalkState } from '../../collector/src/journal/verify.ts'
import type { JournalEntry } from '../../collector/src/model/ledger.ts'
import type { StoredRun, UnitHour } from '../../collector/src/model/timeline.ts'
import { balanceOf } from '../../collector/src/timeline/balance.ts'
import { knownRuns, textOfRun } from './auditor.ts'
import type { SimBank } from './bank-client.ts'
import { CheckpointRoots } from './checkpoint-roots.ts'
import { depositProblems, vetoProblems } from './deposit-checks.ts'
import { isForger } from './forger.ts'
import { type NodeView, type UnitView, viewLedger } from './ledger-view.ts'
import type { SimWorld } from './world.ts'

const JOURNAL_PAGE = 1_000
const HOUR_FIELDS: Readonly<Record<MeasuredState, keyof UnitHour>> = {
  busy: 'busyMs',
  allocated: 'allocatedMs',
  occupied: 'occupiedMs',
  free: 'freeMs',
  faulty: 'faultyMs',
  unknown: 'unknownMs',
}

/** One per world: it remembers what may only grow. */
export class Checker {
  readonly #world: SimWorld
  readonly #bank: SimBank | null
  readonly #highest = new Map<string, number>()
  #journal: WalkState = WALK_START
  /** By deposit: the collector's time at which the journal says it was opened. */
  readonly #openedAt = new Map<string, number>()
  #reportedAuditorProblems = 0
  #losses = 0
  readonly #roots = new CheckpointRoots()
  steps = 0

  constructor(world: SimWorld, bank: SimBank | null = null) {
    this.#world = world
    this.#bank = bank
  }

  async step(): Promise<string[]> {
    this.steps += 1
    const world = this.#world
    this.#beginAnew()
    const views = await viewLedger(world)
    const problems = [...world.problems, ...(await this.#journalProblems())]
    problems.push(...this.#roots.problems(world.collector.signedNotes))
    problems.push(...((await this.#bank?.problems()) ?? []))
    problems.push(...(await this.#monotonicProblems(views)), ...this.#promiseProblems())
    const handovers = handoversOf(views)
    const lent = lentDeposits(world)
    for (const node of views) {
      if (!isForger(node.name)) {
        for (const epoch of node.epochs) world.auditor.book(node.nodeId, epoch)
        problems.push(...this.#timelineProblems(node, handovers), ...this.#stepProblems(node))
      }
      for (const unit of node.units) {
        problems.push(...this.#balanceProblems(unit), ...(await this.#hourProblems(unit)))
      }
      problems.push(...depositProblems(node, this.#openedAt, lent))
      problems.push(...vetoProblems(node, world.auditor.node(node.nodeId).vetoes, false))
    }
    const told = world.auditor.problems.slice(this.#reportedAuditorProblems)
    this.#reportedAuditorProblems = world.auditor.problems.length
    return [...problems, ...told]
  }

  /** A restored ledger may hold less than the one that was lost; from then on it only grows again. */
  #beginAnew(): void {
    const { losses } = this.#world
    if (losses.length === this.#losses) return
    this.#losses = losses.length
    this.#highest.clear()
    this.#journal = WALK_START
    this.#openedAt.clear()
  }

  /**
   * Nothing acknowledged is lost: whatever a spool has seen acknowledged, the ledger holds. What a
   * ledger that was lost has acknowledged is asked for again with the next welcome.
   */
  #promiseProblems(): string[] {
    return this.#world.nodes.flatMap((node) => {
      if (!node.isAlive) return []
      if (this.#losses > 0 && node.life.agent.status().collector.state !== 'online') return []
      if (node.ledgerGeneration < this.#world.collector.ledger.generation) return []
      const { epoch, ackedSeq } = node.life.spool.inner.state()
      const watermark = this.#world.watermarkOf(epoch)
      if (ackedSeq <= watermark) return []
      return [`${node.name}: ${ackedSeq} was acknowledged, the ledger holds ${watermark}`]
    })
  }

  async #monotonicProblems(views: readonly NodeView[]): Promise<string[]> {
    const problems: string[] = []
    const look = (name: string, value: number) => {
      const before = this.#highest.get(name) ?? Number.NEGATIVE_INFINITY
      if (value < before) problems.push(`${name} fell from ${before} to ${value}`)
      this.#highest.set(name, value)
    }
    look('the cursor of the bank', await this.#world.store.readCursor('bank'))
    for (const { name, nodeId, state, epochs } of views) {
      if (state.open !== null) {
        look(`change_seq of ${name} ${nodeId}`, state.open.changeSeq)
        look(`the timeline of ${name} ${nodeId}`, state.open.timelineEndMs)
      }
      for (const { epoch, watermark } of epochs) {
        look(`the watermark of ${name} in ${epoch}`, watermark)
      }
    }
    return problems
  }

  /**
   * What is stored as known is what was sent as known, nothing twice and nothing else. Of a card that
   * came from another node it begins where that node's time is booked to: clocks may disagree.
   */
  #timelineProblems(node: NodeView, handovers: ReadonlySet<string>): string[] {
    const book = this.#world.auditor.node(node.nodeId)
    const problems: string[] = []
    const endMs = node.state.open?.timelineEndMs ?? null
    if (book.edgeMs !== null && endMs !== book.edgeMs) {
      problems.push(`${node.name}: the timeline ends at ${endMs}, its records at ${book.edgeMs}`)
    }
    const hashes = new Set([...book.runs.keys(), ...node.units.map((unit) => unit.identityHash)])
    for (const hash of hashes) {
      const placements = node.units.filter((unit) => unit.identityHash === hash)
      const fromMs = Math.min(...placements.map(({ unit }) => unit.validFromMs))
      const isHandedOver = handovers.has(handover(hash, fromMs))
      const stored = placements
        .flatMap((unit) => unit.span.runs)
        .sort((left, right) => left.startMs - right.startMs)
      const found = knownRuns(stored)
      const sent = book.runs.get(hash) ?? []
      const expected = knownRuns(
        isHandedOver
          ? sent.map((run) => ({ ...run, startMs: Math.max(run.startMs, fromMs) }))
          : sent,
      )
      const length = Math.max(found.length, expected.length)
      for (let at = 0; at < length; at += 1) {
        const [should, is] = [textOfRun(expected[at]), textOfRun(found[at])]
        if (should === is) continue
        problems.push(`${node.name} ${hash.slice(0, 8)}: sent was ${should}, booked is ${is}`)
        break
      }
    }
    return problems
  }

  /** No hole and no overlap in anybody's time. */
  #balanceProblems({ unit, span }: UnitView): string[] {
    const range = { fromMs: 0, toMs: this.#world.collector.wallMs }
    return balanceOf(span, range).errors.map(
      (error) =>
        `unit ${unit.unitId}: ${error.kind} ${error.fromMs}–${error.toMs}: ${error.sentence}`,
    )
  }

  /** The statistics of each hour are the sums of its runs. */
  async #hourProblems({ unit, span, open }: UnitView): Promise<string[]> {
    const sums = sumsByHour(span.runs)
    const keys = [...sums.keys()].map((hourMs) => ({ unitId: unit.unitId, hourMs }))
    const stored = await this.#world.store.readUnitHours(keys)
    return [...sums].flatMap(([hourMs, sum]) => {
      const isOpen = open?.hour.hourMs === hourMs
      const row = isOpen ? open.hour : stored.find((one) => one.hourMs === hourMs)
      return MEASURED_STATES.flatMap((state) => {
        const is = row?.[HOUR_FIELDS[state]] ?? 0
        if (is === sum[state]) return []
        return [`unit ${unit.unitId}, hour ${hourMs}: ${state} is ${is} ms, its runs ${sum[state]}`]
      })
    })
  }

  /** C2: each step of a node's clock that was told is kept, once. */
  #stepProblems({ nodeId, name, clockSteps }: NodeView): string[] {
    const told = JSON.stringify(this.#world.auditor.node(nodeId).clockSteps)
    const kept = JSON.stringify(clockSteps)
    return told === kept ? [] : [`${name}: told were the clock steps ${told}, kept are ${kept}`]
  }

  /** Numbers without a gap, each entry linked to the one before. */
  async #journalProblems(): Promise<string[]> {
    for (;;) {
      const entries = await this.#world.store.readJournal(this.#journal.seq, JOURNAL_PAGE)
      if (entries.length === 0) return []
      const result = verifyEntries(this.#journal, entries)
      if (result.status === 'broken') return [`the journal: ${result.fault} at ${result.atSeq}`]
      this.#journal = result.state
      for (const entry of entries) {
        for (const id of openedIn(entry)) this.#openedAt.set(id, entry.atMs)
      }
    }
  }
}

/** Ids of the deposits that the entry says have opened. */
function openedIn({ bytes, kind }: JournalEntry): readonly string[] {
  if (kind !== 'lot_opened' && kind !== 'lot_changed') return []
  const { payload } = JSON.parse(Buffer.from(bytes).toString('utf8'))
  return payload.opened.map((card: { readonly deposit_id: string }) => card.deposit_id)
}

/** Deposits whose card has been under a lease. */
function lentDeposits({ db }: SimWorld): ReadonlySet<string> {
  const rows = db.all('SELECT deposit_id FROM claims WHERE start_ms IS NOT NULL')
  return new Set(rows.map((row) => String(row.deposit_id)))
}

/** Where placements end whose time is booked on: another node's may begin there. */
function handoversOf(views: readonly NodeView[]): ReadonlySet<string> {
  const ends = views.flatMap(({ units }) =>
    units.flatMap(({ identityHash, unit }) =>
      unit.bookedToMs === null ? [] : [handover(identityHash, unit.bookedToMs)],
    ),
  )
  return new Set(ends)
}

function handover(identityHash: string, atMs: number): string {
  return `${identityHash}@${atMs}`
}

/** Milliseconds by state of every UTC hour that the runs touch. */
export function sumsByHour(runs: readonly StoredRun[]): Map<number, Record<MeasuredState, number>> {
  const sums = new Map<number, Record<MeasuredState, number>>()
  for (const run of runs) {
    for (let fromMs = run.startMs; fromMs < run.endMs; ) {
      const hourMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS
      const toMs = Math.min(run.endMs, hourMs + HOUR_MS)
      const sum = sums.get(hourMs) ?? {
        busy: 0,
        allocated: 0,
        occupied: 0,
        free: 0,
        faulty: 0,
        unknown: 0,
      }
      sum[stateOf(run.code)] += toMs - fromMs
      sums.set(hourMs, sum)
      fromMs = toMs
    }
  }
  return sums
}
