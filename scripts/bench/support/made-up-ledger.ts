/**
 * A ledger file with a past, written through the storage port as ingest and bank write it: nodes of
 * eight cards of a few models at sites of many regions, each card in a state for some hours, its
 * long free windows deposited. Nothing is random but the seed.
 */
import {
  type DepositPolicy,
  HOUR_MS,
  hourStartMs,
  type NodeFacts,
  type RunCode,
  runCode,
} from '@yiben/shared'
import type { LedgerGeneration, NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import type { Deposit } from '../../../collector/src/model/ledger.ts'
import type { OpenUnit, StoredRun } from '../../../collector/src/model/timeline.ts'
import type { IngestCommit, LedgerState } from '../../../collector/src/storage/requests.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { NO_ENDS } from '../../../collector/src/timeline/consent.ts'
import { emptyHour } from '../../../collector/src/timeline/hours.ts'
import { CARDS, FIXED_START_MS, seededRandom } from './activity.ts'

const NODES_PER_SITE = 50
/** A window shorter than this is not deposited. */
const DEPOSIT_AFTER_MS = 15 * 60_000
const MODELS = ['NVIDIA H800', 'NVIDIA A800-SXM4-80GB', 'Ascend910B', 'NVIDIA GeForce RTX 4090']
const REGIONS = ['110108', '310115', '440305', '520115', '150102', '640502', '510104', '330106']
/** What a card does next, each as likely as it is often named. */
const STATES = [
  'busy/active',
  'busy/active',
  'occupied/in_use',
  'free/proven',
  'free/proven',
] as const
const FREE = runCode('free/proven')

export const MADE_UP_LEDGER: LedgerState = {
  generation: 1 as LedgerGeneration,
  origin: '0b'.repeat(16),
  openedAtMs: FIXED_START_MS,
  identityKeyNumber: 1,
  identityKey: '0c'.repeat(32),
  isDemo: true,
}

export interface MadeUpLedgerOptions {
  readonly path: string
  readonly cards: number
  readonly days: number
  /** On average, per card; 0: every card is free all along, and its owner lends it. */
  readonly changesPerDay: number
  readonly seed: number
}

export interface MadeUpLedger {
  readonly startMs: number
  readonly endMs: number
  readonly runs: number
  readonly deposits: number
}

export async function makeLedger(options: MadeUpLedgerOptions): Promise<MadeUpLedger> {
  const store = openSqliteStoreInProcess({
    path: options.path,
    newLedger: MADE_UP_LEDGER,
    // The time to make it is not what is measured.
    synchronous: 'OFF',
  })
  try {
    const maker = new LedgerMaker(store, options)
    const nodes = Math.ceil(options.cards / CARDS)
    for (let first = 0; first < nodes; first += NODES_PER_SITE) {
      await maker.addSite(first, Math.min(NODES_PER_SITE, nodes - first))
    }
    return maker.made
  } finally {
    await store.close()
  }
}

class LedgerMaker {
  readonly #store: Store
  readonly #options: MadeUpLedgerOptions
  readonly #random: () => number
  readonly #endMs: number
  #runs = 0
  #deposits = 0

  constructor(store: Store, options: MadeUpLedgerOptions) {
    this.#store = store
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#endMs = FIXED_START_MS + options.days * 24 * HOUR_MS
  }

  get made(): MadeUpLedger {
    const span = { startMs: FIXED_START_MS, endMs: this.#endMs }
    return { ...span, runs: this.#runs, deposits: this.#deposits }
  }

  /** A site with the nodes [first, first + count). */
  async addSite(first: number, count: number): Promise<void> {
    const siteCode = `BENCH-${first / NODES_PER_SITE}`
    await this.#putSite(siteCode, first)
    const commits: IngestCommit[] = []
    const free: FreeRun[] = []
    for (let number = first; number < first + count; number += 1) {
      const { base, units } = await this.#admit(number, siteCode)
      const lives = units.map(({ unitId }) => this.#runsOf(unitId))
      commits.push(this.#commitOf(base, lives))
      this.#runs += lives.flat().length
      free.push(...lives.flatMap((runs) => freeRuns(base.nodeId, runs)))
    }
    await this.#store.commitIngest(commits)
    await this.#deposit(free)
  }

  async #admit(number: number, siteCode: string) {
    const nodeId = `n-${number.toString(16).padStart(16, '0')}` as NodeId
    const base = await this.#join(nodeId, siteCode)
    const model = MODELS[number % MODELS.length] ?? 'NVIDIA H800'
    const admitted = await this.#store.commitFacts({
      ...base,
      expectedWatermark: 0,
      watermark: 1,
      facts: FACTS,
      receivedAtMs: FIXED_START_MS,
      units: Array.from({ length: CARDS }, (_, index) => ({
        index,
        kind: 'card',
        parentIndex: null,
        profile: { vendor: 'nvidia', name: model, memoryTotalMib: 81_559, powerCapWatts: 700 },
        sharePpm: 1_000_000,
        driverVersion: '550.54.15',
        identities: [{ keyNumber: 1, hash: `${nodeId}-${index}`, strength: 'strong' }],
        acceleratorId: null,
        unitId: null,
        validFromMs: FIXED_START_MS,
      })),
      ended: [],
      silencesBegun: [],
      silencesEnded: [],
      conflicts: [],
      expectedClaims: [],
      outbox: [],
    })
    if (admitted.status !== 'committed') throw new Error(`facts are ${admitted.status}`)
    return { base, units: admitted.units }
  }

  async #putSite(code: string, number: number): Promise<void> {
    const region = REGIONS[(number / NODES_PER_SITE) % REGIONS.length] ?? '110108'
    const terms = {
      operatorCode: '91110000MA01OPER11',
      operatorName: 'Operator',
      ownerCode: null,
      ownerName: null,
      regionCode: region,
      keep: [],
      validFromMs: FIXED_START_MS - HOUR_MS,
      validToMs: null,
    }
    await this.#store.putSite({ code, name: code, terms, outbox: [] })
    const token = {
      tokenId: code,
      kind: 'enroll',
      secretHash: 'bench',
      siteCode: code,
      role: null,
      regionCode: null,
      cidr: null,
      usesLeft: null,
      createdAtMs: FIXED_START_MS,
      expiresAtMs: FIXED_START_MS + HOUR_MS,
      revokedAtMs: null,
    } as const
    await this.#store.createToken(token, [])
  }

  async #join(nodeId: NodeId, siteCode: string) {
    const common = { nodeId, remoteAddress: '127.0.0.1', nowMs: FIXED_START_MS }
    await this.#store.enrollNode({
      ...common,
      tokenId: siteCode,
      secretHash: 'bench',
      nodeName: nodeId,
      algorithm: 1,
      publicKey: nodeId,
      fingerprint: nodeId,
      joinState: 1,
    })
    const opened = await this.#store.openSession({
      ...common,
      expectedJoinState: 1,
      presentedJoinState: 1,
      nextJoinState: 2,
      epoch: nodeId,
      previousEpoch: null,
      collectorInstance: 'bench',
      agentVersion: 'bench',
      bootId: 'bench',
    })
    if (opened.status !== 'opened') throw new Error(`the session is ${opened.status}`)
    const watermarkHash = '00'.repeat(32)
    return { nodeId, sessionGeneration: opened.generation, epoch: nodeId, watermarkHash }
  }

  #commitOf(base: NodeBase, lives: readonly (readonly StoredRun[])[]): IngestCommit {
    const open = {
      nodeId: base.nodeId,
      epoch: base.epoch,
      bootId: 'bench',
      factsRevision: 1,
      timelineEndMs: this.#endMs,
      units: lives.map((runs, index) => this.#openUnit(runs, index)),
      policy: this.#options.changesPerDay === 0 ? LENDING : null,
      cpu: null,
      changeSeq: 0,
    }
    return {
      ...base,
      expectedWatermark: 1,
      watermark: 2,
      open,
      closedRuns: lives.flatMap((runs) => runs.slice(0, -1)),
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

  /** Exponential lengths: an even chance to change in every minute. */
  #runsOf(unitId: UnitId): readonly StoredRun[] {
    if (this.#options.changesPerDay === 0) {
      const whole = { startMs: FIXED_START_MS, endMs: this.#endMs }
      return [{ unitId, ...whole, code: FREE, recordedAtMs: null }]
    }
    const meanMs = (24 * HOUR_MS) / this.#options.changesPerDay
    const runs: StoredRun[] = []
    let startMs = FIXED_START_MS
    while (startMs < this.#endMs) {
      const lengthMs = Math.max(10_000, Math.round(-Math.log(1 - this.#random()) * meanMs))
      const endMs = Math.min(this.#endMs, startMs + lengthMs)
      runs.push({ unitId, startMs, endMs, code: this.#codeAfter(runs), recordedAtMs: null })
      startMs = endMs
    }
    return runs
  }

  #codeAfter(runs: readonly StoredRun[]): RunCode {
    const others = STATES.map((name) => runCode(name)).filter((code) => code !== runs.at(-1)?.code)
    return others[Math.floor(this.#random() * others.length)] ?? FREE
  }

  #openUnit(runs: readonly StoredRun[], index: number): OpenUnit {
    const run = runs.at(-1)
    if (run === undefined) throw new Error('a card has done something')
    const { code, endMs, startMs, unitId } = run
    const provenMs = endMs - startMs
    return {
      unitId,
      index,
      runStartMs: startMs,
      runCode: code,
      runRecordedAtMs: null,
      window: code === FREE ? { startMs, ageStartMs: startMs, provenToMs: endMs, provenMs } : null,
      depositable: true,
      withheld: null,
      consentEnds: NO_ENDS,
      evidence: 'A',
      hour: emptyHour(unitId, hourStartMs(endMs)),
    }
  }

  /** One card's deposits follow one another: as many rounds as the busiest card has windows. */
  async #deposit(free: readonly FreeRun[]): Promise<void> {
    for (const round of roundsOf(free)) {
      const openings = round.map(openingOf)
      const closings = round
        .filter(({ run }) => run.endMs < this.#endMs)
        .map((one) => ({
          depositId: openingOf(one).depositId,
          closedAtMs: one.run.endMs,
          reason: 'window_ended' as const,
        }))
      const unmoved = { expectedCursor: 0, cursor: 0, decidedAtMs: this.#endMs }
      const change = { ...unmoved, rewindows: [], models: [], outbox: [] }
      await this.#store.commitDeposits({ ...change, openings, closings: [] })
      await this.#store.commitDeposits({ ...change, openings: [], closings })
      this.#deposits += openings.length
    }
  }
}

type NodeBase = Pick<IngestCommit, 'nodeId' | 'sessionGeneration' | 'epoch' | 'watermarkHash'>

interface FreeRun {
  readonly nodeId: NodeId
  readonly run: StoredRun
}

/** Those long enough to be deposited. */
function freeRuns(nodeId: NodeId, runs: readonly StoredRun[]): readonly FreeRun[] {
  return runs
    .filter((run) => run.code === FREE && run.endMs - run.startMs > DEPOSIT_AFTER_MS)
    .map((run) => ({ nodeId, run }))
}

/** The first window of every card, then the second, and so on. */
function roundsOf(free: readonly FreeRun[]): readonly (readonly FreeRun[])[] {
  const rounds: FreeRun[][] = []
  for (const own of Map.groupBy(free, ({ run }) => run.unitId).values()) {
    for (const [round, one] of own.entries()) {
      const others = rounds[round] ?? []
      others.push(one)
      rounds[round] = others
    }
  }
  return rounds
}

function openingOf({ nodeId, run }: FreeRun): Omit<Deposit, 'closedAtMs' | 'closeReason'> {
  return {
    depositId: `d-${run.unitId}-${run.startMs}`,
    unitId: run.unitId,
    nodeId,
    windowStartMs: run.startMs,
    openedAtMs: run.startMs + DEPOSIT_AFTER_MS,
    consentEndCount: 0,
  }
}

const LENDING: DepositPolicy = {
  version: 1,
  atMs: FIXED_START_MS,
  enabled: true,
  keepCardsPerNode: 0,
  minFreeMs: DEPOSIT_AFTER_MS,
  maxLeaseMs: 24 * HOUR_MS,
  calendar: null,
  handover: null,
}

const FACTS: NodeFacts = {
  revision: 1,
  atMs: FIXED_START_MS,
  agentVersion: 'bench',
  bootId: 'bench',
  operatingSystem: null,
  kernel: null,
  architecture: null,
  cpuModel: null,
  cpuCores: null,
  memoryTotalMib: null,
  virtualization: null,
  ownerKind: 'none',
  units: [],
  probes: [],
}
