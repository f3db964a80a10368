/**
 * `npm start`: a collector and an agent for this machine, from a fresh clone, with nothing else to
 * install or configure. With `--demo` also a made-up fleet, in processes of its own. Everything is
 * done with the programs' own commands; state goes to `./.yiben` (`./.yiben-demo`).
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { creditCheckCharacter } from '@yiben/shared'
import type { BankArguments } from './demo/bank-process.ts'
import { DEMO_CARDS_PER_NODE, DEMO_SITES, type DemoSite } from './demo/fleet.ts'
import type { SiteArguments } from './demo/site-process.ts'

const ROOT = join(import.meta.dirname, '..')
const USAGE = `npm start [-- OPTIONS]

Starts a collector and an agent for this machine, on loopback only. Ctrl-C stops both.

  --demo            also a made-up fleet of ${DEMO_SITES.length} sites and ${cardCount()} accelerators, with the last
                    seven days lived through; every answer says that it is a demo
  --port N          port of the collector (default 7480; 0 takes any)
  --data-dir DIR    where everything is kept (default ./.yiben, with --demo ./.yiben-demo)
  --region CODE     where this machine stands, GB/T 2260 (default 110000)
  --days N          with --demo: days to live through first (default 7, 0 to 30)
  --seed N          with --demo: what the fleet does (default 1)
  --help            this text`

const STARTUP_MS = 60_000
const STOP_MS = 10_000
const DAY_MS = 86_400_000

interface Options {
  readonly demo: boolean
  readonly port: number
  readonly dataDir: string
  readonly region: string
  readonly days: number
  readonly seed: number
}

const options = readOptions()
const children: ChildProcess[] = []
let isStopping = false

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(0))

async function start({ dataDir, demo, port }: Options): Promise<void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const collectorDir = join(dataDir, 'collector')
  const url = await startCollector(collectorDir, port, demo)
  const token = await accessToken(dataDir, collectorDir)
  if (demo) await startDemo(collectorDir, url)
  else await startAgent(collectorDir, url)
  if (!isStopping) sayWhereToLook(url, token)
}

// ---- collector ----------------------------------------------------------------------------------

async function startCollector(dataDir: string, port: number, demo: boolean): Promise<string> {
  const flags = ['--data-dir', dataDir, '--port', String(port), ...(demo ? ['--demo'] : [])]
  const serve = ['collector/src/main.ts', 'serve', '--second-factor', 'off', ...flags]
  const child = launch('collector', serve, dataDir)
  return readyUrl(await firstLine(child, 'the collector'))
}

function readyUrl(line: string): string {
  const ready: unknown = JSON.parse(line)
  if (
    typeof ready === 'object' &&
    ready !== null &&
    'url' in ready &&
    typeof ready.url === 'string'
  ) {
    return ready.url
  }
  throw new Error(`The collector did not say where it is: ${line}`)
}

/** Kept beside the data, readable by its owner only, so that a restart shows the same one. */
async function accessToken(dataDir: string, collectorDir: string): Promise<string> {
  const file = join(dataDir, 'access-token')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  const token = await collector(collectorDir, [
    'token',
    'create',
    '--role',
    'admin',
    '--ttl',
    '365d',
  ])
  writeFileSync(file, `${token}\n`, { mode: 0o600 })
  return token
}

async function collector(dataDir: string, args: readonly string[]): Promise<string> {
  return run(['collector/src/main.ts', ...args, '--data-dir', dataDir])
}

// ---- the agent of this machine --------------------------------------------------------------------

const AGENT_CONFIG = `# Written by npm start. It states that nobody else gives the cards of this machine away, at any
# time, and leaves depositing off: set deposit.enabled to true to offer idle time to the bank.
owner:
  kind: none
deposit:
  enabled: false
  calendar: always
`

