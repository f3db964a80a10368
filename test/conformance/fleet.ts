/**
 * A small fleet in a store, built through the port alone: sites, enrolled nodes with a session,
 * cards, and time booked run by run as the fold would book it.
 */
import { hourStartMs, type NodeFacts, type RunName, runCode } from '@yiben/shared'
import type { LedgerInstant } from '../../collector/src/model/card-count.ts'
import type { NodeId, SessionGeneration, UnitId } from '../../collector/src/model/ids.ts'
import type { DeviceProfile, UnitRow } from '../../collector/src/model/inventory.ts'
import type { OutboxEntry } from '../../collector/src/model/ledger.ts'
import type { SiteTerms } from '../../collector/src/model/site.ts'
import type {
  OpenNode,
  OpenUnit,
  OpenWindow,
  StoredRun,
  UnitHour,
} from '../../collector/src/model/timeline.ts'
import type {
  AdmitUnit,
  FactsCommit,
  IngestCommit,
  TokenRow,
} from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'

/** 2026-03-01 00:00 UTC. */
export const T0 = Date.UTC(2026, 2, 1)
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const LATER = T0 + 1_000 * HOUR

/** A change of deposits that changes nothing, to be filled in. */
export const NO_DECISION = {
  openings: [],
  closings: [],
  rewindows: [],
  models: [],
  decidedAtMs: T0,
  outbox: [],
} as const

export const H800: DeviceProfile = {
  vendor: 'nvidia',
  name: 'NVIDIA H800',
  memoryTotalMib: 81_559,
  powerCapWatts: 700,
}

/** The ledger of an instant, with the lengths that the API asks for. */
export function instantOf(asOfMs: number, knownAtMs = LATER): LedgerInstant {
  return {
    asOfMs,
    knownAtMs,
    connectedWithinMs: 24 * HOUR,
    lapsedAfterMs: 720 * HOUR,
    settledLagMs: 2 * MINUTE,
  }
}

export interface TestNode {
  readonly nodeId: NodeId
  readonly siteCode: string
  generation: SessionGeneration
  readonly epoch: string
  watermark: number
  units: readonly UnitRow[]
  open: OpenNode
}

export function terms(changes: Partial<SiteTerms> = {}): SiteTerms {
  return {
    operatorCode: '91110000MA01OPER11',
    operatorName: 'Operator',
    ownerCode: null,
    ownerName: null,
    regionCode: '110108',
    keep: [],
    validFromMs: T0 - 1_000 * HOUR,
    validToMs: null,
    ...changes,
  }
}

export function note(kind: OutboxEntry['kind'], atMs = T0): OutboxEntry {
  return { kind, atMs, payload: { note: kind, amount: '12', list: [1, 2], inner: { ok: true } } }
}

export function enrollToken(siteCode: string, changes: Partial<TokenRow> = {}): TokenRow {
  return {
    tokenId: `t-${siteCode}`,
    kind: 'enroll',
    secretHash: 'hash',
    siteCode,
    role: null,
    regionCode: null,
    cidr: null,
    usesLeft: null,
    createdAtMs: T0 - HOUR,
    expiresAtMs: LATER,
    revokedAtMs: null,
    ...changes,
  }
}

export function hourOf(unitId: UnitId, hourMs: number, changes: Partial<UnitHour> = {}): UnitHour {
  return {
    unitId,
    hourMs,
    busyMs: 0,
    allocatedMs: 0,
    occupiedMs: 0,
    freeMs: 0,
    faultyMs: 0,
    unknownMs: 0,
    classBMs: 0,
    activeMs: 0,
    givenMs: 0,
    samplesExpected: 0,
    samplesGot: 0,
    samplesZero: 0,
    samplesBelowTenth: 0,
    samplesUtilization: 0,
    utilizationSumPermille: 0,
    utilizationMaxPermille: null,
    memoryUsedMibMax: null,
    energyJoules: null,
    temperatureCelsiusMax: null,
    ...changes,
  }
}

