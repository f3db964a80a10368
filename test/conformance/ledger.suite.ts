/** The ledger of an instant, as known at another: every card once, in the state it was in then. */
import { isLendable, type RunName, runCode, stateOf } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CardCount, type CardCounts, wholeOf } from '../../collector/src/model/card-count.ts'
import type { UnitRow } from '../../collector/src/model/inventory.ts'
import type { Silence, StoredRun } from '../../collector/src/model/timeline.ts'
import { SCOPE_ALL, type UnitSpan } from '../../collector/src/storage/requests.ts'
import {
  admit,
  type Fleet,
  factsCommit,
  HOUR,
  instantOf,
  LATER,
  MINUTE,
  NO_DECISION,
  T0,
  type TestNode,
} from './fleet.ts'
import { endLending, lend } from './lending.ts'
import type { OpenFleet } from './store.suite.ts'

async function countsAt(
  fleet: Fleet,
  asOfMs: number,
  knownAtMs = LATER,
): Promise<readonly CardCount[]> {
  return (await fleet.store.readLedgerAt(SCOPE_ALL, instantOf(asOfMs, knownAtMs))).counts
}

/** The state of the one kind of card there is; `absent` where there is none. */
async function stateAt(fleet: Fleet, asOfMs: number, knownAtMs = LATER): Promise<string> {
  const [count, ...others] = await countsAt(fleet, asOfMs, knownAtMs)
  expect(others).toEqual([])
  return count === undefined ? 'absent' : (count.state ?? 'untold')
}

async function goSilent(fleet: Fleet, node: TestNode, fromMs: number, declaredAtMs: number) {
  const code = runCode('unknown/silent')
  const silence = { nodeId: node.nodeId, unitId: null, fromMs, toMs: null, code, declaredAtMs }
  await fleet.store.beginSilences([silence], [], [])
  const state = await fleet.store.loadNode(node.nodeId)
  return state?.silences[0]?.silenceId ?? 0
}

async function deposit(
  fleet: Fleet,
  node: TestNode,
  openedAtMs: number,
  closedAtMs: number | null,
) {
  const [unit] = node.units
  if (unit === undefined) throw new Error('a card is there')
  const cursor = await fleet.store.readCursor('bank')
  const change = { ...NO_DECISION, expectedCursor: cursor, cursor }
  const depositId = `d-${unit.unitId}-${openedAtMs}`
  const opening = {
    depositId,
    unitId: unit.unitId,
    nodeId: node.nodeId,
    windowStartMs: T0,
    openedAtMs,
    consentEndCount: 0,
  }
  await fleet.store.commitDeposits({ ...change, openings: [opening] })
  if (closedAtMs === null) return
  const closing = { depositId, closedAtMs, reason: 'veto' as const }
  await fleet.store.commitDeposits({ ...change, closings: [closing] })
}

