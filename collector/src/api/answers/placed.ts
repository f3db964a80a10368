/**
 * A draw that was placed here and is granted by a collector below, as the asker may see it: what that
 * collector has told, under the id and the version that the draw has here. Who placed it knows of it
 * before any site of it is known.
 */
import type { JsonObject } from '../../model/ledger.ts'
import { drawIdOf, type PlacedDraw, placedStateOf } from '../../model/placed-draw.ts'
import type { ApiContext } from '../context.ts'
import { instantOrNull, instantText } from '../schemas.ts'
import { type DrawAnswer, type DrawSummary, drawSchema } from './draw-schema.ts'
import { refusalOf, termsOf, type Viewer } from './draws.ts'

type Shown = Pick<ApiContext, 'ledger'>

/** Some of it may be shown. */
export function isPlacedSeen({ asker, sites }: Viewer, { actor, told }: PlacedDraw): boolean {
  if (sites === 'all' || actor === asker.actor) return true
  return (told?.siteCodes ?? []).some((siteCode) => sites.has(siteCode))
}

/** All of it may be decided on. */
export function isPlacedWithin({ asker, sites }: Viewer, { actor, told }: PlacedDraw): boolean {
  if (sites === 'all' || actor === asker.actor) return true
  const codes = told?.siteCodes ?? []
  return codes.length > 0 && codes.every((siteCode) => sites.has(siteCode))
}

export function placedAnswerOf(
  { ledger }: Shown,
  { asker, sites }: Viewer,
  placed: PlacedDraw,
): DrawAnswer {
  const { path, refusal, steps, told } = placed
  const base = (told === null ? null : readTold(told.draw)) ?? untold(placed)
  const isWhole = sites === 'all' || placed.actor === asker.actor
  const cards = isWhole ? base.cards : base.cards.filter((card) => sites.has(card.site_code))
  const leaseIds = new Set(cards.map(({ lease_id: leaseId }) => leaseId))
  const state = placedStateOf(placed)
  return {
    ...base,
    demo: base.demo || ledger.isDemo,
    draw_id: drawIdOf(placed),
    version: placed.version,
    state,
    refusal: state === 'refused' && refusal !== null ? refusalOf(refusal) : base.refusal,
    cards,
    leases: base.leases.filter(({ lease_id: leaseId }) => leaseIds.has(leaseId)),
    placed: {
      child_id: path[0] ?? null,
      path: [...path],
      waiting_for: steps[0]?.kind ?? null,
      told_at: instantOrNull(told?.toldAtMs ?? null),
      refusal: refusal === null ? null : refusalOf(refusal),
    },
  }
}

export function placedSummaryOf(context: Shown, viewer: Viewer, placed: PlacedDraw): DrawSummary {
  const {
    cards: _cards,
    demo: _demo,
    leases: _leases,
    ...summary
  } = placedAnswerOf(context, viewer, placed)
  return summary
}

/** Written when it was told; a later program may have other words. */
function readTold(draw: JsonObject): DrawAnswer | null {
  return drawSchema.safeParse(draw).data ?? null
}

/** Of what was asked for alone. */
function untold(placed: PlacedDraw): DrawAnswer {
  const { request, version } = placed
  const { what } = request
  return {
    demo: false,
    draw_id: request.drawId,
    version,
    state: placedStateOf(placed),
    refusal: null,
    ...termsOf(request),
    cards_live: 0,
    lots:
      what.kind === 'pool' ? [] : what.lots.map(({ cards, lotId }) => ({ lot_id: lotId, cards })),
    site_code: null,
    model: null,
    created_at: instantText(placed.placedAtMs),
    hold_until: null,
    start: null,
    until: null,
    ended_at: null,
    leases: [],
    cards: [],
  }
}