export class Fleet {
  readonly store: Store
  #nodes = 0

  constructor(store: Store) {
    this.store = store
  }

  async site(code: string, changes: Partial<SiteTerms> = {}): Promise<void> {
    await this.store.putSite({ code, name: `Site ${code}`, terms: terms(changes), outbox: [] })
    await this.store.createToken(enrollToken(code), [])
  }

  /** An enrolled node with an open session and no units yet. */
  async node(siteCode: string, name = `node-${this.#nodes + 1}`): Promise<TestNode> {
    this.#nodes += 1
    const nodeId = `n-${this.#nodes.toString(16).padStart(16, '0')}` as NodeId
    const enrolled = await this.store.enrollNode({
      tokenId: `t-${siteCode}`,
      secretHash: 'hash',
      remoteAddress: '10.0.0.1',
      nodeId,
      nodeName: name,
      algorithm: 1,
      publicKey: `key-${name}`,
      fingerprint: `print-${name}`,
      joinState: 1,
      nowMs: T0,
    })
    if (enrolled.status !== 'enrolled') throw new Error(enrolled.status)
    const epoch = `epoch-${name}`
    const open = emptyOpen(nodeId, epoch)
    const node: TestNode = {
      nodeId,
      siteCode,
      generation: 0 as SessionGeneration,
      epoch,
      watermark: 0,
      units: [],
      open,
    }
    await this.connect(node)
    return node
  }

  async connect(node: TestNode, nowMs = T0): Promise<void> {
    const state = await this.store.loadNode(node.nodeId)
    const joinState = state?.node.joinState ?? 0
    const opened = await this.store.openSession({
      nodeId: node.nodeId,
      expectedJoinState: joinState,
      presentedJoinState: joinState,
      nextJoinState: joinState + 1,
      epoch: node.epoch,
      previousEpoch: null,
      collectorInstance: 'c1',
      remoteAddress: '10.0.0.1',
      agentVersion: '0.1.0',
      bootId: 'boot-1',
      nowMs,
    })
    if (opened.status !== 'opened') throw new Error(opened.status)
    node.generation = opened.generation
  }

  /** Shows `hashes.length` cards; the first booked instant is `atMs`. */
  async cards(node: TestNode, hashes: readonly string[], atMs = T0): Promise<readonly UnitRow[]> {
    const units = hashes.map((hash, index) => admit(index, hash, atMs))
    const result = await this.store.commitFacts(factsCommit(node, units, { receivedAtMs: atMs }))
    if (result.status !== 'committed') throw new Error(result.status)
    node.watermark += 1
    node.units = result.units
    node.open = { ...node.open, timelineEndMs: atMs, units: [] }
    return result.units
  }

  /** A site with one node of `count` cards. */
  async start(siteCode: string, count = 1): Promise<TestNode> {
    await this.site(siteCode)
    const node = await this.node(siteCode)
    const hashes = Array.from({ length: count }, (_, index) => `${node.nodeId}-${index}`)
    await this.cards(node, hashes)
    return node
  }

  /** Books one code for all cards of the node from its timeline's end to `toMs`. */
  async book(
    node: TestNode,
    name: RunName,
    toMs: number,
    extra: Partial<IngestCommit> & { readonly recordedAtMs?: number | null } = {},
  ): Promise<void> {
    const { recordedAtMs = null, ...rest } = extra
    const commit = { ...bookCommit(node, name, toMs, recordedAtMs), ...rest }
    const [result] = await this.store.commitIngest([commit])
    if (result?.status !== 'committed') throw new Error(result?.status ?? 'no result')
    node.watermark = commit.watermark
    node.open = { ...commit.open, changeSeq: result.changeSeq }
  }

  /** Books one run after the other. */
  async bookRuns(node: TestNode, runs: readonly (readonly [RunName, number])[]): Promise<void> {
    for (const [name, toMs] of runs) await this.book(node, name, toMs)
  }
}

