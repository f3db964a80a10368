/** The body of the thread that writes one workbook: rows come in pages, the file goes back, it ends. */
import { parentPort } from 'node:worker_threads'
import type { Cell } from './columns.ts'
import { type BookHead, workbookOf } from './workbook.ts'
import type { BookAnswer, BookMessage } from './workbook-thread.ts'

// Imports little, so that the thread starts in no time.
if (parentPort === null) throw new Error('this file runs as a thread of an export')
const port = parentPort
let book: BookHead = { sheets: [], footer: { left: '', middle: '' }, banner: null }
const rows: (readonly Cell[])[][] = []

port.on('message', (message: BookMessage) => {
  if (message.kind === 'begin') book = message.book
  else if (message.kind === 'rows') rowsOf(message.sheet).push(...message.rows)
  else void end()
})

function rowsOf(sheet: number): (readonly Cell[])[] {
  const known = rows[sheet] ?? []
  rows[sheet] = known
  return known
}

async function end(): Promise<void> {
  try {
    const sheets = book.sheets.map((head, sheet) => ({ head, rows: rowsOf(sheet) }))
    answer({ kind: 'done', bytes: new Uint8Array(await workbookOf(book, sheets)) })
  } catch (error) {
    answer({ kind: 'failed', sentence: String(error) })
  }
  port.close()
}

function answer(message: BookAnswer): void {
  port.postMessage(message)
}
