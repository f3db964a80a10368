/** One line of a jsonl export: an object with its `type` first. */
export function line(type: string, fields: object): string {
  return `${JSON.stringify({ type, ...fields })}\n`
}
