/**
 * R7 to R12, C15: after a restore nothing is granted until nodes and bank have told what is lent;
 * what a node shows in our own words becomes the bank's draw again, or a draw of nobody, and its
 * card is never granted twice.
 */
import { join } from 'node:path'
import {
  ALGORITHM_ED25519,
  keyPairFromSeed,
  type LeaseNotice,
  signLeaseNotice,
  silentLogger,
} from '@yiben/shared'
import { beforeEach, describe, expect, test } from 'vitest'
import { isLeaseOf, LEASES_PER_NODE_MAX, leaseIdOf } from '../../../collector/src/bank/lease-id.ts'
import { Recovery } from '../../../collector/src/bank/recovery.ts'
import type { DrawRequest } from '../../../collector/src/model/draw.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { HOUR, LedgerRig, MINUTE, START_MS } from './ledger-rig.ts'
import { postingsIn, setRecovering } from './recovering.ts'

const KEYS = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(7))
const FOREIGN = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(8))
const NODES_MS = 10 * MINUTE

let path: string
let rig: LedgerRig
let nodes: readonly NodeId[]
let recovery: Recovery

beforeEach(async () => {
  path = join(tempDir(), 'ledger.sqlite')
  rig = new LedgerRig(path)
  nodes = [await rig.admit(1, [{}, {}]), await rig.admit(2, [{}])]
  setRecovering(path)
  recovery = newRecovery()
  await recovery.open()
})

function newRecovery(): Recovery {
  return new Recovery({
    store: rig.store,
    clock: rig.clock,
    logger: silentLogger,
    publicKey: KEYS.publicKey,
    nodesMs: NODES_MS,
  })
}

function nodeAt(position: number): NodeId {
  const node = nodes[position]
  if (node === undefined) throw new Error('no such node')
  return node
}

function notice(
  position: number,
  change: Partial<LeaseNotice> & { readonly drawId?: string } = {},
  keys = KEYS,
): LeaseNotice {
  const { drawId = 'draw-7', ...fields } = change
  return signLeaseNotice(keys, {
    leaseId: leaseIdOf(drawId, nodeAt(position)),
    kind: 'lend',
    units: [0],
    startMs: START_MS + 2_000,
    endMs: START_MS + 8 * HOUR,
    revision: 1,
    epoch: (position + 1).toString(16).padStart(32, '0'),
    account: 'lab-9',
    cause: '',
    ...fields,
  })
}

function request(change: Partial<DrawRequest> = {}): DrawRequest {
  return {
    drawId: 'draw-7',
    bank: 'bank-1',
    borrower: 'lab-9',
    contract: 'c-1',
    what: { kind: 'cards', lots: [{ lotId: 'l-1', cards: 1 }] },
    startMs: null,
    forMs: 8 * HOUR,
    holdMs: 30_000,
    swap: 'never',
    confidencePpm: null,
    isUnfencedTaken: false,
    isKeptInSilence: false,
    ...change,
  }
}

async function bankToken(): Promise<void> {
  await rig.store.createToken(
    {
      tokenId: 'bank',
      kind: 'access',
      secretHash: 'hash',
      siteCode: null,
      role: 'bank',
      regionCode: null,
      cidr: null,
      usesLeft: null,
      createdAtMs: rig.now,
      expiresAtMs: rig.now + 30 * 24 * HOUR,
      revokedAtMs: null,
    },
    [],
  )
}

async function entriesOf(kind: string): Promise<readonly object[]> {
  const waiting = await rig.store.readOutbox(1_000)
  return waiting.filter((entry) => entry.kind === kind).map(({ payload }) => payload)
}

describe('R7: a ledger that was not restored', () => {
  test('is not recovering; a restored one is until its end, over every start', async () => {
    const fresh = new Recovery({
      store: new LedgerRig().store,
      clock: rig.clock,
      logger: silentLogger,
      publicKey: KEYS.publicKey,
    })
    await fresh.open()
    expect(fresh.isRecovering()).toBe(false)
    for (let start = 0; start < 2; start += 1) {
      const next = newRecovery()
      await next.open()
      expect(next.isRecovering()).toBe(true)
    }
    expect(await recovery.finish('Li Lei')).toEqual({ status: 'ended' })
    expect(await recovery.finish('Li Lei')).toEqual({ status: 'not_recovering' })
    const next = newRecovery()
    await next.open()
    expect(next.isRecovering()).toBe(false)
    expect(await entriesOf('recovery_ended')).toMatchObject([
      { by: 'Li Lei', why: 'by_name', nodes_told: 0, nodes_missing: 2 },
    ])
  })

  test('that a command has ended is seen by the one that serves', async () => {
    await rig.store.endRecovery([])
    await recovery.drain()
    expect(recovery.isRecovering()).toBe(false)
  })
})

