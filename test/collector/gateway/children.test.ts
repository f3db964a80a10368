/** Collectors that report here, over real frames: admitted as nodes are, and believed no further. */
import {
  type Ack,
  ALGORITHM_ED25519,
  type ChildRecord,
  ENROLL_SECRET_BYTES,
  encodeChildRecord,
  errorCodeOfClose,
  keyPairFromSeed,
  recordHash,
  secretHash,
} from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { checkpointText } from '../../../collector/src/journal/checkpoint.ts'
import { noteSigner } from '../../../collector/src/journal/note.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { ChildTeller, originOf } from '../../support/child-teller.ts'
import { CollectorRig, HOUR, MINUTE, RigAgent, SECOND, START_MS } from './rig.ts'

type Token = { readonly id: string; readonly secret: Uint8Array }

/** A child by its frames: the handshake of an agent, with records of its own. */
class RawChild {
  readonly agent: RigAgent
  readonly rig: CollectorRig
  /** Makes records; its store is not asked. */
  readonly book: ChildTeller
  #seq = 0
  #hash: Uint8Array | null = null

  constructor(rig: CollectorRig, number: number) {
    this.rig = rig
    this.agent = new RigAgent(rig, number)
    this.book = new ChildTeller(rig.store, 'a')
    Object.assign(this.book, { origin: this.agent.keys.publicKey })
  }

  async join(token: Token | null, lastSeq = this.#seq): Promise<string> {
    const hello = { role: 'collector' as const, lastSeq }
    return await this.agent.connect(token, { hello })
  }

  /** A fresh spool: numbered from 1. */
  begin(epoch: string): void {
    Object.assign(this.agent, { epoch, previousEpoch: this.agent.epoch })
    this.#seq = 0
    this.#hash = null
  }

  async send(records: readonly (ChildRecord | Uint8Array)[]): Promise<Ack | null> {
    const bytes = records.map((one) => (one instanceof Uint8Array ? one : encodeChildRecord(one)))
    const previousHash = this.#hash?.slice(0, 8) ?? null
    const firstSeq = this.#seq + 1
    for (const record of bytes) {
      this.#seq += 1
      this.#hash = recordHash(this.agent.epoch, this.#seq, record)
    }
    return await this.sendBatch(firstSeq, bytes, previousHash)
  }

  async sendBatch(
    firstSeq: number,
    records: readonly Uint8Array[],
    previousHash: Uint8Array | null,
  ): Promise<Ack | null> {
    this.agent.send({ kind: 'batch', batch: { firstSeq, previousHash, records, lostCount: 0 } })
    await settle(this.rig)
    const acks = this.agent.received.filter((message) => message.kind === 'ack')
    return acks.at(-1)?.ack ?? null
  }

  /** What the connection was closed with. */
  get closedWith(): string | null {
    return this.agent.closed === null ? null : errorCodeOfClose(this.agent.closed)
  }
}

/** There and back again, and what it takes to write. */
async function settle(rig: CollectorRig): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await rig.run(20)
}

async function tokenFor(rig: CollectorRig, name = 'East'): Promise<Token> {
  const id = Buffer.from(rig.world.random.bytes(8)).toString('hex')
  const secret = rig.world.random.bytes(ENROLL_SECRET_BYTES)
  await rig.store.createToken(
    {
      tokenId: id,
      kind: 'child',
      secretHash: Buffer.from(secretHash(secret)).toString('hex'),
      siteCode: null,
      role: null,
      regionCode: null,
      cidr: null,
      usesLeft: 1,
      createdAtMs: START_MS,
      expiresAtMs: START_MS + HOUR,
      revokedAtMs: null,
      childName: name,
    },
    [],
  )
  return { id, secret }
}

async function enrolled(): Promise<RawChild> {
  const rig = new CollectorRig()
  await rig.start()
  const child = new RawChild(rig, 1)
  expect(await child.join(await tokenFor(rig))).toBe('welcome')
  return child
}

const refusedOf = (ack: Ack | null) => ack?.refused.map(({ code, seq }) => [seq, code])

