/** Makes a file: rows out of the ledger, a number and a name, its bytes, its record. */
import { createHash } from 'node:crypto'
import { AppError, type Clock } from '@yiben/shared'
import type { CodeUse } from '../model/issued-code.ts'
import { bodyOf } from './body.ts'
import type { FileBook } from './book.ts'
import type { Row } from './facts.ts'
import { type GatherParts, gather } from './gather.ts'
import { fileName, nextSequence, sequenceText } from './naming.ts'
import { type FileRecord, withEvent } from './record.ts'
import { readTables } from './tables.ts'
import type { RunTemplate, Template } from './template.ts'

export interface MakerOptions extends GatherParts {
  readonly template: Template
  readonly clock: Clock
}

export interface MakeAsk
  extends Pick<FileRecord, 'cause' | 'dueMs' | 'order' | 'asOfMs' | 'resendOf' | 'attempt'> {
  readonly use: CodeUse
  /** Rows of these identities; `null`: all. */
  readonly only: ReadonlySet<string> | null
}

export class Maker {
  readonly #options: MakerOptions

  constructor(options: MakerOptions) {
    this.#options = options
  }

  /** `null`: none of the rows asked for is there any more. Throws what a file cannot be made for. */
  async make(book: FileBook, ask: MakeAsk): Promise<FileRecord | null> {
    const { clock, template } = this.#options
    const run = template.runs[ask.use]
    if (run === undefined) {
      throw new AppError('config_invalid', `the template has no run ${ask.use}`)
    }
    const knownAtMs = clock.wallMs()
    const rows = await gather(this.#options, {
      use: ask.use,
      rows: run.rows,
      asOfMs: ask.asOfMs,
      knownAtMs,
      issuedScheme: template.issuedScheme,
    })
    const wanted = ask.only === null ? rows : rows.filter(({ identity }) => ask.only?.has(identity))
    return ask.only !== null && wanted.length === 0
      ? null
      : this.#write(book, { ask, run, rows: wanted, knownAtMs })
  }

  #write(
    book: FileBook,
    made: {
      readonly ask: MakeAsk
      readonly run: RunTemplate
      readonly rows: readonly Row[]
      readonly knownAtMs: number
    },
  ): FileRecord {
    const { template } = this.#options
    const { ask, knownAtMs, run } = made
    const last = book.last()
    const number = (last?.number ?? 0) + 1
    const mark = nextSequence(last, template, knownAtMs)
    const plainName = fileName(template, run, { asOfMs: ask.asOfMs, madeAtMs: knownAtMs, mark })
    const body = bodyOf({
      template,
      fields: run.fields,
      tables: readTables(template.tables),
      rows: made.rows,
      keyIs: template.receipts?.rows?.keyIs ?? 'line',
      facts: {
        file_name: plainName,
        file_number: number,
        sequence: sequenceText(mark, template.sequence.digits),
        use: run.use,
        run_code: run.code === '' ? null : run.code,
        as_of: ask.asOfMs,
        known_at: knownAtMs,
        made_at: knownAtMs,
      },
    })
    const name = body.isCompressed ? `${plainName}${template.file.gzipSuffix}` : plainName
    refuseTaken(book, name)
    const record = recordOf({ ...made, number, mark, name, body, template })
    if (book.add(record, body.bytes, body.keys)) return record
    throw new AppError('disk_locked', `another process makes files here: number ${number} is taken`)
  }
}

/** The node would take the second for the first. */
function refuseTaken(book: FileBook, name: string): void {
  if (!book.all().some((record) => record.name === name)) return
  throw new AppError(
    'conflict',
    `file.name makes ${name} once more: it needs a longer sequence or a time`,
  )
}

function recordOf(made: {
  readonly ask: MakeAsk
  readonly knownAtMs: number
  readonly number: number
  readonly mark: { readonly sequence: number; readonly period: string }
  readonly name: string
  readonly body: ReturnType<typeof bodyOf>
  readonly template: Template
}): FileRecord {
  const { ask, body, knownAtMs, template } = made
  const record: FileRecord = {
    number: made.number,
    use: ask.use,
    cause: ask.cause,
    dueMs: ask.dueMs,
    order: ask.order,
    asOfMs: ask.asOfMs,
    knownAtMs,
    madeAtMs: knownAtMs,
    template: { id: template.id, sha256: template.sha256 },
    name: made.name,
    ...made.mark,
    sha256: createHash('sha256').update(body.bytes).digest('hex'),
    bytes: body.bytes.length,
    rows: body.keys.length,
    leftOut: { rows: body.leftOut, reasons: [...body.reasons] },
    resendOf: ask.resendOf,
    attempt: ask.attempt,
    state: 'made',
    folderAtMs: null,
    httpAtMs: null,
    deliveries: 0,
    deliveredAtMs: null,
    failures: 0,
    nextTryMs: knownAtMs,
    problem: null,
    receipt: null,
    isRowsDone: false,
    events: [],
    journaled: 0,
  }
  return withEvent(record, 'adapter_file_made', knownAtMs, {
    cause: record.cause,
    template: template.id,
    template_sha256: template.sha256,
    as_of_ms: record.asOfMs,
    bytes: record.bytes,
    rows: record.rows,
    rows_left_out: record.leftOut.rows,
    sequence: record.sequence,
    ...(record.order === null ? {} : { order: record.order }),
    ...(record.resendOf === null ? {} : { rows_rejected_in: record.resendOf }),
  })
}
