/**
 * What a bank holds the ledger to: a promise is kept or broken in the open, never changed, and no
 * card is promised twice at one instant, in whatever generation of the ledger.
 */
import type { Draw, DrawId } from '../../collector/src/model/draw.ts'
import type { SimWorld } from './world.ts'

/** A draw as the ledger had it that was lost. */
export interface LostDraw {
  readonly startMs: number | null
  readonly spans: readonly Span[]
}

export interface Span {
  readonly drawId: DrawId
  /** Of the card: the same in every generation of the ledger. */
  readonly identityHash: string
  readonly startMs: number
  readonly endMs: number
}

/** What a draw holds of which cards. */
export function spansOf({ db }: SimWorld, draw: Draw): Span[] {
  const { drawId } = draw.request
  return draw.claims.flatMap(({ acceleratorId, endedAtMs, startMs, untilMs }) => {
    if (acceleratorId === null || startMs === null || untilMs === null) return []
    const endMs = endedAtMs ?? untilMs
    const row = db.get('SELECT hash FROM identities WHERE accelerator_id = ?', acceleratorId)
    return endMs > startMs ? [{ drawId, identityHash: String(row?.hash), startMs, endMs }] : []
  })
}

/** What the ledger itself says of whatever anybody was ever promised, also of draws of nobody. */
export function claimedSpans({ db }: SimWorld): Span[] {
  const rows = db.all(
    `SELECT d.draw_id, i.hash, c.start_ms, coalesce(c.ended_at_ms, c.until_ms) AS end_ms
     FROM claims c JOIN draws d USING (draw_number) JOIN identities i USING (accelerator_id)
     WHERE c.start_ms IS NOT NULL AND coalesce(c.ended_at_ms, c.until_ms) > c.start_ms`,
  )
  return rows.map((row) => ({
    drawId: String(row.draw_id),
    identityHash: String(row.hash),
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
  }))
}

/** Looked at pair by pair, as nobody else does. */
export function doubleGrants(spans: readonly Span[]): string[] {
  return [...Map.groupBy(spans, ({ identityHash }) => identityHash)].flatMap(([card, own]) => {
    const ordered = [...own].sort((left, right) => left.startMs - right.startMs)
    return ordered.flatMap((span, at) => {
      const before = ordered[at - 1]
      if (before === undefined || before.endMs <= span.startMs) return []
      return [
        `card ${card.slice(0, 8)} is promised twice at ${span.startMs}: ${before.drawId}, ${span.drawId}`,
      ]
    })
  })
}

/** What was once promised stays: the start, each card, and no end before the one that was promised. */
export function differences(before: Draw, after: Draw): string[] {
  const { drawId } = before.request
  const problems: string[] = []
  if (after.startMs !== before.startMs) problems.push(`draw ${drawId} begins at another time`)
  if ((after.untilMs ?? 0) < (before.untilMs ?? 0)) problems.push(`draw ${drawId} is cut`)
  for (const claim of before.claims) {
    const now = after.claims.find(({ ordinal }) => ordinal === claim.ordinal)
    if (now?.acceleratorId !== claim.acceleratorId) {
      problems.push(`draw ${drawId}: claim ${claim.ordinal} has another card than was promised`)
    }
    if (claim.endedAtMs !== null && (now?.endedAtMs ?? Infinity) > claim.endedAtMs) {
      problems.push(`draw ${drawId}: claim ${claim.ordinal} ends later than was said`)
    }
  }
  return problems
}

/** After a restore: a draw that nodes show is the one that was posted, on cards of its own. */
export function adoptionProblems(lost: LostDraw, adopted: Draw, spans: readonly Span[]): string[] {
  const { drawId } = adopted.request
  const problems = spans
    .filter((span) => !lost.spans.some((own) => own.identityHash === span.identityHash))
    .map((span) => `draw ${drawId} has card ${span.identityHash.slice(0, 8)}, which it never had`)
  if (adopted.startMs === lost.startMs) return problems
  return [...problems, `draw ${drawId} began at ${lost.startMs}, now at ${adopted.startMs}`]
}

/** Double entry, added up: whatever was promised of a card lies in the accounts, once. */
export function accountProblems({ db }: SimWorld, draw: Draw): string[] {
  const { drawId } = draw.request
  const rows = db.all(
    `SELECT p.* FROM postings p JOIN draws d ON d.draw_number = p.draw_number
     WHERE d.draw_id = ? ORDER BY p.posting_number`,
    drawId,
  )
  return draw.claims.flatMap(({ ordinal, startMs, swapOf, untilMs }) => {
    if (startMs === null || untilMs === null || swapOf !== null) return []
    const balance = new Map<string, number>()
    for (const row of rows.filter((one) => one.ordinal === ordinal)) {
      const ms = Number(row.to_ms) - Number(row.from_ms)
      const [from, to] = [String(row.from_account), String(row.to_account)]
      balance.set(from, (balance.get(from) ?? 0) - ms)
      balance.set(to, (balance.get(to) ?? 0) + ms)
    }
    const promisedMs = -(balance.get('promised') ?? 0)
    const others = [...balance].filter(([account]) => account !== 'promised')
    const problems = others
      .filter(([, ms]) => ms < 0)
      .map(([account, ms]) => `draw ${drawId}: claim ${ordinal} has ${ms} ms in ${account}`)
    if (promisedMs === untilMs - startMs) return problems
    const should = untilMs - startMs
    return [
      ...problems,
      `draw ${drawId}: claim ${ordinal} promised ${should}, posted ${promisedMs}`,
    ]
  })
}
