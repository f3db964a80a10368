/**
 * What a parent asks a child about draws, and what the child answers. The link carries bodies as they
 * are: what they say is between the two collectors.
 */
import {
  boundedList,
  refuseField,
  sequenceNumber,
  shortBytes,
  text,
  wholeNumber,
} from './fields.ts'
import type { yiben } from './generated/link.js'
import { RECORD_BYTES_MAX, TEXT_SHORT_BYTES_MAX } from './limits.ts'

/** In the order of their numbers on the wire, from 1; one more needs a capability of its own. */
export const ASK_KINDS = ['capacity', 'hold', 'post', 'void', 'extend', 'return', 'states'] as const
export type AskKind = (typeof ASK_KINDS)[number]

/** The same: `unheard`: not for now, ask again; `closed`: no new draws are taken for this parent. */
export const ANSWER_STATUSES = ['answered', 'unheard', 'closed'] as const
export type AnswerStatus = (typeof ANSWER_STATUSES)[number]

/** Nation, province, city, site: the country is asked through no more. */
export const ASK_HOPS_MAX = 4
/** A body leaves room in a frame. */
export const ASK_BODY_BYTES_MAX = RECORD_BYTES_MAX
const WITHIN = { min: 1, max: 60_000 }

export interface ChildAsk {
  /** Names the question on this connection. */
  readonly askId: number
  readonly kind: AskKind
  /** Children to hand it down to; empty: for whoever gets it. */
  readonly path: readonly string[]
  readonly withinMs: number
  readonly body: Uint8Array
}

export interface ChildAnswer {
  readonly askId: number
  readonly status: AnswerStatus
  /** Empty unless answered. */
  readonly body: Uint8Array
}

export function packChildAsk(ask: ChildAsk): yiben.v1.ChildAsk.$Properties {
  return { ...ask, kind: numberOf(ASK_KINDS, ask.kind), path: [...ask.path] }
}

export function unpackChildAsk(message: yiben.v1.ChildAsk.$Shape): ChildAsk {
  const path = boundedList(message.path, 'child_ask.path', ASK_HOPS_MAX)
  return {
    askId: sequenceNumber(message.askId, 'child_ask.ask_id'),
    kind: wordOf(ASK_KINDS, message.kind, 'child_ask.kind'),
    path: path.map((childId) => text(childId, 'child_ask.path', TEXT_SHORT_BYTES_MAX)),
    withinMs: wholeNumber(message.withinMs, 'child_ask.within_ms', WITHIN),
    body: shortBytes(message.body, 'child_ask.body', ASK_BODY_BYTES_MAX),
  }
}

export function packChildAnswer(answer: ChildAnswer): yiben.v1.ChildAnswer.$Properties {
  return { ...answer, status: numberOf(ANSWER_STATUSES, answer.status) }
}

export function unpackChildAnswer(message: yiben.v1.ChildAnswer.$Shape): ChildAnswer {
  return {
    askId: sequenceNumber(message.askId, 'child_answer.ask_id'),
    status: wordOf(ANSWER_STATUSES, message.status, 'child_answer.status'),
    body: shortBytes(message.body, 'child_answer.body', ASK_BODY_BYTES_MAX),
  }
}

function numberOf<Word extends string>(words: readonly Word[], word: Word): number {
  return words.indexOf(word) + 1
}

function wordOf<Word extends string>(
  words: readonly Word[],
  number: number | null | undefined,
  field: string,
): Word {
  return words[(number ?? 0) - 1] ?? refuseField(field, `is ${number}, which nobody knows`)
}
