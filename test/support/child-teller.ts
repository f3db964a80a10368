/**
 * A child of a ledger, by the storage port alone: enrolled, connected, and telling records of its own
 * ledger and of those below it, numbered as a feed numbers them.
 */
import {
  type ChildRecord,
  type CollectorReport,
  type CountsReport,
  HOUR_MS,
  type HourReport,
  type Identity,
  type NodeReport,
  type ReportedBucket,
  type ReportedCard,
  type ReportedCount,
  type SiteReport,
} from '@yiben/shared'
import type { ChildId, SessionGeneration } from '../../collector/src/model/ids.ts'
import type {
  CheckedChildRecord,
  NumberedChildRecord,
  RefusedChildRecord,
} from '../../collector/src/storage/children-store.ts'
import type { Store } from '../../collector/src/storage/store.ts'

export const OWN_ORIGIN = 'ee'.repeat(32)
export const CARD = {
  vendor: 'nvidia',
  name: 'NVIDIA H800',
  memoryTotalMib: 81_559,
  powerCapWatts: 700,
} as const

/** A ledger's key by a single digit or letter. */
export function originOf(digit: string): string {
  return digit.repeat(64)
}

export function strongId(name: string): Identity {
  const hash = Buffer.from(name.padEnd(32, '.').slice(0, 32)).toString('hex')
  return { keyNumber: 1, hash, strength: 'strong' }
}

export class ChildTeller {
  readonly store: Store
  readonly origin: string
  readonly childId: ChildId
  epoch: string
  generation = 0 as SessionGeneration
  watermark = 0
  /** Of the feed of each ledger that is told of. */
  #numbers = new Map<string, number>()
  /** Of the ledger: a restored one has a higher one. */
  life = 1

  constructor(store: Store, digit: string) {
    this.store = store
    this.origin = originOf(digit)
    this.childId = `c-${digit.repeat(16)}` as ChildId
    this.epoch = `epoch-${digit}`
  }

  async enroll(nowMs: number, regionCode: string | null = null): Promise<this> {
    const tokenId = `t-${this.childId}`
    await this.store.createToken(
      {
        tokenId,
        kind: 'child',
        secretHash: 'hash',
        siteCode: null,
        role: null,
        regionCode,
        cidr: null,
        usesLeft: 1,
        createdAtMs: nowMs,
        expiresAtMs: nowMs + 1_000 * HOUR_MS,
        revokedAtMs: null,
        childName: `child ${this.origin[0]}`,
      },
      [],
    )
    const enrolled = await this.store.enrollChild({
      tokenId,
      secretHash: 'hash',
      remoteAddress: '10.0.0.2',
      childId: this.childId,
      algorithm: 1,
      publicKey: this.origin,
      fingerprint: `print-${this.origin[0]}`,
      joinState: 0,
      nowMs,
    })
    if (enrolled.status !== 'enrolled') throw new Error(enrolled.status)
    return await this.connect(nowMs)
  }

  async connect(nowMs: number, lastSeq = this.watermark): Promise<this> {
    const child = await this.store.findChildByKey(1, this.origin)
    if (child === null) throw new Error('not enrolled')
    const opened = await this.store.openChildSession({
      childId: this.childId,
      expectedJoinState: child.joinState,
      presentedJoinState: child.joinState,
      nextJoinState: child.joinState + 1,
      fingerprint: child.fingerprint,
      epoch: this.epoch,
      previousEpoch: null,
      remoteAddress: '10.0.0.2',
      programVersion: '0.1.0',
      lastSeq,
      nowMs,
    })
    if (opened.status !== 'opened') throw new Error(opened.status)
    this.generation = opened.generation
    this.watermark = opened.epoch.watermark
    return this
  }

  heard(lastHeardMs: number): Promise<void> {
    const { childId, generation } = this
    return this.store.touchChildren([{ childId, generation, lastHeardMs }])
  }

  away(fromMs: number, declaredAtMs: number): Promise<void> {
    return this.store.beginChildSilences([{ childId: this.childId, fromMs, declaredAtMs }])
  }

  /** Tells all of it at one instant; answers what was refused. */
  async tell(
    receivedAtMs: number,
    records: readonly CheckedChildRecord[],
  ): Promise<readonly RefusedChildRecord[]> {
    const numbered = records.map(
      (record, index): NumberedChildRecord => ({
        seq: this.watermark + index + 1,
        bytes: new Uint8Array([index]),
        result: { status: 'ok', record },
      }),
    )
    const result = await this.store.commitChild({
      childId: this.childId,
      generation: this.generation,
      epoch: this.epoch,
      expectedWatermark: this.watermark,
      watermark: this.watermark + records.length,
      watermarkHash: 'ab'.repeat(32),
      records: numbered,
      ownOrigin: OWN_ORIGIN,
      receivedAtMs,
    })
    if (result.status !== 'committed') throw new Error(result.status)
    this.watermark += records.length
    return result.refused
  }

