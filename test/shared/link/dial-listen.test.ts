import { X509Certificate } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import {
  type Admission,
  type AppError,
  attachLinkListener,
  type CloseReason,
  closeReason,
  createRealWorld,
  type DialTarget,
  type Duplex,
  dial,
  errorCodeOfClose,
  FRAME_BYTES_MAX,
  findPinnedAuthority,
  type LinkListener,
  pinOf,
  SUBPROTOCOL,
} from '@yiben/shared'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { issueServer, makeAuthority, vouchFor } from '../../../collector/src/tls/issue.ts'

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

describe('a proxy', () => {
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
  const HOSTS = ['localhost', '127.0.0.1']
  const now = createRealWorld()
  const issuing = { random: now.random, nowMs: now.clock.wallMs() }

  async function server(names: readonly string[] = HOSTS) {
    const authority = await makeAuthority(issuing)
    const made = await issueServer(authority, names, { ...issuing, lifeMs: 86_400_000 })
    const chain = made.cert + authority.cert
    port = await listen(createTlsServer({ cert: chain, key: made.key }) as unknown as Server, true)
    return { ...authority, leaf: made.cert }
  }

  async function carries(change: Partial<DialTarget>): Promise<void> {
    const client = endOf(await dial(target(change)))
    client.socket.send(Uint8Array.of(5))
    expect(await (await accepted).next()).toHaveLength(1)
    client.socket.terminate()
  }

  test.each(HOSTS)('to %s is checked against the authority the node was given', async (host) => {
    const { cert } = await server()
    const url = `wss://${host}:${port}/v1/link`
    await carries({ url, ca: cert })
    const { code, message } = await failureOf(dial(target({ url })))
    expect(code).toBe('connection_failed')
    expect(message).toContain('of no authority that this node trusts')
    const { cert: other } = await makeAuthority(issuing)
    expect((await failureOf(dial(target({ url, ca: other })))).message).toContain('no authority')
  })

  test('to an address through a proxy is checked like any other', async () => {
    const { cert } = await server()
    const url = `wss://127.0.0.1:${port}/v1/link`
    const proxyUrl = await proxyServer(200)
    await carries({ url, ca: cert, proxyUrl })
    expect((await failureOf(dial(target({ url, proxyUrl })))).code).toBe('connection_failed')
    const way = { url, proxyUrl, timeoutMs: 5_000 }
    expect(await findPinnedAuthority(way, pinOf(new X509Certificate(cert)))).toBe(cert)
  })

  test('to an address that is not in the certificate fails, whoever signed it', async () => {
    const { cert } = await server(['10.1.2.3'])
    const failure = await failureOf(
      dial(target({ url: `wss://127.0.0.1:${port}/v1/link`, ca: cert })),
    )
    expect(failure.message).toContain('127.0.0.1')
  })

  test('is left out to another machine only where that is allowed', async () => {
    const url = 'ws://198.51.100.7/v1/link'
    const proxyUrl = await proxyServer(407)
    const failure = await failureOf(dial(target({ url, proxyUrl, allowsPlainText: true })))
    expect(failure.message).toContain('refused with 407')
  })
})

describe('a pinned authority', () => {
  const { clock, random } = createRealWorld()
  const issuing = { random, nowMs: clock.wallMs() }

  async function shown(...above: readonly string[]) {
    const chain = [leaf.cert, ...above].join('')
    port = await listen(createTlsServer({ cert: chain, key: leaf.key }) as unknown as Server, true)
    return { url: `wss://127.0.0.1:${port}/v1/link`, proxyUrl: null, timeoutMs: 5_000 }
  }

  let leaf: Awaited<ReturnType<typeof issueServer>>
  let old: Awaited<ReturnType<typeof makeAuthority>>
  let next: Awaited<ReturnType<typeof makeAuthority>>
  let vouched: string
  beforeEach(async () => {
    old = await makeAuthority(issuing)
    next = await makeAuthority(issuing)
    vouched = await vouchFor(next.cert, old, issuing)
    leaf = await issueServer(next, ['127.0.0.1'], { ...issuing, lifeMs: 86_400_000 })
  })

  const pinIn = (pem: string) => pinOf(new X509Certificate(pem))

  test('is found in the chain, the old one and the new one while they stand beside each other', async () => {
    const way = await shown(vouched, old.cert)
    for (const pem of [old.cert, next.cert]) {
      const found = await findPinnedAuthority(way, pinIn(pem))
      expect(pinIn(found)).toBe(pinIn(pem))
      const client = endOf(await dial(target({ url: way.url, ca: found })))
      client.socket.terminate()
    }
  })

  test('that is not shown, or not at all, is refused', async () => {
    const way = await shown(next.cert)
    await expect(findPinnedAuthority(way, pinIn(old.cert))).rejects.toMatchObject({
      code: 'collector_untrusted',
    })
    const nobody = { ...way, url: 'wss://127.0.0.1:9/v1/link' }
    await expect(findPinnedAuthority(nobody, pinIn(next.cert))).rejects.toMatchObject({
      code: 'connection_failed',
    })
  })

  test('that somebody shows without its key vouches for nobody', async () => {
    const thief = await makeAuthority(issuing)
    const life = { ...issuing, lifeMs: 86_400_000 }
    leaf = await issueServer(thief, ['127.0.0.1'], life)
    await expect(
      findPinnedAuthority(await shown(next.cert), pinIn(next.cert)),
    ).rejects.toMatchObject({
      code: 'collector_untrusted',
    })
    // The public key is no secret: a chain that names it can be made, but not signed with it.
    leaf = await issueServer({ cert: next.cert, key: thief.key }, ['127.0.0.1'], life)
    const way = await shown(await vouchFor(next.cert, thief, issuing), thief.cert)
    const found = await findPinnedAuthority(way, pinIn(next.cert))
    expect(pinIn(found)).toBe(pinIn(next.cert))
    const failure = await failureOf(dial(target({ url: way.url, ca: found })))
    expect(failure.code).toBe('connection_failed')
  })

  test('of a server that says nothing is not waited for', async () => {
    const silent = createTcpServer()
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done))
    const { port: at } = silent.address() as AddressInfo
    const way = { url: `wss://127.0.0.1:${at}/v1/link`, proxyUrl: null, timeoutMs: 200 }
    await expect(findPinnedAuthority(way, '00')).rejects.toThrow(/did not answer in time/)
    silent.close()
  })
})
