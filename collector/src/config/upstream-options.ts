/** Options of a collector that reports to a parent. Whether it does is said by `upstream enroll`. */
import type { z } from 'zod'
import { count, duration, flag, type Option, optionalText } from './option-kinds.ts'

export interface UpstreamConfig {
  /** In the place of the address that it was enrolled under; `null`: that one. */
  readonly url: string | null
  /** PEM file, beside what the token pinned and the parent has told; `null`: those, or the system's. */
  readonly caFile: string | null
  readonly proxyUrl: string | null
  /** How often the feed is looked at. */
  readonly feedMs: number
  /** States of cards are told at most this often. */
  readonly countsMs: number
  /** An hour is told this long after its end, before it is sealed. */
  readonly hourDelayMs: number
  /** What the parent may draw here; `null`: nothing. */
  readonly draws: {
    /** Codes; empty: every site. */
    readonly siteCodes: readonly string[]
    /** Cards of one draw. */
    readonly cardsMax: number
    /** Length of a lease. */
    readonly forMsMax: number
  } | null
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
  'upstream.draws': flag('the parent may search for cards here, and draw them for its banks'),
  'upstream.draws_sites': optionalText(
    'site codes',
    'sites whose cards it may draw, separated by commas; empty: all of them',
  ),
  'upstream.draws_cards': count(1024, [1, 1024], 'cards that one draw of the parent may have'),
  'upstream.draws_for': duration('31d', ['1min', '31d'], 'longest lease that the parent may draw'),
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
    draws: drawsOf(values),
  })
}

function orNull(text: string): string | null {
  return text === '' ? null : text
}

function drawsOf(values: Values): UpstreamConfig['draws'] {
  if (!values['upstream.draws']) return null
  const siteCodes = values['upstream.draws_sites'].split(',').map((code) => code.trim())
  return Object.freeze({
    siteCodes: siteCodes.filter((code) => code !== ''),
    cardsMax: values['upstream.draws_cards'],
    forMsMax: values['upstream.draws_for'],
  })
}
