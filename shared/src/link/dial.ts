/**
 * Opens the one outbound connection of a node: WebSocket over TLS, directly or through a proxy that
 * speaks HTTP CONNECT. Without TLS only this machine is reached.
 */
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { WebSocket } from 'ws'
import { AppError, errorSentence } from '../errors.ts'
import { FRAME_BYTES_MAX } from '../wire/limits.ts'
import type { DialTarget } from '../world.ts'
import { refusePlainText } from './address.ts'
import type { Duplex } from './socket.ts'
import { openTunnel, placeOf, servernameOf, trustOptions } from './tunnel.ts'
import { WsSocket } from './ws-socket.ts'

/** How much of a refusing server's answer is quoted. */
const ANSWER_BYTES_MAX = 500

/** What OpenSSL says of a chain that ends at nobody who is trusted. */
const UNTRUSTED_CODES = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Rejects with `connection_failed` or `plain_text_refused`. */
export async function dial(target: DialTarget): Promise<Duplex> {
  if (target.allowsPlainText !== true) refusePlainText(target.url)
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
    ...trustOptions(target),
    ...(tunnel === null ? {} : { createConnection: () => overTunnel(target, tunnel) }),
  })
  return new Promise((resolve, reject) => {
    let socket: Socket | null = null
    const fail = (sentence: string, cause?: unknown) =>
      reject(new AppError('connection_failed', `${url.host}: ${sentence}`, { cause }))
    const onError = (error: Error) => fail(sentenceOf(error), error)
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

function overTunnel(target: DialTarget, tunnel: Socket): Socket {
  if (new URL(target.url).protocol !== 'wss:') return tunnel
  const { host } = placeOf(target.url)
  return connectTls({
    socket: tunnel,
    host,
    servername: servernameOf(host),
    ...trustOptions(target),
  })
}

function sentenceOf(error: Error): string {
  if (!('code' in error) || !UNTRUSTED_CODES.has(String(error.code))) return errorSentence(error)
  return `its certificate is of no authority that this node trusts (${errorSentence(error)}); where the authority was changed while this node was away, enroll it again with a new token`
}
