/** From the outbox to numbered entries: gap-free, in order, once. */
import { silentLogger } from '@yiben/shared'
import { beforeEach, expect, test } from 'vitest'
import { Sequencer, type SequencerStore } from '../../../collector/src/journal/sequencer.ts'
import { verifyJournal } from '../../../collector/src/journal/verify.ts'
import type { JournalEntry, OutboxEntry } from '../../../collector/src/model/ledger.ts'
import { settle } from '../../support/fake-clock.ts'
import { LedgerRig } from '../bank/ledger-rig.ts'

let rig: LedgerRig

beforeEach(() => {
  rig = new LedgerRig()
})

function sequencerOver(store: SequencerStore = rig.store): Sequencer {
  return new Sequencer({ store, clock: rig.clock, logger: silentLogger })
}

/** Entries reach the outbox with whatever they are about; declared capacity is the simplest. */
async function write(count: number, from = 0): Promise<void> {
  const outbox: OutboxEntry[] = Array.from({ length: count }, (_, index) => ({
    kind: 'veto',
    atMs: rig.now,
    payload: { number: from + index },
  }))
  await rig.store.beginSilences([], [], outbox)
}

async function journal(): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = []
  for (;;) {
    const page = await rig.store.readJournal(entries.length, 500)
    if (page.length === 0) return entries
    entries.push(...page)
  }
}

const numbers = (entries: readonly JournalEntry[]) =>
  entries.slice(1).map(({ bytes }) => {
    const fields: { payload: { number: number } } = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return fields.payload.number
  })

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

test('a fresh ledger begins with the entry that opens it', async () => {
  await sequencerOver().drain()
  const entries = await journal()
  expect(entries.map(({ seq, kind }) => [seq, kind])).toEqual([[1, 'ledger_opened']])
  await sequencerOver().drain()
  expect(await journal()).toHaveLength(1)
})

test('J2: more than a batch is numbered in order, without a gap, and verifies', async () => {
  await write(1_234)
  await sequencerOver().drain()
  const entries = await journal()
  expect(entries).toHaveLength(1_235)
  expect(numbers(entries)).toEqual(upTo(1_234))
  expect(verifyJournal(entries, await rig.store.journalHead()).status).toBe('verified')
  expect(await rig.store.readOutbox(10)).toEqual([])
})

test('two sequencers: one is first, the other reads anew, no entry twice', async () => {
  await write(700)
  await Promise.all([sequencerOver().drain(), sequencerOver().drain()])
  await write(700, 700)
  await Promise.all([sequencerOver().drain(), sequencerOver().drain()])
  const entries = await journal()
  expect(numbers(entries)).toEqual(upTo(1_400))
  expect(verifyJournal(entries).status).toBe('verified')
})

test.each(['before', 'after'] as const)('killed %s an append: numbered once', async (when) => {
  await write(20)
  const { store } = rig
  const dying = sequencerOver({
    ledgerState: () => store.ledgerState(),
    readOutbox: (limit) => store.readOutbox(limit),
    journalHead: () => store.journalHead(),
    appendJournal: async (head, entries) => {
      if (when === 'after') await store.appendJournal(head, entries)
      throw new Error('killed')
    },
  })
  await expect(dying.drain()).rejects.toThrow('killed')
  await write(5, 20)
  await sequencerOver().drain()
  expect(numbers(await journal())).toEqual(upTo(25))
})

test('it runs by itself, wakes at a hint, tells who follows, and stops', async () => {
  const heads: number[] = []
  const sequencer = new Sequencer({
    store: rig.store,
    clock: rig.clock,
    logger: silentLogger,
    onAppended: ({ seq }) => heads.push(seq),
  })
  const running = sequencer.run()
  await settle()
  await write(3)
  sequencer.hint()
  await settle()
  expect(heads).toEqual([1, 4])
  await write(1, 3)
  await rig.clock.run(1_000)
  expect(heads).toEqual([1, 4, 5])
  await sequencer.stop()
  await running
})

test('it counts what it has numbered, by kind, and what another one has numbered not', async () => {
  const [first, second] = [sequencerOver(), sequencerOver()]
  await write(3)
  await first.drain()
  await second.drain()
  expect(first.numbered.rows()).toEqual([
    { labels: { kind: 'ledger_opened' }, count: 1 },
    { labels: { kind: 'veto' }, count: 3 },
  ])
  expect(second.numbered.rows()).toEqual([])
})
