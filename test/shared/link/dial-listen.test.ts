import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Admission,
  type AppError,
  attachLinkListener,
  type CloseReason,
  closeReason,
  type DialTarget,
  type Duplex,
  dial,
  errorCodeOfClose,
  FRAME_BYTES_MAX,
  type LinkListener,
  SUBPROTOCOL,
} from '@yiben/shared'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

interface End {
  readonly socket: Duplex
  readonly frames: Uint8Array[]
  readonly closed: Promise<CloseReason>
  /** Resolves with the next frame. */
  next(): Promise<Uint8Array>
}

const servers: Server[] = []
let listener: LinkListener
let accepted: Promise<End>
let admission: Admission
let port: number

function endOf(socket: Duplex): End {
  const frames: Uint8Array[] = []
  const waiting: ((frame: Uint8Array) => void)[] = []
  const { promise, resolve } = Promise.withResolvers<CloseReason>()
  socket.onFrame((frame) => {
    const waiter = waiting.shift()
    if (waiter === undefined) frames.push(frame)
    else waiter(frame)
  })
  socket.onClose(resolve)
  return {
    socket,
    frames,
    closed: promise,
    next: () => {
      const frame = frames.shift()
      return frame === undefined
        ? new Promise((resolveFrame) => waiting.push(resolveFrame))
        : Promise.resolve(frame)
    },
  }
}

