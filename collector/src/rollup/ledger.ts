/**
 * The one ledger (一本账): every card at one instant, as stages side by side (DESIGN 6).
 *
 *   declared -> connected -> unknown | faulty | busy | allocated | occupied | free | lent -> deposited
 *
 * Pure. A card counts once, under its own timeline, cut into slices or not; of two claims in an
 * identity conflict the counted one: the store counts them so. The seven states and `untold` add up to connected. `untold` is
 * time past a node's live edge of which no silence has been declared: not free, not yet unknown;
 * asked for an instant two minutes back there is none. Deposited is a part of free.
 *
 * Beside the stages stands how well it is founded: connected cards by level of evidence
 * (evidence.ts), declarations above the catalogue's figure, and processor cores, which are never P.
 *
 * P is a bigint of nano-TFLOPS (10^12 are 1 P); unrated cards are counted and add nothing to it.
 */
import { assert, STATES } from '@yiben/shared'
import type { CardCount, NodeCount } from '../model/card-count.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { DeclaredCapacity } from '../model/site.ts'
import {
  type DeclaredExcess,
  type DeclaredSums,
  declaredExcesses,
  declaredSums,
  type ModelRates,
  type SitePlace,
} from './declared.ts'
import { EVIDENCE_LEVELS, type EvidenceLevel, evidenceLevelOf } from './evidence.ts'

export const LEDGER_GROUPINGS = [
  'total',
  'region',
  'hub',
  'cluster',
  'operator',
  'owner',
  'site',
  'vendor',
  'model',
] as const
export type LedgerGrouping = (typeof LEDGER_GROUPINGS)[number]

export const LEDGER_STAGES = ['connected', ...STATES, 'untold', 'deposited'] as const
export type LedgerStage = (typeof LEDGER_STAGES)[number]

export interface StageFigure {
  readonly cards: number
  readonly nanoTflops: bigint
  /** Of connected, in parts per million; `null` when nothing is connected. */
  readonly cardsPpm: number | null
  readonly nanoTflopsPpm: number | null
}

export interface LedgerRow {
  /** Value of the grouping (`total` for one row over all); `null` where a card has none. */
  readonly key: string | null
  readonly declared: DeclaredSums
  readonly declaredExcesses: readonly DeclaredExcess[]
  readonly stages: Readonly<Record<LedgerStage, StageFigure>>
  /** Registered, last proof 24 h to 30 days old; and older, or never. */
  readonly notConnectedCards: number
  readonly lapsedCards: number
  /** Connected cards without a catalogue figure. */
  readonly unratedCards: number
  /** (connected - unknown - untold) / connected, in parts per million. */
  readonly coveragePpm: number | null
  /** Connected P / declared P on the dense FP16 basis, in parts per million (接入率). */
  readonly accessPpm: number | null
  /** Connected cards by level; they add up to connected. */
  readonly evidence: Readonly<Record<EvidenceLevel, EvidenceFigure>>
  /** Of connected nodes; `null` where cards of one node stand in several rows. */
  readonly cpu: CpuFigure | null
}

export type EvidenceFigure = Pick<StageFigure, 'cards' | 'nanoTflops'>

export interface CpuFigure
  extends Pick<NodeCount, 'nodes' | 'nodesWithoutCores' | 'cores' | 'nodesWithHour'> {
  /** Core-milliseconds of the nodes that have told the hour. */
  readonly cpuBusyMs: bigint
  readonly cpuTotalMs: bigint
}

/** What the catalogue and the roster say; handed in, so that this file knows neither. */
export interface LedgerLookup {
  /** P of one card in nano-TFLOPS; `null` for an unrated model. */
  pOf(profile: DeviceProfile): bigint | null
  /** Catalogue model of a card; `null` where its printed name matches none. */
  modelOf(profile: DeviceProfile): string | null
  vendorOfModel(model: string): string | null
  hubOf(regionCode: string): string | null
  /** 东数西算 cluster; `null` outside any. */
  clusterOf(regionCode: string): string | null
  /** `null` for a model that the catalogue does not have. */
  ratesOfModel(model: string): ModelRates | null
  /** Terms of a site at the instant, for what was declared there; `null` when it has none. */
  placeOf(siteCode: string): SitePlace | null
}

