/**
 * One life of the bank's parts over the store of a world: what a collector's process would run, without
 * its gateway. A mutant spoils one thing of it; a crash ends it before or after a write.
 */
import { silentLogger } from '@yiben/shared'
import { Bank } from '../../collector/src/bank/bank.ts'
import { Bookings } from '../../collector/src/bank/bookings.ts'
import { CapacityFollower } from '../../collector/src/bank/capacity-follower.ts'
import { Draws } from '../../collector/src/bank/draws.ts'
import { Leases } from '../../collector/src/bank/lease-follower.ts'
import type { SwapPlanner } from '../../collector/src/bank/lease-swap.ts'
import { Settler } from '../../collector/src/bank/settler.ts'
import { SteadyClock } from '../../collector/src/bank/steady-clock.ts'
import { Sequencer } from '../../collector/src/journal/sequencer.ts'
import type { NodeId } from '../../collector/src/model/ids.ts'
import type { NodeLink } from '../../collector/src/model/node-link.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { LOTS, QUICK } from '../collector/bank/ledger-rig.ts'
import { type FakeClock, FakeRandom } from '../support/fake-clock.ts'

export const TIME_ZONE = 'Asia/Shanghai'
/** What is said to be free of each site at any time. */
export const QUANTILES = { p50: 4, p80: 3, p95: 2 }
const KIND = LOTS.kindOf({
  vendor: 'nvidia',
  name: 'NVIDIA H800',
  memoryTotalMib: 81_559,
  powerCapWatts: 700,
})

export const MODEL = KIND.model

/** Spoils one thing of a collector. */
export interface Spoiling {
  readonly store?: (store: Store) => Store
  readonly link?: (link: NodeLink) => NodeLink
  readonly swaps?: SwapPlanner
  /** The bank's own now. */
  readonly nowMs?: (clock: FakeClock, steadyMs: () => number) => number
}

/** When its process dies: at its `write`th write of draws, before or after it has its effect. */
export interface Death {
  readonly write: number
  readonly isBefore: boolean
}

export interface LifeOptions {
  readonly store: Store
  readonly clock: FakeClock
  readonly link: NodeLink
  readonly spoiling: Spoiling
  readonly isAccused: () => boolean
  readonly isSuspended: (nodeId: NodeId) => boolean
  readonly seed: number
}

export class Life {
  readonly bank: Bank
  readonly draws: Draws
  readonly leases: Leases
  readonly bookings: Bookings
  readonly settler: Settler
  readonly sequencer: Sequencer
  /** UTC epoch ms. */
  readonly bornMs: number
  readonly died = Promise.withResolvers<'dead'>()
  #death: Death | null = null
  #isDead = false
  #writes = 0

  constructor(options: LifeOptions) {
    const { clock, isAccused, isSuspended, seed, spoiling } = options
    const store = this.#mortal(spoiling.store?.(options.store) ?? options.store)
    const link = spoiling.link?.(options.link) ?? options.link
    const steady = new SteadyClock({ clock, isAccused })
    const steadyMs = () => steady.nowMs()
    const nowMs = () => spoiling.nowMs?.(clock, steadyMs) ?? steadyMs()
    const clockAccusation = () => (isAccused() ? {} : null)
    const depositsSuspended = () => false
    const common = { store, clock, logger: silentLogger }
    this.bornMs = clock.wallMs()
    this.bank = new Bank({
      ...common,
      random: new FakeRandom(seed),
      liveness: { isSuspended, depositsSuspended, clockAccusation, clockOffsetMs: () => 0 },
      lots: LOTS,
      settings: QUICK,
    })
    this.draws = new Draws({
      ...common,
      nowMs,
      link,
      capacity: new CapacityFollower({ ...common, lots: LOTS, hubOf: () => null }),
      lots: LOTS,
      forecast: () => null,
      guards: {
        isRecovering: () => false,
        clockAccusation,
        depositsSuspended,
        isSuspended,
        needsFence: (siteCode) => this.leases.needsFence(siteCode),
      },
      proofMsMax: 90_000,
      onCommitted: (draw) => this.leases.drawCommitted(draw),
    })
    this.leases = new Leases({
      ...common,
      nowMs,
      link,
      guards: { depositsSuspended, clockAccusation, isRecovering: () => false },
      lotIdOf: (nodeId, profile) => LOTS.idOf(nodeId, LOTS.kindOf(profile)),
      swaps: spoiling.swaps ?? this.draws.swaps,
    })
    this.bookings = new Bookings({
      ...common,
      desk: this.draws.desk,
      nowMs,
      pools: () => ({ freeQuantiles: () => QUANTILES }),
      kindsAt: () => [KIND],
    })
    this.settler = new Settler({ ...common, timeZone: TIME_ZONE })
    this.sequencer = new Sequencer(common)
  }

  arm(death: Death): void {
    this.#writes = 0
    this.#death = death
  }

  disarm(): void {
    this.#death = null
  }

  /** From its death on the process asks nothing and hears nothing. */
  #mortal(store: Store): Store {
    return new Proxy(store, {
      get: (inner, name) => {
        const method: unknown = Reflect.get(inner, name)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]): Promise<unknown> => {
          if (this.#isDead) return NEVER
          const isLast = name === 'commitDraws' && this.#isLastWrite()
          if (isLast && this.#death?.isBefore === true) return this.#die()
          const result: unknown = await Reflect.apply(method, inner, args)
          return isLast ? this.#die() : result
        }
      },
    })
  }

  #isLastWrite(): boolean {
    if (this.#death === null) return false
    this.#writes += 1
    return this.#writes === this.#death.write
  }

  #die(): Promise<never> {
    this.#isDead = true
    this.died.resolve('dead')
    return NEVER
  }
}

const NEVER = new Promise<never>(() => {})