export function ledgerSuite(openFleet: OpenFleet): void {
  test('an instant is answered from the open row and from closed runs', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.bookRuns(node, [
      ['free/proven', T0 + 10 * MINUTE],
      ['busy/active', T0 + 20 * MINUTE],
      ['free/proven', T0 + 30 * MINUTE],
    ])
    const states = [-1, 0, 10, 20, 30].map((minute) => stateAt(fleet, T0 + minute * MINUTE))
    expect(await Promise.all(states)).toEqual(['absent', 'free', 'busy', 'free', 'untold'])
    expect(await countsAt(fleet, T0 + 15 * MINUTE)).toEqual([
      {
        siteCode: 'BJ-01',
        ownerCode: '91110000MA01OPER11',
        operatorCode: '91110000MA01OPER11',
        regionCode: '110108',
        profile: node.units[0]?.profile,
        connection: 'connected',
        state: 'busy',
        isDeposited: false,
        isSchedulerRead: false,
        cards: 1,
      },
    ])
  })

  test('a card that has told nothing yet is there, never proven, without a state', async () => {
    const fleet = await openFleet()
    await fleet.start('BJ-01')
    expect(await countsAt(fleet, T0 + MINUTE)).toMatchObject([
      { state: null, connection: 'lapsed', cards: 1 },
    ])
  })

  test('C14: late runs are seen from when they were known on', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const [silentFrom, toldAt] = [T0 + HOUR, T0 + 5 * HOUR]
    await fleet.book(node, 'free/proven', silentFrom)
    const silenceId = await goSilent(fleet, node, silentFrom, silentFrom + 90_000)
    await fleet.book(node, 'busy/active', T0 + 4 * HOUR, {
      recordedAtMs: toldAt,
      silencesEnded: [{ silenceId, toMs: T0 + 4 * HOUR }],
    })
    await fleet.book(node, 'free/proven', T0 + 6 * HOUR)
    const asOf = T0 + 90 * MINUTE
    expect(await stateAt(fleet, asOf, silentFrom + MINUTE)).toBe('untold')
    expect(await stateAt(fleet, asOf, T0 + 3 * HOUR)).toBe('unknown')
    expect(await stateAt(fleet, asOf, toldAt - 1)).toBe('unknown')
    expect(await stateAt(fleet, asOf, toldAt)).toBe('busy')
  })

  test('what happened after the instant of knowledge was not known', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + HOUR)
    expect(await stateAt(fleet, T0 + 30 * MINUTE, T0 + 30 * MINUTE)).toBe('free')
    expect(await stateAt(fleet, T0 + 30 * MINUTE, T0 + 29 * MINUTE)).toBe('untold')
    expect(await stateAt(fleet, T0, T0 - 1)).toBe('absent')
  })

  test('the silence of one card leaves the others alone', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 2)
    const missing = {
      nodeId: node.nodeId,
      unitId: node.units[0]?.unitId ?? null,
      fromMs: T0,
      toMs: null,
      code: runCode('unknown/missing'),
      declaredAtMs: T0,
    }
    await fleet.store.beginSilences([missing], [], [])
    const counts = await countsAt(fleet, T0 + MINUTE)
    expect(counts.map(({ cards, state }) => [state, cards])).toEqual([
      ['unknown', 1],
      [null, 1],
    ])
  })

  test.each([
    ['just now', 0, 'connected'],
    ['24 h before', 24 * HOUR, 'connected'],
    ['longer before', 24 * HOUR + 1, 'not_connected'],
    ['30 days before', 720 * HOUR, 'not_connected'],
    ['longer than 30 days before', 720 * HOUR + 1, 'lapsed'],
  ] as const)('a card proven %s is %s', async (_, ageMs, connection) => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'busy/active', T0 + HOUR)
    expect(await countsAt(fleet, T0 + HOUR + ageMs)).toMatchObject([{ connection, state: null }])
  })

  test('a card counts once: neither its slices nor a second claim on it do', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const node = await fleet.node('BJ-01')
    const part = { parentIndex: 0, identities: [] }
    const units = [
      admit(0, 'a'),
      { ...admit(1, 'b'), ...part, kind: 'slice' as const, sharePpm: 400_000 },
      { ...admit(2, 'c'), ...part, kind: 'unsliced' as const, sharePpm: 600_000 },
    ]
    await fleet.store.commitFacts(factsCommit(node, units))
    expect(await countsAt(fleet, T0)).toMatchObject([{ cards: 1 }])
    const second = await fleet.node('BJ-01')
    const [unit] = (await fleet.store.loadNode(node.nodeId))?.units ?? []
    if (unit === undefined) throw new Error('a card is there')
    const claim = { ...admit(0, 'a'), acceleratorId: unit.acceleratorId }
    const conflict = { keptUnitId: unit.unitId, otherIndex: 0, fromMs: T0 }
    await fleet.store.commitFacts(
      factsCommit(second, [claim], {
        conflicts: [{ ...conflict, acceleratorId: unit.acceleratorId }],
        expectedClaims: [{ keyNumber: 1, hash: 'a', unitId: unit.unitId }],
      }),
    )
    expect(await countsAt(fleet, T0)).toMatchObject([{ cards: 1 }])
  })

  test.each<[string, RunName, number | null, boolean]>([
    ['free time told as it happened', 'free/proven', null, true],
    ['free time told late', 'free/proven', T0 + 2 * HOUR, false],
    ['a grey reading in a deposited window (C21)', 'busy/grey', null, false],
  ])('%s under a deposit', async (_, name, recordedAtMs, isDeposited) => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await deposit(fleet, node, T0 + MINUTE, null)
    await fleet.book(node, name, T0 + HOUR, { recordedAtMs })
    expect(await countsAt(fleet, T0 + 30 * MINUTE)).toMatchObject([{ isDeposited }])
  })

  test('a deposit that held nothing hides neither the one before nor the one after', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + HOUR)
    await deposit(fleet, node, T0 + MINUTE, T0 + 9 * MINUTE)
    await deposit(fleet, node, T0 + 9 * MINUTE, T0 + 9 * MINUTE)
    await deposit(fleet, node, T0 + 20 * MINUTE, T0 + 20 * MINUTE)
    const at = async (minute: number) =>
      (await countsAt(fleet, T0 + minute * MINUTE))[0]?.isDeposited
    expect(await Promise.all([0, 8, 9, 20].map(at))).toEqual([false, true, false, false])
  })

  test('what nodes have yet to tell begins at the earliest live edge that is not far behind', async () => {
    const fleet = await openFleet()
    const untoldFrom = async (asOfMs: number) =>
      (await fleet.store.readLedgerAt(SCOPE_ALL, instantOf(asOfMs))).untoldFromMs
    for (const [site, minutes] of [
      ['BJ-01', 10],
      ['BJ-02', 9],
      ['BJ-03', 5],
    ] as const) {
      await fleet.book(await fleet.start(site), 'free/proven', T0 + minutes * MINUTE)
    }
    expect(await untoldFrom(T0 + 4 * MINUTE)).toBeNull()
    expect(await untoldFrom(T0 + 6 * MINUTE)).toBe(T0 + 5 * MINUTE)
    expect(await untoldFrom(T0 + 10 * MINUTE)).toBe(T0 + 9 * MINUTE)
    expect(await untoldFrom(T0 + HOUR)).toBeNull()
  })

  test('whatever was booked: the counts are those of the cards one by one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyNode, { minLength: 1, maxLength: 3 }), async (specs) => {
        const fleet = await openFleet()
        const nodes: TestNode[] = []
        for (const [number, spec] of specs.entries()) {
          nodes.push(await liveThrough(fleet, `BJ-0${number + 1}`, spec))
        }
        for (const [asOfMs, knownAtMs] of INSTANTS) {
          const counted = (await countsAt(fleet, asOfMs, knownAtMs)).map(textOfCount).sort()
          const cards = await cardsOneByOne(fleet, nodes, asOfMs, knownAtMs)
          expect(counted).toEqual(cards)
          expect(await inParts(fleet, asOfMs, knownAtMs)).toEqual(
            inOrder(await fleet.store.readLedgerAt(SCOPE_ALL, instantOf(asOfMs, knownAtMs))),
          )
        }
      }),
      { numRuns: 8 },
    )
  }, 120_000)
}

