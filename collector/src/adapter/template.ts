/**
 * The mapping template of a node: what is sent when, under which name, and what answers mean. It is
 * checked whole before anything is made with it, and what is wrong is named by its place. Pure but
 * for files beside it, whose names are made whole here and which are read as they are used.
 */
import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { AppError, isTimeZone } from '@yiben/shared'
import type { z } from 'zod'
import { CODE_USES, type CodeUse } from '../model/issued-code.ts'
import type { RowKind } from './facts.ts'
import { type Field, fieldsOf } from './fields.ts'
import type { Schedule } from './instants.ts'
import { patternFault } from './name-pattern.ts'
import { refuseFigure, TemplateFault } from './template-fault.ts'
import { type RunText, type TemplateText, templateSchema } from './template-schema.ts'

export interface RunTemplate {
  readonly use: CodeUse
  readonly code: string
  readonly rows: RowKind
  /** `null`: only when ordered. */
  readonly schedule: Schedule | null
  /** Values are those of the instant at which it is due, told this long after it. */
  readonly delayMs: number
  readonly fields: readonly Field[]
}

export type Table = { readonly file: string } | { readonly entries: ReadonlyMap<string, string> }

export interface HttpTemplate {
  readonly url: string
  readonly method: 'PUT' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly tokenFile: string | null
  readonly tokenHeader: string
  readonly tokenPrefix: string
  readonly caFile: string | null
  readonly timeoutMs: number
  /** Statuses by which it says that it has the file already. */
  readonly already: readonly number[]
}

export interface ReceiptsTemplate {
  readonly from: 'folder' | 'answer'
  readonly folder: string
  readonly name: string
  readonly format: 'csv' | 'json'
  readonly separator: string
  readonly withinMs: number
  readonly status: {
    readonly field: string
    readonly accepted: readonly string[]
    readonly rejected: readonly string[]
  } | null
  readonly rows: {
    readonly list: string
    readonly key: string
    /** `line`, or the field of ours that the key is of. */
    readonly keyIs: string
    readonly code: string
    readonly accepted: readonly string[]
  } | null
}

export interface Template {
  readonly id: string
  /** Hex, of the text of the file. */
  readonly sha256: string
  readonly timeZone: string
  readonly constants: Readonly<Record<string, string>>
  readonly tables: ReadonlyMap<string, Table>
  readonly issuedScheme: string | null
  readonly runs: Readonly<Partial<Record<CodeUse, RunTemplate>>>
  readonly file: {
    readonly name: string
    readonly format: 'csv' | 'json_lines'
    readonly separator: string
    readonly header: boolean
    readonly lineEnd: string
    readonly unknown: string | null
    /** Longer ones are compressed; `null`: none. */
    readonly gzipOverBytes: number | null
    readonly gzipSuffix: string
  }
  readonly sequence: {
    readonly digits: number
    readonly first: number
    readonly restart: 'never' | 'daily' | 'monthly'
    readonly whenFull: 'stop' | 'restart'
  }
  readonly deliver: { readonly folder: string | null; readonly http: HttpTemplate | null }
  readonly receipts: ReceiptsTemplate | null
  readonly resend: {
    readonly times: number
    readonly afterMs: number
    readonly rejected: 'rows' | 'none'
  }
  readonly keepMs: number
}

export interface TemplateSource {
  /** What stands before refusals, and what relative names start from. */
  readonly file: string
  readonly text: string
  readonly value: unknown
}

/** Throws `config_invalid` with the place that is wrong. */
export function templateOf({ file, text, value }: TemplateSource): Template {
  const parsed = templateSchema.safeParse(value)
  if (!parsed.success) throw invalid(file, ...firstIssue(parsed.error))
  const folder = dirname(resolve(file))
  try {
    return checked(parsed.data, folder, createHash('sha256').update(text).digest('hex'))
  } catch (error) {
    if (error instanceof TemplateFault) throw invalid(file, error.place, error.message)
    throw error
  }
}

