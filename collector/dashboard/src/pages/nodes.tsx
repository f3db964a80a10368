/** Placeholder of the page. */
export function NodesPage() {
  return null
}
