/** Placeholder of the page. */
export function AccessPage() {
  return null
}
