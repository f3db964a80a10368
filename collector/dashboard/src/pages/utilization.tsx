/** Placeholder of the page. */
export function UtilizationPage() {
  return null
}
