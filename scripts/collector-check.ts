/**
 * `node scripts/collector-check.ts`: the collector's package as it would lie on a machine, run from an
 * empty folder with nothing else near: serves, shows the dashboard, answers in XLSX, trains, backs up,
 * restores; with the library of its own and with Node.js's where that does not load. Exit code 1 and
 * a sentence where anything does not hold. Takes about a minute; builds no archive.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { COLLECTOR_PACKAGE } from './package/collector-tree.ts'

const SERVES_MS_MAX = 60_000
const LOOK_MS = 200
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'x64'
/** Nothing of whoever runs this. */
const ENV = { PATH: '/usr/bin:/bin' }

const home = mkdtempSync(join(tmpdir(), 'yiben-package-check-'))
const root = join(home, 'tree')
const program = join(root, 'usr/lib/yiben-collector')

function hold(isSo: boolean, sentence: string): void {
  if (!isSo) throw new Error(`not so: ${sentence}`)
  console.log(`  ${sentence}`)
}

function yiben(folder: string, ...args: string[]): string {
  const command = [join(program, 'app/yiben-collector.mjs'), ...args, '--data-dir', 'data']
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  const file = join(program, 'bin/node')
  return execFileSync(file, command, { cwd: folder, env: ENV, encoding: 'utf8', stdio: [...stdio] })
}

async function serve(
  folder: string,
  ...options: string[]
): Promise<{ child: ChildProcess; url: string }> {
  const command = [join(program, 'app/yiben-collector.mjs'), 'serve', '--port', '0', ...options]
  const child = spawn(join(program, 'bin/node'), [...command, '--data-dir', 'data'], {
    cwd: folder,
    env: ENV,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout?.on('data', (chunk) => {
    said += chunk
  })
  for (let waitedMs = 0; waitedMs < SERVES_MS_MAX; waitedMs += LOOK_MS) {
    const [, url] = /"url":"([^"]+)"/.exec(said) ?? []
    if (url !== undefined) return { child, url }
    await delay(LOOK_MS)
  }
  throw new Error('not so: it serves')
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  hold(code === 0, 'a stop ends with 0')
}

async function checkServed(folder: string, url: string): Promise<void> {
  const page = await fetch(`${url}/`, { headers: { accept: 'text/html' } })
  const html = await page.text()
  hold(page.status === 200 && html.includes('<script'), 'the dashboard answers')
  const [, asset = ''] = /src="([^"]+\.js)"/.exec(html) ?? []
  hold((await fetch(url + asset)).status === 200, `its script is there (${asset})`)
  hold(
    (await fetch(`${url}/docs/static/swagger-ui.css`)).status === 200,
    'so is the interface’s page',
  )
  const { paths } = (await (await fetch(`${url}/v1/openapi.json`)).json()) as { paths: object }
  hold(Object.keys(paths).length > 50, 'OpenAPI describes the interface')
  yiben(folder, 'site', 'put', 'BJ-01', '--name', 'A', '--region', '110000')
  const token = /yb[1a]_[A-Za-z0-9_-]+/.exec(
    yiben(folder, 'token', 'create', '--role', 'admin'),
  )?.[0]
  const headers = { authorization: `Bearer ${token}` }
  const book = await fetch(`${url}/v1/exports/sites.xlsx?purpose=check`, { headers })
  const bytes = Buffer.from(await book.arrayBuffer())
  hold(
    book.status === 200 && bytes.subarray(0, 2).toString() === 'PK',
    'a list comes as a workbook',
  )
  const ledger = await fetch(`${url}/v1/ledger`, { headers })
  hold(ledger.status === 200, 'the ledger answers')
}

function checkCommands(folder: string): void {
  hold(yiben(folder, 'ledger').includes('The one ledger'), '`ledger` answers')

  yiben(folder, 'backup', 'copy.sqlite')
  const other = join(folder, 'other')
  mkdirSync(join(other, 'data'), { recursive: true, mode: 0o700 })
  const key = readFileSync(join(folder, 'data/identity.key'))
  writeFileSync(join(other, 'data/identity.key'), key, { mode: 0o600 })
  const said = yiben(other, 'restore', join(folder, 'copy.sqlite'))
  hold(said.includes('generation'), 'a backup is restored elsewhere')
  hold(yiben(other, 'balance').includes('add up'), '`balance` holds there')
}

/** Its library is loaded only where a certificate is made. */
async function checkTls(name: string): Promise<void> {
  const folder = join(home, `tls-${name.replaceAll(/\W/g, '-')}`)
  mkdirSync(folder)
  const { child, url } = await serve(folder, '--host', '0.0.0.0')
  hold(url.startsWith('https:'), 'it makes a certificate of its own')
  await stop(child)
}

async function checkAll(name: string): Promise<void> {
  console.log(name)
  const folder = join(home, name.replaceAll(/\W/g, '-'))
  mkdirSync(folder)
  const { child, url } = await serve(folder, '--demo')
  try {
    await checkServed(folder, url)
    checkCommands(folder)
  } finally {
    await stop(child)
  }
  await checkTls(name)
  const left = readdirSync(folder).sort().join(' ')
  hold(left === 'copy.sqlite data other', 'nothing else was written')
}

if (process.argv.includes('--help')) {
  console.log('node scripts/collector-check.ts: runs the collector as it is packaged; no options')
  process.exit(0)
}
try {
  mkdirSync(root)
  await COLLECTOR_PACKAGE.buildTree(root, ARCHITECTURE)
  await checkAll('with better-sqlite3')
  const addon = join(program, 'app/node_modules/better-sqlite3/prebuilds')
  for (const file of readdirSync(addon)) writeFileSync(join(addon, file), 'not for this machine')
  await checkAll('with node:sqlite')
  console.log('the package runs by itself')
} finally {
  rmSync(home, { recursive: true, force: true })
}
