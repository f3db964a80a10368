/**
 * From what a lane answered and what the owner says to one row per unit. Pure. A unit the answer
 * leaves out has a row too: nothing was read of it, and the row says why.
 */
import type { RunCode, UnitReading } from '@yiben/shared'
import { runCode, spanCode, stateOf } from '@yiben/shared'
import type { Possession } from '../owners/owner.ts'
import type { ProbeFailure, ProbeSample } from '../probes/probe.ts'
import { type ApprovedBaseline, type BaselineKey, baselineFor } from '../verdict/baseline.ts'
import type { SampleRow } from '../verdict/cutter.ts'
import type { Thresholds } from '../verdict/thresholds.ts'
import { type Verdict, verdictOf } from '../verdict/verdict.ts'
import type { IndexedUnit } from './facts.ts'
import { isProblemOf } from './units.ts'

const MIB = 1024 * 1024

/** What verdicts rest on besides the reading; the same for all units of a node. */
export interface JudgeContext {
  readonly thresholds: Thresholds
  readonly hostPidNamespace: boolean
  readonly approvedBaselines: readonly ApprovedBaseline[]
}

export interface JudgedUnit {
  readonly unit: IndexedUnit
  readonly verdict: Verdict
  readonly reading: UnitReading | null
  readonly possession: Possession
  readonly row: SampleRow
}

export interface JudgeInput {
  readonly units: readonly IndexedUnit[]
  readonly result: ProbeSample | ProbeFailure
  /** By unit id; a unit left out is unproven. */
  readonly possession: ReadonlyMap<string, Possession>
  readonly periodMs: number
}

const UNPROVEN: Possession = {
  status: 'unproven',
  sentence: 'The owner probe did not answer for this card.',
}

export function judge(context: JudgeContext, input: JudgeInput): JudgedUnit[] {
  const { result } = input
  const readings = new Map(
    result.status === 'ok' ? result.readings.map((reading) => [reading.key, reading]) : [],
  )
  const judged = input.units.map((unit) => {
    const reading = readings.get(unit.unit.key) ?? null
    const possession = input.possession.get(unit.id) ?? UNPROVEN
    const missing = reading === null ? missingBecause(unit, result) : null
    return judgeUnit(context, { unit, reading, possession, missing, periodMs: input.periodMs })
  })
  return judged.map((one) => freeOnlyWhole(one, judged))
}

/**
 * A cut card is free only if all its slices are (C6); nothing can run on the rest. What it is
 * otherwise its own reading says.
 */
function freeOnlyWhole(card: JudgedUnit, judged: readonly JudgedUnit[]): JudgedUnit {
  if (stateOf(card.verdict.code) !== 'free' || card.unit.unit.kind !== 'card') return card
  const { key } = card.unit.unit
  const codes = judged
    .filter(({ unit: { unit } }) => unit.kind === 'slice' && unit.parentKey === key)
    .map(({ verdict }) => verdict.code)
    .filter((code) => stateOf(code) !== 'free')
  const [first, ...others] = codes
  if (first === undefined) return card
  const verdict = {
    ...card.verdict,
    code: others.reduce(spanCode, first),
    sentence: 'Quiet itself, but a slice that is cut out of it is not free.',
  }
  return { ...card, verdict, row: { ...card.row, verdict } }
}

/** Units of which nothing can be read now, whatever their probe says: paused, hung, no driver. */
export function judgeUnread(
  context: JudgeContext,
  unit: IndexedUnit,
  missing: Missing,
  periodMs: number,
): JudgedUnit {
  return judgeUnit(context, { unit, reading: null, possession: UNPROVEN, missing, periodMs })
}

export interface Missing {
  readonly code: RunCode
  readonly sentence: string
}

interface UnitInput {
  readonly unit: IndexedUnit
  readonly reading: UnitReading | null
  readonly possession: Possession
  readonly missing: Missing | null
  readonly periodMs: number
}

function judgeUnit(context: JudgeContext, input: UnitInput): JudgedUnit {
  const { unit, reading, possession, missing } = input
  const verdict = verdictOf({
    reading,
    readingProblem: missing?.code ?? null,
    offers: unit.unit.offers,
    // What the bank has been given is measured as it is; whether it is lent decides the rest.
    possession: isBanks(possession) ? { status: 'nobody' } : possession,
    baseline: baselineFor(baselineKeyOf(unit), context.approvedBaselines),
    hostPidNamespace: context.hostPidNamespace,
    thresholds: context.thresholds,
  })
  const told = missing === null ? verdict : { ...verdict, sentence: missing.sentence }
  const row = {
    index: unit.index,
    verdict: told,
    reading,
    given: possession.status === 'given',
    isBanks: isBanks(possession) && possession.by === 'scheduler',
    periodMs: input.periodMs,
  }
  return { unit, verdict: told, reading, possession, row }
}

type Given = Extract<Possession, { readonly status: 'given' }>

function isBanks(possession: Possession): possession is Given {
  return possession.status === 'given' && possession.toBank
}

export function baselineKeyOf({ unit }: IndexedUnit): BaselineKey {
  return {
    vendor: unit.vendor,
    name: unit.name,
    memoryTotalMib: unit.memoryTotalBytes === null ? null : Math.round(unit.memoryTotalBytes / MIB),
    driverVersion: unit.driverVersion,
    kind: unit.kind,
  }
}

function missingBecause(unit: IndexedUnit, result: ProbeSample | ProbeFailure): Missing {
  if (unit.problem !== null) return unit.problem
  if (result.status === 'failed') {
    return { code: runCode('unknown/probe'), sentence: result.sentence }
  }
  const problem = result.problems.find((candidate) => isProblemOf(candidate, unit.unit))
  return {
    code: runCode('unknown/probe'),
    sentence: problem?.sentence ?? 'The vendor tool answered and left this card out.',
  }
}