function invalid(file: string, place: string, sentence: string): AppError {
  const at = place === '' ? '' : `${place} `
  return new AppError('config_invalid', `adapter.template ${file}: ${at}${sentence}`, {
    fields: { field: place },
  })
}

function firstIssue(error: z.ZodError): readonly [string, string] {
  const [issue] = error.issues
  const place = issue?.path.join('.') ?? ''
  if (issue?.code === 'unrecognized_keys') {
    const [name = ''] = issue.keys
    return [place === '' ? name : `${place}.${name}`, 'is not known here']
  }
  const isMissing = issue?.code === 'invalid_type' && issue.message.includes('undefined')
  return [place, isMissing ? 'is missing' : (issue?.message ?? 'is wrong')]
}

function checked(text: TemplateText, folder: string, sha256: string): Template {
  if (!isTimeZone(text.time_zone)) {
    throw new TemplateFault('time_zone', 'must be a time zone of the IANA list')
  }
  const { sequence } = text
  if (sequence.first > 10 ** sequence.digits - 1) {
    throw new TemplateFault('sequence.first', `does not fit ${sequence.digits} digits`)
  }
  const restarts = sequence.restart !== 'never' || sequence.when_full === 'restart'
  const fault = patternFault(text.file.name, text.constants, restarts)
  if (fault !== null) throw new TemplateFault('file.name', fault)
  refuseFigure('file.unknown', text.file.unknown)
  if (text.file.format === 'csv' && text.file.unknown === null) {
    throw new TemplateFault('file.unknown', 'must be a text: csv has no null')
  }
  const runs = runsOf(text)
  return {
    id: text.template,
    sha256,
    timeZone: text.time_zone,
    constants: text.constants,
    tables: tablesOf(text, folder),
    issuedScheme: text.issued_codes?.scheme ?? null,
    runs,
    file: {
      name: text.file.name,
      format: text.file.format,
      separator: text.file.separator,
      header: text.file.header,
      lineEnd: text.file.line_end === 'lf' ? '\n' : '\r\n',
      unknown: text.file.unknown,
      gzipOverBytes: gzipOver(text.file),
      gzipSuffix: text.file.gzip_suffix,
    },
    sequence: {
      digits: sequence.digits,
      first: sequence.first,
      restart: sequence.restart,
      whenFull: sequence.when_full,
    },
    deliver: deliverOf(text, folder),
    receipts: receiptsOf(text, folder, Object.values(runs)),
    resend: {
      times: text.resend.times,
      afterMs: text.resend.after,
      rejected: text.resend.rejected,
    },
    keepMs: text.keep,
  }
}

function gzipOver(file: TemplateText['file']): number | null {
  if (file.gzip === 'never') return null
  return file.gzip === 'always' ? 0 : file.gzip_over_bytes
}

function tablesOf({ tables }: TemplateText, folder: string): Template['tables'] {
  return new Map(
    Object.entries(tables).map(([name, table]): [string, Table] => {
      const { file } = table
      // A dictionary with the one code `file` is written as a file.
      return typeof file === 'string' && Object.keys(table).length === 1
        ? [name, { file: resolve(folder, file) }]
        : [name, { entries: new Map(Object.entries(table as Record<string, string>)) }]
    }),
  )
}

function runsOf(text: TemplateText): Template['runs'] {
  const runs: Partial<Record<CodeUse, RunTemplate>> = {}
  for (const use of CODE_USES) {
    const run = text.runs[use]
    if (run !== undefined) runs[use] = runOf(text, use, run)
  }
  if (Object.keys(runs).length === 0) {
    throw new TemplateFault('runs', 'must have total, available or both')
  }
  return runs
}

