/**
 * When an open deposit ends, and why. Pure.
 *
 * A deposit ends at the last second proven free in its window, or before that at the instant the
 * owner's word names (veto, pause, policy); never before it was opened. Where several things ended
 * it, the earliest instant is its end and the first of CLOSE_ORDER the reason. While the collector
 * suspects itself, silence and clock offset close nothing: the closing is deferred, not dropped.
 *
 * Being lent does not close it. From the post of a lease until its card is clean again only
 * LENT_CLOSE_REASONS do; the card comes back clean in a window of its own, which the deposit takes,
 * or it does not, and then the deposit ends where the lease ended.
 */
import { type RunCode, runCode } from '@yiben/shared'
import type { CardClaim } from '../model/draw.ts'
import type { UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import { type Deposit, type DepositCloseReason, LENT_CLOSE_REASONS } from '../model/ledger.ts'
import type { ClosedWindow, ConsentEnd, OpenUnit } from '../model/timeline.ts'
import type { DepositQuestion } from './question.ts'

/** Reasons in the order in which they are looked for. */
const CLOSE_ORDER: readonly DepositCloseReason[] = [
  'unit_ended',
  'conflict',
  'veto',
  'paused',
  'consent_withdrawn',
  'silent',
  'window_ended',
  'clock',
  'kept_back',
]

/** Ends of a window that say nothing of the card, only that nobody told of it. */
const SILENCES: ReadonlySet<RunCode> = new Set([
  runCode('unknown/silent'),
  runCode('unknown/stopped'),
  runCode('unknown/upgrade'),
])

export interface Closing {
  readonly deposit: Deposit
  readonly closedAtMs: number
  readonly reason: DepositCloseReason
}

/** A deposit that goes on in another window. */
export interface Rewindow {
  readonly deposit: Deposit
  readonly windowStartMs: number
}

export interface Closings {
  readonly closings: readonly Closing[]
  readonly rewindows: readonly Rewindow[]
  readonly isDeferred: boolean
  /** Units whose deposit is carried by a lease: no proof of theirs is waited for. */
  readonly lent: ReadonlySet<UnitId>
}

/** `room`: how many cards of the node may be deposited; the oldest deposits stay. */
export function closingsOf(question: DepositQuestion, room: number): Closings {
  const look = lookAt(question)
  const standings = oldestFirst(question.openDeposits).map((one) => standingOf(one, look))
  const carried = standings.filter(({ ends, isLent }) => isLent && ends.length === 0)
  const closings: Closing[] = []
  const rewindows: Rewindow[] = []
  // A card is not taken from a borrower to be kept back: others are.
  let keptCount = carried.length
  for (const standing of standings) {
    const { deposit, ends, isLent, proof } = standing
    const hasRoom = keptCount < room && !question.siteExcess.has(deposit.depositId)
    if (ends.length > 0 || (!isLent && !hasRoom)) {
      closings.push(closingOf(standing))
      continue
    }
    if (!isLent) keptCount += 1
    if (proof.windowStartMs !== null) {
      rewindows.push({ deposit, windowStartMs: proof.windowStartMs })
    }
  }
  const isDeferred = standings.some((standing) => standing.isDeferred)
  return { closings, rewindows, isDeferred, lent: new Set(carried.map(unitOfStanding)) }
}

interface Look {
  readonly question: DepositQuestion
  readonly units: ReadonlyMap<UnitId, OpenUnit>
  readonly rows: ReadonlyMap<UnitId, UnitRow>
  readonly closedWindows: readonly ClosedWindow[]
  readonly isSuspect: boolean
}

function lookAt(question: DepositQuestion): Look {
  return {
    question,
    units: new Map(question.open.units.map((unit) => [unit.unitId, unit])),
    rows: new Map(question.units.map((row) => [row.unitId, row])),
    closedWindows: question.closedWindows,
    isSuspect: question.guards.depositsSuspended,
  }
}

function oldestFirst(deposits: readonly Deposit[]): readonly Deposit[] {
  return [...deposits].sort(
    (left, right) => left.openedAtMs - right.openedAtMs || left.unitId - right.unitId,
  )
}

/** One deposit at this look. */
interface Standing {
  readonly deposit: Deposit
  readonly proof: Proof
  /** In CLOSE_ORDER, without those that wait. */
  readonly ends: readonly End[]
  readonly isDeferred: boolean
  readonly isLent: boolean
}

function standingOf(deposit: Deposit, look: Look): Standing {
  const isLent = isCarried(deposit, look)
  const proof = isLent ? proofUnderLease(deposit, look) : proofOf(deposit, look)
  const all = endsOf(deposit, proof, look).filter(
    ({ reason }) => !isLent || LENT_CLOSE_REASONS.includes(reason),
  )
  const ends = all.filter(({ isDeferrable }) => !isDeferrable || !look.isSuspect)
  return { deposit, proof, ends, isLent, isDeferred: ends.length === 0 && all.length > 0 }
}

function unitOfStanding({ deposit }: Standing): UnitId {
  return deposit.unitId
}

function closingOf({ deposit, ends, proof }: Standing): Closing {
  const reason = ends[0]?.reason ?? 'kept_back'
  const endMs = Math.min(proof.endMs, ...ends.map(({ atMs }) => atMs ?? proof.endMs))
  return { deposit, closedAtMs: Math.max(deposit.openedAtMs, endMs), reason }
}

/** Under a lease, in cleaning after it, or clean by a proof that the row looked at does not hold. */
function isCarried(deposit: Deposit, { question }: Look): boolean {
  const { claims, open } = question
  if (claims.some((claim) => claim.unitId === deposit.unitId && isLending(claim))) return true
  const cleanAtMs = leaseBehind(deposit, claims)?.cleanAtMs ?? null
  return cleanAtMs !== null && cleanAtMs > open.timelineEndMs
}

export function isLending({ state }: CardClaim): boolean {
  return state === 'leased' || state === 'cleaning'
}

/** The last lease of the deposit, when it is over. */
function leaseBehind({ depositId }: Deposit, claims: readonly CardClaim[]): CardClaim | undefined {
  return claims.find((claim) => claim.state === 'ended' && claim.depositId === depositId)
}

/** How far the deposit is proven, and whether its window goes on. */
interface Proof {
  readonly endMs: number
  readonly ended: 'no' | 'silent' | 'other'
  /** The window in which it goes on, when it is another one. */
  readonly windowStartMs: number | null
}

function proofOf(deposit: Deposit, look: Look): Proof {
  const own = proofInWindow(deposit, look)
  const lease = leaseBehind(deposit, look.question.claims)
  if (own.ended === 'no' || lease === undefined) return own
  const window = look.units.get(deposit.unitId)?.window ?? null
  const { cleanAtMs, endedAtMs } = lease
  // Seen clean in this very window; one that began later is another's.
  const isBack = cleanAtMs !== null && window !== null && window.startMs <= cleanAtMs
  if (isBack) return { endMs: window.provenToMs, ended: 'no', windowStartMs: window.startMs }
  if (own.ended === 'silent' || endedAtMs === null) return own
  return { ...own, endMs: Math.max(own.endMs, endedAtMs) }
}

/** The lease itself carries it, as far as the node has told. */
function proofUnderLease(deposit: Deposit, look: Look): Proof {
  const { endMs } = proofInWindow(deposit, look)
  const toldMs = look.question.open.timelineEndMs
  return { endMs: Math.max(endMs, toldMs), ended: 'no', windowStartMs: null }
}

function proofInWindow(deposit: Deposit, look: Look): Proof {
  const window = look.units.get(deposit.unitId)?.window ?? null
  if (window !== null && window.startMs === deposit.windowStartMs) {
    return { endMs: window.provenToMs, ended: 'no', windowStartMs: null }
  }
  const closed = look.closedWindows.find(
    ({ unitId, startMs }) => unitId === deposit.unitId && startMs === deposit.windowStartMs,
  )
  if (closed !== undefined) {
    const ended = SILENCES.has(closed.endCode) ? 'silent' : 'other'
    return { endMs: closed.endMs, ended, windowStartMs: null }
  }
  // A placement that ended between two looks leaves its last proof, and no window.
  const validToMs = look.rows.get(deposit.unitId)?.validToMs ?? null
  return { endMs: validToMs ?? deposit.openedAtMs, ended: 'other', windowStartMs: null }
}

interface End {
  readonly reason: DepositCloseReason
  /** The instant it names; `null`: the last second proven. */
  readonly atMs: number | null
  readonly isDeferrable: boolean
}

/** Everything that ends the deposit now, in CLOSE_ORDER. */
function endsOf(deposit: Deposit, proof: Proof, look: Look): readonly End[] {
  const { open, guards, settings, isSilent } = look.question
  const unit = look.units.get(deposit.unitId)
  const row = look.rows.get(deposit.unitId)
  const ends: End[] = []
  const add = (reason: DepositCloseReason, atMs: number | null, isDeferrable = false) => {
    ends.push({ reason, atMs, isDeferrable })
  }
  if (unit === undefined || row === undefined || row.validToMs !== null) {
    add('unit_ended', row?.validToMs ?? null)
  }
  if (row !== undefined && (row.isInConflict || !row.isCounted)) add('conflict', null)
  const consent = consentEnd(deposit, unit, proof, settings.proofMsMax)
  if (consent !== null) ends.push(consent)
  if (!isConsenting(look.question)) add('consent_withdrawn', open.policy?.atMs ?? null)
  // Late proof is a silence that nobody noticed: it lengthens nothing.
  const lateFromMs = unit !== undefined && unit.runRecordedAtMs !== null ? unit.runStartMs : null
  if (proof.ended === 'silent' || isSilent) add('silent', null, true)
  else if (proof.ended === 'no' && lateFromMs !== null) add('silent', lateFromMs, true)
  else if (proof.ended === 'no' && isProofOld(proof, look.question)) add('silent', null, true)
  if (proof.ended === 'other') add('window_ended', null)
  const offsetMs = guards.isClockAccused ? null : guards.clockOffsetMs
  if (offsetMs !== null && Math.abs(offsetMs) > settings.clockOffsetMsMax) add('clock', null, true)
  return ends.sort((left, right) => orderOf(left.reason) - orderOf(right.reason))
}

/** Not under a policy that nobody here can read: it may say anything. */
function isConsenting({ isCalendarReadable, open }: DepositQuestion): boolean {
  return open.policy?.enabled === true && isCalendarReadable
}

/** Heartbeats prove nothing: a node whose sampler is stuck is silent about its cards (DESIGN 2.3). */
function isProofOld({ endMs }: Proof, question: DepositQuestion): boolean {
  const { guards, proofNowMs, settings } = question
  return !guards.isClockAccused && proofNowMs - endMs >= settings.proofMsMax
}

function orderOf(reason: DepositCloseReason): number {
  return CLOSE_ORDER.indexOf(reason)
}

/**
 * The owner's word on the node. Where the window had ended well before it, it is not what ended the
 * deposit: `withinMs` after the last proof a job may already run on a card just reclaimed.
 */
function consentEnd(
  deposit: Deposit,
  unit: OpenUnit | undefined,
  proof: Proof,
  withinMs: number,
): End | null {
  const end = unit === undefined ? null : endOfConsent(deposit, unit)
  if (end === null) return null
  const { by, sinceMs } = end
  const isAfterwards = proof.ended !== 'no' && sinceMs !== null && sinceMs > proof.endMs + withinMs
  return isAfterwards ? null : { reason: CONSENT_REASONS[by], atMs: sinceMs, isDeferrable: false }
}

/** The first end of consent that the deposit was not opened after, given back or not. */
function endOfConsent(
  deposit: Deposit,
  { consentEnds, depositable, withheld }: OpenUnit,
): { readonly sinceMs: number | null; readonly by: ConsentEnd['by'] } | null {
  const missed = consentEnds.count - deposit.consentEndCount
  // More ends than are kept: nobody knows the first instant, so that nothing was deposited.
  const unkept = { sinceMs: deposit.openedAtMs, by: 'bit' } as const
  if (missed > 0) return consentEnds.latest.at(-missed) ?? unkept
  return withheld ?? (depositable ? null : { sinceMs: null, by: 'bit' })
}

const CONSENT_REASONS: Readonly<Record<ConsentEnd['by'], DepositCloseReason>> = {
  veto: 'veto',
  pause: 'paused',
  bit: 'consent_withdrawn',
  policy: 'consent_withdrawn',
}
