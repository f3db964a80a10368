/** Files hold what the JSON routes say, to the last row; each bears its id and is in the audit log. */
import { resourceCode } from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXPORT_TABLES } from '../../../../collector/src/api/exports/tables.ts'
import { type Role, SCOPE_ALL } from '../../../../collector/src/storage/requests.ts'
import { endLending, lend } from '../../../conformance/lending.ts'
import { type ReadCell, readWorkbook, sheetOf } from '../../../support/workbook-reader.ts'
import { HOUR, MINUTE, SITE, START_MS } from '../../bank/ledger-rig.ts'
import { ApiRig } from '../api-rig.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const SPAN = `from=${iso(START_MS)}&to=${iso(START_MS + 2 * HOUR)}`
const MANY = 1_100
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

type As = Role | { readonly token: string }
type Row = Readonly<Record<string, ReadCell>>

let api: ApiRig

/** Two cards free and busy, one of an unknown model; late data for an hour; a node of 1,100 cards. */
beforeAll(async () => {
  api = await ApiRig.start()
  const { rig } = api
  const node = await rig.admit(1, [{}, { name: 'Quantum X1' }])
  await rig.policy(node)
  await rig.live(node, [['free/proven', 1_800]])
  await rig.live(node, [['busy/active', 1_800]])
  await rig.declareSilent(node)
  rig.clock.advance(4 * HOUR)
  await api.settle()
  await rig.tellLate(node, [['busy/active', 3_600]])
  await rig.admit(
    2,
    Array.from({ length: MANY }, () => ({})),
    'NM-02',
  )
  rig.clock.advance(HOUR)
  await api.settle()
  const units = await rig.store.listUnits(SCOPE_ALL, { cursor: null, limit: 4 })
  const times = { startMs: rig.now, untilMs: rig.now + HOUR, knownAtMs: rig.now }
  const draw = await lend(rig.store, units.rows.slice(2), { drawId: 'draw-1', ...times })
  rig.clock.advance(MINUTE)
  const ended = { endedAtMs: rig.now, knownAtMs: rig.now, end: 'returned', to: 'returned' } as const
  await endLending(rig.store, draw, ended)
  rig.clock.advance(MINUTE)
}, 60_000)
afterAll(() => api.close())

async function ask(url: string, as: As = 'admin') {
  const token = typeof as === 'string' ? api.tokens.get(as) : as.token
  const headers = { authorization: `Bearer ${token}` }
  const answer = await api.app.inject({ method: 'GET', url, headers })
  const isProblem = answer.statusCode >= 400
  return {
    status: answer.statusCode,
    headers: answer.headers,
    bytes: answer.rawPayload,
    problem: isProblem ? answer.json() : null,
  }
}

async function csv(url: string, as?: As): Promise<readonly Row[]> {
  const { bytes, headers, problem } = await ask(url, as)
  expect([url, problem]).toEqual([url, null])
  expect(headers['content-type']).toContain('text/csv')
  const [head = '', ...lines] = bytes.toString('utf8').trimEnd().split('\n')
  const names = head.split(',')
  // No cell of this fleet has a comma but lists, which are quoted: a simple reader does.
  return lines.map((line) => {
    const cells = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell = '']) => cell)
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? null]))
  })
}

async function xlsx(url: string, as?: As) {
  const { bytes, headers, problem } = await ask(url, as)
  expect([url, problem]).toEqual([url, null])
  expect(headers['content-type']).toBe(XLSX)
  return readWorkbook(bytes)
}

/** For the first of these roles that may take it out. */
async function tablesFor(roles: readonly Role[]): Promise<readonly Listed[]> {
  const found = new Map<string, Listed>()
  for (const as of roles) {
    const { tables } = (await api.get('/v1/exports', as)).body
    for (const told of tables) {
      if (told.table === 'report' || found.has(told.table)) continue
      found.set(told.table, { ...told, as })
    }
  }
  return [...found.values()].sort((left, right) => (left.table < right.table ? -1 : 1))
}

interface Listed {
  readonly table: string
  readonly formats: readonly string[]
  readonly route: string
  readonly as: Role
}