export function emptyOpen(nodeId: NodeId, epoch: string): OpenNode {
  return {
    nodeId,
    epoch,
    bootId: 'boot-1',
    factsRevision: 1,
    timelineEndMs: T0,
    units: [],
    policy: null,
    cpu: null,
    changeSeq: 0,
  }
}

export function bookCommit(
  node: TestNode,
  name: RunName,
  toMs: number,
  recordedAtMs: number | null = null,
): IngestCommit {
  const code = runCode(name)
  const closedRuns: StoredRun[] = []
  const fromMs = node.open.timelineEndMs
  const units = node.units.map(({ unitId }, index): OpenUnit => {
    const before = node.open.units.find((unit) => unit.unitId === unitId)
    const goesOn =
      before !== undefined && before.runCode === code && before.runRecordedAtMs === recordedAtMs
    if (before !== undefined && !goesOn && before.runStartMs < fromMs) {
      closedRuns.push({
        unitId,
        startMs: before.runStartMs,
        endMs: fromMs,
        code: before.runCode,
        recordedAtMs: before.runRecordedAtMs,
      })
    }
    return {
      unitId,
      index,
      runStartMs: goesOn ? before.runStartMs : fromMs,
      runCode: code,
      runRecordedAtMs: recordedAtMs,
      window: windowOf(name, before?.window ?? null, fromMs, toMs),
      depositable: true,
      withheld: null,
      consentEnds: { count: 0, latest: [] },
      evidence: 'A',
      hour: hourOf(unitId, hourStartMs(toMs - 1)),
    }
  })
  return {
    ...commitBase(node),
    // As of a writer that has just looked.
    open: { ...node.open, timelineEndMs: toMs, units, changeSeq: 0 },
    closedRuns,
    unitHours: [],
    nodeHours: [],
    closedWindows: [],
    refused: [],
    silencesEnded: [],
    silencesBegun: [],
    dirtyHours: [],
    clockSteps: [],
    leaseRecords: [],
    conflicts: [],
    outbox: [],
  }
}

export function factsCommit(
  node: TestNode,
  units: readonly AdmitUnit[],
  changes: Partial<FactsCommit> = {},
): FactsCommit {
  return {
    ...commitBase(node),
    facts: facts(),
    receivedAtMs: T0,
    units,
    ended: [],
    silencesBegun: [],
    silencesEnded: [],
    conflicts: [],
    expectedClaims: [],
    outbox: [],
    ...changes,
  }
}

export function admit(index: number, hash: string, validFromMs = T0): AdmitUnit {
  return {
    index,
    kind: 'card',
    parentIndex: null,
    profile: H800,
    sharePpm: 1_000_000,
    driverVersion: '550.54',
    identities: [{ keyNumber: 1, hash, strength: 'strong' }],
    acceleratorId: null,
    unitId: null,
    validFromMs,
  }
}

function commitBase(node: TestNode) {
  return {
    nodeId: node.nodeId,
    sessionGeneration: node.generation,
    epoch: node.epoch,
    expectedWatermark: node.watermark,
    watermark: node.watermark + 1,
    watermarkHash: (node.watermark + 1).toString(16).padStart(64, '0'),
  }
}

function windowOf(
  name: RunName,
  before: OpenWindow | null,
  fromMs: number,
  toMs: number,
): OpenWindow | null {
  if (name !== 'free/proven') return null
  if (before === null) {
    return { startMs: fromMs, ageStartMs: fromMs, provenToMs: toMs, provenMs: toMs - fromMs }
  }
  return { ...before, provenToMs: toMs, provenMs: before.provenMs + toMs - fromMs }
}

function facts(): NodeFacts {
  return {
    revision: 1,
    atMs: T0,
    agentVersion: '0.1.0',
    bootId: 'boot-1',
    operatingSystem: 'Linux',
    kernel: null,
    architecture: 'x64',
    cpuModel: null,
    cpuCores: 128,
    memoryTotalMib: null,
    virtualization: 'none',
    ownerKind: 'none',
    units: [],
    probes: [],
  }
}
