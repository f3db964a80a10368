/**
 * A draw that was placed here and is granted by a child, or by a collector below one: what was asked
 * for, what of it is still to be answered, and what the child said last. Nothing is decided here: what
 * a child has not answered stays open for ever, and what it answers is its own journal's word.
 *
 *   asking ──▶ held ──▶ posting ──▶ posted ──▶ ended
 *     │          └────▶ voided, lapsed, refused (all by the child's word)
 *     └────▶ refused
 */
import type { DrawId, DrawRefusal, DrawRequest, DrawState } from './draw.ts'
import type { JsonObject } from './ledger.ts'

export const PLACED_STATES_OPEN = ['asking', 'posting'] as const
export type PlacedState = (typeof PLACED_STATES_OPEN)[number] | DrawState

/** What a bank can ask of a draw that is there. */
export type PlacedStep =
  | { readonly kind: 'post' }
  | { readonly kind: 'void' }
  | { readonly kind: 'extend'; readonly untilMs: number }
  | { readonly kind: 'return'; readonly cards: readonly number[] | 'all' }
export type OpenStep = { readonly kind: 'hold' } | PlacedStep

/** As a child has told it. */
export interface ToldDraw {
  readonly state: DrawState
  /** Of the draw at the child. */
  readonly version: number
  readonly siteCodes: readonly string[]
  readonly toldAtMs: number
  /** The answer of the interface for it, lots and id as they are known here. */
  readonly draw: JsonObject
}

export interface PlacedDraw {
  /** Rises by one with each change. */
  readonly version: number
  /** Lots by the ids that they have here. */
  readonly request: DrawRequest
  /** The child, then those below it; the last one owns the cards. Empty: refused before it was asked. */
  readonly path: readonly string[]
  /** Who placed it: knows of it before any site of it is known. */
  readonly actor: string
  /** Cards come from within it. */
  readonly scope: {
    readonly regions: 'all' | readonly string[]
    readonly sites: 'all' | readonly string[]
  }
  /** Asked for and not answered; the first one is being asked. */
  readonly steps: readonly OpenStep[]
  /** `null`: the child has answered nothing yet, or has no such draw. */
  readonly told: ToldDraw | null
  /** Of the hold, or of the last step that was refused. */
  readonly refusal: DrawRefusal | null
  readonly placedAtMs: number
}

export function drawIdOf({ request }: Pick<PlacedDraw, 'request'>): DrawId {
  return request.drawId
}

export function placedStateOf({ steps, told }: Pick<PlacedDraw, 'steps' | 'told'>): PlacedState {
  const [first] = steps
  if (first?.kind === 'hold') return 'asking'
  if (told === null) return 'refused'
  return first?.kind === 'post' && told.state === 'held' ? 'posting' : told.state
}
