/**
 * What must hold of a draw and of a step from one state of it to the next (SPEC, Draws): asserted
 * before and after every decision, and asked by tests. Pure; a fault is a sentence.
 */
import { assert } from '@yiben/shared'
import { positionOf } from '../model/accounts.ts'
import {
  type Claim,
  type ClaimState,
  DRAW_STATES_FINAL,
  type Draw,
  type DrawState,
  type Posting,
} from '../model/draw.ts'
import { cardsAskedOf, isSameRequest } from './draw-request.ts'

/** States that one decision can lead to; a draw that stays what it is can always be changed. */
const NEXT_DRAW_STATES: Readonly<Record<DrawState, readonly DrawState[]>> = {
  held: ['posted', 'voided', 'lapsed', 'refused'],
  booked: ['posted', 'voided', 'broken'],
  posted: ['ended'],
  // A card that was clean can turn out to have been lent for less: late evidence changes no state.
  ended: [],
  voided: [],
  lapsed: [],
  broken: [],
  refused: [],
}
const NEXT_CLAIM_STATES: Readonly<Record<ClaimState, readonly ClaimState[]>> = {
  held: ['leased', 'ended'],
  leased: ['cleaning', 'ended'],
  cleaning: ['ended'],
  ended: [],
}

type Check = readonly [isKept: boolean, fault: string]

/** Of one draw as it stands; none: all is well. */
export function drawFaults(draw: Draw): readonly string[] {
  const { claims, endedAtMs, holdUntilMs, leases, request, startMs, state, untilMs } = draw
  const isFinal = DRAW_STATES_FINAL.includes(state)
  const live = claims.filter((claim) => claim.state !== 'ended')
  const isLent = startMs !== null && untilMs !== null
  const checks: readonly Check[] = [
    [draw.version >= 1, 'a version counts from 1'],
    [(startMs === null) === (untilMs === null), 'a promise has a start and an end, or neither'],
    [!isLent || startMs < untilMs, 'a promise has a length'],
    [(state === 'held') === (holdUntilMs !== null), 'a hold, and nothing else, lapses'],
    [isFinal === (endedAtMs !== null), 'what is over has ended, and nothing else has'],
    [
      (state === 'refused' || state === 'broken') === (draw.refusal !== null),
      'what is refused or broken says why',
    ],
    [!isFinal || live.length === 0, 'what is over holds no card'],
    [state !== 'held' || !isLent, 'a hold promises no time'],
    [state !== 'held' || leases.length === 0, 'a hold has no leases'],
    [
      state !== 'held' || (live.length === cardsAskedOf(request) && live.every(isHeld)),
      'a hold holds as many cards as were asked for',
    ],
    [!['posted', 'ended', 'booked'].includes(state) || isLent, 'what is lent is promised'],
    [state !== 'posted' || live.length > 0, 'a posted draw has cards that are lent or cleaning'],
    [state !== 'posted' || !live.some(isHeld), 'a posted draw only holds what it lends'],
    [isLent || leases.length === 0, 'without a promise there are no leases'],
    [
      claims.every(({ ordinal }, index) => ordinal === index),
      'claims are numbered from 0 in their order',
    ],
    [new Set(leases.map(({ leaseId }) => leaseId)).size === leases.length, 'lease ids differ'],
  ]
  return [
    ...faultsOf(checks),
    ...leases.flatMap((lease) => leaseFaults(draw, lease)),
    ...claims.flatMap((claim) => claimFaults(draw, claim)),
    ...sharedCards(live),
  ]
}

/** Of a step; `before` is `null` for a draw that is new. */
export function stepFaults(before: Draw | null, after: Draw): readonly string[] {
  if (before === null) return faultsOf([[after.version === 1, 'a new draw has version 1']])
  const isSameState = before.state === after.state
  const checks: readonly Check[] = [
    [after.version === before.version + 1, 'each change raises the version by one'],
    [isSameRequest(after.request, before.request), 'a request never changes'],
    [after.createdAtMs === before.createdAtMs, 'a draw is made once'],
    [
      isSameState || NEXT_DRAW_STATES[before.state].includes(after.state),
      `a draw that is ${before.state} does not become ${after.state}`,
    ],
    [
      before.startMs === null || after.startMs === before.startMs,
      'a promise that was made keeps its start',
    ],
    [(after.untilMs ?? 0) >= (before.untilMs ?? 0), 'a promise is never cut'],
    [after.claims.length >= before.claims.length, 'no claim is forgotten'],
    [after.leases.length >= before.leases.length, 'no lease is forgotten'],
  ]
  return [
    ...faultsOf(checks),
    ...before.leases.flatMap((lease) => {
      const next = after.leases.find(({ leaseId }) => leaseId === lease.leaseId)
      if (next === undefined) return ['no lease is forgotten']
      return faultsOf([
        [next.revision >= lease.revision, 'a revision is never taken back'],
        [next.confirmedRevision >= lease.confirmedRevision, 'a confirmation is never taken back'],
      ])
    }),
    ...before.claims.flatMap((claim, index) => claimStepFaults(claim, after.claims[index])),
  ]
}

