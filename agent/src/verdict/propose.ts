/**
 * Proposes idle baselines from cards seen empty. Pure; a person approves (DESIGN 2.1, C13).
 * It promises that one reading changes nothing: every card counts with a median over 5 minutes,
 * a lower value needs 3 cards and stays at or above half the shipped value, the value of a new
 * driver or model needs 8 cards that agree within 64 MiB.
 */
import type { ApprovedBaseline, BaselineKey, BaselineVerdict } from './baseline.ts'
import { baselineFor, shippedFor } from './baseline.ts'
import type { Thresholds } from './thresholds.ts'
import { baselineBytesMax, memorySlackBytes } from './thresholds.ts'

const MIB = 1024 * 1024
const MEDIAN_SPAN_MS = 5 * 60_000
/** At the slowest cadence, 60 s, five minutes hold five readings. */
const MEDIAN_SAMPLES_MIN = 5
const CARDS_MIN_LOWERED = 3
const CARDS_MIN_NEW = 8
const NEW_SPREAD_BYTES_MAX = 64 * MIB
/** A smaller difference than this changes no verdict, the slack being 256 MiB. */
const LOWERED_BYTES_MIN = 64 * MIB
/** Who gathers observations keeps at most this many readings of a card: 10 minutes at 1 s. */
export const OBSERVATION_SAMPLES_MAX = 600

/** A reading of one unit, taken quiet and with an explicitly empty, complete process list. */
export interface EmptyReading {
  readonly atMs: number
  readonly memoryUsedBytes: number
  readonly powerWatts: number | null
}

/** One unit over a while; readings in order of time, only the last 5 minutes count. */
export interface BaselineObservation extends BaselineKey {
  /** Tells units apart, so that one card is counted once; stays on the node. */
  readonly unitKey: string
  readonly readings: readonly EmptyReading[]
}

export interface BaselineProposal {
  /** `lowered`: the fleet shows less than the value in force. `new`: a driver or model needs one. */
  readonly kind: 'lowered' | 'new'
  readonly baseline: ApprovedBaseline
  /** Units the value was seen on. */
  readonly cards: number
  readonly sentence: string
}

interface CardMedian {
  readonly memoryBytes: number
  readonly powerWatts: number | null
}

/** One proposal at most per (model, memory, driver, kind), in order of first appearance. */
export function proposeBaselines(
  observations: readonly BaselineObservation[],
  approved: readonly ApprovedBaseline[],
  thresholds: Thresholds,
): BaselineProposal[] {
  const proposals: BaselineProposal[] = []
  for (const group of groupByKey(observations)) {
    const medians = [...mediansByCard(group.observations).values()].sort(
      (one, other) => one.memoryBytes - other.memoryBytes,
    )
    const inForce = baselineFor(group.key, approved)
    const proposal =
      proposeNew(group.key, medians, inForce, thresholds) ??
      proposeLowered(group.key, medians, inForce)
    if (proposal !== null) proposals.push(proposal)
  }
  return proposals
}

interface Group {
  readonly key: BaselineKey
  readonly observations: BaselineObservation[]
}

function groupByKey(observations: readonly BaselineObservation[]): Iterable<Group> {
  const groups = new Map<string, Group>()
  for (const observation of observations) {
    const { vendor, name, memoryTotalMib, driverVersion, kind } = observation
    const id = JSON.stringify([vendor, name, memoryTotalMib, driverVersion, kind])
    const group = groups.get(id)
    if (group !== undefined) group.observations.push(observation)
    else {
      const key = { vendor, name, memoryTotalMib, driverVersion, kind }
      groups.set(id, { key, observations: [observation] })
    }
  }
  return groups.values()
}

function mediansByCard(observations: readonly BaselineObservation[]): Map<string, CardMedian> {
  const medians = new Map<string, CardMedian>()
  for (const { unitKey, readings } of observations) {
    const median = cardMedian(readings)
    if (median !== null) medians.set(unitKey, median)
  }
  return medians
}

