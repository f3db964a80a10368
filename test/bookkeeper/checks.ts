/**
 * The bank's books beside those of the second bookkeeper. After each step: the same draws and claims
 * in the same states, ended by the same causes at the same instants. At rest: every millisecond in
 * the same account, statements that are their sums, and a journal that tells all of it.
 */
import { statementOf } from '../../collector/src/bank/statement.ts'
import { decodeEntry } from '../../collector/src/journal/entry.ts'
import type { Account, Claim, Draw, Posting } from '../../collector/src/model/draw.ts'
import type { BookedClaim } from '../../collector/src/storage/account-requests.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { type Book, type DrawBook, hasOpenPlaces, nameOf } from './book.ts'
import type { SecondBookkeeper } from './second-bookkeeper.ts'
import type { BankWorld } from './world.ts'

const PAGE = 1_000
/** Nanos of one card: any figure will do, they are all alike. */
const RATE = 7n

/** Of every draw that is not over, and of those that were a moment ago. */
export async function stepFaults(world: BankWorld): Promise<readonly string[]> {
  const faults = [...world.books.objections.splice(0)]
  for (const [drawId, book] of world.books.draws) {
    if (isSeen(book)) continue
    const draw = await world.ledger.store.findDraw(drawId)
    faults.push(...(draw === null ? [`draw ${drawId} is gone`] : drawFaults(draw, book)))
    if (draw !== null && isOver(book)) seen.add(book)
  }
  faults.push(...claimedTwice(world.books), ...(await depositFaults(world)))
  return faults
}

const seen = new WeakSet<DrawBook>()

function isSeen(book: DrawBook): boolean {
  return isOver(book) && seen.has(book) && !hasOpenPlaces(book)
}

function isOver({ state }: DrawBook): boolean {
  return state !== 'held' && state !== 'posted' && state !== 'booked'
}

function drawFaults(draw: Draw, book: DrawBook): readonly string[] {
  const { drawId } = draw.request
  const faults: string[] = []
  if (draw.state !== book.state) faults.push(`draw ${drawId} is ${draw.state}, not ${book.state}`)
  if (draw.claims.length !== book.books.length) {
    faults.push(`draw ${drawId} has ${draw.claims.length} claims, not ${book.books.length}`)
  }
  for (const own of book.books) {
    const claim = draw.claims[own.ordinal]
    const differing = claim === undefined ? ['nothing'] : differences(claim, own)
    faults.push(...differing.map((difference) => `claim ${nameOf(own)}: ${difference}`))
  }
  return faults
}

const COMPARED = [
  'unitId',
  'state',
  'startMs',
  'untilMs',
  'recallAtMs',
  'end',
  'endedAtMs',
  'cleanAtMs',
  'swapOf',
] as const

function differences(claim: Claim, book: Book): readonly string[] {
  return COMPARED.flatMap((field) => {
    const [has, should] = [claim[field], book[field]]
    return has === should ? [] : [`${field} is ${has}, not ${should}`]
  })
}

function claimedTwice(books: SecondBookkeeper): readonly string[] {
  const live = new Map<number, string>()
  const faults: string[] = []
  for (const draw of books.draws.values()) {
    for (const book of draw.books) {
      if (book.unitId === null || book.state === 'ended') continue
      const other = live.get(book.unitId)
      if (other !== undefined) faults.push(`card ${book.unitId}: ${other} and ${nameOf(book)}`)
      live.set(book.unitId, nameOf(book))
    }
  }
  return faults
}

/** Open deposits: one of a card, and of a card that is lent the one that its lease rests on. */
async function depositFaults({ books, ledger }: BankWorld): Promise<readonly string[]> {
  const open = await ledger.store.readOpenDeposits('all')
  const faults: string[] = []
  const byUnit = Map.groupBy(open, ({ unitId }) => unitId)
  for (const [unitId, own] of byUnit) {
    if (own.length > 1) faults.push(`card ${unitId} is deposited twice`)
    const lent = [...books.draws.values()]
      .flatMap((draw) => draw.books)
      .find(
        (book) => book.unitId === unitId && (book.state === 'leased' || book.state === 'cleaning'),
      )
    const [deposit] = own
    if (lent === undefined || deposit === undefined) continue
    if (deposit.openedAtMs > (lent.startMs ?? 0)) {
      faults.push(`card ${unitId} is deposited anew while it is ${lent.state} by ${nameOf(lent)}`)
    }
  }
  return faults
}

