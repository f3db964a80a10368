/** Placeholder of the page. */
export function DefinitionsPage() {
  return null
}
