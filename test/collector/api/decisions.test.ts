/** What people decide over HTTP: which of two claims counts, and who may tell nothing any more. */
import { keyPairFromSeed, resourceCode } from '@yiben/shared'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Lots, lotKeyOf } from '../../../collector/src/bank/lots.ts'
import type { NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import { START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const iso = (ms: number) => new Date(ms).toISOString()

let api: ApiRig
let first: NodeId
let second: NodeId
let units: readonly UnitId[]
beforeEach(async () => {
  api = await ApiRig.start()
  const { rig } = api
  first = await rig.admit(1, [{}], 'BJ-01')
  second = await rig.admit(2, [{}], 'SH-01')
  for (const node of [first, second]) await rig.policy(node)
  for (let minute = 0; minute < 16; minute += 1) {
    await rig.live(first, [['free/proven', 60]])
    await rig.tellLate(second, [['free/proven', 60]])
  }
  units = [await rig.unitId(first, 0), await rig.unitId(second, 0)]
})
afterEach(() => api.close())

async function entriesOf(kind: string) {
  await api.sequencer.drain()
  const { body } = await api.get('/v1/journal/entries')
  const own = body.entries.filter((entry: { kind: string }) => entry.kind === kind)
  return own.map((entry: { canonical: string }) => JSON.parse(entry.canonical))
}

describe('a conflict of identity (C5)', () => {
  const openDeposits = async () => {
    await api.bank.drain()
    const all = await api.rig.deposits()
    return all.filter(({ closedAtMs }) => closedAtMs === null).map(({ unitId }) => unitId)
  }
  const resolve = (unitId: number | undefined, as: Parameters<ApiRig['ask']>[2] = 'operator') =>
    api.ask('POST', '/v1/conflicts/1/resolve', as, { keep_unit_id: unitId })

  test('shows both claims with their nodes, sites and times', async () => {
    await api.rig.conflict(first, second)
    const conflict = {
      conflict_id: 1,
      kept_unit_id: units[0],
      other_unit_id: units[1],
      from: iso(START_MS),
      resolved_at: null,
      claims: [
        { unit_id: units[0], counted: true, node_id: first, site_code: 'BJ-01', valid_to: null },
        { unit_id: units[1], counted: false, node_id: second, site_code: 'SH-01' },
      ],
    }
    expect((await api.get('/v1/conflicts')).body.conflicts).toMatchObject([conflict])
    const { body } = await api.get('/v1/quality')
    expect(body.conflicts).toMatchObject({ total: 1, rows: [conflict] })
    // The other operator’s node is no business of this one.
    const token = await api.token({ role: 'operator', siteCode: 'BJ-01' })
    const [own] = (await api.get('/v1/conflicts', { token })).body.conflicts
    expect(own.claims[1]).toMatchObject({ unit_id: units[1], node_id: null, site_code: null })
  })

  test('neither claim is deposited until a person decides; then the one that counts is', async () => {
    expect(await openDeposits()).toEqual(units)
    await api.rig.conflict(first, second)
    expect(await openDeposits()).toEqual([])
    const closed = await api.rig.deposits()
    expect(closed.map(({ closeReason }) => closeReason)).toEqual(['conflict', 'conflict'])
    const { status, body } = await resolve(units[1])
    expect([status, body.kept_unit_id, body.resolved_at]).toEqual([200, units[1], iso(api.rig.now)])
    expect(body.claims).toMatchObject([
      { unit_id: units[1], counted: true },
      { unit_id: units[0], counted: false },
    ])
    expect(await openDeposits()).toEqual([units[1]])
    expect(api.control.decided).toEqual([[first, second]])
    expect((await api.get('/v1/conflicts')).body.conflicts).toEqual([])
    expect((await api.get('/v1/conflicts?open=false')).body.conflicts).toHaveLength(1)
  })

  test('the entry names who decided and both claims', async () => {
    await api.rig.conflict(first, second)
    await resolve(units[0], 'admin')
    const [entry, ...others] = await entriesOf('conflict_resolved')
    expect(others).toEqual([])
    expect(entry.payload).toMatchObject({
      by: expect.stringMatching(/^token /),
      conflict_id: 1,
      kept_unit_id: units[0],
      dropped_unit_id: units[1],
    })
  })

  test('is decided once, between its two claims, by who may see both', async () => {
    await api.rig.conflict(first, second)
    const wrong = await resolve(999)
    expect([wrong.status, wrong.body.code]).toEqual([400, 'request_invalid'])
    expect(wrong.body.detail).toContain('keep_unit_id')
    const bound = await api.token({ role: 'operator', siteCode: 'BJ-01' })
    expect((await resolve(units[0], { token: bound })).body.code).toBe('forbidden')
    const nowhere = await api.token({ role: 'operator', regionCode: '440000' })
    expect((await resolve(units[0], { token: nowhere })).status).toBe(404)
    expect((await resolve(units[0])).status).toBe(200)
    const again = await resolve(units[1])
    expect([again.status, again.body.code]).toEqual([409, 'conflict'])
    expect(await entriesOf('conflict_resolved')).toHaveLength(1)
  })
})

describe('POST /v1/nodes/{id}/revoke', () => {
  test('revokes once, tells the running parts, and leaves an entry with its author', async () => {
    const { status, body } = await api.ask('POST', `/v1/nodes/${first}/revoke`, 'admin')
    expect([status, body.status, body.session.connected]).toEqual([200, 'revoked', false])
    expect(api.control.revoked).toEqual([first])
    const again = await api.ask('POST', `/v1/nodes/${first}/revoke`, 'admin')
    expect([again.status, again.body.code]).toEqual([409, 'conflict'])
    expect(await entriesOf('node_revoked')).toMatchObject([
      { payload: { node_id: first, by: expect.stringMatching(/^token /) } },
    ])
  })

  test('a node outside the scope is not there', async () => {
    const token = await api.token({ role: 'admin', siteCode: 'BJ-01' })
    const { status } = await api.ask('POST', `/v1/nodes/${second}/revoke`, { token })
    expect([status, api.control.revoked]).toEqual([404, []])
  })
})

describe('why a card is or is not deposited', () => {
  const statusAs = async (role: 'admin' | 'operator' | 'regulator') => {
    const id = resourceCode('accelerator', 1)
    const { body } = await api.get(`/v1/accelerators/${id}`, role)
    return body.placements[0].deposit_status
  }

  test('is told to administrators and operators, and to nobody else', async () => {
    expect(await statusAs('operator')).toEqual({ status: 'opening', reason: null, since: null })
    await api.bank.drain()
    const since = iso(api.rig.now)
    expect(await statusAs('admin')).toEqual({ status: 'deposited', reason: null, since })
    expect(await statusAs('regulator')).toBeNull()
  })

  test('names the reason and since when', async () => {
    await api.bank.drain()
    const atMs = api.rig.now
    await api.rig.veto(first, { kind: 'reclaim', units: [] })
    await api.bank.drain()
    const since = iso(atMs)
    expect(await statusAs('operator')).toEqual({
      status: 'not_deposited',
      reason: 'reclaimed',
      since,
    })
  })
})

describe('GET /v1/quality', () => {
  test('says what the collector doubts about itself', async () => {
    expect((await api.get('/v1/quality')).body.collector).toEqual({
      clock_accusation: null,
      deposits_suspended: false,
      recovering: false,
    })
    api.control.isSuspect = true
    api.control.accusation = { byMs: 40_000, sentence: 'it has moved' }
    expect((await api.get('/v1/quality')).body.collector).toEqual({
      clock_accusation: { by_ms: 40_000, sentence: 'it has moved' },
      deposits_suspended: true,
      recovering: false,
    })
  })

  test('shows where a timeline was mended and where time was left out', async () => {
    await api.rig.live(first, [
      ['unknown/clock', 40],
      ['free/proven', 20],
    ])
    const from = START_MS + 960_000
    const { body } = await api.get('/v1/quality')
    expect(body.clock_gaps).toEqual({
      total: 1,
      rows: [{ node_id: first, from: iso(from), to: iso(from + 40_000) }],
    })
    expect([body.holes.total, body.epochs.total, body.clock_steps.total]).toEqual([0, 0, 0])
  })
})

test('ids of lots cannot be made by members who know the identity key', async () => {
  const { identityKey } = await api.rig.store.ledgerState()
  const profile = { vendor: 'nvidia', name: 'H800', memoryTotalMib: 1, powerCapWatts: 1 } as const
  const idOf = (key: Uint8Array) => {
    const lots = new Lots(key, api.context.catalogue)
    return lots.idOf(first, lots.kindOf(profile))
  }
  const keyOf = (seed: number) => lotKeyOf(keyPairFromSeed(1, new Uint8Array(32).fill(seed)))
  expect(idOf(keyOf(7))).toBe(idOf(keyOf(7)))
  expect(idOf(keyOf(7))).not.toBe(idOf(keyOf(8)))
  expect(idOf(keyOf(7))).not.toBe(idOf(Buffer.from(identityKey, 'hex')))
})
