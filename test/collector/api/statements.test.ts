/** Statements over HTTP: what they say, to whom, in which forms, and that they say it again. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger } from '@yiben/shared'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Settler } from '../../../collector/src/bank/settler.ts'
import { runVerifyStatement } from '../../../collector/src/cli/verify-statement.ts'
import { parseVerifierKey } from '../../../collector/src/journal/verify-note.ts'
import { verifyStatement } from '../../../collector/src/journal/verify-statement.ts'
import type { Draw } from '../../../collector/src/model/draw.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { endLending, lend } from '../../conformance/lending.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { HOUR, MINUTE, START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

/** START_MS is 2026-03-01T08:00Z, 16:00 in Shanghai. */
const SPAN = 'from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z'
const OWNER = `/v1/accounts/owner-1/statement?${SPAN}`
const BORROWER = `/v1/borrowers/borrower-1/statement?${SPAN}`
const LEASE_START_MS = START_MS + HOUR

let api: ApiRig
let nodeId: NodeId
let draw: Draw

/** Two cards lent 09:00–13:00, busy until 11:00, then given back. */
beforeEach(async () => {
  api = await ApiRig.start()
  const { rig } = api
  nodeId = await rig.admit(1, [{}, {}])
  const { rows } = await rig.store.listUnits(SCOPE_ALL, { cursor: null, limit: 10 })
  const times = { startMs: LEASE_START_MS, untilMs: LEASE_START_MS + 4 * HOUR }
  const known = { drawId: 'draw-1', ...times, knownAtMs: START_MS + MINUTE }
  draw = await lend(rig.store, rows, known)
  await rig.live(nodeId, [
    ['free/proven', 3_600],
    ['busy/active', 2 * 3_600],
  ])
})
afterEach(() => api.close())

async function giveBack(): Promise<void> {
  const { rig } = api
  const end = { endedAtMs: rig.now, knownAtMs: rig.now, end: 'returned', to: 'returned' } as const
  await endLending(rig.store, draw, end)
}

async function settle(): Promise<void> {
  const { store, clock } = api.rig
  const settler = new Settler({ store, clock, logger: silentLogger, timeZone: 'Asia/Shanghai' })
  await settler.drain()
}

/** Lets decisions of now be known. */
function pass(ms = MINUTE): void {
  api.rig.clock.advance(ms)
}

