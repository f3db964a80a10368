/**
 * The other end of `dial.ts`: takes WebSocket upgrades at `/v1/link` on an HTTP server that already
 * listens. Refuses before the upgrade, with an HTTP status and a stable code, whatever is not a
 * link, comes without TLS from another machine, or is more than its owner admits.
 */
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex as Stream } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { type WebSocket, WebSocketServer } from 'ws'
import type { ErrorCode } from '../errors.ts'
import { FRAME_BYTES_MAX } from '../wire/limits.ts'
import { LINK_PATH, SUBPROTOCOL } from '../wire/version.ts'
import { isLoopback, plainAddress } from './address.ts'
import { closeReason } from './close-reason.ts'
import type { Duplex } from './socket.ts'
import { WsSocket } from './ws-socket.ts'

/** A frame that comes in more pieces than this is sent to fill the memory: ours come in one. */
const FRAGMENTS_MAX = 64
/** Reads of the socket that one frame takes on the worst of lines, and some. */
const CHUNKS_MAX = 1_024

export type Admission =
  | { readonly status: 'admitted' }
  | {
      readonly status: 'refused'
      readonly code: ErrorCode
      readonly sentence: string
      readonly retryAfterSeconds: number
    }

export interface LinkListenerOptions {
  readonly server: HttpServer | HttpsServer
  /** Whether the server itself speaks TLS. */
  readonly isSecure: boolean
  /** Also takes plain text from other machines: only behind a gateway that ends TLS. Default no. */
  readonly takesPlainText?: boolean
  /** Takes nobody whose certificate is not of an authority that the server knows. Default no. */
  readonly needsCertificate?: boolean
  /** Asked before each upgrade; counts and limits are the owner's. */
  admit(remoteAddress: string): Admission
  /** Handed each connection in the same turn in which it opens: set its handlers at once. */
  onConnection(socket: Duplex): void
}

export interface LinkListener {
  readonly connectionCount: () => number
  /** Takes no more upgrades and closes what is open with `draining`. */
  close(): void
}

interface Denial {
  readonly httpStatus: number
  readonly code: ErrorCode
  readonly sentence: string
  readonly retryAfterSeconds?: number
}

export function attachLinkListener(options: LinkListenerOptions): LinkListener {
  const { server } = options
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
    maxFragments: FRAGMENTS_MAX,
    maxBufferedChunks: CHUNKS_MAX,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  })
  const open = new Set<WsSocket>()
  // What lives as long as a connection must not hold its request: that is 3 KB with its headers.
  const take = (webSocket: WebSocket, stream: Socket) => {
    const socket = new WsSocket(webSocket, stream)
    open.add(socket)
    webSocket.once('close', () => open.delete(socket))
    options.onConnection(socket)
  }
  const onUpgrade = (request: IncomingMessage, stream: Stream, head: Buffer) => {
    // Node hands the connection over bare: until `ws` takes it, an error here would be unhandled.
    const ignore = () => stream.destroy()
    stream.on('error', ignore)
    const denial = denialOf(request, options)
    if (denial !== null) {
      deny(stream, denial)
      return
    }
    webSockets.handleUpgrade(request, stream, head, (webSocket) => {
      stream.off('error', ignore)
      take(webSocket, request.socket)
    })
  }
  server.on('upgrade', onUpgrade)
  return {
    connectionCount: () => open.size,
    close: () => {
      server.off('upgrade', onUpgrade)
      const reason = closeReason('draining', 'the collector is stopping')
      for (const socket of open) socket.close(reason)
    },
  }
}

/** Why an upgrade is not taken, in this order; `null` when it is. */
function denialOf(request: IncomingMessage, options: LinkListenerOptions): Denial | null {
  const path = (request.url ?? '').split('?', 1)[0]
  if (path !== LINK_PATH) {
    return { httpStatus: 404, code: 'not_found', sentence: `links are taken at ${LINK_PATH}` }
  }
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',')
  if (!offered.some((protocol) => protocol.trim() === SUBPROTOCOL)) {
    return {
      httpStatus: 400,
      code: 'protocol_version',
      sentence: `this collector speaks ${SUBPROTOCOL}`,
    }
  }
  const remoteAddress = plainAddress(request.socket.remoteAddress)
  if (!options.isSecure && options.takesPlainText !== true && !isLoopback(remoteAddress)) {
    return {
      httpStatus: 403,
      code: 'plain_text_refused',
      sentence: 'without TLS only this machine is served',
    }
  }
  if (options.needsCertificate === true && !isCertified(request)) {
    return {
      httpStatus: 403,
      code: 'certificate_required',
      sentence: 'links need a certificate of the authority that tls.client_ca names',
    }
  }
  const admission = options.admit(remoteAddress)
  if (admission.status === 'admitted') return null
  const { code, sentence, retryAfterSeconds } = admission
  return { httpStatus: 503, code, sentence, retryAfterSeconds }
}

function isCertified({ socket }: IncomingMessage): boolean {
  return socket instanceof TLSSocket && socket.authorized
}

function deny(stream: Stream, denial: Denial): void {
  const body = JSON.stringify({ code: denial.code, detail: denial.sentence })
  const head = [
    `HTTP/1.1 ${denial.httpStatus} Refused`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  if (denial.retryAfterSeconds !== undefined) head.push(`retry-after: ${denial.retryAfterSeconds}`)
  stream.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
