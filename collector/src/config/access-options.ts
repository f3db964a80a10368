/**
 * Options of logging in, of the provider that people may log in through, of the audit log and of the
 * dashboard's files, and what is made of them.
 */
import { AppError, divisionCodeOf, siteCodeOf } from '@yiben/shared'
import { z } from 'zod'
import { ROLES, type Role } from '../storage/requests.ts'
import { choice, duration, type Option, optionalText, text } from './option-kinds.ts'

/** `claim=value` at the provider gives this role and scope here. */
export interface LoginRule {
  readonly claim: string
  readonly value: string
  readonly role: Role
  readonly regionCode: string | null
  readonly siteCode: string | null
}

export interface OidcConfig {
  readonly issuer: string
  readonly clientId: string
  /** `null`: a public client, which PKCE alone protects. */
  readonly clientSecretFile: string | null
  readonly scopes: string
  /** The first that fits counts; where none does, nobody is let in. */
  readonly rules: readonly LoginRule[]
  /** Values of `amr` or `acr` that stand for a second factor. */
  readonly mfa: readonly string[]
}

export interface AccessConfig {
  readonly secondFactor: 'required' | 'off'
  readonly idleMs: number
  readonly absoluteMs: number
  /** How browsers reach this collector, where that is not how it listens. */
  readonly publicOrigin: string | null
  /** Cookies are sent over TLS only. */
  readonly isSecure: boolean
  readonly oidc: OidcConfig | null
  readonly auditRetentionMs: number
  /** Empty: as this checkout or package has it. */
  readonly dashboardDir: string
}

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']
const LIST_LENGTH_MAX = 8_192

/** One text or a list of them, as YAML writes either; the pieces. */
function list(separator: RegExp, unit: string, fallback: string, sentence: string) {
  const one = z.string('must be a text').max(LIST_LENGTH_MAX, 'is too long')
  const schema = z
    .union([one, z.array(one)], { error: 'must be a text or a list of texts' })
    .transform((given) =>
      (Array.isArray(given) ? given : given.split(separator))
        .map((piece) => piece.trim())
        .filter((piece) => piece !== ''),
    )
  return { schema, default: fallback, unit, range: '', sentence }
}

export const ACCESS_OPTIONS = {
  'login.second_factor': choice<'off' | 'required'>(
    'required',
    ['required', 'off'],
    'whether people who log in give a code of their own device too',
  ),
  'login.idle': duration('30min', ['1min', '12h'], 'a login that asks nothing for this long ends'),
  'login.absolute': duration('12h', ['1min', '7d'], 'a login ends after this long in any case'),
  'login.public_url': optionalText(
    'URL',
    'how browsers reach this collector, where another program stands before it',
  ),
  'oidc.issuer': optionalText('URL', 'OpenID Connect provider that people may log in through'),
  'oidc.client_id': optionalText('text', 'what this collector is called at the provider'),
  'oidc.client_secret_file': optionalText('file', 'holds the secret given out by the provider'),
  'oidc.scopes': text('openid profile email', 'what the provider is asked to tell'),
  'oidc.rules': list(
    /[\n,]+/,
    'rules',
    '',
    'who is let in, as claim=value:role or claim=value:role@CODE of a region or site; first counts',
  ),
  'oidc.mfa': list(
    /[\s,]+/,
    'words',
    'mfa',
    'values of amr or acr by which the provider says that a second factor was given',
  ),
  'audit.retention': duration('365d', ['184d', '3650d'], 'how long rows of the audit log are kept'),
  'dashboard.dir': optionalText('folder', 'built files of the dashboard'),
} as const satisfies Readonly<Record<string, Option<unknown>>>

type Values = {
  readonly [Name in keyof typeof ACCESS_OPTIONS]: z.output<(typeof ACCESS_OPTIONS)[Name]['schema']>
}

/** Throws `config_invalid` with the name of the option. */
export function accessConfigOf(values: Values, hasTls: boolean): AccessConfig {
  const publicOrigin = originOf(values['login.public_url'], 'login.public_url')
  if (values['login.idle'] > values['login.absolute']) {
    throw invalid('login.idle must not be longer than login.absolute')
  }
  return Object.freeze({
    secondFactor: values['login.second_factor'],
    idleMs: values['login.idle'],
    absoluteMs: values['login.absolute'],
    publicOrigin,
    isSecure: hasTls || publicOrigin?.startsWith('https:') === true,
    oidc: oidcOf(values, publicOrigin),
    auditRetentionMs: values['audit.retention'],
    dashboardDir: values['dashboard.dir'],
  })
}

function oidcOf(values: Values, publicOrigin: string | null): OidcConfig | null {
  const issuer = values['oidc.issuer']
  const clientId = values['oidc.client_id']
  if (issuer === '' && clientId === '' && values['oidc.rules'].length === 0) return null
  for (const [name, value] of [
    ['oidc.issuer', issuer],
    ['oidc.client_id', clientId],
    ['login.public_url', publicOrigin ?? ''],
  ] as const) {
    if (value === '') throw invalid(`${name} is missing: logins through a provider need it`)
  }
  // Checked here, kept as it is written: the provider's answers must name it to the letter.
  checkedUrl(issuer, 'oidc.issuer')
  if (values['oidc.rules'].length === 0) {
    throw invalid('oidc.rules is empty: nobody could log in through the provider')
  }
  const secretFile = values['oidc.client_secret_file']
  return Object.freeze({
    issuer,
    clientId,
    clientSecretFile: secretFile === '' ? null : secretFile,
    scopes: values['oidc.scopes'],
    rules: values['oidc.rules'].map(ruleOf),
    mfa: values['oidc.mfa'],
  })
}

/** `groups=/yiben/zj:regulator@330000`: the role follows the last colon, the claim ends at the first `=`. */
function ruleOf(rule: string): LoginRule {
  const [, claim, value, roleText, code] =
    /^([^=\s]+)=(.+):([a-z]+)(?:@([A-Za-z0-9-]+))?$/.exec(rule) ?? []
  const role = ROLES.find((one) => one === roleText)
  if (claim === undefined || value === undefined || role === undefined) {
    throw invalid(
      `oidc.rules: ${rule} is no rule; write claim=value:role or claim=value:role@CODE with a role of ${ROLES.join(', ')}`,
    )
  }
  const bare = { claim, value, role, regionCode: null, siteCode: null }
  if (code === undefined) return bare
  const regionCode = divisionCodeOf(code)
  if (regionCode !== null) return { ...bare, regionCode }
  const siteCode = siteCodeOf(code)
  if (siteCode !== null) return { ...bare, siteCode }
  throw invalid(`oidc.rules: ${code} in ${rule} is the code of neither a region nor a site`)
}

function originOf(url: string, name: string): string | null {
  if (url === '') return null
  const { origin, pathname, search } = checkedUrl(url, name)
  if (pathname !== '/' || search !== '') throw invalid(`${name} must have no path`)
  return origin
}

/** TLS, or this machine alone. */
function checkedUrl(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  const isPlain = url?.protocol === 'http:' && LOOPBACK.includes(url.hostname)
  if (url === null || (url.protocol !== 'https:' && !isPlain)) {
    throw invalid(`${name} must be an https URL (http on loopback only), not ${text}`)
  }
  return url
}

function invalid(sentence: string): AppError {
  return new AppError('config_invalid', sentence)
}
