/**
 * The ledger of an instant, as far as children have told it: of each site the last step by then, as
 * known then. Where the collector was away it is unknown, from the instant it was last heard; a step
 * told after it came back reaches back to its own beginning.
 */
import type { ReportedCount, ReportedNodeCount } from '@yiben/shared'
import {
  type CardCount,
  type CardCounts,
  CONNECTIONS,
  type Connection,
  type LedgerInstant,
  type NodeCount,
} from '../../model/card-count.ts'
import type { DeviceProfile } from '../../model/inventory.ts'
import type { Site } from '../../model/site.ts'
import { unpackCounts, unpackNodeCounts } from './children-rows.ts'
import { type TakenOut, takenOutSpans } from './children-taken-out.ts'
import type { Database, Row } from './driver.ts'
import type { SiteNames } from './node-sums.ts'
import { profileOf } from './rows.ts'
import { inScope } from './scope.ts'
import { ownerOf } from './sites.ts'
import { integer, integerOrNull, text } from './values.ts'

const STEPS = `
  SELECT o.site_code, o.collector_number, k.last_heard_ms, c.at_ms, c.received_at_ms, c.counts,
    c.nodes
  FROM site_origins o
  JOIN child_collectors l ON l.collector_number = o.collector_number
  JOIN children k ON k.child_number = l.child_number
  LEFT JOIN child_counts c ON c.site_code = o.site_code
    AND c.collector_number = o.collector_number
    AND c.at_ms = (SELECT s.at_ms FROM child_counts s WHERE s.site_code = o.site_code
      AND s.collector_number = o.collector_number AND s.at_ms <= ? AND s.received_at_ms <= ?
      ORDER BY s.at_ms DESC LIMIT 1)
  WHERE ${inScope('o.site_code')} ORDER BY o.site_code`

/** Collectors that were away at the instant, as known then, with those below them; since when. */
const SILENT = `
  WITH RECURSIVE silent (collector_number, origin, from_ms, declared_at_ms) AS (
    SELECT c.collector_number, c.origin, s.from_ms, s.declared_at_ms
    FROM (SELECT ? AS as_of, ? AS known) at
    JOIN child_silences s ON s.from_ms <= at.as_of AND s.declared_at_ms <= at.known
      AND (s.to_ms IS NULL OR s.to_ms > at.as_of OR s.ended_at_ms > at.known)
    JOIN child_collectors c ON c.collector_number = s.collector_number
    UNION SELECT c.collector_number, c.origin, s.from_ms, s.declared_at_ms
    FROM child_collectors c JOIN silent s ON c.parent_origin = s.origin)
  SELECT collector_number, min(from_ms) AS from_ms, min(declared_at_ms) AS declared_at_ms
  FROM silent GROUP BY collector_number`

export type ChildCounts = Pick<CardCounts, 'counts' | 'nodes' | 'untoldFromMs'>
export type Instant = Pick<
  LedgerInstant,
  'asOfMs' | 'knownAtMs' | 'connectedWithinMs' | 'lapsedAfterMs' | 'settledLagMs'
>

export interface Silent {
  readonly fromMs: number
  readonly declaredAtMs: number
}

export function childrenAt(
  db: Database,
  scoped: string | null,
  instant: Instant,
  sites: ReadonlyMap<string, Site>,
): ChildCounts {
  const { asOfMs, knownAtMs } = instant
  const rows = db.all(STEPS, asOfMs, knownAtMs, scoped, scoped)
  const answer: { counts: CardCount[]; nodes: NodeCount[]; untoldFromMs: number | null } = {
    counts: [],
    nodes: [],
    untoldFromMs: null,
  }
  if (rows.length === 0) return answer
  const silent = readSilent(db, instant)
  const taken = takenOutAt(db, instant)
  for (const row of rows) {
    const said = sites.get(text(row, 'site_code'))
    // Not said yet by then: nothing of it was known.
    if (said === undefined) continue
    const place = placeOf(said)
    const away = silent.get(integer(row, 'collector_number')) ?? null
    const site = siteAt(db, row, instant, { away, ownerCode: place.ownerCode })
    const counts = withoutTaken(site.counts, taken.get(place.siteCode) ?? [])
    for (const count of counts) answer.counts.push({ ...place, ...count })
    for (const count of site.nodes) answer.nodes.push({ ...place, ...count })
    answer.untoldFromMs = earlier(answer.untoldFromMs, site.untoldFromMs)
  }
  return answer
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

function siteAt(
  db: Database,
  row: Row,
  instant: Instant,
  { away, ownerCode }: { readonly away: Silent | null; readonly ownerCode: string },
): SiteAt {
  const told = stepOf(row)
  return told === null
    ? inventoryAt(db, row, instant, ownerCode)
    : toldAt({ told, row }, instant, away)
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

/** Before its first step a site has cards by its inventory, and nobody knows what they did. */
function inventoryAt(
  db: Database,
  row: Row,
  { asOfMs, knownAtMs }: Instant,
  ownerCode: string,
): SiteAt {
  const place = [text(row, 'site_code'), integer(row, 'collector_number')]
  const cards = db.all(
    `SELECT p.*, count(*) AS cards FROM child_cards c JOIN profiles p ON p.profile_id = c.profile_id
     WHERE c.site_code = ? AND c.collector_number = ? AND c.is_counted = 1
       AND c.valid_from_ms <= ? AND (c.booked_to_ms IS NULL OR c.booked_to_ms > ?)
       AND c.known_from_ms <= ? GROUP BY c.profile_id ORDER BY c.profile_id`,
    ...place,
    asOfMs,
    asOfMs,
    knownAtMs,
  )
  return neverTold(cards, ownerCode)
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

function readSilent(db: Database, { asOfMs, knownAtMs }: Instant): ReadonlyMap<number, Silent> {
  const rows = db.all(SILENT, asOfMs, knownAtMs)
  return new Map(
    rows.map((row) => [
      integer(row, 'collector_number'),
      { fromMs: integer(row, 'from_ms'), declaredAtMs: integer(row, 'declared_at_ms') },
    ]),
  )
}

function takenOutAt(
  db: Database,
  { asOfMs, knownAtMs }: Instant,
): ReadonlyMap<string, readonly TakenOut[]> {
  const bySite = new Map<string, TakenOut[]>()
  for (const one of takenOutSpans(db)) {
    const covers = one.spans.some(
      ({ fromMs, toMs }) => fromMs <= asOfMs && (toMs === null || toMs > asOfMs),
    )
    if (!covers || one.knownFromMs > knownAtMs) continue
    bySite.set(one.siteCode, [...(bySite.get(one.siteCode) ?? []), one])
  }
  return bySite
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
