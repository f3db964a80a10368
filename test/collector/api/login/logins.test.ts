/** A session of a person: what opens it, what it may do, and everything that ends it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testAccess } from '../../../support/test-access.ts'
import { ApiRig } from '../api-rig.ts'
import { Browser } from './browser.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let api: ApiRig
beforeAll(async () => {
  api = await ApiRig.start()
})
afterAll(() => api.close())

async function loggedIn(request: Parameters<ApiRig['token']>[0] = {}): Promise<Browser> {
  const browser = new Browser(api.app)
  const { status } = await browser.logIn(await api.token({ role: 'admin', ...request }))
  expect(status).toBe(200)
  return browser
}

function tokenIdOf(token: string): string {
  return Buffer.from(token.slice(4), 'base64url').subarray(0, 8).toString('hex')
}

describe('logging in with a token', () => {
  test('the cookie is out of reach of scripts and other sites, and says who asks', async () => {
    const browser = await loggedIn({ role: 'regulator', regionCode: '330000' })
    const { httpOnly, maxAge, path, sameSite, secure } =
      browser.setCookies.get('yiben_session') ?? {}
    expect({ httpOnly, maxAge, path, sameSite, secure }).toEqual({
      httpOnly: true,
      maxAge: undefined,
      path: '/',
      sameSite: 'Strict',
      secure: undefined,
    })
    const { body, status } = await browser.get('/v1/session')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      role: 'regulator',
      region_code: '330000',
      site_code: null,
      method: 'token',
      second_factor: 'off',
      idle_expires_at: new Date(api.rig.now + 30 * MINUTE).toISOString(),
      expires_at: new Date(api.rig.now + 12 * HOUR).toISOString(),
    })
  })

  test('over TLS the cookie is sent over TLS only', async () => {
    const cookies = { isSecure: true, publicOrigin: null }
    const secure = await ApiRig.start({ access: testAccess({ cookies }) })
    const browser = new Browser(secure.app)
    await browser.logIn(secure.tokens.get('admin') ?? '')
    expect(browser.setCookies.get('yiben_session')).toMatchObject({ secure: true })
    await secure.close()
  })

  test('the store holds no cookie that could be used', async () => {
    const browser = await loggedIn()
    const secret = browser.cookies.get('yiben_session') ?? ''
    const { rows } = await api.rig.store.listLogins(api.rig.now, 0, { cursor: null, limit: 100 })
    expect(JSON.stringify(rows)).not.toContain(secret)
    for (const { cookieHash } of rows) {
      const other = new Browser(api.app)
      other.cookies.set('yiben_session', cookieHash)
      expect((await other.get('/v1/session')).body.code).toBe('session_ended')
    }
  })

  test('a wrong secret, an unknown id and a bad form all open nothing', async () => {
    const token = await api.token({ role: 'admin' })
    for (const text of [token.slice(0, -3), 'secret', `yb1_${'A'.repeat(80)}`]) {
      const { body, status } = await new Browser(api.app).logIn(text)
      expect([status, body.code]).toEqual([401, 'token_malformed'])
    }
  })

  test('logging in again ends the session before, so that none is left behind', async () => {
    const browser = await loggedIn()
    const before = browser.cookies.get('yiben_session') ?? ''
    await browser.logIn(await api.token({ role: 'regulator' }))
    expect((await browser.get('/v1/session')).body.role).toBe('regulator')
    browser.cookies.set('yiben_session', before)
    expect((await browser.get('/v1/session')).body.code).toBe('session_ended')
  })

  test('a bearer token is told who it is without a session', async () => {
    const { body } = await api.get('/v1/session', 'regulator')
    expect(body).toMatchObject({ role: 'regulator', method: 'bearer', csrf: null })
    const ended = await api.app.inject({
      method: 'DELETE',
      url: '/v1/session',
      headers: { authorization: `Bearer ${api.tokens.get('regulator')}` },
    })
    expect(ended.statusCode).toBe(404)
  })
})

describe('what a session may do', () => {
  test('it reads and writes what its token may, and nothing else', async () => {
    const browser = await loggedIn()
    expect((await browser.get('/v1/ledger')).status).toBe(200)
    const site = { name: 'A', region_code: '110000' }
    expect((await browser.ask('PUT', '/v1/sites/BJ-77', site)).status).toBe(200)
    const regulator = await loggedIn({ role: 'regulator' })
    expect((await regulator.ask('PUT', '/v1/sites/BJ-78', site)).status).toBe(403)
  })

  test.each([
    ['without the csrf word', { 'x-yiben-csrf': '' }],
    ['with the word of another session', { 'x-yiben-csrf': 'A'.repeat(43) }],
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
    ['from a sister site', { 'sec-fetch-site': 'same-site' }],
    ['from another origin', { origin: 'https://evil.example' }],
    ['from no origin that can be read', { origin: 'null' }],
  ])('a write %s is refused', async (_name, headers) => {
    const browser = await loggedIn()
    const site = { name: 'B', region_code: '110000' }
    const { body, status } = await browser.ask('PUT', '/v1/sites/BJ-79', site, headers)
    expect([status, body.code]).toEqual([403, 'cross_site'])
  })

  test('a browser that says nothing of where a write comes from is refused', async () => {
    const browser = await loggedIn()
    const { statusCode } = await api.app.inject({
      method: 'DELETE',
      url: '/v1/session',
      cookies: Object.fromEntries(browser.cookies),
      headers: { 'x-yiben-csrf': browser.csrf },
    })
    expect(statusCode).toBe(403)
  })

  test('an own origin will do for browsers that tell no site', async () => {
    const browser = await loggedIn()
    const { statusCode } = await api.app.inject({
      method: 'DELETE',
      url: '/v1/session',
      cookies: Object.fromEntries(browser.cookies),
      headers: { 'x-yiben-csrf': browser.csrf, host: 'yiben.test', origin: 'http://yiben.test' },
    })
    expect(statusCode).toBe(204)
  })

  test('a page of another site cannot log a browser in', async () => {
    const browser = new Browser(api.app)
    const token = { token: await api.token({ role: 'admin' }) }
    const { body } = await browser.ask('POST', '/v1/session', token, {
      'sec-fetch-site': 'cross-site',
    })
    expect(body.code).toBe('cross_site')
    expect(browser.cookies.size).toBe(0)
  })
})

describe('what ends a session', () => {
  async function refused(browser: Browser): Promise<string> {
    const { body, status } = await browser.get('/v1/ledger')
    expect(status).toBe(401)
    return body.code
  }

  test('logging out, for that session alone', async () => {
    const token = await api.token({ role: 'admin' })
    const [left, stays] = [new Browser(api.app), new Browser(api.app)]
    await left.logIn(token)
    await stays.logIn(token)
    const secret = left.cookies.get('yiben_session') ?? ''
    expect((await left.ask('DELETE', '/v1/session')).status).toBe(204)
    expect(left.cookies.size).toBe(0)
    left.cookies.set('yiben_session', secret)
    expect(await refused(left)).toBe('session_ended')
    expect((await stays.get('/v1/ledger')).status).toBe(200)
  })

  test('idleness; each request puts it off', async () => {
    const browser = await loggedIn()
    for (let half = 0; half < 3; half += 1) {
      await api.rig.clock.run(20 * MINUTE)
      expect((await browser.get('/v1/ledger')).status).toBe(200)
      await api.rig.clock.run(1_000)
    }
    await api.rig.clock.run(30 * MINUTE + 1_000)
    expect(await refused(browser)).toBe('session_ended')
  })

  test('idleness also while a page asks by itself', async () => {
    const browser = await loggedIn()
    await api.rig.clock.run(20 * MINUTE)
    const { status } = await browser.ask('GET', '/v1/ledger', undefined, {
      'x-yiben-background': '1',
    })
    expect(status).toBe(200)
    await api.rig.clock.run(11 * MINUTE)
    expect(await refused(browser)).toBe('session_ended')
  })

  test('age, however busy it is', async () => {
    const browser = await loggedIn()
    for (let step = 0; step < 48; step += 1) {
      expect((await browser.get('/v1/session')).status).toBe(200)
      await api.rig.clock.run(15 * MINUTE)
    }
    expect(await refused(browser)).toBe('session_ended')
  })

  test('the end of its token, and its revocation, at once', async () => {
    const short = await loggedIn({ ttlMs: 5 * MINUTE })
    expect((await short.get('/v1/session')).body.expires_at).toBe(
      new Date(api.rig.now + 5 * MINUTE).toISOString(),
    )
    await api.rig.clock.run(5 * MINUTE)
    expect(await refused(short)).toBe('session_ended')
    const token = await api.token({ role: 'admin' })
    const browser = new Browser(api.app)
    await browser.logIn(token)
    await api.rig.store.revokeToken(tokenIdOf(token), api.rig.now, [])
    expect(await refused(browser)).toBe('session_ended')
  })

  test('one that never was reads like one that is over', async () => {
    const browser = new Browser(api.app)
    browser.cookies.set('yiben_session', 'A'.repeat(43))
    const never = await browser.get('/v1/ledger')
    const over = await loggedIn()
    const secret = over.cookies.get('yiben_session') ?? ''
    await over.ask('DELETE', '/v1/session')
    over.cookies.set('yiben_session', secret)
    expect((await over.get('/v1/ledger')).text).toBe(never.text)
  })
})

describe('who fails to log in', () => {
  test('waits ever longer, by address, and is let in after the wait', async () => {
    const rig = await ApiRig.start()
    const browser = new Browser(rig.app)
    const right = rig.tokens.get('admin') ?? ''
    for (let failure = 0; failure < 5; failure += 1) {
      expect((await browser.logIn('wrong')).body.code).toBe('token_malformed')
    }
    const { body, headers, status } = await browser.logIn(right)
    expect([status, body.code, headers['retry-after']]).toEqual([429, 'rate_limited', '1'])
    rig.rig.clock.advance(1_000)
    expect((await browser.logIn('wrong')).status).toBe(401)
    expect((await browser.logIn(right)).headers['retry-after']).toBe('2')
    rig.rig.clock.advance(2_000)
    expect((await browser.logIn(right)).status).toBe(200)
    expect((await browser.logIn('wrong')).status).toBe(401)
    await rig.close()
  })
})
