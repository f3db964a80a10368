/**
 * The feed never skips: banks draw and nodes deposit at once, two sequencers number what they
 * decide, and readers who lose their place again and again go on from the cursor they have stored.
 */
import { silentLogger } from '@yiben/shared'
import { expect, test } from 'vitest'
import { Sequencer } from '../../../collector/src/journal/sequencer.ts'
import { FEED_KINDS } from '../../../collector/src/model/ledger.ts'
import { TwoSites } from './two-sites.ts'

const WRITERS = 4
const READERS = 3
const DRAWS_EACH = 12
const MINUTES = 20
const SEED = Number(process.env.YIBEN_FEED_SEED ?? 20_260_301)

/** Numbers from a seed (mulberry32): 0 ≤ x < 1. */
function numbersOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** What a reader has acted on, in the order in which it saw it first. */
class Reader {
  readonly firstSeen: number[] = []
  repeated = 0
  readonly #sites: TwoSites
  readonly #random: () => number
  readonly #seen = new Set<number>()
  /** The one cursor that survives it. */
  #stored = ''

  constructor(sites: TwoSites, random: () => number) {
    this.#sites = sites
    this.#random = random
  }

  /** Reads on; false when there was nothing. Now and then it dies before it stores its place. */
  async read(isSteady = false): Promise<boolean> {
    const limit = 1 + Math.floor(this.#random() * 5)
    const after = this.#stored === '' ? '' : `&after=${this.#stored}`
    const { status, body } = await this.#sites.api.get(`/v1/changes?limit=${limit}${after}`, 'bank')
    expect(status).toBe(200)
    for (const { cursor } of body.changes) this.#act(Number(cursor.split('.')[1]))
    const hasMoved = body.next !== this.#stored
    if (isSteady || this.#random() < 0.6) this.#stored = body.next
    return hasMoved
  }

  #act(seq: number): void {
    if (this.#seen.has(seq)) this.repeated += 1
    else this.firstSeen.push(seq)
    this.#seen.add(seq)
  }
}

test(`every change arrives, in order, at least once (seed ${SEED})`, async () => {
  const random = numbersOf(SEED)
  const sites = await TwoSites.start()
  const { api } = sites
  const { clock, store } = api.rig
  const other = new Sequencer({ store, clock, logger: silentLogger })
  const readers = Array.from({ length: READERS }, () => new Reader(sites, random))
  let isWriting = true

  const bank = async (writer: number) => {
    for (let number = 0; number < DRAWS_EACH; number += 1) {
      const drawId = `w${writer}-${number}`
      const { status } = await sites.hold(drawId)
      if (status !== 201) continue
      if (random() < 0.3) await sites.step(drawId, 'void')
      else await sites.step(drawId, 'post')
      if (random() < 0.9) await sites.step(drawId, 'return')
    }
  }
  const nodes = async () => {
    for (let minute = 0; minute < MINUTES; minute += 1) {
      await sites.minute(random() < 0.4 ? 'busy/active' : 'free/proven')
    }
  }
  const numbering = async () => {
    while (isWriting) await Promise.all([other.drain(), api.sequencer.drain(), turn()])
  }
  const reading = async (reader: Reader) => {
    while (isWriting) {
      await reader.read()
      await turn()
    }
  }

  const around = [numbering(), ...readers.map(reading)]
  await Promise.all([nodes(), ...Array.from({ length: WRITERS }, (_, writer) => bank(writer))])
  isWriting = false
  await Promise.all(around)
  await api.settle()
  for (const reader of readers) {
    while (await reader.read(true)) {
      // To the end.
    }
  }

  const expected = await feedOf(sites)
  expect(expected.kinds.size).toBeGreaterThan(6)
  expect(expected.seqs.length).toBeGreaterThan(WRITERS * DRAWS_EACH)
  for (const reader of readers) {
    expect(reader.firstSeen).toEqual(expected.seqs)
    expect(reader.repeated).toBeGreaterThan(0)
  }
  await api.close()
}, 120_000)

/** Numbers and kinds of all that the feed should have told. */
async function feedOf({ api }: TwoSites) {
  const seqs: number[] = []
  const kinds = new Set<string>()
  for (let after = 0; ; ) {
    const entries = await api.rig.store.readJournal(after, 1_000)
    for (const { seq, kind } of entries) {
      if (!FEED_KINDS.includes(kind)) continue
      seqs.push(seq)
      kinds.add(kind)
    }
    const last = entries.at(-1)
    if (last === undefined) return { seqs, kinds }
    after = last.seq
  }
}

/** Lets the others come to their turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
