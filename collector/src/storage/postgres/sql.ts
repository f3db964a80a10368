/**
 * Statements as values: text with its parameters, numbered when it is sent, and composed of others.
 *
 *   sql`SELECT * FROM nodes WHERE node_id = ${nodeId} AND ${inScope(sql`site_code`, sites)}`
 */
export type Parameter =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Parameter[]

export class Sql {
  readonly strings: readonly string[]
  readonly parts: readonly (Parameter | Sql)[]

  constructor(strings: readonly string[], parts: readonly (Parameter | Sql)[]) {
    this.strings = strings
    this.parts = parts
  }
}

/** A statement or a piece of one; a value becomes a parameter, another piece a part of the text. */
export function sql(strings: TemplateStringsArray, ...parts: (Parameter | Sql)[]): Sql {
  return new Sql(strings, parts)
}

/** A constant piece of text: names of columns. Never anything that was told from outside. */
export function raw(text: string): Sql {
  return new Sql([text], [])
}

/** Pieces with a separator between them. */
export function join(pieces: readonly Sql[], separator = ', '): Sql {
  if (pieces.length === 0) return raw('')
  return new Sql(['', ...pieces.slice(1).map(() => separator), ''], pieces)
}

/** As the database takes it: `$1`, `$2` and the values behind them. */
export function written(statement: Sql): {
  readonly text: string
  readonly values: readonly Parameter[]
} {
  const values: Parameter[] = []
  const text = append(statement, values)
  return { text, values }
}

function append({ strings, parts }: Sql, values: Parameter[]): string {
  let text = strings[0] ?? ''
  for (const [index, part] of parts.entries()) {
    if (part instanceof Sql) text += append(part, values)
    else {
      values.push(part)
      text += `$${values.length}`
    }
    text += strings[index + 1] ?? ''
  }
  return text
}
