/**
 * The state of every card at one instant, as known at another (C14), as counts of cards that are
 * alike. For a card a run that covers the instant wins; else a silence declared by then; else
 * nothing has been told yet. Where a lease that was known then covers the instant it is `lent`,
 * unless the evidence speaks against it.
 *
 * A whole country is asked about at once, so what is found for many cards comes from SQLite in
 * columns, as one JSON array each: a row each would cost more than finding it.
 */
import {
  assert,
  HOUR_MS,
  hourStartMs,
  LENDABLE_STATES,
  type OwnerKind,
  runCodeOf,
  STATES,
  stateOf,
} from '@yiben/shared'
import {
  type CardCount,
  type CardCounts,
  CONNECTIONS,
  type Connection,
  type LedgerInstant,
  WHOLE,
} from '../../model/card-count.ts'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { Silence } from '../../model/timeline.ts'
import type { Scope } from '../requests.ts'
import type { Database, Row } from './driver.ts'
import { lentAt } from './lent-spans.ts'
import { type CoreTime, NodeSums, type SiteNames } from './node-sums.ts'
import { forEachRun } from './open-row.ts'
import { profileOf, silenceOf } from './rows.ts'
import { inScope, sitesInScope } from './scope.ts'
import { sitesAt } from './site-terms.ts'
import { ownerOf } from './sites.ts'
import { integer, integerOrNull, storedJson, text, textOrNull } from './values.ts'

/**
 * Whole cards by node, each counted once, with the open runs that they may be in. The last character
 * of a node's id is a random one: parts by it are about equal.
 */
const NODES = `
  SELECT n.node_id, n.site_code, o.timeline_end_ms, o.runs, c.unit_ids, c.profile_ids,
    t.owner_kind, t.cpu_cores, h.cpu_busy_ms, h.cpu_total_ms
  FROM (SELECT u.node_id, json_group_array(u.unit_id) AS unit_ids,
      json_group_array(u.profile_id) AS profile_ids
    FROM units u WHERE u.kind = 'card' AND u.is_counted = 1 AND u.valid_from_ms <= ?
      AND (u.booked_to_ms IS NULL OR u.booked_to_ms > ?) AND u.known_from_ms <= ?
      AND unicode(substr(u.node_id, -1)) % ? = ?
    GROUP BY u.node_id) c
  JOIN nodes n ON n.node_id = c.node_id LEFT JOIN open_nodes o ON o.node_id = n.node_id
  LEFT JOIN node_traits t ON t.trait_number = (SELECT l.trait_number FROM node_traits l
    WHERE l.node_id = c.node_id AND l.from_ms <= ? AND l.known_from_ms <= ?
    ORDER BY l.from_ms DESC, l.trait_number DESC LIMIT 1)
  LEFT JOIN node_hours h ON h.hour_ms = ? AND h.node_id = c.node_id AND h.known_at_ms <= ?
  WHERE ${inScope('n.site_code')}`

/** Of each unit the last closed run known then that begins by the instant, as a `Found`. */
const CLOSED_RUNS = `
  SELECT json_group_array((
    SELECT CASE
      WHEN r.end_ms > at.as_of AND (r.recorded_at_ms IS NOT NULL OR at.known >= at.as_of)
        THEN 2 * r.code + (r.recorded_at_ms IS NOT NULL)
      WHEN r.recorded_at_ms IS NULL THEN -min(r.end_ms, at.known + 1)
      ELSE -r.end_ms END
    FROM runs r WHERE r.unit_id = j.value AND r.start_ms <= at.as_of
      AND COALESCE(r.recorded_at_ms, r.start_ms) <= at.known
    ORDER BY r.start_ms DESC LIMIT 1)) AS found
  FROM (SELECT ? AS as_of, ? AS known) at, json_each(?) j`

/** Of each unit 1 where the last deposit that was opened by the instant, and lasted, was open then. */
const DEPOSITED = `
  SELECT json_group_array(COALESCE((
    SELECT d.closed_at_ms IS NULL OR d.closed_at_ms > at.as_of
    FROM deposits d WHERE d.unit_id = j.value AND d.opened_at_ms <= at.as_of
      AND d.closed_at_ms IS NOT d.opened_at_ms
    ORDER BY d.opened_at_ms DESC LIMIT 1), 0)) AS deposited
  FROM (SELECT ? AS as_of) at, json_each(?) j`

