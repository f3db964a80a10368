/**
 * Who may open a connection: so many at once, and so many of one address that have not proven who
 * they are. A handshake that succeeds gives its token back, so that any number of agents behind one
 * address can connect (C25: 500 within a minute) while somebody who only knocks runs out of tokens.
 * Pure but for its counts; time is an argument.
 */
import { addressRangeOf } from '../inventory/liveness-judge.ts'

export interface GatewayLimits {
  readonly connectionsMax: number
  /** Unproven handshakes of one address at once, and the size of its bucket. */
  readonly handshakesPerAddressMax: number
}

/** An empty bucket is full again after this long: who knocks in vain is let in rarely. */
const REFILL_MS = 600_000
/** Addresses remembered; the fullest are forgotten first. */
const ADDRESSES_MAX = 100_000

export type LimitResult =
  | { readonly status: 'admitted' }
  | {
      readonly status: 'refused'
      readonly code: 'connection_limit' | 'handshake_limit'
      readonly sentence: string
      readonly retryAfterSeconds: number
    }

interface Bucket {
  tokens: number
  atMs: number
}

export class ConnectionLimits {
  readonly #limits: GatewayLimits
  readonly #buckets = new Map<string, Bucket>()
  #connections = 0

  constructor(limits: GatewayLimits) {
    this.#limits = limits
  }

  get connections(): number {
    return this.#connections
  }

  /** What `enter` would say; takes nothing. */
  check(address: string, nowMs: number): LimitResult {
    if (this.#connections >= this.#limits.connectionsMax) {
      const sentence = `${this.#connections} connections are open, which is the most`
      return { status: 'refused', code: 'connection_limit', sentence, retryAfterSeconds: 30 }
    }
    if (this.#bucketOf(address, nowMs).tokens < 1) {
      const sentence = 'too many connections of this address have not proven who they are'
      return { status: 'refused', code: 'handshake_limit', sentence, retryAfterSeconds: 60 }
    }
    return { status: 'admitted' }
  }

  /** Takes a connection and a token; both are given back by `leave` and `proven`. */
  enter(address: string, nowMs: number): LimitResult {
    const result = this.check(address, nowMs)
    if (result.status === 'refused') return result
    this.#connections += 1
    this.#bucketOf(address, nowMs).tokens -= 1
    return result
  }

  /** The handshake has succeeded. */
  proven(address: string, nowMs: number): void {
    const bucket = this.#bucketOf(address, nowMs)
    bucket.tokens = Math.min(this.#limits.handshakesPerAddressMax, bucket.tokens + 1)
  }

  leave(): void {
    this.#connections -= 1
  }

  #bucketOf(address: string, nowMs: number): Bucket {
    // One subscriber has a whole /64 of IPv6, but shares nothing with the neighbours in IPv4.
    const key = address.includes(':') ? addressRangeOf(address) : address
    const full = this.#limits.handshakesPerAddressMax
    const bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      if (this.#buckets.size >= ADDRESSES_MAX) this.#forgetFull(nowMs)
      const fresh = { tokens: full, atMs: nowMs }
      this.#buckets.set(key, fresh)
      return fresh
    }
    const refilled = (full * (nowMs - bucket.atMs)) / REFILL_MS
    bucket.tokens = Math.min(full, bucket.tokens + refilled)
    bucket.atMs = nowMs
    return bucket
  }

  /** A full bucket says no more than none; without any full one the oldest half goes. */
  #forgetFull(nowMs: number): void {
    for (const [key, bucket] of this.#buckets) {
      const refilled = (this.#limits.handshakesPerAddressMax * (nowMs - bucket.atMs)) / REFILL_MS
      if (bucket.tokens + refilled >= this.#limits.handshakesPerAddressMax) {
        this.#buckets.delete(key)
      }
    }
    if (this.#buckets.size < ADDRESSES_MAX) return
    let left = ADDRESSES_MAX / 2
    for (const key of this.#buckets.keys()) {
      if (left <= 0) break
      this.#buckets.delete(key)
      left -= 1
    }
  }
}