async function startAgent(collectorDir: string, url: string): Promise<void> {
  const agentDir = join(options.dataDir, 'agent')
  const config = join(options.dataDir, 'agent.yaml')
  if (!existsSync(config)) writeFileSync(config, AGENT_CONFIG, { mode: 0o600 })
  if (!existsSync(join(agentDir, 'enrollment.json'))) {
    await collector(collectorDir, [
      'site',
      'put',
      'LOCAL',
      '--name',
      'This machine',
      '--region',
      '110000',
    ])
    const token = await collector(collectorDir, ['token', 'create', '--site', 'LOCAL'])
    await run([
      'agent/src/main.ts',
      'enroll',
      '--collector',
      url,
      '--token',
      token,
      '--state-dir',
      agentDir,
    ])
  }
  const runDir = join(options.dataDir, 'run')
  const folders = ['--config', config, '--state-dir', agentDir, '--run-dir', runDir]
  launch('agent', ['agent/src/main.ts', 'run', ...folders], options.dataDir)
  console.log(await run(['agent/src/main.ts', 'probe', '--config', config]))
  if (!hasAccelerator(await run(['agent/src/main.ts', 'probe', '--config', config, '--json']))) {
    console.log(
      '\nThis machine has no accelerator, so its ledger stays empty. To see one that is not:',
    )
    console.log('  npm start -- --demo')
  }
}

function hasAccelerator(probeJson: string): boolean {
  const { pci, units } = JSON.parse(probeJson)
  return units.length > 0 || pci.length > 0
}

// ---- the made-up fleet ------------------------------------------------------------------------------

async function startDemo(collectorDir: string, url: string): Promise<void> {
  const fleetDir = join(options.dataDir, 'fleet')
  const nodes = DEMO_SITES.reduce((sum, site) => sum + site.nodes.length, 0)
  console.log(
    `Demo: ${nodes} made-up nodes live through ${options.days} days; this takes about a minute.`,
  )
  const fromMs = startOfDemo(fleetDir)
  const tokens: string[] = []
  for (const site of DEMO_SITES) {
    const operator = site.operatorStem + creditCheckCharacter(site.operatorStem)
    const facts = ['--name', site.name, '--region', site.regionCode, '--operator', operator]
    await collector(collectorDir, [
      'site',
      'put',
      site.code,
      ...facts,
      '--operator-name',
      site.operatorName,
    ])
    await declareSite(collectorDir, site)
    tokens.push(
      await collector(collectorDir, ['token', 'create', '--site', site.code, '--uses', '16']),
    )
  }
  await Promise.all(
    DEMO_SITES.map((site, index) => {
      const argument: SiteArguments = {
        site: site.code,
        collectorUrl: url,
        token: tokens[index] ?? '',
        folder: fleetDir,
        seed: options.seed * 100 + index,
        fromMs,
      }
      return siteProcess(argument)
    }),
  )
  console.log('Demo: the past has been lived through; it is on its way to the collector.')
  await startBank(collectorDir, url)
}

/** Draws some of what is deposited, and gives it back. */
async function startBank(collectorDir: string, url: string): Promise<void> {
  const tokenFile = join(options.dataDir, 'bank-token')
  if (!existsSync(tokenFile)) {
    const create = ['token', 'create', '--role', 'bank', '--ttl', '365d']
    const token = await collector(collectorDir, create)
    writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 })
  }
  const token = readFileSync(tokenFile, 'utf8').trim()
  const argument: BankArguments = { url, token, file: join(options.dataDir, 'bank.json') }
  watch(forked('scripts/demo/bank-process.ts', argument), 'the demo bank')
}

/** What the operator says it has: a little more than what is connected, as in life. */
async function declareSite(collectorDir: string, site: DemoSite): Promise<void> {
  for (const node of new Set(site.nodes)) {
    const matched = await run(['collector/src/main.ts', 'catalogue', 'match', node.name, '--json'])
    const model = JSON.parse(matched)
    const cards = site.nodes.filter((other) => other === node).length * DEMO_CARDS_PER_NODE + 8
    const entries = cards * Number(model.fp16_dense_tflops)
    const figures = ['--cards', String(cards), '--p', (entries / 1000).toFixed(3)]
    const what = ['site', 'declare', site.code, '--model', String(model.model), ...figures]
    await collector(collectorDir, [...what, '--basis', 'fp16_dense'])
  }
}

/** A fleet that is started again goes on with its own past. */
function startOfDemo(fleetDir: string): number {
  mkdirSync(fleetDir, { recursive: true })
  const file = join(fleetDir, 'from')
  if (!existsSync(file)) {
    const hour = 3_600_000
    // Within the age up to which a spool keeps what nobody has acknowledged.
    const fromMs = Math.ceil((Date.now() - options.days * DAY_MS) / hour) * hour + hour
    writeFileSync(file, String(fromMs))
  }
  return Number(readFileSync(file, 'utf8'))
}

