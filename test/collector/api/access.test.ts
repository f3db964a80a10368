/** Who may ask what: every route, every role, and nobody without a token. */
import { resourceCode } from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACCESS, type AccessName } from '../../../collector/src/api/access.ts'
import { ROLES, type Role } from '../../../collector/src/storage/requests.ts'
import { ApiRig } from './api-rig.ts'

/** One question per route that is not open, with the row of the table it must be under. */
const QUESTIONS: readonly { readonly url: string; readonly access: AccessName }[] = [
  { url: '/v1/ledger', access: 'ledger' },
  { url: '/v1/rollups?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z', access: 'rollups' },
  { url: '/v1/rollups.csv?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z', access: 'rollups' },
  { url: '/v1/corrections?month=2026-03', access: 'corrections' },
  { url: '/v1/reports', access: 'reports' },
  { url: '/v1/reports/r', access: 'reports' },
  { url: '/v1/reports/r/check', access: 'reports' },
  { url: '/v1/reports/r/adjustments', access: 'reports' },
  { url: '/v1/balance?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z', access: 'balance' },
  { url: '/v1/exports', access: 'reference' },
  { url: '/v1/exports/report.xlsx?purpose=x&report_id=r', access: 'reports' },
  { url: '/v1/nodes', access: 'nodes' },
  { url: '/v1/nodes/health', access: 'nodes' },
  { url: '/v1/nodes/n-1', access: 'nodes' },
  { url: '/v1/nodes/n-1/accelerators', access: 'accelerators' },
  { url: '/v1/accelerators', access: 'accelerators' },
  { url: '/v1/accelerators/1', access: 'accelerators' },
  {
    url: '/v1/accelerators/1/timeline?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z',
    access: 'accelerators',
  },
  {
    url: '/v1/accelerators/1/balance?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z',
    access: 'accelerators',
  },
  { url: '/v1/children', access: 'children' },
  { url: `/v1/children/${'a'.repeat(64)}/nodes`, access: 'children' },
  { url: '/v1/sites', access: 'sites' },
  { url: '/v1/sites/BJ-09', access: 'sites' },
  { url: '/v1/regions', access: 'reference' },
  { url: '/v1/models', access: 'reference' },
  { url: '/v1/definitions', access: 'reference' },
  { url: `/v1/codes/${resourceCode('node', 9)}`, access: 'codes' },
  { url: '/v1/deposits', access: 'deposits' },
  { url: '/v1/deposits/summary', access: 'deposits' },
  { url: '/v1/changes', access: 'changes' },
  { url: '/v1/changes/snapshot', access: 'changes' },
  { url: '/v1/capacity', access: 'capacity' },
  { url: '/v1/capacity/outlook', access: 'capacity' },
  { url: '/v1/forecast', access: 'capacity' },
  { url: '/v1/draws', access: 'draws' },
  { url: '/v1/draws/a', access: 'draws' },
  {
    url: '/v1/accounts/91110000MA01OPER11/statement?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z',
    access: 'statements',
  },
  {
    url: '/v1/borrowers/someone/statement?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z',
    access: 'statements',
  },
  {
    url: '/v1/promises?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z',
    access: 'statements',
  },
  { url: '/v1/quality', access: 'quality' },
  { url: '/v1/recovery', access: 'recovery' },
  { url: '/v1/conflicts', access: 'quality' },
  { url: '/v1/findings', access: 'quality' },
  { url: '/v1/journal/entries', access: 'journal' },
  { url: '/v1/journal/forecasts/2026-03-01T09:00:00Z', access: 'journal' },
  { url: '/v1/journal/checkpoint', access: 'journal' },
  { url: '/v1/journal/proof/inclusion?seq=1', access: 'journal' },
  { url: '/v1/journal/proof/consistency?from=1', access: 'journal' },
  { url: '/v1/session', access: 'session' },
  { url: '/v1/tokens', access: 'tokens' },
  { url: '/v1/sessions', access: 'sessions' },
  { url: '/v1/second-factors', access: 'second_factors' },
  { url: '/v1/audit', access: 'audit' },
  { url: '/v1/audit/check', access: 'audit' },
  { url: '/v1/metrics', access: 'metrics' },
  { url: '/metrics', access: 'metrics' },
]

