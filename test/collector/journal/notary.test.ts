/** Checkpoints of a growing journal: one root per size, for ever, whatever is killed or put back. */
import { ALGORITHM_ED25519, ALGORITHM_SM2, keyPairFromSeed, silentLogger } from '@yiben/shared'
import { beforeEach, describe, expect, test } from 'vitest'
import { checkpointText, ledgerSigner } from '../../../collector/src/journal/checkpoint.ts'
import {
  type CheckpointMemory,
  Notary,
  type NotaryOptions,
  type NotaryStore,
} from '../../../collector/src/journal/notary.ts'
import { Sequencer } from '../../../collector/src/journal/sequencer.ts'
import { parseCheckpoint } from '../../../collector/src/journal/verify-checkpoint.ts'
import {
  checkSignature,
  parseNote,
  parseVerifierKey,
} from '../../../collector/src/journal/verify-note.ts'
import { RootWalk } from '../../../collector/src/journal/verify-tree.ts'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import { settle } from '../../support/fake-clock.ts'
import { MemoryCheckpoints } from '../../support/memory-checkpoints.ts'
import { LedgerRig } from '../bank/ledger-rig.ts'

const IDENTITY = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(7))
const LEDGER = { origin: '0a'.repeat(16), generation: 1 as LedgerGeneration }

let rig: LedgerRig
let memory: MemoryCheckpoints

beforeEach(() => {
  rig = new LedgerRig()
  memory = new MemoryCheckpoints()
})

function notaryOver(store: NotaryStore = rig.store, change: Partial<NotaryOptions> = {}): Notary {
  return new Notary({
    store,
    clock: rig.clock,
    logger: silentLogger,
    ledger: LEDGER,
    identity: IDENTITY,
    memory,
    ...change,
  })
}

async function write(count: number, on: LedgerRig = rig, from = 0): Promise<void> {
  const outbox = Array.from({ length: count }, (_, index) => ({
    kind: 'veto' as const,
    atMs: on.now,
    payload: { number: from + index },
  }))
  await on.store.beginSilences([], [], outbox)
  await new Sequencer({ store: on.store, clock: on.clock, logger: silentLogger }).drain()
}

async function signed(on: LedgerRig = rig, algorithm = ALGORITHM_ED25519) {
  const state = await on.store.treeState({ algorithm, origin: `yiben.ledger/${LEDGER.origin}/1` })
  return state.checkpoint
}

/** The root by the reader's own code, over the entries as they are stored. */
async function trueRoot(size: number, algorithm = ALGORITHM_ED25519): Promise<string> {
  const walk = new RootWalk(algorithm)
  while (walk.leafCount < size) {
    const entries = await rig.store.readJournal(walk.leafCount, 500)
    for (const { bytes } of entries.slice(0, size - walk.leafCount)) walk.addLeaf(bytes)
  }
  return Buffer.from(walk.root()).toString('hex')
}

describe('J6: a checkpoint', () => {
  test.each([
    ['Ed25519 and SHA-256', ALGORITHM_ED25519],
    ['SM2 and SM3', ALGORITHM_SM2],
  ])('with %s is over every entry, and verifies', async (_, algorithm) => {
    const identity = keyPairFromSeed(algorithm, new Uint8Array(32).fill(7))
    await write(12)
    await notaryOver(rig.store, { identity }).drain()
    const checkpoint = await signed(rig, algorithm)
    expect(checkpoint).toMatchObject({ size: 13, root: await trueRoot(13, algorithm) })
    const note = parseNote(checkpoint?.note ?? '')
    const key = parseVerifierKey(ledgerSigner(LEDGER, identity).verifierKey)
    if (note === null || key === null) throw new Error('not readable')
    expect(checkSignature(note, key)).toBe('valid')
    expect(parseCheckpoint(note.text)).toMatchObject({
      origin: `yiben.ledger/${LEDGER.origin}/1`,
      size: 13,
    })
    expect(memory.note).toBe(checkpoint?.note)
  })

  test('is made of a long journal in pieces, and of what comes later', async () => {
    await write(1_234)
    const notary = notaryOver()
    await notary.drain()
    expect(await signed()).toMatchObject({ size: 1_235, root: await trueRoot(1_235) })
    await write(1, rig, 1_234)
    await notary.drain()
    expect(await signed()).toMatchObject({ size: 1_236, root: await trueRoot(1_236) })
    await write(3, rig, 1_235)
    await notaryOver().drain()
    expect(await signed()).toMatchObject({ size: 1_239, root: await trueRoot(1_239) })
    expect(memory.remembered).toHaveLength(3)
  })

  test('of an empty journal is none, and of one that has not grown no second one', async () => {
    const empty = notaryOver()
    await empty.drain()
    expect(empty.signedAtMs).toBeNull()
    expect(await signed()).toBeNull()
    await write(1)
    await notaryOver().drain()
    await notaryOver().drain()
    expect(memory.remembered).toHaveLength(1)
  })
})

