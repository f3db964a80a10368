/**
 * Cards booked for hours to come, per site, kind of card and confidence. What is booked with a
 * confidence or a higher one is no more than what the forecast says is free with it; a forecast that
 * falls below what is booked lets nothing more in, and breaks nothing.
 */
import type { DrawId } from '../../model/draw.ts'
import type { BookedCards } from '../draw-requests.ts'
import type { Booked } from '../draw-rows.ts'
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'

/** The first hour that would be booked beyond its limit; `null` when all of it is written. */
export function bookCards(
  db: Database,
  drawNumber: number,
  booked: readonly BookedCards[],
): { readonly hourMs: number } | null {
  if (booked.length > 0) {
    db.run(`UPDATE counters SET value = value + 1 WHERE name = 'booked_seq'`)
  }
  for (const one of booked) {
    if (!bookHour(db, drawNumber, one)) return { hourMs: one.hourMs }
  }
  return null
}

function bookHour(db: Database, drawNumber: number, one: BookedCards): boolean {
  const { siteCode, kindKey, hourMs, confidencePpm, cards } = one
  // What is given up says nothing of what is likely to be free.
  if (cards > 0) tellQuantile(db, one)
  // What is asked for with 95 % also takes from what is free with 50 %.
  const touched = [siteCode, kindKey, hourMs, confidencePpm] as const
  const isBeyond = db
    .all(
      `SELECT cards, quantile_cards FROM booked_hours WHERE site_code = ? AND kind_key = ?
         AND hour_ms = ? AND confidence_ppm <= ?`,
      ...touched,
    )
    .some((row) => integer(row, 'cards') + cards > integer(row, 'quantile_cards'))
  if (cards > 0 && isBeyond) return false
  db.run(
    `UPDATE booked_hours SET cards = cards + ?, cards_max = max(quantile_cards, cards + min(?, 0))
     WHERE site_code = ? AND kind_key = ? AND hour_ms = ? AND confidence_ppm <= ?`,
    cards,
    cards,
    ...touched,
  )
  keepBooking(db, drawNumber, one)
  return true
}

/** The newest word of the forecast; the first one of a confidence counts what is booked above it. */
function tellQuantile(db: Database, one: BookedCards): void {
  const { siteCode, kindKey, hourMs, confidencePpm, cardsMax } = one
  const key = [siteCode, kindKey, hourMs, confidencePpm] as const
  const { changes } = db.run(
    `UPDATE booked_hours SET quantile_cards = ?, cards_max = max(?, cards)
     WHERE site_code = ? AND kind_key = ? AND hour_ms = ? AND confidence_ppm = ?`,
    cardsMax,
    cardsMax,
    ...key,
  )
  if (changes > 0) return
  const above = db.get(
    `SELECT coalesce(sum(cards), 0) AS cards FROM booked_cards WHERE site_code = ?
       AND kind_key = ? AND hour_ms = ? AND confidence_ppm >= ?`,
    ...key,
  )
  const cards = above === undefined ? 0 : integer(above, 'cards')
  db.run(
    `INSERT INTO booked_hours
       (site_code, kind_key, hour_ms, confidence_ppm, cards, quantile_cards, cards_max)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ...key,
    cards,
    cardsMax,
    Math.max(cards, cardsMax),
  )
}

/** A draw can only give up what it has booked. */
function keepBooking(db: Database, drawNumber: number, one: BookedCards): void {
  const { siteCode, kindKey, hourMs, confidencePpm, cards } = one
  const key = [drawNumber, siteCode, kindKey, hourMs, confidencePpm] as const
  const { changes } = db.run(
    `UPDATE booked_cards SET cards = cards + ? WHERE draw_number = ? AND site_code = ?
       AND kind_key = ? AND hour_ms = ? AND confidence_ppm = ?`,
    cards,
    ...key,
  )
  if (changes > 0) return
  db.run(
    `INSERT INTO booked_cards (draw_number, site_code, kind_key, hour_ms, confidence_ppm, cards)
     VALUES (?, ?, ?, ?, ?, ?)`,
    ...key,
    cards,
  )
}

/** What a draw has booked and not given up, hour by hour. */
export function readBooked(db: Database, drawId: DrawId): readonly Booked[] {
  return db
    .all(
      `SELECT b.* FROM draws d JOIN booked_cards b ON b.draw_number = d.draw_number
       WHERE d.draw_id = ? AND b.cards > 0 ORDER BY b.hour_ms`,
      drawId,
    )
    .map((row) => ({
      siteCode: text(row, 'site_code'),
      kindKey: text(row, 'kind_key'),
      hourMs: integer(row, 'hour_ms'),
      confidencePpm: integer(row, 'confidence_ppm'),
      cards: integer(row, 'cards'),
    }))
}

/** Over all draws; the row of the lowest confidence counts what is booked with any. */
export function readBookedHours(
  db: Database,
  knownSeq: number,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): { readonly seq: number; readonly hours: readonly Omit<Booked, 'confidencePpm'>[] } | null {
  const counter = db.get(`SELECT value FROM counters WHERE name = 'booked_seq'`)
  const seq = counter === undefined ? 0 : integer(counter, 'value')
  if (seq === knownSeq) return null
  const hours = db
    .all(
      `SELECT site_code, kind_key, hour_ms, max(cards) AS cards FROM booked_hours
       WHERE hour_ms >= ? AND hour_ms < ? AND cards > 0
       GROUP BY site_code, kind_key, hour_ms ORDER BY site_code, kind_key, hour_ms`,
      fromMs,
      toMs,
    )
    .map((row) => ({
      siteCode: text(row, 'site_code'),
      kindKey: text(row, 'kind_key'),
      hourMs: integer(row, 'hour_ms'),
      cards: integer(row, 'cards'),
    }))
  return { seq, hours }
}
