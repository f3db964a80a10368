/**
 * What the ledger was told and does not believe by itself: a finding is one rule broken by one card
 * or one node, over the hours in which it was. It changes no figure; a person looks at it.
 */
import type { NodeId, UnitId } from './ids.ts'
import type { DeviceProfile } from './inventory.ts'
import type { OutboxEntry } from './ledger.ts'
import type { UnitHour } from './timeline.ts'

/** A rule is never renamed, only added; `plausibility/rules.ts` says when each is broken. */
export const IMPLAUSIBLE_RULES = [
  'idle_at_power',
  'busy_at_idle',
  'recording',
  'copied',
  'energy_above_cap',
  'not_its_model',
  'too_many_cards',
] as const
export type ImplausibleRule = (typeof IMPLAUSIBLE_RULES)[number]

/** While one of these stands uncleared against a card, no deposit of it is opened. */
export const WITHHOLDING_RULES: readonly ImplausibleRule[] = ['idle_at_power', 'recording']

/** A person's word holds so long: the same rule is not raised again on the same card or node. */
export const CLEARED_FOR_MS = 30 * 86_400_000

/** The figures a finding rests on, integers with their unit in the name. */
export type ImplausibleFigures = Readonly<Record<string, number>>

/** One hour in which a rule was broken. */
export interface ImplausibleHour {
  readonly rule: ImplausibleRule
  readonly nodeId: NodeId
  /** `null`: the node as a whole. */
  readonly unitId: UnitId | null
  readonly hourMs: number
  readonly figures: ImplausibleFigures
  /** Written where the hour begins a finding, and not where it goes on with one. */
  readonly outbox: readonly OutboxEntry[]
}

export interface Finding {
  readonly findingId: number
  readonly rule: ImplausibleRule
  readonly nodeId: NodeId
  readonly siteCode: string
  readonly unitId: UnitId | null
  /** From the first of the hours to the end of the last. */
  readonly sinceMs: number
  readonly untilMs: number
  readonly hours: number
  /** Of the last hour that was judged. */
  readonly figures: ImplausibleFigures
  readonly foundAtMs: number
  readonly clearedAtMs: number | null
  readonly clearedBy: string | null
  readonly clearedBecause: string | null
}

/** What an hour before looked the same in: the hour, the day, the week. */
export const REPEAT_LAGS_HOURS = [1, 24, 168] as const

/** A whole card in one sealed hour, as the rules look at it. */
export interface HourReading {
  readonly nodeId: NodeId
  readonly profile: DeviceProfile
  readonly hour: UnitHour
  /** Lag at which the two hours before are the same to the last figure; `null`: none. */
  readonly repeatsAfterHours: number | null
}