const SPAN = 'from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z'
/** A table that is taken out is under the row of the route that says it. */
const EXPORTS: readonly (readonly [table: string, access: AccessName, question?: string])[] = [
  ['ledger', 'ledger'],
  ['rollups', 'rollups', SPAN],
  ['sites', 'sites'],
  ['nodes', 'nodes'],
  ['node-versions', 'nodes'],
  ['node-problems', 'nodes'],
  ['node-cards', 'accelerators', 'id=n-1'],
  ['node-probes', 'nodes', 'id=n-1'],
  ['accelerators', 'accelerators'],
  ['accelerator-timeline', 'accelerators', `id=YA1&${SPAN}`],
  ['accelerator-deposits', 'accelerators', `id=YA1&${SPAN}`],
  ['deposits', 'deposits'],
  ['deposit-summary', 'deposits'],
  ['capacity', 'capacity'],
  ['capacity-in-the-way', 'capacity'],
  ['outlook', 'capacity'],
  ['draws', 'draws'],
  ['draw-cards', 'draws', 'id=d-1'],
  ['draw-leases', 'draws', 'id=d-1'],
  ['promises', 'statements', SPAN],
  ['forecast', 'capacity'],
  ['corrections', 'corrections', 'month=2026-03'],
  ['balance', 'balance', SPAN],
  ['journal-entries', 'journal'],
  ['conflicts', 'quality'],
  ['reports', 'reports'],
  ['audit', 'audit'],
  ['tokens', 'tokens'],
  ['sessions', 'sessions'],
  ['second-factors', 'second_factors'],
  ['quality-implausible', 'quality'],
  ['quality-clones', 'quality'],
  ['quality-epochs', 'quality'],
  ['quality-refused', 'quality'],
  ['quality-holes', 'quality'],
  ['quality-silences', 'quality'],
  ['quality-clock-offsets', 'quality'],
  ['quality-clock-steps', 'quality'],
  ['quality-clock-gaps', 'quality'],
  ['quality-suspended-nodes', 'quality'],
  ['quality-unrated-models', 'quality'],
  ['quality-weak-identities', 'quality'],
  ['owner-statement', 'statements', `code=x&${SPAN}`],
  ['owner-statement-sites', 'statements', `code=x&${SPAN}`],
  ['borrower-statement', 'statements', `code=x&${SPAN}`],
  ['borrower-statement-sites', 'statements', `code=x&${SPAN}`],
]
const exportOf = (table: string, format: string, question = '') =>
  `/v1/exports/${table}.${format}?purpose=x&${question}`

/** Written out, so that a change of the table is a change here too. */
const ALLOWED: Readonly<Record<Exclude<AccessName, 'open'>, readonly Role[]>> = {
  ledger: ['admin', 'operator', 'regulator', 'bank', 'auditor'],
  rollups: ['admin', 'operator', 'regulator', 'bank', 'auditor'],
  corrections: ['admin', 'operator', 'regulator', 'bank', 'auditor'],
  reports: ['admin', 'operator', 'regulator', 'auditor'],
  reports_issue: ['admin', 'regulator'],
  balance: ['admin', 'operator', 'regulator', 'auditor'],
  nodes: ['admin', 'operator', 'regulator', 'security', 'auditor'],
  accelerators: ['admin', 'operator', 'regulator', 'auditor'],
  children: ['admin', 'operator', 'regulator', 'auditor'],
  sites: ['admin', 'operator', 'regulator', 'bank', 'security', 'auditor'],
  sites_change: ['admin'],
  site_facts_change: ['admin', 'operator'],
  reference: ROLES,
  codes: ['admin', 'operator', 'regulator', 'auditor'],
  codes_change: ['admin'],
  nodes_change: ['admin'],
  conflicts_resolve: ['admin', 'operator'],
  findings_clear: ['admin'],
  deposits: ['admin', 'operator', 'regulator', 'bank', 'auditor'],
  changes: ['admin', 'operator', 'regulator', 'bank', 'auditor'],
  capacity: ['admin', 'operator', 'regulator', 'bank', 'auditor'],
  draws: ['admin', 'operator', 'regulator', 'bank', 'auditor'],
  draws_change: ['bank'],
  leases_recall: ['admin', 'operator'],
  statements: ['admin', 'operator', 'regulator', 'bank', 'auditor'],
  quality: ['admin', 'operator', 'regulator', 'security', 'auditor'],
  recovery: ['admin', 'operator', 'regulator', 'bank', 'security', 'auditor'],
  recovery_replayed: ['bank'],
  recovery_finish: ['admin'],
  journal: ['admin', 'regulator', 'security', 'auditor'],
  journal_cosign: ['admin', 'regulator'],
  metrics: ['admin', 'metrics'],
  session: ROLES,
  live: ['admin', 'operator', 'regulator', 'bank', 'auditor'],
  tokens: ['security'],
  tokens_change: ['security'],
  sessions: ['security'],
  sessions_end: ['security'],
  second_factors: ['security'],
  second_factors_reset: ['security'],
  audit: ['auditor', 'security'],
}