test('a memory that was lost is made again of what the store has', async () => {
  await write(3)
  await notaryOver().drain()
  const { note } = memory
  memory = new MemoryCheckpoints()
  await notaryOver().drain()
  expect([note, memory.note]).toEqual([memory.note, (await signed())?.note])
})

test('J10: it runs by itself, signs once per interval at most, and stops', async () => {
  const notary = notaryOver(rig.store, { intervalMs: 5_000 })
  const running = notary.run()
  await settle()
  for (let second = 0; second < 23; second += 1) {
    await write(1, rig, second)
    await rig.clock.run(1_000)
  }
  expect(memory.remembered.map((note) => Number(note.split('\n')[1]))).toEqual([6, 11, 16, 21])
  const signedAtMs = rig.now
  await rig.clock.run(60_000)
  expect(memory.remembered).toHaveLength(5)
  // The last one came within an interval, and nothing has been signed since.
  expect(notary.signedAtMs).toBeGreaterThanOrEqual(signedAtMs)
  expect(notary.signedAtMs).toBeLessThanOrEqual(signedAtMs + 5_000)
  await notary.stop()
  await running
})

describe('J8: killed', () => {
  const methods = (store: NotaryStore): NotaryStore => ({
    readJournal: (after, limit) => store.readJournal(after, limit),
    treeState: (name) => store.treeState(name),
    readTreeNodes: (algorithm, nodes) => store.readTreeNodes(algorithm, nodes),
    extendTree: (extension) => store.extendTree(extension),
  })

  test.each([
    ['before the tree grows', 'before', false],
    ['after the tree has grown', 'after', false],
    ['before a checkpoint is stored', 'before', true],
    ['after a checkpoint is stored', 'after', true],
  ] as const)('%s: the same root is signed', async (_, when, atCheckpoint) => {
    await write(20)
    const dying = notaryOver({
      ...methods(rig.store),
      extendTree: async (extension) => {
        const isHere = (extension.checkpoint !== null) === atCheckpoint
        const result = !isHere || when === 'after' ? await rig.store.extendTree(extension) : null
        if (isHere || result === null) throw new Error('killed')
        return result
      },
    })
    await expect(dying.drain()).rejects.toThrow('killed')
    const before = memory.note
    await notaryOver().drain()
    expect(await signed()).toMatchObject({ size: 21, root: await trueRoot(21) })
    if (before !== null) expect(memory.note).toBe(before)
    await write(5, rig, 20)
    await notaryOver().drain()
    expect(await signed()).toMatchObject({ size: 26, root: await trueRoot(26) })
  })

  test('a full disk under the memory: nobody sees a checkpoint that is not remembered', async () => {
    await write(3)
    const full: CheckpointMemory = {
      read: () => null,
      remember: () => {
        throw new Error('full')
      },
    }
    await expect(notaryOver(rig.store, { memory: full }).drain()).rejects.toThrow('full')
    expect(await signed()).toBeNull()
    await notaryOver().drain()
    expect(await signed()).toMatchObject({ size: 4 })
  })

  test('two at once: no size has two roots', async () => {
    const roots = new Map<number, string>()
    for (let round = 0; round < 10; round += 1) {
      await write(7, rig, round * 7)
      await Promise.all([notaryOver().drain(), notaryOver().drain()])
    }
    for (const note of memory.remembered) {
      const [, size = '', root = ''] = note.split('\n')
      expect(roots.get(Number(size)) ?? root).toBe(root)
      roots.set(Number(size), root)
    }
    expect(await signed()).toMatchObject({ size: 71, root: await trueRoot(71) })
  })
})

