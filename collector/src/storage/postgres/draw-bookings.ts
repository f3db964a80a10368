/**
 * Cards booked for hours to come, per site, kind of card and confidence. What is booked with a
 * confidence or a higher one is no more than what the forecast says is free with it; a forecast
 * that falls below what is booked lets nothing more in, and breaks nothing.
 */
import type { DrawId } from '../../model/draw.ts'
import type { BookedCards } from '../draw-requests.ts'
import type { Booked } from '../draw-rows.ts'
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import { type Sql, sql } from './sql.ts'

/** The first hour that would be booked beyond its limit; `null` when all of it is written. */
export async function bookCards(
  db: Database,
  drawNumber: number,
  booked: readonly BookedCards[],
): Promise<{ readonly hourMs: number } | null> {
  if (booked.length > 0) db.unnumbered.bookings += 1
  for (const one of booked) {
    if (!(await bookHour(db, drawNumber, one))) return { hourMs: one.hourMs }
  }
  return null
}

async function bookHour(db: Database, drawNumber: number, one: BookedCards): Promise<boolean> {
  const { cards, confidencePpm } = one
  // What is given up says nothing of what is likely to be free.
  if (cards > 0) await tellQuantile(db, one)
  // What is asked for with 95 % also takes from what is free with 50 %.
  const touched = sql`${isHour(one)} AND confidence_ppm <= ${confidencePpm}`
  const beyond = await db.get(sql`
    SELECT 1 AS beyond FROM booked_hours WHERE ${touched} AND cards + ${cards} > quantile_cards
    LIMIT 1`)
  if (cards > 0 && beyond !== undefined) return false
  await db.run(sql`
    UPDATE booked_hours SET cards = cards + ${cards},
      cards_max = greatest(quantile_cards, cards + ${Math.min(cards, 0)})
    WHERE ${touched}`)
  await keepBooking(db, drawNumber, one)
  return true
}

function isHour({
  hourMs,
  kindKey,
  siteCode,
}: Pick<Booked, 'hourMs' | 'kindKey' | 'siteCode'>): Sql {
  return sql`site_code = ${siteCode} AND kind_key = ${kindKey} AND hour_ms = ${hourMs}`
}

/**
 * The newest word of the forecast; the first one of a confidence counts what is booked above it.
 */
async function tellQuantile(db: Database, one: BookedCards): Promise<void> {
  const { cardsMax, confidencePpm, hourMs, kindKey, siteCode } = one
  await db.run(sql`
    INSERT INTO booked_hours AS h
      (site_code, kind_key, hour_ms, confidence_ppm, cards, quantile_cards, cards_max)
    SELECT ${siteCode}::text, ${kindKey}::text, ${hourMs}::bigint, ${confidencePpm}::bigint,
      above.cards, ${cardsMax}::bigint, greatest(above.cards, ${cardsMax}::bigint)
    FROM (SELECT coalesce(sum(cards), 0) AS cards FROM booked_cards
      WHERE ${isHour(one)} AND confidence_ppm >= ${confidencePpm}) above
    ON CONFLICT (site_code, kind_key, hour_ms, confidence_ppm) DO UPDATE SET
      quantile_cards = excluded.quantile_cards,
      cards_max = greatest(excluded.quantile_cards, h.cards)`)
}

/** A draw can only give up what it has booked. */
async function keepBooking(db: Database, drawNumber: number, one: BookedCards): Promise<void> {
  const { cards, confidencePpm, hourMs, kindKey, siteCode } = one
  const { changes } = await db.run(sql`
    UPDATE booked_cards SET cards = cards + ${cards}
    WHERE draw_number = ${drawNumber} AND ${isHour(one)} AND confidence_ppm = ${confidencePpm}`)
  if (changes > 0) return
  await db.run(sql`
    INSERT INTO booked_cards (draw_number, site_code, kind_key, hour_ms, confidence_ppm, cards)
    VALUES (${drawNumber}, ${siteCode}, ${kindKey}, ${hourMs}, ${confidencePpm}, ${cards})`)
}

/** What a draw has booked and not given up, hour by hour. */
export async function readBooked(db: Database, drawId: DrawId): Promise<readonly Booked[]> {
  return (
    await db.all(
      sql`SELECT b.* FROM draws d JOIN booked_cards b ON b.draw_number = d.draw_number
       WHERE d.draw_id = ${drawId} AND b.cards > 0 ORDER BY b.hour_ms`,
    )
  ).map((row) => ({
    siteCode: text(row, 'site_code'),
    kindKey: text(row, 'kind_key'),
    hourMs: integer(row, 'hour_ms'),
    confidencePpm: integer(row, 'confidence_ppm'),
    cards: integer(row, 'cards'),
  }))
}

/** Over all draws; the row of the lowest confidence counts what is booked with any. */
export async function readBookedHours(
  db: Database,
  knownSeq: number,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<{
  readonly seq: number
  readonly hours: readonly Omit<Booked, 'confidencePpm'>[]
} | null> {
  const counter = await db.get(sql`SELECT booked_seq FROM numbers`)
  const seq = integer(counter ?? {}, 'booked_seq')
  if (seq === knownSeq) return null
  const hours = (
    await db.all(
      sql`SELECT site_code, kind_key, hour_ms, max(cards) AS cards FROM booked_hours
       WHERE hour_ms >= ${fromMs} AND hour_ms < ${toMs} AND cards > 0
       GROUP BY site_code, kind_key, hour_ms ORDER BY site_code, kind_key, hour_ms`,
    )
  ).map((row) => ({
    siteCode: text(row, 'site_code'),
    kindKey: text(row, 'kind_key'),
    hourMs: integer(row, 'hour_ms'),
    cards: integer(row, 'cards'),
  }))
  return { seq, hours }
}
