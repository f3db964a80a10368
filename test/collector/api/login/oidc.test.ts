/** Logging in through a provider: a real one, on loopback, with people of the test. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CLIENT_ID, CLIENT_SECRET, TestProvider } from '../../../support/oidc-provider.ts'
import { testAccess } from '../../../support/test-access.ts'
import { totpCode } from '../../../support/totp.ts'
import { ApiRig } from '../api-rig.ts'
import { Browser, type Page } from './browser.ts'

const CALLBACK = '/v1/session/oidc/callback'
const PUBLIC = 'http://127.0.0.1:7480'
const HTML = { accept: 'text/html' }
/** The provider measures by the real clock: its answers may take a while on a busy machine. */
const SLOW_MS = 30_000

let api: ApiRig
let provider: TestProvider

function rule(value: string, role: 'regulator' | 'admin', regionCode: string | null = null) {
  return { claim: 'groups', value, role, regionCode, siteCode: null }
}

beforeAll(async () => {
  provider = await TestProvider.start(`${PUBLIC}${CALLBACK}`)
  api = await ApiRig.start({
    access: testAccess({
      secondFactor: 'required',
      cookies: { isSecure: false, publicOrigin: PUBLIC },
      oidc: {
        issuer: provider.issuer,
        clientId: CLIENT_ID,
        clientSecret: CLIENT_SECRET,
        scopes: 'openid profile email',
        redirectUrl: `${PUBLIC}${CALLBACK}`,
        mfa: ['mfa'],
        rules: [rule('/yiben/zj', 'regulator', '330000'), rule('/yiben/admins', 'admin')],
      },
    }),
  })
})
afterAll(async () => {
  await api.close()
  await provider.stop()
})
beforeEach(() => {
  provider.person = {
    sub: 'li-lei',
    claims: { name: '李雷', groups: ['/others', '/yiben/zj'] },
    amr: ['pwd', 'mfa'],
  }
})

async function leave(browser: Browser, returnTo = '/ledger'): Promise<string> {
  const answer = await browser.get(`/v1/session/oidc?return_to=${encodeURIComponent(returnTo)}`)
  expect(answer.status).toBe(302)
  return String(answer.headers.location)
}

async function comeBack(browser: Browser, door: string): Promise<Page> {
  const back = await provider.walk(door)
  return await browser.ask('GET', back.pathname + back.search, undefined, HTML)
}

async function logIn(returnTo?: string) {
  const browser = new Browser(api.app)
  const page = await comeBack(browser, await leave(browser, returnTo))
  return { browser, page }
}

describe('a person whom a rule lets in', { timeout: SLOW_MS }, () => {
  test('comes back to where they were, as what the rule says', async () => {
    const { browser, page } = await logIn('/sites/HZ-01?tab=nodes')
    expect([page.status, page.headers.location]).toEqual([302, '/sites/HZ-01?tab=nodes'])
    const { body } = await browser.get('/v1/session')
    expect(body).toMatchObject({
      role: 'regulator',
      region_code: '330000',
      label: '李雷',
      subject: `${provider.issuer}#li-lei`,
      method: 'oidc',
      second_factor: 'provider',
    })
    expect((await browser.get('/v1/ledger')).status).toBe(200)
    // Bound to a region: the journal is of the whole country.
    expect((await browser.get('/v1/journal/checkpoint')).status).toBe(403)
  })

  test('the first rule that fits counts', async () => {
    provider.person = {
      sub: 'both',
      claims: { groups: ['/yiben/admins', '/yiben/zj'] },
      amr: ['mfa'],
    }
    const { browser } = await logIn()
    expect((await browser.get('/v1/session')).body.role).toBe('regulator')
  })

  test('what they change is written under their name', async () => {
    provider.person = {
      sub: 'han',
      claims: { name: 'Han', groups: ['/yiben/admins'] },
      amr: ['mfa'],
    }
    const { browser } = await logIn()
    await browser.get('/v1/session')
    const site = { name: 'A', region_code: '330100' }
    expect((await browser.ask('PUT', '/v1/sites/HZ-01', site)).status).toBe(200)
    await api.sequencer.drain()
    const entries = await api.rig.store.readJournal(0, 1_000)
    const text = Buffer.from(entries.at(-1)?.bytes ?? []).toString()
    expect(text).toContain(`Han (${provider.issuer}#han)`)
  })

  test('without a word of the provider on a second factor they give their own', async () => {
    provider.person = { sub: 'pwd-only', claims: { groups: ['/yiben/zj'] } }
    const { browser } = await logIn()
    expect((await browser.get('/v1/session')).body.second_factor).toBe('to_enroll')
    expect((await browser.get('/v1/ledger')).body.code).toBe('second_factor_required')
    const { body } = await browser.ask('POST', '/v1/session/second-factor/enroll')
    const code = totpCode(body.secret, api.rig.now)
    await browser.ask('POST', '/v1/session/second-factor/confirm', { code })
    expect((await browser.get('/v1/ledger')).status).toBe(200)

    const again = await logIn()
    expect((await again.browser.get('/v1/session')).body.second_factor).toBe('to_verify')
    api.rig.clock.advance(30_000)
    const next = { code: totpCode(body.secret, api.rig.now) }
    const verified = await again.browser.ask('POST', '/v1/session/second-factor/verify', next)
    expect(verified.body.second_factor).toBe('verified')
    expect((await again.browser.get('/v1/ledger')).status).toBe(200)
  })

  test.each(['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:1'])(
    'nobody is sent on to %s',
    async (returnTo) => {
      const { page } = await logIn(returnTo)
      expect(page.headers.location).toBe('/')
    },
  )
})

