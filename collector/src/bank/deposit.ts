/**
 * Which cards of one node are deposited: opened and closed by what is proven, by the owner's consent
 * and by how far the node can be believed now (DESIGN 5, SPEC.md). Pure.
 *
 * Openings are checked in the order of NOT_DEPOSITED; the first check that fails is the reason a
 * person is shown. Closings are in closing.ts. Time is UTC epoch ms.
 */
import { stateOf } from '@yiben/shared'
import type { UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { Deposit, OutboxEntry } from '../model/ledger.ts'
import type { OpenNode, OpenUnit } from '../model/timeline.ts'
import type { DepositChange } from '../storage/requests.ts'
import { type Closing, closingsOf, isLending } from './closing.ts'
import { lotEntries, type Opening } from './entries.ts'
import type { DepositQuestion } from './question.ts'

/** Why a unit is not deposited now, in the order of checks. */
const NOT_DEPOSITED = [
  /** Slices: the card they are cut from is deposited, or nothing is. */
  'not_a_card',
  'unit_ended',
  /** Known by a board or a place only: not depositable by default (DESIGN 1.5). */
  'weak_identity',
  'in_conflict',
  /** What it tells is not plausible (plausibility/rules.ts), and nobody has cleared it. */
  'implausible',
  /** No policy, or one that says no. */
  'not_consented',
  /** The policy's calendar is written in a way that this collector does not know. */
  'calendar_unknown',
  'reclaimed',
  'paused',
  /** A tick came without the depositable bit: outside the owner's calendar or configuration. */
  'withheld',
  /** The card has come here less than a day ago: nobody knows yet how it is used. */
  'observing',
  /** Its deposit was closed under a lease, which is not over, or its card is not clean. */
  'lent',
  'not_free',
  /** Free at some time, but the proof at the live edge arrived late. */
  'proof_late',
  'proof_stale',
  'window_too_young',
  /** The collector doubts its own clock (DESIGN 2.3, C4). */
  'clock_accused',
  'clock_unmeasured',
  'clock_offset',
  /** The node has not been heard for 30 s. */
  'node_suspended',
  /** The collector suspects itself (DESIGN 2.3). */
  'deposits_suspended',
  /** As many cards are kept back as the owner's policy says. */
  'kept_back',
  /** As many cards of the model are kept back at the site as its owner says. */
  'kept_at_site',
] as const
export type NotDeposited = (typeof NOT_DEPOSITED)[number]

export interface UnitDepositStatus {
  readonly unitId: UnitId
  readonly status: 'deposited' | NotDeposited
}

export interface DepositDecision {
  readonly openings: readonly Opening[]
  readonly closings: DepositChange['closings']
  readonly rewindows: DepositChange['rewindows']
  readonly outbox: readonly OutboxEntry[]
  /** Every unit of the open row, in its order. */
  readonly statuses: readonly UnitDepositStatus[]
  /** The oldest proof that a deposit now open rests on; `null` without any. */
  readonly oldestProofMs: number | null
  /** A closing waits for the end of a suspension: look at the node again then. */
  readonly isDeferred: boolean
  /** `siteRoom` after these openings and closings. */
  readonly siteRoomLeft: ReadonlyMap<string, number>
  /** A lease carries a deposit: look at the node again when it is over. */
  readonly isLending: boolean
}

export function decideDeposits(question: DepositQuestion): DepositDecision {
  const { open, units, openDeposits } = question
  const rows = new Map(units.map((row) => [row.unitId, row]))
  const room = Math.max(0, cardsOf(open, rows) - (open.policy?.keepCardsPerNode ?? 0))
  const { closings, isDeferred, lent, rewindows } = closingsOf(question, room)
  const closed = new Map(closings.map((closing) => [closing.deposit.unitId, closing]))
  const kept = openDeposits.filter((deposit) => !closed.has(deposit.unitId))
  const keptUnits = new Set(kept.map((deposit) => deposit.unitId))
  const site = new SiteRoom(question, rows, closings)

  const openings: Opening[] = []
  const statuses: UnitDepositStatus[] = []
  for (const unit of open.units) {
    const { unitId } = unit
    const row = rows.get(unitId)
    if (keptUnits.has(unitId)) {
      statuses.push({ unitId, status: 'deposited' })
      continue
    }
    const hasRoom = kept.length + openings.length < room
    const refusal = refusalOf(unit, row, question) ?? (hasRoom ? null : 'kept_back')
    if (refusal !== null || row === undefined || unit.window === null || !site.take(row)) {
      statuses.push({ unitId, status: refusal ?? 'kept_at_site' })
      continue
    }
    openings.push({
      depositId: question.mintDepositId(),
      unitId,
      nodeId: open.nodeId,
      windowStartMs: unit.window.startMs,
      openedAtMs: openingMs(question, closed.get(unitId)),
      consentEndCount: unit.consentEnds.count,
    })
    statuses.push({ unitId, status: 'deposited' })
  }
  return {
    openings,
    closings: closings.map(({ deposit, closedAtMs, reason }) => {
      return { depositId: deposit.depositId, closedAtMs, reason }
    }),
    rewindows: rewindows.map(({ deposit, windowStartMs }) => {
      return { depositId: deposit.depositId, windowStartMs }
    }),
    outbox: lotEntries(question, { closings, openings, rewindows }),
    statuses,
    oldestProofMs: oldestProofMs(open, statuses, lent),
    isDeferred,
    siteRoomLeft: site.left,
    isLending: lent.size > 0,
  }
}

/** What the site's owner still lets be deposited, model by model. */
class SiteRoom {
  readonly #question: DepositQuestion
  readonly #left: Map<string, number>

  /** By model. */
  get left(): ReadonlyMap<string, number> {
    return this.#left
  }

  constructor(
    question: DepositQuestion,
    rows: ReadonlyMap<UnitId, UnitRow>,
    closings: readonly Closing[],
  ) {
    this.#question = question
    this.#left = new Map(question.siteRoom)
    for (const { deposit } of closings) {
      const row = rows.get(deposit.unitId)
      if (row !== undefined) this.#add(row, 1)
    }
  }

  /** Takes a place for a card; `false` where there is none. */
  take(row: UnitRow): boolean {
    const left = this.#left.get(this.#modelOf(row)) ?? Number.POSITIVE_INFINITY
    if (left < 1) return false
    this.#add(row, -1)
    return true
  }

  #add(row: UnitRow, cards: 1 | -1): void {
    const model = this.#modelOf(row)
    const left = this.#left.get(model)
    if (left !== undefined) this.#left.set(model, left + cards)
  }

  /** Cards that no row of the catalogue names cannot be kept by model. */
  #modelOf({ profile }: UnitRow): string {
    return this.#question.lots.kindOf(profile).model ?? ''
  }
}

