/** The example of a bank's backend: one draw of one id whatever fails, and a book that adds up. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger } from '@yiben/shared'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Settler } from '../../collector/src/bank/settler.ts'
import { DRAW_REFUSALS } from '../../collector/src/model/draw.ts'
import { Api, type Json } from '../../scripts/bank-client/api.ts'
import { BankClient } from '../../scripts/bank-client/client.ts'
import { REFUSALS, refusalTable } from '../../scripts/bank-client/refusals.ts'
import { TwoSites } from '../collector/api/two-sites.ts'
import { declined } from '../collector/bank/draws-rig.ts'
import { HOUR, MINUTE, SITE } from '../collector/bank/ledger-rig.ts'
import { ROOT } from '../support/program.ts'
import { tempDir } from '../support/temp-dir.ts'

const REQUEST = { borrower: 'borrower', contract: 'c-1', pool: { cards: 1 }, hours: 1 }

let sites: TwoSites
let file: string
beforeEach(() => {
  file = join(tempDir(), 'book.json')
})

async function start(): Promise<void> {
  sites = await TwoSites.start()
  onTestFinished(() => sites.api.close())
}

/** Asks the interface without a socket. */
const ask: typeof fetch = async (url, init) => {
  const { headers, method = 'GET', body } = init ?? {}
  const answer = await sites.api.app.inject({
    method: method as 'GET' | 'POST',
    url: String(url).replace('http://bank', ''),
    headers: headers as Record<string, string>,
    ...(typeof body === 'string' ? { payload: body } : {}),
  })
  return new Response(answer.body, {
    status: answer.statusCode,
    headers: { 'retry-after': '0', 'content-type': String(answer.headers['content-type']) },
  })
}

function client(send: typeof fetch, triesMax = 40): BankClient {
  const token = sites?.api.tokens.get('bank') ?? ''
  const api = new Api({ url: 'http://bank', token, fetch: send, triesMax, waitMsFirst: 0.001 })
  return new BankClient({ api, file, bank: 'bank', statementWaitMs: 1 })
}

/** Every second call is lost on its way there, or its answer on its way back. */
function losing(send: typeof fetch): typeof fetch {
  let calls = 0
  return async (...call) => {
    calls += 1
    if (calls % 4 === 1) throw new TypeError('connection refused')
    const answer = await send(...call)
    if (calls % 4 === 3) throw new TypeError('connection reset')
    return answer
  }
}

describe('the page', () => {
  test('names every refusal of the collector, in its order', () => {
    expect(Object.keys(REFUSALS)).toEqual([...DRAW_REFUSALS])
    const page = readFileSync(join(ROOT, 'docs/bank-client.md'), 'utf8')
    expect(page).toContain(refusalTable())
  })
})

describe('a network that loses calls and answers', () => {
  test('makes no second draw of an id, and no step twice', async () => {
    await start()
    const bank = client(losing(ask))
    await bank.hold('a', REQUEST)
    await bank.post('a')
    await bank.hold('b', REQUEST)
    await bank.void('b')
    await sites.minute()
    await bank.return('a')
    const { body } = await sites.api.get('/v1/draws', 'bank')
    expect(body.draws.map(({ draw_id: drawId }: Json) => drawId)).toEqual(['b', 'a'])
    await sites.minute()
    await bank.follow()
    expect([bank.drawOf('a').state, bank.drawOf('b').state]).toEqual(['ended', 'voided'])
    const { body: feed } = await sites.api.get('/v1/changes?limit=500', 'bank')
    const posts = feed.changes.filter(({ kind }: Json) => kind === 'draw_posted')
    expect(posts).toHaveLength(1)
  })

  test('a client that is killed before its answer goes on with the same id', async () => {
    await start()
    const killed: typeof fetch = async (...call) => {
      await ask(...call)
      throw new TypeError('killed')
    }
    await expect(client(killed, 1).hold('a', REQUEST)).rejects.toThrow('killed')
    const again = client(ask)
    expect(again.drawOf('a')).toMatchObject({ state: 'asked', intent: { step: 'hold' } })
    expect(await again.resume()).toEqual(['a'])
    expect(again.drawOf('a')).toMatchObject({ state: 'held', intent: null })
    expect((await sites.api.get('/v1/draws', 'bank')).body.draws).toHaveLength(1)
  })
})

describe('a refusal', () => {
  test('ends what was asked, and is kept with the draw', async () => {
    await start()
    for (const nodeId of [sites.here, sites.there]) {
      sites.api.lending.link.answers.set(nodeId, () => declined('veto'))
    }
    const bank = client(ask)
    await expect(bank.hold('a', REQUEST)).rejects.toMatchObject({
      problem: { code: 'declined', reason: 'veto' },
    })
    expect(bank.drawOf('a')).toMatchObject({ state: 'refused', refusal: 'declined', intent: null })
    expect(await client(ask).resume()).toEqual([])
  })

  test('of the collector itself leaves it to be asked again', async () => {
    await start()
    sites.api.lending.guards.isSuspect = true
    await expect(client(ask, 2).hold('a', REQUEST)).rejects.toThrow('deposits_suspended')
    sites.api.lending.guards.isSuspect = false
    expect(await client(ask).resume()).toEqual(['a'])
    expect(client(ask).drawOf('a').state).toBe('held')
  })
})

