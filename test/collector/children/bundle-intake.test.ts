/** Bundles of a child that never connects: in their order, once, and judged as over a link. */
import { join } from 'node:path'
import {
  ALGORITHM_ED25519,
  type ChildRecord,
  encodeChildRecord,
  type KeyPair,
  keyPairFromSeed,
} from '@yiben/shared'
import { expect, test } from 'vitest'
import type { BundleHeader } from '../../../collector/src/bundle/format.ts'
import { readBundle } from '../../../collector/src/bundle/read.ts'
import { BundleWriter } from '../../../collector/src/bundle/write.ts'
import { takeBundle } from '../../../collector/src/children/bundle-intake.ts'
import type { ChildId, LedgerGeneration } from '../../../collector/src/model/ids.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { instantOf } from '../../conformance/fleet.ts'
import { ChildTeller, OWN_ORIGIN } from '../../support/child-teller.ts'
import { tempDir } from '../../support/temp-dir.ts'

const T0 = Date.UTC(2026, 2, 1)
const HOUR = 3_600_000
const FULL = BigInt(HOUR)

class Gate {
  readonly store: Store
  readonly keys: KeyPair = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(3))
  readonly book: ChildTeller
  readonly #folder = tempDir()

  constructor() {
    this.store = openSqliteStoreInProcess({
      path: ':memory:',
      newLedger: {
        generation: 1 as LedgerGeneration,
        origin: '0123456789abcdef',
        openedAtMs: T0,
        identityKeyNumber: 1,
        identityKey: 'ff'.repeat(32),
        isDemo: false,
      },
    })
    this.book = new ChildTeller(this.store, 'a')
    Object.assign(this.book, { origin: this.keys.publicKey })
  }

  async add(): Promise<this> {
    const child = {
      childId: 'c-1' as ChildId,
      name: 'behind the gate',
      algorithm: ALGORITHM_ED25519,
      publicKey: this.keys.publicKey,
      regionCode: null,
      isOneWay: true,
      fingerprint: '',
      joinState: 0,
      previousJoinState: 0,
      status: 'active',
      enrolledAtMs: T0,
    } as const
    expect(await this.store.addChild(child, [])).toEqual({ status: 'added' })
    expect(await this.store.addChild(child, [])).toEqual({ status: 'known' })
    return this
  }

  /** Writes the bundle and answers its hash. */
  async write(
    change: Partial<BundleHeader> & { readonly number: number },
    records: readonly ChildRecord[],
  ): Promise<string> {
    const header: BundleHeader = {
      format: 1,
      origin: this.keys.publicKey,
      algorithm: ALGORITHM_ED25519,
      name: 'child',
      generation: 1,
      parent: null,
      previous: null,
      full: false,
      after: { collectors: 0, facts: 0, hours: 0 },
      written_at_ms: T0,
      program_version: '0.1.0',
      ...change,
    }
    const writer = await BundleWriter.create(this.#path(change.number), header)
    await writer.add(records.map(encodeChildRecord))
    return (await writer.finish(this.keys)).hash
  }

  async take(number: number, nowMs = T0 + HOUR) {
    const read = await readBundle(this.#path(number))
    if (read.status !== 'ok') throw new Error(read.sentence)
    try {
      return await takeBundle({ store: this.store, ownOrigin: OWN_ORIGIN, nowMs }, read.bundle)
    } finally {
      await read.bundle.close()
    }
  }

  async states(asOfMs: number) {
    const { counts } = await this.store.readLedgerAt(
      SCOPE_ALL,
      instantOf(asOfMs, T0 + 1_000 * HOUR),
    )
    return counts.map(({ cards, state }) => [state, cards])
  }

  #path(number: number): string {
    return join(this.#folder, `${number}.bundle`)
  }
}

/** The site, its node, and what it did at first. */
function beginning({ book }: Gate): readonly ChildRecord[] {
  return [
    book.collector(),
    book.site('SH-01'),
    book.node('n1', 'SH-01', [{ validFromMs: T0 }]),
    book.counts('SH-01', T0, [{ cards: 1 }]),
  ]
}

test('a bundle tells up to when it was written; after that nothing is known', async () => {
  const gate = await new Gate().add()
  await gate.write({ number: 1, written_at_ms: T0 + 30 * 60_000 }, beginning(gate))
  expect(await gate.take(1)).toMatchObject({ status: 'taken', records: 4, refused: 0 })
  expect(await gate.states(T0 + 29 * 60_000)).toEqual([['free', 1]])
  expect(await gate.states(T0 + 31 * 60_000)).toEqual([['unknown', 1]])
  const [row] = await gate.store.listCollectors(SCOPE_ALL)
  expect([row?.awaySinceMs, row?.sites, row?.cards]).toEqual([T0 + 30 * 60_000, 1, 1])
})

test('the next one goes on where the last one ended, and taken in again it changes nothing', async () => {
  const gate = await new Gate().add()
  const first = await gate.write({ number: 1, written_at_ms: T0 }, beginning(gate))
  const hour = gate.book.hour('SH-01', T0, [{ freeMs: FULL }])
  await gate.write({ number: 2, previous: first, written_at_ms: T0 + 2 * HOUR }, [
    hour,
    gate.book.counts('SH-01', T0 + HOUR, [{ cards: 1, state: 'busy' }]),
  ])
  await gate.take(1)
  expect(await gate.take(2, T0 + 3 * HOUR)).toMatchObject({ status: 'taken', number: 2 })
  expect(await gate.take(2, T0 + 3 * HOUR)).toMatchObject({ status: 'already' })
  expect(await gate.take(1, T0 + 3 * HOUR)).toMatchObject({ status: 'already' })
  expect(await gate.states(T0 + HOUR)).toEqual([['busy', 1]])
  expect((await gate.store.readHour(T0)).children?.told.map(({ freeMs }) => freeMs)).toEqual([FULL])
  // Nobody waits for a child that never connects.
  expect((await gate.store.readHour(T0 + HOUR)).children?.isAwaited).toBe(false)
})

test('a missing bundle is named, another one in its place is refused, a full one needs none', async () => {
  const gate = await new Gate().add()
  await gate.write({ number: 1 }, beginning(gate))
  await gate.take(1)
  await gate.write({ number: 4, previous: 'ab'.repeat(32) }, [])
  await expect(gate.take(4)).rejects.toMatchObject({
    code: 'sequence_gap',
    message: expect.stringContaining('bundles 2 to 3 are missing'),
  })
  await gate.write({ number: 2, previous: 'ab'.repeat(32) }, [])
  await expect(gate.take(2)).rejects.toMatchObject({ code: 'epoch_forked' })
  await gate.write({ number: 5, full: true }, beginning(gate))
  expect(await gate.take(5)).toMatchObject({ status: 'taken', number: 5 })
  // A restored ledger numbers anew.
  gate.book.life = 2
  await gate.write({ number: 1, full: true, generation: 2 }, beginning(gate))
  expect(await gate.take(1)).toMatchObject({ status: 'taken', number: 1 })
  expect((await gate.store.listChildren())[0]?.session.watermark).toBe(1)
})

test('who is no child is told how to become one, and what is not its own is refused', async () => {
  const gate = new Gate()
  await gate.write({ number: 1 }, [
    ...beginning(gate),
    gate.book.site('SH-02', { origin: 'cd'.repeat(32) }),
  ])
  await expect(gate.take(1)).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining(`child add --key ${gate.keys.publicKey}`),
  })
  await gate.add()
  expect(await gate.take(1)).toMatchObject({ records: 5, refused: 1 })
  const { refused } = await gate.store.readChildQuality(SCOPE_ALL, 0)
  expect(refused.map(({ code, seq }) => [seq, code])).toEqual([[10_000_005, 'record_origin']])
  await gate.store.revokeChild({ childId: 'c-1' as ChildId, atMs: T0, outbox: [] })
  await expect(gate.take(1)).rejects.toMatchObject({ code: 'node_revoked' })
})
