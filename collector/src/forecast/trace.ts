/**
 * Reads traces and decision lists, line by line, checked: a wrong line stops with its file, number and
 * field. Two formats of traces are told apart by their first line.
 *
 * Intervals, `device_id,start_epoch_s,end_epoch_s,state`: `device_id` is `<pool>-n<node>-g<card>`, rows
 * of one device are in time order and do not overlap, `state` is `busy` or `idle`.
 * Utilization, `device_id,epoch_s,util_pct,mem_used_mib`: one sample per row; memory may be empty.
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { AppError, errorSentence } from '@yiben/shared'

const INTERVAL_HEADER = 'device_id,start_epoch_s,end_epoch_s,state'
const UTILIZATION_HEADER = 'device_id,epoch_s,util_pct,mem_used_mib'
const DECISION_COLUMNS = ['window_id', 'decision_epoch_s', 'horizon_s'] as const
/** 2100-01-01: a number beyond it is no epoch in seconds (milliseconds, most likely). */
const EPOCH_S_MAX = 4_102_444_800
const DEVICE = /^(.+)-(n\d+)-(g\d+)$/

export interface IntervalRow {
  readonly deviceId: string
  readonly pool: string
  readonly node: string
  readonly startS: number
  readonly endS: number
  readonly isIdle: boolean
}

export interface UtilizationRow {
  readonly deviceId: string
  readonly epochS: number
  readonly utilizationPct: number
  /** `null`: the source has no value. */
  readonly memoryUsedMib: number | null
}

export interface DecisionRow {
  readonly line: number
  readonly windowId: string
  readonly epochS: number
  readonly horizonS: number
}

export type Trace =
  | { readonly kind: 'intervals'; readonly rows: readonly IntervalRow[] }
  | { readonly kind: 'utilization'; readonly rows: readonly UtilizationRow[] }

/** Where a value stands, for the sentence of a refusal. */
interface Place {
  readonly file: string
  readonly line: number
}

export async function readTrace(file: string): Promise<Trace> {
  const intervals: IntervalRow[] = []
  const samples: UtilizationRow[] = []
  const reachedS = new Map<string, number>()
  let header: string | null = null
  for await (const { text, place } of linesOf(file)) {
    if (header === null) {
      header = text
      if (text !== INTERVAL_HEADER && text !== UTILIZATION_HEADER) {
        throw fault(place, `the first line must be ${INTERVAL_HEADER} or ${UTILIZATION_HEADER}`)
      }
    } else if (header === INTERVAL_HEADER) {
      const row = intervalOf(text, place)
      if (row.startS < (reachedS.get(row.deviceId) ?? 0)) {
        throw fault(place, 'start_epoch_s lies before the end of the row before of this device')
      }
      reachedS.set(row.deviceId, row.endS)
      intervals.push(row)
    } else samples.push(utilizationOf(text, place))
  }
  if (header === null) throw fault({ file, line: 1 }, 'the file is empty')
  return header === INTERVAL_HEADER
    ? { kind: 'intervals', rows: intervals }
    : { kind: 'utilization', rows: samples }
}

export async function readDecisions(file: string): Promise<DecisionRow[]> {
  const rows: DecisionRow[] = []
  let columns: number[] | null = null
  let width = 0
  for await (const { text, place } of linesOf(file)) {
    const cells = text.split(',')
    if (columns === null) {
      width = cells.length
      columns = DECISION_COLUMNS.map((column) => cells.indexOf(column))
      const missing = DECISION_COLUMNS.find((_column, index) => columns?.[index] === -1)
      if (missing !== undefined)
        throw fault(place, `the first line must name the column ${missing}`)
      continue
    }
    if (cells.length !== width)
      throw fault(place, `${width} fields are needed, here are ${cells.length}`)
    const [windowId = '', epoch = '', horizon = ''] = columns.map((column) => cells[column] ?? '')
    if (windowId === '') throw fault(place, 'window_id is empty')
    const horizonS = wholeSeconds(horizon, 'horizon_s', place)
    if (horizonS === 0) throw fault(place, 'horizon_s must be above 0')
    const epochS = wholeSeconds(epoch, 'decision_epoch_s', place)
    rows.push({ line: place.line, windowId, epochS, horizonS })
  }
  if (columns === null) throw fault({ file, line: 1 }, 'the file is empty')
  return rows
}

function intervalOf(text: string, place: Place): IntervalRow {
  const cells = text.split(',')
  if (cells.length !== 4) throw fault(place, `4 fields are needed, here are ${cells.length}`)
  const [deviceId = '', start = '', end = '', state = ''] = cells
  const [, pool, node] = DEVICE.exec(deviceId) ?? []
  if (pool === undefined || node === undefined) {
    throw fault(place, `device_id must be POOL-nNODE-gCARD, not "${deviceId}"`)
  }
  const startS = wholeSeconds(start, 'start_epoch_s', place)
  const endS = wholeSeconds(end, 'end_epoch_s', place)
  if (endS <= startS) throw fault(place, 'end_epoch_s must be later than start_epoch_s')
  if (state !== 'busy' && state !== 'idle') {
    throw fault(place, `state must be busy or idle, not "${state}"`)
  }
  return { deviceId, pool, node, startS, endS, isIdle: state === 'idle' }
}

function utilizationOf(text: string, place: Place): UtilizationRow {
  const cells = text.split(',')
  if (cells.length !== 4) throw fault(place, `4 fields are needed, here are ${cells.length}`)
  const [deviceId = '', epoch = '', utilization = '', memory = ''] = cells
  if (deviceId === '') throw fault(place, 'device_id is empty')
  const utilizationPct = decimal(utilization, 'util_pct', place)
  if (utilizationPct > 100) throw fault(place, 'util_pct must be at most 100')
  return {
    deviceId,
    epochS: wholeSeconds(epoch, 'epoch_s', place),
    utilizationPct,
    memoryUsedMib: memory === '' ? null : decimal(memory, 'mem_used_mib', place),
  }
}

function wholeSeconds(text: string, field: string, place: Place): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > EPOCH_S_MAX) {
    throw fault(place, `${field} must be whole seconds, not "${text}"`)
  }
  return Number(text)
}

function decimal(text: string, field: string, place: Place): number {
  if (!/^\d{1,12}(\.\d+)?$/.test(text))
    throw fault(place, `${field} must be a number, not "${text}"`)
  return Number(text)
}

function fault({ file, line }: Place, sentence: string): AppError {
  return new AppError('usage_invalid', `${file}, line ${line}: ${sentence}`, {
    fields: { file, line },
  })
}

async function* linesOf(file: string): AsyncGenerator<{ text: string; place: Place }> {
  const source = createReadStream(file)
  const input = file.endsWith('.gz') ? source.pipe(createGunzip()) : source
  let line = 0
  try {
    // An error of the file itself does not reach what it is piped into.
    source.once('error', (error) => input.destroy(error))
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      line += 1
      if (text !== '') yield { text, place: { file, line } }
    }
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('usage_invalid', `${file} cannot be read: ${errorSentence(error)}`, {
      cause: error,
    })
  } finally {
    source.destroy()
  }
}
