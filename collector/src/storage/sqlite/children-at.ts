/**
 * The ledger of an instant, as far as children have told it: of each site the last step by then, as
 * known then. Where the collector was away it is unknown, from the instant it was last heard; a step
 * told after it came back reaches back to its own beginning.
 */
import type { CardCount, NodeCount } from '../../model/card-count.ts'
import type { Site } from '../../model/site.ts'
import {
  type ChildCounts,
  earlier,
  type Instant,
  neverTold,
  placeOf,
  type Silent,
  type SiteAt,
  stepOf,
  toldAt,
  withoutTaken,
} from '../children-at.ts'
import type { TakenOut } from '../children-taken-out.ts'
import { integer, type Row, text } from '../values.ts'
import { takenOutSpans } from './children-taken-out.ts'
import type { Database } from './driver.ts'
import { inScope } from './scope.ts'

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
