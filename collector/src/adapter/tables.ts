/**
 * Code tables of a template: within it, or CSV files beside it with the header `from,to`. Files are
 * read anew for each run, so that a dictionary that is refreshed holds from the next file on.
 */
import { readFileSync } from 'node:fs'
import { AppError, errorSentence } from '@yiben/shared'
import { parseCsv } from '../catalogue/csv.ts'
import type { Template } from './template.ts'

export type Tables = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Throws `config_unreadable` or `config_invalid` naming the table. */
export function readTables(tables: Template['tables']): Tables {
  return new Map(
    [...tables].map(([name, table]) => [
      name,
      'entries' in table ? table.entries : readTable(name, table.file),
    ]),
  )
}

function readTable(name: string, file: string): ReadonlyMap<string, string> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const sentence = `tables.${name}: ${file} cannot be read: ${errorSentence(error)}`
    throw new AppError('config_unreadable', sentence, { cause: error })
  }
  const table = new Map<string, string>()
  for (const { from, to } of parseCsv(text, ['from', 'to'], `tables.${name}: ${file}`)) {
    if (table.has(from)) {
      throw new AppError('config_invalid', `tables.${name}: ${file} has ${from} twice`)
    }
    table.set(from, to)
  }
  return table
}
