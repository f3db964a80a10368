/** Draws, leases, settlements and statements on the change feed: all kinds, to each what is his. */
import { silentLogger } from '@yiben/shared'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LENDING_KINDS } from '../../../collector/src/api/answers/draw-changes.ts'
import { OFFER_KINDS } from '../../../collector/src/api/answers/lot-changes.ts'
import { Settler } from '../../../collector/src/bank/settler.ts'
import { FEED_KINDS } from '../../../collector/src/model/ledger.ts'
import type { Role } from '../../../collector/src/storage/requests.ts'
import { HOUR, SITE } from '../bank/ledger-rig.ts'
import type { ApiRig } from './api-rig.ts'
import { OTHER_SITE, TwoSites } from './two-sites.ts'

const SPAN = 'from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z'
const iso = (ms: number) => new Date(ms).toISOString()

let sites: TwoSites
let api: ApiRig
beforeEach(async () => {
  sites = await TwoSites.start()
  api = sites.api
})
afterEach(() => api.close())

// biome-ignore lint/suspicious/noExplicitAny: the body of an answer is what the test looks at
type Told = any

async function told(as: Role | { readonly token: string } = 'bank'): Promise<Told[]> {
  await api.settle()
  const { status, body } = await api.get('/v1/changes?limit=500', as)
  expect(status).toBe(200)
  return body.changes.filter(({ kind }: Told) => LENDING_KINDS.some((one) => one === kind))
}

async function lend(drawId: string, pool: object): Promise<Told> {
  expect((await sites.hold(drawId, { pool })).status).toBe(201)
  return (await sites.step(drawId, 'post')).body
}

test('every kind of the feed is told', () => {
  expect(new Set([...OFFER_KINDS, ...LENDING_KINDS])).toEqual(new Set(FEED_KINDS))
})

describe('the life of a draw', () => {
  test('is told step by step, with the version that each made', async () => {
    const { until, leases } = await lend('a', { cards: 2, site: SITE })
    const longer = iso(Date.parse(until) + HOUR)
    await sites.step('a', 'extend', { until: longer })
    await sites.minute('busy/active')
    await sites.step('a', 'return', { cards: [0] })
    const url = `/v1/leases/${leases[0].lease_id}/recall`
    await api.ask('POST', url, 'operator', { notice_ms: 30_000, cause: 'repair' })
    await sites.minute()
    await sites.minute()
    const changes = await told()
    expect(changes.map(({ kind }) => kind)).toEqual([
      'draw_held',
      'draw_posted',
      'draw_extended',
      'lease_ended',
      'lease_recalled',
      'lease_ended',
      'card_cleaned',
      'card_cleaned',
    ])
    const [held, posted, extended, returned, recalled, ended, cleaned] = changes.map(
      ({ draw }) => draw,
    )
    const lots = [{ lot_id: expect.stringMatching(/^l-/), cards: 2 }]
    expect(held).toMatchObject({ draw_id: 'a', version: 1, bank: 'bank', lots, ordinals: [0, 1] })
    expect(posted).toMatchObject({ version: 2, until, leases: [leases[0].lease_id], lots })
    expect(extended).toMatchObject({ version: 3, until: longer, ordinals: [0, 1] })
    expect(returned).toMatchObject({ end: 'returned', ordinals: [0], blameless: false })
    expect(recalled).toMatchObject({ cause: 'repair', ordinals: [1] })
    expect(ended).toMatchObject({ end: 'recall', ended_at: recalled.recall_at, ordinals: [1] })
    expect(cleaned).toMatchObject({ ordinals: [0], how: expect.any(String) })
    expect(cleaned).toHaveProperty('clean_at')
  })

  test('names nodes to those for whom they are no secret', async () => {
    await lend('a', { cards: 4 })
    expect(JSON.stringify(await told('bank'))).not.toMatch(/node_id|n-0000/)
    const [held] = await told('admin')
    expect(held.draw.node_ids.sort()).toEqual([sites.here, sites.there])
  })

  test('with refusals, voids and lapses', async () => {
    await sites.hold('a', { pool: { cards: 9 } })
    await sites.hold('b')
    await sites.step('b', 'void')
    await sites.hold('c', { hold_ms: 1_000 })
    await sites.minute()
    expect((await told()).map(({ kind, draw }) => [kind, draw.draw_id, draw.code])).toEqual([
      ['draw_refused', 'a', 'not_enough'],
      ['draw_held', 'b', undefined],
      ['draw_voided', 'b', undefined],
      ['draw_held', 'c', undefined],
      ['draw_lapsed', 'c', undefined],
    ])
  })

  test('with interruptions, and with cards that lie idle', async () => {
    await lend('a', { cards: 2, site: SITE })
    await sites.minute()
    await sites.minute('unknown/reboot')
    for (let minute = 0; minute < 31; minute += 1) await sites.minute()
    const changes = await told()
    const of = (wanted: string) => changes.find(({ kind }) => kind === wanted)?.draw
    expect(of('lease_interrupted')).toMatchObject({ cause: 'reboot', ordinals: [0, 1] })
    const { blameless_until: until } = of('lease_interrupted')
    expect(Date.parse(until)).toBeGreaterThan(api.rig.now - HOUR)
    expect(of('lease_idle')).toMatchObject({ idle_since: expect.any(String), ordinals: [0, 1] })
  })
})