/** Rows of a sheet under the names that the sheet of columns gives, by their place. */
function named(sheets: Awaited<ReturnType<typeof xlsx>>, lang: 'zh' | 'en' = 'zh'): readonly Row[] {
  const [table] = sheets
  const about = sheetOf(sheets, lang === 'zh' ? '说明' : 'About').rows
  const from = about.findIndex(([item]) => item === (lang === 'zh' ? '列' : 'Columns')) + 1
  const names = about.slice(from).map(([key]) => String(key))
  return (table?.rows.slice(1) ?? []).map((row) =>
    Object.fromEntries(names.map((name, index) => [name, row[index] ?? null])),
  )
}

const sum = (rows: readonly Row[], name: string) =>
  rows.reduce((total, row) => total + Number(row[name] ?? 0), 0)

describe('every table', () => {
  test('holds what its route says, in both formats, with Chinese above every column', async () => {
    const asked: string[] = []
    const empty: string[] = []
    for (const { table, formats, route, as } of await tablesFor(['auditor', 'security'])) {
      const query = `${QUERIES[table] ?? ''}${IDS[route] ?? ''}`
      const lines = await csv(`/v1/exports/${table}.csv?purpose=test${query}`, as)
      const sheets = await xlsx(`/v1/exports/${table}.xlsx?purpose=test${query}`, as)
      const rows = named(sheets)
      const titles = sheets[0]?.rows[0]?.map(String) ?? []
      const plain = titles.filter((title) => !CHINESE.test(title) && !SAME.test(title))
      expect([table, plain]).toEqual([table, []])
      expect([table, new Set(titles).size]).toEqual([table, titles.length])
      expect([table, rows.length]).toEqual([table, lines.length])
      expect(formats).toEqual(['csv', 'xlsx'])
      for (const [index, row] of rows.entries()) {
        for (const [name, cell] of Object.entries(row)) {
          if (typeof cell !== 'number') continue
          expect([table, name, cell]).toEqual([table, name, Number(lines[index]?.[name])])
        }
      }
      asked.push(table)
      if (lines.length === 0) empty.push(table)
    }
    expect(asked).toEqual(EXPORT_TABLES.map(({ name }) => name).sort())
    expect(FILLED.filter((table) => empty.includes(table))).toEqual([])
  }, 60_000)

  test('has English above its columns where that is asked for', async () => {
    const [sheet] = await xlsx('/v1/exports/ledger.xlsx?purpose=x&lang=en')
    const titles = sheet?.rows[0]?.map(String) ?? []
    expect(titles).toContain('busy · cards')
    expect(titles.filter((title) => CHINESE.test(title))).toEqual([])
  })
})

const CHINESE = /[\u4e00-\u9fff]/
/** Words that are the same in both languages. */
const SAME = /^(P|PUE|SHA-256|CPU)$/
/** Tables with a row at least over this fleet. */
const FILLED: readonly string[] = [
  'accelerator-timeline',
  'audit',
  'borrower-statement',
  'borrower-statement-sites',
  'capacity-in-the-way',
  'corrections',
  'draw-cards',
  'draw-leases',
  'journal-entries',
  'ledger',
  'owner-statement',
  'owner-statement-sites',
  'rollups',
  'tokens',
]
/** Of what stands in the path of the route. */
const IDS: Readonly<Record<string, string>> = {
  '/v1/accelerators/:id/timeline': `&id=${resourceCode('accelerator', 1)}`,
  '/v1/accounts/:code/statement': '&code=owner-1',
  '/v1/borrowers/:code/statement': '&code=borrower-1',
  '/v1/draws/:id': '&id=draw-1',
  '/v1/nodes/:id': '&id=n-0000000000000001',
  '/v1/nodes/:id/accelerators': '&id=n-0000000000000001',
}
const DAY = '&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z'
const QUERIES: Readonly<Record<string, string>> = {
  ledger: '&by=model',
  rollups: `&grain=hour&by=site&${SPAN}`,
  audit: '&route=%2Fv1%2Fexports',
  promises: `&${SPAN}`,
  'accelerator-timeline': `&${SPAN}`,
  'accelerator-deposits': `&${SPAN}`,
  balance: `&${SPAN}&accelerator=1`,
  'capacity-in-the-way': '&cards=5000',
  corrections: '&month=2026-03',
  deposits: '&open=false',
  'owner-statement': DAY,
  'owner-statement-sites': DAY,
  'borrower-statement': DAY,
  'borrower-statement-sites': DAY,
}

