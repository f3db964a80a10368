/** Proves that a database holds the rows of a ledger file, each as it is there, and none besides. */
import { AppError, equalBytes } from '@yiben/shared'
import type { Database as PostgresDatabase } from '../postgres/driver.ts'
import type { Database as SqliteDatabase } from '../sqlite/driver.ts'
import type { Row, Value } from '../values.ts'
import { postgresRows, sqliteRows } from './rows.ts'
import type { MovedTable } from './tables.ts'

/** Answers how many there are. Throws `verification_failed`, naming the table. */
export async function sameRows(
  source: SqliteDatabase,
  db: PostgresDatabase,
  table: MovedTable,
): Promise<number> {
  const there = new Rows(postgresRows(db, table))
  let count = 0
  for (const rows of sqliteRows(source, table)) {
    for (const row of rows) {
      const other = await there.next()
      count += 1
      if (other === null) throw differs(table, `row ${count} is not there`)
      const column = table.columns.find(({ name }) => !isSame(row[name], other[name]))
      if (column !== undefined) throw differs(table, `${column.name} of row ${count} is another`)
    }
  }
  if ((await there.next()) !== null) throw differs(table, `there are more than ${count} rows`)
  return count
}

/** One after the other, whatever pieces they come in. */
class Rows {
  readonly #pieces: AsyncGenerator<readonly Row[], void>
  #piece: readonly Row[] = []
  #at = 0

  constructor(pieces: AsyncGenerator<readonly Row[], void>) {
    this.#pieces = pieces
  }

  /** `null` behind the last. */
  async next(): Promise<Row | null> {
    if (this.#at === this.#piece.length) {
      const { value } = await this.#pieces.next()
      this.#piece = value ?? []
      this.#at = 0
    }
    const row = this.#piece[this.#at] ?? null
    this.#at += 1
    return row
  }
}

function isSame(left: Value | undefined, right: Value | undefined): boolean {
  if (left instanceof Uint8Array && right instanceof Uint8Array) return equalBytes(left, right)
  return left === right
}

function differs({ to }: MovedTable, what: string): AppError {
  const sentence = `The database does not hold what the file holds: ${to}, ${what}.`
  return new AppError('verification_failed', sentence, { fields: { table: to } })
}
