/**
 * What is said at each full hour of every open free window, so that it can be held against what came
 * of it: a list, its hash in the journal, the list itself kept beside it for 35 days.
 *
 * The list is text, one line per window in the order of unit numbers, each ended by a newline:
 *
 *     <unit id> <window start, UTC ms> <30 min> <1 h> <4 h> <8 h>
 *
 * with the chances to last in thousandths, rounded down. The entry `forecast` carries `hour_ms`, the
 * number of `windows`, the `models` (the first 16 hex digits of the SHA-256 of their JSON; `shipped`
 * before any were trained) and the `sha256` of the list's bytes. A list is made at its hour or never:
 * a quarter of an hour later it would be no forecast.
 */
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { ForecastHour } from '../../model/forecast.ts'
import type { OutboxEntry } from '../../model/ledger.ts'
import type { Forecaster } from '../forecaster.ts'
import { DAY_MS, entry, MINUTE_MS } from '../numbers.ts'
import type { Models } from '../train.ts'
import type { FollowedCard, FollowedFleet } from './followed-fleet.ts'

export const HOURS_KEPT_MS = 35 * DAY_MS
export const HOUR_LATE_MS_MAX = 15 * MINUTE_MS
const VERSION_HEX_CHARACTERS = 16
/** Fast: a list is some megabytes, made on the main thread. */
const COMPRESSION_LEVEL = 1

interface Line {
  readonly unitId: number
  readonly text: string
}

/** One hour's list while it is made, some windows per round; the forecast stands still meanwhile. */
export class HourList {
  readonly hourMs: number
  readonly #lines: Line[] = []
  readonly #cards: readonly Readonly<FollowedCard>[]
  #next = 0

  constructor(hourMs: number, fleet: Pick<FollowedFleet, 'cards'>) {
    this.hourMs = hourMs
    this.#cards = [...fleet.cards()]
  }

  /** Asks about at most `count` windows; true when all have been asked about. */
  ask(forecaster: Forecaster, count: number): boolean {
    for (let asked = 0; asked < count && this.#next < this.#cards.length; this.#next += 1) {
      const { place, unitId } = entry(this.#cards, this.#next)
      const card = forecaster.findCard(place)
      const answer = card === null ? null : forecaster.ask(card, this.hourMs)
      if (card === null || answer === null) continue
      asked += 1
      const thousandths = answer.promised.map((chance) => Math.floor(chance * 1_000))
      const text = [unitId, forecaster.windowStartMs(card), ...thousandths].join(' ')
      this.#lines.push({ unitId, text })
    }
    return this.#next >= this.#cards.length
  }

  finish(models: Models | null): ForecastHour {
    this.#lines.sort((left, right) => left.unitId - right.unitId)
    const list = this.#lines.map(({ text }) => `${text}\n`).join('')
    return {
      hourMs: this.hourMs,
      windows: this.#lines.length,
      models: modelsVersion(models),
      sha256: createHash('sha256').update(list).digest('hex'),
      bytes: gzipSync(list, { level: COMPRESSION_LEVEL }),
    }
  }
}

/** The list that was hashed. */
export function listOfHour({ bytes }: Pick<ForecastHour, 'bytes'>): string {
  return gunzipSync(bytes).toString()
}

export function hourEntry(hour: ForecastHour, nowMs: number): OutboxEntry {
  const { hourMs, models, sha256, windows } = hour
  return { kind: 'forecast', atMs: nowMs, payload: { hour_ms: hourMs, windows, models, sha256 } }
}

export function modelsVersion(models: Models | null): string {
  if (models === null) return 'shipped'
  const hash = createHash('sha256').update(JSON.stringify(models)).digest('hex')
  return hash.slice(0, VERSION_HEX_CHARACTERS)
}
