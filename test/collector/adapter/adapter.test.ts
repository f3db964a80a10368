/** Runs of a schedule over a real store, to a folder and to a node that behaves as nodes do. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, resourceCode } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { AdapterStore } from '../../../collector/src/adapter/adapter.ts'
import { AdapterFolder } from '../../../collector/src/adapter/folder.ts'
import { HOUR, MINUTE, T0, terms } from '../../conformance/fleet.ts'
import { until } from '../../support/program.ts'
import { RehearsalNode } from '../../support/rehearsal-node.ts'
import { openRig, type Rig, type TemplateValue, TOKEN, templateValue } from './rig.ts'

const DAILY = { total: { code: 'K1', rows: 'site_models', at: ['02:00'] } }
const QUARTERS = { available: { code: 'K2', rows: 'site_models', every: '15min' } }
const BY_ORDER = { total: { code: 'K1', rows: 'site_models' } }
const RECEIPTS = {
  format: 'json',
  within: '2h',
  status: { field: 'result', accepted: ['0', '1'], rejected: ['9'] },
  rows: { list: 'rows', key: 'line', key_is: 'line', code: 'code', accepted: ['0'] },
}

const outgoing = (rig: Rig) => readdirSync(join(rig.folder, 'outgoing')).sort()
const records = (rig: Rig) => new AdapterFolder(rig.dataDir).records()
const states = (rig: Rig) => records(rig).map(({ state }) => state)

function order(rig: Rig, text: { run: 'total' } | { resend: number }, id = 'a'): void {
  const folder = new AdapterFolder(rig.dataDir)
  folder.open()
  folder.writeOrder({ id: id.repeat(16), text })
}

async function withNode(changes: TemplateValue = {}) {
  const node = new RehearsalNode(TOKEN)
  const url = await node.listen()
  const value = templateValue({
    runs: QUARTERS,
    deliver: { http: { url: `${url}/in/{name}`, token_file: 'token', timeout: '30s' } },
    receipts: { from: 'answer', ...RECEIPTS },
    resend: { times: 2, after: '10min', rejected: 'rows' },
    ...changes,
  })
  return { node, value }
}

describe('runs by a schedule', () => {
  test('are made once each, as of the instant they are due, and are in the journal before they leave', async () => {
    const rig = await openRig()
    const adapter = rig.start(templateValue({ runs: QUARTERS }))
    await rig.look(adapter)
    expect(outgoing(rig)).toEqual([])
    await rig.look(adapter, 15 * MINUTE)
    expect(outgoing(rig)).toEqual([])
    await rig.look(adapter, 2 * MINUTE)
    await rig.look(adapter, MINUTE)
    expect(outgoing(rig)).toEqual(['00000-EXAMPLE-DATA-202603011017000001.data'])
    const [file = ''] = outgoing(rig)
    // The last quarter of an hour has not been told: nothing is proven of it, and nothing is 0.
    expect(readFileSync(join(rig.folder, 'outgoing', file), 'utf8')).toBe(
      'run|site|city|issued|model|cards|free|p|p_free\nK2|BJ-01|X-BJ||H800 SXM|4||3.957|\n',
    )
    expect(await rig.entries('adapter_file_made')).toEqual([
      expect.objectContaining({ number: 1, use: 'available', rows: 1, as_of_ms: T0 + 2.25 * HOUR }),
    ])
    expect(await rig.entries('adapter_file_delivered')).toHaveLength(1)
    expect(states(rig)).toEqual(['taken'])
  })

  test('stay in the house until the journal has them', async () => {
    const rig = await openRig()
    let isAway = true
    const store: AdapterStore = {
      readLedgerAt: (...asked) => rig.store.readLedgerAt(...asked),
      readSitesAt: (...asked) => rig.store.readSitesAt(...asked),
      readSiteNumbers: (...asked) => rig.store.readSiteNumbers(...asked),
      readIssuedCodes: (...asked) => rig.store.readIssuedCodes(...asked),
      listUnits: (...asked) => rig.store.listUnits(...asked),
      keepStatement: async (statement) => {
        if (isAway) throw new AppError('store_unavailable', 'away')
        return await rig.store.keepStatement(statement)
      },
    }
    const adapter = rig.start(templateValue({ runs: BY_ORDER }), store)
    order(rig, { run: 'total' })
    await expect(rig.look(adapter)).rejects.toThrow('away')
    await expect(rig.look(adapter, MINUTE)).rejects.toThrow('away')
    expect(outgoing(rig)).toEqual([])
    expect(adapter.report().troubles).toBe(1)
    isAway = false
    await rig.look(adapter, MINUTE)
    expect(outgoing(rig)).toHaveLength(1)
    expect(adapter.report().troubles).toBe(0)
  })

  test('list whole cards, each once, where rows are cards', async () => {
    const rig = await openRig()
    const fields = ['accelerator_code', 'model', 'site_code'].map((fact) => ({ name: fact, fact }))
    const runs = { total: { rows: 'accelerators' } }
    order(rig, { run: 'total' })
    await rig.look(rig.start(templateValue({ runs, fields })))
    const [file = ''] = outgoing(rig)
    const [, ...lines] = readFileSync(join(rig.folder, 'outgoing', file), 'utf8').split('\n')
    expect(lines.slice(0, -1)).toEqual(
      rig.node.units.map(
        ({ acceleratorId }) => `${resourceCode('accelerator', acceleratorId)}|H800 SXM|BJ-01`,
      ),
    )
  })

  test('tell what is proven, by site and model, and codes of the run’s own use', async () => {
    const rig = await openRig()
    const thing = { kind: 'site', number: 1 } as const
    const code = {
      thing,
      scheme: 'EXAMPLE',
      issuedBy: 'node',
      author: 'a',
      validFromMs: T0,
      recordedAtMs: T0,
    }
    await rig.store.recordCode({ ...code, use: 'total', value: 'T-1' }, [])
    await rig.store.recordCode({ ...code, use: 'available', value: 'A-1' }, [])
    const empty = {
      code: 'NM-02',
      name: 'Empty',
      terms: terms({ regionCode: '150900' }),
      outbox: [],
    }
    await rig.store.putSite(empty)
    const run = { rows: 'sites', delay: '1h' }
    const adapter = rig.start(
      templateValue({
        runs: { total: { code: 'K1', ...run }, available: { code: 'K2', ...run, at: ['09:59'] } },
        fields: templateValue().fields.filter(({ name }: { name: string }) => name !== 'model'),
      }),
    )
    order(rig, { run: 'total' })
    await rig.look(adapter)
    const [file = ''] = outgoing(rig)
    const [, ...lines] = readFileSync(join(rig.folder, 'outgoing', file), 'utf8').split('\n')
    expect(lines).toEqual([
      'K1|BJ-01|X-BJ|T-1|4|4|3.957|3.957',
      'K1|NM-02|||0||0.000||'.slice(0, -1),
      '',
    ])
  })

  test('missed while nothing ran are made once, the last one, and daily ones by the wall clock', async () => {
    const rig = await openRig()
    await rig.look(rig.start(templateValue({ runs: { ...QUARTERS, ...DAILY } })))
    const later = rig.start(templateValue({ runs: { ...QUARTERS, ...DAILY } }))
    await rig.look(later, 50 * HOUR + 5 * MINUTE)
    await rig.look(later, MINUTE)
    expect(records(rig).map(({ dueMs, use }) => [use, dueMs])).toEqual([
      ['total', T0 + 42 * HOUR],
      ['available', T0 + 52 * HOUR],
    ])
  })

  test('that cannot be made are a trouble, are tried again, and leave no gap in the sequence', async () => {
    const rig = await openRig()
    const tables = { cities: { file: 'cities.csv' } }
    const adapter = rig.start(templateValue({ runs: QUARTERS, tables }))
    await rig.look(adapter)
    await rig.look(adapter, 20 * MINUTE)
    expect(adapter.report().troubles).toBe(1)
    const { problems } = new AdapterFolder(rig.dataDir).readStatus() ?? {}
    expect(problems?.available?.sentence).toContain('cities.csv cannot be read')
    writeFileSync(join(rig.folder, 'cities.csv'), 'from,to\n110000,X-BJ\n')
    await rig.look(adapter, MINUTE)
    expect(adapter.report()).toMatchObject({ troubles: 0, files: { taken: 1 } })
    expect(outgoing(rig)).toEqual([expect.stringMatching(/0001\.data$/)])
  })

  test('leave out rows only where the template says so, and say which', async () => {
    const rig = await openRig()
    const fields = [
      { name: 'site', fact: 'site_code' },
      { name: 'issued', fact: 'issued_code', if_unknown: 'leave_out' },
    ]
    const adapter = rig.start(templateValue({ runs: BY_ORDER, fields }))
    order(rig, { run: 'total' })
    await rig.look(adapter)
    const [record] = records(rig)
    expect(record?.rows).toBe(0)
    expect(record?.leftOut.rows).toBe(1)
    expect(record?.leftOut.reasons[0]).toMatch(/^issued of .*BJ-01.* is not known$/)
    expect(await rig.entries('adapter_file_made')).toEqual([
      expect.objectContaining({ rows: 0, rows_left_out: 1 }),
    ])
  })
})

describe('a process that is killed', () => {
  test('between record and order, delivery and note, journal and note, does nothing twice', async () => {
    const rig = await openRig()
    const value = templateValue({ runs: BY_ORDER })
    order(rig, { run: 'total' })
    await rig.look(rig.start(value))
    const [before] = records(rig)
    if (before === undefined) throw new Error('no file was made')
    // As it stood when only the record was there: all the rest had been done, and was not noted.
    const folder = new AdapterFolder(rig.dataDir)
    const unnoted = { ...before, events: before.events.slice(0, 1), journaled: 0 }
    folder.save({ ...unnoted, state: 'made', deliveries: 0, deliveredAtMs: null, folderAtMs: null })
    order(rig, { run: 'total' })
    await rig.look(rig.start(value), MINUTE)
    expect(outgoing(rig)).toHaveLength(1)
    expect(states(rig)).toEqual(['taken'])
    expect(await rig.entries('adapter_file_made')).toHaveLength(1)
    expect(await rig.entries('adapter_file_delivered')).toHaveLength(1)
    expect(folder.orders()).toEqual([])
  })

  test('with the bytes written and no record, gives the number to the next file', async () => {
    const rig = await openRig()
    const value = templateValue({ runs: BY_ORDER })
    const bodies = join(rig.dataDir, 'adapter/bodies')
    order(rig, { run: 'total' })
    await rig.look(rig.start(value))
    // The second file gets as far as its draft.
    writeFileSync(join(bodies, `000000000002-${'0'.repeat(64)}.body`), 'half')
    writeFileSync(join(rig.dataDir, 'adapter/records/000000000002.json.draft'), '{}')
    const next = rig.start(value)
    order(rig, { run: 'total' }, 'b')
    await rig.look(next, MINUTE)
    expect(records(rig).map(({ number, sequence }) => [number, sequence])).toEqual([
      [1, 1],
      [2, 2],
    ])
    expect(readdirSync(bodies).filter((name) => name.includes('0'.repeat(64)))).toEqual([])
    expect(readdirSync(join(rig.dataDir, 'adapter/records'))).toHaveLength(2)
  })

  test('finds bytes that were changed since, and sends them to nobody', async () => {
    const rig = await openRig()
    const value = templateValue({ runs: BY_ORDER, deliver: { folder: 'away' } })
    order(rig, { run: 'total' })
    const adapter = rig.start(value)
    await rig.look(adapter)
    expect(records(rig)[0]?.problem?.code).toBe('disk_failed')
    const [body = ''] = readdirSync(join(rig.dataDir, 'adapter/bodies')).filter((one) =>
      one.endsWith('.body'),
    )
    writeFileSync(join(rig.dataDir, 'adapter/bodies', body), 'other bytes')
    const mended = rig.start(templateValue({ runs: BY_ORDER }))
    await rig.look(mended, 20 * MINUTE)
    expect(outgoing(rig)).toEqual([])
    expect(records(rig)[0]?.problem?.sentence).toContain('are not those it was made of')
    expect(mended.report().troubles).toBe(1)
  })
})

describe('a rehearsal with a node over HTTP', () => {
  test('that loses, cuts, is busy and is late has every file in the end, under numbers without a gap', async () => {
    const rig = await openRig()
    const { node, value } = await withNode()
    const adapter = rig.start(value)
    await rig.look(adapter)
    node.moods = ['busy', 'mute', 'lose', 'take', 'lose', 'late']
    // Killed now and then: what was not noted is done again.
    let process = adapter
    for (let step = 0; step < 60; step += 1) {
      if (step % 7 === 3) process = rig.start(value)
      const looking = rig.look(process, 5 * MINUTE)
      if (step === 0) await looking
      else await lateAnswered(rig, node, looking)
    }
    expect(node.violations).toEqual([])
    const made = records(rig)
    expect(made.length).toBeGreaterThanOrEqual(19)
    expect(made.map(({ sequence }) => sequence)).toEqual(made.map((_, index) => index + 1))
    expect(node.sequences()).toEqual(made.map(({ sequence }) => sequence))
    expect(new Set(states(rig))).toEqual(new Set(['taken']))
    expect(process.report()).toMatchObject({ troubles: 0, oldestOpenMs: null })
    expect((await rig.entries('adapter_file_resent')).length).toBeGreaterThanOrEqual(2)
    expect(await rig.entries('adapter_file_made')).toHaveLength(made.length)
  }, 30_000)

  test('that rejects rows gets these again in a file of their own, as the dictionary has them then', async () => {
    const rig = await openRig()
    await rig.fleet.site('SH-03', { regionCode: '310000' })
    const other = await rig.fleet.node('SH-03')
    await rig.fleet.cards(other, ['sh-0'])
    const tables = { cities: { file: 'cities.csv' } }
    writeFileSync(join(rig.folder, 'cities.csv'), 'from,to\n110000,X-BJ\n310000,WRONG\n')
    const { node, value } = await withNode({ runs: BY_ORDER, tables })
    node.judge = (cells) => (cells[2] === 'X-BJ' || cells[2] === 'X-SH' ? '0' : '402')
    const adapter = rig.start(value)
    order(rig, { run: 'total' })
    await rig.look(adapter)
    expect(states(rig)).toEqual(['partly'])
    expect(records(rig)[0]?.receipt?.rejected).toEqual([{ key: '2', code: '402' }])
    expect(adapter.report().troubles).toBe(1)
    await rig.look(adapter, 10 * MINUTE)
    expect(states(rig)).toEqual(['partly', 'rejected'])
    writeFileSync(join(rig.folder, 'cities.csv'), 'from,to\n110000,X-BJ\n310000,X-SH\n')
    await rig.look(adapter, 10 * MINUTE)
    expect(states(rig)).toEqual(['partly', 'rejected', 'taken'])
    expect(adapter.report().troubles).toBe(0)
    const [, second, third] = [...node.taken.values()]
    expect(
      [second?.rows, third?.rows].map((rows) => rows?.map((cells) => [cells[1], cells[2]])),
    ).toEqual([[['SH-03', 'WRONG']], [['SH-03', 'X-SH']]])
    expect(records(rig).map(({ attempt, resendOf }) => [resendOf, attempt])).toEqual([
      [null, 0],
      [1, 1],
      [2, 2],
    ])
    expect(node.violations).toEqual([])
  })

  test('that refuses, or never answers, is not asked for ever: it is a trouble until a person resends', async () => {
    const rig = await openRig()
    const { node, value } = await withNode({ runs: BY_ORDER })
    const adapter = rig.start(value)
    node.moods = ['refuse', 'lose', 'lose', 'lose']
    order(rig, { run: 'total' })
    await rig.look(adapter)
    expect(states(rig)).toEqual(['refused'])
    await rig.look(adapter, 24 * HOUR)
    expect(node.requests).toBe(1)
    order(rig, { resend: 1 }, 'b')
    for (let hours = 0; hours < 12; hours += 1) await rig.look(adapter, HOUR)
    expect(states(rig)).toEqual(['given_up'])
    expect(node.requests).toBe(4)
    expect(adapter.report().troubles).toBe(1)
    order(rig, { resend: 1 }, 'c')
    await rig.look(adapter)
    expect(states(rig)).toEqual(['taken'])
    expect(adapter.report().troubles).toBe(0)
    order(rig, { resend: 9 }, 'd')
    await rig.look(adapter)
    const { refused_orders: refused } = new AdapterFolder(rig.dataDir).readStatus() ?? {}
    expect(refused?.['d'.repeat(16)]).toContain('there is no file number 9')
  })

  test('whose answer is a failure with a receipt of acceptance in it has accepted nothing', async () => {
    const rig = await openRig()
    const { node, value } = await withNode({ runs: BY_ORDER })
    node.moods = ['refuse']
    order(rig, { run: 'total' })
    await rig.look(
      rig.start({ ...value, receipts: { from: 'answer', ...RECEIPTS, status: undefined } }),
    )
    expect(states(rig)).toEqual(['refused'])
  })
})

/** Moves the clock past the deadline where the node holds an answer back. */
async function lateAnswered(rig: Rig, node: RehearsalNode, looking: Promise<void>): Promise<void> {
  let isDone = false
  const done = looking.then(() => {
    isDone = true
  })
  await until('the look is over', async () => {
    if (isDone) return true
    if (node.hasLate) {
      rig.clock.advance(30_000)
      node.answerLate()
    }
    return null
  })
  await done
}