/**
 * What a run says of the instant: where it covers it twice its code, plus 1 when it was told late;
 * else the end of what it proves, negative. `null`: there is no run.
 */
type Found = number | null

interface NodeCards {
  readonly nodeId: NodeId
  readonly siteCode: string
  readonly unitIds: readonly UnitId[]
  /** By position of the card, as `found` is. */
  readonly profileIds: readonly number[]
  readonly found: Found[]
  readonly isSchedulerRead: boolean
  /** `null`: not told, as below. */
  readonly cores: number | null
  readonly coreTime: CoreTime | null
}

export function readLedgerAt(db: Database, scope: Scope, instant: LedgerInstant): CardCounts {
  const nodes = readNodes(db, scope, instant)
  findClosedRuns(db, nodes, instant)
  const lent = lentUnits(db, nodes, instant)
  const deposited = depositedUnits(db, nodes, instant, lent)
  const sums = new CountSums(db, instant)
  for (const node of nodes) sums.add(node, { lent, deposited })
  return sums.finish()
}

function readNodes(db: Database, scope: Scope, instant: LedgerInstant): readonly NodeCards[] {
  const { asOfMs, knownAtMs, part = WHOLE } = instant
  const sites = sitesInScope(db, scope)
  const cards = [asOfMs, asOfMs, knownAtMs, part.of, part.number]
  const traits = [asOfMs, knownAtMs, coreHourMs(instant), knownAtMs]
  return db.all(NODES, ...cards, ...traits, sites, sites).map((row) => {
    const unitIds = storedJson<readonly UnitId[]>(text(row, 'unit_ids'))
    return {
      nodeId: text(row, 'node_id') as NodeId,
      siteCode: text(row, 'site_code'),
      unitIds,
      profileIds: storedJson<readonly number[]>(text(row, 'profile_ids')),
      found: openFounds(row, unitIds, { asOfMs, knownAtMs }),
      isSchedulerRead: SCHEDULERS.has(textOrNull(row, 'owner_kind')),
      cores: integerOrNull(row, 'cpu_cores'),
      coreTime: coreTimeOf(row),
    }
  })
}

function coreHourMs({ asOfMs, settledLagMs }: LedgerInstant): number {
  return hourStartMs(asOfMs - settledLagMs) - HOUR_MS
}

function coreTimeOf(row: Row): CoreTime | null {
  const cpuTotalMs = integerOrNull(row, 'cpu_total_ms')
  return cpuTotalMs === null ? null : { cpuBusyMs: integer(row, 'cpu_busy_ms'), cpuTotalMs }
}

/** What the open runs of a node say; one that begins later, or was not known yet, says nothing. */
function openFounds(
  row: Row,
  unitIds: readonly UnitId[],
  { asOfMs, knownAtMs }: Pick<LedgerInstant, 'asOfMs' | 'knownAtMs'>,
): Found[] {
  const found: Found[] = unitIds.map(() => null)
  const endMs = integerOrNull(row, 'timeline_end_ms')
  const packed = textOrNull(row, 'runs')
  if (endMs === null || packed === null) return found
  forEachRun(packed, ({ unitId, startMs, code, recordedAtMs }) => {
    if (endMs <= startMs || startMs > asOfMs || (recordedAtMs ?? startMs) > knownAtMs) return
    const position = unitIds.indexOf(unitId)
    if (position < 0) return
    const provenToMs = recordedAtMs === null ? Math.min(endMs, knownAtMs + 1) : endMs
    const isLate = recordedAtMs === null ? 0 : 1
    found[position] = provenToMs > asOfMs ? 2 * code + isLate : -provenToMs
  })
  return found
}

/** For the cards whose open run says nothing. */
function findClosedRuns(
  db: Database,
  nodes: readonly NodeCards[],
  { asOfMs, knownAtMs }: LedgerInstant,
): void {
  const asked = unitsWith(nodes, (found) => found === null)
  const row = db.get(CLOSED_RUNS, asOfMs, knownAtMs, JSON.stringify(asked))
  const answers = storedJson<readonly Found[]>(text(row ?? {}, 'found'))
  assert(answers.length === asked.length, 'there is an answer for every card asked about')
  let next = 0
  for (const { found } of nodes) {
    for (const [position, one] of found.entries()) {
      if (one === null) found[position] = answers[next++] ?? null
    }
  }
}

