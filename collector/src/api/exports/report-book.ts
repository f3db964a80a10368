/**
 * One report as a workbook: the whole, then by place, hub, operator, vendor and model what there was
 * and what it did, side by side; ranking, corrections, what is unrated, definitions. Made of the
 * stored answer alone, so that it says what was issued.
 */
import type { Clock } from '@yiben/shared'
import type { StoredReport } from '../../storage/report-store.ts'
import { type ReportAnswer, reportAnswerSchema } from '../answers/report-schema.ts'
import { instantText } from '../schemas.ts'
import { aboutHead, aboutRows, bookMarks, type ExportMark } from './about.ts'
import { type Cell, type Column, cellsOf, columnsOf } from './columns.ts'
import { titleOf } from './labels.ts'
import { FIGURE_NAMES_LIST, MOVE_NAMES, P_HOUR_NAMES } from './tables.ts'
import { type Language, type Word, word } from './words.ts'
import type { Sheet } from './workbook.ts'
import { WorkbookThread } from './workbook-thread.ts'
import type { Written } from './write.ts'

const { ledger, time, ranking, accounts } = reportAnswerSchema.shape
const LEDGER_ROW = ledger.shape.by_place.element
const TIME_ROW = time.shape.by_place.element
const MODEL_ROW = time.shape.by_model.element

const KEY_COLUMNS: readonly Column[] = [
  { key: 'key', path: ['key'], kind: 'text' },
  { key: 'name', path: ['name'], kind: 'text' },
]

export async function writeReportBook(
  clock: Clock,
  mark: ExportMark,
  report: StoredReport,
): Promise<Written> {
  const answer = JSON.parse(report.answer) as ReportAnswer
  const { language } = mark
  const sheets = sheetsOf(answer, report, language)
  const head = aboutHead(language)
  const book = {
    sheets: [...sheets.map((sheet) => sheet.head), head],
    ...bookMarks(mark, answer.demo),
  }
  const thread = new WorkbookThread(clock, book)
  try {
    const rows = sheets.reduce((sum, sheet) => sum + sheet.rows.length, 0)
    for (const [index, sheet] of sheets.entries()) thread.add(index, sheet.rows)
    const pedigree = {
      asOf: answer.as_of,
      knownAt: answer.known_at,
      finality: answer.finality,
      definitionVersion: Object.values(answer.definition_versions).join(', '),
      catalogueVersion: answer.catalogue_version,
      isDemo: answer.demo,
      total: null,
    }
    thread.add(sheets.length, aboutRows(mark, pedigree, rows, []))
    return { bytes: await thread.finish(), rows }
  } finally {
    await thread.close()
  }
}

function sheetsOf(
  answer: ReportAnswer,
  report: StoredReport,
  language: Language,
): readonly Sheet[] {
  const { ledger: stock, time: done } = answer
  const isCountry = stock.places_are === 'region'
  const joined = (name: Word, one: keyof typeof stock & keyof typeof done & `by_${string}`) =>
    joinedSheet(word(name, language), stock[one], keyed(done[one]), language, one === 'by_model')
  return [
    wholeSheet(answer, report, language),
    joined(isCountry ? 'by_region' : 'by_site', 'by_place'),
    joined('by_hub', 'by_hub'),
    joined('by_operator', 'by_operator'),
    joined('by_vendor', 'by_vendor'),
    joined('by_model', 'by_model'),
    rankingSheet(answer, language),
    tableSheet(word('adjustments', language), adjustmentColumns(), answer.adjustments, language),
    tableSheet(
      word('unrated', language),
      columnsOf(reportAnswerSchema.shape.unrated_models.element),
      answer.unrated_models,
      language,
    ),
    definitionsSheet(answer, language),
  ]
}