  version(origin = this.origin) {
    const number = (this.#numbers.get(origin) ?? 0) + 1
    this.#numbers.set(origin, number)
    return { generation: this.life, number }
  }

  collector(change: Partial<CollectorReport> = {}): ChildRecord & { kind: 'collector' } {
    const origin = change.origin ?? this.origin
    return {
      kind: 'collector',
      collector: {
        origin,
        version: this.version(origin),
        name: `collector ${origin[0]}`,
        parentOrigin: OWN_ORIGIN,
        programVersion: '0.1.0',
        awaySinceMs: null,
        ...change,
      },
    }
  }

  site(siteCode: string, change: Partial<SiteReport> = {}): ChildRecord & { kind: 'site' } {
    const origin = change.origin ?? this.origin
    const terms = {
      operatorCode: '91110000MA01OPER11',
      operatorName: 'Operator',
      ownerCode: null,
      ownerName: null,
      regionCode: '110108',
      validFromMs: 0,
      validToMs: null,
    }
    return {
      kind: 'site',
      site: {
        origin,
        version: this.version(origin),
        siteCode,
        name: `Site ${siteCode}`,
        terms: [terms],
        declared: [],
        ...change,
      },
    }
  }

  node(
    nodeId: string,
    siteCode: string,
    cards: readonly Partial<ReportedCard>[],
    change: Partial<NodeReport> = {},
  ): ChildRecord & { kind: 'node' } {
    const origin = change.origin ?? this.origin
    return {
      kind: 'node',
      node: {
        origin,
        version: this.version(origin),
        nodeId,
        name: nodeId,
        siteCode,
        isRevoked: false,
        cpuCores: 128,
        cards: cards.map((card, index) => ({
          unitNumber: index + 1,
          acceleratorNumber: index + 1,
          ...CARD,
          identities: [],
          validFromMs: 0,
          bookedToMs: null,
          endedReason: null,
          isCounted: true,
          isInConflict: false,
          ...card,
        })),
        ...change,
      },
    }
  }

  hour(
    siteCode: string,
    hourMs: number,
    buckets: readonly Partial<ReportedBucket>[],
    change: Partial<HourReport> = {},
  ): ChildRecord & { kind: 'hour' } {
    const origin = change.origin ?? this.origin
    return {
      kind: 'hour',
      hour: {
        origin,
        version: this.version(origin),
        siteCode,
        hourMs,
        sealVersion: 1,
        knownAtMs: hourMs + HOUR_MS,
        buckets: buckets.map(bucketOf),
        ...change,
      },
    }
  }

  counts(
    siteCode: string,
    atMs: number,
    counts: readonly Partial<ReportedCount>[],
    change: Partial<CountsReport> = {},
  ): ChildRecord & { kind: 'counts' } {
    const origin = change.origin ?? this.origin
    return {
      kind: 'counts',
      counts: {
        origin,
        version: this.version(origin),
        siteCode,
        atMs,
        counts: counts.map((count) => ({
          ownerCode: '91110000MA01OPER11',
          ...CARD,
          connection: 'connected',
          state: 'free',
          isDeposited: false,
          isSchedulerRead: false,
          cards: 1,
          ...count,
        })),
        nodes: [
          {
            ownerCode: '91110000MA01OPER11',
            connection: 'connected',
            nodes: 1,
            nodesWithoutCores: 0,
            cores: 128,
          },
        ],
        ...change,
      },
    }
  }
}

export function bucketOf(change: Partial<ReportedBucket> = {}): ReportedBucket {
  return {
    ownerCode: '91110000MA01OPER11',
    ...CARD,
    cards: 1,
    busyMs: 0n,
    allocatedMs: 0n,
    occupiedMs: 0n,
    freeMs: 0n,
    faultyMs: 0n,
    unknownMs: 0n,
    lentMs: 0n,
    depositedMs: 0n,
    activeMs: 0n,
    givenMs: 0n,
    energyJoules: 0n,
    samplesExpected: 0n,
    samplesGot: 0n,
    samplesZero: 0n,
    samplesBelowTenth: 0n,
    ...change,
  }
}