/** Under a lease, and their evidence does not speak against it. */
function lentUnits(
  db: Database,
  nodes: readonly NodeCards[],
  instant: LedgerInstant,
): ReadonlySet<UnitId> {
  const leased = new Set(lentAt(db, instant))
  if (leased.size === 0) return leased
  return new Set(unitsWith(nodes, isLendableCard).filter((unitId) => leased.has(unitId)))
}

/**
 * Of the cards that are free, were told so as it happened and are not lent: nothing else is
 * deposited.
 */
function depositedUnits(
  db: Database,
  nodes: readonly NodeCards[],
  { asOfMs }: LedgerInstant,
  lent: ReadonlySet<UnitId>,
): ReadonlySet<UnitId> {
  const asked = unitsWith(nodes, isFreeLive).filter((unitId) => !lent.has(unitId))
  const row = db.get(DEPOSITED, asOfMs, JSON.stringify(asked))
  const answers = storedJson<readonly number[]>(text(row ?? {}, 'deposited'))
  return new Set(asked.filter((_, position) => answers[position] === 1))
}

function unitsWith(
  nodes: readonly NodeCards[],
  isAsked: (found: Found) => boolean,
): readonly UnitId[] {
  const asked: UnitId[] = []
  for (const { found, unitIds } of nodes) {
    for (const [position, unitId] of unitIds.entries()) {
      if (isAsked(found[position] ?? null)) asked.push(unitId)
    }
  }
  return asked
}

/** Place of a run code's state in STATES; -1 for a number that is no run code. */
const STATE_PLACES: readonly number[] = Array.from({ length: 256 }, (_, number) => {
  const code = runCodeOf(number)
  return code === null ? -1 : STATES.indexOf(stateOf(code))
})
const FREE_PLACE = STATES.indexOf('free')
const LENT_PLACE = STATES.indexOf('lent')
const LENDABLE_PLACES: ReadonlySet<number> = new Set(
  LENDABLE_STATES.map((state) => STATES.indexOf(state)),
)
/** Place of what has not been told: behind the states. */
const UNTOLD_PLACE: number = STATES.length
const PLACES = UNTOLD_PLACE + 1

function placeOfCode(code: number): number {
  const place = STATE_PLACES[code] ?? -1
  assert(place >= 0, 'runs and silences hold codes of the table')
  return place
}

function isFreeLive(found: Found): boolean {
  return found !== null && found > 0 && found % 2 === 0 && placeOfCode(found >> 1) === FREE_PLACE
}

function isLendableCard(found: Found): boolean {
  return found !== null && found > 0 && LENDABLE_PLACES.has(placeOfCode(found >> 1))
}

/** Kinds of owner proof that ask a scheduler (DESIGN 2.1). */
const SCHEDULERS: ReadonlySet<string | null> = new Set<OwnerKind>(['slurm', 'kubernetes'])

/** Cards of one site and profile, by `slotOf`. */
interface Tally {
  readonly siteCode: string
  readonly profileId: number
  readonly cards: number[]
}

interface Marks {
  readonly isDeposited: boolean
  readonly isSchedulerRead: boolean
}

const MARKS: readonly Marks[] = [false, true].flatMap((isSchedulerRead) =>
  [false, true].map((isDeposited) => ({ isDeposited, isSchedulerRead })),
)

function slotOf(connection: number, place: number, { isDeposited, isSchedulerRead }: Marks) {
  return (connection * PLACES + place) * MARKS.length + (isSchedulerRead ? 2 : 0) + +isDeposited
}

/** Adds up nodes, card by card, under what makes cards alike. */
class CountSums {
  readonly #db: Database
  readonly #instant: LedgerInstant
  readonly #tallies = new Map<string, Tally>()
  readonly #nodes = new NodeSums()
  #untoldFromMs: number | null = null

  constructor(db: Database, instant: LedgerInstant) {
    this.#db = db
    this.#instant = instant
  }

