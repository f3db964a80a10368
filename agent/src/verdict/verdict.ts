/**
 * One sample of one unit to one of the six measured states: the table of DESIGN 2.1, rule by rule,
 * the first that applies. Pure. It promises that `free` is reached only when activity, memory,
 * processes and possession were all read and all say so; whatever is missing ends in `unknown`.
 *
 * Two readings of the table are made explicit here:
 * - Memory in use or a process proves possession by itself, so `occupied` stands before
 *   `unknown/possession`: a loaded card is no riddle because nobody configured an owner.
 * - Where utilization is offered, `unknown` for a missing signal stands before `allocated`, as the
 *   table says; where it is not offered (evidence B), an allocation alone decides.
 */
import type { EvidenceClass, FaultyCause, RunCode, UnitReading } from '@yiben/shared'
import { ENGINES, runCode, stateOf, utilizationRatioMax } from '@yiben/shared'
import type { Possession } from '../owners/owner.ts'
import type { OfferedSignals } from '../probes/probe.ts'
import type { BaselineVerdict } from './baseline.ts'
import type { Thresholds } from './thresholds.ts'
import { baselineBytesMax, memorySlackBytes } from './thresholds.ts'

export interface VerdictInput {
  /** `null`: nothing was read of this unit at this sample. */
  readonly reading: UnitReading | null
  /** What is known of the unit besides a reading: passthrough, no driver, pause, a failed tool. */
  readonly readingProblem: RunCode | null
  readonly offers: OfferedSignals
  readonly possession: Possession
  readonly baseline: BaselineVerdict
  /** Only there is an empty process list complete: a container sees its own processes alone. */
  readonly hostPidNamespace: boolean
  readonly thresholds: Thresholds
}

export interface Verdict {
  readonly code: RunCode
  readonly evidence: EvidenceClass
  /** Highest engine, 0..1; `null` where none was read or the reading cannot be true. */
  readonly utilizationRatio: number | null
  /** Why the unit is in this state, one sentence for `status`. */
  readonly sentence: string
}

/** What a rule concludes; the rest of the verdict is the same for all. */
interface Finding {
  readonly code: RunCode
  readonly sentence: string
}

interface Facts extends VerdictInput {
  /** Highest engine that was read and can be true. */
  readonly ratio: number | null
  /** Offered and read, the compute engine included, and at or below the quiet threshold. */
  readonly isQuiet: boolean
}

type Rule = (facts: Facts) => Finding | null

/** In the order of DESIGN 2.1; the first that finds something decides. */
const RULES: readonly Rule[] = [
  busyByUtilization,
  busyByKernel,
  faultyByHealth,
  faultyByWithdrawal,
  standingProblem,
  unknownByMissingReading,
  allocatedByPossessionAlone,
  unknownByOutOfRange,
  unknownByMissingSignal,
  unknownByContradiction,
  busyGrey,
  allocated,
  occupiedByProcess,
  occupiedByMemory,
  unknownByPossession,
  occupiedByUnprovenBaseline,
  unknownByIncompleteProcessList,
]

export function verdictOf(input: VerdictInput): Verdict {
  const ratio = input.reading === null ? null : trueRatioMax(input.reading)
  const compute = input.reading?.utilization.compute ?? null
  const isQuiet =
    ratio !== null && compute !== null && ratio <= input.thresholds.utilizationQuietRatio
  const facts: Facts = { ...input, ratio, isQuiet }
  const finding = firstFinding(facts) ?? {
    code: runCode('free/proven'),
    sentence: 'Quiet, and nobody has it.',
  }
  return {
    ...finding,
    evidence: input.offers.utilization ? 'A' : 'B',
    utilizationRatio: ratio,
  }
}

function firstFinding(facts: Facts): Finding | null {
  for (const rule of RULES) {
    const finding = rule(facts)
    if (finding !== null) return finding
  }
  return null
}

function busyByUtilization({ ratio, thresholds }: Facts): Finding | null {
  if (ratio === null || ratio < thresholds.utilizationBusyRatio) return null
  return { code: runCode('busy/active'), sentence: `An engine is ${percent(ratio)} busy.` }
}

function busyByKernel({ reading, thresholds }: Facts): Finding | null {
  const ageMs = reading?.kernelAgeMs ?? null
  if (ageMs === null || ageMs < 0 || ageMs > thresholds.kernelAgeMsMax) return null
  const seconds = Math.round(thresholds.kernelAgeMsMax / 1000)
  return {
    code: runCode('busy/kernel'),
    sentence: `A kernel has run within the last ${seconds} s.`,
  }
}

