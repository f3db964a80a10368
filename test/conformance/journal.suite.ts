/** The outbox and the journal: numbered once, gap-free, linked. */
import { expect, test } from 'vitest'
import type { EntrySeq, LedgerGeneration } from '../../collector/src/model/ids.ts'
import type { JournalEntry } from '../../collector/src/model/ledger.ts'
import type { JournalHead } from '../../collector/src/storage/requests.ts'
import { note, T0, terms } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

function numbered(head: JournalHead, outboxId: number): JournalEntry & { outboxId: number } {
  const seq = head.seq + 1
  return {
    seq: seq as EntrySeq,
    generation: 1 as LedgerGeneration,
    kind: 'site_changed',
    atMs: T0,
    bytes: Uint8Array.of(1, 2, seq),
    previousHash: head.hash,
    hash: seq.toString(16).padStart(64, 'a'),
    outboxId,
  }
}

async function fleetWithEntries(openFleet: OpenFleet, count: number) {
  const fleet = await openFleet()
  const outbox = Array.from({ length: count }, () => note('site_changed'))
  await fleet.store.putSite({ code: 'BJ-01', name: 'B', terms: terms(), outbox })
  return { store: fleet.store, entries: await fleet.store.readOutbox(count) }
}

export function journalSuite(openFleet: OpenFleet): void {
  test('entries leave the outbox as they are numbered', async () => {
    const { store, entries } = await fleetWithEntries(openFleet, 3)
    const head = await store.journalHead()
    expect(head).toEqual({ seq: 0, hash: '0'.repeat(64) })
    const first = numbered(head, entries[0]?.outboxId ?? -1)
    const second = numbered(first, entries[1]?.outboxId ?? -1)
    expect(await store.appendJournal(head, [first, second])).toEqual({ status: 'appended' })
    expect(await store.journalHead()).toEqual({ seq: 2, hash: second.hash })
    expect(await store.readOutbox(10)).toEqual(entries.slice(2))
    const { outboxId: _, ...stored } = second
    expect(await store.readJournal(1, 10)).toEqual([stored])
    expect(await store.readJournal(0, 1)).toHaveLength(1)
  })

  test('an append to a head that has moved on is stale', async () => {
    const { store, entries } = await fleetWithEntries(openFleet, 2)
    const head = await store.journalHead()
    const first = numbered(head, entries[0]?.outboxId ?? -1)
    const rival = numbered(head, entries[1]?.outboxId ?? -1)
    const results = await Promise.all([
      store.appendJournal(head, [first]),
      store.appendJournal(head, [rival]),
    ])
    expect(results.map((result) => result.status).sort()).toEqual(['appended', 'stale'])
    expect(await store.readOutbox(10)).toHaveLength(1)
  })

  test('an entry that has left the outbox is not numbered again', async () => {
    const { store, entries } = await fleetWithEntries(openFleet, 1)
    const head = await store.journalHead()
    const first = numbered(head, entries[0]?.outboxId ?? -1)
    await store.appendJournal(head, [first])
    const again = numbered(first, first.outboxId)
    expect(await store.appendJournal(first, [again])).toEqual({ status: 'stale' })
    expect(await store.journalHead()).toEqual({ seq: 1, hash: first.hash })
  })

  test('an entry of the sequencer itself needs no row in the outbox', async () => {
    const { store } = await fleetWithEntries(openFleet, 1)
    const head = await store.journalHead()
    expect(await store.appendJournal(head, [numbered(head, 0)])).toEqual({ status: 'appended' })
    expect(await store.readOutbox(10)).toHaveLength(1)
  })

  test('a gap or a broken link is a bug, and nothing is appended', async () => {
    const { store, entries } = await fleetWithEntries(openFleet, 2)
    const head = await store.journalHead()
    const first = numbered(head, entries[0]?.outboxId ?? -1)
    const second = numbered({ ...first, seq: 2 }, entries[1]?.outboxId ?? -1)
    await expect(store.appendJournal(head, [first, second])).rejects.toThrow('without a gap')
    const unlinked = { ...numbered(first, entries[1]?.outboxId ?? -1), previousHash: 'f' }
    await expect(store.appendJournal(head, [first, unlinked])).rejects.toThrow('names the one')
    expect(await store.journalHead()).toEqual(head)
    expect(await store.readOutbox(10)).toHaveLength(2)
  })
}
