/**
 * The dashboard as people use it: a real Chromium over the demo fleet. Every page in both languages,
 * by keyboard and on a phone; down to one accelerator; an older instant; an export that is opened and
 * added up; and what each role must not see. Screenshots lie in `artifacts/dashboard` afterwards.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BrowserRig, CHROMIUM, type Look, NO_CHROMIUM, type Visitor } from '../support/browser.ts'
import { Demo } from '../support/demo.ts'

if (CHROMIUM === null) process.stderr.write(`the dashboard is skipped: ${NO_CHROMIUM}\n`)

const PAGES = [
  ['ledger', '/'],
  ['utilization', '/utilization'],
  ['bank', '/bank'],
  ['nodes', '/nodes'],
  ['verification', '/verification'],
  ['reports', '/reports'],
  ['definitions', '/definitions'],
] as const

/** What of them each role may open; `/access` is for two of them alone. */
const PAGES_OF = {
  admin: ['/', '/utilization', '/bank', '/nodes', '/verification', '/reports', '/definitions'],
  operator: ['/', '/utilization', '/bank', '/nodes', '/verification', '/reports', '/definitions'],
  regulator: ['/', '/utilization', '/bank', '/nodes', '/verification', '/reports', '/definitions'],
  auditor: [...PAGES.map(([, path]) => path), '/access'],
  bank: ['/', '/utilization', '/bank', '/definitions'],
  security: ['/nodes', '/verification', '/access', '/definitions'],
} as const
const PATHS = [...PAGES.map(([, path]) => path), '/access']

const PHONE = 375
/** Days the demo has lived through: enough for sealed hours. */
const DAYS = 1

