/**
 * Whether the owner consents to the deposit of a unit now, and if it is not depositable, why. Pure.
 *
 * `consentProblem` decides the `depositable` bit of a record: what the owner configured, did or
 * left open on this node. What the unit is doing is no part of it: the collector judges that from
 * the states. `depositProblem` adds that part, for the person who asks `status`.
 */
import type { IdentityStrength, RunCode } from '@yiben/shared'
import { isInside, runName, stateOf } from '@yiben/shared'
import type { AgentConfig } from '../config.ts'
import type { CutterUnit } from '../verdict/cutter.ts'
import { type IndexedUnit, identitiesOf } from './facts.ts'
import type { LiveUnit } from './live-units.ts'
import type { OwnerOrders } from './owner-orders.ts'

/** In the order in which they are looked for; the first that holds is shown. */
const DEPOSIT_REASONS = [
  'consent_off',
  'paused',
  'reclaimed',
  'outside_calendar',
  'weak_identity',
  'clock_wrong',
  'not_free',
  'window_young',
] as const
export type DepositReason = (typeof DEPOSIT_REASONS)[number]

export interface DepositProblem {
  readonly reason: DepositReason
  /** One sentence for the administrator. */
  readonly sentence: string
  /** Since when, where the reason itself knows; else the first time it was seen. */
  readonly sinceMs: number | null
}

export interface ConsentInput {
  readonly deposit: AgentConfig['deposit']
  /** Whether the deposit calendar covers `atMs`; true where there is none. */
  readonly isInsideCalendar: boolean
  /** On the node's timeline: UTC. */
  readonly atMs: number
  readonly pausedSinceMs: number | null
  readonly reclaimedSinceMs: number | null
  /** Of the unit's ids. */
  readonly strongestIdentity: IdentityStrength
}

/** DESIGN 2.1: a node whose clock is this far off is not depositable; the collector judges it. */
const CLOCK_OFFSET_MS_MAX = 5_000

function consentProblem(input: ConsentInput): DepositProblem | null {
  const { deposit } = input
  if (!deposit.enabled) {
    return problem('consent_off', 'Deposits are off in the configuration (deposit_enabled).')
  }
  if (input.pausedSinceMs !== null) {
    return problem('paused', 'The agent is paused on this node.', input.pausedSinceMs)
  }
  if (input.reclaimedSinceMs !== null) {
    return problem('reclaimed', 'Taken back with `reclaim` on this node.', input.reclaimedSinceMs)
  }
  if (!input.isInsideCalendar) {
    return problem('outside_calendar', 'The deposit calendar does not cover this moment.')
  }
  if (input.strongestIdentity !== 'strong') {
    return problem(
      'weak_identity',
      `The card is known by its ${input.strongestIdentity} only, not by an id of its silicon.`,
    )
  }
  return null
}

export interface DepositInput extends ConsentInput {
  /** State at the last sample; `null` before the first. */
  readonly code: RunCode | null
  readonly stateSinceMs: number | null
  /** Why the unit is in this state. */
  readonly sentence: string | null
  /** Collector's time minus ours; `null` while it has not been measured. */
  readonly clockOffsetMs: number | null
}

/** Everything that stands between the unit and a deposit, the first of it. */
export function depositProblem(input: DepositInput): DepositProblem | null {
  const consent = consentProblem(input)
  if (consent !== null) return consent
  const { clockOffsetMs } = input
  if (clockOffsetMs !== null && Math.abs(clockOffsetMs) > CLOCK_OFFSET_MS_MAX) {
    const seconds = (clockOffsetMs / 1000).toFixed(1)
    return problem('clock_wrong', `The node's clock is ${seconds} s off the collector's.`)
  }
  if (input.code === null) return problem('not_free', 'Nothing has been read of this unit yet.')
  if (stateOf(input.code) !== 'free') {
    const sentence = `${runName(input.code)}: ${input.sentence ?? 'no reason told.'}`
    return problem('not_free', sentence, input.stateSinceMs)
  }
  const freeMs = input.atMs - (input.stateSinceMs ?? input.atMs)
  if (freeMs < input.deposit.minFreeMs) {
    const left = Math.ceil((input.deposit.minFreeMs - freeMs) / 60_000)
    return problem(
      'window_young',
      `Free, but not for long enough: ${left} min to go.`,
      input.stateSinceMs,
    )
  }
  return null
}

function problem(
  reason: DepositReason,
  sentence: string,
  sinceMs: number | null = null,
): DepositProblem {
  return { reason, sentence, sinceMs }
}

export interface Now {
  readonly atMs: number
  readonly live: LiveUnit | null
  readonly offsetMs: number | null
}

/** The owner's consent for the units of one node, and since when each of them lacks something. */
export class Consent {
  readonly #deposit: AgentConfig['deposit']
  readonly #orders: OwnerOrders
  readonly #since = new Map<string, { readonly reason: DepositReason; readonly sinceMs: number }>()

  #calendarAtMs: number | null = null
  #isInsideCalendar = false

  constructor(deposit: AgentConfig['deposit'], orders: OwnerOrders) {
    this.#deposit = deposit
    this.#orders = orders
  }

  /** Units with their `depositable` bit as of now. */
  cutterUnits(units: readonly IndexedUnit[], atMs: number): CutterUnit[] {
    this.#look(atMs)
    return units.map((unit) => ({
      index: unit.index,
      depositable: consentProblem(this.#inputOf(unit, atMs)) === null,
    }))
  }

  /** What stands between the unit and a deposit, and since when as far as this process has seen. */
  problem(unit: IndexedUnit, { atMs, live, offsetMs }: Now): DepositProblem | null {
    this.#look(atMs)
    const found = depositProblem({
      ...this.#inputOf(unit, atMs),
      code: live?.code ?? null,
      stateSinceMs: live?.sinceMs ?? null,
      sentence: live?.verdict.sentence ?? null,
      clockOffsetMs: offsetMs,
    })
    if (found === null) {
      this.#since.delete(unit.id)
      return null
    }
    const before = this.#since.get(unit.id)
    const sinceMs = found.sinceMs ?? (before?.reason === found.reason ? before.sinceMs : atMs)
    this.#since.set(unit.id, { reason: found.reason, sinceMs })
    return { ...found, sinceMs }
  }

  /** Units that are gone are forgotten. */
  keepOnly(units: readonly IndexedUnit[]): void {
    const ids = new Set(units.map(({ id }) => id))
    for (const id of this.#since.keys()) if (!ids.has(id)) this.#since.delete(id)
  }

  /** Time zones are slow to ask: once per instant, for all units. */
  #look(atMs: number): void {
    const { calendar } = this.#deposit
    if (this.#calendarAtMs === atMs) return
    this.#calendarAtMs = atMs
    this.#isInsideCalendar = calendar === null || isInside(calendar, atMs)
  }

  #inputOf(unit: IndexedUnit, atMs: number): ConsentInput {
    return {
      deposit: this.#deposit,
      isInsideCalendar: this.#isInsideCalendar,
      atMs,
      pausedSinceMs: this.#orders.pausedSinceMs,
      reclaimedSinceMs: this.#orders.reclaimedSinceMs(unit.id),
      strongestIdentity: identitiesOf(unit.unit)[0]?.strength ?? 'slot',
    }
  }
}
