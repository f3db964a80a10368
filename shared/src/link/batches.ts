/**
 * What is on the way to the collector, as values: which records go next, and what an ack settles.
 * Go-back-N: after each Welcome everything from its watermark on is sent again, and the collector
 * takes a number once (SPEC L6, L7).
 */

import type { SpoolRecord } from '../spool/spool.ts'
import {
  BATCH_BYTES_MAX,
  BATCH_RECORDS_MAX,
  WINDOW_BYTES_MAX,
  WINDOW_FRAMES_MAX,
} from '../wire/limits.ts'
import type { Ack, Batch } from '../wire/messages.ts'

/** Names the predecessor in a batch: enough to notice a fork, cheap to carry each minute. */
const PREVIOUS_HASH_BYTES = 8

/** Headers of the records of a full batch, and of the batch itself. */
const FRAME_OVERHEAD_BYTES = 4 * BATCH_RECORDS_MAX + 64

interface SentBatch {
  readonly lastSeq: number
  readonly bytes: number
  readonly sentAtMs: number
}

export interface SendWindow {
  /** Everything up to here is committed at the collector. */
  readonly watermark: number
  /** Everything up to here was sent on this connection. */
  readonly sentSeq: number
  readonly inFlight: readonly SentBatch[]
  readonly framesMax: number
  readonly bytesMax: number
}

export function openWindow(
  watermark: number,
  grant: { readonly windowFrames: number; readonly windowBytes: number },
): SendWindow {
  return {
    watermark,
    sentSeq: watermark,
    inFlight: [],
    framesMax: clamp(grant.windowFrames, WINDOW_FRAMES_MAX),
    bytesMax: clamp(grant.windowBytes, WINDOW_BYTES_MAX),
  }
}

/**
 * How much may be read for the next batch; `null` while the window is full. With nothing on the
 * way one batch always goes, however small the grant, or the link would stand still.
 */
export function nextReadLimit(
  window: SendWindow,
): { readonly fromSeq: number; readonly records: number; readonly bytes: number } | null {
  const bytesFree = freeBytesOf(window) - FRAME_OVERHEAD_BYTES
  if (!isIdle(window) && (window.inFlight.length >= window.framesMax || bytesFree <= 0)) return null
  return {
    fromSeq: window.sentSeq + 1,
    records: BATCH_RECORDS_MAX,
    bytes: Math.max(1, Math.min(BATCH_BYTES_MAX, bytesFree)),
  }
}

/** Whether a frame of this size may go now; a spool hands out one record however large it is. */
export function hasRoomFor(window: SendWindow, frameBytes: number): boolean {
  return isIdle(window) || frameBytes <= freeBytesOf(window)
}

/**
 * The records that go into one batch: numbers without a gap. A lost record stands for numbers
 * before its own, so it can only be the first of a batch; one further on ends this one.
 */
export function cutBatch(records: readonly SpoolRecord[]): readonly SpoolRecord[] {
  const end = records.findIndex((record, position) => position > 0 && record.lostCount > 0)
  return end === -1 ? records : records.slice(0, end)
}

/** Number whose hash a batch of these records names: the one before everything it stands for. */
export function predecessorOf(first: SpoolRecord): number {
  return first.seq - first.lostCount - 1
}

export function buildBatch(
  records: readonly SpoolRecord[],
  predecessorHash: Uint8Array | null,
): Batch {
  const first = records[0]
  return {
    firstSeq: first?.seq ?? 0,
    previousHash: predecessorHash?.slice(0, PREVIOUS_HASH_BYTES) ?? null,
    records: records.map((record) => record.bytes),
    lostCount: first?.lostCount ?? 0,
  }
}

export function noteSent(window: SendWindow, batch: SentBatch): SendWindow {
  return { ...window, sentSeq: batch.lastSeq, inFlight: [...window.inFlight, batch] }
}

export type AckResult =
  | {
      readonly status: 'settled'
      readonly window: SendWindow
      /** When the newest batch this ack settles was sent; `null` when it settles none. */
      readonly sentAtMs: number | null
    }
  /** The collector names a number this connection never sent. */
  | { readonly status: 'beyond_sent' }

/** An older watermark than known changes nothing: acks may be late, never wrong. */
export function settle(window: SendWindow, ack: Ack): AckResult {
  if (ack.watermark > window.sentSeq) return { status: 'beyond_sent' }
  const settled = window.inFlight.filter((batch) => batch.lastSeq <= ack.watermark)
  return {
    status: 'settled',
    sentAtMs: settled.at(-1)?.sentAtMs ?? null,
    window: {
      ...window,
      watermark: Math.max(window.watermark, ack.watermark),
      inFlight: window.inFlight.slice(settled.length),
      framesMax:
        ack.windowFrames === 0 ? window.framesMax : clamp(ack.windowFrames, WINDOW_FRAMES_MAX),
      bytesMax: ack.windowBytes === 0 ? window.bytesMax : clamp(ack.windowBytes, WINDOW_BYTES_MAX),
    },
  }
}

function isIdle(window: SendWindow): boolean {
  return window.inFlight.length === 0
}

function freeBytesOf(window: SendWindow): number {
  return window.bytesMax - window.inFlight.reduce((sum, batch) => sum + batch.bytes, 0)
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(1, value), max)
}