describe('R8: a recovery', () => {
  test('ends when every node has told, where there is no bank', async () => {
    recovery.told(nodeAt(0), [])
    await recovery.drain()
    expect(await recovery.status()).toMatchObject({
      isRecovering: true,
      missing: [nodeAt(1)],
      bank: 'none',
    })
    recovery.told(nodeAt(1), [])
    await recovery.drain()
    expect(recovery.isRecovering()).toBe(false)
    expect(await entriesOf('recovery_ended')).toMatchObject([
      { why: 'complete', nodes_told: 2, nodes_missing: 0 },
    ])
  })

  test('waits for a node that is away no longer than it says', async () => {
    recovery.told(nodeAt(0), [])
    rig.clock.advance(NODES_MS - 1)
    await recovery.drain()
    expect(recovery.isRecovering()).toBe(true)
    rig.clock.advance(1)
    await recovery.drain()
    expect(recovery.isRecovering()).toBe(false)
  })

  test('waits for a bank as long as nobody else says so', async () => {
    await bankToken()
    for (const node of nodes) recovery.told(node, [])
    rig.clock.advance(24 * HOUR)
    await recovery.drain()
    expect(await recovery.status()).toMatchObject({ isRecovering: true, bank: 'awaited' })
    recovery.bankTold()
    await recovery.drain()
    expect(recovery.isRecovering()).toBe(false)
  })

  test('is not held up by a node that was revoked', async () => {
    await rig.store.revokeNode({ nodeId: nodeAt(1), atMs: rig.now, outbox: [] })
    recovery.told(nodeAt(0), [])
    await recovery.drain()
    expect(recovery.isRecovering()).toBe(false)
  })
})

describe('R9: a lease is believed', () => {
  test.each<[string, () => LeaseNotice]>([
    ['signed by somebody else', () => notice(0, {}, FOREIGN)],
    ['changed by its node', () => ({ ...notice(0), endMs: START_MS + 80 * HOUR })],
    ['over', () => notice(0, { endMs: START_MS - 1 })],
    ['returned', () => notice(0, { kind: 'return', endMs: START_MS })],
  ])('in our own words only, while it lasts: not what is %s', async (_name, made) => {
    recovery.told(nodeAt(0), [made()])
    await recovery.drain()
    expect((await recovery.status()).unclaimed).toEqual([])
    await recovery.finish('Li Lei')
    expect(await rig.store.readLiveDraws('all')).toEqual([])
  })

  test('as its newest notice leaves it', async () => {
    const lend = notice(0, { units: [0, 1] })
    const recall = notice(0, { kind: 'recall', units: [1], endMs: START_MS + HOUR, revision: 2 })
    recovery.told(nodeAt(0), [recall, lend])
    const draw = await recovery.replay(request())
    expect(draw?.leases).toMatchObject([{ revision: 2, untilMs: START_MS + 8 * HOUR }])
    expect(draw?.claims.map(({ untilMs }) => untilMs)).toEqual([
      START_MS + 8 * HOUR,
      START_MS + HOUR,
    ])
  })

  test('when its node has told which cards these are', async () => {
    recovery.told(nodeAt(0), [notice(0, { units: [5] })])
    expect(await recovery.replay(request())).toBeNull()
    recovery.told(nodeAt(0), [notice(0, { epoch: 'ee'.repeat(16) })])
    expect(await recovery.replay(request())).toBeNull()
    recovery.told(nodeAt(0), [notice(0)])
    expect(await recovery.replay(request())).not.toBeNull()
  })

  test('once: what the ledger knows is left as it is', async () => {
    recovery.told(nodeAt(0), [notice(0)])
    const draw = await recovery.replay(request())
    recovery.told(nodeAt(0), [notice(0)])
    await recovery.drain()
    expect(await recovery.replay(request())).toEqual(draw)
    await recovery.finish('Li Lei')
    expect(await rig.store.readLiveDraws('all')).toEqual([draw])
  })
})

