/** The second factor of people who log in: set up, given, replayed, guessed, lost. */
import { ALGORITHM_ED25519, keyPairFromSeed } from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loginKeyOf, SecretBox } from '../../../../collector/src/api/login/secret-box.ts'
import { FakeRandom } from '../../../support/fake-clock.ts'
import { testAccess } from '../../../support/test-access.ts'
import { base32Bytes, totpCode } from '../../../support/totp.ts'
import { ApiRig } from '../api-rig.ts'
import { Browser } from './browser.ts'

const STEP_MS = 30_000
const MINUTE = 60_000

let api: ApiRig
beforeAll(async () => {
  api = await ApiRig.start({ access: testAccess({ secondFactor: 'required' }) })
})
afterAll(() => api.close())

interface Enrolled {
  readonly token: string
  readonly secret: string
  readonly recovery: readonly string[]
  readonly browser: Browser
}

function codeOf(secret: string, atMs = api.rig.now): string {
  return totpCode(secret, atMs)
}

/** A code of another time: never one that is taken now. */
function wrongCode(secret: string): string {
  const taken = [-1, 0, 1].map((step) => codeOf(secret, api.rig.now + step * STEP_MS))
  return ['000000', '111111', '222222', '333333'].find((code) => !taken.includes(code)) ?? ''
}

async function enrolled(): Promise<Enrolled> {
  const token = await api.token({ role: 'regulator' })
  const browser = new Browser(api.app)
  await browser.logIn(token)
  const { body } = await browser.ask('POST', '/v1/session/second-factor/enroll')
  const code = codeOf(body.secret)
  const confirmed = await browser.ask('POST', '/v1/session/second-factor/confirm', { code })
  expect(confirmed.status).toBe(200)
  // The code that confirmed it is used up.
  api.rig.clock.advance(STEP_MS)
  return { token, secret: body.secret, recovery: body.recovery_codes, browser }
}

function logIn(token: string, code?: string) {
  return new Browser(api.app).logIn(token, code)
}

test('the test reckons codes as RFC 6238 does', () => {
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  const codes = [59_000, 1_111_111_109_000, 20_000_000_000_000].map((ms) => totpCode(secret, ms))
  expect(codes).toEqual(['287082', '081804', '353130'])
})

describe('setting it up', () => {
  test('before it is set up a session is answered nothing else', async () => {
    const browser = new Browser(api.app)
    const { body } = await browser.logIn(await api.token({ role: 'admin' }))
    expect(body.second_factor).toBe('to_enroll')
    for (const url of ['/v1/ledger', '/v1/nodes', '/v1/live', '/v1/journal/checkpoint']) {
      const { body: refused, status } = await browser.get(url)
      expect([status, refused.code]).toEqual([403, 'second_factor_required'])
    }
    const written = await browser.ask('PUT', '/v1/sites/BJ-01', {
      name: 'A',
      region_code: '110000',
    })
    expect(written.body.code).toBe('second_factor_required')
    expect((await browser.get('/v1/session')).body.second_factor).toBe('to_enroll')
  })

  test('an authenticator reads the address, and its first code opens the session', async () => {
    const browser = new Browser(api.app)
    await browser.logIn(await api.token({ role: 'regulator' }))
    const before = browser.cookies.get('yiben_session') ?? ''
    const { body } = await browser.ask('POST', '/v1/session/second-factor/enroll')
    expect(body.otpauth_uri).toMatch(/^otpauth:\/\/totp\/Yiben:.*[?&]secret=/)
    expect(new URL(body.otpauth_uri).searchParams.get('secret')).toBe(body.secret)
    expect(new Set(body.recovery_codes).size).toBe(10)
    const code = codeOf(body.secret)
    const answer = await browser.ask('POST', '/v1/session/second-factor/confirm', { code })
    expect(answer.body.second_factor).toBe('verified')
    expect((await browser.get('/v1/ledger')).status).toBe(200)
    // A cookie from before is worth nothing now.
    const thief = new Browser(api.app)
    thief.cookies.set('yiben_session', before)
    expect((await thief.get('/v1/session')).body.code).toBe('session_ended')
  })

  test('a wrong code confirms nothing, nor does a recovery code', async () => {
    const browser = new Browser(api.app)
    await browser.logIn(await api.token({ role: 'regulator' }))
    const { body } = await browser.ask('POST', '/v1/session/second-factor/enroll')
    for (const code of [wrongCode(body.secret), body.recovery_codes[0]]) {
      const answer = await browser.ask('POST', '/v1/session/second-factor/confirm', { code })
      expect([answer.status, answer.body.code]).toEqual([401, 'second_factor_refused'])
    }
    expect((await browser.get('/v1/ledger')).status).toBe(403)
  })

  test('one that works is not replaced by whoever has the session', async () => {
    const { browser } = await enrolled()
    const { body, status } = await browser.ask('POST', '/v1/session/second-factor/enroll')
    expect([status, body.code]).toEqual([409, 'conflict'])
  })

  test('the secret is in no file of the ledger, and opens for its owner alone', async () => {
    const { secret, token } = await enrolled()
    const { rows } = await api.rig.store.listSecondFactors({ cursor: null, limit: 100 })
    const plain = base32Bytes(secret)
    for (const row of rows) expect(Buffer.from(row.sealedSecret).includes(plain)).toBe(false)
    const id = Buffer.from(token.slice(4), 'base64url').subarray(0, 8).toString('hex')
    const row = rows.find(({ subject }) => subject === `token ${id}`)
    const box = new SecretBox(testAccess().key, new FakeRandom(1))
    const sealed = row?.sealedSecret ?? new Uint8Array()
    expect(box.open(`second-factor token ${id}`, sealed)).toEqual(new Uint8Array(plain))
    expect(box.open('second-factor token other', sealed)).toBeNull()
    const elsewhere = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(3))
    const other = new SecretBox(loginKeyOf(elsewhere), new FakeRandom(1))
    expect(other.open(`second-factor token ${id}`, sealed)).toBeNull()
    for (let bit = 0; bit < sealed.length; bit += 1) {
      const damaged = sealed.map((byte, index) => (index === bit ? byte ^ 1 : byte))
      expect(box.open(`second-factor token ${id}`, damaged)).toBeNull()
    }
  })
})

