/** Sites, tokens, enrollment, sessions and their fence. */
import { expect, test } from 'vitest'
import type { NodeId } from '../../collector/src/model/ids.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type {
  EnrollRequest,
  OpenSessionRequest,
} from '../../collector/src/storage/session-requests.ts'
import {
  bookCommit,
  enrollToken,
  HOUR,
  instantOf,
  LATER,
  MINUTE,
  note,
  T0,
  terms,
} from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const NODE = 'n-00000000000000aa' as NodeId

function enrollment(changes: Partial<EnrollRequest> = {}): EnrollRequest {
  return {
    tokenId: 't-BJ-01',
    secretHash: 'hash',
    remoteAddress: '10.1.2.3',
    nodeId: NODE,
    nodeName: 'gpu-1',
    algorithm: 1,
    publicKey: 'key',
    fingerprint: 'print',
    joinState: 7,
    nowMs: T0,
    ...changes,
  }
}

function session(changes: Partial<OpenSessionRequest> = {}): OpenSessionRequest {
  return {
    nodeId: NODE,
    expectedJoinState: 7,
    presentedJoinState: 7,
    nextJoinState: 8,
    epoch: 'e1',
    previousEpoch: null,
    collectorInstance: 'c1',
    remoteAddress: '10.1.2.3',
    agentVersion: '0.1.0',
    bootId: 'b1',
    nowMs: T0,
    ...changes,
  }
}