// ---- at rest -----------------------------------------------------------------------------------

export interface Rest {
  readonly nowMs: number
  readonly finalBeforeMs: number
}

/** Nothing is lent any more and everything has been told and settled. */
export async function restFaults(world: BankWorld, rest: Rest): Promise<readonly string[]> {
  const faults: string[] = []
  for (const [drawId, book] of world.books.draws) {
    const draw = await world.ledger.store.findDraw(drawId)
    faults.push(...(draw === null ? [`draw ${drawId} is gone`] : drawFaults(draw, book)))
  }
  const booked = await bookedClaims(world)
  const totals = new Map<Account, bigint>()
  let residueMs = 0
  for (const book of promisedBooks(world.books)) {
    const claim = booked.get(nameOf(book))
    const { faults: wrong, sums } = foldPostings(claim?.postings ?? [])
    faults.push(...wrong.map((fault) => `accounts of ${nameOf(book)}: ${fault}`))
    const should = world.books.accountsOf(book, rest)
    faults.push(...accountFaults(book, sums, should))
    for (const [account, ms] of should)
      totals.set(account, (totals.get(account) ?? 0n) + BigInt(ms))
    residueMs += book.residueMs
  }
  faults.push(...promisedTwice(world.books))
  faults.push(...(await statementFaults(world, totals, BigInt(residueMs))))
  faults.push(...(await world.ledger.store.auditDraws()))
  return faults
}

async function bookedClaims({ ledger }: BankWorld): Promise<ReadonlyMap<string, BookedClaim>> {
  const claims = new Map<string, BookedClaim>()
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof ledger.store.listBookedClaims>> =
      await ledger.store.listBookedClaims({ cursor, limit: PAGE })
    for (const row of page.rows) claims.set(`${row.drawId}/${row.claim.ordinal}`, row)
    cursor = page.nextCursor
  } while (cursor !== null)
  return claims
}

function promisedBooks({ draws }: SecondBookkeeper): readonly Book[] {
  return [...draws.values()].flatMap(({ books }) => books.filter(({ startMs }) => startMs !== null))
}

function accountFaults(
  book: Book,
  has: ReadonlyMap<Account, number>,
  should: ReadonlyMap<Account, number>,
): readonly string[] {
  const accounts = new Set([...has.keys(), ...should.keys()])
  return [...accounts].flatMap((account) => {
    const [own, other] = [has.get(account) ?? 0, should.get(account) ?? 0]
    return own === other
      ? []
      : [`accounts of ${nameOf(book)}: ${account} is ${own} ms, not ${other}`]
  })
}

/** One piece of time after the other, posting by posting: each must find it where it says. */
function foldPostings(postings: readonly Posting[]) {
  const edges = [...new Set(postings.flatMap(({ fromMs, toMs }) => [fromMs, toMs]))]
  edges.sort((left, right) => left - right)
  const faults: string[] = []
  const sums = new Map<Account, number>()
  for (const [position, fromMs] of edges.entries()) {
    const toMs = edges[position + 1]
    if (toMs === undefined) break
    let account: Account | null = null
    for (const posting of postings) {
      if (posting.fromMs > fromMs || posting.toMs < toMs) continue
      // Time comes in by a promise, or with the place of another card.
      const isEntry = posting.from === 'promised' || posting.from === 'swapped'
      if (posting.from !== account && !(account === null && isEntry)) {
        faults.push(`${toMs - fromMs} ms move from ${posting.from}, but lie in ${account}`)
      }
      account = posting.to
    }
    if (account !== null) sums.set(account, (sums.get(account) ?? 0) + toMs - fromMs)
  }
  return { faults, sums }
}

/** Time that is lent is a card's time: never that of two leases. */
function promisedTwice(books: SecondBookkeeper): readonly string[] {
  const faults: string[] = []
  const byUnit = Map.groupBy(promisedBooks(books), ({ unitId }) => unitId)
  for (const [unitId, own] of byUnit) {
    if (unitId === null) continue
    const inOrder = own
      .map((book) => ({
        book,
        fromMs: book.startMs ?? 0,
        toMs: book.endedAtMs ?? book.untilMs ?? 0,
      }))
      .filter(({ fromMs, toMs }) => toMs > fromMs)
      .sort((left, right) => left.fromMs - right.fromMs)
    for (const [position, { book, toMs }] of inOrder.entries()) {
      const next = inOrder[position + 1]
      if (next === undefined || next.fromMs >= toMs) continue
      faults.push(`card ${unitId} is lent by ${nameOf(book)} and ${nameOf(next.book)} at once`)
    }
  }
  return faults
}

