/** An answer of the port as text: the same text for what is the same, whichever storage gave it. */

/** Names in order, bytes in hex; what is left out and what is `undefined` are one. */
export function canonical(value: unknown): string {
  return textOf(value, (items) => items)
}

/** The same for lists of the same things in whatever order: the port does not promise one of all. */
export function canonicalUnordered(value: unknown): string {
  return textOf(value, (items) => items.toSorted())
}

type Order = (items: readonly string[]) => readonly string[]

function textOf(value: unknown, order: Order): string {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof BigInt64Array) return `[${value.join()}]`
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`
  if (value instanceof Map) return `m${textOf([...value], order)}`
  if (Array.isArray(value)) return `[${order(value.map((one) => textOf(one, order))).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  const fields = entries.map(([name, one]) => `${JSON.stringify(name)}:${textOf(one, order)}`)
  return `{${fields.sort().join()}}`
}
