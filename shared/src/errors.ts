/**
 * Expected failures: an `AppError` with a stable code, a sentence for a person and values as
 * fields. Refusals of the domain are results, not errors; bugs are assertions.
 */

/** Every code a program, an API client or a link peer may see. Codes are never renamed. */
export const ERROR_CODES = [
  // configuration and usage
  'config_invalid',
  'config_unreadable',
  'usage_invalid',
  // disk
  'disk_full',
  'disk_failed',
  'disk_locked',
  'disk_format_newer',
  'state_missing',
  'state_insecure',
  // vendor tools
  'tool_missing',
  'tool_failed',
  'tool_timeout',
  'tool_output_too_large',
  'tool_output_unreadable',
  'tool_wrong_vendor',
  'library_missing',
  'library_failed',
  'library_hung',
  'permission_denied',
  'circuit_open',
  // wire and link
  'frame_too_large',
  'frame_undecodable',
  'message_unexpected',
  'batch_too_large',
  'handshake_timeout',
  'handshake_limit',
  'connection_limit',
  'idle_timeout',
  'protocol_version',
  'capability_missing',
  'signature_invalid',
  'algorithm_unknown',
  'collector_untrusted',
  'node_unknown',
  'node_revoked',
  'node_clone',
  'session_replaced',
  'session_fenced',
  'epoch_closed',
  'epoch_forked',
  'sequence_gap',
  'sequence_hash',
  'window_exceeded',
  'draining',
  'overloaded',
  'connection_failed',
  'plain_text_refused',
  'certificate_required',
  // enrollment and access tokens
  'token_malformed',
  'token_unknown',
  'token_expired',
  'token_revoked',
  'token_used_up',
  'token_address',
  'unauthenticated',
  'forbidden',
  // people who log in
  'session_ended',
  'second_factor_required',
  'second_factor_refused',
  'second_factor_locked',
  'cross_site',
  'login_refused',
  'provider_unavailable',
  'audit_unavailable',
  // records (refused one by one, acknowledged all the same)
  'record_undecodable',
  'record_out_of_range',
  'record_not_contiguous',
  'record_overlap',
  'record_future',
  'record_unknown_unit',
  'record_unknown_facts',
  'record_shares',
  'record_origin',
  'record_site',
  'record_balance',
  'record_checkpoint',
  // storage and decisions
  'conflict',
  'not_found',
  'request_invalid',
  'rate_limited',
  'store_unavailable',
  'second_journal_unavailable',
  'cursor_expired',
  'as_of_pruned',
  // reports and exports
  'month_not_over',
  'purpose_required',
  'export_too_large',
  'verification_failed',
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

export interface AppErrorOptions {
  readonly cause?: unknown
  /** Values a reader needs, with units in their names; never a secret. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** An expected failure. `message` is one sentence for a person and names the field at fault. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, sentence: string, options: AppErrorOptions = {}) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.fields = options.fields ?? {}
  }
}

/** The code of an expected failure, or `internal` for anything else. */
export function errorCode(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : 'internal'
}

/** One sentence of an error of unknown kind, for logs and messages to people. */
export function errorSentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
