/**
 * What stands in an exported file of itself: who took it out, when, for what, and what its figures
 * rest on. In a workbook it is a sheet of its own, and the foot of every printed page.
 */
import type { Cell, Column } from './columns.ts'
import { titleOf } from './labels.ts'
import type { Pedigree } from './walk.ts'
import { type Language, type Word, word } from './words.ts'
import type { BookHead, SheetHead } from './workbook.ts'

export interface ExportMark {
  readonly exportId: string
  readonly table: { readonly name: string; readonly zh: string; readonly en: string }
  readonly purpose: string
  /** As journal entries name who did something. */
  readonly who: string
  readonly role: string
  readonly madeAt: string
  /** JSON of what was asked. */
  readonly question: string
  readonly language: Language
}

/** Behind the columns of every line of CSV, as the older `rollups.csv` has them. */
export const CSV_MARKS = [
  'as_of',
  'known_at',
  'finality',
  'definition_version',
  'catalogue_version',
  'demo',
  'export_id',
] as const

export function csvMarks({ exportId }: ExportMark, pedigree: Pedigree): readonly Cell[] {
  const { asOf, knownAt, finality, definitionVersion, catalogueVersion, isDemo } = pedigree
  return [asOf, knownAt, finality, definitionVersion, catalogueVersion, isDemo, exportId]
}

export function aboutHead(language: Language): SheetHead {
  return {
    name: word('about', language),
    titles: [word('item', language), word('value', language)],
    kinds: ['text', 'text'],
  }
}

/** With the columns of the tables, by key and in both languages, so that programs can find them. */
export function aboutRows(
  mark: ExportMark,
  pedigree: Pedigree,
  rows: number,
  columns: readonly Column[],
): readonly (readonly Cell[])[] {
  const { language, table } = mark
  const said = (name: Word, value: Cell) => [word(name, language), value] as const
  const lines: (readonly Cell[])[] = [
    said('export_id', mark.exportId),
    said('table', `${table.name} · ${table.zh} · ${table.en}`),
    said('made_at', mark.madeAt),
    said('who', mark.who),
    said('role', mark.role),
    said('purpose', mark.purpose),
    said('question', mark.question),
    said('rows', String(rows)),
    ...(pedigree.total === null ? [] : [said('total', String(pedigree.total))]),
    said('as_of', pedigree.asOf),
    said('known_at', pedigree.knownAt),
    said('finality', pedigree.finality),
    said('definition_version', pedigree.definitionVersion),
    said('catalogue_version', pedigree.catalogueVersion),
    said('p_basis', word('basis', language)),
    said('demo', word(pedigree.isDemo ? 'demo_banner' : 'no', language)),
  ]
  if (columns.length === 0) return lines
  const names = columns.map((column) => [
    column.key,
    `${titleOf(column, 'zh')} · ${titleOf(column, 'en')}`,
  ])
  return [...lines, [null, null], [word('columns', language), null], ...names]
}

export function bookMarks(mark: ExportMark, isDemo: boolean): Omit<BookHead, 'sheets'> {
  return {
    footer: { left: mark.exportId, middle: `${mark.who} · ${mark.madeAt}` },
    banner: isDemo ? word('demo_banner', mark.language) : null,
  }
}
