/** What a feed is made of in its suite: hours, counts, a child that tells. */
import {
  type ChildRecord,
  type CollectorReport,
  type CountsReport,
  encodeChildRecord,
  type HourReport,
  type SiteReport,
} from '@yiben/shared'
import { expect } from 'vitest'
import type { ChildId, SessionGeneration } from '../../collector/src/model/ids.ts'
import type { Bucket } from '../../collector/src/model/ledger.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { H800, HOUR, note, T0, terms } from './fleet.ts'

export const ORIGIN = 'aa'.repeat(32)
export const CHILD = 'bb'.repeat(32)

export function bucketOf(version: number, knownAtMs: number, siteCode = 'BJ-01'): Bucket {
  return {
    hourMs: T0,
    siteCode,
    ownerCode: '',
    profile: H800,
    version,
    knownAtMs,
    cards: 1,
    busyMs: 3_000_000n,
    allocatedMs: 0n,
    occupiedMs: 0n,
    freeMs: 600_000n,
    faultyMs: 0n,
    unknownMs: 0n,
    lentMs: 0n,
    depositedMs: 0n,
    activeMs: 5n,
    givenMs: 0n,
    energyJoules: 7n,
    samplesExpected: 360n,
    samplesGot: 360n,
    samplesZero: 0n,
    samplesBelowTenth: 0n,
  }
}

export async function seal(store: Store, version: number, buckets: readonly Bucket[]) {
  const { mark } = await store.readHour(T0)
  const knownAtMs = T0 + (2 + version) * HOUR
  const write = { hourMs: T0, expectedMark: mark, version, knownAtMs, buckets }
  const result = await store.writeBuckets({ ...write, outbox: [note('hour_sealed', knownAtMs)] })
  expect(result.status).toBe('written')
}

export function madeHour(busyMs: bigint): Omit<HourReport, 'version'> {
  const { hourMs, knownAtMs, profile, siteCode, version, ...figures } = bucketOf(0, T0)
  const { name, vendor, memoryTotalMib, powerCapWatts } = profile
  const told = { ...figures, name, vendor, memoryTotalMib, powerCapWatts, busyMs }
  return {
    origin: ORIGIN,
    siteCode,
    hourMs,
    sealVersion: version,
    knownAtMs: knownAtMs + HOUR,
    buckets: [told],
  }
}

export function madeCounts(cards: number): Omit<CountsReport, 'version'> {
  const { name, vendor, memoryTotalMib, powerCapWatts } = H800
  const group = {
    ownerCode: '',
    name,
    vendor,
    memoryTotalMib,
    powerCapWatts,
    connection: 'connected' as const,
    state: 'free' as const,
    isDeposited: false,
    isSchedulerRead: true,
  }
  return {
    origin: ORIGIN,
    siteCode: 'BJ-01',
    atMs: T0,
    counts: [{ ...group, cards }],
    nodes: [],
  }
}

export const SELF: Omit<CollectorReport, 'version'> = {
  origin: ORIGIN,
  name: 'self',
  parentOrigin: null,
  programVersion: '0.1.0',
  awaySinceMs: null,
}

/** A child with a session that tells these records, one after the other. */
export async function childTelling(store: Store) {
  const childId = 'c-1' as ChildId
  await store.addChild(
    {
      childId,
      name: 'child',
      algorithm: 1,
      publicKey: CHILD,
      regionCode: null,
      isOneWay: false,
      fingerprint: '',
      joinState: 0,
      previousJoinState: 0,
      status: 'active',
      enrolledAtMs: T0,
    },
    [],
  )
  const epoch = 'ab'.repeat(16)
  const opened = await store.openChildSession({
    childId,
    expectedJoinState: 0,
    presentedJoinState: 0,
    nextJoinState: 1,
    fingerprint: '',
    epoch,
    previousEpoch: null,
    remoteAddress: '10.0.0.9',
    programVersion: '0.1.0',
    lastSeq: 0,
    nowMs: T0,
  })
  const generation: SessionGeneration = opened.status === 'opened' ? opened.generation : never()
  let watermark = 0
  return async (...records: readonly Exclude<ChildRecord, { kind: 'checkpoint' }>[]) => {
    const result = await store.commitChild({
      childId,
      generation,
      epoch,
      expectedWatermark: watermark,
      watermark: watermark + records.length,
      watermarkHash: 'ee'.repeat(32),
      records: records.map((record, index) => ({
        seq: watermark + index + 1,
        bytes: encodeChildRecord(record),
        result: { status: 'ok', record },
      })),
      ownOrigin: ORIGIN,
      receivedAtMs: T0 + HOUR,
    })
    expect(result).toEqual({ status: 'committed', refused: [] })
    watermark += records.length
  }
}

function never(): never {
  throw new Error('a session was opened')
}

export function childSite(origin: string, siteCode: string, number: number): SiteReport {
  const { keep: _keep, ...told } = terms()
  return {
    origin,
    version: { generation: 3, number },
    siteCode,
    name: `of ${siteCode}`,
    terms: [told],
    declared: [],
  }
}
