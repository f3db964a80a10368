/**
 * `adapter status | run total | run available | resend N`: files to a national or regional node.
 * Files are made by the serving process alone; a command leaves an order and waits for what comes
 * of it.
 */
import { AppError, randomHex, renderTable, sleep } from '@yiben/shared'
import { AdapterFolder, type AdapterStatus, type OrderText } from '../adapter/folder.ts'
import type { FileRecord } from '../adapter/record.ts'
import type { Template } from '../adapter/template.ts'
import type { CodeUse } from '../model/issued-code.ts'
import { type CommandContext, type CommandResult, countOf, jsonText } from './command.ts'
import { readTemplate } from './serve-adapter.ts'

const ORDER_BYTES = 8
const DEFAULT_LAST = 20
const WAIT_MS = 60_000
const LOOK_MS = 200

export async function runAdapterStatus(
  context: CommandContext,
  options: { readonly last?: string },
): Promise<CommandResult> {
  const template = templateFor(context)
  const last = countOf(options.last ?? String(DEFAULT_LAST), '--last')
  const folder = new AdapterFolder(context.config.dataDir)
  const status = folder.readStatus()
  const records = last === 0 ? [] : folder.records().slice(-last)
  if (context.json) {
    const files = records.map(fileJson)
    return { exitCode: 0, stdout: jsonText({ template: template.id, status, files }) }
  }
  const rows = records.map(fileRow)
  const titles = ['number', 'run', 'file', 'rows', 'state', 'problem']
  const lines = [
    `template ${template.id}`,
    ...(status === null ? ['no serving process has used it yet'] : statusLines(status)),
    '',
  ]
  return { exitCode: 0, stdout: `${lines.join('\n')}${renderTable(titles, rows)}` }
}

export async function runAdapterRun(context: CommandContext, use: CodeUse): Promise<CommandResult> {
  if (templateFor(context).runs[use] === undefined) {
    throw new AppError('usage_invalid', `the template has no run ${use}`)
  }
  return await ordered(context, { run: use })
}

export async function runAdapterResend(
  context: CommandContext,
  number: string,
): Promise<CommandResult> {
  templateFor(context)
  return await ordered(context, { resend: countOf(number, 'the number') })
}

function templateFor({ config }: CommandContext): Template {
  const template = readTemplate(config)
  if (template !== null) return template
  throw new AppError('usage_invalid', 'adapter.template is not set: no node is sent anything')
}

async function ordered(context: CommandContext, text: OrderText): Promise<CommandResult> {
  const { config, json, world } = context
  const folder = new AdapterFolder(config.dataDir)
  const id = randomHex(world.random, ORDER_BYTES)
  folder.open()
  folder.writeOrder({ id, text })
  const endMs = world.clock.monotonicMs() + WAIT_MS
  while (world.clock.monotonicMs() < endMs) {
    if (!folder.orders().some((order) => order.id === id)) return outcome(folder, id, json)
    await sleep(world.clock, LOOK_MS)
  }
  // Taken this very moment, it is being carried out.
  if (!folder.removeOrder(id)) return outcome(folder, id, json)
  const sentence = 'no serving process has taken the order within a minute: it was taken back'
  throw new AppError('state_missing', sentence)
}

function outcome(folder: AdapterFolder, id: string, json: boolean): CommandResult {
  const refusal = folder.readStatus()?.refused_orders[id]
  if (refusal !== undefined) throw new AppError('conflict', `the order was refused: ${refusal}`)
  const record = folder
    .records()
    .findLast(({ events, order }) => order === id || events.some(({ facts }) => facts.order === id))
  if (record === undefined) {
    const stdout = json ? jsonText({ file: null }) : 'none of its rows is there any more\n'
    return { exitCode: 0, stdout }
  }
  const { name, number, rows } = record
  const stdout = json ? jsonText(fileJson(record)) : `file ${number}, ${name}: ${rows} rows\n`
  return {
    exitCode: 0,
    stdout,
    note: 'it is on its way: `adapter status` says what became of it\n',
  }
}

function statusLines(status: AdapterStatus): readonly string[] {
  const due = Object.entries(status.next_due_ms).map(([use, atMs]) =>
    atMs === null ? `${use}: no schedule` : `${use}: due at ${new Date(atMs).toISOString()}`,
  )
  const problems = Object.entries(status.problems).map(
    ([part, { code, sentence }]) => `${part}: ${code}: ${sentence}`,
  )
  return [...due, ...problems]
}

function fileRow(record: FileRecord): string[] {
  const { name, number, problem, rows, use } = record
  return [String(number), use, name, String(rows), stateText(record), problem?.sentence ?? '']
}

function stateText({ leftOut, receipt, state }: FileRecord): string {
  const out = leftOut.rows === 0 ? '' : `, ${leftOut.rows} left out`
  const rejected = (receipt?.rejectedRows ?? 0) === 0 ? '' : ` (${receipt?.rejectedRows} rows)`
  return `${state}${rejected}${out}`
}

function fileJson(record: FileRecord) {
  return {
    number: record.number,
    run: record.use,
    cause: record.cause,
    name: record.name,
    sequence: record.sequence,
    state: record.state,
    as_of: new Date(record.asOfMs).toISOString(),
    made_at: new Date(record.madeAtMs).toISOString(),
    sha256: record.sha256,
    bytes: record.bytes,
    rows: record.rows,
    left_out: record.leftOut,
    rows_rejected_in: record.resendOf,
    deliveries: record.deliveries,
    failures: record.failures,
    problem: record.problem,
    receipt:
      record.receipt === null
        ? null
        : {
            outcome: record.receipt.outcome,
            status: record.receipt.status,
            rejected_rows: record.receipt.rejectedRows,
            rejected: record.receipt.rejected,
            strange_rows: record.receipt.strangeRows,
          },
  }
}