describe('nobody else is let in', { timeout: SLOW_MS }, () => {
  async function refused(page: Page, browser: Browser): Promise<void> {
    expect(page.status).toBe(403)
    expect(page.headers['content-type']).toContain('text/html')
    expect(browser.cookies.has('yiben_session')).toBe(false)
  }

  test.each([
    ['without a claim', {}],
    ['of other groups', { groups: ['/yiben/zjx', 'yiben/zj'] }],
    ['with a claim of another shape', { groups: { '/yiben/zj': true } }],
  ])('a person %s is told so on a page', async (_name, claims) => {
    provider.person = { sub: 'nobody', claims: { name: '<b>x</b>', ...claims }, amr: ['mfa'] }
    const { browser, page } = await logIn()
    await refused(page, browser)
    expect(page.text).toContain('no rule here lets them in')
    expect(page.text).not.toContain('<b>x</b>')
  })

  test('who says no at the provider is not logged in', async () => {
    provider.person = null
    const { browser, page } = await logIn()
    await refused(page, browser)
  })

  test('a browser that did not leave from here is not logged in', async () => {
    const victim = new Browser(api.app)
    const page = await comeBack(victim, await leave(new Browser(api.app)))
    await refused(page, victim)
  })

  test('the way back of one login is of no use for another', async () => {
    const browser = new Browser(api.app)
    const first = await leave(browser)
    await leave(browser)
    await refused(await comeBack(browser, first), browser)
  })

  test('a way back that was taken is not taken twice', async () => {
    const browser = new Browser(api.app)
    const back = await provider.walk(await leave(browser))
    const journey = browser.cookies.get('yiben_oidc') ?? ''
    const url = back.pathname + back.search
    expect((await browser.ask('GET', url, undefined, HTML)).status).toBe(302)
    const thief = new Browser(api.app)
    thief.cookies.set('yiben_oidc', journey)
    await refused(await thief.ask('GET', url, undefined, HTML), thief)
  })

  test('a code of somebody else, put into the way back, is of no use', async () => {
    const [browser, other] = [new Browser(api.app), new Browser(api.app)]
    const mine = await provider.walk(await leave(browser))
    const theirs = await provider.walk(await leave(other))
    mine.searchParams.set('code', theirs.searchParams.get('code') ?? '')
    await refused(await browser.ask('GET', mine.pathname + mine.search, undefined, HTML), browser)
  })

  test('a person who takes too long begins again', async () => {
    const browser = new Browser(api.app)
    const door = await leave(browser)
    api.rig.clock.advance(11 * 60_000)
    await refused(await comeBack(browser, door), browser)
  })

  test('a program is told in its own form', async () => {
    const { body, status } = await new Browser(api.app).get(CALLBACK)
    expect([status, body.code]).toEqual([403, 'login_refused'])
  })

  test('the audit log holds who was let in and who was not, and no code', async () => {
    await api.context.audit.round()
    await logIn()
    await new Browser(api.app).get(`${CALLBACK}?code=secret-code&state=secret-state`)
    await api.context.audit.round()
    const { body } = await api.get('/v1/audit?route=/v1/session/oidc/callback&limit=2', 'auditor')
    expect(body.rows).toMatchObject([
      { status: 403, actor: null },
      { status: 302, actor: `${provider.issuer}#li-lei`, role: 'regulator' },
    ])
    expect(JSON.stringify(body.rows)).not.toMatch(/secret-code|secret-state/)
  })
})

test('a provider that cannot be reached is said to be so; it is asked again', async () => {
  const oidc = api.context.access.oidc
  if (oidc === null) throw new Error('configured above')
  const rig = await ApiRig.start({
    access: testAccess({ oidc: { ...oidc, issuer: 'http://127.0.0.1:1' } }),
  })
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const { body, status } = await new Browser(rig.app).get('/v1/session/oidc')
    expect([status, body.code]).toEqual([503, 'provider_unavailable'])
  }
  await rig.close()
})

test('without a provider there is nothing to leave for', async () => {
  const rig = await ApiRig.start()
  expect((await new Browser(rig.app).get('/v1/session/oidc')).status).toBe(404)
  expect((await new Browser(rig.app).get('/v1/session/methods')).body).toMatchObject({
    oidc: false,
    second_factor: 'off',
  })
  await rig.close()
})
