import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { AppError } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { judgeSamples, replay } from '../../../collector/src/forecast/replay.ts'
import {
  type IntervalRow,
  readDecisions,
  readTrace,
  type UtilizationRow,
} from '../../../collector/src/forecast/trace.ts'
import { ROOT, runProgram } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { fixtureText } from './support.ts'

const FIXTURE = join(ROOT, 'test/fixtures/traces/made.csv')
const INTERVALS = 'device_id,start_epoch_s,end_epoch_s,state'
const SAMPLES = 'device_id,epoch_s,util_pct,mem_used_mib'
const DECISIONS = 'window_id,decision_epoch_s,horizon_s'

function fileOf(lines: readonly string[], name = 'file.csv'): string {
  const folder = tempDir()
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name)
  const text = `${lines.join('\n')}\n`
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text)
  return path
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof AppError)) throw new Error('it was not refused')
  expect(error.code).toBe('usage_invalid')
  return error.message
}

describe('a trace', () => {
  test('the fixture is what the generator makes', () => {
    expect(readFileSync(FIXTURE, 'utf8')).toBe(fixtureText())
  })

  test('is read packed as well as plain', async () => {
    const lines = readFileSync(FIXTURE, 'utf8').trimEnd().split('\n')
    expect(await readTrace(fileOf(lines, 'packed.csv.gz'))).toEqual(await readTrace(FIXTURE))
  })

  test.each([
    { name: 'no header', lines: ['a-n0-g0,1,2,idle'], fault: 'line 1: the first line must be' },
    { name: 'a missing field', lines: [INTERVALS, 'a-n0-g0,1,2'], fault: 'line 2: 4 fields' },
    { name: 'a device without a node', lines: [INTERVALS, 'a-g0,1,2,idle'], fault: 'device_id' },
    {
      name: 'milliseconds',
      lines: [INTERVALS, 'a-n0-g0,1700000000000,2,idle'],
      fault: 'start_epoch_s',
    },
    { name: 'a fraction', lines: [INTERVALS, 'a-n0-g0,1,2.5,idle'], fault: 'end_epoch_s' },
    {
      name: 'an end before the start',
      lines: [INTERVALS, 'a-n0-g0,5,5,idle'],
      fault: 'later than',
    },
    { name: 'a state of no name', lines: [INTERVALS, 'a-n0-g0,1,2,free'], fault: 'state must be' },
    {
      name: 'rows that overlap',
      lines: [INTERVALS, 'a-n0-g0,1,9,idle', 'a-n0-g0,8,12,busy'],
      fault: 'line 3: start_epoch_s lies before',
    },
    { name: 'too much utilization', lines: [SAMPLES, 'a,1,101,5'], fault: 'util_pct' },
    { name: 'no utilization', lines: [SAMPLES, 'a,1,,5'], fault: 'line 2: util_pct' },
    { name: 'memory that is no number', lines: [SAMPLES, 'a,1,0.5,much'], fault: 'mem_used_mib' },
  ])('is refused with $name', async ({ lines, fault }) => {
    expect(await refusalOf(readTrace(fileOf(lines)))).toContain(fault)
  })

  test('is refused when it is empty, missing or no gzip', async () => {
    const folder = tempDir()
    const empty = join(folder, 'empty.csv')
    writeFileSync(empty, '')
    expect(await refusalOf(readTrace(empty))).toContain('is empty')
    expect(await refusalOf(readTrace(join(folder, 'none.csv')))).toContain('cannot be read')
    const torn = join(folder, 'torn.csv.gz')
    writeFileSync(torn, 'device_id')
    expect(await refusalOf(readTrace(torn))).toContain('cannot be read')
  })

  test.each([
    { name: 'a missing column', lines: ['window_id,horizon_s'], fault: 'column decision_epoch_s' },
    { name: 'too few fields', lines: [DECISIONS, 'a-n0-g0@1,2'], fault: 'line 2: 3 fields' },
    { name: 'no window', lines: [DECISIONS, ',2,3600'], fault: 'window_id is empty' },
    { name: 'no horizon', lines: [DECISIONS, 'a-n0-g0@1,2,0'], fault: 'horizon_s must be above 0' },
  ])('decisions are refused with $name', async ({ lines, fault }) => {
    expect(await refusalOf(readDecisions(fileOf(lines)))).toContain(fault)
  })
})