function runOf(text: TemplateText, use: CodeUse, run: RunText): RunTemplate {
  const place = `runs.${use}`
  if (run.at !== undefined && run.every !== undefined) {
    throw new TemplateFault(`${place}.every`, 'and at cannot both be given')
  }
  // What of cards can be had is known by site and model; single cards have no such mark here.
  if (use === 'available' && run.rows === 'accelerators') {
    throw new TemplateFault(`${place}.rows`, 'cannot be accelerators: of these there is total only')
  }
  const [fields, at] =
    run.fields === undefined
      ? ([text.fields, 'fields'] as const)
      : ([run.fields, `${place}.fields`] as const)
  if (fields === undefined)
    throw new TemplateFault(`${place}.fields`, 'are missing, and so are fields')
  return {
    use,
    code: run.code,
    rows: run.rows,
    schedule: scheduleOf(run),
    delayMs: run.delay,
    fields: fieldsOf(fields, {
      place: at,
      rows: run.rows,
      constants: text.constants,
      tables: new Set(Object.keys(text.tables)),
      isCsv: text.file.format === 'csv',
      hasScheme: text.issued_codes !== undefined,
    }),
  }
}

function scheduleOf(run: RunText): Schedule | null {
  if (run.every !== undefined) return { everyMs: run.every }
  return run.at === undefined ? null : { atMinutes: [...new Set(run.at)].sort((a, b) => a - b) }
}

function deliverOf({ deliver }: TemplateText, folder: string): Template['deliver'] {
  const { http } = deliver
  if (deliver.folder === undefined && http === undefined) {
    throw new TemplateFault('deliver', 'must have folder, http or both')
  }
  return {
    folder: deliver.folder === undefined ? null : resolve(folder, deliver.folder),
    http:
      http === undefined
        ? null
        : {
            url: urlOf(http.url),
            method: http.method,
            headers: http.headers,
            tokenFile: http.token_file === undefined ? null : resolve(folder, http.token_file),
            tokenHeader: http.token_header,
            tokenPrefix: http.token_prefix,
            caFile: http.ca_file === undefined ? null : resolve(folder, http.ca_file),
            timeoutMs: http.timeout,
            already: http.already,
          },
  }
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** A list of where accelerators are does not travel in the clear. */
function urlOf(text: string): string {
  const place = 'deliver.http.url'
  const example = text.replaceAll('{name}', 'name')
  if (!URL.canParse(example)) throw new TemplateFault(place, 'must be a URL')
  const { hostname, password, protocol, username } = new URL(example)
  if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.has(hostname))) {
    throw new TemplateFault(place, 'must begin with https://')
  }
  if (username !== '' || password !== '') {
    throw new TemplateFault(place, 'must hold no password: token_file does')
  }
  return text
}

function receiptsOf(
  text: TemplateText,
  folder: string,
  runs: readonly RunTemplate[],
): ReceiptsTemplate | null {
  const { receipts } = text
  if (receipts === undefined) {
    if (text.resend.times === 0) return null
    throw new TemplateFault(
      'resend.times',
      'must be 0: without receipts nothing is known to be lost',
    )
  }
  const { from, rows, status } = receipts
  if (from === 'folder' && receipts.folder === undefined) {
    throw new TemplateFault('receipts.folder', 'is missing')
  }
  if (from === 'answer' && text.deliver.http === undefined) {
    throw new TemplateFault('receipts.from', 'must be folder: nothing is sent by http')
  }
  if (from === 'folder' && !receipts.name.includes('{name}')) {
    throw new TemplateFault(
      'receipts.name',
      'must hold {name}, the name of the file that it answers',
    )
  }
  if (status === undefined && rows === undefined) {
    throw new TemplateFault('receipts', 'must have status, rows or both')
  }
  if (receipts.format === 'csv' && status !== undefined) {
    throw new TemplateFault('receipts.status', 'is known of json only')
  }
  const keyIs = rows?.key_is ?? 'line'
  const strange = runs.find(({ fields }) => !fields.some(({ name }) => name === keyIs))
  if (keyIs !== 'line' && strange !== undefined) {
    throw new TemplateFault('receipts.rows.key_is', `is no field of the run ${strange.use}`)
  }
  return {
    from,
    folder: resolve(folder, receipts.folder ?? '.'),
    name: receipts.name,
    format: receipts.format,
    separator: receipts.separator,
    withinMs: receipts.within,
    status: status ?? null,
    rows: rows === undefined ? null : { ...rows, keyIs },
  }
}
