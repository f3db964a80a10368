/**
 * Opens the one outbound connection of a node: WebSocket over TLS, directly or through a proxy that
 * speaks HTTP CONNECT. Without TLS only this machine is reached.
 */
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { WebSocket } from 'ws'
import { AppError, errorSentence } from '../errors.ts'
import { FRAME_BYTES_MAX } from '../wire/limits.ts'
import type { DialTarget } from '../world.ts'
import { refusePlainText } from './address.ts'
import type { Duplex } from './socket.ts'
import { WsSocket } from './ws-socket.ts'

const DEFAULT_PROXY_PORT = 3128
const DEFAULT_TLS_PORT = 443
const DEFAULT_PORT = 80
/** How much of a refusing server's answer is quoted. */
const ANSWER_BYTES_MAX = 500

/** Rejects with `connection_failed` or `plain_text_refused`. */
export async function dial(target: DialTarget): Promise<Duplex> {
  refusePlainText(target.url)
  const tunnel = target.proxyUrl === null ? null : await openTunnel(target, target.proxyUrl)
  try {
    return await openWebSocket(target, tunnel)
  } catch (error) {
    tunnel?.destroy()
    throw error
  }
}

function openWebSocket(target: DialTarget, tunnel: Socket | null): Promise<Duplex> {
  const url = new URL(target.url)
  const webSocket = new WebSocket(target.url, target.subprotocol, {
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
    handshakeTimeout: target.timeoutMs,
    followRedirects: false,
    ...(target.ca === null ? {} : { ca: target.ca }),
    ...(tunnel === null ? {} : { createConnection: () => overTunnel(url, target.ca, tunnel) }),
  })
  return new Promise((resolve, reject) => {
    let socket: Socket | null = null
    const fail = (sentence: string, cause?: unknown) =>
      reject(new AppError('connection_failed', `${url.host}: ${sentence}`, { cause }))
    const onError = (error: Error) => fail(errorSentence(error), error)
    webSocket.once('upgrade', (response) => {
      socket = response.socket
    })
    webSocket.once('unexpected-response', (_request, response) => {
      let answer = ''
      response.on('data', (chunk: Buffer) => {
        if (answer.length < ANSWER_BYTES_MAX) answer += chunk.toString('utf8')
      })
      response.once('close', () => {
        webSocket.terminate()
        fail(`answered ${response.statusCode ?? 0} ${answer.slice(0, ANSWER_BYTES_MAX)}`.trim())
      })
    })
    webSocket.once('error', onError)
    webSocket.once('open', () => {
      webSocket.off('error', onError)
      if (socket === null) return fail('the connection has no socket')
      resolve(new WsSocket(webSocket, socket))
    })
  })
}

function overTunnel(url: URL, ca: string | null, tunnel: Socket): Socket {
  if (url.protocol !== 'wss:') return tunnel
  return connectTls({
    socket: tunnel,
    servername: url.hostname,
    ...(ca === null ? {} : { ca }),
  })
}

/** `CONNECT host:port` at the proxy; resolves with the raw connection behind it. */
function openTunnel(target: DialTarget, proxyUrl: string): Promise<Socket> {
  const proxy = new URL(proxyUrl)
  const url = new URL(target.url)
  const defaultPort = url.protocol === 'wss:' ? DEFAULT_TLS_PORT : DEFAULT_PORT
  const authority = `${url.hostname}:${url.port === '' ? defaultPort : url.port}`
  return new Promise((resolve, reject) => {
    const asked = request({
      host: proxy.hostname,
      port: proxy.port === '' ? DEFAULT_PROXY_PORT : Number(proxy.port),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
      timeout: target.timeoutMs,
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
