/** A fake collector that real processes on loopback can report to. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { attachLinkListener, createRealWorld, formatEnrollmentToken } from '@yiben/shared'
import { onTestFinished } from 'vitest'
import { FakeClock } from './fake-clock.ts'
import { COLLECTOR_KEYS, FakeCollector } from './fake-collector.ts'
import { SimNetwork } from './sim-socket.ts'

/** The nation's key, as this parent hands it down. */
export const NATION_KEY = { number: 7, key: new Uint8Array(32).fill(0x77) }
export const PARENT_TOKEN = formatEnrollmentToken({
  id: '0011223344556677',
  secret: new Uint8Array(16).fill(9),
  algorithm: COLLECTOR_KEYS.algorithm,
  collectorKey: COLLECTOR_KEYS.publicKey,
})

export class FakeParent {
  readonly collector: FakeCollector
  #server: Server | null = null
  #close: () => void = () => {}
  #port = 0

  constructor() {
    const clock = new FakeClock(createRealWorld().clock.wallMs())
    this.collector = new FakeCollector(clock, new SimNetwork({ clock }))
    this.collector.habits.welcome = (welcome) => ({ ...welcome, identityKey: NATION_KEY })
    onTestFinished(() => this.leave())
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** At the same port each time. */
  async come(): Promise<void> {
    const server = createServer()
    const listener = attachLinkListener({
      server,
      isSecure: false,
      admit: () => ({ status: 'admitted' }),
      onConnection: (socket) => this.collector.accept(socket),
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    this.#port = typeof address === 'object' && address !== null ? address.port : 0
    this.#server = server
    this.#close = () => listener.close()
  }

  leave(): void {
    this.#close()
    this.#server?.close()
    this.#server?.closeAllConnections()
    this.#server = null
  }
}
