/**
 * A real Chromium over a running dashboard. Screenshots go to `artifacts/`, which is not kept in
 * git; what a page logs as an error and what it could not load is a problem of that page.
 */
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { ROOT } from './program.ts'

const PLACES = [
  process.env.YIBEN_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** `null`: there is none on this machine. */
export const CHROMIUM = PLACES.find((place) => place !== undefined && isProgram(place)) ?? null

export const NO_CHROMIUM =
  'no Chromium on this machine: install the package chromium, or name one in YIBEN_CHROMIUM'

const SCREENSHOTS = join(ROOT, 'artifacts', 'dashboard')

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export interface Look {
  readonly language?: 'zh' | 'en'
  readonly shade?: 'light' | 'dark'
  readonly width?: number
}

export class BrowserRig implements AsyncDisposable {
  readonly #browser: Browser

  static async open(): Promise<BrowserRig> {
    if (CHROMIUM === null) throw new Error(NO_CHROMIUM)
    // Its sandbox needs user namespaces, which containers and CI often forbid; all pages are ours.
    const args = ['--no-sandbox', '--disable-dev-shm-usage']
    return new BrowserRig(await chromium.launch({ executablePath: CHROMIUM, args }))
  }

  private constructor(browser: Browser) {
    this.#browser = browser
  }

  /** A person: a cookie jar of its own, logged in with a token where one is given. */
  async visitor(url: string, token: string | null, look: Look = {}): Promise<Visitor> {
    const { language = 'zh', shade = 'light', width = 1_280 } = look
    const context = await this.#browser.newContext({
      viewport: { width, height: 900 },
      locale: language === 'zh' ? 'zh-CN' : 'en-GB',
      acceptDownloads: true,
    })
    const kept = { 'yiben.language': language, 'yiben.shade': shade }
    const keep = Object.entries(kept).map(
      ([name, value]) => `localStorage.setItem('${name}', '${value}')`,
    )
    await context.addInitScript(keep.join('\n'))
    if (token !== null) await logIn(context, url, token)
    return new Visitor(url, context, await context.newPage())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close()
  }
}

/** As the login page does it, without the page. */
async function logIn(context: BrowserContext, url: string, token: string): Promise<void> {
  const response = await context.request.post(`${url}/v1/session`, {
    data: { token },
    headers: { origin: url },
  })
  if (!response.ok()) throw new Error(`login: ${response.status()} ${await response.text()}`)
}

// Run in the page, which has a document; this program has none.
const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
const FIRST_PAINT =
  "performance.getEntriesByName('first-contentful-paint').map(({ startTime }) => ({ startTime }))"
const RUN_AXE =
  "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => JSON.parse(JSON.stringify(violations)))"
const SETTLED_MS_MAX = 20_000

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly target: readonly string[] }[]
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export class Visitor {
  readonly page: Page
  /** What went wrong on the page, and was not asked for. */
  readonly problems: string[] = []
  /** What the API answered, by path: how long the page waited. */
  readonly waits: { readonly path: string; readonly ms: number }[] = []
  readonly #url: string
  readonly #context: BrowserContext

  constructor(url: string, context: BrowserContext, page: Page) {
    this.#url = url
    this.#context = context
    this.page = page
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(`console: ${message.text()}`)
    })
    page.on('pageerror', (error) => this.problems.push(`error: ${error.message}`))
    page.on('requestfinished', (request) => this.#note(request.url(), request.timing()))
  }

  #note(url: string, timing: { readonly requestStart: number; readonly responseStart: number }) {
    const { pathname } = new URL(url)
    if (!pathname.startsWith('/v1/') || pathname === '/v1/live') return
    this.waits.push({ path: pathname, ms: timing.responseStart - timing.requestStart })
  }

  /** Opens a page and waits until nothing is being read any more. */
  async open(path: string): Promise<void> {
    await this.page.goto(`${this.#url}${path}`)
    await this.settled()
  }

  async settled(): Promise<void> {
    await this.page.waitForSelector('h1', { timeout: SETTLED_MS_MAX })
    await this.page
      .locator('.ant-skeleton, .ant-spin-spinning')
      .first()
      .waitFor({ state: 'detached', timeout: SETTLED_MS_MAX })
  }

  /** What a screen reader, a keyboard or poor eyes would stumble over; serious findings only. */
  async accessibility(): Promise<string[]> {
    await this.page.evaluate(AXE)
    const found: readonly Violation[] = await this.page.evaluate(RUN_AXE)
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  }

  /** Pixels by which the page is wider than its window: nobody should have to scroll sideways. */
  async overflow(): Promise<number> {
    return await this.page.evaluate(OVERFLOW)
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true })
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
  }

  /** Since the address was opened, until the first thing stood there; `null`: nothing does. */
  async firstPaintMs(): Promise<number | null> {
    const [entry]: { startTime: number }[] = await this.page.evaluate(FIRST_PAINT)
    return entry?.startTime ?? null
  }

  /** Kept beside the screenshots, for the figures; no test judges times. */
  keepTimes(name: string, paints: Readonly<Record<string, number | null>>): void {
    mkdirSync(SCREENSHOTS, { recursive: true })
    const waits = this.waits.map(({ path, ms }) => `${path} ${Math.round(ms)}`)
    const text = JSON.stringify({ first_paint_ms: paints, waits_ms: waits }, null, 2)
    writeFileSync(join(SCREENSHOTS, `${name}.json`), text)
  }

  async text(): Promise<string> {
    return (await this.page.locator('body').textContent()) ?? ''
  }

  async close(): Promise<void> {
    await this.#context.close()
  }
}
