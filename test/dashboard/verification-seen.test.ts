/** What a browser remembers of a journal, and what it says of the next checkpoint. */
import { expect, test } from 'vitest'
import type { CheckpointNote } from '../../collector/dashboard/src/pages/verification-note.ts'
import { growthSince, type Memory } from '../../collector/dashboard/src/pages/verification-seen.ts'
import { consistencySpans } from '../../collector/src/journal/proof.ts'
import { hashLeaf, hex, recursiveRoot } from '../collector/journal/tree-support.ts'

const leaves = Array.from({ length: 20 }, (_, index) => hashLeaf(Buffer.from(`${index}`)))
const rootOf = (tree: readonly Uint8Array[]) => hex(recursiveRoot('sha256', tree))

function memory(): Memory & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>()
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
  }
}

function checkpoint(size: number, tree = leaves, generation = 1): CheckpointNote {
  const origin = `yiben.ledger/5a4d/${generation}`
  return { origin, size, root: rootOf(tree.slice(0, size)), text: '', signatures: [] }
}

async function proofOf(from: number, to: number): Promise<readonly string[]> {
  return consistencySpans(from, to).map((span) => rootOf(leaves.slice(span.from, span.to)))
}

async function statuses(...seen: readonly CheckpointNote[]): Promise<readonly string[]> {
  const kept = memory()
  const found: string[] = []
  for (const note of seen) found.push((await growthSince(note, kept, proofOf)).status)
  return found
}

test('a log that only grows goes on from what was seen', async () => {
  expect(await statuses(checkpoint(5), checkpoint(5), checkpoint(12), checkpoint(20))).toEqual([
    'first',
    'same',
    'consistent',
    'consistent',
  ])
})

test('a log whose past was changed is found out, and what was seen is kept', async () => {
  const forged = [hashLeaf(Buffer.from('other')), ...leaves.slice(1)]
  const forgedSoon = checkpoint(12, forged)
  expect(await statuses(checkpoint(5), forgedSoon, checkpoint(5), checkpoint(5, forged))).toEqual([
    'first',
    'inconsistent',
    'same',
    'inconsistent',
  ])
})

test('one that shrank is older, and one after a restore is held to the same past', async () => {
  expect(await statuses(checkpoint(12), checkpoint(5), checkpoint(13, leaves, 2))).toEqual([
    'first',
    'older',
    'consistent',
  ])
})

test('a proof that could not be had says so, and nothing is forgotten', async () => {
  const kept = memory()
  await growthSince(checkpoint(5), kept, proofOf)
  const growth = await growthSince(checkpoint(9), kept, () => Promise.reject(new Error('no line')))
  expect(growth).toEqual({ status: 'failed', from: 5, detail: 'no line' })
  expect([...kept.kept.values()]).toEqual([JSON.stringify({ size: 5, root: checkpoint(5).root })])
})

test.each(['', '{', '{"size":0,"root":"a"}', '{"size":"5","root":"a"}', 'null'])(
  'what is no memory of ours (%j) is none',
  async (text) => {
    const kept = memory()
    kept.setItem('yiben.seen.yiben.ledger/5a4d', text)
    expect((await growthSince(checkpoint(5), kept, proofOf)).status).toBe('first')
  },
)