describe('a replay', () => {
  const row = (startS: number, endS: number, isIdle: boolean): IntervalRow => ({
    deviceId: 'a-n0-g0',
    pool: 'a',
    node: 'n0',
    startS,
    endS,
    isIdle,
  })
  const decision = (windowId: string, epochS: number, horizonS = 3_600) => ({
    line: 7,
    windowId,
    epochS,
    horizonS,
  })

  test('joins rows of one device that touch, and leaves what lies between others unseen', () => {
    const joined = [row(1_000, 5_000, true), row(5_000, 20_000, true)]
    expect(replay(joined, [decision('a-n0-g0@1000', 9_000)]).probabilities).toHaveLength(1)
    const apart = [row(1_000, 5_000, true), row(6_000, 20_000, true)]
    expect(() => replay(apart, [decision('a-n0-g0@1000', 9_000)])).toThrow('line 7: window')
    expect(replay(apart, [decision('a-n0-g0@6000', 9_000)]).probabilities).toHaveLength(1)
  })

  test.each([
    {
      name: 'a device of no trace',
      asked: decision('b-n0-g0@1000', 2_000),
      fault: 'names no device',
    },
    { name: 'a window that is over', asked: decision('a-n0-g0@1000', 6_001), fault: 'not open' },
    {
      name: 'a window that has not begun',
      asked: decision('a-n0-g0@9000', 8_999),
      fault: 'not open',
    },
    { name: 'nine hours', asked: decision('a-n0-g0@1000', 2_000, 32_400), fault: 'at most 28800' },
  ])('refuses $name', ({ asked, fault }) => {
    const rows = [row(1_000, 6_000, true), row(6_000, 9_000, false), row(9_000, 90_000, true)]
    expect(() => replay(rows, [asked])).toThrow(fault)
  })

  test('refuses rows of two files that overlap', () => {
    const rows = [row(1_000, 6_000, true), row(5_000, 9_000, false)]
    expect(() => replay(rows, [])).toThrow('overlap at 5000')
  })

  test('at the very instant of an event the event is not yet known', () => {
    const rows = [row(1_000, 8_200, true), row(8_200, 9_000, false)]
    expect(replay(rows, [decision('a-n0-g0@1000', 8_200)]).probabilities).toHaveLength(1)
  })
})

test('utilization never proves a card free: memory, absence and grey all keep it', () => {
  const sample = (utilizationPct: number, memoryUsedMib: number | null): UtilizationRow => ({
    deviceId: 'a',
    epochS: 1,
    utilizationPct,
    memoryUsedMib,
  })
  const samples = [sample(40, 9), sample(3, 0), sample(0, 24_000), sample(0, null), sample(1, 0)]
  expect(judgeSamples(samples)).toEqual({ busy: 2, occupied: 1, unknown: 2 })
})

describe('forecast replay', () => {
  const run = (args: readonly string[]) =>
    runProgram({ script: 'collector/src/main.ts', args: ['forecast', 'replay', ...args] })

  test('answers each decision in its order, in the documented format', async () => {
    const out = join(tempDir(), 'predictions.csv')
    const idle = readFileSync(FIXTURE, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('idle'))
      .map((line) => line.split(','))
    const asked = idle.flatMap(([device = '', start = '', end = '']) =>
      Number(end) - Number(start) > 600
        ? [3_600, 14_400].map((horizon) => `${device}@${start},${Number(start) + 600},${horizon}`)
        : [],
    )
    const decisions = fileOf([DECISIONS, ...asked.toReversed()])
    const args = [
      '--trace',
      FIXTURE,
      '--from',
      '1704067200',
      '--decisions',
      decisions,
      '--out',
      out,
    ]
    const { exitCode, stdout, stderr } = await run([...args, '--json'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ decisions: asked.length, cards: 8, pools: 1 })
    const [header, ...lines] = readFileSync(out, 'utf8').trimEnd().split('\n')
    expect(header).toBe('window_id,decision_epoch_s,horizon_s,p')
    expect(lines.map((line) => line.slice(0, line.lastIndexOf(',')))).toEqual(asked.toReversed())
    for (const line of lines) expect(line.split(',').at(-1)).toMatch(/^0\.\d{5}$/)
  })

  test('a utilization trace deposits nothing, and says so', async () => {
    const trace = fileOf([SAMPLES, 'a,100,0.0,24000', 'a,157,80.0,24000', 'b,100,0.0,'])
    const out = join(tempDir(), 'predictions.csv')
    const { exitCode, stdout } = await run(['--trace', trace, '--from', '0', '--out', out])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('busy 1, occupied 1, unknown 1, windows 0, deposits 0')
    expect(stdout).toContain('deposits nothing')
    expect(readFileSync(out, 'utf8')).toBe('window_id,decision_epoch_s,horizon_s,p\n')
  })

  test.each([
    { name: 'no trace', args: ['--from', '0', '--out', 'x'], sentence: '--trace' },
    {
      name: 'no epoch',
      args: ['--trace', FIXTURE, '--from', 'May', '--out', 'x'],
      sentence: '--from',
    },
    {
      name: 'no decisions',
      args: ['--trace', FIXTURE, '--from', '0', '--out', 'x'],
      sentence: '--decisions',
    },
    {
      name: 'no folder to write to',
      args: ['--trace', FIXTURE, '--from', '0', '--decisions', FIXTURE, '--out', '/none/x'],
      sentence: 'column window_id',
    },
  ])('is wrong usage with $name', async ({ args, sentence }) => {
    const { exitCode, stderr } = await run(args)
    expect(exitCode).toBe(2)
    expect(stderr).toContain(sentence)
  })
})
