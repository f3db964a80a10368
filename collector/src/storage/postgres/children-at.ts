/**
 * The ledger of an instant, as far as children have told it: of each site the last step by then, as
 * known then. Where the collector was away it is unknown, from the instant it was last heard; a
 * step told after it came back reaches back to its own beginning.
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
import type { Row } from '../values.ts'
import { integer, text } from '../values.ts'
import { takenOutSpans } from './children-taken-out.ts'
import type { Database } from './driver.ts'
import { inScope, type SeenSites } from './scope.ts'
import { sql } from './sql.ts'

export async function childrenAt(
  db: Database,
  seen: SeenSites,
  instant: Instant,
  sites: ReadonlyMap<string, Site>,
): Promise<ChildCounts> {
  const { asOfMs, knownAtMs } = instant
  const rows = await db.all(sql`
    SELECT o.site_code, o.collector_number, k.last_heard_ms, c.at_ms, c.received_at_ms, c.counts,
      c.nodes
    FROM site_origins o
    JOIN child_collectors l ON l.collector_number = o.collector_number
    JOIN children k ON k.child_number = l.child_number
    LEFT JOIN LATERAL (SELECT s.at_ms, s.received_at_ms, s.counts, s.nodes FROM child_counts s
      WHERE s.site_code = o.site_code AND s.collector_number = o.collector_number
        AND s.at_ms <= ${asOfMs} AND s.received_at_ms <= ${knownAtMs}
      ORDER BY s.at_ms DESC LIMIT 1) c ON true
    WHERE ${inScope(sql`o.site_code`, seen)} ORDER BY o.site_code`)
  const answer: { counts: CardCount[]; nodes: NodeCount[]; untoldFromMs: number | null } = {
    counts: [],
    nodes: [],
    untoldFromMs: null,
  }
  if (rows.length === 0) return answer
  const silent = await readSilent(db, instant)
  const taken = await takenOutAt(db, instant)
  for (const row of rows) {
    const said = sites.get(text(row, 'site_code'))
    // Not said yet by then: nothing of it was known.
    if (said === undefined) continue
    const place = placeOf(said)
    const away = silent.get(integer(row, 'collector_number')) ?? null
    const told = stepOf(row)
    const site =
      told === null
        ? await inventoryAt(db, row, instant, place.ownerCode)
        : toldAt({ told, row }, instant, away)
    const counts = withoutTaken(site.counts, taken.get(place.siteCode) ?? [])
    for (const count of counts) answer.counts.push({ ...place, ...count })
    for (const count of site.nodes) answer.nodes.push({ ...place, ...count })
    answer.untoldFromMs = earlier(answer.untoldFromMs, site.untoldFromMs)
  }
  return answer
}

/** Before its first step a site has cards by its inventory, and nobody knows what they did. */
async function inventoryAt(
  db: Database,
  row: Row,
  { asOfMs, knownAtMs }: Instant,
  ownerCode: string,
): Promise<SiteAt> {
  const cards = await db.all(sql`
    SELECT p.*, count(*) AS cards FROM child_cards c JOIN profiles p ON p.profile_id = c.profile_id
    WHERE c.site_code = ${text(row, 'site_code')}
      AND c.collector_number = ${integer(row, 'collector_number')} AND c.is_counted
      AND c.valid_from_ms <= ${asOfMs} AND (c.booked_to_ms IS NULL OR c.booked_to_ms > ${asOfMs})
      AND c.known_from_ms <= ${knownAtMs}
    GROUP BY p.profile_id ORDER BY p.profile_id`)
  return neverTold(cards, ownerCode)
}

/** Collectors that were away at the instant, as known then, with those below them; since when. */
async function readSilent(
  db: Database,
  { asOfMs, knownAtMs }: Instant,
): Promise<ReadonlyMap<number, Silent>> {
  const rows = await db.all(sql`
    WITH RECURSIVE silent (collector_number, origin, from_ms, declared_at_ms) AS (
      SELECT c.collector_number, c.origin, s.from_ms, s.declared_at_ms
      FROM child_silences s JOIN child_collectors c ON c.collector_number = s.collector_number
      WHERE s.from_ms <= ${asOfMs} AND s.declared_at_ms <= ${knownAtMs}
        AND (s.to_ms IS NULL OR s.to_ms > ${asOfMs} OR s.ended_at_ms > ${knownAtMs})
      UNION SELECT c.collector_number, c.origin, s.from_ms, s.declared_at_ms
      FROM child_collectors c JOIN silent s ON c.parent_origin = s.origin)
    SELECT collector_number, min(from_ms) AS from_ms, min(declared_at_ms) AS declared_at_ms
    FROM silent GROUP BY collector_number`)
  return new Map(
    rows.map((row) => [
      integer(row, 'collector_number'),
      { fromMs: integer(row, 'from_ms'), declaredAtMs: integer(row, 'declared_at_ms') },
    ]),
  )
}

async function takenOutAt(
  db: Database,
  { asOfMs, knownAtMs }: Instant,
): Promise<ReadonlyMap<string, readonly TakenOut[]>> {
  const bySite = new Map<string, TakenOut[]>()
  for (const one of await takenOutSpans(db)) {
    const covers = one.spans.some(
      ({ fromMs, toMs }) => fromMs <= asOfMs && (toMs === null || toMs > asOfMs),
    )
    if (!covers || one.knownFromMs > knownAtMs) continue
    bySite.set(one.siteCode, [...(bySite.get(one.siteCode) ?? []), one])
  }
  return bySite
}