async function listen(server: Server, isSecure = false): Promise<number> {
  servers.push(server)
  const { promise, resolve } = Promise.withResolvers<End>()
  accepted = promise
  listener = attachLinkListener({
    server,
    isSecure,
    admit: () => admission,
    onConnection: (socket) => resolve(endOf(socket)),
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

function target(change: Partial<DialTarget> = {}): DialTarget {
  return {
    url: `ws://127.0.0.1:${port}/v1/link`,
    subprotocol: SUBPROTOCOL,
    ca: null,
    proxyUrl: null,
    timeoutMs: 5000,
    ...change,
  }
}

async function failureOf(dialled: Promise<Duplex>): Promise<{ code: string; message: string }> {
  try {
    const socket = await dialled
    socket.terminate()
    return { code: 'connected', message: '' }
  } catch (error) {
    return error as AppError
  }
}

beforeEach(async () => {
  admission = { status: 'admitted' }
  port = await listen(createServer())
})

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

describe('a connection', () => {
  test('carries binary frames both ways, whole and in order, and counts its bytes', async () => {
    const client = endOf(await dial(target()))
    const server = await accepted
    client.socket.send(Uint8Array.of(1, 2, 3))
    client.socket.send(new Uint8Array(100_000).fill(7))
    expect(Uint8Array.from(await server.next())).toEqual(Uint8Array.of(1, 2, 3))
    expect(await server.next()).toHaveLength(100_000)
    server.socket.send(Uint8Array.of(9))
    expect(Uint8Array.from(await client.next())).toEqual(Uint8Array.of(9))
    // 2 + 4 of header and mask for three bytes; 10 + 4 for a hundred thousand.
    expect(client.socket.traffic()).toEqual({ sentBytes: 9 + 100_014, receivedBytes: 3 })
    expect(server.socket.traffic()).toEqual({ sentBytes: 3, receivedBytes: 9 + 100_014 })
    expect(server.socket.remoteAddress).toBe('127.0.0.1')
    expect(listener.connectionCount()).toBe(1)
  })

  test('answers pings', async () => {
    const client = await dial(target())
    const pong = new Promise<void>((resolve) => client.onPong(resolve))
    client.ping()
    await pong
  })

  test('is closed with a reason the other side can read', async () => {
    const client = endOf(await dial(target()))
    const server = await accepted
    server.socket.close(closeReason('session_replaced', 'another process took over'))
    const reason = await client.closed
    expect(reason.code).toBe(1008)
    expect(errorCodeOfClose(reason)).toBe('session_replaced')
  })

  test('tells the other side of a frame that is too large, and is over', async () => {
    const client = endOf(await dial(target()))
    const server = await accepted
    client.socket.send(new Uint8Array(FRAME_BYTES_MAX + 1))
    expect(errorCodeOfClose(await server.closed)).toBe('frame_too_large')
    expect((await client.closed).code).toBe(1009)
    expect(server.frames).toEqual([])
  })

  test('of the largest frame is not', async () => {
    const client = endOf(await dial(target()))
    client.socket.send(new Uint8Array(FRAME_BYTES_MAX))
    expect(await (await accepted).next()).toHaveLength(FRAME_BYTES_MAX)
  })

  test('that is cut is told as one', async () => {
    const client = endOf(await dial(target()))
    const server = await accepted
    server.socket.terminate()
    expect((await client.closed).code).toBe(1006)
    client.socket.send(Uint8Array.of(1))
  })

  test('is drained when the listener closes, and no other is taken', async () => {
    const client = endOf(await dial(target()))
    await accepted
    listener.close()
    expect(errorCodeOfClose(await client.closed)).toBe('draining')
  })
})

describe('a dial', () => {
  test.each([
    ['another path', { url: '/v1/else' }, 'connection_failed', 'not_found'],
    ['another subprotocol', { subprotocol: 'yiben.v9' }, 'connection_failed', 'protocol_version'],
  ])('to %s is refused with the reason', async (_, change, code, word) => {
    const url = 'url' in change ? `ws://127.0.0.1:${port}${change.url}` : target().url
    const failure = await failureOf(dial(target({ ...change, url })))
    expect(failure.code).toBe(code)
    expect(failure.message).toContain(word)
  })

  test('that is not admitted is told why', async () => {
    admission = {
      status: 'refused',
      code: 'handshake_limit',
      sentence: 'too many handshakes from this address',
      retryAfterSeconds: 5,
    }
    const failure = await failureOf(dial(target()))
    expect(failure.message).toContain('503')
    expect(failure.message).toContain('handshake_limit')
  })

  test('to a port where nobody listens fails', async () => {
    const server = servers.at(-1)
    await new Promise((resolve) => server?.close(resolve))
    expect((await failureOf(dial(target()))).code).toBe('connection_failed')
  })

  test('without TLS to another machine is refused before a byte is sent', async () => {
    const url = 'ws://198.51.100.7/v1/link'
    expect((await failureOf(dial(target({ url })))).code).toBe('plain_text_refused')
  })
})

describe('a proxy', () => {
  const asked: string[] = []

  function proxyServer(status: number): Promise<string> {
    const server = createServer()
    servers.push(server)
    server.on('connect', (request, stream) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
      if (status !== 200) {
        stream.end(`HTTP/1.1 ${status} No\r\n\r\n`)
        return
      }
      const [host, to] = (request.url ?? '').split(':')
      const upstream = connect(Number(to), host, () => {
        stream.write('HTTP/1.1 200 OK\r\n\r\n')
        upstream.pipe(stream)
        stream.pipe(upstream)
      })
      upstream.on('error', () => stream.destroy())
      stream.on('error', () => upstream.destroy())
      stream.on('close', () => upstream.destroy())
    })
    return new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () =>
        resolve(`http://me:se%20cret@127.0.0.1:${(server.address() as AddressInfo).port}`),
      ),
    )
  }

  test('carries the connection, and is given its credentials', async () => {
    const proxyUrl = await proxyServer(200)
    const client = endOf(await dial(target({ proxyUrl })))
    client.socket.send(Uint8Array.of(5))
    expect(await (await accepted).next()).toHaveLength(1)
    const credentials = Buffer.from('me:se cret').toString('base64')
    expect(asked).toEqual([`127.0.0.1:${port} Basic ${credentials}`])
    client.socket.terminate()
  })

  test('that refuses is named', async () => {
    const failure = await failureOf(dial(target({ proxyUrl: await proxyServer(407) })))
    expect(failure.code).toBe('connection_failed')
    expect(failure.message).toContain('407')
  })
})

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'yiben-tls-'))
  const hasOpenssl = makeCertificate(folder)
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test.skipIf(!hasOpenssl)('is checked against the authority the node was given', async () => {
    const key = readFileSync(join(folder, 'key.pem'), 'utf8')
    const cert = readFileSync(join(folder, 'cert.pem'), 'utf8')
    port = await listen(createTlsServer({ key, cert }) as unknown as Server, true)
    const url = `wss://localhost:${port}/v1/link`
    const client = endOf(await dial(target({ url, ca: cert })))
    client.socket.send(Uint8Array.of(5))
    expect(await (await accepted).next()).toHaveLength(1)
    client.socket.terminate()
    expect((await failureOf(dial(target({ url })))).code).toBe('connection_failed')
  })
})

/** A self-signed certificate for localhost; `false` where the machine has no `openssl`. */
function makeCertificate(folder: string): boolean {
  try {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
        ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'), '-days', '2'],
        ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ],
      { stdio: 'ignore' },
    )
    return true
  } catch {
    return false
  }
}
