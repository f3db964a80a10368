/**
 * `npm run arm64-test`: the packages for arm64 in a Debian for arm64, run by QEMU where this machine is
 * another: installed from the .deb, their native parts loaded, an agent with made-up cards that reports
 * to a collector on this host, and a collector that admits an agent. No init runs there: units, groups
 * of devices and the hardware itself are not tried. Needs root; exit code 77 and a sentence where it
 * cannot run.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { until } from './bench/support/program.ts'
import { armHindrance, baseArmDebian, letOtherProgramsRun } from './boot-test/arm64.ts'
import { plugCards, reportsOf } from './boot-test/cards.ts'
import { expect, expectMatch, Report } from './boot-test/report.ts'
import { Site } from './boot-test/site.ts'
import { buildOwn } from './boot-test/variants.ts'
import { AGENT_PACKAGE } from './package/agent.ts'
import { COLLECTOR_PACKAGE } from './package/collector-tree.ts'
import { VERSION } from './package/root.ts'

/** Only root may write here: what lies in it is run as root. */
const CACHE = '/var/cache/yiben-boot-test'
const CANNOT_RUN = 77
/** QEMU takes ten times as long for everything, the start of Node.js first of all. */
const SLOW_MS = 300_000
const PACE = [
  'sample_period: 2s',
  'tick: 2s',
  'heartbeat: 2s',
  'deposit: { enabled: true, calendar: always, min_free: 2s }',
]
const OUTPUT_LENGTH_MAX = 256 * 1024
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
const AS_AGENT = 'setpriv --reuid yiben-agent --regid yiben-agent --init-groups'
const AS_COLLECTOR = 'setpriv --reuid yiben-collector --regid yiben-collector --init-groups'
const COLLECTOR_URL = /"url":"([^"]+)"/

/** Programs of a root folder, as root there. */
class Root implements AsyncDisposable {
  readonly path: string
  readonly #ends: (() => Promise<void>)[] = []

  constructor(base: string, path: string) {
    this.path = path
    execFileSync('cp', ['-a', '--reflink=auto', base, path])
    execFileSync('mount', ['-t', 'proc', 'proc', join(path, 'proc')])
    process.once('exit', () => this.#unmount())
  }

  /** What it says, errors too, and how it ends. */
  async sh(script: string): Promise<{ readonly exitCode: number | null; readonly text: string }> {
    const program = this.start(script)
    await program.ended
    return { exitCode: program.exitCode(), text: program.said() }
  }

  /** What it says; throws where it fails. */
  async run(script: string): Promise<string> {
    const { exitCode, text } = await this.sh(script)
    if (exitCode === 0) return text.trim()
    throw new Error(`\`${script}\` ended with ${exitCode}: ${text.slice(-2000)}`)
  }

  /** Left running until it is stopped, or this is disposed of. */
  start(script: string) {
    const child = spawn('chroot', [this.path, '/bin/sh', '-c', `exec 2>&1\n${script}`], {
      env: { PATH, HOME: '/root', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_LENGTH_MAX)
    })
    const ended = once(child, 'close')
    const stop = async (signal: NodeJS.Signals) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await ended
    }
    this.#ends.push(() => stop('SIGKILL'))
    return { ended, stop, said: () => output, exitCode: () => child.exitCode }
  }

