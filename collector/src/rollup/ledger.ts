/**
 * The one ledger (一本账): every card at one instant, as stages side by side (DESIGN 6).
 *
 *   declared -> connected -> unknown | faulty | busy | allocated | occupied | free | lent -> deposited
 *
 * Pure. A card counts once, under its own timeline, cut into slices or not; of two claims in an
 * identity conflict the counted one. The seven states and `untold` add up to connected. `untold` is
 * time past a node's live edge of which no silence has been declared: not free, not yet unknown;
 * asked for an instant two minutes back there is none. Deposited is a part of free.
 *
 * P is a bigint of nano-TFLOPS (10^12 are 1 P); unrated cards are counted and add nothing to it.
 */
import { assert, STATES, type State, stateOf } from '@yiben/shared'
import type { UnitRow } from '../model/inventory.ts'
import type { DeclaredCapacity } from '../model/site.ts'
import type { UnitAt } from '../storage/requests.ts'
import { type DeclaredSums, declaredSums, type SitePlace } from './declared.ts'
import { CONNECTED_WITHIN_MS, LAPSED_AFTER_MS } from './definitions.ts'

export const LEDGER_GROUPINGS = [
  'total',
  'region',
  'hub',
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
}

/** What the catalogue and the roster say; handed in, so that this file knows neither. */
export interface LedgerLookup {
  /** P of one card in nano-TFLOPS; `null` for an unrated model. */
  pOf(unit: UnitRow): bigint | null
  /** Catalogue model of a card; `null` where its printed name matches none. */
  modelOf(unit: UnitRow): string | null
  vendorOfModel(model: string): string | null
  hubOf(regionCode: string): string | null
  /** Terms of a site at the instant, for what was declared there; `null` when it has none. */
  placeOf(siteCode: string): SitePlace | null
}

export interface LedgerQuestion {
  readonly units: readonly UnitAt[]
  readonly declared: readonly DeclaredCapacity[]
  readonly asOfMs: number
  readonly by: LedgerGrouping
  readonly lookup: LedgerLookup
}

/** Rows ordered by key; with `total` exactly one. */
export function ledgerOf(question: LedgerQuestion): readonly LedgerRow[] {
  const { units, declared, by, lookup } = question
  const groups = new Map<string | null, Group>()
  const groupOf = (key: string | null): Group => {
    const group = groups.get(key) ?? { units: [], declared: [] }
    groups.set(key, group)
    return group
  }
  if (by === 'total') groupOf('total')
  for (const unit of units) {
    if (!isCard(unit.unit)) continue
    groupOf(unitKey(unit, by, lookup)).units.push(unit)
  }
  for (const row of declared) groupOf(declaredKey(row, by, lookup)).declared.push(row)
  return [...groups.entries()]
    .sort(([left], [right]) => compareKeys(left, right))
    .map(([key, group]) => rowOf(key, group, question))
}

/** One card of the ledger: not a slice, and not the second claim of a conflict. */
export function isCard(unit: UnitRow): boolean {
  return unit.kind === 'card' && unit.isCounted
}

export type Connection = 'connected' | 'not_connected' | 'lapsed'

function connectionAt(provenToMs: number | null, asOfMs: number): Connection {
  if (provenToMs === null || asOfMs - provenToMs > LAPSED_AFTER_MS) return 'lapsed'
  return asOfMs - provenToMs > CONNECTED_WITHIN_MS ? 'not_connected' : 'connected'
}

interface Group {
  readonly units: UnitAt[]
  readonly declared: DeclaredCapacity[]
}

function unitKey(at: UnitAt, by: LedgerGrouping, lookup: LedgerLookup): string | null {
  switch (by) {
    case 'total':
      return 'total'
    case 'vendor':
      return at.unit.profile.vendor
    case 'model':
      return lookup.modelOf(at.unit)
    default:
      return placeKey(at.unit.siteCode, at, by, lookup)
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

function placeKey(
  siteCode: string,
  place: SitePlace | null,
  by: 'region' | 'hub' | 'operator' | 'owner' | 'site',
  lookup: LedgerLookup,
): string | null {
  if (by === 'site') return siteCode
  if (place === null) return null
  switch (by) {
    case 'region':
      return `${place.regionCode.slice(0, 2)}0000`
    case 'hub':
      return lookup.hubOf(place.regionCode)
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

function rowOf(key: string | null, group: Group, question: LedgerQuestion): LedgerRow {
  const sums = emptySums()
  const counts = { connected: 0, not_connected: 0, lapsed: 0, unrated: 0 }
  for (const unit of group.units) {
    const connection = connectionAt(unit.provenToMs, question.asOfMs)
    counts[connection] += 1
    if (connection !== 'connected') continue
    const rate = question.lookup.pOf(unit.unit)
    if (rate === null) counts.unrated += 1
    for (const stage of stagesOf(unit)) {
      sums[stage].cards += 1
      sums[stage].nanoTflops += rate ?? 0n
    }
  }
  checkSums(sums)
  const { connected, unknown, untold } = sums
  const declared = declaredSums(group.declared)
  return {
    key,
    declared,
    stages: figuresOf(sums),
    notConnectedCards: counts.not_connected,
    lapsedCards: counts.lapsed,
    unratedCards: counts.unrated,
    coveragePpm: ppm(
      BigInt(connected.cards - unknown.cards - untold.cards),
      BigInt(connected.cards),
    ),
    accessPpm: ppm(connected.nanoTflops, declared.denseNanoTflops),
  }
}

/** Every stage a connected card stands in: connected, one state, and deposited where it is. */
function stagesOf({ run, isDeposited }: UnitAt): readonly LedgerStage[] {
  if (run === null) return ['connected', 'untold']
  const state: State = stateOf(run.code)
  // Only time proven free as it happened is deposited: not a grey reading in its window (C21), nor
  // free time that was told late.
  const isProvenLive = run.recordedAtMs === null
  return state === 'free' && isProvenLive && isDeposited
    ? ['connected', state, 'deposited']
    : ['connected', state]
}

function emptySums(): Record<LedgerStage, Sum> {
  const sums = LEDGER_STAGES.map((stage) => [stage, { cards: 0, nanoTflops: 0n }])
  return Object.fromEntries(sums) as Record<LedgerStage, Sum>
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
