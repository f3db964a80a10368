/**
 * The one way to time, randomness, ids, timers and sockets. Nothing else calls `Date.now`,
 * `performance.now`, `Math.random`, `setTimeout`, `setInterval` or `randomUUID`, so that the whole
 * system can run as a deterministic simulation. Disk paths are arguments; the simulated world
 * gives every node a folder of its own.
 */
import type { Duplex } from './link/socket.ts'

export interface Timer {
  /** Harmless when it has already fired. */
  cancel(): void
}

export interface Clock {
  /** UTC epoch milliseconds as the operating system tells; may jump either way. */
  wallMs(): number
  /** Milliseconds since an arbitrary start of this process; never goes back, stops for no step. */
  monotonicMs(): number
  /** Calls `run` once after at least `delayMs`. Does not keep the process alive by itself. */
  after(delayMs: number, run: () => void): Timer
}

export interface Random {
  /** Uniform in [0, 1). For jitter, never for secrets. */
  fraction(): number
  /** Cryptographically strong in the real world, seeded in the simulated one. */
  bytes(length: number): Uint8Array
}

/** How to reach a collector. `ca` is for TLS; a proxy speaks HTTP CONNECT. */
export interface DialTarget {
  readonly url: string
  readonly subprotocol: string
  /** The authorities that are trusted, PEM; `null`: the system's. */
  readonly ca: string | null
  /** What this side shows of itself in TLS, PEM; `null`, or left out: nothing. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string } | null
  /** Also without TLS to other machines. Left out: no. */
  readonly allowsPlainText?: boolean
  readonly proxyUrl: string | null
  readonly timeoutMs: number
}

export interface Network {
  /** Opens one outbound connection; rejects with `connection_failed`. */
  dial(target: DialTarget): Promise<Duplex>
}

export interface World {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
}

/** Resolves after `delayMs`; rejects with the signal's reason when aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = () => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Random bytes as lower-case hex: ids of epochs, instances, nodes. */
export function randomHex(random: Random, bytes: number): string {
  return Buffer.from(random.bytes(bytes)).toString('hex')
}
