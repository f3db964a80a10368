/** How workbooks made on the command line are marked: whoever may run it may read the ledger anyway. */
import { randomHex, type World } from '@yiben/shared'
import type { ExportMark } from '../api/exports/about.ts'
import { commandAuthor } from './command.ts'

const ID_BYTES = 8

export function commandMark({ clock, random }: World): Omit<ExportMark, 'table' | 'question'> {
  return {
    exportId: `x-${randomHex(random, ID_BYTES)}`,
    purpose: 'command line',
    language: 'zh',
    who: commandAuthor(),
    role: 'command line',
    madeAt: new Date(clock.wallMs()).toISOString(),
  }
}