describe('a statement', () => {
  test('A5: says what was promised and where it went, per model and site', async () => {
    await giveBack()
    await settle()
    pass()
    const { status, body } = await api.get(OWNER, 'bank')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      subject: { kind: 'owner', code: 'owner-1' },
      finality: 'provisional',
      definition_version: 'v1',
      coverage: '1.000000',
      p_hours: { promised: '7.915', delivered_active: '3.958', returned: '3.958' },
      draws: { counted: 1, open: 0, kept: 1, kept_by_swap: 0, broken: 0 },
      bookings: { counted: 0 },
      sites: [{ site_code: 'SITE-1', cards_ended: 2, kept_share: '1.000000' }],
    })
    expect(body.lines).toEqual([
      {
        from: '2026-03-01T00:00:00.000Z',
        to: '2026-03-02T00:00:00.000Z',
        site_code: 'SITE-1',
        owner_code: 'owner-1',
        model: 'H800 SXM',
        finality: 'provisional',
        promised_card_ms: String(8 * HOUR),
        delivered_active_card_ms: String(4 * HOUR),
        delivered_idle_card_ms: '0',
        returned_card_ms: String(4 * HOUR),
        broken_card_ms: {},
        unproven_card_ms: '0',
        pending_card_ms: '0',
        swapped_card_ms: '0',
        residue_card_ms: '0',
        p_hours: expect.objectContaining({ promised: '7.915', broken: '0.000' }),
      },
    ])
    const borrower = await api.get(BORROWER, 'bank')
    expect(borrower.body.subject).toEqual({ kind: 'borrower', code: 'borrower-1' })
    expect(borrower.body.lines).toEqual(body.lines)
    const nobody = await api.get(`/v1/borrowers/nobody/statement?${SPAN}`)
    expect(nobody.body).toMatchObject({ lines: [], draws: { counted: 0 }, coverage: null })
  })

  test('C27: is reproduced exactly by its known_at, whatever came later', async () => {
    await settle()
    pass()
    const first = await api.get(OWNER)
    expect(first.body.lines[0].pending_card_ms).not.toBe('0')
    await giveBack()
    await settle()
    pass(HOUR)
    const later = await api.get(OWNER)
    expect(later.body.lines).not.toEqual(first.body.lines)
    const token = await api.token({ role: 'regulator', ttlMs: 60 * 24 * HOUR })
    pass(40 * 24 * HOUR)
    await settle()
    const again = await api.get(`${OWNER}&known_at=${first.body.known_at}`, { token })
    expect(again.text).toBe(first.text)
    const final = await api.get(OWNER, { token })
    expect(final.body).toMatchObject({ finality: 'final', lines: [{ finality: 'final' }] })
  })

  test('C14: late evidence stands from when it was known on, and not before', async () => {
    const { rig } = api
    await rig.declareSilent(nodeId)
    rig.clock.advance(2 * HOUR + 5 * MINUTE)
    await settle()
    pass()
    const before = await api.get(OWNER)
    expect(before.body.lines[0]).toMatchObject({ unproven_card_ms: String(4 * HOUR) })
    await rig.tellLate(nodeId, [['busy/active', 2 * 3_600]])
    await settle()
    pass()
    const after = await api.get(OWNER)
    expect(after.body.lines[0]).toMatchObject({
      unproven_card_ms: '0',
      delivered_active_card_ms: String(8 * HOUR),
    })
    expect((await api.get(`${OWNER}&known_at=${before.body.known_at}`)).text).toBe(before.text)
  })

  test('months of the asked zone make the lines', async () => {
    pass()
    const url = '/v1/accounts/owner-1/statement?from=2026-02-28T00:00:00Z&to=2026-03-02T00:00:00Z'
    const shanghai = await api.get(url)
    expect(shanghai.body.lines.map((line: { from: string }) => line.from)).toEqual([
      '2026-02-28T16:00:00.000Z',
    ])
    // There the month turns in the middle of the lease.
    const pacific = await api.get(`${url}&tz=Etc/GMT%2B10`)
    expect(
      pacific.body.lines.map((line: { from: string; promised_card_ms: string }) => [
        line.from,
        line.promised_card_ms,
      ]),
    ).toEqual([
      ['2026-02-28T00:00:00.000Z', String(2 * HOUR)],
      ['2026-03-01T10:00:00.000Z', String(6 * HOUR)],
    ])
  })

  test.each([
    ['from=2026-03-01T00:30:00Z&to=2026-03-02T00:00:00Z', 'from'],
    ['from=2026-03-01T00:00:00Z&to=2026-03-01T00:00:00Z', 'to'],
    ['from=2024-03-01T00:00:00Z&to=2026-03-01T00:00:00Z', 'to'],
    [`${SPAN}&format=xml`, 'format'],
    [`${SPAN}&tz=Mars/Olympus`, 'tz'],
  ])('%s is refused, naming %s', async (query, field) => {
    const { status, body } = await api.get(`/v1/accounts/owner-1/statement?${query}`)
    expect([status, body.code]).toEqual([400, 'request_invalid'])
    expect(body.detail).toContain(field)
  })

  test('shows nothing of sites outside the token’s scope', async () => {
    pass()
    await api.rig.admit(2, [{}], 'SITE-2')
    const token = await api.token({ role: 'operator', siteCode: 'SITE-2' })
    expect((await api.get(OWNER, { token })).body.lines).toEqual([])
    const own = await api.token({ role: 'operator', siteCode: 'SITE-1' })
    expect((await api.get(OWNER, { token: own })).body.lines).toHaveLength(1)
    const region = await api.token({ role: 'regulator', regionCode: '440000' })
    expect((await api.get(OWNER, { token: region })).body.lines).toEqual([])
  })

  test('as CSV has a line per line, each with what it rests on', async () => {
    await giveBack()
    await settle()
    pass()
    const { headers, text } = await api.get(`${OWNER}&format=csv`)
    expect(headers['content-type']).toContain('text/csv')
    const [head = '', line = '', ...more] = text.split('\n').map((one) => one.split(','))
    expect(more).toEqual([['']])
    const cells = Object.fromEntries([...head].map((name, at) => [name, line[at]]))
    expect(cells).toMatchObject({
      site_code: 'SITE-1',
      model: 'H800 SXM',
      promised_card_ms: String(8 * HOUR),
      returned_card_ms: String(4 * HOUR),
      broken_recall_card_ms: '0',
      promised_p_hours: '7.915',
      definition_version: 'v1',
    })
  })
})

