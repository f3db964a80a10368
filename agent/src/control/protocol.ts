/**
 * The local control protocol: one JSON object per line over a Unix socket only root may open, one
 * answer per request, in order. Versioned, because a running daemon and the command beside it may
 * come from two releases.
 */
import * as z from 'zod/mini'

export const CONTROL_VERSION = 1
export const CONTROL_SOCKET = 'control.sock'
/** A request names at most all units of a node by their ids. */
export const REQUEST_BYTES_MAX = 128 * 1024
/** The status of a node with 1,024 slices is about 700 KB. */
export const ANSWER_BYTES_MAX = 4 * 1024 * 1024

/** 30 days: a longer pause is one nobody remembers; it is ordered again. */
const PAUSE_MS_MAX = 30 * 24 * 3_600_000
const NAMES_MAX = 1024

/** A day: whoever has longer lets the lease run out. */
const NOTICE_MS_MAX = 24 * 3_600_000

/** How long before leases end; 0: now. */
const notice = z.int().check(z.nonnegative(), z.maximum(NOTICE_MS_MAX))
const names = z.array(z.string().check(z.maxLength(200))).check(z.maxLength(NAMES_MAX))

export const requestSchema = z.object({
  version: z.literal(CONTROL_VERSION),
  request: z.discriminatedUnion('command', [
    z.object({ command: z.literal('status') }),
    z.object({ command: z.literal('reclaim'), names, noticeMs: z._default(notice, 0) }),
    z.object({ command: z.literal('offer'), names }),
    z.object({
      command: z.literal('pause'),
      forMs: z.nullable(z.int().check(z.positive(), z.maximum(PAUSE_MS_MAX))),
    }),
    z.object({ command: z.literal('resume') }),
    z.object({ command: z.literal('baseline_propose') }),
  ]),
})

export type ControlRequest = z.input<typeof requestSchema>['request']
/** With what a request leaves out. */
export type ParsedRequest = z.output<typeof requestSchema>['request']

/** `answer` is the command's own document; `refused` names a code of `errors.ts` or a status. */
export const answerSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('done'), answer: z.unknown() }),
  z.object({ status: z.literal('refused'), code: z.string(), sentence: z.string() }),
])

export type ControlAnswer = z.infer<typeof answerSchema>

export function encodeLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}