describe('a collector that was restored', () => {
  test('is told of every live draw by its id, then asked once more', async () => {
    const book = {
      cursor: null,
      lots: {},
      draws: { a: live('a'), b: { ...live('b'), state: 'ended' } },
    }
    writeFileSync(file, JSON.stringify(book))
    const calls: string[] = []
    let isTold = false
    const restored: typeof fetch = async (url, init) => {
      const path = new URL(String(url)).pathname
      calls.push(`${init?.method} ${path} ${path === '/v1/draws' ? init?.body : ''}`.trim())
      if (path === '/v1/recovery') return json({ recovering: !isTold, bank: 'awaited' })
      if (path === '/v1/recovery/replayed') isTold = true
      if (path.startsWith('/v1/recovery') || isTold) return json({ state: 'posted' })
      return json({ code: 'recovering', detail: 'it was restored' }, 503)
    }
    await client(restored, 1).post('a')
    expect(calls).toEqual([
      'POST /v1/draws/a/post',
      'GET /v1/recovery',
      `POST /v1/draws ${JSON.stringify(live('a').request)}`,
      'POST /v1/recovery/replayed',
      'GET /v1/recovery',
      'POST /v1/draws/a/post',
    ])
  })

  test('whose feed is another one is read anew', async () => {
    await start()
    const bank = client(ask)
    await bank.hold('a', REQUEST)
    await bank.post('a')
    await sites.api.settle()
    await bank.follow()
    const cards = bank.drawOf('a').cards
    writeFileSync(file, JSON.stringify({ ...bank.book, cursor: '2.7', lots: { old: 1 } }))
    const after = client(ask)
    await after.follow()
    expect(after.book.cursor).toMatch(/^1\./)
    expect(after.drawOf('a').cards).toEqual(cards)
    expect(Object.keys(after.book.lots)).not.toContain('old')
  })
})

describe('the book', () => {
  test('agrees with list and statement: returned, recalled, extended, and not with a wrong one', async () => {
    await start()
    const bank = client(ask)
    for (const drawId of ['a', 'b']) {
      await bank.hold(drawId, { ...REQUEST, pool: { cards: 2 } })
      await bank.post(drawId)
    }
    const { body: lent } = await sites.api.get('/v1/draws/b', 'bank')
    await bank.extend('b', new Date(Date.parse(lent.until) + HOUR).toISOString())
    await sites.minute('busy/active')
    await bank.return('a', [0])
    const url = `/v1/leases/${lent.leases[0].lease_id}/recall`
    await sites.api.ask('POST', url, 'operator', { notice_ms: 30_000, cause: 'repair' })
    for (let minute = 0; minute < 5; minute += 1) await sites.minute()
    await settleAll()
    const agreed = await bank.reconcile('borrower')
    expect(agreed).toMatchObject({ differences: [], draws: [] })
    expect(agreed.own).toMatchObject({ promised: 2 * HOUR + 4 * HOUR })
    expect(agreed.own.returned).toBeGreaterThan(0)
    expect(agreed.own.broken_recall).toBeGreaterThan(0)

    const wrong = structuredClone(bank.book) as Json
    wrong.draws.a.cards[0].endedAtMs += 1
    writeFileSync(file, JSON.stringify(wrong))
    expect(await client(ask).reconcile('borrower')).toMatchObject({
      differences: [
        { figure: 'held', own: agreed.own.held ?? 0, told: agreed.told.held },
        { figure: 'returned' },
      ].map(({ figure }) => ({ figure })),
      draws: ['a: card 0'],
    })
  }, 60_000)

  test('of a booking that finds too few cards agrees as well', async () => {
    await start()
    const [unit] = await sites.api.rig.units(sites.here)
    if (unit === undefined) throw new Error('no card')
    sites.api.lending.kinds = [sites.api.context.lots.kindOf(unit.profile)]
    sites.api.lending.quantiles = { p50: 3, p80: 1, p95: 0 }
    const bank = client(ask)
    const startAt = new Date(sites.api.rig.now + 2 * MINUTE).toISOString()
    const pool = { model: 'H800 SXM', site: SITE, cards: 3, cards_min: 1 }
    await bank.hold('a', { ...REQUEST, pool, start: startAt, confidence: 0.5 })
    for (let minute = 0; minute < 20; minute += 1) {
      await sites.minute()
      await sites.api.lending.bookings.drain()
    }
    await bank.return('a')
    await sites.minute()
    await settleAll()
    const agreed = await bank.reconcile('borrower')
    expect(agreed).toMatchObject({ differences: [], draws: [] })
    expect(agreed.own).toMatchObject({ promised: 3 * HOUR })
    expect(agreed.own.broken_unfilled).toBeGreaterThanOrEqual(HOUR)
  }, 60_000)
})

async function settleAll(): Promise<void> {
  const { clock, store } = sites.api.rig
  const settler = new Settler({ store, clock, logger: silentLogger, timeZone: 'Asia/Shanghai' })
  await settler.drain()
  await sites.minute()
  await settler.drain()
}

function live(drawId: string) {
  const request = { ...REQUEST, draw_id: drawId, bank: 'bank' }
  return { request, intent: null, state: 'posted', refusal: null, cards: {}, booked: null }
}

function json(body: object, status = 200): Response {
  return new Response(JSON.stringify(body), { status })
}
