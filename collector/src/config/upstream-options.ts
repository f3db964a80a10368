/** Options of a collector that reports to a parent. Whether it does is said by `upstream enroll`. */
import type { z } from 'zod'
import { duration, type Option, optionalText } from './option-kinds.ts'

export interface UpstreamConfig {
  /** In the place of the address that it was enrolled under; `null`: that one. */
  readonly url: string | null
  /** PEM file; `null`: the authority that the token pinned, or the system's. */
  readonly caFile: string | null
  readonly proxyUrl: string | null
  /** How often the feed is looked at. */
  readonly feedMs: number
  /** States of cards are told at most this often. */
  readonly countsMs: number
  /** An hour is told this long after its end, before it is sealed. */
  readonly hourDelayMs: number
}

export const UPSTREAM_OPTIONS = {
  'upstream.url': optionalText('URL', 'where the parent is now, if not where it was enrolled'),
  'upstream.ca': optionalText('file', 'PEM file with the authority of the parent’s certificate'),
  'upstream.proxy': optionalText('URL', 'proxy on the way to the parent (HTTP CONNECT)'),
  'upstream.feed': duration(
    '500ms',
    ['10ms', '1min'],
    'how often changes to be told are looked for',
  ),
  'upstream.counts': duration('1min', ['1s', '1h'], 'states of cards are told at most this often'),
  'upstream.hour_delay': duration(
    '90s',
    ['1s', '1h'],
    'an hour is told this long after its end, and again once it is sealed',
  ),
} as const satisfies Readonly<Record<string, Option<unknown>>>

type Values = {
  readonly [Name in keyof typeof UPSTREAM_OPTIONS]: z.output<
    (typeof UPSTREAM_OPTIONS)[Name]['schema']
  >
}

export function upstreamConfigOf(values: Values): UpstreamConfig {
  return Object.freeze({
    url: orNull(values['upstream.url']),
    caFile: orNull(values['upstream.ca']),
    proxyUrl: orNull(values['upstream.proxy']),
    feedMs: values['upstream.feed'],
    countsMs: values['upstream.counts'],
    hourDelayMs: values['upstream.hour_delay'],
  })
}

function orNull(text: string): string | null {
  return text === '' ? null : text
}