let api: ApiRig
beforeAll(async () => {
  api = await ApiRig.start()
})
afterAll(() => api.close())

describe('the table of access', () => {
  test.each(QUESTIONS)('$url answers the roles of its row and nobody else', async (question) => {
    for (const role of ROLES) {
      const { status, body } = await api.get(question.url, role)
      const isAllowed = question.access !== 'open' && ALLOWED[question.access].includes(role)
      if (isAllowed) expect([role, status]).toEqual([role, status === 404 ? 404 : 200])
      else expect([role, status, body.code]).toEqual([role, 403, 'forbidden'])
    }
    const { status, body, headers } = await api.get(question.url, null)
    expect([status, body.code]).toEqual([401, 'unauthenticated'])
    expect(headers['www-authenticate']).toContain('Bearer')
  })

  test.each(EXPORTS.map((asked) => ({ asked })))(
    '$asked is taken out by its roles',
    async ({ asked }) => {
      const [table, access, question] = asked
      for (const role of ROLES) {
        const isAllowed = access !== 'open' && ALLOWED[access].includes(role)
        const { status } = await api.get(exportOf(table, 'csv', question), role)
        expect([role, status]).toEqual([role, isAllowed ? (status === 404 ? 404 : 200) : 403])
        if (isAllowed) continue
        // Where it is allowed a workbook is made, which takes its time.
        expect((await api.get(exportOf(table, 'xlsx', question), role)).status).toBe(403)
      }
      expect((await api.get(exportOf(table, 'csv', question), null)).status).toBe(401)
    },
  )

  test('PUT /v1/sites is for administrators', async () => {
    for (const role of ROLES) {
      const site = { name: 'A', region_code: '110000' }
      const { status } = await api.ask('PUT', '/v1/sites/BJ-01', role, site)
      expect([role, status]).toEqual([role, role === 'admin' ? 200 : 403])
    }
  })

  test.each([
    ['/v1/sites/BJ-09/facts', 'site_facts_change', { pue: '1.2' }],
    [
      `/v1/codes/${resourceCode('node', 9)}/issued`,
      'codes_change',
      { scheme: 'X', use: 'total', value: '1', issued_by: 'n' },
    ],
  ] as const)('PUT %s is for the roles of its row', async (url, access, body) => {
    for (const role of ROLES) {
      const { status } = await api.ask('PUT', url, role, body)
      const isAllowed: boolean = ALLOWED[access].some((one) => one === role)
      expect([role, status]).toEqual([role, isAllowed ? 404 : 403])
    }
    expect((await api.ask('PUT', url, null, body)).status).toBe(401)
  })

  test.each([
    ['/v1/conflicts/1/resolve', 'conflicts_resolve', { keep_unit_id: 1 }],
    ['/v1/findings/1/clear', 'findings_clear', { because: 'measured by hand' }],
    ['/v1/nodes/n-1/revoke', 'nodes_change', undefined],
    ['/v1/draws/a/post', 'draws_change', undefined],
    ['/v1/draws/a/void', 'draws_change', undefined],
    ['/v1/draws/a/return', 'draws_change', undefined],
    ['/v1/draws/a/extend', 'draws_change', { until: '2026-03-02T00:00:00Z' }],
    ['/v1/leases/e-0123456789abcdef/recall', 'leases_recall', { notice_ms: 0, cause: 'x' }],
  ] as const)('POST %s is for the roles of its row', async (url, access, body) => {
    for (const role of ROLES) {
      const { status } = await api.ask('POST', url, role, body)
      expect([role, status]).toEqual([role, ALLOWED[access].includes(role) ? 404 : 403])
    }
    expect((await api.ask('POST', url, null, body)).status).toBe(401)
  })

  test('POST /v1/journal/cosignatures is for the roles of its row', async () => {
    const url = '/v1/journal/cosignatures'
    for (const role of ROLES) {
      const { status } = await api.ask('POST', url, role, { note: 'x' })
      const isAllowed = ALLOWED.journal_cosign.includes(role)
      expect([role, status]).toEqual([role, isAllowed ? 400 : 403])
    }
    expect((await api.ask('POST', url, null, { note: 'x' })).status).toBe(401)
  })

  test('POST /v1/reports is for administrators and regulators', async () => {
    for (const role of ROLES) {
      const body = { region: null, month: '2026-02' }
      const { status } = await api.ask('POST', '/v1/reports', role, body)
      // The ledger holds nothing of that month.
      expect([role, status]).toEqual([role, ALLOWED.reports_issue.includes(role) ? 400 : 403])
    }
  })

  test('POST /v1/draws is for the bank', async () => {
    for (const role of ROLES) {
      const { status } = await api.ask('POST', '/v1/draws', role, {})
      expect([role, status]).toEqual([role, role === 'bank' ? 400 : 403])
    }
  })

  test('the word of the bank and that of a person end a recovery, and nobody else', async () => {
    for (const role of ROLES) {
      const replayed = await api.ask('POST', '/v1/recovery/replayed', role)
      expect([role, replayed.status]).toEqual([role, role === 'bank' ? 200 : 403])
      const finished = await api.ask('POST', '/v1/recovery/finish', role, { by: 'Li Lei' })
      // Nothing was restored here: that is what the administrator is told.
      expect([role, finished.status]).toEqual([role, role === 'admin' ? 409 : 403])
    }
  })

  test('tokens are made and taken back by security alone', async () => {
    for (const role of ROLES) {
      const made = await api.ask('POST', '/v1/tokens', role, { role: 'regulator' })
      expect([role, made.status]).toEqual([role, role === 'security' ? 201 : 403])
      const ended = await api.ask('POST', `/v1/tokens/${'0'.repeat(16)}/revoke`, role)
      expect([role, ended.status]).toEqual([role, role === 'security' ? 404 : 403])
      const reset = await api.ask('POST', '/v1/second-factors/reset', role, { subject: 'x' })
      expect([role, reset.status]).toEqual([role, role === 'security' ? 404 : 403])
      const closed = await api.ask('DELETE', `/v1/sessions/${'0'.repeat(16)}`, role)
      expect([role, closed.status]).toEqual([role, role === 'security' ? 404 : 403])
    }
  })

  test('what is live is refused to those who may not follow it', async () => {
    for (const role of ROLES.filter((one) => !ALLOWED.live.includes(one))) {
      expect([role, (await api.get('/v1/live', role)).status]).toEqual([role, 403])
    }
    expect((await api.get('/v1/live', null)).status).toBe(401)
  })

  test('a person without a session sets up no second factor and leaves none', async () => {
    for (const role of ROLES) {
      const steps = ['enroll', 'confirm', 'verify'] as const
      for (const step of steps) {
        const body = step === 'enroll' ? undefined : { code: '000000' }
        const url = `/v1/session/second-factor/${step}`
        expect((await api.ask('POST', url, role, body)).status).toBe(404)
      }
      expect((await api.ask('DELETE', '/v1/session', role)).status).toBe(404)
    }
  })

  test('nobody both administers and watches, and who lets people in does neither', () => {
    const administers: readonly AccessName[] = ['sites_change', 'nodes_change', 'recovery_finish']
    const letsIn: readonly AccessName[] = ['tokens_change', 'sessions_end', 'second_factors_reset']
    const having = (names: readonly AccessName[]) =>
      ROLES.filter((role) => names.some((name) => name !== 'open' && ALLOWED[name].includes(role)))
    expect(having(administers)).toEqual(['admin'])
    expect(having(letsIn)).toEqual(['security'])
    expect(ALLOWED.audit.filter((role) => having(administers).includes(role))).toEqual([])
  })

  test('every row of the table is asked here, and every route has a row', () => {
    const changes = [
      'live',
      'reports_issue',
      'tokens_change',
      'sessions_end',
      'second_factors_reset',
      'sites_change',
      'site_facts_change',
      'codes_change',
      'nodes_change',
      'conflicts_resolve',
      'findings_clear',
      'journal_cosign',
      'recovery_replayed',
      'recovery_finish',
      'draws_change',
      'leases_recall',
    ]
    const asked = new Set([...QUESTIONS.map(({ access }) => access), 'open', ...changes])
    expect([...asked].sort()).toEqual(Object.keys(ACCESS).sort())
    const paths = Object.keys(api.app.swagger().paths ?? {})
    const others = [
      '/v1/healthz',
      '/v1/readyz',
      '/v1/live',
      '/v1/session/methods',
      '/v1/session/oidc',
      '/v1/session/oidc/callback',
      '/v1/session/second-factor/enroll',
      '/v1/session/second-factor/confirm',
      '/v1/session/second-factor/verify',
      '/v1/second-factors/reset',
      '/v1/sessions/{id}',
      '/v1/tokens/{id}/revoke',
      '/v1/sites/{code}/facts',
      '/v1/codes/{code}/issued',
      '/v1/nodes/{id}/revoke',
      '/v1/conflicts/{id}/resolve',
      '/v1/findings/{id}/clear',
      '/v1/journal/cosignatures',
      '/v1/recovery/replayed',
      '/v1/recovery/finish',
      '/v1/draws/{id}/post',
      '/v1/draws/{id}/void',
      '/v1/draws/{id}/extend',
      '/v1/draws/{id}/return',
      '/v1/leases/{id}/recall',
    ]
    const isExport = (path: string) =>
      path === '/v1/rollups.xlsx' ||
      EXPORTS.some(([table]) => {
        return ['csv', 'xlsx'].some((format) => path === `/v1/exports/${table}.${format}`)
      })
    for (const path of paths.filter((one) => !others.includes(one) && !isExport(one))) {
      const pattern = new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/?]+')}(\\?|$)`)
      expect(QUESTIONS.some(({ url }) => pattern.test(url))).toBe(true)
    }
  })

  test.each(['/healthz', '/readyz', '/v1/healthz', '/v1/readyz', '/v1/openapi.json', '/docs'])(
    '%s needs no token',
    async (url) => {
      expect((await api.get(url, null)).status).toBeLessThan(400)
    },
  )

  test('a token bound to a region reads neither the journal nor the metrics', async () => {
    const token = await api.token({ role: 'admin', regionCode: '110000' })
    const urls = ['/v1/journal/entries', '/v1/journal/checkpoint', '/metrics']
    for (const url of urls) {
      expect((await api.get(url, { token })).body.code).toBe('forbidden')
    }
  })
})

