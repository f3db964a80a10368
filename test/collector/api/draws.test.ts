/** Draws over HTTP: what a bank sends and gets, retries, refusals by name, and who sees what. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DRAW_REFUSALS } from '../../../collector/src/model/draw.ts'
import { declined } from '../bank/draws-rig.ts'
import { HOUR, SITE } from '../bank/ledger-rig.ts'
import type { Answer, ApiRig } from './api-rig.ts'
import { OTHER_SITE, TwoSites } from './two-sites.ts'

const iso = (ms: number) => new Date(ms).toISOString()

let sites: TwoSites
let api: ApiRig
let bound: TwoSites['bound']

const hold: TwoSites['hold'] = (...asked) => sites.hold(...asked)
const step: TwoSites['step'] = (...asked) => sites.step(...asked)
const liveMinute = () => sites.minute()

beforeEach(async () => {
  sites = await TwoSites.start()
  api = sites.api
  bound = sites.bound
})
afterEach(() => api.close())

function refusalIn({ status, body, headers }: Answer) {
  expect(headers['content-type']).toContain('application/problem+json')
  expect(body.type).toBe(`urn:yiben:problem:draw:${body.code}`)
  expect(body.status).toBe(status)
  return [status, body.code]
}

describe('a draw', () => {
  test('is held, posted, given back card by card, and clean again', async () => {
    const held = await hold('a', { pool: { cards: 3 } })
    expect([held.status, held.body]).toMatchObject([
      201,
      { draw_id: 'a', version: 1, state: 'held', cards_asked: 3, cards_live: 3, start: null },
    ])
    const posted = await step('a', 'post')
    expect([posted.status, posted.body]).toMatchObject([
      200,
      {
        state: 'posted',
        start: iso(api.rig.now + 2_000),
        until: iso(api.rig.now + 2_000 + HOUR),
        leases: [{ handover: { kind: 'slurm', account: 'a', queue: 'bank' } }, {}],
      },
    ])
    await liveMinute()
    const some = await step('a', 'return', { cards: [0] })
    expect([some.status, some.body.state, some.body.cards_live]).toEqual([200, 'posted', 2])
    const all = await step('a', 'return', {})
    expect(all.body.cards.map(({ state }: { state: string }) => state)).toEqual(
      Array.from({ length: 3 }, () => 'cleaning'),
    )
    await liveMinute()
    const { body } = await api.get('/v1/draws/a', 'bank')
    expect([body.state, body.cards[0].end, body.cards_live]).toEqual(['ended', 'returned', 0])
  })

  test('is told to the bank without nodes, and with the evidence of each grant', async () => {
    await hold('a', { pool: { cards: 4 } })
    const { text, body } = await step('a', 'post')
    for (const nodeId of [sites.here, sites.there]) expect(text).not.toContain(nodeId)
    expect(text).not.toMatch(/node_id|accelerator_id/)
    expect(body.cards[0].evidence).toMatchObject({ evidence_class: 'A', fenced: true })
    const lots = (await api.get('/v1/capacity?cards=1', 'bank')).text
    const admins = await api.get('/v1/draws/a')
    expect(admins.body.cards[0]).toMatchObject({ node_id: expect.any(String) })
    expect(admins.body.cards[0].accelerator_id).toMatch(/^YA/)
    expect(body.cards[0].lot_id).toMatch(/^l-/)
    expect(lots).not.toContain(sites.here)
  })

  test('takes the cards of the lot that search has shown', async () => {
    const { body: found } = await api.get('/v1/capacity?cards=2', 'bank')
    const lotId = found.lots[0].lot_id
    const held = await hold('a', { pool: undefined, lots: [{ lot_id: lotId, cards: 2 }] })
    expect(held.body.lots).toEqual([{ lot_id: lotId, cards: 2 }])
  })

  test('every step can be made again', async () => {
    expect((await hold('a')).status).toBe(201)
    const again = await hold('a')
    expect([again.status, again.body.version]).toEqual([200, 1])
    const first = (await step('a', 'post')).body
    expect((await step('a', 'post', {})).body).toEqual(first)
    const until = iso(Date.parse(first.until) + HOUR)
    const longer = (await step('a', 'extend', { until })).body
    expect([longer.until, longer.version]).toEqual([until, 3])
    expect((await step('a', 'extend', { until })).body).toEqual(longer)
    await liveMinute()
    const back = (await step('a', 'return')).body
    expect((await step('a', 'return')).body).toEqual(back)
    await hold('b')
    const voided = (await step('b', 'void')).body
    expect((await step('b', 'void')).body).toEqual(voided)
  })

  test('lists are newest first, without single cards, by state and party', async () => {
    await hold('a')
    await hold('b', { borrower: 'other' })
    await step('b', 'void')
    const ids = async (query: string) =>
      (await api.get(`/v1/draws?${query}`, 'bank')).body.draws.map(
        ({ draw_id: drawId }: { draw_id: string }) => drawId,
      )
    expect(await ids('')).toEqual(['b', 'a'])
    expect(await ids('state=held')).toEqual(['a'])
    expect(await ids('borrower=other')).toEqual(['b'])
    expect(await ids('bank=nobody')).toEqual([])
    const { body } = await api.get('/v1/draws?limit=1', 'bank')
    expect(body.draws[0]).not.toHaveProperty('cards')
    expect(await ids(`limit=1&cursor=${body.next_cursor}`)).toEqual(['a'])
  })
})

describe('a dry run', () => {
  test('says what would be taken, and takes nothing', async () => {
    const trial = await hold('a', { pool: { cards: 4 } }, 'bank', '?dry_run=true')
    expect([trial.status, trial.body]).toMatchObject([200, { possible: true, refusal: null }])
    expect(trial.body.lots.map(({ cards }: { cards: number }) => cards)).toEqual([2, 2])
    expect(api.lending.link.asked).toEqual([])
    expect((await api.get('/v1/draws/a', 'bank')).status).toBe(404)
    expect((await hold('a', { pool: { cards: 4 } })).status).toBe(201)
  })

  test('says by name why nothing would be granted', async () => {
    const trial = await hold('a', { pool: { cards: 9 } }, 'bank', '?dry_run=true')
    expect([trial.status, trial.body]).toMatchObject([
      200,
      { possible: false, refusal: { code: 'not_enough' } },
    ])
  })
})

describe('a refusal', () => {
  test('is a conflict by its name, and stays under its id', async () => {
    const first = await hold('a', { pool: { cards: 9 } })
    expect(refusalIn(first)).toEqual([409, 'not_enough'])
    expect(first.body).toMatchObject({ cards_available: 4, draw: { state: 'refused' } })
    expect((await hold('a', { pool: { cards: 9 } })).body.code).toBe('not_enough')
    expect((await api.get('/v1/draws/a', 'bank')).body.refusal.code).toBe('not_enough')
  })

  test('of a node names its reason and no node', async () => {
    for (const nodeId of [sites.here, sites.there]) {
      api.lending.link.answers.set(nodeId, () => declined('veto'))
    }
    const { status, body, text } = await hold('a')
    expect([status, body.code, body.reason]).toEqual([409, 'declined', 'veto'])
    expect(text).not.toContain(sites.here)
  })

  test('an id that means another draw is told as such, and nothing else', async () => {
    await hold('a')
    const other = await hold('a', { hours: 2 })
    expect(refusalIn(other)).toEqual([409, 'id_reused'])
    expect(other.body.draw).toBeNull()
  })

  test.each(['post', 'void', 'return'])('%s of a draw that is not there', async (name) => {
    expect(refusalIn(await step('nothing', name))).toEqual([404, 'draw_unknown'])
  })

  test.each([
    ['isRecovering', 'recovering'],
    ['isAccused', 'clock_accused'],
    ['isSuspect', 'deposits_suspended'],
  ] as const)('%s passes by itself: 503 %s, and the id is free', async (guard, code) => {
    api.lending.guards[guard] = true
    const held = await hold('a')
    expect(refusalIn(held)).toEqual([503, code])
    expect(held.headers['retry-after']).toBe('5')
    expect(refusalIn(await step('nothing', 'post'))).toEqual([503, code])
    api.lending.guards[guard] = false
    expect((await hold('a')).status).toBe(201)
  })

  test('a ledger that recovers does not say that a draw is not there', async () => {
    api.lending.guards.isRecovering = true
    const found = await api.get('/v1/draws/a', 'bank')
    expect(refusalIn(found)).toEqual([503, 'recovering'])
  })

  test('of a step tells the draw as it is', async () => {
    await hold('a', { hold_ms: 1_000 })
    api.rig.clock.advance(1_000)
    const late = await step('a', 'post')
    expect(refusalIn(late)).toEqual([409, 'hold_lapsed'])
    expect(late.body.draw.draw_id).toBe('a')
    await hold('b')
    expect(refusalIn(await step('b', 'return'))).toEqual([409, 'wrong_state'])
    await step('b', 'post')
    expect(refusalIn(await step('b', 'return', { cards: [7] }))).toEqual([409, 'card_unknown'])
    expect(refusalIn(await step('b', 'void'))).toEqual([409, 'wrong_state'])
  })

  test('every name is in the description', async () => {
    const { body } = await api.get('/v1/openapi.json', null)
    expect(body.components.schemas.DrawRefused.properties.code.enum).toEqual([...DRAW_REFUSALS])
    const { responses } = body.paths['/v1/draws/{id}/post'].post
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '404', '409', '503']))
  })
})

describe('a bad request', () => {
  test.each([
    [{ draw_id: 'a b' }, 'draw_id'],
    [{ hours: 0 }, 'hours'],
    [{ hours: 10_000 }, 'hours'],
    [{ hold_ms: 1 }, 'hold_ms'],
    [{ pool: undefined }, 'lots'],
    [{ lots: [{ lot_id: 'l-1', cards: 1 }] }, 'lots'],
    [{ pool: { cards: 0 } }, 'cards'],
    [{ pool: { cards: 3, per_node: 2 } }, 'per_node'],
    [{ pool: { cards: 2, cards_min: 1 } }, 'cards_min'],
    [{ pool: { cards: 2, vendor: 'acme' } }, 'vendor'],
    [{ pool: { cards: 2, region: '1' } }, 'region'],
    [{ confidence: 1 }, 'confidence'],
    [{ swap: 'always' }, 'swap'],
    [{ start: 'tomorrow' }, 'start'],
    [{ borrower: '' }, 'borrower'],
    [{ colour: 'red' }, 'colour'],
  ])('%j is refused with its field', async (change, field) => {
    const { status, body } = await hold('a', change)
    expect([status, body.code, body.field]).toEqual([400, 'request_invalid', field])
  })

  test('of a step is refused too', async () => {
    await hold('a')
    await step('a', 'post')
    for (const [name, body] of [
      ['extend', undefined],
      ['extend', {}],
      ['return', { cards: [] }],
      ['return', { cards: [-1] }],
      ['post', { now: true }],
    ] as const) {
      const answer = await step('a', name, body)
      expect([name, answer.status, answer.body.code]).toEqual([name, 400, 'request_invalid'])
    }
  })
})

describe('a bank that is bound to a site', () => {
  test('is lent cards of that site only', async () => {
    const held = await hold('a', { pool: { cards: 2 } }, bound)
    expect(held.body.cards.map((card: { site_code: string }) => card.site_code)).toEqual([
      SITE,
      SITE,
    ])
    expect((await hold('b', { pool: { cards: 1 } }, bound)).body.code).toBe('not_enough')
    const lots = (await api.get('/v1/capacity', 'bank')).body.lots
    const foreign = lots.find((lot: { site_code: string }) => lot.site_code === OTHER_SITE)
    const named = { pool: undefined, lots: [{ lot_id: foreign.lot_id, cards: 1 }] }
    expect((await hold('c', named, bound)).body.code).toBe('lot_unknown')
  })

  test('neither sees nor touches a draw elsewhere, nor learns that it is there', async () => {
    await hold('far', { pool: { cards: 1, site: OTHER_SITE } })
    const unseen = [404, 'draw_unknown']
    expect(refusalIn(await api.get('/v1/draws/far', bound))).toEqual(unseen)
    for (const name of ['post', 'void', 'return']) {
      expect(refusalIn(await step('far', name, undefined, bound))).toEqual(unseen)
    }
    expect((await api.get('/v1/draws', bound)).body.draws).toEqual([])
    const same = await hold('far', { pool: { cards: 1, site: OTHER_SITE } }, bound)
    expect([same.status, same.body.code, same.body.draw]).toEqual([409, 'id_reused', null])
    expect((await api.get('/v1/draws/far', 'bank')).body.state).toBe('held')
  })

  test('sees of a draw over two sites its own cards, and cannot change it', async () => {
    await hold('wide', { pool: { cards: 4 } })
    await step('wide', 'post')
    const { body, text } = await api.get('/v1/draws/wide', bound)
    expect([body.cards.length, body.leases.length, body.cards_live]).toEqual([2, 1, 2])
    expect(text).not.toContain(OTHER_SITE)
    expect((await api.get('/v1/draws', bound)).body.draws[0].cards_live).toBe(2)
    expect((await step('wide', 'return', {}, bound)).status).toBe(404)
  })
})

describe('a recall', () => {
  async function lease(site: string): Promise<string> {
    await hold('a', { pool: { cards: 2, site } })
    return (await step('a', 'post')).body.leases[0].lease_id
  }

  test('ends the lease after its notice, and the node is told', async () => {
    const leaseId = await lease(SITE)
    await liveMinute()
    const url = `/v1/leases/${leaseId}/recall`
    const recalled = await api.ask('POST', url, 'operator', { notice_ms: 90_000, cause: 'repair' })
    const recallAt = iso(api.rig.now + 90_000)
    expect([recalled.status, recalled.body]).toEqual([200, { draw_id: 'a', recall_at: recallAt }])
    const { body } = await api.get('/v1/draws/a', 'bank')
    expect(body.cards[0]).toMatchObject({ recall_at: recallAt, recall_cause: 'repair' })
    await liveMinute()
    await liveMinute()
    const after = await api.get('/v1/draws/a', 'bank')
    expect(after.body.cards[0]).toMatchObject({ end: 'recall', ended_at: recallAt })
    expect(api.lending.notices.length).toBeGreaterThan(1)
    const late = await api.ask('POST', url, 'operator', { notice_ms: 0, cause: 'repair' })
    expect([late.status, late.body.code]).toEqual([409, 'conflict'])
  })

  test('is for the owner’s side of that site', async () => {
    const leaseId = await lease(OTHER_SITE)
    const url = `/v1/leases/${leaseId}/recall`
    const token = await api.token({ role: 'operator', siteCode: SITE })
    const body = { notice_ms: 0, cause: 'repair' }
    expect((await api.ask('POST', url, { token }, body)).status).toBe(404)
    expect((await api.ask('POST', url, 'bank', body)).status).toBe(403)
    expect((await api.ask('POST', '/v1/leases/e-1/recall', 'admin', body)).status).toBe(400)
  })
})

describe('a booking', () => {
  const start = () => iso(api.rig.now + 2 * HOUR)
  const booking = (site: string) => ({
    start: start(),
    confidence: 0.5,
    pool: { model: 'H800 SXM', site, cards: 2, cards_min: 1 },
  })

  beforeEach(async () => {
    const units = await api.rig.units(sites.here)
    const { profile } = units[0] ?? {}
    if (profile === undefined) throw new Error('no card')
    api.lending.kinds = [api.context.lots.kindOf(profile)]
    api.lending.quantiles = { p50: 2, p80: 1, p95: 0 }
  })

  test('is taken up to the quantile, seen before it has cards, and given up', async () => {
    const asked = booking(SITE)
    const trial = await hold('a', asked, 'bank', '?dry_run=true')
    expect(trial.body).toMatchObject({ possible: true, lots: [], chance: 0.5 })
    const booked = await hold('a', asked)
    expect([booked.status, booked.body]).toMatchObject([
      201,
      { state: 'booked', start: asked.start, site_code: SITE, model: 'H800 SXM', cards: [] },
    ])
    expect((await hold('a', asked)).status).toBe(200)
    expect((await hold('b', asked)).body.code).toBe('over_booked')
    expect((await api.get('/v1/draws/a', bound)).body.state).toBe('booked')
    expect((await step('a', 'void', undefined, bound)).body.state).toBe('voided')
    expect((await step('a', 'void')).body.state).toBe('voided')
  })

  test('without a forecast nothing is sure enough', async () => {
    api.lending.quantiles = null
    expect((await hold('a', booking(SITE))).body.code).toBe('not_sure_enough')
  })

  test('elsewhere is none for a bound bank', async () => {
    await hold('a', booking(OTHER_SITE))
    expect((await api.get('/v1/draws/a', bound)).status).toBe(404)
    expect((await step('a', 'void', undefined, bound)).status).toBe(404)
  })
})
