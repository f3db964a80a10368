/**
 * `export`: data out, line by line, so that a year needs no year's memory. `csv`: sealed hours by
 * site and model, one line each; `xlsx`: the same as a workbook. `jsonl`: everything, one object per line with its `type`: ledger,
 * sites, units, their runs, silences and deposits, buckets, and the whole journal under a signed
 * checkpoint. Its last line is a signed hash of all others: `verify` needs the file and a public key.
 */
import { AppError, assert, HOUR_MS, resourceCode, runName } from '@yiben/shared'
import { CatalogueLookup } from '../api/answers/lookup.ts'
import {
  type RollupsAnswer,
  rollupsAnswer,
  rollupsCsv,
  rollupsSchema,
} from '../api/answers/rollups.ts'
import { EXPORT_TABLES } from '../api/exports/tables.ts'
import { columnsOfTable, walkedAnswer } from '../api/exports/walk.ts'
import { writeXlsx } from '../api/exports/write.ts'
import { loadCatalogue } from '../catalogue/catalogue.ts'
import type { UnitRow } from '../model/inventory.ts'
import { BUCKET_FIGURES } from '../rollup/bucket-figures.ts'
import { BUCKET_DEFINITION_VERSION } from '../rollup/definitions.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { type CommandContext, instantOf, withLedger } from './command.ts'
import { type JournalPart, openJournal, withEnd } from './export-journal.ts'
import { line } from './export-line.ts'
import { commandMark } from './export-mark.ts'

export interface ExportOptions {
  readonly from: string
  readonly to: string
  readonly format: string
}

/** What is read at once: a day of buckets, of one unit's runs, a page of units or of entries. */
const SLICE_MS = 24 * HOUR_MS
const PAGE_ROWS = 500

interface Range {
  readonly fromMs: number
  readonly toMs: number
  readonly knownAtMs: number
}

/**
 * Hands each line to `write` in turn; a slow reader slows the export. Answers a sentence for people
 * where the export is made but cannot be verified.
 */
export async function runExport(
  context: CommandContext,
  options: ExportOptions,
  write: (part: string | Uint8Array) => Promise<void>,
): Promise<string | null> {
  const { timeZone } = context.config
  const fromMs = instantOf(options.from, '--from', timeZone)
  const toMs = instantOf(options.to, '--to', timeZone)
  if (toMs <= fromMs) throw new AppError('usage_invalid', '--to must be later than --from')
  const range = { fromMs, toMs, knownAtMs: context.world.clock.wallMs() }
  const writer = FORMATS[options.format]
  if (writer === undefined) {
    const sentence = `--format must be one of ${Object.keys(FORMATS).join(', ')}`
    throw new AppError('usage_invalid', sentence)
  }
  return await withLedger(context, async (store) => {
    const { lines, note } = await writer(store, range, context)
    for await (const part of lines) await write(part)
    return note
  })
}

interface Written {
  readonly lines: AsyncIterable<string | Uint8Array>
  readonly note: string | null
}

type Writer = (store: Store, range: Range, context: CommandContext) => Promise<Written>

const FORMATS: Readonly<Record<string, Writer>> = {
  csv: async (store, range, { config }) => ({
    lines: csvLines(store, range, config.timeZone),
    note: null,
  }),
  xlsx: async (store, range, context) => ({ lines: workbook(store, range, context), note: null }),
  jsonl: async (store, range, context) => {
    const journal = await openJournal(store, context)
    return { lines: withEnd(jsonLines(store, range, journal), journal), note: journal.note }
  },
}

async function* csvLines(store: Store, range: Range, timeZone: string): AsyncGenerator<string> {
  let hasHead = false
  for await (const answer of sealedHours(store, range, timeZone)) {
    const text = rollupsCsv(answer)
    yield hasHead ? text.slice(text.indexOf('\n') + 1) : text
    hasHead = true
  }
}

/** The same hours in the columns of the table `rollups`, in one piece: a workbook has no less. */
async function* workbook(
  store: Store,
  range: Range,
  { config, world }: CommandContext,
): AsyncGenerator<Uint8Array> {
  const table = EXPORT_TABLES.find(({ name }) => name === 'rollups')
  assert(table !== undefined, 'rollups are a table')
  const columns = columnsOfTable(table, { answer: rollupsSchema })
  const mark = {
    ...commandMark(world),
    table,
    question: `from=${timeText(range.fromMs)}&to=${timeText(range.toMs)}&grain=hour&by=site`,
  }
  const answers = sealedHours(store, range, config.timeZone)
  const pages = async function* () {
    for await (const answer of answers) yield walkedAnswer(table, columns, answer)
  }
  yield (await writeXlsx(world.clock, mark, columns, pages())).bytes
}

/** By hour, site and model, a day at a time. */
async function* sealedHours(
  store: Store,
  range: Range,
  timeZone: string,
): AsyncGenerator<RollupsAnswer> {
  const catalogue = loadCatalogue()
  const parts = {
    store,
    lookup: new CatalogueLookup(catalogue),
    ledger: await store.ledgerState(),
    catalogueVersion: catalogue.version,
  }
  const whole = {
    fromMs: Math.floor(range.fromMs / HOUR_MS) * HOUR_MS,
    toMs: Math.ceil(range.toMs / HOUR_MS) * HOUR_MS,
  }
  for (const slice of slicesOf(whole)) {
    yield await rollupsAnswer(parts, {
      scope: SCOPE_ALL,
      ...slice,
      knownAtMs: range.knownAtMs,
      timeZone,
      grain: 'hour',
      by: 'site',
      filter: { site: null, owner: null, vendor: null, model: null },
    })
  }
}