describe('receipts in a folder', () => {
  const value = templateValue({
    runs: BY_ORDER,
    receipts: { from: 'folder', folder: 'receipts', name: '{name}.json', ...RECEIPTS },
    resend: { times: 1, after: '10min', rejected: 'none' },
  })

  async function delivered() {
    const rig = await openRig()
    const adapter = rig.start(value)
    order(rig, { run: 'total' })
    await rig.look(adapter)
    const [file = ''] = outgoing(rig)
    const say = (text: string) => writeFileSync(join(rig.folder, 'receipts', `${file}.json`), text)
    return { rig, adapter, file, say }
  }

  test('are waited for; without one the same file goes again under its name, then no more', async () => {
    const { adapter, file, rig, say } = await delivered()
    const first = readFileSync(join(rig.folder, 'outgoing', file))
    // A transfer program takes it away.
    rmSync(join(rig.folder, 'outgoing', file))
    await rig.look(adapter, HOUR)
    expect([outgoing(rig), states(rig)]).toEqual([[], ['delivered']])
    await rig.look(adapter, HOUR)
    expect(readFileSync(join(rig.folder, 'outgoing', file))).toEqual(first)
    await rig.look(adapter, 2 * HOUR)
    expect(states(rig)).toEqual(['given_up'])
    expect(await rig.entries('adapter_file_given_up')).toHaveLength(1)
    // It was only late.
    say('{"result":"0"}')
    await rig.look(adapter, 30 * HOUR)
    expect(states(rig)).toEqual(['taken'])
    expect(await rig.entries('adapter_file_answered')).toEqual([
      expect.objectContaining({ number: 1, outcome: 'taken', status: '0' }),
    ])
  })

  test('half written, of another shape or with an unknown status are no acceptance', async () => {
    const { adapter, rig, say } = await delivered()
    for (const text of [
      '{"resu',
      '',
      '[]',
      '{"result":"7"}',
      '{"result":"0","rows":[{"line":1}]}',
    ]) {
      say(text)
      await rig.look(adapter, MINUTE)
      expect(states(rig), text).toEqual(['delivered'])
    }
    say('{"result":"1","rows":[{"line":1,"code":"40"},{"line":8,"code":"40"}]}')
    await rig.look(adapter, MINUTE)
    expect(states(rig)).toEqual(['rejected'])
    expect(records(rig)[0]?.receipt).toMatchObject({ rejectedRows: 1, strangeRows: 1 })
  })

  test('that are old say nothing of a file that was sent again', async () => {
    const { adapter, rig, say } = await delivered()
    say('{"result":"0"}')
    await rig.look(adapter, MINUTE)
    expect(states(rig)).toEqual(['taken'])
    order(rig, { resend: 1 }, 'b')
    const next = rig.start(value)
    await rig.look(next, MINUTE)
    await rig.look(next, MINUTE)
    expect(states(rig)).toEqual(['delivered'])
    expect(await rig.entries('adapter_file_answered')).toHaveLength(1)
  })
})

test('files are forgotten after their time, but not what the next number follows', async () => {
  const rig = await openRig()
  const value = templateValue({ runs: { ...BY_ORDER, ...QUARTERS }, keep: '1d' })
  const adapter = rig.start(value)
  await rig.look(adapter)
  await rig.look(adapter, 17 * MINUTE)
  await rig.look(adapter, 15 * MINUTE)
  await rig.look(adapter, 48 * HOUR)
  await rig.look(adapter, MINUTE)
  expect(records(rig).map(({ number }) => number)).toEqual([3])
  order(rig, { run: 'total' })
  await rig.look(rig.start(value), 72 * HOUR)
  expect(records(rig).at(-1)).toMatchObject({ number: 5, sequence: 5 })
})
