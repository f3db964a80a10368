/**
 * Why a connection is closed, as both sides write and read it: a WebSocket close code for the
 * transport, and `<stable code>: sentence` for people and programs.
 */
import { ERROR_CODES, type ErrorCode } from '../errors.ts'
import { clipText } from '../wire/fields.ts'
import type { CloseReason } from './socket.ts'

/** RFC 6455: a close frame carries 125 bytes, two of them the code. */
const REASON_BYTES_MAX = 123

const NORMAL = 1000
const GOING_AWAY = 1001
const PROTOCOL_ERROR = 1002
const POLICY = 1008
const TOO_LARGE = 1009
const TRY_LATER = 1013

/** RFC 6455 codes where one fits; anything else is a matter of policy. */
const CLOSE_CODES: Partial<Record<ErrorCode, number>> = {
  draining: GOING_AWAY,
  frame_too_large: TOO_LARGE,
  batch_too_large: TOO_LARGE,
  frame_undecodable: PROTOCOL_ERROR,
  message_unexpected: PROTOCOL_ERROR,
  protocol_version: PROTOCOL_ERROR,
  overloaded: TRY_LATER,
  connection_limit: TRY_LATER,
  handshake_limit: TRY_LATER,
  store_unavailable: TRY_LATER,
  internal: 1011,
}

export function closeReason(code: ErrorCode, sentence: string): CloseReason {
  return {
    code: CLOSE_CODES[code] ?? POLICY,
    reason: clipText(`${code}: ${sentence}`, REASON_BYTES_MAX),
  }
}

/** An ordered end: nothing went wrong. */
export function goodbyeReason(sentence: string): CloseReason {
  return { code: NORMAL, reason: clipText(sentence, REASON_BYTES_MAX) }
}

/** The stable code the other side gave, or `null` where it gave none this version knows. */
export function errorCodeOfClose(close: CloseReason): ErrorCode | null {
  const word = close.reason.split(':', 1)[0]
  return ERROR_CODES.find((code) => code === word) ?? null
}
