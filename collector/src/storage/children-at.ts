/** What the steps that a child told of one site say of an instant, less what counts elsewhere. */
import type { ReportedCount, ReportedNodeCount } from '@yiben/shared'
import {
  type CardCount,
  type CardCounts,
  CONNECTIONS,
  type Connection,
  type LedgerInstant,
  type NodeCount,
} from '../model/card-count.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { Site } from '../model/site.ts'
import { unpackCounts, unpackNodeCounts } from './children-packed.ts'
import type { TakenOut } from './children-taken-out.ts'
import type { SiteNames } from './node-sums.ts'
import { profileOf } from './rows.ts'
import { ownerOf } from './site-rows.ts'
import { integer, integerOrNull, type Row, text } from './values.ts'

export type ChildCounts = Pick<CardCounts, 'counts' | 'nodes' | 'untoldFromMs'>
export type Instant = Pick<
  LedgerInstant,
  'asOfMs' | 'knownAtMs' | 'connectedWithinMs' | 'lapsedAfterMs' | 'settledLagMs'
>

export interface Silent {
  readonly fromMs: number
  readonly declaredAtMs: number
}

export function placeOf({ code, terms }: Site): SiteNames {
  const { operatorCode, regionCode } = terms
  return { siteCode: code, ownerCode: ownerOf(terms), operatorCode: operatorCode ?? '', regionCode }
}

/** Who owns is as it was told; where it lies and who operates is by the terms known here. */
type SiteCount = Omit<CardCount, 'siteCode' | 'operatorCode' | 'regionCode'>
type SiteNodes = Omit<NodeCount, 'siteCode' | 'operatorCode' | 'regionCode'>

export interface SiteAt {
  readonly counts: readonly SiteCount[]
  readonly nodes: readonly SiteNodes[]
  readonly untoldFromMs: number | null
}

/** What the last step says of the instant; while the collector is away that is unknown. */
export function toldAt(
  { told, row }: { readonly told: NonNullable<ReturnType<typeof stepOf>>; readonly row: Row },
  instant: Instant,
  silent: Silent | null,
): SiteAt {
  const isAway =
    silent !== null && (told.atMs < silent.fromMs || told.receivedAtMs <= silent.declaredAtMs)
  if (isAway) {
    const atLeast = CONNECTIONS.indexOf(connectionSince(silent.fromMs, instant))
    return {
      counts: told.counts.map((count) => ({
        ...countOf(count),
        state: 'unknown',
        isDeposited: false,
        connection: worse(count.connection, atLeast),
      })),
      nodes: told.nodes.map((count) => ({
        ...nodesOf(count),
        connection: worse(count.connection, atLeast),
      })),
      untoldFromMs: null,
    }
  }
  const isTold = silent !== null || instant.asOfMs <= edgeOf(row, instant)
  return {
    counts: told.counts.map((count) => ({
      ...countOf(count),
      ...(isTold ? {} : { state: null, isDeposited: false }),
    })),
    nodes: told.nodes.map(nodesOf),
    // A child may still tell of the last minutes: the ledger is told as of what has settled.
    untoldFromMs: isTold ? null : instant.asOfMs - instant.settledLagMs + 1,
  }
}

/** Up to there a child that is heard has told what has changed: at most once a minute it tells. */
function edgeOf(row: Row, { knownAtMs, settledLagMs }: Instant): number {
  const heardMs = integerOrNull(row, 'last_heard_ms') ?? 0
  return Math.min(heardMs, knownAtMs) - settledLagMs / 2
}

export function stepOf(row: Row) {
  if (row.counts === null) return null
  return {
    atMs: integer(row, 'at_ms'),
    receivedAtMs: integer(row, 'received_at_ms'),
    counts: unpackCounts(text(row, 'counts')),
    nodes: unpackNodeCounts(text(row, 'nodes')),
  }
}

/** Rows of profiles with how many cards are of each. */
export function neverTold(cards: readonly Row[], ownerCode: string): SiteAt {
  return {
    counts: cards.map((one) => ({
      ownerCode,
      profile: profileOf(one),
      connection: 'lapsed',
      state: 'unknown',
      isDeposited: false,
      isSchedulerRead: false,
      cards: integer(one, 'cards'),
    })),
    nodes: [],
    untoldFromMs: null,
  }
}

function countOf(count: ReportedCount): SiteCount {
  const { memoryTotalMib, name, powerCapWatts, vendor, ...rest } = count
  return { ...rest, profile: { vendor, name, memoryTotalMib, powerCapWatts } }
}

function nodesOf(count: ReportedNodeCount): SiteNodes {
  return { ...count, nodesWithHour: 0, cpuBusyMs: 0, cpuTotalMs: 0 }
}

function connectionSince(heardMs: number, instant: Instant): Connection {
  const ageMs = instant.asOfMs - heardMs
  if (ageMs > instant.lapsedAfterMs) return 'lapsed'
  return ageMs > instant.connectedWithinMs ? 'not_connected' : 'connected'
}

function worse(connection: Connection, atLeast: number): Connection {
  return CONNECTIONS[Math.max(CONNECTIONS.indexOf(connection), atLeast)] ?? 'lapsed'
}

/** Whose state is not known by itself is first taken for a free one: free is never said of too many. */
const TAKEN_FIRST: readonly SiteCount['state'][] = [
  'free',
  null,
  'unknown',
  'occupied',
  'allocated',
  'lent',
  'busy',
  'faulty',
]

export function withoutTaken(
  counts: readonly SiteCount[],
  taken: readonly TakenOut[],
): readonly SiteCount[] {
  if (taken.length === 0) return counts
  const left = counts.map((count) => ({ ...count }))
  const order = [...left].sort((one, other) => rankOf(one) - rankOf(other))
  for (const { profile } of taken) {
    const group = order.find((one) => one.cards > 0 && isSame(one.profile, profile))
    if (group !== undefined) group.cards -= 1
  }
  return left.filter(({ cards }) => cards > 0)
}

/** Deposited ones before others that are free. */
function rankOf({ isDeposited, state }: SiteCount): number {
  return 2 * TAKEN_FIRST.indexOf(state) + (isDeposited ? 0 : 1)
}

function isSame(one: DeviceProfile, other: DeviceProfile): boolean {
  return (
    one.vendor === other.vendor &&
    one.name === other.name &&
    one.memoryTotalMib === other.memoryTotalMib &&
    one.powerCapWatts === other.powerCapWatts
  )
}

export function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}