describe('tokens', () => {
  test.each([
    ['cut off', (token: string) => token.slice(0, -2), 'token_malformed'],
    ['of another kind', () => `yb1_${'A'.repeat(80)}`, 'token_malformed'],
    ['no token at all', () => 'secret', 'token_malformed'],
  ])('%s is refused as malformed', async (_name, spoil, code) => {
    const { status, body } = await api.get('/v1/ledger', {
      token: spoil(api.tokens.get('admin') ?? ''),
    })
    expect([status, body.code]).toEqual([401, code])
  })

  test('a token the store does not know is refused', async () => {
    const other = await ApiRig.start()
    other.random.bytes(3)
    const token = await other.token({ role: 'admin' })
    await other.close()
    expect((await api.get('/v1/ledger', { token })).body.code).toBe('token_unknown')
  })

  test('an expired token is refused with the time it expired', async () => {
    const token = await api.token({ role: 'admin', ttlMs: 60_000 })
    expect((await api.get('/v1/ledger', { token })).status).toBe(200)
    api.rig.clock.advance(60_000)
    const { status, body } = await api.get('/v1/ledger', { token })
    expect([status, body.code]).toEqual([401, 'token_expired'])
    expect(body.detail).toMatch(/expired at 2026-/)
  })

  test('a revoked token is refused at once', async () => {
    const token = await api.token({ role: 'admin' })
    const rows = await api.rig.store.listTokens()
    const row = rows.find((one) => one.kind === 'access' && one.createdAtMs === api.rig.now)
    await api.rig.store.revokeToken(row?.tokenId ?? '', api.rig.now, [])
    expect((await api.get('/v1/ledger', { token })).body.code).toBe('token_revoked')
  })

  test('an enrollment token opens nothing', async () => {
    const token = await api.token({ role: null, siteCode: 'BJ-01' })
    expect((await api.get('/v1/ledger', { token })).body.code).toBe('token_malformed')
  })
})