/** A deposit that a lease carries rests on no proof. */
function oldestProofMs(
  open: OpenNode,
  statuses: readonly UnitDepositStatus[],
  lent: ReadonlySet<UnitId>,
): number | null {
  const deposited = new Set(
    statuses
      .filter(({ status, unitId }) => status === 'deposited' && !lent.has(unitId))
      .map(({ unitId }) => unitId),
  )
  const proofs = open.units.flatMap(({ unitId, window }) =>
    window === null || !deposited.has(unitId) ? [] : [window.provenToMs],
  )
  return proofs.length === 0 ? null : Math.min(...proofs)
}

/** Windows whose end has to be read before deciding: of deposits that outlived them. */
export function endedWindowKeys(
  open: OpenNode,
  openDeposits: readonly Deposit[],
): readonly { readonly unitId: UnitId; readonly startMs: number }[] {
  const current = new Map(open.units.map((unit) => [unit.unitId, unit.window?.startMs ?? null]))
  return openDeposits
    .filter((deposit) => current.get(deposit.unitId) !== deposit.windowStartMs)
    .map((deposit) => ({ unitId: deposit.unitId, startMs: deposit.windowStartMs }))
}

/** `null`: nothing stands against it but, perhaps, the cards kept back. */
function refusalOf(
  unit: OpenUnit,
  row: UnitRow | undefined,
  question: DepositQuestion,
): NotDeposited | null {
  return (
    identityRefusal(row) ??
    (question.implausible.has(unit.unitId) ? 'implausible' : null) ??
    consentRefusal(unit, question) ??
    placeRefusal(unit, row, question) ??
    proofRefusal(unit, question) ??
    nodeRefusal(question)
  )
}

function identityRefusal(row: UnitRow | undefined): NotDeposited | null {
  if (row === undefined) return 'unit_ended'
  if (row.kind !== 'card') return 'not_a_card'
  if (row.validToMs !== null) return 'unit_ended'
  if (row.strongestIdentity !== 'strong') return 'weak_identity'
  return row.isInConflict || !row.isCounted ? 'in_conflict' : null
}

function consentRefusal(unit: OpenUnit, question: DepositQuestion): NotDeposited | null {
  if (question.open.policy?.enabled !== true) return 'not_consented'
  if (!question.isCalendarReadable) return 'calendar_unknown'
  if (unit.withheld?.by === 'veto') return 'reclaimed'
  if (unit.withheld?.by === 'pause') return 'paused'
  return unit.withheld !== null || !unit.depositable ? 'withheld' : null
}

function placeRefusal(
  { unitId }: OpenUnit,
  row: UnitRow | undefined,
  { claims, nowMs, settings }: DepositQuestion,
): NotDeposited | null {
  if (row !== undefined && nowMs - row.validFromMs < settings.observingMs) return 'observing'
  return claims.some((claim) => claim.unitId === unitId && isLending(claim)) ? 'lent' : null
}

function proofRefusal(unit: OpenUnit, question: DepositQuestion): NotDeposited | null {
  const { open, nowMs, settings, isSilent } = question
  // The live edge itself has to be free: a window may be open during a grey reading or a pause.
  if (unit.window === null || stateOf(unit.runCode) !== 'free') return 'not_free'
  if (unit.runRecordedAtMs !== null) return 'proof_late'
  const { ageStartMs, provenToMs } = unit.window
  if (isSilent || nowMs - provenToMs >= settings.proofMsMax) return 'proof_stale'
  return provenToMs - ageStartMs < (open.policy?.minFreeMs ?? 0) ? 'window_too_young' : null
}

function nodeRefusal({ guards, settings }: DepositQuestion): NotDeposited | null {
  if (guards.isClockAccused) return 'clock_accused'
  if (guards.clockOffsetMs === null) return 'clock_unmeasured'
  if (Math.abs(guards.clockOffsetMs) > settings.clockOffsetMsMax) return 'clock_offset'
  if (guards.isSuspended) return 'node_suspended'
  return guards.depositsSuspended ? 'deposits_suspended' : null
}

/** Cards the owner's number of kept ones is taken from: whole, here now, counted once. */
function cardsOf(open: OpenNode, rows: ReadonlyMap<UnitId, UnitRow>): number {
  return open.units.filter(({ unitId }) => {
    const row = rows.get(unitId)
    return row?.kind === 'card' && row.validToMs === null && row.isCounted
  }).length
}

/** Never before anything proven, nor before an earlier deposit of the card has ended. */
function openingMs({ open, nowMs }: DepositQuestion, closing: Closing | undefined): number {
  return Math.max(nowMs, open.timelineEndMs, closing?.closedAtMs ?? nowMs)
}
