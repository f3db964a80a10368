/** The outbox and the journal: numbered once, gap-free, linked. */
import { expect, test } from 'vitest'
import type { EntrySeq, LedgerGeneration } from '../../collector/src/model/ids.ts'
import type { StoredCheckpoint } from '../../collector/src/model/journal-tree.ts'
import type { JournalEntry } from '../../collector/src/model/ledger.ts'
import type { JournalHead } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
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

const NAME = { algorithm: 1, origin: 'log/1' }
const EMPTY_TREE = { size: 0, checkpoint: null, cosignatures: [] }

function leaf(position: number, fill = position) {
  return { level: 0, position, hash: new Uint8Array(32).fill(fill) }
}

function checkpoint(size: number, root = 'aa'): StoredCheckpoint {
  return { size, root, note: `note of ${size}`, signedAtMs: T0 + size }
}

async function storeWithJournal(openFleet: OpenFleet, count: number): Promise<Store> {
  const { store, entries } = await fleetWithEntries(openFleet, count)
  const head = await store.journalHead()
  const list: (JournalEntry & { outboxId: number })[] = []
  for (const { outboxId } of entries) list.push(numbered(list.at(-1) ?? head, outboxId))
  await store.appendJournal(head, list)
  return store
}

function treeSuite(openFleet: OpenFleet): void {
  test('a tree grows by nodes that are read back in the order asked for', async () => {
    const store = await storeWithJournal(openFleet, 3)
    expect(await store.treeState(NAME)).toEqual(EMPTY_TREE)
    const pair = { level: 1, position: 0, hash: new Uint8Array(32).fill(7) }
    const first = { ...NAME, expectedSize: 0, size: 2, nodes: [leaf(0), leaf(1), pair] }
    expect(await store.extendTree({ ...first, checkpoint: null })).toEqual({ status: 'extended' })
    const next = { ...NAME, expectedSize: 2, size: 3, nodes: [leaf(2)], checkpoint: checkpoint(3) }
    expect(await store.extendTree(next)).toEqual({ status: 'extended' })
    expect(await store.treeState(NAME)).toEqual({
      ...EMPTY_TREE,
      size: 3,
      checkpoint: checkpoint(3),
    })
    expect(await store.readTreeNodes(1, [leaf(2), pair, leaf(0)])).toEqual(
      [leaf(2), pair, leaf(0)].map(({ hash }) => hash),
    )
    expect(await store.readTreeNodes(1, [])).toEqual([])
    await expect(store.readTreeNodes(1, [{ level: 1, position: 1 }])).rejects.toThrow('is kept')
    expect(await store.treeState({ ...NAME, algorithm: 2 })).toMatchObject({ size: 0 })
    expect(await store.treeState({ ...NAME, origin: 'log/2' })).toMatchObject({ checkpoint: null })
  })

  test('who computed with another size is stale, and changes nothing', async () => {
    const store = await storeWithJournal(openFleet, 3)
    const one = { ...NAME, expectedSize: 0, size: 1, nodes: [leaf(0)], checkpoint: checkpoint(1) }
    const results = await Promise.all([
      store.extendTree(one),
      store.extendTree({ ...one, nodes: [leaf(0, 9)], checkpoint: checkpoint(1, 'bb') }),
    ])
    expect(results.map(({ status }) => status).sort()).toEqual(['extended', 'stale'])
    const state = await store.treeState(NAME)
    expect(await store.extendTree({ ...one, expectedSize: 2, size: 3 })).toEqual({
      status: 'stale',
    })
    expect(await store.treeState(NAME)).toEqual(state)
  })

  test('J7: a checkpoint replaces only one over fewer entries', async () => {
    const store = await storeWithJournal(openFleet, 3)
    const two = { ...NAME, expectedSize: 0, size: 2, nodes: [leaf(0), leaf(1)] }
    await store.extendTree({ ...two, checkpoint: checkpoint(2) })
    const again = { ...NAME, expectedSize: 2, size: 2, nodes: [], checkpoint: checkpoint(2, 'bb') }
    expect(await store.extendTree(again)).toEqual({ status: 'stale' })
    expect((await store.treeState(NAME)).checkpoint).toEqual(checkpoint(2))
    const other = { ...again, origin: 'log/2' }
    expect(await store.extendTree(other)).toEqual({ status: 'extended' })
    expect((await store.treeState(NAME)).checkpoint).toEqual(checkpoint(2))
  })

  test('a tree past the journal, with a hole, or signed in part is a bug', async () => {
    const store = await storeWithJournal(openFleet, 2)
    const grow = (size: number, positions: readonly number[], signed: number | null = null) =>
      store.extendTree({
        ...NAME,
        expectedSize: 0,
        size,
        nodes: positions.map((position) => leaf(position)),
        checkpoint: signed === null ? null : checkpoint(signed),
      })
    await expect(grow(3, [0, 1, 2])).rejects.toThrow('numbered entries')
    await expect(grow(2, [0])).rejects.toThrow('leaf per entry')
    await expect(grow(2, [0, 1], 1)).rejects.toThrow('whole tree')
    expect(await store.treeState(NAME)).toEqual(EMPTY_TREE)
  })

  test('J13: of each witness the newest is kept', async () => {
    const store = await storeWithJournal(openFleet, 1)
    const keep = (witness: string, size: number, seconds: number) =>
      store.keepCosignature(NAME.origin, { witness, size, seconds, note: `${size} ${seconds}` })
    expect(await keep('a', 5, 100)).toEqual({ status: 'kept' })
    expect(await keep('a', 5, 100)).toEqual({ status: 'older' })
    expect(await keep('a', 4, 200)).toEqual({ status: 'older' })
    expect(await keep('a', 5, 101)).toEqual({ status: 'kept' })
    expect(await keep('b', 7, 1)).toEqual({ status: 'kept' })
    const { cosignatures } = await store.treeState(NAME)
    expect(cosignatures).toEqual([
      { witness: 'b', size: 7, seconds: 1, note: '7 1' },
      { witness: 'a', size: 5, seconds: 101, note: '5 101' },
    ])
    expect((await store.treeState({ ...NAME, origin: 'log/2' })).cosignatures).toEqual([])
  })
}

export function journalSuite(openFleet: OpenFleet): void {
  treeSuite(openFleet)

  test('J2: entries leave the outbox as they are numbered', async () => {
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
