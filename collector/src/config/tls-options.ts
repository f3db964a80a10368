/**
 * The options of TLS: whether it is spoken, with whose certificate, and who has to show one. Without
 * any, loopback is served plain and everything else with certificates that the collector makes.
 */
import { isIP } from 'node:net'
import { AppError, isLoopback } from '@yiben/shared'
import type { z } from 'zod'
import { choice, duration, flag, optionalText } from './option-kinds.ts'

const TLS_MODES = ['auto', 'files', 'own', 'off'] as const
const NAMES_MAX = 100
const NAME_LENGTH_MAX = 253
const DNS_NAME =
  /^[A-Za-z0-9*_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/

export const TLS_OPTIONS = {
  'tls.mode': choice(
    'auto',
    TLS_MODES,
    'auto: files where tls.cert is set, else off on loopback or with allow_plain, else own',
  ),
  'tls.cert': optionalText('file', 'PEM file with the certificate and its chain'),
  'tls.key': optionalText('file', 'PEM file with the private key'),
  'tls.names': optionalText(
    'names',
    'names and addresses in a certificate of its own, by commas; default: those of the machine',
  ),
  'tls.life': duration(
    '90d',
    ['10s', '825d'],
    'of a certificate of its own; renewed at half of it',
  ),
  'tls.roots': optionalText('file', 'PEM file with authorities that nodes are told to trust too'),
  'tls.client_ca': optionalText(
    'file',
    'PEM file with the authority whose certificates agents must show',
  ),
  'tls.client_crl': optionalText(
    'file',
    'PEM file with the lists of certificates that tls.client_ca has taken back',
  ),
  'tls.look': duration(
    '10s',
    ['100ms', '1h'],
    'how often certificate files and orders to nodes are looked at',
  ),
  allow_plain: flag('serves other machines without TLS: only behind a gateway that ends TLS'),
} as const

type Values = {
  readonly [Name in keyof typeof TLS_OPTIONS]: z.output<(typeof TLS_OPTIONS)[Name]['schema']>
}

interface TlsCommon {
  /** Authorities that nodes are told to trust beside the certificate's own; `null`: none. */
  readonly rootsFile: string | null
  /** `null`: nobody has to show a certificate. */
  readonly clientCaFile: string | null
  /** `null`: none of them is ever taken back. */
  readonly clientCrlFile: string | null
}

export type TlsConfig =
  | (TlsCommon & { readonly mode: 'files'; readonly certFile: string; readonly keyFile: string })
  /** Certificates of the collector's own authority; no names: those of the machine. */
  | (TlsCommon & {
      readonly mode: 'own'
      readonly names: readonly string[]
      readonly lifeMs: number
    })

/** `null`: plain. Throws `config_invalid` for what makes no sense together. */
export function tlsConfigOf(values: Values, host: string): TlsConfig | null {
  const certFile = values['tls.cert']
  const keyFile = values['tls.key']
  if ((certFile === '') !== (keyFile === '')) {
    const [missing, there] = certFile === '' ? ['tls.cert', 'tls.key'] : ['tls.key', 'tls.cert']
    throw invalid(`${missing} is missing: ${there} needs it beside it`)
  }
  const mode = modeOf(values, host)
  refuseContradictions(values, mode, host)
  if (mode === 'off') return null
  const common = {
    rootsFile: values['tls.roots'] === '' ? null : values['tls.roots'],
    clientCaFile: values['tls.client_ca'] === '' ? null : values['tls.client_ca'],
    clientCrlFile: values['tls.client_crl'] === '' ? null : values['tls.client_crl'],
  }
  if (mode === 'files') return Object.freeze({ mode, certFile, keyFile, ...common })
  const names = Object.freeze(namesOf(values['tls.names']))
  return Object.freeze({ mode, names, lifeMs: values['tls.life'], ...common })
}

export function isDnsName(name: string): boolean {
  return name.length <= NAME_LENGTH_MAX && DNS_NAME.test(name)
}

function modeOf(values: Values, host: string): 'files' | 'own' | 'off' {
  const mode = values['tls.mode']
  if (mode !== 'auto') return mode
  if (values['tls.cert'] !== '') return 'files'
  return isLoopback(host) || values.allow_plain ? 'off' : 'own'
}

function refuseContradictions(values: Values, mode: 'files' | 'own' | 'off', host: string): void {
  const isSet = (
    name: 'tls.cert' | 'tls.names' | 'tls.roots' | 'tls.client_ca' | 'tls.client_crl',
  ) => values[name] !== ''
  if (mode === 'files' && !isSet('tls.cert')) {
    throw invalid('tls.mode is files: tls.cert and tls.key must say which')
  }
  if (mode !== 'files' && isSet('tls.cert')) {
    throw invalid(`tls.cert is for tls.mode files, which is ${mode}`)
  }
  if (mode !== 'own' && isSet('tls.names')) {
    throw invalid(`tls.names is for tls.mode own, which is ${mode}`)
  }
  if (isSet('tls.client_crl') && !isSet('tls.client_ca')) {
    throw invalid('tls.client_crl is for certificates of tls.client_ca, which is not set')
  }
  if (mode !== 'off') return
  if (!isLoopback(host) && !values.allow_plain) {
    const sentence =
      `host is ${host}, but tls.mode is off: without TLS only loopback is served, ` +
      'or with allow_plain everybody, behind a gateway that ends TLS'
    throw invalid(sentence)
  }
  for (const name of ['tls.roots', 'tls.client_ca'] as const) {
    if (isSet(name)) throw invalid(`${name} needs TLS, which is off`)
  }
}

function namesOf(text: string): string[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== '')
  if (names.length > NAMES_MAX) throw invalid(`tls.names has more than ${NAMES_MAX} names`)
  for (const name of names) {
    if (isIP(name) === 0 && !isDnsName(name)) {
      throw invalid(`tls.names: ${name} is neither a name nor an address`)
    }
  }
  return names
}

function invalid(sentence: string): AppError {
  return new AppError('config_invalid', sentence)
}