/** Of the borrower: sums of what the claims hold. */
async function statementFaults(
  { ledger }: BankWorld,
  totals: ReadonlyMap<Account, bigint>,
  residueMs: bigint,
): Promise<readonly string[]> {
  const filter = { ownerCode: null, borrower: 'borrower', bank: null }
  const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, knownAtMs: Number.MAX_SAFE_INTEGER }
  const sums = await ledger.store.readAccounts(SCOPE_ALL, filter, range)
  const { lines } = statementOf({
    periods: [{ ...range, sums }],
    draws: await ledger.store.readDrawMoves(SCOPE_ALL, filter, range),
    finalBeforeMs: 0,
    rateOf: () => ({ model: 'H800', nanoTflops: RATE }),
  })
  const faults: string[] = []
  const compare = (figure: Account | 'residue', should: bigint) => {
    const has = lines.reduce((sum, { cardMs }) => sum + cardMs[figure], 0n)
    if (has !== should) faults.push(`the statement has ${has} ms ${figure}, not ${should}`)
  }
  for (const [account, ms] of totals) if (account !== 'swapped') compare(account, ms)
  compare('residue', residueMs)
  return faults
}

// ---- the journal -------------------------------------------------------------------------------

/** Numbered without a gap, each linked to the one before, and all that happened is in it once. */
export async function journalFaults(world: BankWorld): Promise<readonly string[]> {
  await world.wait(world.life.sequencer.drain())
  const faults: string[] = []
  const told = new Map<string, number>()
  let previous: { readonly seq: number; readonly hash: string } | null = null
  for (;;) {
    const entries = await world.ledger.store.readJournal(previous?.seq ?? 0, PAGE)
    for (const entry of entries) {
      if (entry.seq !== (previous?.seq ?? 0) + 1) faults.push(`entry ${entry.seq} follows a gap`)
      if (previous !== null && entry.previousHash !== previous.hash) {
        faults.push(`entry ${entry.seq} is not linked to the one before`)
      }
      previous = entry
      const payload = decodeEntry(entry.bytes)?.payload ?? {}
      const ordinals = Array.isArray(payload.ordinals) ? payload.ordinals : []
      for (const ordinal of [null, ...ordinals]) {
        const key = JSON.stringify([entry.kind, payload.draw_id, ordinal, payload.end ?? null])
        told.set(key, (told.get(key) ?? 0) + 1)
      }
    }
    if (entries.length < PAGE) break
  }
  const expect = (kind: string, drawId: string, what: { ordinal?: number; end?: string } = {}) => {
    const key = JSON.stringify([kind, drawId, what.ordinal ?? null, what.end ?? null])
    const times = told.get(key) ?? 0
    if (times !== 1) faults.push(`the journal tells ${key} ${times} times`)
  }
  for (const [drawId, draw] of world.books.draws) {
    const isBooking = draw.request.startMs !== null
    if (isBooking && draw.state !== 'refused') expect('draw_booked', drawId)
    else if (draw.books.length > 0) expect('draw_held', drawId)
    if (draw.state === 'lapsed') expect('draw_lapsed', drawId)
    if (draw.state === 'voided') expect('draw_voided', drawId)
    if (draw.state === 'refused') expect('draw_refused', drawId)
    const isPosted = draw.state === 'posted' || draw.state === 'ended'
    if (isPosted && !isBooking) expect('draw_posted', drawId)
    for (const { end, endedAtMs, ordinal, startMs, state, swapOf, unitId } of draw.books) {
      // Another card of a lease is told as a swap.
      const isBound = swapOf === null || draw.books[swapOf]?.unitId === null
      if (unitId !== null && isBooking && isBound) expect('draw_bound', drawId, { ordinal })
      if (unitId === null || startMs === null || endedAtMs === null || end === null) continue
      if (end === 'swap') expect('lease_swapped', drawId, { ordinal })
      else expect('lease_ended', drawId, { ordinal, end })
      if (state === 'ended') expect('card_cleaned', drawId, { ordinal })
    }
  }
  return faults
}
