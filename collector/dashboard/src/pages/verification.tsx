/** Placeholder of the page. */
export function VerificationPage() {
  return null
}