export function rosterSuite(openFleet: OpenFleet): void {
  test('a fresh store says which ledger it is', async () => {
    const { store } = await openFleet()
    expect(await store.ledgerState()).toMatchObject({ generation: 1, isDemo: false })
  })

  test('a site has the terms that were stated last, and its new name', async () => {
    const { store } = await openFleet()
    await store.putSite({ code: 'BJ-01', name: 'Old', terms: terms(), outbox: [] })
    const later = terms({ ownerCode: '91110000MA01OWNER1', validFromMs: T0 })
    await store.putSite({
      code: 'BJ-01',
      name: 'New',
      terms: later,
      outbox: [note('site_changed')],
    })
    expect(await store.listSites(SCOPE_ALL)).toEqual([{ code: 'BJ-01', name: 'New', terms: later }])
    expect(await store.readOutbox(10)).toMatchObject([{ kind: 'site_changed' }])
  })

  test('the ledger of an instant is under the terms of that instant', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + 2 * HOUR)
    await fleet.site('BJ-02')
    const owner = { ownerCode: '91110000MA01OWNER1', validFromMs: T0 + HOUR, validToMs: null }
    await fleet.store.putSite({ code: 'BJ-01', name: 'B', terms: terms(owner), outbox: [] })
    const owners = async (atMs: number) =>
      (await fleet.store.readLedgerAt(SCOPE_ALL, instantOf(atMs))).counts.map(
        (count) => count.ownerCode,
      )
    expect(await owners(T0 + HOUR - 1)).toEqual(['91110000MA01OPER11'])
    expect(await owners(T0 + HOUR)).toEqual(['91110000MA01OWNER1'])
  })

  test('a declaration stands until a later one is known', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const declared = {
      siteCode: 'BJ-01',
      model: 'H800',
      cards: 64,
      declaredMilliP: 9_007_199_254_740_993n,
      basis: 'fp16_dense',
      author: 'ops',
      declaredAtMs: T0,
    } as const
    const second = { ...declared, cards: 128, declaredAtMs: T0 + HOUR }
    await fleet.store.putDeclared(declared, [note('declared')])
    await fleet.store.putDeclared(second, [])
    expect(await fleet.store.readDeclared(SCOPE_ALL, T0 - 1)).toEqual([])
    expect(await fleet.store.readDeclared(SCOPE_ALL, T0)).toEqual([declared])
    expect(await fleet.store.readDeclared(SCOPE_ALL, T0 + HOUR)).toEqual([second])
  })

  test('a token for a site that is not there is refused', async () => {
    const { store } = await openFleet()
    await expect(store.createToken(enrollToken('NOWHERE'), [])).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(await store.listTokens()).toEqual([])
  })

  test('a token is revoked once, with one entry', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const { store } = fleet
    const revoke = (id: string, atMs: number) =>
      store.revokeToken(id, atMs, [note('token_revoked', atMs)])
    expect(await revoke('t-none', T0)).toEqual({ status: 'not_found' })
    expect(await revoke('t-BJ-01', T0)).toEqual({ status: 'revoked' })
    expect(await revoke('t-BJ-01', T0 + 5)).toEqual({ status: 'revoked' })
    expect(await store.findToken('t-BJ-01')).toMatchObject({ revokedAtMs: T0 })
    expect(await store.readOutbox(10)).toHaveLength(1)
  })

  test('an enrolled node is found by its key, with one entry', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const result = await fleet.store.enrollNode(enrollment())
    expect(result).toMatchObject({ status: 'enrolled', node: { nodeId: NODE, siteCode: 'BJ-01' } })
    expect(await fleet.store.findNodeByKey(1, 'key')).toMatchObject({ joinState: 7 })
    expect(await fleet.store.findNodeByKey(2, 'key')).toBeNull()
    expect(await fleet.store.readOutbox(10)).toMatchObject([
      { kind: 'node_enrolled', atMs: T0, payload: { node_id: NODE, token_id: 't-BJ-01' } },
    ])
  })

  test('a retry with the same key and token is the same node and takes no second use', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    await fleet.store.createToken(enrollToken('BJ-01', { tokenId: 't-one', usesLeft: 1 }), [])
    const first = enrollment({ tokenId: 't-one' })
    await fleet.store.enrollNode(first)
    const other = 'n-00000000000000bb' as NodeId
    const retry = await fleet.store.enrollNode({ ...first, nodeId: other, nowMs: LATER + 1 })
    expect(retry).toMatchObject({ status: 'enrolled', node: { nodeId: NODE } })
    expect(await fleet.store.enrollNode({ ...first, nodeId: other, publicKey: 'key-2' })).toEqual({
      status: 'token_used_up',
    })
  })

  test.each([
    ['token_unknown', enrollment({ tokenId: 'nobody' }), {}],
    ['token_unknown', enrollment({ secretHash: 'guess' }), {}],
    ['token_unknown', enrollment(), { kind: 'access' as const, role: 'admin' as const }],
    ['token_revoked', enrollment(), { revokedAtMs: T0 - 1 }],
    ['token_expired', enrollment(), { expiresAtMs: T0 }],
    ['token_address', enrollment(), { cidr: '10.2.0.0/16' }],
    ['token_used_up', enrollment(), { usesLeft: 0 }],
  ])('an enrollment is refused as %s', async (status, request, token) => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const row = enrollToken('BJ-01', { tokenId: 't-x', ...token })
    await fleet.store.createToken(row, [])
    const asked = request.tokenId === 't-BJ-01' ? { ...request, tokenId: 't-x' } : request
    expect(await fleet.store.enrollNode(asked)).toEqual({ status })
    expect(await fleet.store.findNodeByKey(1, 'key')).toBeNull()
    expect(await fleet.store.readOutbox(10)).toEqual([])
  })

  test('a session moves the join state on and fences the one before', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    await fleet.store.enrollNode(enrollment())
    const first = await fleet.store.openSession(session())
    const secondBoot = { bootId: 'b2', nowMs: T0 + 5 }
    const second = await fleet.store.openSession(
      session({ expectedJoinState: 8, presentedJoinState: 8, nextJoinState: 9, ...secondBoot }),
    )
    expect(first).toMatchObject({ status: 'opened', epoch: { epoch: 'e1', watermark: 0 } })
    expect(second).toMatchObject({ status: 'opened', epoch: { isClosed: false } })
    const generations = [first, second].map((one) => ('generation' in one ? one.generation : 0))
    expect(generations[1]).toBeGreaterThan(generations[0] ?? 0)
    const row = await fleet.store.findNode(SCOPE_ALL, NODE)
    expect(row?.node).toMatchObject({ joinState: 9, previousJoinState: 8 })
    expect(row?.session).toMatchObject({ bootId: 'b2', isConnected: true, lastHeardMs: T0 + 5 })
  })

  test('the join state a node shows stays good while its Welcomes get lost', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    await fleet.store.enrollNode(enrollment())
    await fleet.store.openSession(session())
    await fleet.store.openSession(session({ expectedJoinState: 8, nextJoinState: 9 }))
    await fleet.store.openSession(session({ expectedJoinState: 9, nextJoinState: 10 }))
    const row = await fleet.store.findNode(SCOPE_ALL, NODE)
    expect(row?.node).toMatchObject({ joinState: 10, previousJoinState: 7 })
  })

  test('a session decided on an older roster row is stale and changes nothing', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    await fleet.store.enrollNode(enrollment())
    expect(await fleet.store.openSession(session({ expectedJoinState: 6 }))).toEqual({
      status: 'stale',
    })
    expect(await fleet.store.openSession(session({ nodeId: 'n-none' as NodeId }))).toEqual({
      status: 'node_unknown',
    })
    expect(await fleet.store.findNode(SCOPE_ALL, NODE)).toMatchObject({ session: null })
  })

  test('a new spool closes the one before for good', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    await fleet.store.enrollNode(enrollment())
    await fleet.store.openSession(session())
    const next = { expectedJoinState: 8, nextJoinState: 9, epoch: 'e2', previousEpoch: 'e1' }
    expect(await fleet.store.openSession(session(next))).toMatchObject({
      status: 'opened',
      epoch: { epoch: 'e2', previousEpoch: 'e1' },
    })
    expect(
      await fleet.store.openSession(session({ expectedJoinState: 9, nextJoinState: 10 })),
    ).toEqual({ status: 'epoch_closed' })
    expect((await fleet.store.loadNode(NODE))?.epoch).toMatchObject({ epoch: 'e2' })
  })

  test('a node is revoked once, with one entry, and its session is fenced', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const { store } = fleet
    const outbox = [note('node_revoked')]
    const revoke = (nodeId: NodeId) => store.revokeNode({ nodeId, atMs: T0 + MINUTE, outbox })
    expect(await revoke('n-none' as NodeId)).toEqual({ status: 'not_found' })
    expect(await revoke(node.nodeId)).toEqual({ status: 'revoked' })
    expect(await revoke(node.nodeId)).toEqual({ status: 'already_revoked' })
    const row = await store.findNode(SCOPE_ALL, node.nodeId)
    expect(row).toMatchObject({
      node: { status: 'revoked' },
      session: { isConnected: false, endedReason: 'node_revoked' },
    })
    const commit = bookCommit(node, 'free/proven', T0 + MINUTE)
    expect(await store.commitIngest([commit])).toEqual([{ status: 'fenced' }])
    await expect(fleet.connect(node)).rejects.toThrow('stale')
    const kinds = (await store.readOutbox(100)).map((entry) => entry.kind)
    expect(kinds.filter((kind) => kind === 'node_revoked')).toHaveLength(1)
  })

  test('a spool that takes the place of another is shown, as a fork where it was one', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const { store } = fleet
    const begin = async (epoch: string, previousEpoch: string | null, nowMs: number) => {
      const row = await store.findNode(SCOPE_ALL, node.nodeId)
      const joinState = row?.node.joinState ?? 0
      return await store.openSession(
        session({
          nodeId: node.nodeId,
          expectedJoinState: joinState,
          presentedJoinState: joinState,
          nextJoinState: joinState + 1,
          epoch,
          previousEpoch,
          nowMs,
        }),
      )
    }
    const second = await begin('second', null, T0 + MINUTE)
    if (second.status !== 'opened') throw new Error(second.status)
    const end = { nodeId: node.nodeId, generation: second.generation, atMs: T0 + MINUTE }
    await store.endSession({ ...end, reason: 'epoch_forked' })
    await begin('third', 'second', T0 + 2 * MINUTE)
    const { nodeId } = node
    const third = { epoch: 'third', previousEpoch: 'second', begunAs: 'forked' }
    const replaced = { epoch: 'second', previousEpoch: null, begunAs: 'replaced' }
    expect((await store.readQuality(SCOPE_ALL, T0)).epochs).toEqual([
      { nodeId, ...third, beganAtMs: T0 + 2 * MINUTE },
      { nodeId, ...replaced, beganAtMs: T0 + MINUTE },
    ])
    expect((await store.readQuality(SCOPE_ALL, T0 + 2 * MINUTE)).epochs).toHaveLength(1)
  })

  test('only the session of now is touched and ended', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const older = node.generation
    await fleet.connect(node)
    const heard = { nodeId: node.nodeId, lastHeardMs: T0 + 99, heardAgoMs: 1, clockOffsetMs: 12.4 }
    await fleet.store.touchSessions([{ ...heard, generation: older }])
    await fleet.store.endSession({ ...heard, generation: older, reason: 'old', atMs: T0 })
    const before = await fleet.store.findNode(SCOPE_ALL, node.nodeId)
    expect(before?.session).toMatchObject({ isConnected: true, lastHeardMs: T0 })
    await fleet.store.touchSessions([{ ...heard, generation: node.generation }])
    await fleet.store.touchSessions([
      { ...heard, generation: node.generation, clockOffsetMs: null },
    ])
    const end = { nodeId: node.nodeId, generation: node.generation, reason: 'bye', atMs: T0 }
    await fleet.store.endSession(end)
    const after = await fleet.store.findNode(SCOPE_ALL, node.nodeId)
    expect(after?.session).toMatchObject({
      isConnected: false,
      lastHeardMs: T0 + 99,
      clockOffsetMs: 12,
      endedReason: 'bye',
    })
  })

  test('a copy that tries again and again is one sighting and one entry', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const drained = await fleet.store.readOutbox(100)
    const sighting = {
      nodeId: node.nodeId,
      fingerprint: 'other',
      remoteAddress: '10.0.0.9',
      reason: 'other_fingerprint',
      seenAtMs: T0,
    } as const
    await fleet.store.recordClone(sighting)
    await fleet.store.recordClone({ ...sighting, seenAtMs: T0 + 60 })
    expect((await fleet.store.readQuality(SCOPE_ALL, T0)).clones).toEqual([
      { ...sighting, seenAtMs: T0 + 60 },
    ])
    const entries = (await fleet.store.readOutbox(100)).slice(drained.length)
    expect(entries).toMatchObject([{ kind: 'clone_seen', payload: { node_id: node.nodeId } }])
  })
}
