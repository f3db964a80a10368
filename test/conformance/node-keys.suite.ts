/** Keys of nodes that change, and the authorities that nodes have confirmed. */
import { expect, test } from 'vitest'
import type { NodeId } from '../../collector/src/model/ids.ts'
import { enrollToken, HOUR, MINUTE, note, T0 } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const NODE = 'n-00000000000000aa' as NodeId
const OTHER = 'n-00000000000000bb' as NodeId
const NONCE = 'ab'.repeat(16)

export function nodeKeysSuite(openFleet: OpenFleet): void {
  async function enrolled() {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    for (const [nodeId, publicKey] of [
      [NODE, 'aa01'],
      [OTHER, 'bb01'],
    ] as const) {
      await fleet.store.enrollNode({
        ...{ tokenId: enrollToken('BJ-01').tokenId, secretHash: enrollToken('BJ-01').secretHash },
        ...{ remoteAddress: '10.1.2.3', nodeId, nodeName: nodeId, algorithm: 1, publicKey },
        ...{ fingerprint: `print-${publicKey}`, joinState: 7, nowMs: T0 },
      })
    }
    return fleet
  }
  type Enrolled = Awaited<ReturnType<typeof enrolled>>

  const ask = ({ store }: Enrolled, nodeId = NODE, nonce = NONCE) =>
    store.askKeyRotation({ nodeId, nonce, askedAtMs: T0, askedBy: 'ops' }, [note('node_key_asked')])
  const prove = ({ store }: Enrolled, publicKey: string, change = {}) =>
    store.proveKey({
      ...{ nodeId: NODE, nonce: NONCE, oldKey: 'aa01', algorithm: 1, publicKey },
      ...{ fingerprint: `print-${publicKey}`, atMs: T0 + MINUTE },
      ...change,
    })
  const open = ({ store }: Enrolled, publicKey: string, join: readonly [number, number]) =>
    store.openSession({
      ...{ nodeId: NODE, expectedJoinState: join[0], presentedJoinState: join[0] },
      ...{ nextJoinState: join[1], epoch: 'e1', previousEpoch: null, collectorInstance: 'c1' },
      ...{ remoteAddress: '10.1.2.3', agentVersion: '0.1.0', bootId: 'b1', nowMs: T0 + HOUR },
      presentedKey: { algorithm: 1, publicKey },
    })

  test('a new key is asked for once, with one entry, of nodes that may join', async () => {
    const fleet = await enrolled()
    await fleet.store.revokeNode({ nodeId: OTHER, atMs: T0, outbox: [] })
    const before = (await fleet.store.readOutbox(100)).length
    expect(await ask(fleet)).toEqual({ status: 'asked' })
    expect(await ask(fleet, NODE, 'cd'.repeat(16))).toEqual({ status: 'asked_before' })
    expect(await ask(fleet, OTHER)).toEqual({ status: 'node_revoked' })
    expect(await ask(fleet, 'n-none' as NodeId)).toEqual({ status: 'not_found' })
    expect((await fleet.store.readOutbox(100)).length).toBe(before + 1)
    expect(await fleet.store.readNodeOrders()).toEqual({
      rotations: [{ nodeId: NODE, nonce: NONCE, askedAtMs: T0, askedBy: 'ops', newKey: null }],
      revoked: [OTHER],
    })
  })

  test('between proof and first use both keys are the node’s; then only the new one is', async () => {
    const fleet = await enrolled()
    const { store } = fleet
    await ask(fleet)
    expect(await prove(fleet, 'aa02')).toEqual({ status: 'proven' })
    expect((await store.readNodeOrders()).rotations).toMatchObject([{ newKey: 'aa02' }])
    expect(await store.findNodeByKey(1, 'aa01')).toMatchObject({
      ...{ nodeId: NODE, publicKey: 'aa01', fingerprint: 'print-aa01' },
    })
    expect(await store.findNodeByKey(1, 'aa02')).toMatchObject({
      ...{ nodeId: NODE, publicKey: 'aa02', fingerprint: 'print-aa02', joinState: 7 },
    })
    // Come with the old one: nothing changes.
    expect(await open(fleet, 'aa01', [7, 8])).toMatchObject({ status: 'opened' })
    expect(await store.findNodeByKey(1, 'aa02')).not.toBeNull()
    expect(await open(fleet, 'aa02', [8, 9])).toMatchObject({ status: 'opened' })
    expect(await store.findNodeByKey(1, 'aa01')).toBeNull()
    expect(await store.findNodeByKey(1, 'aa02')).toMatchObject({ fingerprint: 'print-aa02' })
    expect((await store.readNodeOrders()).rotations).toEqual([])
    expect((await store.readOutbox(100)).filter(({ kind }) => kind === 'node_key_changed')).toEqual(
      [
        expect.objectContaining({
          payload: { node_id: NODE, algorithm: 1, public_key: 'aa02', by: 'ops' },
        }),
      ],
    )
  })

  test('a stale session opens nothing and changes no key', async () => {
    const fleet = await enrolled()
    await ask(fleet)
    await prove(fleet, 'aa02')
    expect(await open(fleet, 'aa02', [6, 9])).toEqual({ status: 'stale' })
    expect(await fleet.store.findNodeByKey(1, 'aa01')).not.toBeNull()
  })

  test('a second proof takes the place of the first', async () => {
    const fleet = await enrolled()
    await ask(fleet)
    await prove(fleet, 'aa02')
    expect(await prove(fleet, 'aa03')).toEqual({ status: 'proven' })
    expect(await fleet.store.findNodeByKey(1, 'aa02')).toBeNull()
    expect(await fleet.store.findNodeByKey(1, 'aa03')).toMatchObject({ nodeId: NODE })
  })

  test.each([
    ['that nobody asked for', 'stale', { nodeId: OTHER, oldKey: 'bb01' }],
    ['of another order', 'stale', { nonce: 'ef'.repeat(16) }],
    ['of a key that is not in force', 'stale', { oldKey: 'aa00' }],
    ['of the key of another node', 'taken', { publicKey: 'bb01' }],
    ['of the key it has', 'taken', { publicKey: 'aa01' }],
  ])('a proof %s changes nothing', async (_what, status, change) => {
    const fleet = await enrolled()
    await ask(fleet)
    expect(await prove(fleet, 'aa02', change)).toEqual({ status })
    expect((await fleet.store.readNodeOrders()).rotations).toMatchObject([{ newKey: null }])
    expect(await fleet.store.findNodeByKey(1, 'aa02')).toBeNull()
  })

  test('a key that another node is about to take is taken', async () => {
    const fleet = await enrolled()
    await ask(fleet)
    await ask(fleet, OTHER)
    await prove(fleet, 'aa02')
    expect(await prove(fleet, 'aa02', { nodeId: OTHER, oldKey: 'bb01' })).toEqual({
      status: 'taken',
    })
  })

  test('a revoked node proves nothing and joins with neither key', async () => {
    const fleet = await enrolled()
    await ask(fleet)
    await prove(fleet, 'aa02')
    await fleet.store.revokeNode({ nodeId: NODE, atMs: T0, outbox: [] })
    expect(await prove(fleet, 'aa03')).toEqual({ status: 'stale' })
    expect(await fleet.store.findNodeByKey(1, 'aa02')).toMatchObject({ status: 'revoked' })
    expect(await open(fleet, 'aa02', [7, 8])).toEqual({ status: 'stale' })
  })

  test('what nodes know of authorities only rises, and says who is waited for', async () => {
    const fleet = await enrolled()
    const { store } = fleet
    const known = (nodeId: NodeId, version: number) => ({ nodeId, version, atMs: T0 })
    await store.keepTrustKnown([known(NODE, 5), known(OTHER, 3)])
    await store.keepTrustKnown([known(NODE, 4)])
    expect(await store.readTrustSpread(3, T0)).toMatchObject({ nodes: 2, knowing: 2 })
    // The other one has never connected: it is not waited for.
    expect(await store.readTrustSpread(5, T0)).toEqual({
      ...{ nodes: 2, knowing: 1, waitedFor: 0 },
      examples: [{ nodeId: OTHER, name: OTHER, lastHeardMs: null }],
    })
    await open(fleet, 'aa01', [7, 8])
    expect(await store.readTrustSpread(6, T0 + 2 * HOUR)).toMatchObject({
      knowing: 0,
      waitedFor: 1,
    })
    await store.endSession({
      ...{ nodeId: NODE, generation: 1 as never, reason: 'goodbye', atMs: T0 + HOUR },
    })
    expect(await store.readTrustSpread(6, T0 + HOUR)).toMatchObject({ waitedFor: 1 })
    expect(await store.readTrustSpread(6, T0 + 2 * HOUR)).toMatchObject({ waitedFor: 0 })
    await store.revokeNode({ nodeId: OTHER, atMs: T0, outbox: [] })
    expect(await store.readTrustSpread(5, T0)).toEqual({
      ...{ nodes: 1, knowing: 1, waitedFor: 0, examples: [] },
    })
  })
}
