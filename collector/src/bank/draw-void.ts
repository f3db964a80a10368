/** A hold that ends without a lease: given up by the client, or claimed by its owner first. Pure. */
import type { Claim, ClaimEnd, Draw, DrawRefusal } from '../model/draw.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import { type Decided, refusedEntry, releasedEntry } from './draw-entries.ts'
import { changeOf } from './draw-hold.ts'
import { assertDraw, assertStep } from './draw-invariants.ts'
import { refusalOf } from './draw-refusal.ts'

export type DrawOutcome =
  | { readonly status: 'decided'; readonly change: DrawChange }
  /** It was done before: the draw stays as it is. */
  | { readonly status: 'done' }
  | { readonly status: 'refused'; readonly refusal: DrawRefusal }

/** Refusals in order: `wrong_state`, `hold_lapsed`. */
export function decideVoid(draw: Draw, decided: Decided): DrawOutcome {
  if (draw.state === 'voided') return { status: 'done' }
  if (draw.state === 'lapsed') return { status: 'refused', refusal: refusalOf('hold_lapsed') }
  if (draw.state !== 'held') return { status: 'refused', refusal: refusalOf('wrong_state') }
  const after = released(draw, { state: 'voided', end: 'voided', atMs: decided.nowMs })
  const outbox = [releasedEntry('draw_voided', after, decided)]
  return { status: 'decided', change: { ...changeOf(draw.version, after), outbox } }
}

/** A node will not lend what is held: the hold becomes a refusal, which every retry gets. */
export function decideRefusedHold(draw: Draw, refusal: DrawRefusal, decided: Decided): DrawOutcome {
  if (draw.state !== 'held') return { status: 'refused', refusal: refusalOf('wrong_state') }
  const over = released(draw, { state: 'refused', end: 'voided', atMs: decided.nowMs, refusal })
  const outbox = [refusedEntry(over, decided)]
  return { status: 'decided', change: { ...changeOf(draw.version, over), outbox } }
}

/** The hold with every card let go; with `draw.version` one higher. */
export function released(
  draw: Draw,
  over: {
    readonly state: 'voided' | 'lapsed' | 'refused'
    readonly end: ClaimEnd
    readonly atMs: number
    readonly refusal?: DrawRefusal
  },
): Draw {
  assertDraw(draw)
  const claims = draw.claims.map((claim): Claim => {
    if (claim.state === 'ended') return claim
    return { ...claim, state: 'ended', end: over.end, endedAtMs: over.atMs }
  })
  const after: Draw = {
    ...draw,
    version: draw.version + 1,
    state: over.state,
    refusal: over.refusal ?? null,
    holdUntilMs: null,
    endedAtMs: over.atMs,
    claims,
  }
  assertStep(draw, after)
  return after
}
