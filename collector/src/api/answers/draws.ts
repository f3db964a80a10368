/**
 * A draw as the asker may see it: what was asked for, what it is now, and card by card what became of
 * the promise. The bank gets opaque lot ids; nodes are named only to those for whom they are not
 * opaque. The handover record goes to who may draw: they bring it to the borrower.
 */
import { resourceCode } from '@yiben/shared'
import type { z } from 'zod'
import { lotsOf } from '../../bank/draw-entries.ts'
import { cardsAskedOf } from '../../bank/draw-request.ts'
import type { Claim, Draw, DrawRefusal, GrantEvidence, Lease } from '../../model/draw.ts'
import { isOpaqueFor } from '../access.ts'
import type { Asker } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantOrNull, instantText, ratioOfPpm } from '../schemas.ts'
import type { DrawAnswer, DrawSummary, evidenceSchema, refusalSchema } from './draw-schema.ts'
import { isDrawSeen, type SeenSites, seenClaims } from './draw-scope.ts'

type Shown = Pick<ApiContext, 'ledger' | 'lots'>

/** Who is shown a draw. */
export interface Viewer {
  readonly asker: Asker
  readonly sites: SeenSites
}

export function drawAnswerOf(context: Shown, viewer: Viewer, whole: Draw): DrawAnswer {
  const draw = seenDraw(viewer, whole)
  return {
    demo: context.ledger.isDemo,
    ...summaryOf(context, draw),
    leases: draw.leases.map((lease) => leaseAnswer(viewer, draw, lease)),
    cards: draw.claims.map((claim) => cardAnswer(context, viewer, claim)),
  }
}

export function drawSummaryOf(context: Shown, viewer: Viewer, whole: Draw): DrawSummary {
  return summaryOf(context, seenDraw(viewer, whole))
}

/** `null` for an asker who knows nothing of it. */
export function drawAnswerIfSeen(context: Shown, viewer: Viewer, draw: Draw): DrawAnswer | null {
  return isDrawSeen(viewer.sites, draw) ? drawAnswerOf(context, viewer, draw) : null
}

/** Without the cards, and the leases, of which the asker knows nothing. */
function seenDraw({ sites }: Viewer, draw: Draw): Draw {
  if (sites === 'all') return draw
  const claims = seenClaims(sites, draw.claims)
  const leaseIds = new Set(claims.map(({ leaseId }) => leaseId))
  return { ...draw, claims, leases: draw.leases.filter(({ leaseId }) => leaseIds.has(leaseId)) }
}

function summaryOf({ lots }: Shown, draw: Draw): DrawSummary {
  const { request } = draw
  const { what } = request
  const live = draw.claims.filter(({ state }) => state === 'held' || state === 'leased')
  return {
    draw_id: request.drawId,
    version: draw.version,
    state: draw.state,
    refusal: draw.refusal === null ? null : refusalOf(draw.refusal),
    ...termsOf(request),
    cards_live: live.length,
    lots: lotsOf(live, (nodeId, profile) => lots.idOf(nodeId, lots.kindOf(profile))),
    site_code: what.kind === 'pool' ? what.siteCode : null,
    model: what.kind === 'pool' ? what.model : null,
    created_at: instantText(draw.createdAtMs),
    hold_until: instantOrNull(draw.holdUntilMs),
    start: instantOrNull(draw.startMs),
    until: instantOrNull(draw.untilMs),
    ended_at: instantOrNull(draw.endedAtMs),
  }
}

/** What was asked for, whoever decides on it. */
export function termsOf(request: Draw['request']) {
  return {
    bank: request.bank,
    borrower: request.borrower,
    contract: request.contract,
    swap: request.swap,
    keep_in_silence: request.isKeptInSilence,
    confidence: ratioOfPpm(request.confidencePpm),
    cards_asked: cardsAskedOf(request),
  }
}

export function refusalOf(refusal: DrawRefusal): z.infer<typeof refusalSchema> {
  return {
    code: refusal.code,
    sentence: refusal.sentence,
    reason: refusal.reason,
    cards_available: refusal.cardsAvailable,
  }
}

function leaseAnswer({ asker }: Viewer, draw: Draw, lease: Lease): DrawAnswer['leases'][number] {
  const { handover } = lease
  const valid = instantText(lease.untilMs)
  return {
    lease_id: lease.leaseId,
    start: instantText(lease.startMs),
    until: valid,
    cards: draw.claims
      .filter(({ leaseId }) => leaseId === lease.leaseId)
      .map(({ ordinal }) => ordinal),
    told: lease.confirmedRevision >= lease.revision,
    handover:
      handover === null ? null : { ...handover, account: draw.request.drawId, valid_until: valid },
    ...(isOpaqueFor(asker.role) ? {} : { node_id: lease.nodeId }),
  }
}

function cardAnswer({ lots }: Shown, { asker }: Viewer, claim: Claim): DrawAnswer['cards'][number] {
  const kind = lots.kindOf(claim.profile)
  const { acceleratorId, nodeId } = claim
  const named =
    isOpaqueFor(asker.role) || nodeId === null || acceleratorId === null
      ? {}
      : { node_id: nodeId, accelerator_id: resourceCode('accelerator', acceleratorId) }
  return {
    ordinal: claim.ordinal,
    lease_id: claim.leaseId,
    lot_id: nodeId === null ? null : lots.idOf(nodeId, kind),
    state: claim.state,
    model: kind.model,
    vendor: kind.vendor,
    site_code: claim.siteCode,
    start: instantOrNull(claim.startMs),
    until: instantOrNull(claim.untilMs),
    recall_at: instantOrNull(claim.recallAtMs),
    recall_cause: claim.recallCause,
    ended_at: instantOrNull(claim.endedAtMs),
    end: claim.end,
    clean_at: instantOrNull(claim.cleanAtMs),
    swap_of: claim.swapOf,
    evidence: claim.evidence === null ? null : evidenceOf(claim.evidence),
    ...named,
  }
}

function evidenceOf(evidence: GrantEvidence): z.infer<typeof evidenceSchema> {
  return {
    sampled_at: instantOrNull(evidence.sampledAtMs),
    evidence_class: evidence.evidenceClass,
    free_since: instantText(evidence.windowStartMs),
    proven_to: instantText(evidence.provenToMs),
    fenced: evidence.isFenced,
    chance: ratioOfPpm(evidence.chancePpm),
    forecast_version: evidence.forecastVersion,
    forecast_brier: ratioOfPpm(evidence.forecastBrierPpm),
  }
}