/** The same instant asked of three parts of the nodes, put together. */
async function inParts(fleet: Fleet, asOfMs: number, knownAtMs: number): Promise<object> {
  const parts = [0, 1, 2].map((number) =>
    fleet.store.readLedgerAt(SCOPE_ALL, {
      ...instantOf(asOfMs, knownAtMs),
      part: { number, of: 3 },
    }),
  )
  return inOrder(wholeOf(await Promise.all(parts)))
}

function inOrder({ counts, nodes, ...rest }: CardCounts): object {
  const byText = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort()
  return { counts: byText(counts), nodes: byText(nodes), ...rest }
}

const NAMES = ['free/proven', 'busy/active', 'busy/grey', 'unknown/probe', 'faulty/ecc'] as const

const anyNode = fc.record({
  cards: fc.integer({ min: 1, max: 3 }),
  pieces: fc.array(
    fc.record({
      name: fc.constantFrom(...NAMES),
      minutes: fc.integer({ min: 1, max: 90 }),
      isLate: fc.boolean(),
      isSilentBefore: fc.boolean(),
      depositMinute: fc.option(fc.integer({ min: 0, max: 60 })),
      /** A lease of the first card from then to the end of the piece, or to an end told later. */
      leaseMinute: fc.option(fc.integer({ min: 0, max: 60 })),
      isEndLate: fc.boolean(),
    }),
    { maxLength: 8 },
  ),
})
type NodeSpec = typeof anyNode extends fc.Arbitrary<infer Value> ? Value : never

/** As of every 17 minutes of some hours, known then, a little later and much later. */
const INSTANTS = Array.from({ length: 24 }, (_, step) => T0 + step * 17 * MINUTE + step).flatMap(
  (asOfMs) =>
    [0, 2 * MINUTE, 3 * HOUR, 40 * HOUR].map((later) => [asOfMs, asOfMs + later] as const),
)