/** "Vendor health not OK" includes a warning: such a card is not offered to anybody. */
function faultyByHealth({ reading }: Facts): Finding | null {
  if (reading === null) return null
  const { status, cause, detail } = reading.health
  if (status === 'ok' || status === 'unknown') return null
  const word = detail === null ? status : detail
  return {
    code: FAULTY_CODES[cause ?? 'health'],
    sentence: `The vendor's tool reports the health of the card as ${word}.`,
  }
}

const FAULTY_CODES: Readonly<Record<FaultyCause, RunCode>> = {
  health: runCode('faulty/health'),
  ecc: runCode('faulty/ecc'),
  fatal_error: runCode('faulty/fatal_error'),
  fallen_off_bus: runCode('faulty/fallen_off_bus'),
  no_driver: runCode('faulty/no_driver'),
  no_tool: runCode('faulty/no_tool'),
  reset_required: runCode('faulty/reset_required'),
  drained: runCode('faulty/drained'),
  maintenance: runCode('faulty/maintenance'),
}

function faultyByWithdrawal({ possession, readingProblem }: Facts): Finding | null {
  if (possession.status !== 'withdrawn') return null
  // The card's own fault says more than the owner's plan for it.
  if (readingProblem !== null && stateOf(readingProblem) === 'faulty') return null
  return {
    code: FAULTY_CODES[possession.cause],
    sentence: `Its owner has taken it out of service (${possession.cause}).`,
  }
}

/** What is known of the unit without a reading: faulty, passed through, paused, tool failed. */
function standingProblem({ readingProblem }: Facts): Finding | null {
  if (readingProblem === null) return null
  return { code: readingProblem, sentence: PROBLEM_SENTENCES[stateOf(readingProblem)] }
}

const PROBLEM_SENTENCES = {
  faulty: 'The card cannot be used as it is.',
  allocated: 'The card is passed through to a guest.',
  unknown: 'The card could not be read.',
  busy: 'The card is in use.',
  occupied: 'The card is in use.',
  free: 'Quiet, and nobody has it.',
} as const

function unknownByMissingReading({ reading }: Facts): Finding | null {
  if (reading !== null) return null
  return { code: runCode('unknown/probe'), sentence: 'The card could not be read.' }
}

/** Evidence B: where no utilization is offered, an allocation decides, whatever else was read. */
function allocatedByPossessionAlone(facts: Facts): Finding | null {
  return facts.offers.utilization ? null : allocated(facts)
}

/** Fields of power, temperature and the like may be missing; these may not. */
const REQUIRED_FIELD = /util|engine|compute|mem|proc/i

function unknownByOutOfRange({ reading, offers }: Facts): Finding | null {
  if (reading === null) return null
  const field =
    reading.outOfRange.find((name) => REQUIRED_FIELD.test(name)) ??
    (offers.utilization ? impossibleEngine(reading) : null) ??
    impossibleMemory(reading)
  if (field === null) return null
  return {
    code: runCode('unknown/out_of_range'),
    sentence: `The tool printed a value for ${field} that cannot be true.`,
  }
}

function impossibleEngine({ utilization }: UnitReading): string | null {
  for (const engine of ENGINES) {
    const ratio = utilization[engine] ?? null
    if (ratio !== null && !isRatio(ratio)) return `utilization of ${engine}`
  }
  return null
}

function impossibleMemory({ memoryUsedBytes, memoryTotalBytes }: UnitReading): string | null {
  if (memoryUsedBytes === null) return null
  if (!Number.isFinite(memoryUsedBytes) || memoryUsedBytes < 0) return 'memory used'
  return memoryTotalBytes !== null && memoryUsedBytes > memoryTotalBytes ? 'memory used' : null
}

/**
 * Required: the compute engine where utilization is offered, memory always (without it nobody can
 * tell a loaded model from an empty card), the process list where it is offered.
 */
function unknownByMissingSignal({ reading, offers }: Facts): Finding | null {
  if (reading === null) return null
  const compute = reading.utilization.compute ?? null
  if (offers.utilization && compute === null) return missingSignal('utilization')
  // A process that is there proves use without any memory figure.
  if (hasProcess(reading)) return null
  if (reading.memoryUsedBytes === null) return missingSignal('memory used')
  if (offers.processes && reading.processes === null) return missingSignal('the process list')
  return null
}

function missingSignal(what: string): Finding {
  return { code: runCode('unknown/missing_signal'), sentence: `The tool did not tell ${what}.` }
}

