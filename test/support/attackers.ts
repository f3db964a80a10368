/** What hostile peers do on bare sockets: half requests, frames of their own making, floods. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { LINK_PATH, SUBPROTOCOL } from '@yiben/shared'

/** Operation codes of RFC 6455. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9 } as const
const MASK = Uint8Array.of(1, 2, 3, 4)
const LENGTH_SHORT_MAX = 125
const LENGTH_MIDDLE_MAX = 65_535

/** A connection of an attacker; what comes back is kept as text. */
export class Attacker implements Disposable {
  readonly socket: Socket
  /** At most the first 64 KiB. */
  heard = ''

  constructor(port: number, localAddress = '127.0.0.1') {
    this.socket = connect({ host: '127.0.0.1', port, localAddress })
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk) => {
      if (this.heard.length < 65_536) this.heard += chunk.toString('latin1')
    })
  }

  get isClosed(): boolean {
    return this.socket.closed
  }

  get statusLine(): string {
    return this.heard.split('\r\n', 1)[0] ?? ''
  }

  /** Connected, or turned away. */
  async connected(): Promise<void> {
    if (!this.socket.connecting) return
    await new Promise<void>((resolve) => {
      this.socket.once('connect', () => resolve())
      this.socket.once('close', () => resolve())
    })
  }

  write(bytes: string | Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes)
  }

  /** A whole request; resolves with the status line. */
  async ask(lines: readonly string[], body: string | Uint8Array = ''): Promise<string> {
    this.write(`${lines.join('\r\n')}\r\nhost: x\r\n\r\n`)
    this.write(body)
    await this.#word()
    return this.statusLine
  }

  /** Upgrades, and resolves with the status line; `extra` are more headers. */
  upgrade(extra: readonly string[] = []): Promise<string> {
    return this.ask([
      `GET ${LINK_PATH} HTTP/1.1`,
      'connection: Upgrade',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
      `sec-websocket-protocol: ${SUBPROTOCOL}`,
      ...extra,
    ])
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  async #word(): Promise<void> {
    if (this.heard !== '' || this.isClosed) return
    await Promise.race([
      once(this.socket, 'data').catch(() => {}),
      new Promise((resolve) => this.socket.once('close', resolve)),
    ])
  }
}

/** A frame as a client masks it; `first` is the first byte: final bit, reserved bits, operation. */
export function frame(first: number, payload: Uint8Array): Uint8Array {
  const masked = payload.map((byte, at) => byte ^ (MASK[at % MASK.length] ?? 0))
  return Uint8Array.of(first, ...lengthOf(payload.length), ...MASK, ...masked)
}

export const FINAL = 0x80
/** Says that the payload is compressed. */
export const RESERVED_1 = 0x40

function lengthOf(length: number): readonly number[] {
  if (length <= LENGTH_SHORT_MAX) return [0x80 | length]
  if (length <= LENGTH_MIDDLE_MAX) return [0x80 | 126, length >> 8, length & 255]
  return [
    0x80 | 127,
    0,
    0,
    0,
    0,
    length >>> 24,
    (length >> 16) & 255,
    (length >> 8) & 255,
    length & 255,
  ]
}
