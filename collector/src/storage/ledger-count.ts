/**
 * Counts the cards of an instant of the ledger that are alike, from what was found of each: whichever
 * store has found it.
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
} from '../model/card-count.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { Site } from '../model/site.ts'
import type { Silence } from '../model/timeline.ts'
import { type CoreTime, NodeSums, type SiteNames } from './node-sums.ts'
import { forEachRun } from './open-row.ts'
import { profileOf } from './rows.ts'
import { ownerOf } from './site-rows.ts'
import { integer, integerOrNull, type Row, storedJson, text, textOrNull } from './values.ts'

/**
 * What a run says of the instant: where it covers it twice its code, plus 1 when it was told late;
 * else the end of what it proves, negative. `null`: there is no run.
 */
export type Found = number | null

export interface NodeCards {
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

/** A node with its cards, from a row of both stores. */
export function nodeCardsOf(
  row: Row,
  instant: Pick<LedgerInstant, 'asOfMs' | 'knownAtMs'>,
): NodeCards {
  const unitIds = storedJson<readonly UnitId[]>(text(row, 'unit_ids'))
  return {
    nodeId: text(row, 'node_id') as NodeId,
    siteCode: text(row, 'site_code'),
    unitIds,
    profileIds: storedJson<readonly number[]>(text(row, 'profile_ids')),
    found: openFounds(row, unitIds, instant),
    isSchedulerRead: SCHEDULERS.has(textOrNull(row, 'owner_kind')),
    cores: integerOrNull(row, 'cpu_cores'),
    coreTime: coreTimeOf(row),
  }
}

export function coreHourMs({ asOfMs, settledLagMs }: LedgerInstant): number {
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

/** Puts answers about closed runs where the open run says nothing; `null` for none. */
export function fillFounds(nodes: readonly NodeCards[], answers: readonly Found[]): void {
  let next = 0
  for (const { found } of nodes) {
    for (const [position, one] of found.entries()) {
      if (one === null) found[position] = answers[next++] ?? null
    }
  }
}

export function unitsWith(
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

export function isFreeLive(found: Found): boolean {
  return found !== null && found > 0 && found % 2 === 0 && placeOfCode(found >> 1) === FREE_PLACE
}

export function isLendableCard(found: Found): boolean {
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
export class CountSums {
  readonly #instant: LedgerInstant
  readonly #silencesOf: (nodeId: NodeId) => readonly Silence[]
  readonly #tallies = new Map<string, Tally>()
  readonly #nodes = new NodeSums()
  #untoldFromMs: number | null = null

  /** Silences of a node and its cards that cover the instant and were declared by then, in order. */
  constructor(instant: LedgerInstant, silencesOf: (nodeId: NodeId) => readonly Silence[]) {
    this.#instant = instant
    this.#silencesOf = silencesOf
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

  /** By sites as they were at the instant and every row of the profiles. */
  finish(sites: ReadonlyMap<string, Site>, profileRows: readonly Row[]): CardCounts {
    const placeOf = (siteCode: string) => {
      const terms = sites.get(siteCode)?.terms
      const [operatorCode, regionCode] = [terms?.operatorCode ?? '', terms?.regionCode ?? '']
      return { siteCode, ownerCode: ownerOf(terms), operatorCode, regionCode }
    }
    const profiles = new Map(profileRows.map((row) => [integer(row, 'profile_id'), profileOf(row)]))
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