describe('a signed statement', () => {
  async function signed(): Promise<string> {
    await giveBack()
    await settle()
    pass()
    const { status, text } = await api.get(`${BORROWER}&format=signed`, 'bank')
    expect(status).toBe(200)
    return text
  }

  function key() {
    const parsed = parseVerifierKey(api.context.face.verifierKey)
    if (parsed === null) throw new Error('the rig has a key')
    return parsed
  }

  test('A7: is verified offline, and says the same as the JSON', async () => {
    const text = await signed()
    const verdict = verifyStatement(text, key())
    expect(verdict).toMatchObject({ status: 'verified', facts: { lines: 1 } })
    if (verdict.status !== 'verified') return
    const knownAt = String(verdict.facts.statement.known_at)
    const { body } = await api.get(`${BORROWER}&known_at=${knownAt}`)
    expect(verdict.facts.statement).toEqual(body)
  })

  test('A7: leaves one entry with its hash, however often it is asked for', async () => {
    const verdict = verifyStatement(await signed(), key())
    if (verdict.status !== 'verified') throw new Error(verdict.fault)
    const { sha256, statement } = verdict.facts
    await api.get(`${BORROWER}&format=signed&known_at=${String(statement.known_at)}`)
    const outbox = await api.rig.store.readOutbox(1_000)
    const issued = outbox.filter(({ kind }) => kind === 'statement_issued')
    expect(issued.map(({ payload }) => payload)).toMatchObject([
      { sha256, subject: { kind: 'borrower', code: 'borrower-1' } },
    ])
  })

  test.each<[string, (text: string) => string, string]>([
    ['an amount changed', (text) => text.replace(String(8 * HOUR), String(9 * HOUR)), 'invalid'],
    ['a byte added', (text) => text.replace('{"as_of"', '{ "as_of"'), 'invalid'],
    ['no signature', (text) => text.slice(0, text.indexOf('\n\n') + 1), 'unreadable'],
    ['the first line gone', (text) => text.slice(text.indexOf('\n') + 1), 'unreadable'],
    ['a checkpoint’s first line', (text) => text.replace('/statement\n', '\n'), 'unreadable'],
    ['nothing', () => '', 'unreadable'],
  ])('with %s is not verified', async (_, change, fault) => {
    const verdict = verifyStatement(change(await signed()), key())
    expect(verdict).toMatchObject({ status: 'broken', fault: expect.stringContaining(fault) })
  })

  test('that does not add up is found even where nobody checks the signature', async () => {
    const text = (await signed()).replace(String(8 * HOUR), String(9 * HOUR))
    expect(verifyStatement(text, null)).toMatchObject({ fault: 'line_does_not_add_up', line: 1 })
  })

  test('is checked on the command line, with its hash', async () => {
    const file = join(tempDir(), 'statement.note')
    writeFileSync(file, await signed())
    const { verifierKey } = api.context.face
    const good = runVerifyStatement(file, { key: verifierKey })
    expect(good.exitCode).toBe(0)
    expect(good.stdout).toContain('1 lines that add up, signed as yiben.ledger/')
    writeFileSync(file, readFileSync(file, 'utf8').replace('borrower-1', 'borrower-2'))
    const bad = runVerifyStatement(file, { key: verifierKey, json: true })
    expect(bad.exitCode).toBe(1)
    expect(JSON.parse(bad.stdout)).toMatchObject({ fault: 'statement_signature_invalid' })
  })
})
