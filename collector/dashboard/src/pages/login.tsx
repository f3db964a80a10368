/** Placeholder of the page. */
export function LoginPage() {
  return null
}