/** Of all the postings of a draw, in their order: every promised millisecond lies in one account. */
export function postingFaults(
  { claims }: Pick<Draw, 'claims'>,
  postings: readonly Posting[],
): readonly string[] {
  return claims.flatMap(({ ordinal, startMs, swapOf, untilMs }) => {
    const own = postings.filter((posting) => posting.ordinal === ordinal)
    const { spans, faults } = positionOf(own)
    const source = swapOf === null ? 'promised' : 'swapped'
    const coveredMs = spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
    const promisedMs = startMs === null || untilMs === null ? 0 : untilMs - startMs
    return faultsOf([
      [faults.length === 0, 'a posting moves what does not lie there'],
      [spans.every((span) => span.source === source), `its time comes from ${source}`],
      [
        spans.every(({ fromMs, toMs }) => fromMs >= (startMs ?? 0) && toMs <= (untilMs ?? 0)),
        'nothing is posted outside its promise',
      ],
      [coveredMs === promisedMs, 'every promised millisecond lies in one account'],
    ]).map((fault) => `claim ${ordinal}: ${fault}`)
  })
}

/** Stops with the first fault: of the draw, or of the step to it. */
export function assertDraw(draw: Draw): void {
  const [fault] = drawFaults(draw)
  assert(fault === undefined, `draw ${draw.request.drawId}: ${fault}`)
}

export function assertStep(before: Draw | null, after: Draw): void {
  assertDraw(after)
  const [fault] = stepFaults(before, after)
  assert(fault === undefined, `draw ${after.request.drawId}: ${fault}`)
}

function isHeld({ state }: Claim): boolean {
  return state === 'held'
}

function leaseFaults(draw: Draw, lease: Draw['leases'][number]): readonly string[] {
  const { confirmedRevision, leaseId, nodeId, revision, startMs, untilMs } = lease
  const own = draw.claims.filter((claim) => claim.leaseId === leaseId)
  return faultsOf([
    [startMs < untilMs, 'a lease has a length'],
    [own.length > 0, 'a lease has cards'],
    [own.every((claim) => claim.nodeId === nodeId), 'the cards of a lease are of its node'],
    [revision >= confirmedRevision, 'nothing is confirmed that was not told'],
    [startMs >= (draw.startMs ?? startMs), 'no lease begins before the draw'],
    [untilMs <= (draw.untilMs ?? untilMs), 'no lease outlives the draw'],
  ])
}

function claimFaults(draw: Draw, claim: Claim): readonly string[] {
  const { cleanAtMs, end, endedAtMs, leaseId, startMs, state, unitId, untilMs } = claim
  const isOver = state === 'cleaning' || state === 'ended'
  const isLent = startMs !== null && untilMs !== null
  return faultsOf([
    [(startMs === null) === (untilMs === null), 'a card is promised from an instant to another'],
    [!isLent || startMs < untilMs, 'a card is promised for some time'],
    [isOver === (endedAtMs !== null), 'a claim that is over has ended, and no other'],
    [isOver === (end !== null), 'a claim that is over says how it ended, and no other'],
    [untilMs === null || endedAtMs === null || endedAtMs <= untilMs, 'no claim ends after its end'],
    [startMs === null || endedAtMs === null || endedAtMs >= startMs, 'no claim ends before it is'],
    [cleanAtMs === null || state === 'ended', 'a card that is clean is no longer claimed'],
    [unitId !== null || state === 'ended', 'a slot without a card is over'],
    [(state !== 'leased' && state !== 'cleaning') || isLent, 'a card that is lent is promised'],
    [state !== 'held' || !isLent, 'a card that is held is not promised yet'],
    [
      leaseId === null || draw.leases.some((lease) => lease.leaseId === leaseId),
      'a claim names a lease of its draw',
    ],
    [unitId === null || isLent === (leaseId !== null), 'a card is lent under a lease'],
    [
      claim.swapOf === null || claim.swapOf < claim.ordinal,
      'a claim takes the place of an earlier one',
    ],
  ]).map((fault) => `claim ${claim.ordinal}: ${fault}`)
}

function claimStepFaults(before: Claim, after: Claim | undefined): readonly string[] {
  if (after === undefined) return ['no claim is forgotten']
  const isSame = before.state === after.state
  return faultsOf([
    [
      isSame || NEXT_CLAIM_STATES[before.state].includes(after.state),
      `a claim that is ${before.state} does not become ${after.state}`,
    ],
    [
      before.acceleratorId === after.acceleratorId && before.unitId === after.unitId,
      'a claim keeps its card',
    ],
    [
      before.startMs === null || before.startMs === after.startMs,
      'a claim that was promised keeps its start',
    ],
    [(after.untilMs ?? 0) >= (before.untilMs ?? 0), 'the promise of a claim is never cut'],
    [
      before.endedAtMs === null || (after.endedAtMs ?? Infinity) <= before.endedAtMs,
      'an end is never moved later',
    ],
    [before.leaseId === null || before.leaseId === after.leaseId, 'a claim keeps its lease'],
  ]).map((fault) => `claim ${before.ordinal}: ${fault}`)
}

function sharedCards(live: readonly Claim[]): readonly string[] {
  const cards = live.map(({ acceleratorId }) => acceleratorId)
  return new Set(cards).size === cards.length ? [] : ['a card is claimed twice']
}

function faultsOf(checks: readonly Check[]): readonly string[] {
  return checks.filter(([isKept]) => !isKept).map(([, fault]) => fault)
}
