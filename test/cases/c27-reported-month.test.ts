/**
 * C27: a month is reported on day 1, corrected on day 3, asked again on day 40. The report of day 1 is
 * reproduced exactly; the correction stands in the next one.
 */
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { checkReport } from '../../collector/src/api/answers/report-check.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { type Answer, ApiRig } from '../collector/api/api-rig.ts'
import { HOUR, MINUTE, SITE } from '../collector/bank/ledger-rig.ts'

const CARDS = 8
const MOVED_MS = String(CARDS * 2 * HOUR)

/** An instant in Asia/Shanghai, whose months are reported. */
const at = (text: string) => Date.parse(`${text}+08:00`)

interface Reported {
  readonly api: ApiRig
  readonly tooEarly: Answer
  readonly first: Answer
  readonly april: Answer
  readonly final: Answer
}

/** Two hours free from 1 March 16:00 on; then silent, and told on 3 April: two hours busy. */
async function livedThrough(): Promise<Reported> {
  const api = await ApiRig.start()
  const { clock } = api.rig
  for (const role of ['admin', 'auditor', 'regulator'] as const) {
    api.tokens.set(role, await api.token({ role, ttlMs: 365 * 24 * HOUR }))
  }
  const runTo = async (text: string) => {
    clock.advance(at(text) - api.rig.now - 2 * MINUTE)
    await api.settle()
    clock.advance(2 * MINUTE)
  }
  const issue = (reportId: string, month: string) =>
    api.ask('POST', '/v1/reports', 'regulator', { report_id: reportId, region: null, month })
  const cards = Array.from({ length: CARDS }, () => ({}))
  const node = await api.rig.admit(1, cards)
  await api.rig.live(node, [['free/proven', 7_200]])
  clock.advance(HOUR)
  await api.rig.declareSilent(node)
  await runTo('2026-04-01T00:30:00')
  const tooEarly = await issue('march', '2026-03')
  await runTo('2026-04-01T06:00:00')
  const first = await issue('march', '2026-03')
  await runTo('2026-04-03T12:00:00')
  await api.rig.tellLate(node, [['busy/active', 7_200]])
  clock.advance(HOUR)
  await api.rig.declareSilent(node)
  await runTo('2026-05-01T06:00:00')
  const april = await issue('april', '2026-04')
  await runTo('2026-05-10T06:00:00')
  const final = await issue('march-final', '2026-03')
  return { api, tooEarly, first, april, final }
}

let told: Reported
beforeAll(async () => {
  told = await livedThrough()
  return () => told.api.close()
}, 120_000)

const marchModel = ({ body }: Answer) => body.answer.time.by_model[0].figures

describe('C27', () => {
  test('C27: a month is refused while its last hours are not sealed, preliminary on day 1, final on day 40', () => {
    const { final, first, tooEarly } = told
    expect([tooEarly.status, tooEarly.body.code]).toEqual([409, 'month_not_over'])
    expect([first.status, first.body.finality]).toEqual([201, 'preliminary'])
    expect([final.status, final.body.finality]).toEqual([201, 'final'])
  })

  test('C27: on day 40 the report of day 1 is answered to the byte, and made again it is equal', async () => {
    const { api, first } = told
    const again = await api.get('/v1/reports/march', 'auditor')
    const { journal_seq, ...stored } = again.body
    expect(stored).toEqual({ ...first.body, journal_seq: undefined })
    const check = await api.get('/v1/reports/march/check', 'auditor')
    expect(check.body).toMatchObject({ equal: true, differences_total: 0, reasons: [] })
    expect(check.body.sha256_now).toBe(first.body.sha256)
    const { entries } = (await api.get('/v1/journal/entries?limit=1000')).body
    const entry = entries.find(({ seq }: { seq: number }) => seq === journal_seq)
    expect(JSON.parse(entry.canonical)).toMatchObject({
      kind: 'report_issued',
      payload: { report_id: 'march', month: '2026-03', sha256: first.body.sha256 },
    })
  })

  test('C27: the correction of day 3 stands in the next month’s report, as an adjustment of March', () => {
    const { april, first } = told
    expect(first.body.answer.adjustments).toEqual([])
    expect(april.body.answer.adjustments).toMatchObject([
      {
        month: '2026-03',
        since_report_id: 'march',
        since_known_at: first.body.known_at,
        site_code: SITE,
        hours: 2,
        moves: { busy_ms: MOVED_MS, unknown_ms: `-${MOVED_MS}` },
      },
    ])
  })

  test('C27: two reports of one month that were known at two instants stand beside each other', async () => {
    const { api, final, first } = told
    const { reports } = (await api.get('/v1/reports', 'regulator')).body
    const ids = reports.map(({ report_id }: { report_id: string }) => report_id)
    expect(ids).toEqual(['march-final', 'april', 'march'])
    const [before, after] = [marchModel(first), marchModel(final)]
    expect(before.free_ms).toBe(MOVED_MS)
    expect(BigInt(before.unknown_ms) - BigInt(after.unknown_ms)).toBe(BigInt(MOVED_MS))
    expect([before.busy_ms, after.busy_ms]).toEqual(['0', MOVED_MS])
    const since = (await api.get('/v1/reports/march/adjustments', 'regulator')).body
    expect(since.adjustments).toMatchObject([{ moves: { busy_ms: MOVED_MS } }])
    const none = (await api.get('/v1/reports/march-final/adjustments', 'regulator')).body
    expect(none.adjustments).toEqual([])
  })

  test('C27: asked again under its id a report is not made anew, and an id is not another report’s', async () => {
    const { api, first } = told
    const ask = (month: string) => {
      const body = { report_id: 'march', region: null, month }
      return api.ask('POST', '/v1/reports', 'admin', body)
    }
    const again = await ask('2026-03')
    expect([again.status, again.body.sha256]).toEqual([200, first.body.sha256])
    const other = await ask('2026-04')
    expect([other.status, other.body.code]).toEqual([409, 'conflict'])
  })

  test('C27: another catalogue is named as what differs, and a site that moves changes nothing', async () => {
    const { api } = told
    const site = { name: SITE, region_code: '310115', valid_from: '2026-05-01T00:00:00Z' }
    expect((await api.ask('PUT', `/v1/sites/${SITE}`, 'admin', site)).status).toBe(200)
    const stored = await api.context.store.findReport(SCOPE_ALL, 'march')
    if (stored === null) throw new Error('the report is there')
    expect(await checkReport(api.context, stored)).toMatchObject({ equal: true })
    const catalogue = { ...api.context.catalogue, version: 'another' }
    const check = await checkReport({ ...api.context, catalogue }, stored)
    expect(check).toMatchObject({
      equal: false,
      reasons: [{ code: 'catalogue' }],
      differences: [{ path: 'catalogue_version', now: '"another"' }],
    })
    const forged = { ...stored, answer: stored.answer.replace('"demo":false', '"demo":true') }
    expect((await checkReport(api.context, forged)).reasons).toMatchObject([
      { code: 'stored_bytes' },
      { code: 'figures' },
    ])
  })
})

test('a report of a month without a single hour in the ledger is refused', async () => {
  const api = await ApiRig.start()
  onTestFinished(() => api.close())
  const body = { region: null, month: '2026-02' }
  const answer = await api.ask('POST', '/v1/reports', 'admin', body)
  expect([answer.status, answer.body.field]).toEqual([400, 'month'])
})