async function* jsonLines(
  store: Store,
  range: Range,
  journal: JournalPart,
): AsyncGenerator<string> {
  const ledger = await store.ledgerState()
  yield line('ledger', {
    generation: ledger.generation,
    origin: ledger.origin,
    demo: ledger.isDemo,
    from: timeText(range.fromMs),
    to: timeText(range.toMs),
    known_at: timeText(range.knownAtMs),
    bucket_definition_version: BUCKET_DEFINITION_VERSION,
    catalogue_version: loadCatalogue().version,
  })
  yield* journal.checkpoints
  for (const { code, name, terms } of await store.listSites(SCOPE_ALL)) {
    yield line('site', {
      site_code: code,
      name,
      region_code: terms.regionCode,
      operator_code: terms.operatorCode,
      owner_code: terms.ownerCode,
    })
  }
  yield* unitLines(store, range)
  for (const slice of slicesOf(range)) yield* bucketLines(store, { ...range, ...slice })
  yield* journal.entries()
}

async function* unitLines(store: Store, range: Range): AsyncGenerator<string> {
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<Store['listUnits']>> = await store.listUnits(SCOPE_ALL, {
      cursor,
      limit: PAGE_ROWS,
    })
    for (const unit of page.rows) {
      yield unitLine(unit)
      for (const slice of slicesOf(range)) yield* spanLines(store, unit, { ...range, ...slice })
    }
    cursor = page.nextCursor
  } while (cursor !== null)
}

function unitLine(unit: UnitRow): string {
  const { vendor, name, memoryTotalMib, powerCapWatts } = unit.profile
  return line('unit', {
    unit_id: unit.unitId,
    accelerator_id: resourceCode('accelerator', unit.acceleratorId),
    node_id: unit.nodeId,
    site_code: unit.siteCode,
    kind: unit.kind,
    vendor,
    printed_name: name,
    memory_total_mib: memoryTotalMib,
    power_cap_watts: powerCapWatts,
    share_ppm: unit.sharePpm,
    valid_from: timeText(unit.validFromMs),
    valid_to: timeOrNull(unit.validToMs),
    counted: unit.isCounted,
  })
}

async function* spanLines(store: Store, unit: UnitRow, range: Range): AsyncGenerator<string> {
  const span = await store.readUnitSpan(SCOPE_ALL, unit.unitId, range)
  if (span === null) return
  const { unitId } = unit
  // What crosses a slice's edge is written with the slice it begins in, so that nothing comes twice.
  const isHere = (fromMs: number) => fromMs >= range.fromMs && fromMs < range.toMs
  for (const run of span.runs.filter(({ startMs }) => isHere(startMs))) {
    yield line('run', {
      unit_id: unitId,
      from: timeText(run.startMs),
      to: timeText(run.endMs),
      state: runName(run.code),
      recorded_at: timeOrNull(run.recordedAtMs),
    })
  }
  for (const silence of span.silences.filter(({ fromMs }) => isHere(fromMs))) {
    yield line('silence', {
      unit_id: unitId,
      from: timeText(silence.fromMs),
      to: timeOrNull(silence.toMs),
      state: runName(silence.code),
      declared_at: timeText(silence.declaredAtMs),
    })
  }
  for (const deposit of span.deposits.filter(({ openedAtMs }) => isHere(openedAtMs))) {
    yield line('deposit', {
      deposit_id: deposit.depositId,
      unit_id: unitId,
      opened_at: timeText(deposit.openedAtMs),
      closed_at: timeOrNull(deposit.closedAtMs),
      close_reason: deposit.closeReason,
    })
  }
}

async function* bucketLines(store: Store, range: Range): AsyncGenerator<string> {
  for (const bucket of await store.readBuckets(SCOPE_ALL, range)) {
    const figures = BUCKET_FIGURES.map((figure) => [figure, bucket[figure].toString()])
    yield line('bucket', {
      hour: timeText(bucket.hourMs),
      site_code: bucket.siteCode,
      owner_code: bucket.ownerCode,
      vendor: bucket.profile.vendor,
      printed_name: bucket.profile.name,
      memory_total_mib: bucket.profile.memoryTotalMib,
      power_cap_watts: bucket.profile.powerCapWatts,
      version: bucket.version,
      known_at: timeText(bucket.knownAtMs),
      cards: bucket.cards,
      figures: Object.fromEntries(figures),
    })
  }
}

function* slicesOf({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }) {
  for (let atMs = fromMs; atMs < toMs; atMs += SLICE_MS) {
    yield { fromMs: atMs, toMs: Math.min(atMs + SLICE_MS, toMs) }
  }
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString()
}

function timeOrNull(atMs: number | null): string | null {
  return atMs === null ? null : timeText(atMs)
}