  async install(deb: string): Promise<void> {
    cpSync(deb, join(this.path, 'root', basename(deb)))
    await this.run(`dpkg --install /root/${basename(deb)}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end()
    this.#unmount()
  }

  /** Harmless to repeat. */
  #unmount(): void {
    spawnSync('umount', ['--lazy', join(this.path, 'proc')])
  }
}

async function checkAgent(report: Report, root: Root, site: Site, deb: string): Promise<void> {
  const node = '/usr/lib/yiben-agent/bin/node --no-warnings'
  await report.step('agent: the .deb installs, and says its version', async () => {
    await root.install(deb)
    expect('the version', (await root.run('yiben-agent --version')).split('\n').at(-1), VERSION)
    return await root.run(`${node} -p 'process.arch + ", Node.js " + process.version'`)
  })
  await report.step('agent: koffi calls the C library', async () => {
    const koffi = '/usr/lib/yiben-agent/app/node_modules/koffi'
    const call = `require("${koffi}").load("libc.so.6").func("int abs(int n)")(-7)`
    expect('the answer', await root.run(`${node} -p '${call}'`), '7')
    return undefined
  })
  const nodeId = () => {
    const file = join(root.path, 'var/lib/yiben-agent/enrollment.json')
    return String(JSON.parse(readFileSync(file, 'utf8')).nodeId)
  }
  await report.step('agent: enrolls over TLS with a token that pins the authority', async () => {
    writeFileSync(join(root.path, 'etc/yiben/agent.yaml'), plugCards(root.path, 'e1', PACE))
    const token = await site.token(1)
    await root.run(`yiben-agent enroll --collector ${site.url} --token ${token} --name arm-1`)
    return nodeId()
  })
  await root.run('install -d -o yiben-agent -g yiben-agent /run/yiben')
  await report.step('agent: reports eight cards, is killed, reports again', async () => {
    const first = root.start(`exec ${AS_AGENT} yiben-agent run`)
    const figure = await until('cards that are busy and cards that are free', SLOW_MS, async () => {
      const told = await reportsOf(site, nodeId(), SLOW_MS)
      return /busy.*free/.test(told) ? told : null
    })
    await first.stop('SIGKILL')
    const again = root.start(`exec ${AS_AGENT} yiben-agent run`)
    await reportsOf(site, nodeId(), SLOW_MS)
    await again.stop('SIGTERM')
    expect('the exit code after SIGTERM', again.exitCode(), 0)
    return figure
  })
  await report.step('agent: doctor looks at the machine', async () => {
    const { text } = await root.sh('yiben-agent doctor')
    expectMatch(text, /state folder\s+\/var\/lib\/yiben-agent belongs to this user alone/)
    expectMatch(text, /can be reached/)
    return undefined
  })
}

async function checkCollector(report: Report, root: Root, deb: string): Promise<void> {
  const node = '/usr/lib/yiben-collector/bin/node --no-warnings'
  await report.step('collector: the .deb installs, and says its version', async () => {
    await root.install(deb)
    expect('the version', (await root.run('yiben-collector --version')).split('\n').at(-1), VERSION)
    return undefined
  })
  await report.step('collector: the native SQLite answers', async () => {
    const library = '/usr/lib/yiben-collector/app/node_modules/better-sqlite3'
    const ask = `new (require("${library}"))(":memory:").prepare("SELECT sqlite_version() AS v").get().v`
    return `SQLite ${await root.run(`${node} -p '${ask}'`)}`
  })
  await report.step('collector: begins a ledger, serves TLS, admits an agent', async () => {
    const config = join(root.path, 'etc/yiben-collector/collector.yaml')
    writeFileSync(config, 'data_dir: /var/lib/yiben-collector\nport: 0\ntls: { mode: own }\n')
    const serving = root.start(`exec ${AS_COLLECTOR} yiben-collector serve`)
    const url = await until('the collector to serve', SLOW_MS, () => {
      if (serving.exitCode() !== null) throw new Error(serving.said())
      return COLLECTOR_URL.exec(serving.said())?.[1] ?? null
    })
    await root.run('yiben-collector site put ARM-1 --name A --region 110000')
    const said = await root.run('yiben-collector token create --site ARM-1')
    const [token] = /yb1_[A-Za-z0-9_-]+/.exec(said) ?? []
    const at = url.replace('https:', 'wss:')
    const other = '/var/lib/yiben-agent/other'
    const enrolled = await root.run(
      `install -d -o yiben-agent -g yiben-agent -m 0700 ${other} && ${AS_AGENT} yiben-agent enroll --state-dir ${other} --collector ${at} --token ${token}`,
    )
    expectMatch(enrolled, /n-[0-9a-f]{16}/)
    await serving.stop('SIGTERM')
    expect('the exit code after SIGTERM', serving.exitCode(), 0)
    const ledger = join(root.path, 'var/lib/yiben-collector/ledger.sqlite')
    if (!existsSync(ledger)) throw new Error('there is no ledger')
    return undefined
  })
}

async function check(): Promise<number> {
  const report = new Report()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  letOtherProgramsRun()
  const base = baseArmDebian(CACHE)
  const folder = mkdtempSync(join(CACHE, 'arm64-'))
  try {
    console.log('building the packages of this checkout for arm64')
    const options = { folder, architecture: 'arm64' as const }
    const agent = await buildOwn(AGENT_PACKAGE, options)
    const collector = await buildOwn(COLLECTOR_PACKAGE, options)
    mkdirSync(join(folder, 'site'))
    await using site = await Site.start(join(folder, 'site'))
    await using root = new Root(base, join(folder, 'root'))
    await checkAgent(report, root, site, agent.deb)
    await checkCollector(report, root, collector.deb)
    return report.end()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const { values } = parseArgs({ options: { help: { type: 'boolean', default: false } } })
const hindrance = armHindrance()
if (values.help) console.log('npm run arm64-test   (as root; debootstrap, qemu-user-static)')
else if (hindrance !== null) {
  console.error(`no program for arm64 can be run here: ${hindrance}`)
  process.exitCode = CANNOT_RUN
} else {
  process.exitCode = await check()
}