describe('admission', () => {
  test('a child enrolls with its token and is handed the key that hashes ids', async () => {
    const child = await enrolled()
    const welcome = child.agent.received.find((message) => message.kind === 'welcome')
    expect(welcome).toMatchObject({
      welcome: { watermark: 0, identityKey: { number: 1 }, ledgerGeneration: 1 },
    })
    expect(child.rig.gateway.children.sessionCount()).toBe(1)
    expect(child.rig.gateway.sessionCount()).toBe(0)
    expect(child.rig.gateway.connectionCount()).toBe(1)
    expect((await child.rig.store.listChildren())[0]?.child.name).toBe('East')
  })

  test('tokens of nodes admit no child, and those of children no node', async () => {
    const rig = new CollectorRig()
    const child = new RawChild(rig, 1)
    expect(await child.join(await rig.token('SITE-1', 1))).toBe('token_unknown')
    expect(await new RigAgent(rig, 2).connect(await tokenFor(rig))).toBe('token_unknown')
    expect(await child.join(null)).toBe('node_unknown')
    expect(rig.gateway.connectionCount()).toBe(0)
  })

  test('a wrong signature admits nobody and uses no token up', async () => {
    const rig = new CollectorRig()
    const token = await tokenFor(rig)
    const child = new RawChild(rig, 1)
    const hello = { role: 'collector' as const }
    expect(await child.agent.connect(token, { hello, spoilProof: true })).toBe('signature_invalid')
    expect(await child.join(token)).toBe('welcome')
  })

  test('who says hello and nothing more is closed in time', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const child = new RawChild(rig, 1)
    child.agent.dial()
    child.agent.send({ kind: 'hello', hello: child.agent.hello({ role: 'collector' }) })
    await rig.run(20 * SECOND)
    expect(child.closedWith).toBe('handshake_timeout')
    expect(rig.gateway.connectionCount()).toBe(0)
  })

  test('a ledger restored on another machine comes back; a copy of the old stream does not', async () => {
    const child = await enrolled()
    await child.send([child.book.collector()])
    // Two Welcomes on, what a copy from before shows is old.
    for (let again = 0; again < 3; again += 1) expect(await child.join(null)).toBe('welcome')
    const copy = new RawChild(child.rig, 1)
    expect(await copy.join(null)).toBe('node_clone')
    copy.agent.fingerprint = 'ab'.repeat(32)
    expect(await copy.join(null)).toBe('node_clone')
    copy.begin('77'.repeat(16))
    child.agent.pair?.client.terminate()
    await settle(child.rig)
    expect(await copy.join(null)).toBe('welcome')
    const { epochs } = await child.rig.store.readChildQuality(SCOPE_ALL, 0)
    expect(epochs.map(({ begunAs }) => begunAs)).toEqual(['replaced'])
    expect(await child.join(null)).toBe('node_clone')
  })
})

describe('the stream', () => {
  test('what is acknowledged is there, and sent again it changes nothing', async () => {
    const child = await enrolled()
    const { book } = child
    const records = [
      book.collector(),
      book.site('SH-01'),
      book.node('n1', 'SH-01', [{ validFromMs: START_MS }]),
    ].map(encodeChildRecord)
    expect((await child.send(records))?.watermark).toBe(3)
    expect((await child.sendBatch(1, records, null))?.watermark).toBe(3)
    const [row] = await child.rig.store.listChildren()
    expect([row?.session.watermark, row?.session.olderRecords]).toEqual([3, 0])
    const [tree] = await child.rig.store.listCollectors(SCOPE_ALL)
    expect([tree?.sites, tree?.nodes, tree?.cards]).toEqual([1, 1, 1])
  })

  test.each([
    [
      'a hole in the numbers',
      'sequence_gap',
      (child: RawChild) => child.sendBatch(9, [new Uint8Array([1])], new Uint8Array(8)),
    ],
    [
      'another history under taken numbers',
      'epoch_forked',
      (child: RawChild) => child.sendBatch(1, [encodeChildRecord(child.book.site('SH-77'))], null),
    ],
    [
      'what only an agent says',
      'message_unexpected',
      async (child: RawChild) => {
        child.agent.send({ kind: 'leases', leases: [] })
        await settle(child.rig)
      },
    ],
    [
      'what is no frame',
      'frame_undecodable',
      async (child: RawChild) => {
        child.agent.pair?.client.send(new Uint8Array([255, 255, 255]))
        await settle(child.rig)
      },
    ],
  ])('%s ends the connection with %s and nothing else', async (_name, code, attempt) => {
    const child = await enrolled()
    await child.send([child.book.collector()])
    await attempt(child)
    expect(child.closedWith).toBe(code)
    expect((await child.rig.store.listChildren())[0]?.session.watermark).toBe(1)
  })

  test('a hostile child is refused record by record, and its sisters are as they were', async () => {
    const child = await enrolled()
    const { book, rig } = child
    const sister = new RawChild(rig, 2)
    expect(await sister.join(await tokenFor(rig, 'West'))).toBe('welcome')
    await sister.send([sister.book.collector(), sister.book.site('GD-01')])
    await sister.send([sister.book.node('n1', 'GD-01', [{ validFromMs: START_MS }])])
    const before = await rig.store.listCollectors(SCOPE_ALL)
    const hourMs = START_MS - HOUR
    const overfull = { cards: 1, freeMs: BigInt(HOUR) }
    const ack = await child.send([
      book.collector(),
      book.site('GD-01'),
      book.site('GD-02', { origin: sister.book.origin }),
      book.collector({ origin: sister.book.origin, parentOrigin: book.origin }),
      book.node('n1', 'GD-01', [{ validFromMs: START_MS }]),
      book.hour('GD-01', hourMs, [overfull]),
      book.hour('SH-01', hourMs, [{ ...overfull, busyMs: 1n }]),
      book.hour('SH-01', hourMs, [{ ...overfull, depositedMs: BigInt(HOUR) + 1n }]),
      book.hour('SH-01', START_MS + HOUR, [overfull]),
      book.counts('SH-01', START_MS + HOUR, []),
      book.site('not a site'),
      new Uint8Array([1, 2, 3]),
      new Uint8Array(200_000),
      book.site('SH-01'),
    ])
    expect(refusedOf(ack)).toEqual([
      [2, 'record_site'],
      [3, 'record_origin'],
      [4, 'record_origin'],
      [5, 'record_site'],
      [6, 'record_site'],
      [7, 'record_out_of_range'],
      [8, 'record_balance'],
      [9, 'record_future'],
      [10, 'record_future'],
      [11, 'record_site'],
      [12, 'record_undecodable'],
      [13, 'record_undecodable'],
    ])
    expect(ack?.watermark).toBe(14)
    const after = await rig.store.listCollectors(SCOPE_ALL)
    expect(after.slice(-1)).toEqual(before.slice(-1))
    expect((await rig.store.readChildQuality(SCOPE_ALL, 0)).refused).toHaveLength(12)
  })

  test('checkpoints are taken from the ledger that has signed them alone', async () => {
    const child = await enrolled()
    const { agent, book } = child
    const name = 'yiben.ledger/ab/1'
    const text = (size: number) =>
      checkpointText({ origin: name, size, root: new Uint8Array(32).fill(size) })
    const record = (note: string) => ({
      kind: 'checkpoint' as const,
      checkpoint: { origin: book.origin, version: book.version(), note },
    })
    const other = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(9))
    const ack = await child.send([
      book.collector(),
      record(noteSigner(name, agent.keys).sign(text(5))),
      record(noteSigner(name, other).sign(text(6))),
      record(noteSigner(name, agent.keys).sign(text(4))),
      record('no note'),
    ])
    expect(refusedOf(ack)).toEqual([
      [3, 'record_checkpoint'],
      [4, 'record_checkpoint'],
      [5, 'record_checkpoint'],
    ])
    expect((await child.rig.store.listCollectors(SCOPE_ALL))[0]?.checkpoint?.size).toBe(5)
  })
})