describe('the ledger, the rollups, the accelerators', () => {
  test('add up to what the API says', async () => {
    const ledger = (await api.get('/v1/ledger?by=model')).body
    const sheet = named(await xlsx('/v1/exports/ledger.xlsx?purpose=sum&by=model'))
    const cards = (stage: string) =>
      ledger.rows.reduce((n: number, row: { stages: Record<string, { cards: number }> }) => {
        return n + (row.stages[stage]?.cards ?? 0)
      }, 0)
    for (const stage of ['connected', 'busy', 'unknown', 'untold']) {
      expect([stage, sum(sheet, `stages_${stage}_cards`)]).toEqual([stage, cards(stage)])
    }
    const url = `rollups?grain=hour&by=site&${SPAN}`
    const rollups = (await api.get(`/v1/${url}`)).body
    const told = rollups.rows.flatMap((row: { models: unknown[] }) => row.models)
    const table = await csv(`/v1/exports/${url.replace('?', '.csv?purpose=sum&')}`)
    const figure = (name: string) =>
      told.reduce((n: number, model: { figures: Record<string, string> }) => {
        return n + Number(model.figures[name])
      }, 0)
    for (const name of ['busy_ms', 'free_ms', 'unknown_ms']) {
      expect([name, sum(table, `models_figures_${name}`)]).toEqual([name, figure(name)])
    }
    expect(figure('busy_ms')).toBe(3 * HOUR)
  })

  test('are walked to the last page', async () => {
    const rows = await csv('/v1/exports/accelerators.csv?purpose=all')
    expect(rows).toHaveLength(MANY + 2)
    expect(new Set(rows.map((row) => row.unit_id)).size).toBe(MANY + 2)
  })

  test('of the journal begin behind a number, and end with the newest entry', async () => {
    const { head } = (await api.get('/v1/journal/entries?limit=1', 'auditor')).body
    const rows = await csv('/v1/exports/journal-entries.csv?purpose=all', 'auditor')
    expect(rows.map(({ seq }) => Number(seq))).toEqual(
      Array.from({ length: head.seq }, (_, index) => index + 1),
    )
    const newest = `/v1/exports/journal-entries.csv?purpose=x&after=${head.seq - 2}`
    expect(await csv(newest, 'auditor')).toHaveLength(2)
  })

  test('are filtered by the question of the route', async () => {
    const rows = await csv(`/v1/exports/accelerators.csv?purpose=all&site=${SITE}`)
    expect(rows).toHaveLength(2)
  })

  test('the older door keeps its columns, asks for no purpose, and bears an id too', async () => {
    const rows = await csv(`/v1/rollups.csv?grain=hour&${SPAN}`)
    expect(Object.keys(rows[0] ?? {}).slice(0, 5)).toEqual([
      'from',
      'to',
      'key',
      'model',
      'busy_ms',
    ])
    expect(Object.keys(rows[0] ?? {}).at(-1)).toBe('export_id')
    expect(sum(rows, 'busy_ms')).toBe(3 * HOUR)
    const sheets = await xlsx(`/v1/rollups.xlsx?grain=hour&${SPAN}`)
    expect(sum(named(sheets), 'models_figures_busy_ms')).toBe(3 * HOUR)
  })
})