describe.skipIf(CHROMIUM === null)('the dashboard', () => {
  let demo: Demo
  let browser: BrowserRig

  beforeAll(async () => {
    demo = await Demo.start(DAYS)
    browser = await BrowserRig.open()
  }, 300_000)

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]()
    await demo?.[Symbol.asyncDispose]()
  }, 60_000)

  async function visit(look: Look = {}, token: string | null = demo.adminToken): Promise<Visitor> {
    return await browser.visitor(demo.url, token, look)
  }

  test.each(['zh', 'en'] as const)(
    'every page can be read, seen and heard, in %s',
    async (language) => {
      const visitor = await visit({ language })
      const paints: Record<string, number | null> = {}
      for (const [name, path] of PAGES) {
        await visitor.open(path)
        paints[name] = await visitor.firstPaintMs()
        await visitor.screenshot(`${name}-${language}`)
        expect(await visitor.accessibility(), `${name} for everybody`).toEqual([])
        expect(await visitor.overflow(), `${name} is as wide as its window`).toBeLessThanOrEqual(0)
      }
      expect(visitor.problems).toEqual([])
      visitor.keepTimes(`times-${language}`, paints)
      await visitor.close()
    },
    180_000,
  )

  test('every page on a phone, in the dark', async () => {
    const visitor = await visit({ shade: 'dark', width: PHONE })
    for (const [name, path] of PAGES) {
      await visitor.open(path)
      await visitor.screenshot(`${name}-phone-dark`)
      expect(await visitor.overflow(), `${name} is as wide as its window`).toBeLessThanOrEqual(0)
      expect(await visitor.accessibility(), `${name} in the dark`).toEqual([])
    }
    expect(visitor.problems).toEqual([])
    await visitor.close()
  }, 180_000)

  test('from the country down to what one accelerator did, and back', async () => {
    const visitor = await visit()
    const { page } = visitor
    const { sites } = await demo.get<{ sites: { code: string; region_code: string }[] }>(
      '/v1/sites',
    )
    const site = sites[0]
    if (site === undefined) throw new Error('the demo has sites')
    const province = `${site.region_code.slice(0, 2)}0000`
    await visitor.open('/utilization')
    const steps = [`/utilization/${province}`, `/utilization/${province}/${site.code}`]
    for (const step of steps) {
      await page.locator(`main a[href^="${step}"]`).first().click()
      await page.waitForURL((url) => url.pathname === step)
      await visitor.settled()
    }
    for (const depth of ['node', 'accelerator']) {
      const here = new URL(page.url()).pathname
      const link = page.locator(`main a[href^="${here}/"]`).first()
      await link.click()
      await page.waitForURL((url) => url.pathname.startsWith(`${here}/`))
      await visitor.settled()
      await visitor.screenshot(`utilization-${depth}`)
    }
    // The runs of the card, as a picture and as a table.
    const accelerator = new URL(page.url()).pathname.split('/').at(-1)
    const { placements } = await demo.get<{ placements: { segments: unknown[] }[] }>(
      `/v1/accelerators/${accelerator}/timeline?from=${ago(1)}&to=${ago(0)}`,
    )
    expect(placements[0]?.segments.length).toBeGreaterThan(0)
    expect(await page.locator('main [role="img"]').count()).toBeGreaterThan(0)
    expect(await visitor.accessibility()).toEqual([])
    await page.locator('nav.ant-breadcrumb a, .ant-breadcrumb a').first().click()
    await page.waitForURL((url) => url.pathname === '/utilization')
    expect(visitor.problems).toEqual([])
    await visitor.close()
  }, 120_000)

  test('an older instant is shown as such, with the figures of then', async () => {
    const visitor = await visit()
    const asOf = new Date(Date.now() - 6 * 3_600_000).toISOString()
    await visitor.open(`/?as_of=${asOf}&known_at=${new Date().toISOString()}`)
    const then = await demo.get<{ rows: { stages: { free: { cards: number } } }[] }>(
      `/v1/ledger?as_of=${asOf}`,
    )
    const text = await visitor.text()
    expect(text).toContain('正在查看历史时点')
    expect(text).toContain(String(then.rows[0]?.stages.free.cards))
    await visitor.page.getByRole('button', { name: '回到现在' }).click()
    await visitor.page.waitForURL((url) => !url.searchParams.has('as_of'))
    await visitor.close()
  }, 60_000)

  test('an export states its purpose, opens, and adds up to what the page shows', async () => {
    const visitor = await visit()
    const { page } = visitor
    await visitor.open('/nodes')
    const list = page.locator('section', { has: page.getByRole('heading', { name: '节点列表' }) })
    await list.getByRole('button', { name: '导出' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: '导出' }).click()
    await dialog.getByText('请填写用途').first().waitFor()
    await dialog.getByText('CSV').click()
    await dialog.getByRole('textbox').fill('季度核查')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name: '导出' }).click(),
    ])
    const text = readFileSync(await download.path(), 'utf8')
    const { nodes } = await demo.get<{ nodes: { node_id: string }[] }>('/v1/nodes?limit=200')
    const [head = '', ...lines] = text.trim().split(/\r?\n/)
    expect(lines).toHaveLength(nodes.length)
    for (const { node_id } of nodes) expect(text).toContain(node_id)
    // Added up, the cards of the nodes are those of the ledger.
    const column = head.split(',').indexOf('units')
    const cards = lines.reduce((sum, line) => sum + Number(line.split(',')[column]), 0)
    const { rows } = await demo.get<{ rows: { stages: { connected: { cards: number } } }[] }>(
      '/v1/ledger',
    )
    expect(cards).toBe(rows[0]?.stages.connected.cards)
    const auditor = await demo.token('auditor')
    const audit = await demo.get<object>('/v1/audit', auditor)
    expect(JSON.stringify(audit)).toContain('季度核查')
    await visitor.close()
  }, 60_000)

  test.each(Object.entries(PAGES_OF))(
    'a person of the role %s opens what is theirs, and sees nothing else',
    async (role, open) => {
      const token = await demo.token(role)
      const visitor = await visit({}, token)
      const { nodes } = await demo.get<{ nodes: { node_id: string; name: string }[] }>('/v1/nodes')
      const names = nodes.flatMap(({ name, node_id }) => [name, node_id])
      for (const path of PATHS) {
        await visitor.open(path)
        const text = await visitor.text()
        const links = await visitor.page.locator(`header .ant-menu a[href="${path}"]`).count()
        const isOpen = (open as readonly string[]).includes(path)
        expect(links > 0, `${role} has ${path} in the menu`).toBe(isOpen)
        if (!isOpen && path !== '/')
          expect(text, `${role} at ${path}`).toContain('当前账户无权查看')
        if (!isOpen && path === '/') expect(new URL(visitor.page.url()).pathname).toBe(open[0])
        if (role === 'bank') {
          expect(
            names.filter((name) => text.includes(name)),
            `${path} names no node`,
          ).toEqual([])
        }
      }
      await visitor.close()
    },
    120_000,
  )

  test('a regulator of one province sees no other province’s sites and nodes, on no page', async () => {
    const { sites } = await demo.get<{
      sites: { code: string; name: string; region_code: string }[]
    }>('/v1/sites')
    const own = sites.filter(({ region_code }) => region_code.startsWith('13'))
    const others = sites.filter(({ region_code }) => !region_code.startsWith('13'))
    expect([own.length, others.length].every((count) => count > 0)).toBe(true)
    const { nodes } = await demo.get<{ nodes: { node_id: string; site_code: string }[] }>(
      '/v1/nodes',
    )
    const hidden = [
      ...others.flatMap(({ code, name }) => [code, name]),
      ...nodes
        .filter(({ site_code }) => !own.some(({ code }) => code === site_code))
        .map(({ node_id }) => node_id),
    ]
    const visitor = await visit({}, await demo.token('regulator', '130000'))
    const [foreign] = others
    const paths = [
      ...PAGES.map(([, path]) => path),
      `/utilization/${foreign?.region_code.slice(0, 2)}0000/${foreign?.code}`,
    ]
    for (const path of paths) {
      await visitor.open(path)
      const text = await visitor.text()
      // The address names what was typed; everything else is what the server said.
      const leaked = hidden.filter((name) => text.includes(name) && !path.includes(name))
      expect(leaked, path).toEqual([])
    }
    await visitor.close()
  }, 120_000)

  test('nobody is let in without a token, with a wrong one, or after leaving', async () => {
    const visitor = await visit({}, null)
    const { page } = visitor
    await visitor.open('/')
    await visitor.screenshot('login-zh')
    expect(await visitor.accessibility()).toEqual([])
    await page.locator('input[type="password"]').fill('yba_0000')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').first().waitFor()
    await page.locator('input[type="password"]').fill(demo.adminToken)
    await page.keyboard.press('Enter')
    await page.locator('header a[href="/nodes"]').first().waitFor()
    await page.getByRole('button', { name: '退出' }).click()
    await page.locator('input[type="password"]').waitFor()
    await visitor.close()
  }, 60_000)
})

function ago(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString()
}