describe('away', () => {
  test('unheard for 90 s it is away from the second it was last heard, until it has told what it has', async () => {
    const child = await enrolled()
    const { book, rig } = child
    await child.send([
      book.collector(),
      book.collector({ origin: originOf('b'), parentOrigin: book.origin }),
    ])
    await rig.run(15 * SECOND)
    child.agent.pair?.client.terminate()
    const lostMs = rig.clock.wallMs()
    const away = async () =>
      (await rig.store.listCollectors(SCOPE_ALL)).map(({ awaySinceMs }) => awaySinceMs)
    await rig.run(70 * SECOND)
    expect(await away()).toEqual([null, null])
    await rig.run(25 * SECOND)
    const [sinceMs] = await away()
    expect(sinceMs).toBeGreaterThanOrEqual(START_MS)
    expect(sinceMs).toBeLessThanOrEqual(lostMs)
    expect(rig.gateway.children.watch.census()).toMatchObject({ heard: 0, away: 1 })
    expect(await child.join(null, 3)).toBe('welcome')
    expect(await away()).toEqual([sinceMs, null])
    expect(rig.gateway.children.watch.census()).toMatchObject({ heard: 1, away: 0 })
    await child.send([book.site('SH-01')])
    expect(await away()).toEqual([null, null])
  })

  test('a child that did not come back after a restart of its parent is away from its last word', async () => {
    const child = await enrolled()
    const { rig } = child
    await child.send([child.book.collector()])
    await rig.run(12 * SECOND)
    await rig.restart()
    await rig.run(2 * MINUTE)
    const [row] = await rig.store.listCollectors(SCOPE_ALL)
    expect(row?.awaySinceMs).toBeGreaterThanOrEqual(START_MS)
    expect(row?.awaySinceMs).toBeLessThanOrEqual(START_MS + 12 * SECOND)
  })

  test('a quiet child that answers pings is heard', async () => {
    const child = await enrolled()
    await child.rig.run(5 * MINUTE)
    expect(child.closedWith).toBeNull()
    expect((await child.rig.store.listCollectors(SCOPE_ALL))[0]?.awaySinceMs).toBeNull()
    const [row] = await child.rig.store.listChildren()
    expect(row?.session.lastHeardMs).toBeGreaterThan(START_MS + 4 * MINUTE)
  })
})