describe('J9: nothing is signed', () => {
  async function refusalOf(notary: Notary): Promise<string | null> {
    const before = memory.remembered.length
    await notary.drain()
    expect(memory.remembered).toHaveLength(before)
    return notary.refusal?.reason ?? null
  }

  test('by an older copy of the ledger, however it grows, until the newer one is back', async () => {
    await write(10)
    await notaryOver().drain()
    const newer = rig
    rig = new LedgerRig()
    await write(4)
    const notary = notaryOver()
    expect(await refusalOf(notary)).toBe('behind')
    expect(notary.refusal?.sentence).toContain('older copy')
    await write(6, rig, 500)
    expect(await refusalOf(notary)).toBe('forked')
    await write(60, rig, 506)
    expect(await refusalOf(notary)).toBe('forked')
    expect(await signed()).toBeNull()
    rig = newer
    await write(1)
    const again = notaryOver()
    await again.drain()
    expect([again.refusal, (await signed())?.size]).toEqual([null, 12])
  })

  test('where the database itself remembers more than it holds', async () => {
    await write(3)
    await notaryOver().drain()
    memory.note = null
    const stored = await rig.store.treeState({ algorithm: 1, origin: 'yiben.ledger/x/1' })
    const text = checkpointText({
      origin: `yiben.ledger/${LEDGER.origin}/1`,
      size: 9,
      root: new Uint8Array(32),
    })
    const note = ledgerSigner(LEDGER, IDENTITY).sign(text)
    const checkpoint = { size: 9, root: '00'.repeat(32), note, signedAtMs: 0 }
    const lying: NotaryStore = { ...rig.store, treeState: async () => ({ ...stored, checkpoint }) }
    expect(await refusalOf(notaryOver(lying))).toBe('behind')
  })

  test.each([
    ['another key', 'key_changed', { seed: 8 }],
    ['another ledger', 'other_ledger', { origin: '0b'.repeat(16) }],
    ['a later generation', 'behind', { generation: 2 as LedgerGeneration }],
    ['another root', 'forked', { root: 5 }],
  ])('where the memory is of %s', async (_, reason, change) => {
    await write(3)
    const { seed, root, ...ledger } = { seed: 7, root: 0, ...change }
    const keys = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(seed))
    const signer = ledgerSigner({ ...LEDGER, ...ledger }, keys)
    const bytes = new Uint8Array(32).fill(root)
    memory.note = signer.sign(checkpointText({ origin: signer.name, size: 2, root: bytes }))
    expect(await refusalOf(notaryOver())).toBe(reason)
  })

  test.each([
    ['garbage', 'garbage'],
    ['nothing', ''],
    ['a note that is no checkpoint', ledgerSigner(LEDGER, IDENTITY).sign('hello\n')],
  ])('where the memory is %s', async (_, note) => {
    await write(3)
    memory.note = note
    expect(await refusalOf(notaryOver())).toBe('memory_unreadable')
  })

  test('over an entry that is not what was numbered', async () => {
    await write(3)
    const spoiling: NotaryStore = {
      ...rig.store,
      readJournal: async (after, limit) =>
        (await rig.store.readJournal(after, limit)).map((entry) =>
          entry.seq === 3 ? { ...entry, bytes: Uint8Array.of(1) } : entry,
        ),
    }
    expect(await refusalOf(notaryOver(spoiling))).toBe('entries_broken')
    expect(await refusalOf(notaryOver(spoiling))).toBe('entries_broken')
  })

  test('after a restart onto a journal whose end was cut off or written anew', async () => {
    await write(3)
    await notaryOver().drain()
    const cut: NotaryStore = {
      ...rig.store,
      readJournal: async (after, limit) =>
        (await rig.store.readJournal(after, limit)).filter(({ seq }) => seq < 4),
    }
    expect(await refusalOf(notaryOver(cut))).toBe('entries_broken')
    const anew: NotaryStore = {
      ...rig.store,
      readJournal: async (after, limit) =>
        (await rig.store.readJournal(after, limit)).map((entry) => ({
          ...entry,
          bytes: Uint8Array.of(2),
        })),
    }
    expect(await refusalOf(notaryOver(anew))).toBe('entries_broken')
  })

  test('a later generation of the same ledger signs its own log', async () => {
    await write(3)
    await notaryOver().drain()
    const generation = 2 as LedgerGeneration
    const notary = notaryOver(rig.store, { ledger: { ...LEDGER, generation } })
    await notary.drain()
    expect(notary.refusal).toBeNull()
    const origin = `yiben.ledger/${LEDGER.origin}/2`
    const state = await rig.store.treeState({ algorithm: 1, origin })
    expect(state.checkpoint?.note).toContain(`${origin}\n4\n`)
    expect(await signed()).toMatchObject({ size: 4 })
  })
})
