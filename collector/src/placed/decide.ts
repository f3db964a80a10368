/**
 * What becomes of a draw that was placed here: when the bank asks for something, and when the child has
 * answered. Pure. Each gives the whole back with the entry that says so; nothing that a child has not
 * said is ever concluded.
 */
import { isDeepStrictEqual } from 'node:util'
import { isPassing, refusalOf } from '../bank/draw-refusal.ts'
import type { DrawRefusal, DrawRequest } from '../model/draw.ts'
import type { JsonObject, OutboxEntry } from '../model/ledger.ts'
import {
  drawIdOf,
  type PlacedDraw,
  type PlacedStep,
  placedStateOf,
  type ToldDraw,
} from '../model/placed-draw.ts'
import type { PlacedChange } from '../storage/placed-store.ts'
import type { DrawTold, ToldResult } from './words.ts'

export interface Placing extends Pick<PlacedDraw, 'path' | 'actor' | 'scope'> {
  readonly request: DrawRequest
}

export type StepAsked =
  | { readonly status: 'asked'; readonly change: PlacedChange }
  /** It is being asked already. */
  | { readonly status: 'waits' }
  /** The child has said that it is done. */
  | { readonly status: 'done' }
  | { readonly status: 'refused'; readonly refusal: DrawRefusal }

const NOTHING = { version: 0, steps: [], told: null, refusal: null } as const
const DONE_BY: Readonly<Record<PlacedStep['kind'], readonly string[]>> = {
  post: ['posted', 'ended'],
  void: ['voided'],
  // Asked for once more they may mean more.
  extend: [],
  return: [],
}

/** To be asked for. */
export function placed(placing: Placing, nowMs: number): PlacedChange {
  const draw: PlacedDraw = { ...placing, ...NOTHING, placedAtMs: nowMs }
  return changed(draw, { steps: [{ kind: 'hold' }] }, nowMs)
}

/** Refused by this collector, before anybody was asked. */
export function refusedHere(placing: Placing, refusal: DrawRefusal, nowMs: number): PlacedChange {
  const draw: PlacedDraw = { ...placing, ...NOTHING, path: [], placedAtMs: nowMs }
  return changed(draw, { refusal }, nowMs)
}

/** A hold that nobody has answered may be given up behind it; else one thing is asked at a time. */
export function stepAsked(draw: PlacedDraw, step: PlacedStep, nowMs: number): StepAsked {
  const { steps, told } = draw
  if (steps.some((open) => isDeepStrictEqual(open, step))) return { status: 'waits' }
  const [first] = steps
  if (first === undefined) {
    if (told === null) return { status: 'refused', refusal: draw.refusal ?? WRONG_STATE }
    if (DONE_BY[step.kind].includes(told.state)) return { status: 'done' }
  } else if (first.kind !== 'hold' || step.kind !== 'void') {
    return { status: 'refused', refusal: WRONG_STATE }
  }
  const change = changed(draw, { steps: [...steps, step], refusal: null }, nowMs)
  return { status: 'asked', change }
}

const WRONG_STATE = refusalOf('wrong_state')

/** `null`: no answer to what is being asked: it is asked again. */
export function answered(
  draw: PlacedDraw,
  result: ToldResult | { readonly status: 'closed' },
  nowMs: number,
): PlacedChange | null {
  const [first, ...rest] = draw.steps
  if (first === undefined) return null
  const isHold = first.kind === 'hold'
  if (result.status === 'closed') {
    // Only new draws are turned away: a step is answered by and by.
    if (!isHold) return null
    return changed(draw, { steps: [], refusal: refusalOf('child_closed') }, nowMs)
  }
  const told = result.draw === null ? draw.told : toldOf(result.draw, nowMs)
  if (result.status === 'done') return changed(draw, { steps: rest, told, refusal: null }, nowMs)
  if (isPassing(result.refusal)) return null
  const steps = isHold ? [] : rest
  return changed(draw, { steps, told, refusal: result.refusal }, nowMs)
}

/** What has become of it since at the child; `null`: nothing. */
export function news(draw: PlacedDraw, told: DrawTold, nowMs: number): PlacedChange | null {
  if (told.version === draw.told?.version && told.state === draw.told.state) return null
  return changed(draw, { told: toldOf(told, nowMs) }, nowMs)
}

function toldOf(draw: DrawTold, toldAtMs: number): ToldDraw {
  const siteCodes = [...new Set(draw.cards.map(({ site_code: siteCode }) => siteCode))]
  // Read by its schema: plain JSON.
  return {
    state: draw.state,
    version: draw.version,
    siteCodes,
    toldAtMs,
    draw: draw as unknown as JsonObject,
  }
}

function changed(
  before: PlacedDraw,
  parts: Partial<Pick<PlacedDraw, 'steps' | 'told' | 'refusal'>>,
  nowMs: number,
): PlacedChange {
  const draw = { ...before, ...parts, version: before.version + 1 }
  return { expectedVersion: before.version, placed: draw, outbox: [entryOf(draw, nowMs)] }
}

/** Beside the accounts: what the cards do is in the journal of the collector that has them. */
function entryOf(draw: PlacedDraw, nowMs: number): OutboxEntry {
  const { actor, path, refusal, request, steps, told, version } = draw
  const { bank, borrower, contract } = request
  return {
    kind: 'draw_placed',
    atMs: nowMs,
    payload: {
      draw_id: drawIdOf(draw),
      version,
      bank,
      borrower,
      contract,
      by: actor,
      path,
      state: placedStateOf(draw),
      waiting_for: steps[0]?.kind ?? null,
      told_version: told?.version ?? null,
      sites: told?.siteCodes ?? [],
      code: refusal?.code ?? null,
      reason: refusal?.reason ?? null,
    },
  }
}
