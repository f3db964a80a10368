/**
 * When an open deposit ends, and why. Pure.
 *
 * A deposit ends at the last second proven free in its window, or before that at the instant the
 * owner's word names (veto, pause, policy); never before it was opened. Where several things ended
 * it, the earliest instant is its end and the first of CLOSE_ORDER the reason. While the collector suspects itself, silence and
 * clock offset close nothing: the closing is deferred, not dropped.
 */
import { type RunCode, runCode } from '@yiben/shared'
import type { UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { Deposit, DepositCloseReason } from '../model/ledger.ts'
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
])

export interface Closing {
  readonly deposit: Deposit
  readonly closedAtMs: number
  readonly reason: DepositCloseReason
}

export interface Closings {
  readonly closings: readonly Closing[]
  readonly isDeferred: boolean
}

/** `room`: how many cards of the node may be deposited; the oldest deposits stay. */
export function closingsOf(question: DepositQuestion, room: number): Closings {
  const look = lookAt(question)
  const closings: Closing[] = []
  let isDeferred = false
  let keptCount = 0
  for (const deposit of oldestFirst(question.openDeposits)) {
    const proof = proofOf(deposit, look)
    const all = endsOf(deposit, proof, look)
    const ends = all.filter(({ isDeferrable }) => !isDeferrable || !look.isSuspect)
    isDeferred ||= ends.length === 0 && all.length > 0
    if (ends.length === 0 && keptCount < room) {
      keptCount += 1
      continue
    }
    const reason = ends[0]?.reason ?? 'kept_back'
    const endMs = Math.min(proof.endMs, ...ends.map(({ atMs }) => atMs ?? proof.endMs))
    closings.push({ deposit, closedAtMs: Math.max(deposit.openedAtMs, endMs), reason })
  }
  return { closings, isDeferred }
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

/** How far the deposit's own window is proven, and whether it goes on. */
interface Proof {
  readonly endMs: number
  readonly ended: 'no' | 'silent' | 'other'
}

function proofOf(deposit: Deposit, look: Look): Proof {
  const window = look.units.get(deposit.unitId)?.window ?? null
  if (window !== null && window.startMs === deposit.windowStartMs) {
    return { endMs: window.provenToMs, ended: 'no' }
  }
  const closed = look.closedWindows.find(
    ({ unitId, startMs }) => unitId === deposit.unitId && startMs === deposit.windowStartMs,
  )
  if (closed !== undefined) {
    return { endMs: closed.endMs, ended: SILENCES.has(closed.endCode) ? 'silent' : 'other' }
  }
  // A placement that ended between two looks leaves its last proof, and no window.
  const validToMs = look.rows.get(deposit.unitId)?.validToMs ?? null
  return { endMs: validToMs ?? deposit.openedAtMs, ended: 'other' }
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
  if (open.policy === null || !open.policy.enabled) {
    add('consent_withdrawn', open.policy?.atMs ?? null)
  }
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
