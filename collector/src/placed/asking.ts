/**
 * Asks a child, and reads its answer: what cannot be read is no answer. Lots of what comes back bear the
 * ids that they have here.
 */
import { ASK_BODY_BYTES_MAX, type AskKind } from '@yiben/shared'
import type { z } from 'zod'
import type { ChildLine } from '../model/child-line.ts'
import { lotFrom } from './ids.ts'
import {
  type AskedCapacity,
  type AskedHold,
  type AskedStates,
  type AskedStep,
  type DrawTold,
  packed,
  type ToldCapacity,
  type ToldResult,
  type ToldStates,
  toldCapacitySchema,
  toldResultSchema,
  toldStatesSchema,
  unpacked,
} from './words.ts'

/** Of a hold or a post: a node has two seconds, and each collector between here and it a little. */
export const DECISION_WITHIN_MS = 5_000
export const CAPACITY_WITHIN_MS = 2_000

export type Unanswered = { readonly status: 'unheard' } | { readonly status: 'closed' }
type Answered<Words> = { readonly status: 'answered'; readonly words: Words } | Unanswered

export interface Way {
  /** The child, then those below it. */
  readonly path: readonly string[]
  readonly withinMs: number
}

const UNHEARD: Unanswered = { status: 'unheard' }

/** A hold or a step of a draw. */
export async function askDecision(
  line: ChildLine,
  kind: Exclude<AskKind, 'capacity' | 'states'>,
  asked: AskedHold | AskedStep,
  way: Way,
): Promise<ToldResult | Unanswered> {
  const reply = await ask(line, kind, { asked, way, schema: toldResultSchema })
  if (reply.status !== 'answered') return reply
  const { words } = reply
  if (words.status === 'done') return { ...words, draw: drawFrom(way, words.draw) }
  return { ...words, draw: words.draw === null ? null : drawFrom(way, words.draw) }
}

export async function askStates(
  line: ChildLine,
  asked: AskedStates,
  way: Way,
): Promise<ToldStates | Unanswered> {
  const reply = await ask(line, 'states', { asked, way, schema: toldStatesSchema })
  if (reply.status !== 'answered') return reply
  const draws = reply.words.draws.map(({ draw, draw_id }) => {
    return { draw_id, draw: draw === null ? null : drawFrom(way, draw) }
  })
  return { ...reply.words, draws }
}

/** `path` is the child alone: it asks those below it by itself. */
export async function askCapacity(
  line: ChildLine,
  asked: AskedCapacity,
  way: Way,
): Promise<ToldCapacity | Unanswered> {
  const reply = await ask(line, 'capacity', { asked, way, schema: toldCapacitySchema })
  if (reply.status !== 'answered') return reply
  const [childId = ''] = way.path
  const { places, unheard } = reply.words
  return {
    places: places.map(({ lots, path, ...place }) => ({
      ...place,
      path: [childId, ...path],
      lots: lots.map((lot) => ({ ...lot, lot_id: lotFrom(childId, lot.lot_id) })),
    })),
    unheard: unheard.map(({ name, path }) => ({ name, path: [childId, ...path] })),
  }
}

async function ask<Words>(
  line: ChildLine,
  kind: AskKind,
  question: { readonly asked: object; readonly schema: z.ZodType<Words>; readonly way: Way },
): Promise<Answered<Words>> {
  const { asked, schema, way } = question
  const body = packed(asked)
  if (body.length > ASK_BODY_BYTES_MAX) return UNHEARD
  const reply = await line.ask({ kind, ...way, body })
  if (reply.status !== 'answered') return reply
  const words = unpacked(schema, reply.body)
  return words === null ? UNHEARD : { status: 'answered', words }
}

function drawFrom({ path: [childId = ''] }: Way, draw: DrawTold): DrawTold {
  return {
    ...draw,
    lots: draw.lots.map((lot) => ({ ...lot, lot_id: lotFrom(childId, lot.lot_id) })),
    cards: draw.cards.map((card) => ({
      ...card,
      lot_id: card.lot_id === null ? null : lotFrom(childId, card.lot_id),
    })),
  }
}
