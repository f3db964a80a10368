/** Who says nothing is closed in time, plain and under TLS; who speaks is not looked at again. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createPlain, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { FirstWords } from '../../../collector/src/gateway/first-words.ts'
import { CERT_FILE, KEY_FILE } from '../../support/api-server.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const WAIT_MS = 10_000
const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'

class Door {
  readonly clock = new FakeClock(0)
  readonly dropped: string[] = []
  readonly #server: Server

  private constructor(server: Server, silentPerAddressMax: number) {
    this.#server = server
    const words = new FirstWords({
      clock: this.clock,
      waitMs: WAIT_MS,
      silentPerAddressMax,
      onDropped: (code) => this.dropped.push(code),
    })
    words.watch(server)
    onTestFinished(() => {
      words.stop()
      server.closeAllConnections()
      server.close()
    })
  }

  static async open(isSecure: boolean, silentPerAddressMax = 100): Promise<Door> {
    const answer: Parameters<typeof createPlain>[1] = (_request, response) => response.end('ok')
    const tls = { cert: readFileSync(CERT_FILE), key: readFileSync(KEY_FILE) }
    const server: Server = isSecure ? createSecure(tls, answer) : createPlain(answer)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    server.on('upgrade', (_request, socket) => socket.write('HTTP/1.1 101 Switching\r\n\r\n'))
    return new Door(server, silentPerAddressMax)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connected as far as the server knows, too. */
  async knock(localAddress = '127.0.0.1'): Promise<Socket> {
    const accepted = once(this.#server, 'connection')
    const socket = connect({ host: '127.0.0.1', port: this.port, localAddress })
    socket.on('error', () => {})
    await accepted
    return socket
  }

  /** Lets time pass, second by second, and what follows of it happen. */
  async wait(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) this.clock.advance(1_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const ends = (socket: Socket) =>
  new Promise<void>((resolve) =>
    socket.closed ? resolve() : socket.once('close', () => resolve()),
  )

test.each([false, true])(
  'who says nothing is closed after its time (TLS: %s)',
  async (isSecure) => {
    const door = await Door.open(isSecure)
    const socket = await door.knock()
    await door.wait(WAIT_MS - 1_000)
    expect(socket.closed).toBe(false)
    await door.wait(2_000)
    await ends(socket)
    expect(door.dropped).toEqual(['handshake_timeout'])
  },
)

test('a byte now and then is no request', async () => {
  const door = await Door.open(false)
  const socket = await door.knock()
  for (const piece of [
    'GET / HTT',
    'P/1.1\r\n',
    'host: x\r\n',
    'a: b\r\n',
    'c: d\r\n',
    'e: f\r\n',
  ]) {
    socket.write(piece)
    await door.wait(2_000)
  }
  await ends(socket)
  expect(door.dropped).toEqual(['handshake_timeout'])
})

test.each([
  'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  REQUEST,
])('who has spoken is left alone, however long it is silent then', async (request) => {
  const door = await Door.open(false)
  const socket = await door.knock()
  socket.write(request)
  await once(socket, 'data')
  await door.wait(10 * WAIT_MS)
  expect([socket.closed, door.dropped]).toEqual([false, []])
  socket.destroy()
})

test('under TLS who has spoken is known too', async () => {
  const door = await Door.open(true)
  const secure = connectSecure({ port: door.port, host: '127.0.0.1', rejectUnauthorized: false })
  secure.write(REQUEST)
  await once(secure, 'data')
  await door.wait(10 * WAIT_MS)
  expect([secure.closed, door.dropped]).toEqual([false, []])
  secure.destroy()
})

test('so many of one address, and others are let in beside them; who leaves makes room', async () => {
  const door = await Door.open(false, 3)
  const [first] = [await door.knock(), await door.knock(), await door.knock()]
  await ends(await door.knock())
  expect(door.dropped).toEqual(['handshake_limit'])
  const other = await door.knock('127.0.0.2')
  await door.wait(1_000)
  expect(other.closed).toBe(false)
  first.destroy()
  await door.wait(1_000)
  const next = await door.knock()
  next.write(REQUEST)
  await once(next, 'data')
  expect(door.dropped).toHaveLength(1)
})