/** Every single figure of the whole, one a line. */
function wholeSheet(answer: ReportAnswer, report: StoredReport, language: Language): Sheet {
  const place = answer.region_code === null ? word('country', language) : answer.region_code
  const lines: (readonly Cell[])[] = [
    [word('report_id', language), report.reportId],
    [word('region', language), [place, answer.region_name].filter(Boolean).join(' ')],
    [word('month', language), `${answer.month} (${answer.tz})`],
    [word('finality', language), answer.finality],
    [word('known_at', language), answer.known_at],
    [word('issued_at', language), instantText(report.issuedAtMs)],
    [word('author', language), report.author],
    ['SHA-256', `sha256:${report.sha256}`],
  ]
  const figures = (name: Word, columns: readonly Column[], row: object) => {
    const cells = cellsOf(columns, row)
    lines.push([null, null], [word(name, language), null])
    lines.push(...columns.map((column, index) => [titleOf(column, language), cells[index] ?? null]))
  }
  figures('stock', withoutKey(columnsOf(LEDGER_ROW)), answer.ledger.total)
  figures('time', withoutKey(columnsOf(TIME_ROW, { p_hours: P_HOUR_NAMES })), answer.time.total)
  const promises = { p_hours: Object.keys(answer.accounts.p_hours) }
  figures('accounts', columnsOf(accounts, promises), answer.accounts)
  const titles = [word('item', language), word('value', language)]
  const head = { name: word('whole', language), titles, kinds: ['text', 'decimal'] as const }
  return { head, rows: lines }
}

type KeyedRow = Readonly<Record<string, unknown>> & { readonly key: string | null }

/** What a grouping had at the end of the month and what it did in it, by its key. */
function joinedSheet(
  name: string,
  stock: readonly KeyedRow[],
  done: readonly KeyedRow[],
  language: Language,
  isByModel: boolean,
): Sheet {
  const left = withoutKey(columnsOf(LEDGER_ROW))
  const right = isByModel
    ? columnsOf(MODEL_ROW, { figures: FIGURE_NAMES_LIST }).filter(({ key }) => key !== 'model')
    : withoutKey(columnsOf(TIME_ROW, { p_hours: P_HOUR_NAMES }))
  const stockBy = new Map(stock.map((row) => [row.key, row]))
  const doneBy = new Map(done.map((row) => [row.key, row]))
  const keys = new Set([...stockBy.keys(), ...doneBy.keys()])
  const rows = [...keys].map((key) => {
    const [had, did] = [stockBy.get(key), doneBy.get(key)]
    const names = cellsOf(KEY_COLUMNS, had ?? did)
    return [...names, ...cellsOf(left, had), ...cellsOf(right, did)]
  })
  return { head: headOf(name, [...KEY_COLUMNS, ...left, ...right], language), rows }
}

function keyed(rows: readonly object[]): readonly KeyedRow[] {
  return rows.map((row) => {
    const named = row as Readonly<Record<string, unknown>>
    return { ...named, key: (named.key ?? named.model ?? null) as string | null }
  })
}

function rankingSheet({ ranking: told }: ReportAnswer, language: Language): Sheet {
  const columns = columnsOf(ranking.shape.top.element)
  const side = (name: 'top' | 'bottom') =>
    told[name].map((row, index) => [word(name, language), index + 1, ...cellsOf(columns, row)])
  const head = headOf(word('ranking', language), columns, language)
  const titles = [word('side', language), word('place', language), ...head.titles]
  return {
    head: { ...head, titles, kinds: ['text', 'amount', ...head.kinds] },
    rows: [...side('top'), ...side('bottom')],
  }
}

function definitionsSheet({ definitions }: ReportAnswer, language: Language): Sheet {
  const titles = (['id', 'version', 'called', 'text', 'formula'] as const).map((name) =>
    word(name, language),
  )
  const rows = definitions.map(({ id, version, ...words }) => {
    const { name, text, formula } = words[language]
    return [id, version, name, text, formula]
  })
  const kinds = titles.map(() => 'text' as const)
  return { head: { name: word('definitions', language), titles, kinds }, rows }
}

function adjustmentColumns(): readonly Column[] {
  return columnsOf(reportAnswerSchema.shape.adjustments.element, { moves: MOVE_NAMES })
}

function tableSheet(
  name: string,
  columns: readonly Column[],
  rows: readonly object[],
  language: Language,
): Sheet {
  return { head: headOf(name, columns, language), rows: rows.map((row) => cellsOf(columns, row)) }
}

function headOf(name: string, columns: readonly Column[], language: Language): Sheet['head'] {
  return {
    name,
    titles: columns.map((column) => titleOf(column, language)),
    kinds: columns.map(({ kind }) => kind),
  }
}

function withoutKey(columns: readonly Column[]): readonly Column[] {
  return columns.filter(({ key }) => key !== 'key' && key !== 'name')
}