describe('what a file says of itself', () => {
  test('one id stands in the file, in its name and in the audit log, with the purpose', async () => {
    const purpose = '年度检查 & check'
    const url = `/v1/exports/ledger.xlsx?purpose=${encodeURIComponent(purpose)}&by=vendor&lang=en`
    const { bytes, headers } = await ask(url, 'regulator')
    const exportId = String(headers['x-export-id'])
    expect(exportId).toMatch(/^x-[0-9a-f]{16}$/)
    expect(headers['content-disposition']).toBe(`attachment; filename="ledger-${exportId}.xlsx"`)
    const sheets = readWorkbook(bytes)
    const about = new Map(sheetOf(sheets, 'About').rows.map(([item, value]) => [item, value]))
    const ledger = (await api.get('/v1/ledger?by=vendor', 'regulator')).body
    expect(Object.fromEntries(about)).toMatchObject({
      'Export id': exportId,
      Purpose: purpose,
      Role: 'regulator',
      Question: 'by=vendor',
      Finality: ledger.finality,
      'Catalogue version': ledger.catalogue_version,
      'Definition version': ledger.definition_version,
      Demo: 'no',
    })
    expect(sheets[0]?.xml).toContain(`<oddFooter>&amp;L${exportId}`)
    const audit = await api.get(`/v1/audit?export_id=${exportId}`, 'auditor')
    expect(audit.body.rows).toMatchObject([
      { export_id: exportId, purpose, role: 'regulator', details: { export: { rows: 1 } } },
    ])
  })

  test('every line of CSV bears the id and what it rests on', async () => {
    const rows = await csv('/v1/exports/ledger.csv?purpose=x&by=model')
    const ids = new Set(rows.map((row) => row.export_id))
    expect(ids.size).toBe(1)
    expect(rows[0]).toMatchObject({ definition_version: 'v1', demo: 'false' })
    expect(rows[0]?.as_of).toMatch(/^2026-03-01T/)
  })

  test.each(['', '&purpose=', '&purpose=%20%20', `&purpose=${'x'.repeat(201)}`])(
    'without a purpose nothing is handed out (%s)',
    async (purpose) => {
      const { status, problem } = await ask(`/v1/exports/ledger.csv?by=model${purpose}`)
      expect([status, problem.code, problem.field]).toEqual([400, 'purpose_required', 'purpose'])
    },
  )

  test('what is not there is not found, also where the route refuses by itself', async () => {
    for (const question of ['draw-cards.csv?id=nothing', 'node-probes.xlsx?id=nothing']) {
      const { status, problem } = await ask(`/v1/exports/${question}&purpose=x`)
      expect([question, status, problem.code]).toEqual([question, 404, 'not_found'])
    }
  })

  test('a question that the route would refuse is refused', async () => {
    const wrong = await ask('/v1/exports/ledger.csv?purpose=x&by=colour')
    expect([wrong.status, wrong.problem.code]).toEqual([400, 'request_invalid'])
    const signed = await ask(
      `/v1/exports/owner-statement.csv?purpose=x&code=owner-1${DAY}&format=csv`,
    )
    expect([signed.status, signed.problem.code]).toEqual([400, 'request_invalid'])
    const unknown = await ask('/v1/exports/nodes.csv?purpose=x&cursor=5')
    expect([unknown.status, unknown.problem.code]).toEqual([400, 'request_invalid'])
  })
})

describe('who may take out what', () => {
  test('an export is for the roles of its route', async () => {
    for (const [table, as, status] of [
      ['nodes', 'bank', 403],
      ['nodes', 'regulator', 200],
      ['audit', 'admin', 403],
      ['audit', 'auditor', 200],
      ['ledger', 'bank', 200],
      ['ledger', 'metrics', 403],
    ] as const) {
      const answer = await ask(`/v1/exports/${table}.csv?purpose=x`, as)
      expect([table, as, answer.status]).toEqual([table, as, status])
    }
    const { tables } = (await api.get('/v1/exports', 'bank')).body
    const names = tables.map(({ table }: { table: string }) => table)
    expect(names).toContain('ledger')
    expect(names).not.toContain('nodes')
    expect(names).not.toContain('report')
  })

  test('a token of one site takes out that site alone', async () => {
    const token = await api.token({ role: 'admin', siteCode: 'NM-02' })
    const rows = await csv('/v1/exports/accelerators.csv?purpose=x', { token })
    expect(new Set(rows.map((row) => row.site_code))).toEqual(new Set(['NM-02']))
    expect(await csv('/v1/exports/corrections.csv?purpose=x&month=2026-03', { token })).toEqual([])
  })
})

test('corrections tell what the late hour moved, and their sum is the figure’s', async () => {
  const { corrections } = (await api.get('/v1/corrections?month=2026-03')).body
  expect(corrections).toMatchObject([
    {
      hour: iso(START_MS + HOUR),
      site_code: SITE,
      cards_moved: 0,
      cause: 'told_late',
      moves: { busy_ms: String(2 * HOUR), unknown_ms: `-${2 * HOUR}` },
    },
  ])
  const rows = await csv('/v1/exports/corrections.csv?purpose=x&month=2026-03')
  expect(rows.map((row) => row.moves_unknown_ms)).toEqual([`-${2 * HOUR}`])
})

test('no more exports than can be held are made at once', async () => {
  const url = '/v1/exports/accelerators.xlsx?purpose=x'
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask(url)))
  const statuses = answers.map(({ status }) => status).sort()
  expect(statuses).toEqual([200, 200, 200, 200, 503, 503])
  expect((await ask(url)).status).toBe(200)
})
