/** Tokens and sessions in the hands of `security`: the rules of the command line, over HTTP. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiRig } from './api-rig.ts'
import { Browser } from './login/browser.ts'

let api: ApiRig
beforeAll(async () => {
  api = await ApiRig.start()
})
afterAll(() => api.close())

const make = (body: object) => api.ask('POST', '/v1/tokens', 'security', body)

test('a token that is made opens what it says, and its secret is shown once', async () => {
  const { body, headers, status } = await make({
    role: 'regulator',
    region_code: '330000',
    ttl: '30d',
  })
  expect([status, headers['cache-control']]).toEqual([201, 'no-store'])
  expect(body).toMatchObject({
    kind: 'access',
    role: 'regulator',
    region_code: '330000',
    expires_at: new Date(api.rig.now + 30 * 86_400_000).toISOString(),
    is_valid: true,
  })
  const me = await api.get('/v1/session', { token: body.token })
  expect(me.body).toMatchObject({ role: 'regulator', region_code: '330000' })
  const { text } = await api.get('/v1/tokens', 'security')
  expect(text).toContain(body.token_id)
  expect(text).not.toContain(body.token)
  expect(text).not.toMatch(/secret/)
})

test('who made and who took back is in the journal', async () => {
  const { body } = await make({ role: 'bank' })
  await api.ask('POST', `/v1/tokens/${body.token_id}/revoke`, 'security')
  await api.sequencer.drain()
  const entries = await api.rig.store.readJournal(0, 1_000)
  const about = entries
    .map(({ bytes, kind }) => [kind, Buffer.from(bytes).toString()] as const)
    .filter(([, text]) => text.includes(body.token_id))
  expect(about.map(([kind]) => kind)).toEqual(['token_created', 'token_revoked'])
  const security = Buffer.from((api.tokens.get('security') ?? '').slice(4), 'base64url')
  const by = `token ${security.subarray(0, 8).toString('hex')}`
  for (const [, text] of about) expect(text).toContain(by)
})

test('an enrollment token is made for a site that is there', async () => {
  expect((await make({ site_code: 'ZZ-09' })).status).toBe(404)
  await api.ask('PUT', '/v1/sites/ZZ-09', 'admin', { name: 'Z', region_code: '110000' })
  const { body, status } = await make({ site_code: 'ZZ-09', uses: 3, from: '10.0.0.0/8' })
  expect([status, body.kind, body.uses_left]).toEqual([201, 'enroll', 3])
  expect(body.token).toMatch(/^yb1_/)
})

test.each([
  ['nothing', {}, 'site'],
  ['a role nobody has', { role: 'root' }, 'role'],
  ['uses of an access token', { role: 'admin', uses: 2 }, 'uses'],
  ['addresses of an access token', { role: 'admin', from: '10.0.0.0/8' }, 'from'],
  ['a region that is none', { role: 'admin', region_code: 'x' }, 'region'],
  ['a length past the bound', { role: 'admin', ttl: '401d' }, 'ttl'],
  ['a word that is not known', { role: 'admin', scope: 'all' }, 'scope'],
])('%s makes no token', async (_name, body, field) => {
  const answer = await make(body)
  expect([answer.status, answer.body.field]).toEqual([400, field])
})

test('a token of security that is bound to a region makes none', async () => {
  const token = await api.token({ role: 'security', regionCode: '330000' })
  expect((await api.ask('POST', '/v1/tokens', { token }, { role: 'admin' })).status).toBe(403)
})

test('who is logged in is listed, and out at once when security says so', async () => {
  const browser = new Browser(api.app)
  await browser.logIn(await api.token({ role: 'operator' }))
  const before = await api.get('/v1/sessions', 'security')
  const [mine] = before.body.sessions
  expect(mine).toMatchObject({ role: 'operator', method: 'token', address: '127.0.0.1' })
  expect(before.text).not.toContain(browser.cookies.get('yiben_session'))
  const ended = await api.ask('DELETE', `/v1/sessions/${mine.session_id}`, 'security')
  expect(ended.body).toEqual({ status: 'ended' })
  expect((await browser.get('/v1/ledger')).body.code).toBe('session_ended')
  expect((await api.ask('DELETE', `/v1/sessions/${mine.session_id}`, 'security')).body).toEqual({
    status: 'already_ended',
  })
  const after = await api.get('/v1/sessions', 'security')
  expect(after.text).not.toContain(mine.session_id)
})

test('revoking a token ends every session that rests on it', async () => {
  const { body } = await make({ role: 'operator' })
  const browsers = [new Browser(api.app), new Browser(api.app)]
  for (const browser of browsers) await browser.logIn(body.token)
  const revoked = await api.ask('POST', `/v1/tokens/${body.token_id}/revoke`, 'security')
  expect(revoked.body).toMatchObject({ is_valid: false, token_id: body.token_id })
  for (const browser of browsers) expect((await browser.get('/v1/session')).status).toBe(401)
})
