/**
 * Random histories of one node, with a second, simple bookkeeper beside the bank: it keeps one note
 * per 10 s cell and knows nothing of windows, cursors or entries.
 */
import { type RunName, runCode, silentLogger, stateOf } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Bank, type BankStore } from '../../../collector/src/bank/bank.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import type { Deposit } from '../../../collector/src/model/ledger.ts'
import { FakeRandom } from '../../support/fake-clock.ts'
import {
  type Doing,
  HOUR,
  LedgerRig,
  LOTS,
  MINUTE,
  QUICK,
  readsOf,
  START_MS,
} from './ledger-rig.ts'

const CELL_MS = 10_000
const NAMES = [
  'free/proven',
  'busy/active',
  'busy/grey',
  'occupied/in_use',
  'allocated/scheduler',
  'faulty/health',
  'unknown/probe',
] as const satisfies readonly RunName[]

const anyPieces = fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.integer({ min: 1, max: 12 })), {
  minLength: 1,
  maxLength: 4,
})
const anyEvent = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('free' as const),
      minutes: fc.integer({ min: 5, max: 40 }),
      isOffered: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('live' as const), pieces: anyPieces }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('away' as const),
      minutes: fc.integer({ min: 2, max: 30 }),
      isSuspect: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('veto' as const),
      minutes: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('policy' as const),
      enabled: fc.boolean(),
      keep: fc.integer({ min: 0, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
)
type Event = typeof anyEvent extends fc.Arbitrary<infer Value> ? Value : never

/** What the second bookkeeper notes of a cell. */
interface Cell {
  readonly name: RunName
  readonly isLate: boolean
  readonly isConsenting: boolean
}

const CARDS = 3

class History {
  readonly rig = new LedgerRig()
  readonly cells = new Map<number, Cell>()
  /** Wall time before each look, to hold openings against. */
  readonly looksMs: number[] = []
  isSuspect = false
  #bank: Bank
  #isConsenting = true
  #isPolicyOn = true
  #looks = 0

  constructor() {
    this.#bank = this.#newBank(this.rig.store)
  }

  async play(nodeId: NodeId, event: Event, looksOften: boolean): Promise<void> {
    switch (event.kind) {
      case 'free':
        if (event.isOffered) this.#isConsenting = true
        await this.#live(nodeId, [['free/proven', event.minutes * 60]], looksOften)
        break
      case 'live':
        await this.#live(
          nodeId,
          event.pieces.map(([name, cells]) => [name, cells * 10]),
          looksOften,
        )
        break
      case 'away':
        await this.#away(nodeId, event.minutes, event.isSuspect)
        break
      case 'veto':
        this.#isConsenting = false
        await this.rig.veto(nodeId, { kind: 'reclaim', units: [] })
        await this.#live(nodeId, [['free/proven', event.minutes * 60]], looksOften)
        break
      case 'policy':
        this.#isPolicyOn = event.enabled
        await this.rig.policy(nodeId, { enabled: event.enabled, keepCardsPerNode: event.keep })
        break
      case 'kill':
        await this.#kill(event.when)
        break
    }
  }

  async look(): Promise<void> {
    this.looksMs.push(this.rig.now)
    await this.#bank.drain()
  }

  async #live(nodeId: NodeId, doing: Doing, looksOften: boolean): Promise<void> {
    this.#note(doing, false)
    if (looksOften) {
      for (const [name, seconds] of doing) {
        await this.rig.live(nodeId, [[name, seconds]], this.#isConsenting)
        await this.look()
      }
    } else await this.rig.live(nodeId, doing, this.#isConsenting)
  }

  async #away(nodeId: NodeId, minutes: number, isSuspect: boolean): Promise<void> {
    await this.look()
    this.rig.clock.advance(90_000)
    this.isSuspect = isSuspect
    await this.rig.declareSilent(nodeId)
    this.#bank.onSilent([nodeId])
    await this.look()
    this.rig.clock.advance(minutes * MINUTE - 90_000)
    this.isSuspect = false
    const doing: Doing = [['free/proven', minutes * 60]]
    this.#note(doing, true)
    await this.rig.tellLate(nodeId, doing)
    await this.look()
  }

  /** Dies at its next commit, if it comes to one; another process takes over. */
  async #kill(when: 'before' | 'after'): Promise<void> {
    const { store } = this.rig
    const dying: BankStore = {
      ...readsOf(store),
      commitDeposits: async (change) => {
        if (when === 'after') await store.commitDeposits(change)
        throw new Error('killed')
      },
    }
    this.looksMs.push(this.rig.now)
    await this.#newBank(dying)
      .drain()
      .catch(() => {})
    this.#bank = this.#newBank(store)
  }

  #newBank(store: BankStore): Bank {
    this.#looks += 1
    return new Bank({
      store,
      clock: this.rig.clock,
      random: new FakeRandom(this.#looks),
      liveness: {
        isSuspended: () => false,
        depositsSuspended: () => this.isSuspect,
        clockAccusation: () => null,
        clockOffsetMs: () => 0,
      },
      lots: LOTS,
      settings: QUICK,
      logger: silentLogger,
    })
  }

  #note(doing: Doing, isLate: boolean): void {
    for (const [name, seconds] of doing) {
      for (let done = 0; done < seconds * 1000; done += CELL_MS) {
        const isConsenting = this.#isConsenting && this.#isPolicyOn
        this.cells.set(START_MS + this.cells.size * CELL_MS, { name, isLate, isConsenting })
      }
    }
  }
}