describe('R10: a draw that the bank asks for again', () => {
  test('is what its nodes show of it: posted, promised, with its id and its cards', async () => {
    recovery.told(nodeAt(0), [notice(0)])
    recovery.told(nodeAt(1), [notice(1, { drawId: 'other' })])
    const draw = await recovery.replay(request())
    const [unit] = await rig.units(nodeAt(0))
    expect(draw).toMatchObject({
      version: 1,
      request: request(),
      state: 'posted',
      startMs: START_MS + 2_000,
      untilMs: START_MS + 8 * HOUR,
      leases: [{ leaseId: leaseIdOf('draw-7', nodeAt(0)), nodeId: nodeAt(0), revision: 1 }],
      claims: [{ unitId: unit?.unitId, acceleratorId: unit?.acceleratorId, state: 'leased' }],
    })
    expect(await rig.store.findDraw('draw-7')).toEqual(draw)
    expect(await entriesOf('lease_adopted')).toMatchObject([
      { draw_id: 'draw-7', bank: 'bank-1', node_id: nodeAt(0), unit_ids: [unit?.unitId] },
    ])
  })

  test('takes in what another node of it shows later', async () => {
    recovery.told(nodeAt(0), [notice(0)])
    await recovery.replay(request())
    recovery.told(nodeAt(1), [notice(1)])
    await recovery.drain()
    const draw = await rig.store.findDraw('draw-7')
    expect(draw).toMatchObject({ version: 2, state: 'posted' })
    expect(draw?.leases.map(({ nodeId }) => nodeId)).toEqual(nodes)
    expect(draw?.claims.map(({ ordinal, nodeId }) => [ordinal, nodeId])).toEqual([
      [0, nodeAt(0)],
      [1, nodeAt(1)],
    ])
  })

  test('is nothing while no node shows any of it', async () => {
    expect(await recovery.replay(request())).toBeNull()
    expect(await rig.store.findDraw('draw-7')).toBeNull()
  })

  test('is found when a node shows it only afterwards, and the bank has said that it is done', async () => {
    await bankToken()
    recovery.told(nodeAt(1), [])
    expect(await recovery.replay(request())).toBeNull()
    recovery.bankTold()
    recovery.told(nodeAt(0), [notice(0)])
    await recovery.drain()
    expect(recovery.isRecovering()).toBe(false)
    expect(await rig.store.findDraw('draw-7')).toMatchObject({
      state: 'posted',
      request: request(),
    })
  })

  test('is told from every other by the ids of its leases', () => {
    const ids = new Set<string>()
    for (const drawId of ['a', 'b']) {
      for (const node of nodes) {
        for (let ordinal = 0; ordinal < LEASES_PER_NODE_MAX; ordinal += 1) {
          const id = leaseIdOf(drawId, node, ordinal)
          expect(id).toMatch(/^e-[0-9a-f]{16}$/)
          expect(isLeaseOf(id, drawId, node)).toBe(true)
          expect(isLeaseOf(id, drawId === 'a' ? 'b' : 'a', node)).toBe(false)
          ids.add(id)
        }
      }
    }
    expect(ids.size).toBe(2 * 2 * LEASES_PER_NODE_MAX)
  })
})

describe('R11: what no bank has named', () => {
  test('is a draw of nobody when the recovery ends, so that its card is under a claim', async () => {
    recovery.told(nodeAt(0), [notice(0)])
    recovery.told(nodeAt(1), [])
    await recovery.drain()
    expect(recovery.isRecovering()).toBe(false)
    const [draw] = await rig.store.readLiveDraws('all')
    const [unit] = await rig.units(nodeAt(0))
    expect(draw).toMatchObject({
      state: 'posted',
      request: { drawId: `adopted:${leaseIdOf('draw-7', nodeAt(0))}`, bank: 'unknown' },
      claims: [{ acceleratorId: unit?.acceleratorId, state: 'leased' }],
    })
    expect(await entriesOf('recovery_ended')).toMatchObject([{ leases_adopted: 1 }])
  })

  test('of a node that comes after the end is adopted then', async () => {
    await recovery.finish('Li Lei')
    recovery.told(nodeAt(1), [notice(1)])
    await recovery.drain()
    expect(await rig.store.readLiveDraws([nodeAt(1)])).toHaveLength(1)
    expect(await recovery.status()).toMatchObject({ unclaimed: [], leasesAdopted: 1 })
  })

  test('waits while its card is under another claim', async () => {
    recovery.told(nodeAt(0), [notice(0)])
    await recovery.replay(request())
    recovery.told(nodeAt(0), [notice(0), notice(0, { drawId: 'later', startMs: START_MS + HOUR })])
    await recovery.finish('Li Lei')
    expect(await recovery.status()).toMatchObject({ unclaimed: [{ nodeId: nodeAt(0) }] })
    expect(await rig.store.readLiveDraws('all')).toHaveLength(1)
  })
})

test('R12: a lease that was adopted is promised in the accounts, and in no other', async () => {
  recovery.told(nodeAt(0), [notice(0, { units: [0, 1] })])
  await recovery.replay(request())
  const promise = { from: 'promised', to: 'pending' }
  const span = { fromMs: START_MS + 2_000, toMs: START_MS + 8 * HOUR }
  expect(postingsIn(path)).toEqual([0, 1].map((ordinal) => ({ ordinal, ...promise, ...span })))
})
