/**
 * A path between two ends that a test can cut: connections are taken on a port of its own and go to
 * one of the targets, in turn; a target that takes none is passed over, as any TCP balancer does.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export class Relay implements AsyncDisposable {
  readonly #targets: () => readonly number[]
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #turn = 0
  #isCut = false
  #port = 0

  /** Ports on this machine. */
  constructor(targets: () => readonly number[]) {
    this.#targets = targets
    this.#server = createServer((near) => {
      this.#keep(near)
      const ports = this.#targets()
      this.#turn += 1
      const inTurn = ports.map((_, at) => ports[(this.#turn + at) % ports.length] ?? 0)
      if (!this.#isCut) this.#open(near, inTurn)
    })
  }

  static async start(targets: () => readonly number[]): Promise<Relay> {
    const relay = new Relay(targets)
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    const address = relay.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the relay has no port')
    relay.#port = address.port
    return relay
  }

  get port(): number {
    return this.#port
  }

  /** From now on nothing passes and nothing ends: what is sent is never answered. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) {
      socket.unpipe()
      socket.pause()
    }
  }

  /** What was open is reset, as after a long silence; new connections pass. */
  mend(): void {
    this.#isCut = false
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #open(near: Socket, [port, ...others]: readonly number[]): void {
    if (port === undefined) {
      near.destroy()
      return
    }
    const far = connect(port, '127.0.0.1')
    const next = () => this.#open(near, others)
    far.once('error', next)
    far.once('connect', () => {
      far.off('error', next)
      this.#keep(far)
      near.pipe(far)
      far.pipe(near)
      near.once('close', () => far.destroy())
      far.once('close', () => near.destroy())
    })
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
