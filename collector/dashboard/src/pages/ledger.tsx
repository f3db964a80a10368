/** Placeholder of the page. */
export function LedgerPage() {
  return null
}