/** The median of the last 5 minutes; `null` when the readings do not span that long. */
function cardMedian(readings: readonly EmptyReading[]): CardMedian | null {
  const first = readings.at(0)
  const last = readings.at(-1)
  if (first === undefined || last === undefined) return null
  if (last.atMs - first.atMs < MEDIAN_SPAN_MS) return null
  const recent = readings.filter(({ atMs }) => atMs > last.atMs - MEDIAN_SPAN_MS)
  if (recent.length < MEDIAN_SAMPLES_MIN) return null
  const memoryBytes = median(recent.map((reading) => reading.memoryUsedBytes))
  if (memoryBytes === null) return null
  const watts = recent.map((reading) => reading.powerWatts).filter((value) => value !== null)
  return { memoryBytes, powerWatts: median(watts) }
}

/** The upper of the two middle values where their number is even: a value that was read. */
function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}

/** No value of the site for this driver, and what is in force does not hold for its empty cards. */
function proposeNew(
  key: BaselineKey,
  medians: readonly CardMedian[],
  inForce: BaselineVerdict,
  thresholds: Thresholds,
): BaselineProposal | null {
  if (inForce.basis === 'approved') return null
  const cluster = lowestCluster(medians)
  const highest = cluster.at(-1)
  if (highest === undefined) return null
  const totalBytes = key.memoryTotalMib === null ? null : key.memoryTotalMib * MIB
  const limitBytes = inForce.idleMemoryBytesMax + memorySlackBytes(thresholds, totalBytes)
  if (highest.memoryBytes <= limitBytes) return null
  if (highest.memoryBytes > baselineBytesMax(thresholds, totalBytes)) return null
  return {
    kind: 'new',
    baseline: baselineOf(key, inForce, highest.memoryBytes, cluster),
    cards: cluster.length,
    sentence: `${cluster.length} empty cards show at most ${mib(highest.memoryBytes)} MiB with this driver, within ${mib(NEW_SPREAD_BYTES_MAX)} MiB of each other; ${mib(inForce.idleMemoryBytesMax)} MiB is in force.`,
  }
}

/**
 * The lowest group of enough cards that agree: where eight cards show little and eight show more,
 * the first are empty and the others are not.
 */
function lowestCluster(sorted: readonly CardMedian[]): readonly CardMedian[] {
  for (const [index, lowest] of sorted.entries()) {
    const cluster = sorted
      .slice(index)
      .filter(({ memoryBytes }) => memoryBytes - lowest.memoryBytes <= NEW_SPREAD_BYTES_MAX)
    if (cluster.length >= CARDS_MIN_NEW) return cluster
  }
  return []
}

/** All empty cards seen stay below the value in force: the highest of them takes its place. */
function proposeLowered(
  key: BaselineKey,
  medians: readonly CardMedian[],
  inForce: BaselineVerdict,
): BaselineProposal | null {
  const highest = medians.at(-1)
  if (highest === undefined || medians.length < CARDS_MIN_LOWERED) return null
  const shippedBytes = (shippedFor(key) ?? inForce).idleMemoryBytesMax
  const memoryBytes = Math.max(highest.memoryBytes, Math.ceil(shippedBytes / 2))
  if (memoryBytes > inForce.idleMemoryBytesMax - LOWERED_BYTES_MIN) return null
  return {
    kind: 'lowered',
    baseline: baselineOf(key, inForce, memoryBytes, medians),
    cards: medians.length,
    sentence: `${medians.length} empty cards show at most ${mib(highest.memoryBytes)} MiB over 5 minutes; ${mib(inForce.idleMemoryBytesMax)} MiB is in force, and half the shipped value is the least.`,
  }
}

function baselineOf(
  key: BaselineKey,
  inForce: BaselineVerdict,
  idleMemoryBytesMax: number,
  medians: readonly CardMedian[],
): ApprovedBaseline {
  const watts = medians.map((one) => one.powerWatts).filter((value) => value !== null)
  return {
    ...key,
    idleMemoryBytesMax,
    idlePowerWattsMax: watts.length === 0 ? inForce.idlePowerWattsMax : Math.max(...watts),
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB)
}
