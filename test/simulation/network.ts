/**
 * The network of the simulated world: one line per node, which can be slow, cut (both ends hear of
 * it) or silent (nobody is told). A program that has died neither dials nor hears any more.
 */
import {
  AppError,
  type Clock,
  type DialTarget,
  type Duplex,
  type Network,
  type Random,
} from '@yiben/shared'
import type { SimProcess } from '../support/sim-scheduler.ts'
import { createSimPair, type SimPair } from '../support/sim-socket.ts'

export type LineState = 'up' | 'cut' | 'silent'

/** Where the lines end: whoever listens there now. */
export class SimHub {
  #listener: ((socket: Duplex) => void) | null = null
  readonly lines: SimLine[] = []

  listen(listener: ((socket: Duplex) => void) | null): void {
    this.#listener = listener
    // Sockets of a program that has died are closed by its operating system.
    if (listener === null) for (const line of this.lines) line.cutAll()
  }

  get listener(): ((socket: Duplex) => void) | null {
    return this.#listener
  }
}

interface OpenPair {
  readonly pair: SimPair
  readonly owner: SimProcess
}

export class SimLine {
  state: LineState = 'up'
  /** One way, ms: at least this, and up to as much again by chance. */
  delayMs = 1
  readonly #hub: SimHub
  readonly #clock: Clock
  readonly #random: Random
  readonly #address: string
  #open: OpenPair[] = []

  /** `clock` is that of the network, which outlives every program. */
  constructor(
    hub: SimHub,
    options: { readonly clock: Clock; readonly random: Random; readonly address: string },
  ) {
    this.#hub = hub
    this.#clock = options.clock
    this.#random = options.random
    this.#address = options.address
    hub.lines.push(this)
  }

  setState(state: LineState): void {
    this.state = state
    if (state === 'cut') this.cutAll()
    if (state === 'silent') this.#silenceAll()
  }

  cutAll(): void {
    const open = this.#open
    this.#open = []
    for (const { pair } of open) pair.cut()
  }

  /** The program is gone: its sockets are closed, or with the power nobody is told. */
  leave(owner: SimProcess, isPowerLost: boolean): void {
    const own = this.#open.filter((one) => one.owner === owner)
    this.#open = this.#open.filter((one) => one.owner !== owner)
    for (const { pair } of own) {
      if (isPowerLost) pair.halfOpen()
      else pair.cut()
    }
  }

  networkOf(owner: SimProcess): Network {
    return { dial: (target) => this.#dial(target, owner) }
  }

  #dial(target: DialTarget, owner: SimProcess): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const isSilent = this.state === 'silent'
      this.#clock.after(isSilent ? target.timeoutMs : this.#drawDelayMs(), () => {
        if (!owner.isAlive) return
        const { listener } = this.#hub
        if (isSilent || this.state !== 'up' || listener === null) {
          reject(new AppError('connection_failed', `nobody answers at ${target.url}`))
          return
        }
        const pair = createSimPair({
          clock: this.#clock,
          delayMs: () => this.#drawDelayMs(),
          clientAddress: this.#address,
        })
        this.#open.push({ pair, owner })
        listener(pair.server)
        resolve(pair.client)
      })
    })
  }

  #silenceAll(): void {
    for (const { pair } of this.#open) pair.halfOpen()
    this.#open = []
  }

  #drawDelayMs(): number {
    return Math.round(this.delayMs * (1 + this.#random.fraction()))
  }
}