  add(
    node: NodeCards,
    { lent, deposited }: Readonly<Record<'lent' | 'deposited', ReadonlySet<UnitId>>>,
  ): void {
    let silences: readonly Silence[] | null = null
    let tally: Tally | null = null
    let best = CONNECTIONS.length - 1
    const { isSchedulerRead } = node
    for (const [position, unitId] of node.unitIds.entries()) {
      const profileId = node.profileIds[position] ?? 0
      const found = node.found[position] ?? null
      let place = UNTOLD_PLACE
      if (lent.has(unitId)) place = LENT_PLACE
      else if (found !== null && found > 0) place = placeOfCode(found >> 1)
      else {
        silences ??= this.#silencesOf(node.nodeId)
        place = silentPlace(silences, unitId)
        if (place === UNTOLD_PLACE && found !== null) this.#noteUntold(-found)
      }
      if (tally?.profileId !== profileId) tally = this.#tallyOf(node.siteCode, profileId)
      const connection = this.#connectionOf(found)
      best = Math.min(best, connection)
      const marks = { isDeposited: deposited.has(unitId), isSchedulerRead }
      const slot = slotOf(connection, place, marks)
      tally.cards[slot] = (tally.cards[slot] ?? 0) + 1
    }
    this.#nodes.add(node, best)
  }

  finish(): CardCounts {
    const { asOfMs, knownAtMs } = this.#instant
    const sites = sitesAt(this.#db, { atMs: asOfMs, knownAtMs })
    const placeOf = (siteCode: string) => {
      const terms = sites.get(siteCode)?.terms
      const [operatorCode, regionCode] = [terms?.operatorCode ?? '', terms?.regionCode ?? '']
      return { siteCode, ownerCode: ownerOf(terms), operatorCode, regionCode }
    }
    const profiles = new Map(
      this.#db
        .all('SELECT * FROM profiles')
        .map((row) => [integer(row, 'profile_id'), profileOf(row)]),
    )
    const counts = [...this.#tallies.values()].flatMap(({ siteCode, profileId, cards }) => {
      const profile = profiles.get(profileId)
      assert(profile !== undefined, 'a card has a profile')
      const alike = { ...placeOf(siteCode), profile }
      return countsOf(cards).map((count): CardCount => ({ ...alike, ...count }))
    })
    const nodes = this.#nodes.finish(placeOf)
    const hourMs = coreHourMs(this.#instant)
    return { counts, nodes, coreHourMs: hourMs, untoldFromMs: this.#untoldFromMs }
  }

  #tallyOf(siteCode: string, profileId: number): Tally {
    const key = `${profileId}/${siteCode}`
    const tally = this.#tallies.get(key) ?? { siteCode, profileId, cards: [] }
    this.#tallies.set(key, tally)
    return tally
  }

  #noteUntold(provenToMs: number): void {
    const { asOfMs, settledLagMs } = this.#instant
    if (provenToMs < asOfMs - settledLagMs) return
    this.#untoldFromMs = Math.min(this.#untoldFromMs ?? provenToMs, provenToMs)
  }

  #connectionOf(found: Found): number {
    const { asOfMs, connectedWithinMs, lapsedAfterMs } = this.#instant
    const ageMs = found === null ? Number.POSITIVE_INFINITY : found > 0 ? 0 : asOfMs + found
    const connection: Connection =
      ageMs > lapsedAfterMs ? 'lapsed' : ageMs > connectedWithinMs ? 'not_connected' : 'connected'
    return CONNECTIONS.indexOf(connection)
  }

  /** Of the node and of its cards, that cover the instant and were declared by then, in order. */
  #silencesOf(nodeId: NodeId): readonly Silence[] {
    const { asOfMs, knownAtMs } = this.#instant
    return this.#db
      .all(
        `SELECT * FROM silences WHERE node_id = ? AND from_ms <= ?
           AND (to_ms IS NULL OR to_ms > max(?, from_ms)) AND declared_at_ms <= ?
         ORDER BY from_ms, silence_id`,
        nodeId,
        asOfMs,
        asOfMs,
        knownAtMs,
      )
      .map(silenceOf)
  }
}

function silentPlace(silences: readonly Silence[], unitId: UnitId): number {
  const silence = silences.findLast((one) => one.unitId === null || one.unitId === unitId)
  return silence === undefined ? UNTOLD_PLACE : placeOfCode(silence.code)
}

/** The slots of a tally that hold cards, spelled out. */
function countsOf(
  cards: readonly number[],
): readonly Omit<CardCount, 'profile' | keyof SiteNames>[] {
  return CONNECTIONS.flatMap((connection, at) =>
    [...STATES, null].flatMap((state, place) =>
      MARKS.flatMap((marks) => {
        const count = cards[slotOf(at, place, marks)] ?? 0
        return count === 0 ? [] : [{ connection, state, ...marks, cards: count }]
      }),
    ),
  )
}