describe('a bank that is bound to a site', () => {
  test('is told of draws that touch it, and of its own cards alone', async () => {
    await lend('far', { cards: 1, site: OTHER_SITE })
    await sites.step('far', 'return')
    await lend('wide', { cards: 3 })
    await sites.minute()
    await sites.step('wide', 'return')
    const changes = await told(sites.bound)
    expect(changes.map(({ kind, draw }) => [kind, draw.draw_id, draw.ordinals.length])).toEqual([
      ['draw_held', 'wide', 2],
      ['draw_posted', 'wide', 2],
      ['lease_ended', 'wide', 2],
    ])
    expect(changes[0].draw.lots).toEqual([{ lot_id: expect.any(String), cards: 2 }])
    expect(changes[1].draw.leases).toHaveLength(1)
    const whole = await told('bank')
    expect(whole.filter(({ draw }) => draw.draw_id === 'far')).not.toEqual([])
  })

  test('is told of what was settled there', async () => {
    await lend('a', { cards: 3 })
    await sites.minute('busy/active')
    await sites.minute('busy/active')
    await settleAccounts()
    const [all] = await settlements('bank')
    const [own] = await settlements(sites.bound)
    const sitesOf = (change: Told) =>
      new Set(change.settlement.moved.map((row: Told) => row.site_code))
    expect([sitesOf(all).size, [...sitesOf(own)]]).toEqual([2, [SITE]])
    expect(own.settlement.sha256).toBe(all.settlement.sha256)
  })
})

test('a statement that was issued is told to who sees all, and to who has it', async () => {
  const statement = `/v1/borrowers/borrower/statement?${SPAN}&format=signed`
  expect((await api.get(statement, 'bank')).status).toBe(200)
  const [change] = await told('bank')
  expect(change).toMatchObject({
    kind: 'statement_issued',
    statement: { subject: { kind: 'borrower', code: 'borrower' } },
  })
  expect(await told(sites.bound)).toEqual([])
  // The same words are issued once; a minute later they are others.
  await sites.minute()
  expect((await api.get(statement, sites.bound)).status).toBe(200)
  expect(await told(sites.bound)).toHaveLength(1)
})

describe('a snapshot', () => {
  test('has every live draw beside the open deposits, however it is paged', async () => {
    await lend('a', { cards: 1 })
    await sites.hold('b')
    await sites.hold('c')
    await sites.step('c', 'void')
    await api.settle()
    for (const limit of [1, 2, 3, 100]) {
      const drawIds: string[] = []
      let deposits = 0
      let cursor = ''
      for (let page = 0; page < 20; page += 1) {
        const { status, body } = await api.get(
          `/v1/changes/snapshot?limit=${limit}${cursor}`,
          'bank',
        )
        expect(status).toBe(200)
        expect(body.deposits.length + body.draws.length).toBeLessThanOrEqual(limit)
        deposits += body.deposits.length
        drawIds.push(...body.draws.map((draw: Told) => draw.draw_id))
        if (body.next_cursor === null) break
        cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`
      }
      expect([limit, deposits, drawIds]).toEqual([limit, 4, ['b', 'a']])
    }
  })

  test('has those of the asker’s sites, and refuses a cursor it has not given', async () => {
    await lend('far', { cards: 1, site: OTHER_SITE })
    const { body } = await api.get('/v1/changes/snapshot', sites.bound)
    expect([body.deposits.length, body.draws]).toEqual([2, []])
    const bad = await api.get('/v1/changes/snapshot?cursor=draws:x', 'bank')
    expect([bad.status, bad.body.field]).toEqual([400, 'cursor'])
  })
})

async function settleAccounts(): Promise<void> {
  const { clock, store } = api.rig
  const settler = new Settler({ store, clock, logger: silentLogger, timeZone: 'Asia/Shanghai' })
  await sites.step('a', 'return')
  await sites.minute()
  await settler.drain()
}

async function settlements(as: Parameters<typeof told>[0]): Promise<Told[]> {
  return (await told(as)).filter(({ kind }) => kind === 'accounts_settled')
}
