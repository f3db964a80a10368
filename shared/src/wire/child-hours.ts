/** Hours and counts of a child collector on the wire: what groups of its cards did, and how they are. */
import type {
  CountsReport,
  HourReport,
  ReportedBucket,
  ReportedCount,
  ReportedNodeCount,
} from '../model/child-record.ts'
import { HOUR_MS } from '../model/interval.ts'
import { STATES } from '../model/state.ts'
import {
  checkOnce,
  code,
  packProfile,
  packReported,
  unpackProfile,
  unpackReported,
} from './child-fields.ts'
import {
  boundedList,
  countNumber,
  numberOfWord,
  refuseField,
  text,
  timeMs,
  wholeNumber,
  wordAt,
} from './fields.ts'
import type { yiben } from './generated/link.js'
import { SITE_GROUPS_MAX, TEXT_SHORT_BYTES_MAX } from './limits.ts'

/** As they stand on the wire, for ever: a new figure is a new one at the end. */
const TIME_FIGURES = [
  'busyMs',
  'allocatedMs',
  'occupiedMs',
  'freeMs',
  'faultyMs',
  'unknownMs',
  'lentMs',
] as const satisfies readonly (keyof ReportedBucket)[]
const FIGURES = [
  ...TIME_FIGURES,
  'depositedMs',
  'activeMs',
  'givenMs',
  'energyJoules',
  'samplesExpected',
  'samplesGot',
  'samplesZero',
  'samplesBelowTenth',
] as const satisfies readonly (keyof ReportedBucket)[]
const CONNECTIONS = ['connected', 'not_connected', 'lapsed'] as const
const UINT32 = { min: 0, max: 0xffff_ffff }

export function packHour(hour: HourReport): yiben.v1.HourReport.$Properties {
  return {
    reported: packReported(hour),
    siteCode: hour.siteCode,
    hourMs: hour.hourMs,
    sealVersion: hour.sealVersion,
    knownAtMs: hour.knownAtMs,
    buckets: hour.buckets.map((bucket) => ({
      ownerCode: bucket.ownerCode,
      profile: packProfile(bucket),
      cards: bucket.cards,
      figures: FIGURES.map((figure) => Number(bucket[figure])),
    })),
  }
}

export function unpackHour(message: yiben.v1.HourReport.$Shape): HourReport {
  const hourMs = timeMs(message.hourMs, 'hour.hour_ms')
  if (hourMs % HOUR_MS !== 0) refuseField('hour.hour_ms', `is ${hourMs}, no full hour`)
  const buckets = boundedList(message.buckets, 'hour.buckets', SITE_GROUPS_MAX).map(unpackBucket)
  checkOnce(buckets, (bucket) => [bucket.ownerCode, profileKey(bucket)], 'hour.buckets')
  return {
    ...unpackReported(message.reported),
    siteCode: code(message.siteCode, 'hour.site_code'),
    hourMs,
    sealVersion: wholeNumber(message.sealVersion, 'hour.seal_version', UINT32),
    knownAtMs: timeMs(message.knownAtMs, 'hour.known_at_ms'),
    buckets,
  }
}

function unpackBucket(message: yiben.v1.ReportedBucket.$Shape): ReportedBucket {
  const told = message.figures ?? []
  // More of them are of a newer child; fewer are none of ours.
  if (told.length < FIGURES.length || told.length > 2 * FIGURES.length) {
    refuseField('bucket.figures', `are ${told.length}, not ${FIGURES.length}`)
  }
  const figures = Object.fromEntries(
    FIGURES.map((figure, place) => [figure, BigInt(countNumber(told[place], `bucket.${figure}`))]),
  ) as Record<(typeof FIGURES)[number], bigint>
  const cards = wholeNumber(message.cards, 'bucket.cards', UINT32)
  const bookedMs = TIME_FIGURES.reduce((sum, figure) => sum + figures[figure], 0n)
  if (bookedMs > BigInt(cards) * BigInt(HOUR_MS)) {
    refuseField('bucket.figures', `book ${bookedMs} ms, more than ${cards} cards have in an hour`)
  }
  return {
    ownerCode: text(message.ownerCode, 'bucket.owner_code', TEXT_SHORT_BYTES_MAX),
    ...unpackProfile(message.profile),
    cards,
    ...figures,
  }
}

export function packCounts(counts: CountsReport): yiben.v1.CountsReport.$Properties {
  return {
    reported: packReported(counts),
    siteCode: counts.siteCode,
    atMs: counts.atMs,
    counts: counts.counts.map((count) => ({
      ownerCode: count.ownerCode,
      profile: packProfile(count),
      connection: numberOfWord(count.connection, CONNECTIONS),
      state: count.state === null ? 0 : numberOfWord(count.state, STATES),
      deposited: count.isDeposited,
      schedulerRead: count.isSchedulerRead,
      cards: count.cards,
    })),
    nodes: counts.nodes.map((count) => ({
      ...count,
      connection: numberOfWord(count.connection, CONNECTIONS),
    })),
  }
}

export function unpackCounts(message: yiben.v1.CountsReport.$Shape): CountsReport {
  const counts = boundedList(message.counts, 'counts.counts', SITE_GROUPS_MAX).map(unpackCount)
  const nodes = boundedList(message.nodes, 'counts.nodes', SITE_GROUPS_MAX).map(unpackNodeCount)
  checkOnce(counts, ({ cards: _cards, ...group }) => Object.values(group), 'counts.counts')
  checkOnce(nodes, ({ connection, ownerCode }) => [ownerCode, connection], 'counts.nodes')
  return {
    ...unpackReported(message.reported),
    siteCode: code(message.siteCode, 'counts.site_code'),
    atMs: timeMs(message.atMs, 'counts.at_ms'),
    counts,
    nodes,
  }
}

function unpackCount(message: yiben.v1.ReportedCount.$Shape): ReportedCount {
  return {
    ownerCode: text(message.ownerCode, 'count.owner_code', TEXT_SHORT_BYTES_MAX),
    ...unpackProfile(message.profile),
    connection: wordAt(message.connection, 'count.connection', CONNECTIONS),
    state: (message.state ?? 0) === 0 ? null : wordAt(message.state, 'count.state', STATES),
    isDeposited: message.deposited ?? false,
    isSchedulerRead: message.schedulerRead ?? false,
    cards: wholeNumber(message.cards, 'count.cards', UINT32),
  }
}

function unpackNodeCount(message: yiben.v1.ReportedNodeCount.$Shape): ReportedNodeCount {
  return {
    ownerCode: text(message.ownerCode, 'node_count.owner_code', TEXT_SHORT_BYTES_MAX),
    connection: wordAt(message.connection, 'node_count.connection', CONNECTIONS),
    nodes: wholeNumber(message.nodes, 'node_count.nodes', UINT32),
    nodesWithoutCores: wholeNumber(
      message.nodesWithoutCores,
      'node_count.nodes_without_cores',
      UINT32,
    ),
    cores: countNumber(message.cores, 'node_count.cores'),
  }
}

function profileKey(bucket: ReportedBucket): readonly unknown[] {
  return [bucket.vendor, bucket.name, bucket.memoryTotalMib, bucket.powerCapWatts]
}