export interface LedgerQuestion {
  readonly counts: readonly CardCount[]
  readonly nodes: readonly NodeCount[]
  readonly declared: readonly DeclaredCapacity[]
  readonly by: LedgerGrouping
  readonly lookup: LedgerLookup
}

/** Rows ordered by key; with `total` exactly one. */
export function ledgerOf(question: LedgerQuestion): readonly LedgerRow[] {
  const { counts, declared, nodes, by, lookup } = question
  const groups = new Map<string | null, Group>()
  const groupOf = (key: string | null): Group => {
    const group = groups.get(key) ?? { counts: [], declared: [], nodes: [] }
    groups.set(key, group)
    return group
  }
  if (by === 'total') groupOf('total')
  for (const count of counts) groupOf(cardKey(count, by, lookup)).counts.push(count)
  for (const row of declared) groupOf(declaredKey(row, by, lookup)).declared.push(row)
  for (const node of nodes) {
    if (by !== 'vendor' && by !== 'model') groupOf(nodeKey(node, by, lookup)).nodes.push(node)
  }
  return [...groups.entries()]
    .sort(([left], [right]) => compareKeys(left, right))
    .map(([key, group]) => rowOf(key, group, question))
}

interface Group {
  readonly counts: CardCount[]
  readonly declared: DeclaredCapacity[]
  readonly nodes: NodeCount[]
}

function cardKey(count: CardCount, by: LedgerGrouping, lookup: LedgerLookup): string | null {
  switch (by) {
    case 'total':
      return 'total'
    case 'vendor':
      return count.profile.vendor
    case 'model':
      return lookup.modelOf(count.profile)
    default:
      return placeKey(count.siteCode, count, by, lookup)
  }
}

function declaredKey(
  row: DeclaredCapacity,
  by: LedgerGrouping,
  lookup: LedgerLookup,
): string | null {
  switch (by) {
    case 'total':
      return 'total'
    case 'vendor':
      return lookup.vendorOfModel(row.model)
    case 'model':
      return row.model
    default:
      return placeKey(row.siteCode, lookup.placeOf(row.siteCode), by, lookup)
  }
}

type PlaceGrouping = Exclude<LedgerGrouping, 'total' | 'vendor' | 'model'>

function nodeKey(
  node: NodeCount,
  by: PlaceGrouping | 'total',
  lookup: LedgerLookup,
): string | null {
  return by === 'total' ? 'total' : placeKey(node.siteCode, node, by, lookup)
}

function placeKey(
  siteCode: string,
  place: SitePlace | null,
  by: PlaceGrouping,
  lookup: LedgerLookup,
): string | null {
  if (by === 'site') return siteCode
  if (place === null) return null
  switch (by) {
    case 'region':
      return `${place.regionCode.slice(0, 2)}0000`
    case 'hub':
      return lookup.hubOf(place.regionCode)
    case 'cluster':
      return lookup.clusterOf(place.regionCode)
    case 'operator':
      return place.operatorCode === '' ? null : place.operatorCode
    case 'owner':
      return place.ownerCode === '' ? null : place.ownerCode
  }
}

/** By code unit; cards without a key come last. */
function compareKeys(left: string | null, right: string | null): number {
  if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1
  return left < right ? -1 : left > right ? 1 : 0
}

interface Sum {
  cards: number
  nanoTflops: bigint
}

function add(sum: Sum, cards: number, rate: bigint | null): void {
  sum.cards += cards
  sum.nanoTflops += BigInt(cards) * (rate ?? 0n)
}

