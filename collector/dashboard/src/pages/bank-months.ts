/** Civil months of the ledger's zone as instants, for statements. */

/** Asia/Shanghai has kept one offset since 1991. */
const OFFSET = '+08:00'

/** `2026-11` – `2026-12` is all of both: from the first instant to the one behind the last. */
export function spanOfMonths(
  first: string,
  last: string,
): { readonly from: string; readonly to: string } | null {
  if (!isMonth(first) || !isMonth(last) || last < first) return null
  return { from: firstInstantOf(first), to: firstInstantOf(monthAfter(last)) }
}

export function monthAfter(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number)
  const next = number === 12 ? [year + 1, 1] : [year, number + 1]
  return `${String(next[0]).padStart(4, '0')}-${String(next[1]).padStart(2, '0')}`
}

/** The civil month of an instant. */
export function monthAt(atMs: number): string {
  return new Date(atMs + Number.parseInt(OFFSET, 10) * 3_600_000).toISOString().slice(0, 7)
}

function firstInstantOf(month: string): string {
  return new Date(`${month}-01T00:00:00${OFFSET}`).toISOString()
}

function isMonth(text: string): boolean {
  return /^\d{4}-(0[1-9]|1[0-2])$/.test(text)
}