async function liveThrough(fleet: Fleet, siteCode: string, spec: NodeSpec): Promise<TestNode> {
  const node = await fleet.start(siteCode, spec.cards)
  for (const [number, piece] of spec.pieces.entries()) {
    const { name, minutes, isLate, isSilentBefore, depositMinute } = piece
    const startMs = node.open.timelineEndMs
    const endMs = startMs + minutes * MINUTE
    const recordedAtMs = isLate || isSilentBefore ? endMs + 2 * HOUR : null
    const silenceId = isSilentBefore ? await goSilent(fleet, node, startMs, startMs + 90_000) : 0
    const silencesEnded = isSilentBefore ? [{ silenceId, toMs: endMs }] : []
    await fleet.book(node, name, endMs, { recordedAtMs, silencesEnded })
    if (depositMinute !== null && depositMinute < minutes) {
      await deposit(fleet, node, startMs + depositMinute * MINUTE, endMs)
    }
    const leaseMs = startMs + (piece.leaseMinute ?? minutes) * MINUTE
    if (leaseMs < endMs)
      await lendPiece(fleet, node, `${siteCode}-${number}`, piece, [leaseMs, endMs])
  }
  return node
}

async function lendPiece(
  fleet: Fleet,
  node: TestNode,
  drawId: string,
  { isEndLate }: NodeSpec['pieces'][number],
  [startMs, untilMs]: readonly [number, number],
) {
  const known = { drawId, startMs, untilMs, knownAtMs: startMs - 2_000 }
  const draw = await lend(fleet.store, node.units.slice(0, 1), known)
  // A veto names an instant that has passed; it is told an hour later.
  const endedAtMs = isEndLate ? Math.floor((startMs + untilMs) / 2) : untilMs
  const knownAtMs = isEndLate ? untilMs + HOUR : untilMs
  const end = isEndLate ? 'veto' : 'expired'
  await endLending(fleet.store, draw, {
    endedAtMs,
    knownAtMs,
    end,
    to: 'broken_veto',
    isClean: true,
  })
}

/** A second, simple bookkeeper: each card from its own history, as many lines as kinds of card. */
async function cardsOneByOne(
  fleet: Fleet,
  nodes: readonly TestNode[],
  asOfMs: number,
  knownAtMs: number,
): Promise<readonly string[]> {
  const counts = new Map<string, number>()
  for (const unit of nodes.flatMap((node) => node.units)) {
    if (unit.validFromMs > asOfMs) continue
    const range = { fromMs: 0, toMs: LATER, knownAtMs }
    const span = await fleet.store.readUnitSpan(SCOPE_ALL, unit.unitId, range)
    if (span === null) throw new Error('the card is there')
    const text = textOfCard(unit, span, asOfMs, knownAtMs)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, cards]) => `${text}: ${cards}`).sort()
}

function textOfCard(unit: UnitRow, span: UnitSpan, asOfMs: number, knownAtMs: number): string {
  const last = span.runs.filter((run) => run.startMs <= asOfMs).at(-1)
  const provenToMs = last === undefined ? null : provenTo(last, knownAtMs)
  const isCovered = last !== undefined && provenToMs !== null && provenToMs > asOfMs
  const told = isCovered ? last : span.silences.filter((one) => covers(one, asOfMs)).at(-1)
  const isLeased = span.leases.some(({ fromMs, toMs }) => fromMs <= asOfMs && asOfMs < toMs)
  const measured = told === undefined ? 'untold' : stateOf(told.code)
  const state = measured !== 'untold' && isLeased && isLendable(measured) ? 'lent' : measured
  const isLive = isCovered && last.recordedAtMs === null
  const isDeposited = span.deposits.some(
    (one) => one.openedAtMs <= asOfMs && (one.closedAtMs === null || one.closedAtMs > asOfMs),
  )
  // These histories are a few hours long: what was proven at all is connected.
  const connection = provenToMs === null ? 'lapsed' : 'connected'
  return `${unit.siteCode} ${connection} ${state} ${state === 'free' && isLive && isDeposited}`
}

function textOfCount(count: CardCount): string {
  const { cards, connection, isDeposited, siteCode, state } = count
  return `${siteCode} ${connection} ${state ?? 'untold'} ${isDeposited}: ${cards}`
}

function provenTo(run: StoredRun, knownAtMs: number): number {
  return run.recordedAtMs === null ? Math.min(run.endMs, knownAtMs + 1) : run.endMs
}

function covers({ fromMs, toMs }: Silence, atMs: number): boolean {
  return fromMs <= atMs && (toMs === null || toMs > atMs)
}
