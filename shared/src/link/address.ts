/** Where a collector is: what people type becomes the address of its WebSocket endpoint. */
import { isIPv4, isIPv6 } from 'node:net'
import { AppError } from '../errors.ts'
import { LINK_PATH } from '../wire/version.ts'

const SCHEMES: Readonly<Record<string, string>> = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  'http:': 'ws:',
  'https:': 'wss:',
}

/**
 * `https://collector.example:7480` → `wss://collector.example:7480/v1/link`. Throws
 * `config_invalid` for anything that is no such address, `plain_text_refused` for one without TLS
 * that leaves the machine unless it is allowed to.
 */
export function linkUrlOf(address: string, allowsPlainText = false): string {
  const url = parseUrl(address)
  const scheme = SCHEMES[url.protocol]
  if (scheme === undefined) {
    throw new AppError('config_invalid', `the collector address has the scheme ${url.protocol}`)
  }
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new AppError('config_invalid', 'the collector address holds more than host and port')
  }
  // The setter of `protocol` refuses to turn http into ws, so the address is put together anew.
  const path = url.pathname === '/' ? LINK_PATH : url.pathname
  const linkUrl = `${scheme}//${url.host}${path}`
  if (!allowsPlainText) refusePlainText(linkUrl)
  return linkUrl
}

/** Throws `plain_text_refused` unless the address has TLS or stays on this machine. */
export function refusePlainText(linkUrl: string): void {
  const url = parseUrl(linkUrl)
  if (url.protocol === 'wss:' || isLoopback(url.hostname)) return
  throw new AppError(
    'plain_text_refused',
    `${url.host} is reached without TLS: only addresses of this machine are, use https:// (or allow it: collector.allow_plain)`,
    { fields: { host: url.host } },
  )
}

/** Whether a host name or address is this machine itself. */
export function isLoopback(host: string): boolean {
  const bare = host.startsWith('[') ? host.slice(1, -1) : host
  if (bare === 'localhost' || bare === '::1') return true
  const mapped = bare.startsWith('::ffff:') ? bare.slice('::ffff:'.length) : bare
  return isIPv4(mapped) && mapped.startsWith('127.')
}

/** An address as a socket tells it, in the one form that limits and tokens compare. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  const mapped = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
  if (isIPv4(mapped)) return mapped
  return isIPv6(address) ? (address.split('%')[0] ?? address) : address
}

function parseUrl(address: string): URL {
  const url = URL.parse(address)
  if (url === null) throw new AppError('config_invalid', 'the collector address is no URL')
  return url
}