function siteProcess(argument: SiteArguments): Promise<void> {
  const child = forked('scripts/demo/site-process.ts', argument)
  watch(child, `the demo site ${argument.site}`)
  return new Promise((resolve) => child.once('message', () => resolve()))
}

function forked(script: string, argument: object): ChildProcess {
  return fork(join(ROOT, script), [JSON.stringify(argument)], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

// ---- saying, stopping -------------------------------------------------------------------------------

function sayWhereToLook(url: string, token: string): void {
  console.log(`
The ledger:   ${url}      documentation: ${url}/docs
Access token: ${token} (no second factor is asked for here)

  curl -H "Authorization: Bearer ${token}" ${url}/v1/ledger
  npm run collector -- ledger --by model --data-dir ${join(options.dataDir, 'collector')}
${options.demo ? demoBank(url) : `  npm run agent -- status --run-dir ${join(options.dataDir, 'run')}\n`}
Ctrl-C stops everything; what was measured stays in ${options.dataDir}.`)
}

function demoBank(url: string): string {
  const book = `--state ${join(options.dataDir, 'bank.json')} --bank demo-bank`
  const token = `$(cat ${join(options.dataDir, 'bank-token')})`
  return `  YIBEN_TOKEN=${token} npm run bank-client -- book ${book} --url ${url}\n`
}

async function stop(exitCode: number): Promise<void> {
  if (isStopping) return
  isStopping = true
  // The agents first: their last word needs a collector that listens.
  const [first, ...others] = children
  await Promise.all(others.map((child) => ended(child)))
  if (first !== undefined) await ended(first)
  process.exit(exitCode)
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill('SIGTERM')
  })
}

// ---- processes ----------------------------------------------------------------------------------------

/** Its log goes to a file beside its data, so that the terminal stays readable. */
function launch(name: string, args: readonly string[], dataDir: string): ChildProcess {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    // Ctrl-C reaches this process alone, which stops the others in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let tail = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-2_000)
    writeFileSync(join(dataDir, `${name}.log`), chunk, { flag: 'a' })
  })
  watch(child, `the ${name}`, () => tail)
  return child
}

function watch(child: ChildProcess, name: string, tail: () => string = () => ''): void {
  children.push(child)
  child.once('exit', (code, signal) => {
    if (isStopping) return
    console.error(`${name} ended by itself (${signal ?? code}).\n${tail()}`)
    void stop(1)
  })
}

function firstLine(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => reject(new Error(`${name} did not start in time.`)), STARTUP_MS)
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const end = text.indexOf('\n')
      if (end < 0) return
      clearTimeout(timer)
      resolve(text.slice(0, end))
    })
    child.once('exit', () => reject(new Error(`${name} could not start.`)))
  })
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    child.once('exit', (code) => {
      if (code === 0) resolve(stdout.trim())
      else reject(new Error(`${args.slice(0, 3).join(' ')}: ${stderr.trim() || stdout.trim()}`))
    })
  })
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        demo: { type: 'boolean', default: false },
        port: { type: 'string', default: '7480' },
        'data-dir': { type: 'string' },
        region: { type: 'string', default: '110000' },
        days: { type: 'string', default: '7' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(USAGE)
      process.exit(0)
    }
    return {
      demo: values.demo,
      port: wholeNumber('--port', values.port, 65_535),
      dataDir: resolve(values['data-dir'] ?? (values.demo ? '.yiben-demo' : '.yiben')),
      region: values.region,
      days: wholeNumber('--days', values.days, 30),
      seed: wholeNumber('--seed', values.seed, 1_000_000),
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(2)
  }
}

function wholeNumber(name: string, text: string, most: number): number {
  if (!/^\d+$/.test(text) || Number(text) > most) {
    throw new Error(`${name} takes a whole number from 0 to ${most}, not "${text}".`)
  }
  return Number(text)
}

function cardCount(): number {
  return DEMO_SITES.reduce((sum, site) => sum + site.nodes.length, 0) * DEMO_CARDS_PER_NODE
}

try {
  await start(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  await stop(1)
}