test('deposits hold what a second bookkeeper says they hold, whatever happens (B1 to B8)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEvent, { minLength: 6, maxLength: 30 }),
      fc.boolean(),
      async (events, looksOften) => {
        const history = new History()
        const { rig } = history
        const nodeId = await rig.admit(
          1,
          Array.from({ length: CARDS }, () => ({})),
        )
        await rig.policy(nodeId)
        for (const event of events) await history.play(nodeId, event, looksOften)
        await history.look()
        const deposits = await rig.deposits()
        checkDeposits(history, deposits)
        expect(await depositedMs(rig)).toBe(secondBookkeeper(history, deposits))
        await rig.store.close()
      },
    ),
    { numRuns: 50 },
  )
})

function checkDeposits(history: History, deposits: readonly Deposit[]): void {
  for (const deposit of deposits) {
    const { openedAtMs } = deposit
    // B1: at the moment of a look, so never for the past.
    expect(history.looksMs).toContain(openedAtMs)
    const toMs = endOf(history, deposit)
    expect(toMs).toBeGreaterThanOrEqual(openedAtMs)
    for (const [cellMs, cell] of history.cells) {
      if (cellMs + CELL_MS <= openedAtMs || cellMs >= toMs) continue
      // B2 to B5: only free time and the pauses a window may have, told live, with consent.
      expect(['free/proven', 'busy/grey', 'unknown/probe']).toContain(cell.name)
      expect(cell).toMatchObject({ isLate: false, isConsenting: true })
    }
  }
  // B7: one after another for every card.
  const byUnit = Map.groupBy(deposits, ({ unitId }) => unitId)
  for (const own of byUnit.values()) {
    for (const [index, deposit] of own.entries()) {
      const next = own[index + 1]
      if (next !== undefined)
        expect(next.openedAtMs).toBeGreaterThanOrEqual(endOf(history, deposit))
    }
  }
}

/** An open deposit holds what has been told so far. */
function endOf(history: History, deposit: Deposit): number {
  return deposit.closedAtMs ?? START_MS + history.cells.size * CELL_MS
}

/** Cell by cell: free, told live, inside a deposit. Deposits open at any moment within a cell. */
function secondBookkeeper(history: History, deposits: readonly Deposit[]): number {
  let total = 0
  for (const deposit of deposits) {
    const toMs = endOf(history, deposit)
    for (const [cellMs, cell] of history.cells) {
      if (stateOf(runCode(cell.name)) !== 'free' || cell.isLate) continue
      total += Math.max(0, Math.min(cellMs + CELL_MS, toMs) - Math.max(cellMs, deposit.openedAtMs))
    }
  }
  return total
}

async function depositedMs(rig: LedgerRig): Promise<number> {
  let total = 0
  for (let hourMs = START_MS; hourMs <= rig.now; hourMs += HOUR) {
    const { units } = await rig.store.readHour(hourMs)
    for (const unit of units) total += unit.depositedMs
  }
  return total
}
