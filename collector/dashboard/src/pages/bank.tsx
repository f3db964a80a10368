/** Placeholder of the page. */
export function BankPage() {
  return null
}
