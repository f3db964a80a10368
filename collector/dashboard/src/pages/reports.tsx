/** Placeholder of the page. */
export function ReportsPage() {
  return null
}
