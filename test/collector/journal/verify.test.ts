/** A journal is linked entry by entry: whatever is done to it is found and named. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEntry, numberEntry } from '../../../collector/src/journal/entry.ts'
import { ENTRY_BYTES_MAX, GENESIS_HASH } from '../../../collector/src/journal/format.ts'
import { verifyEntries, verifyJournal, WALK_START } from '../../../collector/src/journal/verify.ts'
import { linkHash, readEntry } from '../../../collector/src/journal/verify-entry.ts'
import type { EntrySeq, LedgerGeneration } from '../../../collector/src/model/ids.ts'
import type { JournalEntry, OutboxEntry } from '../../../collector/src/model/ledger.ts'

const GENERATION = 1 as LedgerGeneration

function journalOf(count: number): JournalEntry[] {
  const entries: JournalEntry[] = []
  for (let index = 0; index < count; index += 1) {
    const last = entries.at(-1)
    const entry: OutboxEntry = {
      kind: index === 0 ? 'ledger_opened' : 'veto',
      atMs: 1_000 + index,
      payload: { number: index, site: 'SITE-1', amount: '12345678901234567890' },
    }
    entries.push(numberEntry(last ?? { seq: 0, hash: GENESIS_HASH }, GENERATION, entry))
  }
  return entries
}

describe('an entry', () => {
  const [first] = journalOf(1)

  test('is canonical bytes of generation, number, kind, time and payload', () => {
    expect(Buffer.from(first?.bytes ?? []).toString('utf8')).toBe(
      '{"at_ms":1000,"generation":1,"kind":"ledger_opened","payload":' +
        '{"amount":"12345678901234567890","number":0,"site":"SITE-1"},"seq":1,"v":1}',
    )
  })

  test('is hashed with label and previous hash, each behind its length', () => {
    const bytes = Buffer.from(first?.bytes ?? [])
    const expected = createHash('sha256')
      .update(Buffer.from([0, 0, 0, 14]))
      .update('yiben.entry.v1')
      .update(Buffer.from([0, 0, 0, 32]))
      .update(Buffer.alloc(32))
      .update(Buffer.from([0, 0, bytes.length >> 8, bytes.length & 255]))
      .update(bytes)
      .digest('hex')
    expect(first?.hash).toBe(expected)
    expect(first?.previousHash).toBe(GENESIS_HASH)
  })

  test('has a bound', () => {
    const entry: OutboxEntry = {
      kind: 'veto',
      atMs: 1,
      payload: { text: 'x'.repeat(ENTRY_BYTES_MAX) },
    }
    expect(() => numberEntry({ seq: 0, hash: GENESIS_HASH }, GENERATION, entry)).toThrow('bound')
  })

  const written = (change: object) => {
    const fields = { at_ms: 1, generation: 1, kind: 'veto', payload: {}, seq: 1, v: 1, ...change }
    const sorted = Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)))
    return Buffer.from(JSON.stringify(sorted))
  }

  test.each([
    ['another version', { v: 2 }],
    ['a kind that is no word', { kind: 'In Vented' }],
    ['a payload that is a list', { payload: [] }],
    ['a number as text', { seq: '1' }],
    ['a time as text', { at_ms: '1' }],
    ['a generation that is no number', { generation: null }],
    ['one field more', { extra: 1 }],
    ['one field less', { kind: undefined }],
    ['a fraction', { payload: { amount: 0.5 } }],
    ['more than its bound', { payload: { text: 'x'.repeat(ENTRY_BYTES_MAX) } }],
  ])('%s is not read', (_, change) => {
    expect([decodeEntry(written(change)), readEntry(written(change))]).toEqual([null, null])
  })

  test('of a kind that came later is verified, though we make nothing of it', () => {
    expect(decodeEntry(written({ kind: 'invented_later' }))).toBeNull()
    expect(readEntry(written({ kind: 'invented_later' }))?.kind).toBe('invented_later')
  })

  test('J1: the writer and the reader, who share no code, take the same bytes', () => {
    const anyText = fc.oneof(
      fc.json({ maxDepth: 3 }),
      fc.string(),
      fc.jsonValue({ maxDepth: 3 }).map((payload) => String(written({ payload }))),
      fc.jsonValue({ maxDepth: 3 }).map((payload) => JSON.stringify({ payload, v: 1 })),
    )
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = Buffer.from(text, 'utf8')
        const [own, read] = [decodeEntry(bytes), readEntry(bytes)]
        expect(read === null).toBe(own === null)
        expect({ ...read }).toEqual({ ...own })
      }),
      { numRuns: 500 },
    )
  })

  test('J3: the writer and the reader, who share no code, hash alike', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (text, seq) => {
        const previousHash = createHash('sha256').update(`${seq}`).digest('hex')
        const entry = numberEntry({ seq: seq + 1, hash: previousHash }, GENERATION, {
          kind: 'veto',
          atMs: 1,
          payload: { text: text.toWellFormed() },
        })
        expect(linkHash(previousHash, entry.bytes)).toBe(entry.hash)
        expect(readEntry(entry.bytes)).toEqual(decodeEntry(entry.bytes))
      }),
    )
  })
})

describe('a journal', () => {
  const entries = journalOf(12)
  const last = entries.at(-1)
  const head = { seq: last?.seq ?? 0, hash: last?.hash ?? '' }

  test('as it was written verifies, whole and page by page', () => {
    expect(verifyJournal(entries, head).status).toBe('verified')
    const page = verifyEntries(WALK_START, entries.slice(0, 5))
    expect(page.status).toBe('verified')
    if (page.status !== 'verified') return
    expect(verifyEntries(page.state, entries.slice(5))).toEqual({
      status: 'verified',
      state: { ...head, generation: 1 },
    })
  })

  test('that goes on past the head seen before verifies against it', () => {
    const seen = entries[4]
    expect(verifyJournal(entries, { seq: 5, hash: seen?.hash ?? '' }).status).toBe('verified')
    expect(verifyJournal(entries, { seq: 0, hash: '' }).status).toBe('verified')
  })

  const faults: readonly (readonly [string, string, number, (list: JournalEntry[]) => void])[] = [
    ['an entry cut out', 'number_not_next', 4, (list) => void list.splice(3, 1)],
    ['the first cut off', 'number_not_next', 1, (list) => void list.shift()],
    ['the end cut off', 'end_cut_off', 12, (list) => void list.pop()],
    ['two swapped', 'number_not_next', 5, (list) => list.splice(4, 2, at(list, 5), at(list, 4))],
    [
      'two swapped with their numbers',
      'previous_hash_differs',
      5,
      (list) =>
        list.splice(
          4,
          2,
          { ...at(list, 5), seq: 5 as EntrySeq },
          { ...at(list, 4), seq: 6 as EntrySeq },
        ),
    ],
    ['an entry twice', 'number_not_next', 6, (list) => list.splice(5, 0, at(list, 4))],
    [
      'a byte flipped',
      'hash_differs',
      3,
      (list) => list.splice(2, 1, { ...at(list, 2), bytes: flipped(at(list, 2).bytes) }),
    ],
    [
      'an entry made up and hashed anew',
      'previous_hash_differs',
      4,
      (list) => {
        const made: OutboxEntry = { kind: 'veto', atMs: 1, payload: { made: 'up' } }
        list.splice(2, 1, numberEntry(at(list, 1), GENERATION, made))
      },
    ],
    [
      'a column that says something else',
      'columns_differ',
      3,
      (list) => list.splice(2, 1, { ...at(list, 2), kind: 'deposit_opened' }),
    ],
    [
      'a time in the column',
      'columns_differ',
      3,
      (list) => list.splice(2, 1, { ...at(list, 2), atMs: 7 }),
    ],
    [
      'the generation in the column',
      'first_not_ledger_opened',
      3,
      (list) => list.splice(2, 1, { ...at(list, 2), generation: 2 as LedgerGeneration }),
    ],
    [
      'the hash of the entry before',
      'previous_hash_differs',
      3,
      (list) => list.splice(2, 1, { ...at(list, 2), previousHash: 'a'.repeat(64) }),
    ],
    [
      'its own hash',
      'hash_differs',
      3,
      (list) => list.splice(2, 1, { ...at(list, 2), hash: 'a'.repeat(64) }),
    ],
    [
      'a generation that went back',
      'generation_went_back',
      3,
      (list) => list.splice(2, 1, { ...at(list, 2), generation: 0 as LedgerGeneration }),
    ],
  ]

  test.each(faults)('%s: %s', (_, fault, atSeq, spoil) => {
    const spoiled = [...entries]
    spoil(spoiled)
    expect(verifyJournal(spoiled, head)).toEqual({ status: 'broken', atSeq, fault })
  })

  test('rewritten from an entry on is another journal than the one seen', () => {
    const rewritten = entries.slice(0, 6)
    for (let index = 6; index < 12; index += 1) {
      const before = at(rewritten, index - 1)
      const entry: OutboxEntry = { kind: 'veto', atMs: 1, payload: { other: index } }
      rewritten.push(numberEntry(before, GENERATION, entry))
    }
    expect(verifyJournal(rewritten).status).toBe('verified')
    expect(verifyJournal(rewritten, head)).toEqual({
      status: 'broken',
      atSeq: 12,
      fault: 'head_differs',
    })
  })

  test('that does not begin with ledger_opened is none', () => {
    const entry: OutboxEntry = { kind: 'veto', atMs: 1, payload: {} }
    const wrong = [numberEntry({ seq: 0, hash: GENESIS_HASH }, GENERATION, entry)]
    expect(verifyJournal(wrong)).toMatchObject({ fault: 'first_not_ledger_opened' })
  })

  test('J4: goes on in the next generation with an entry that opens it, and never back', () => {
    const opened: OutboxEntry = { kind: 'ledger_opened', atMs: 1, payload: {} }
    const other: OutboxEntry = { kind: 'veto', atMs: 1, payload: {} }
    const grown = (entry: OutboxEntry, generation: number) => [
      ...entries,
      numberEntry(head, generation as LedgerGeneration, entry),
    ]
    expect(verifyJournal(grown(opened, 2))).toMatchObject({ state: { seq: 13, generation: 2 } })
    expect(verifyJournal(grown(other, 2))).toMatchObject({ fault: 'first_not_ledger_opened' })
    expect(verifyJournal(grown(opened, 0))).toMatchObject({ fault: 'generation_went_back' })
  })

  test('any bit flipped, any entries cut, moved or doubled: never verified', () => {
    const place = fc.integer({ min: 0, max: entries.length - 1 })
    const anyHarm = fc.oneof(
      fc.record({ kind: fc.constant('bit' as const), place, bit: fc.nat(8 * 60 - 1) }),
      fc.record({ kind: fc.constant('hash' as const), place, bit: fc.nat(255) }),
      fc.record({
        kind: fc.constant('cut' as const),
        place,
        count: fc.integer({ min: 1, max: 4 }),
      }),
      fc.record({ kind: fc.constant('move' as const), place, to: place }),
      fc.record({ kind: fc.constant('double' as const), place, to: place }),
    )
    type Harm = typeof anyHarm extends fc.Arbitrary<infer Value> ? Value : never
    const apply = (list: JournalEntry[], harm: Harm): void => {
      const victim = at(list, harm.place)
      if (harm.kind === 'cut') list.splice(harm.place, harm.count)
      else if (harm.kind === 'double') list.splice(harm.to, 0, victim)
      else if (harm.kind === 'move') list.splice(harm.to, 0, ...list.splice(harm.place, 1))
      else if (harm.kind === 'hash') {
        const hash = flipped(Buffer.from(victim.hash, 'hex'), harm.bit)
        list.splice(harm.place, 1, { ...victim, hash: Buffer.from(hash).toString('hex') })
      } else list.splice(harm.place, 1, { ...victim, bytes: flipped(victim.bytes, harm.bit) })
    }
    fc.assert(
      fc.property(anyHarm, (harm) => {
        const spoiled = [...entries]
        apply(spoiled, harm)
        fc.pre(harm.kind !== 'move' || harm.place !== harm.to)
        expect(verifyJournal(spoiled, head).status).toBe('broken')
      }),
      { numRuns: 300 },
    )
  })
})

function at(list: readonly JournalEntry[], index: number): JournalEntry {
  const entry = list[index]
  if (entry === undefined) throw new Error('no such entry')
  return entry
}

function flipped(bytes: Uint8Array, bit = 100): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}
