/** Options of logging in: what they mean, and which of them would let in the wrong people. */
import { AppError } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../../collector/src/config.ts'

const OIDC = {
  'login.public_url': 'https://ledger.example',
  'oidc.issuer': 'https://id.example/realms/yiben',
  'oidc.client_id': 'yiben',
  'oidc.rules': 'groups=/yiben/zj:regulator@330000',
}

function access(flags: Readonly<Record<string, string>>) {
  return loadConfig({ file: null, env: {}, flags }).access
}

function refusal(flags: Readonly<Record<string, string>>): string {
  try {
    access(flags)
  } catch (error) {
    if (error instanceof AppError && error.code === 'config_invalid') return error.message
    throw error
  }
  throw new Error('it was taken')
}

test('without anything people give a second factor, and log in with tokens only', () => {
  expect(access({})).toEqual({
    secondFactor: 'required',
    idleMs: 30 * 60_000,
    absoluteMs: 12 * 3_600_000,
    publicOrigin: null,
    isSecure: false,
    oidc: null,
    auditRetentionMs: 365 * 86_400_000,
    dashboardDir: '',
  })
})

test('cookies are kept to TLS where this program or the one before it has TLS', () => {
  expect(access({ 'login.public_url': 'https://ledger.example' }).isSecure).toBe(true)
  expect(access({ 'tls.cert': 'a.pem', 'tls.key': 'b.pem' }).isSecure).toBe(true)
  expect(access({ 'login.public_url': 'http://127.0.0.1:7480' }).isSecure).toBe(false)
})

test('rules are read in their order, with the role behind the last colon', () => {
  const rules = [
    'groups=/yiben/zj:regulator@330000',
    'groups=urn:cn:yiben:ops:operator@HZ-01',
    'email=li=lei@example.cn:auditor',
  ].join('\n')
  expect(access({ ...OIDC, 'oidc.rules': rules }).oidc?.rules).toEqual([
    {
      claim: 'groups',
      value: '/yiben/zj',
      role: 'regulator',
      regionCode: '330000',
      siteCode: null,
    },
    {
      claim: 'groups',
      value: 'urn:cn:yiben:ops',
      role: 'operator',
      regionCode: null,
      siteCode: 'HZ-01',
    },
    {
      claim: 'email',
      value: 'li=lei@example.cn',
      role: 'auditor',
      regionCode: null,
      siteCode: null,
    },
  ])
})

describe('what is refused, by its name', () => {
  test.each([
    ['a provider without TLS elsewhere', { 'oidc.issuer': 'http://id.example' }, 'oidc.issuer'],
    ['a provider that is no URL', { 'oidc.issuer': 'id.example' }, 'oidc.issuer'],
    ['a provider without a client', { 'oidc.client_id': '' }, 'oidc.client_id'],
    ['no way back', { 'login.public_url': '' }, 'login.public_url'],
    ['a way back without TLS', { 'login.public_url': 'http://ledger.example' }, 'login.public_url'],
    ['a way back with a path', { 'login.public_url': 'https://x.example/y' }, 'login.public_url'],
    ['no rule', { 'oidc.rules': '' }, 'oidc.rules'],
    ['a rule without a role', { 'oidc.rules': 'groups=/yiben' }, 'oidc.rules'],
    ['a role nobody has', { 'oidc.rules': 'groups=/yiben:root' }, 'oidc.rules'],
    ['a scope that is none', { 'oidc.rules': 'groups=/yiben:regulator@99' }, 'oidc.rules'],
    ['a rule that fits everybody', { 'oidc.rules': 'groups=:admin' }, 'oidc.rules'],
  ])('%s', (_name, change, name) => {
    expect(refusal({ ...OIDC, ...change })).toMatch(new RegExp(`^${name}`))
  })

  test.each([
    ['an idle time longer than the whole', { 'login.idle': '2h', 'login.absolute': '1h' }],
    ['an audit log of less than six months', { 'audit.retention': '183d' }],
    ['half a second factor', { 'login.second_factor': 'maybe' }],
  ])('%s', (_name, flags) => {
    expect(refusal(flags)).toMatch(/^(login|audit)\./)
  })
})

test('a provider on this machine alone may do without TLS', () => {
  const local = { ...OIDC, 'oidc.issuer': 'http://127.0.0.1:9000' }
  expect(access(local).oidc).toMatchObject({ issuer: 'http://127.0.0.1:9000', mfa: ['mfa'] })
})
