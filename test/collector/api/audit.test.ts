/** The audit log as it is asked: one row for each request, nothing secret, nothing changed unseen. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AppError, silentLogger } from '@yiben/shared'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { checkAudit } from '../../../collector/src/api/audit-check.ts'
import { Sequencer } from '../../../collector/src/journal/sequencer.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { LedgerRig } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'
import { Browser } from './login/browser.ts'

let api: ApiRig
beforeAll(async () => {
  api = await ApiRig.start()
})
afterAll(() => api.close())
/** What was asked before is no part of a test. */
let before = 0
beforeEach(async () => {
  await api.context.audit.round()
  before = (await api.rig.store.auditState()).head.number
})

async function rows() {
  await api.context.audit.round()
  return await api.rig.store.readAuditChain(before, 1_000)
}

function tokenIdOf(token: string | undefined): string {
  return Buffer.from((token ?? '').slice(4), 'base64url')
    .subarray(0, 8)
    .toString('hex')
}

describe('each request has one row', () => {
  test('a read, with who asked, in which scope, and what for', async () => {
    const token = await api.token({ role: 'regulator', regionCode: '330000' })
    await api.get('/v1/rollups?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z', { token })
    await api.get('/v1/nodes/n-17', { token })
    const [rollups, node] = await rows()
    expect(rollups).toMatchObject({
      atMs: api.rig.now,
      actor: tokenIdOf(token),
      role: 'regulator',
      scope: '{"regions":["33"],"sites":"all"}',
      loginId: null,
      method: 'GET',
      route: '/v1/rollups',
      status: 200,
      address: '127.0.0.1',
    })
    expect(JSON.parse(rollups?.details ?? '')).toEqual({
      path: {},
      query: { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' },
    })
    expect(node).toMatchObject({ route: '/v1/nodes/:id', status: 404 })
    expect(JSON.parse(node?.details ?? '').path).toEqual({ id: 'n-17' })
  })

  test('a refused one, and one of nobody', async () => {
    await api.get('/v1/audit', 'admin')
    await api.get('/v1/ledger', null)
    await api.get('/v1/ledger', { token: 'yba_nonsense' })
    expect((await rows()).map(({ actor, repeats, status }) => [actor, status, repeats])).toEqual([
      [tokenIdOf(api.tokens.get('admin')), 403, 1],
      [null, 401, 2],
    ])
  })

  test('a login, a failed one, and what the session asks', async () => {
    const token = await api.token({ role: 'admin' })
    const browser = new Browser(api.app)
    await browser.logIn(`${token}x`)
    await browser.logIn(token)
    await browser.get('/v1/sites')
    await browser.ask('DELETE', '/v1/session')
    const found = await rows()
    const [, entered] = found
    expect(found.map(({ actor, method, route, status }) => [method, route, status, actor])).toEqual(
      [
        ['POST', '/v1/session', 401, null],
        ['POST', '/v1/session', 200, tokenIdOf(token)],
        ['GET', '/v1/sites', 200, tokenIdOf(token)],
        ['DELETE', '/v1/session', 204, tokenIdOf(token)],
      ],
    )
    expect(entered?.loginId).toMatch(/^[0-9a-f]{16}$/)
    expect(new Set(found.slice(1).map(({ loginId }) => loginId)).size).toBe(1)
  })

  test('what is open to everybody has none', async () => {
    await api.get('/v1/healthz', null)
    await api.get('/v1/openapi.json', null)
    await api.get('/v1/session/methods', null)
    await api.get('/nowhere', null)
    expect(await rows()).toEqual([])
  })

  test('nothing secret is in it: no token, cookie, body, nor what looks like one', async () => {
    const token = await api.token({ role: 'security' })
    const browser = new Browser(api.app)
    await browser.logIn(token)
    const made = await browser.ask('POST', '/v1/tokens', {
      role: 'regulator',
      region_code: '330000',
    })
    await browser.get(`/v1/tokens?token=${made.body.token}&code=123456`)
    await api.get('/v1/nodes', { token: made.body.token })
    const text = JSON.stringify(await rows())
    for (const secret of [token, made.body.token, browser.cookies.get('yiben_session'), '123456']) {
      expect(text).not.toContain(secret)
    }
    expect(text).not.toContain('region_code')
  })

  test('a question longer than any is cut, not the log', async () => {
    await api.get(`/v1/nodes?x=${'y'.repeat(20_000)}`)
    await api.get(
      `/v1/nodes?${Array.from({ length: 500 }, (_, i) => `k${i}=${'z'.repeat(100)}`).join('&')}`,
    )
    for (const row of await rows()) expect(row.details.length).toBeLessThanOrEqual(4_000)
  })
})

describe('writes and exports', () => {
  test('a write is answered after its row is durable', async () => {
    const site = { name: 'A', region_code: '110000' }
    await api.ask('PUT', '/v1/sites/BJ-11', 'admin', site)
    // Not even a moment is waited.
    const [row] = await api.rig.store.readAuditChain(before, 10)
    expect(row).toMatchObject({ method: 'PUT', route: '/v1/sites/:code', status: 200 })
  })

  test('while the log cannot be written, a write is not done and reads go on', async () => {
    const rig = await ApiRig.start()
    const { store } = rig.rig
    await rig.get('/v1/ledger')
    const { appendAudit } = store
    const failing = { appendAudit: () => Promise.reject(new AppError('disk_full', 'full')) }
    Object.assign(store, failing)
    const site = { name: 'A', region_code: '110000' }
    const first = await rig.ask('PUT', '/v1/sites/BJ-11', 'admin', site)
    expect([first.status, first.body.code]).toEqual([503, 'audit_unavailable'])
    expect(first.headers['retry-after']).toBe('5')
    const second = await rig.ask('PUT', '/v1/sites/BJ-12', 'admin', site)
    expect(second.body.code).toBe('audit_unavailable')
    const sites = (await rig.get('/v1/sites')).body.sites.map(({ code }: { code: string }) => code)
    // The first may be done, as its answer says; the second was refused before.
    expect(sites).not.toContain('BJ-12')
    Object.assign(store, { appendAudit })
    await rig.rig.clock.run(1_000)
    expect((await rig.ask('PUT', '/v1/sites/BJ-12', 'admin', site)).status).toBe(200)
    const kept = await store.readAuditChain(0, 100)
    expect(kept.map(({ method, status }) => `${method} ${status}`)).toEqual([
      'GET 200',
      'PUT 200',
      'PUT 503',
      'GET 200',
      'PUT 200',
    ])
    await rig.close()
  })

  test('an export says in its row which file it is and what it is for', async () => {
    const purpose = encodeURIComponent('季度检查')
    const { headers, status } = await api.get(`/v1/exports/sites.csv?purpose=${purpose}`, 'auditor')
    expect(status).toBe(200)
    const found = await api.rig.store.readAuditChain(before, 10)
    expect(found).toMatchObject([
      { route: '/v1/exports/sites.csv', exportId: headers['x-export-id'], purpose: '季度检查' },
    ])
    expect(JSON.parse(found[0]?.details ?? '').export).toMatchObject({
      table: 'sites',
      format: 'csv',
    })
    const listed = await api.get(`/v1/audit?export_id=${headers['x-export-id']}`, 'auditor')
    expect(listed.body.rows).toHaveLength(1)
  })

  test('an export that could not be logged is not handed out', async () => {
    const rig = await ApiRig.start()
    const site = { name: 'the secret hall', region_code: '110000' }
    await rig.ask('PUT', '/v1/sites/BJ-11', 'admin', site)
    const full = () => Promise.reject(new AppError('disk_full', 'full'))
    Object.assign(rig.rig.store, { appendAudit: full })
    for (const format of ['csv', 'xlsx']) {
      const answer = await rig.get(`/v1/exports/sites.${format}?purpose=x`, 'auditor')
      expect([answer.status, answer.body.code]).toEqual([503, 'audit_unavailable'])
      expect(answer.headers['content-disposition']).toBeUndefined()
      expect(answer.text).not.toContain('hall')
    }
    await rig.close()
  })
})

describe('asking it', () => {
  test('an auditor pages through it, newest first, and narrows it', async () => {
    for (let index = 0; index < 5; index += 1) await api.get(`/v1/nodes/n-${index}`, 'operator')
    await api.get('/v1/sites', 'operator')
    await api.context.audit.round()
    const actor = tokenIdOf(api.tokens.get('operator'))
    const first = await api.get(`/v1/audit?actor=${actor}&limit=2`, 'auditor')
    expect(first.body.rows.map((row: { route: string }) => row.route)).toEqual([
      '/v1/sites',
      '/v1/nodes/:id',
    ])
    const next = `/v1/audit?actor=${actor}&limit=2&cursor=${first.body.next_cursor}`
    expect((await api.get(next, 'auditor')).body.rows[0].number).toBeLessThan(
      first.body.rows[1].number,
    )
    const refused = await api.get(`/v1/audit?actor=${actor}&status_min=400`, 'auditor')
    expect(refused.body.rows).toHaveLength(5)
  })

  test('a check finds it intact, seals met, and says what no seal covers yet', async () => {
    const { body } = await api.get('/v1/audit/check', 'auditor')
    expect(body).toMatchObject({
      status: 'intact',
      after: 0,
      pruned_through: 0,
      faults: [],
      next: null,
    })
    expect(body.unsealed_rows).toBe(body.through)
  })
})

describe('whoever has the file', () => {
  async function written(count: number) {
    const path = join(tempDir(), 'ledger.sqlite')
    const rig = new LedgerRig(path)
    const sequencer = new Sequencer({ store: rig.store, clock: rig.clock, logger: silentLogger })
    const row = {
      actor: 'a',
      role: 'admin',
      scope: null,
      loginId: null,
      method: 'GET',
      route: '/v1/ledger',
      details: '{}',
      address: '127.0.0.1',
      exportId: null,
      purpose: null,
      repeats: 1,
    }
    for (let batch = 0; batch < count / 5; batch += 1) {
      const rows = Array.from({ length: 5 }, (_, index) => ({
        ...row,
        atMs: rig.now + index,
        status: 200,
      }))
      await rig.store.appendAudit({ rows, seen: [], sealAtMs: rig.now })
    }
    await sequencer.drain()
    await rig.store.close()
    return path
  }

  function tampering(path: string, sql: string): void {
    const db = new DatabaseSync(path)
    db.exec(sql)
    db.close()
  }

  async function checked(path: string) {
    const rig = new LedgerRig(path)
    const check = await checkAudit(rig.store, 0)
    await rig.store.close()
    return check
  }

  test.each([
    ['changed', 'UPDATE audit SET status = 403 WHERE number = 3'],
    ['taken out', 'DELETE FROM audit WHERE number = 3'],
    [
      'replaced',
      `REPLACE INTO audit SELECT number, at_ms, 'b', role, scope, login_id, method, route,
       details, status, address, export_id, purpose, repeats, previous_hash, hash
       FROM audit WHERE number = 3`,
    ],
    [
      'put in',
      `INSERT INTO audit SELECT 99, at_ms, actor, role, scope, login_id, method, route,
       details, status, address, export_id, purpose, repeats, previous_hash, hash
       FROM audit WHERE number = 3`,
    ],
    ['cut off', 'DELETE FROM audit WHERE number > 3'],
    [
      'pruned before their time',
      `INSERT INTO audit_prunings
       SELECT through_number, hash, at_ms + 1, at_ms FROM audit_seals`,
    ],
    ['pruned up to no seal', `INSERT INTO audit_prunings VALUES (3, 'x', 0, 99999999999)`],
    ['unsealed', 'DELETE FROM audit_seals'],
  ])('rows cannot be %s', async (_name, sql) => {
    const path = await written(10)
    expect(() => tampering(path, sql)).toThrow()
    expect(await checked(path)).toMatchObject({ through: 10, sealsMet: 2, faults: [] })
  })

  const DROP = `DROP TRIGGER audit_never_changes; DROP TRIGGER audit_keeps; DROP TRIGGER audit_appends;
    DROP TRIGGER audit_seals_keep; DROP TRIGGER audit_prunings_keep;`

  test.each([
    ['a row was changed', `${DROP} UPDATE audit SET status = 403 WHERE number = 3`, 3],
    ['a row was taken out', `${DROP} DELETE FROM audit WHERE number = 3`, 4],
    ['the end was cut off', `${DROP} DELETE FROM audit WHERE number > 7`, 7],
    ['all was emptied', `${DROP} DELETE FROM audit; DELETE FROM audit_seals`, 0],
    ['the beginning was cut off', `${DROP} DELETE FROM audit WHERE number <= 5`, 6],
    [
      'a seal was taken out of the journal',
      `DELETE FROM journal WHERE kind = 'audit_sealed'
        AND seq = (SELECT min(seq) FROM journal WHERE kind = 'audit_sealed')`,
      0,
    ],
  ])('who takes the triggers away is found out: %s', async (_name, sql, number) => {
    const path = await written(10)
    tampering(path, sql)
    const { faults } = await checked(path)
    expect(faults[0]?.number).toBe(number)
  })

  test('who writes the chain anew from a row on is found out by the seals', async () => {
    const path = await written(10)
    const db = new DatabaseSync(path)
    db.exec(DROP)
    const { auditHash } = await import('../../../collector/src/model/audit.ts')
    let previous = ''
    const all = db.prepare('SELECT * FROM audit ORDER BY number').all()
    for (const row of all) {
      const number = Number(row.number)
      const facts = {
        atMs: Number(row.at_ms),
        actor: number === 3 ? 'somebody else' : String(row.actor),
        role: String(row.role),
        scope: null,
        loginId: null,
        method: String(row.method),
        route: String(row.route),
        details: String(row.details),
        status: Number(row.status),
        address: String(row.address),
        exportId: null,
        purpose: null,
        repeats: 1,
      }
      const before = previous === '' ? String(row.previous_hash) : previous
      previous = auditHash(before, number, facts)
      db.prepare('UPDATE audit SET actor = ?, previous_hash = ?, hash = ? WHERE number = ?').run(
        facts.actor,
        before,
        previous,
        number,
      )
    }
    db.close()
    const { faults } = await checked(path)
    expect(faults.map(({ number }) => number)).toEqual([5, 10])
    expect(faults[0]?.sentence).toContain('the journal has another hash')
  })
})