describe('giving it', () => {
  test('a token alone no longer opens a session, and says what is missing', async () => {
    const { token, secret } = await enrolled()
    const { body, status } = await logIn(token)
    expect([status, body.code]).toEqual([403, 'second_factor_required'])
    expect((await logIn(token, codeOf(secret))).body.second_factor).toBe('verified')
  })

  test.each([
    ['the step before', -1, 200],
    ['this step', 0, 200],
    ['the step after', 1, 200],
    ['two steps before', -2, 401],
    ['two steps after', 2, 401],
  ])('a code of %s is answered with %i', async (_name, steps, status) => {
    const { token, secret } = await enrolled()
    api.rig.clock.advance(2 * STEP_MS)
    const code = codeOf(secret, api.rig.now + steps * STEP_MS)
    expect((await logIn(token, code)).status).toBe(status)
  })

  test('a code opens one session, whoever is first', async () => {
    const { token, secret } = await enrolled()
    const code = codeOf(secret)
    const answers = await Promise.all([logIn(token, code), logIn(token, code), logIn(token, code)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401])
    expect((await logIn(token, code)).body.code).toBe('second_factor_refused')
  })

  test('a recovery code works once, with or without its hyphens', async () => {
    const { recovery, token } = await enrolled()
    const [first = '', second = ''] = recovery
    expect((await logIn(token, first)).status).toBe(200)
    expect((await logIn(token, first)).status).toBe(401)
    expect((await logIn(token, second.replaceAll('-', '').toUpperCase())).status).toBe(200)
  })

  test('the code of somebody else opens nothing', async () => {
    const [mine, theirs] = [await enrolled(), await enrolled()]
    expect((await logIn(mine.token, codeOf(theirs.secret))).status).toBe(401)
    expect((await logIn(mine.token, theirs.recovery[0])).status).toBe(401)
  })
})

describe('guessing it', () => {
  test('five wrong codes lock it for a while, right ones too', async () => {
    const { token, secret } = await enrolled()
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect((await logIn(token, wrongCode(secret))).status).toBe(401)
    }
    const { body, headers, status } = await logIn(token, codeOf(secret))
    expect([status, body.code, headers['retry-after']]).toEqual([
      429,
      'second_factor_locked',
      '300',
    ])
    api.rig.clock.advance(5 * MINUTE)
    expect((await logIn(token, codeOf(secret))).status).toBe(200)
  })

  test('guesses at the same moment are counted one by one', async () => {
    const { token, secret } = await enrolled()
    const guesses = Array.from({ length: 20 }, () => logIn(token, wrongCode(secret)))
    const answers = (await Promise.all(guesses)).map(({ status }) => status)
    expect(answers.filter((status) => status === 401)).toHaveLength(5)
    expect(answers.filter((status) => status === 429)).toHaveLength(15)
  })

  test('a right code sets the count back', async () => {
    const { token, secret } = await enrolled()
    for (let round = 0; round < 3; round += 1) {
      for (let attempt = 0; attempt < 4; attempt += 1) await logIn(token, wrongCode(secret))
      expect((await logIn(token, codeOf(secret))).status).toBe(200)
      api.rig.clock.advance(STEP_MS)
    }
  })
})

describe('losing it', () => {
  test('security takes it away with an entry of the journal; its sessions end', async () => {
    const { browser, token } = await enrolled()
    const { body } = await api.get('/v1/second-factors', 'security')
    const id = Buffer.from(token.slice(4), 'base64url').subarray(0, 8).toString('hex')
    const subject = `token ${id}`
    expect(body.second_factors).toContainEqual(
      expect.objectContaining({ subject, recovery_codes_left: 10, locked_until: null }),
    )
    const reset = await api.ask('POST', '/v1/second-factors/reset', 'security', { subject })
    expect(reset.status).toBe(200)
    expect((await browser.get('/v1/session')).body.code).toBe('session_ended')
    expect((await logIn(token)).body.second_factor).toBe('to_enroll')
    await api.sequencer.drain()
    const entries = await api.rig.store.readJournal(0, 1_000)
    const entry = entries.filter(({ kind }) => kind === 'second_factor_reset').at(-1)
    expect(Buffer.from(entry?.bytes ?? []).toString()).toContain(subject)
  })

  test('nobody takes away their own', async () => {
    const token = await api.token({ role: 'security' })
    const browser = new Browser(api.app)
    await browser.logIn(token)
    const { body } = await browser.ask('POST', '/v1/session/second-factor/enroll')
    const code = codeOf(body.secret)
    await browser.ask('POST', '/v1/session/second-factor/confirm', { code })
    const { subject } = (await browser.get('/v1/session')).body
    const reset = await browser.ask('POST', '/v1/second-factors/reset', { subject })
    expect(reset.status).toBe(403)
  })
})