function rowOf(key: string | null, group: Group, question: LedgerQuestion): LedgerRow {
  const sums = sumsOf(LEDGER_STAGES)
  const evidence = sumsOf(EVIDENCE_LEVELS)
  const registered = { connected: 0, not_connected: 0, lapsed: 0, unrated: 0 }
  for (const count of group.counts) {
    const { cards, connection } = count
    registered[connection] += cards
    if (connection !== 'connected') continue
    const rate = question.lookup.pOf(count.profile)
    if (rate === null) registered.unrated += cards
    for (const stage of stagesOf(count)) add(sums[stage], cards, rate)
    add(evidence[evidenceLevelOf(count)], cards, rate)
  }
  checkSums(sums)
  const { connected, unknown, untold } = sums
  const declared = declaredSums(group.declared)
  return {
    key,
    declared,
    declaredExcesses: declaredExcesses(group.declared, (model) =>
      question.lookup.ratesOfModel(model),
    ),
    stages: figuresOf(sums),
    notConnectedCards: registered.not_connected,
    lapsedCards: registered.lapsed,
    unratedCards: registered.unrated,
    coveragePpm: ppm(
      BigInt(connected.cards - unknown.cards - untold.cards),
      BigInt(connected.cards),
    ),
    accessPpm: ppm(connected.nanoTflops, declared.denseNanoTflops),
    evidence,
    cpu: question.by === 'vendor' || question.by === 'model' ? null : cpuOf(group.nodes),
  }
}

function cpuOf(nodes: readonly NodeCount[]): CpuFigure {
  const sums = { nodes: 0, nodesWithoutCores: 0, cores: 0, nodesWithHour: 0 }
  let [cpuBusyMs, cpuTotalMs] = [0n, 0n]
  for (const count of nodes) {
    if (count.connection !== 'connected') continue
    sums.nodes += count.nodes
    sums.nodesWithoutCores += count.nodesWithoutCores
    sums.cores += count.cores
    sums.nodesWithHour += count.nodesWithHour
    cpuBusyMs += BigInt(count.cpuBusyMs)
    cpuTotalMs += BigInt(count.cpuTotalMs)
  }
  return { ...sums, cpuBusyMs, cpuTotalMs }
}

/** Every stage that connected cards stand in: connected, one state, and deposited where they are. */
function stagesOf({ state, isDeposited }: CardCount): readonly LedgerStage[] {
  if (state === null) return ['connected', 'untold']
  return isDeposited ? ['connected', state, 'deposited'] : ['connected', state]
}

function sumsOf<Part extends string>(parts: readonly Part[]): Record<Part, Sum> {
  const sums = parts.map((part) => [part, { cards: 0, nanoTflops: 0n }])
  return Object.fromEntries(sums) as Record<Part, Sum>
}

function checkSums(sums: Readonly<Record<LedgerStage, Sum>>): void {
  const parts = [...STATES, 'untold'] as const
  const cards = parts.reduce((sum, stage) => sum + sums[stage].cards, 0)
  const nanoTflops = parts.reduce((sum, stage) => sum + sums[stage].nanoTflops, 0n)
  assert(
    cards === sums.connected.cards && nanoTflops === sums.connected.nanoTflops,
    'the states of the ledger add up to what is connected',
  )
}

function figuresOf(sums: Readonly<Record<LedgerStage, Sum>>): Record<LedgerStage, StageFigure> {
  const { connected } = sums
  const figures = LEDGER_STAGES.map((stage) => {
    const { cards, nanoTflops } = sums[stage]
    const cardsPpm = ppm(BigInt(cards), BigInt(connected.cards))
    return [
      stage,
      { cards, nanoTflops, cardsPpm, nanoTflopsPpm: ppm(nanoTflops, connected.nanoTflops) },
    ]
  })
  return Object.fromEntries(figures) as Record<LedgerStage, StageFigure>
}

/** Rounded down, so that a share is never shown higher than it is; `null` of nothing. */
function ppm(part: bigint, whole: bigint): number | null {
  return whole === 0n ? null : Number((part * 1_000_000n) / whole)
}
