/** The dashboard's files: what is served as what, under which policy, and what never is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testAccess } from '../../support/test-access.ts'
import { ApiRig } from './api-rig.ts'

const HTML = { accept: 'text/html,application/xhtml+xml' }
let api: ApiRig
let parent: string
let folder: string

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'yiben-dashboard-'))
  folder = join(parent, 'dist')
  mkdirSync(join(folder, 'assets'), { recursive: true })
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>the page</title>')
  writeFileSync(join(folder, 'favicon.svg'), '<svg/>')
  writeFileSync(join(folder, 'assets/index-abc123.js'), 'export {}')
  writeFileSync(join(folder, '.env'), 'SECRET=1')
  writeFileSync(join(parent, 'identity.key'), 'secret')
  api = await ApiRig.start({ access: testAccess({ dashboardDir: folder }) })
})
afterAll(async () => {
  await api.close()
  rmSync(parent, { recursive: true, force: true })
})

function get(url: string, headers: Record<string, string> = HTML) {
  return api.app.inject({ method: 'GET', url, headers })
}

describe('a dashboard that was built', () => {
  test.each(['/', '/index.html', '/ledger', '/sites/BJ-01?as_of=2026-03-01', '/a.b'])(
    'a browser that opens %s gets the page, asked for anew each time',
    async (url) => {
      const answer = await get(url)
      expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-cache'])
      expect(answer.headers['content-type']).toContain('text/html')
      expect(answer.body).toContain('the page')
    },
  )

  test('only scripts of its own run, and nobody frames it', async () => {
    const policy = String((await get('/')).headers['content-security-policy'])
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/script-src[^;]*(unsafe|https:)/)
  })

  test('hashed assets are kept for a year, other files are not', async () => {
    const asset = await get('/assets/index-abc123.js', { accept: '*/*' })
    expect([asset.statusCode, asset.body]).toEqual([200, 'export {}'])
    expect(asset.headers['content-type']).toContain('javascript')
    expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect((await get('/favicon.svg')).headers['cache-control']).toBe('no-cache')
  })

  test('an asset that is gone is not answered with the page', async () => {
    const { statusCode } = await get('/assets/old-1.js', { accept: '*/*' })
    expect(statusCode).toBe(404)
  })

  test.each([
    '/../identity.key',
    '/..%2fidentity.key',
    '/assets/..%2f..%2fidentity.key',
    '/%2e%2e/identity.key',
    '/.env',
    '/assets//../.env',
    '/assets/%00',
  ])('%s leads nowhere', async (url) => {
    for (const headers of [HTML, { accept: '*/*' }]) {
      const { body } = await get(url, headers)
      expect(body).not.toMatch(/secret|SECRET/)
    }
  })

  test.each(['/v1/nothing', '/v1', '/docs/nothing', '/metrics/x', '/healthz/x'])(
    '%s is never the page',
    async (url) => {
      const answer = await get(url)
      expect(answer.statusCode).toBe(404)
      expect(answer.body).not.toContain('the page')
    },
  )

  test('what is sent there is not taken for a page that is opened', async () => {
    const { statusCode } = await api.app.inject({ method: 'POST', url: '/ledger', headers: HTML })
    expect(statusCode).toBe(404)
  })

  test('the documentation is still there', async () => {
    expect((await get('/docs/')).body).toContain('swagger')
    expect((await get('/docs/static/swagger-ui.css')).statusCode).toBe(200)
  })
})

test('where nothing was built a plain page says how to', async () => {
  const bare = await ApiRig.start()
  const answer = await bare.app.inject({ method: 'GET', url: '/', headers: HTML })
  expect(answer.statusCode).toBe(503)
  expect(answer.body).toContain('npm run build')
  const data = await bare.app.inject({ method: 'GET', url: '/', headers: { accept: '*/*' } })
  expect([data.statusCode, data.json().code]).toEqual([404, 'not_found'])
  await bare.close()
})