/** A quiet counter beside the power of a working card: one of the two is wrong. */
function unknownByContradiction(facts: Facts): Finding | null {
  const { reading, baseline, thresholds, isQuiet } = facts
  const watts = reading?.powerWatts ?? null
  const idleWatts = baseline.idlePowerWattsMax
  if (!isQuiet || watts === null || idleWatts === null) return null
  if (watts <= idleWatts * thresholds.contradictionPowerFactor) return null
  if (watts <= idleWatts + thresholds.contradictionPowerWatts) return null
  return {
    code: runCode('unknown/contradiction'),
    sentence: `Its counters say idle while it draws ${Math.round(watts)} W; an idle one draws at most ${Math.round(idleWatts)} W.`,
  }
}

function busyGrey({ ratio, thresholds }: Facts): Finding | null {
  if (ratio === null || ratio <= thresholds.utilizationQuietRatio) return null
  return { code: runCode('busy/grey'), sentence: `An engine is ${percent(ratio)} busy.` }
}

function allocated({ possession }: Facts): Finding | null {
  if (possession.status !== 'given') return null
  return possession.by === 'scheduler'
    ? { code: runCode('allocated/scheduler'), sentence: 'The scheduler has given it away.' }
    : { code: runCode('allocated/contract'), sentence: 'It is given away by contract now.' }
}

function occupiedByProcess({ reading }: Facts): Finding | null {
  if (reading === null || !hasProcess(reading)) return null
  return { code: runCode('occupied/in_use'), sentence: 'A process holds it.' }
}

/** Above an approved baseline, or above what any baseline may be: somebody's memory. */
function occupiedByMemory(facts: Facts): Finding | null {
  const excess = memoryExcess(facts)
  if (excess === null) return null
  const { reading, baseline, thresholds } = facts
  const isBeyondAnyBaseline =
    excess.usedBytes > baselineBytesMax(thresholds, reading?.memoryTotalBytes ?? null)
  if (baseline.basis !== 'approved' && !isBeyondAnyBaseline) return null
  return { code: runCode('occupied/in_use'), sentence: memorySentence(excess) }
}

function unknownByPossession({ possession }: Facts): Finding | null {
  if (possession.status !== 'unproven') return null
  return { code: runCode('unknown/possession'), sentence: possession.sentence }
}

/** C13: it may be a new driver's own memory or somebody's; a person decides, once per site. */
function occupiedByUnprovenBaseline(facts: Facts): Finding | null {
  const excess = memoryExcess(facts)
  if (excess === null) return null
  return {
    code: runCode('occupied/baseline_unproven'),
    sentence: `${memorySentence(excess)} No baseline is approved for this driver: see "yiben-agent baseline propose".`,
  }
}

/** Evidence B rests on the process list alone, so it must be there and be complete. */
function unknownByIncompleteProcessList(facts: Facts): Finding | null {
  if (facts.offers.utilization) return null
  if (facts.reading?.processes === null) return missingSignal('utilization or the process list')
  if (facts.hostPidNamespace) return null
  return {
    code: runCode('unknown/missing_signal'),
    sentence:
      'No utilization is offered, and the process list is complete only in the pid namespace of the host.',
  }
}

interface MemoryExcess {
  readonly usedBytes: number
  readonly idleBytes: number
}

/** Memory above baseline + slack, or `null` when it is at the baseline. */
function memoryExcess({ reading, baseline, thresholds }: Facts): MemoryExcess | null {
  const usedBytes = reading?.memoryUsedBytes ?? null
  if (reading === null || usedBytes === null) return null
  const idleBytes = baseline.idleMemoryBytesMax
  const limitBytes = idleBytes + memorySlackBytes(thresholds, reading.memoryTotalBytes)
  return usedBytes > limitBytes ? { usedBytes, idleBytes } : null
}

function memorySentence({ usedBytes, idleBytes }: MemoryExcess): string {
  return `${mib(usedBytes)} MiB are in use, ${mib(idleBytes)} MiB is idle.`
}

function hasProcess({ processes }: UnitReading): boolean {
  return processes !== null && processes.computeCount > 0
}

/** The highest engine among those whose value can be true; the others are named out of range. */
function trueRatioMax(reading: UnitReading): number | null {
  const kept = ENGINES.filter((engine) => isRatio(reading.utilization[engine] ?? null))
  return utilizationRatioMax(
    Object.fromEntries(kept.map((engine) => [engine, reading.utilization[engine] ?? null])),
  )
}

function isRatio(value: number | null): boolean {
  return value !== null && value >= 0 && value <= 1
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`
}

function mib(bytes: number): number {
  return Math.round(bytes / (1024 * 1024))
}
