/**
 * How a node's bytes come to its collector: through a proxy that speaks HTTP CONNECT where there is
 * one, and what TLS is told on the way.
 */
import { request } from 'node:http'
import { isIP, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { AppError, errorSentence } from '../errors.ts'
import type { DialTarget } from '../world.ts'

const DEFAULT_PROXY_PORT = 3128
const DEFAULT_TLS_PORT = 443
const DEFAULT_PORT = 80

/** The part of a target that says how to get there, and who is trusted. */
export type Way = Pick<DialTarget, 'url' | 'proxyUrl' | 'timeoutMs' | 'clientCertificate'>

/** Host without the brackets of IPv6, and the port, also where the address leaves it out. */
export function placeOf(linkUrl: string): { readonly host: string; readonly port: number } {
  const url = new URL(linkUrl)
  const defaultPort = url.protocol === 'wss:' ? DEFAULT_TLS_PORT : DEFAULT_PORT
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  return { host, port: url.port === '' ? defaultPort : Number(url.port) }
}

/**
 * Authorities and this node's own certificate. An authority that is named is trusted whoever signed
 * it: during a change of authority a node may know the new one only as the old one has signed it.
 */
export function trustOptions(
  target: Pick<DialTarget, 'ca' | 'clientCertificate'>,
): ConnectionOptions {
  const { ca, clientCertificate = null } = target
  return {
    ...(ca === null ? {} : { ca, allowPartialTrustChain: true }),
    ...(clientCertificate === null ? {} : clientCertificate),
  }
}

/** A name to ask for; an address is none (RFC 6066), and is checked all the same. */
export function servernameOf(host: string): string {
  return isIP(host) === 0 ? host : ''
}

/** `CONNECT host:port` at the proxy; resolves with the raw connection behind it. */
export function openTunnel(way: Way, proxyUrl: string): Promise<Socket> {
  const proxy = new URL(proxyUrl)
  const { host, port } = placeOf(way.url)
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return new Promise((resolve, reject) => {
    const asked = request({
      host: proxy.hostname,
      port: proxy.port === '' ? DEFAULT_PROXY_PORT : Number(proxy.port),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
      timeout: way.timeoutMs,
      agent: false,
    })
    const fail = (sentence: string, cause?: unknown) =>
      reject(new AppError('connection_failed', `proxy ${proxy.host}: ${sentence}`, { cause }))
    asked.once('connect', (response, socket) => {
      if (response.statusCode === 200) {
        resolve(socket)
      } else {
        socket.destroy()
        fail(`refused with ${response.statusCode ?? 0}`)
      }
    })
    asked.once('response', (response) => {
      response.resume()
      fail(`answered ${response.statusCode ?? 0}`)
    })
    asked.once('timeout', () => asked.destroy(new Error('did not answer in time')))
    asked.once('error', (error) => fail(errorSentence(error), error))
    asked.end()
  })
}

function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {}
  const user = decodeURIComponent(proxy.username)
  const password = decodeURIComponent(proxy.password)
  const credentials = Buffer.from(`${user}:${password}`).toString('base64')
  return { 'proxy-authorization': `Basic ${credentials}` }
}
