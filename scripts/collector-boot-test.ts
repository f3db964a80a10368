/**
 * `npm run collector-boot-test [-- --tarball FILE]`: the collector's package in a real Debian booted by
 * systemd-nspawn: install, serve, back up, kill -9, installations that are killed, upgrades that fail
 * and are put back, one that has changed the format, one that succeeds, uninstall. Needs root, debootstrap and systemd-container;
 * exit code 77 and a sentence where it cannot run, 1 where something does not hold.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Container } from './boot-test/container.ts'
import { baseDebian, hindrance } from './boot-test/debian.ts'
import { buildOwn, OWN_ARCHITECTURE } from './boot-test/variants.ts'
import { COLLECTOR_PACKAGE } from './package/collector-tree.ts'

const CACHE = '/var/cache/yiben-boot-test'
const LIB = 'files/usr/lib/yiben-collector'
const CANNOT_RUN = 77
/** A program that serves and then dies: it has opened the ledger by then. */
const DIES = `if (process.argv.includes('serve')) setTimeout(() => process.exit(3), 6_000);\n`

/** A package as it is, but for its version and what \`change\` does to it. */
function variant(from: string, to: string, version: string, change: (lib: string) => void): void {
  cpSync(from, to, { recursive: true })
  writeFileSync(join(to, 'VERSION'), `${version}\n`)
  writeFileSync(join(to, LIB, 'VERSION'), `${version}\n`)
  change(join(to, LIB))
}

function dying(lib: string): void {
  const file = join(lib, 'app/yiben-collector.mjs')
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/^(#!.*\n)?/, (line) => `${line}${DIES}`),
  )
}

/** A table more than this version has. */
function newFormat(lib: string): void {
  const folder = join(lib, 'app/collector/src/storage/sqlite/migrations')
  const number = readdirSync(folder).length + 1
  const name = `${String(number).padStart(4, '0')}-try.sql`
  writeFileSync(join(folder, name), 'CREATE TABLE tried (n INTEGER) STRICT;\n')
  writeFileSync(join(lib, 'LEDGER_FORMAT'), `${number}\n`)
}

class Steps {
  readonly #machine: Container

  constructor(machine: Container) {
    this.#machine = machine
  }

  async run(script: string, exitCode = 0): Promise<string> {
    const said = await this.#machine.sh(script)
    if (said.exitCode === exitCode) return said.text
    const log = await this.#machine.sh('journalctl --lines 40 --no-pager --output cat')
    throw new Error(`${script}: exit ${said.exitCode}\n${said.text}\n${log.text}`)
  }

  hold(isSo: boolean, sentence: string, said = ''): void {
    if (!isSo) throw new Error(`not so: ${sentence}\n${said}`)
    console.log(`  ${sentence}`)
  }

  async serves(sentence: string): Promise<void> {
    const state = await this.run('sleep 1; systemctl is-active yiben-collector || true')
    this.hold(state.trim() === 'active', sentence, state)
  }
}

/** Of the container's network, which is the host's. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '0.0.0.0')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('there is no free port')
  return address.port
}

async function builtIn(folder: string): Promise<string> {
  console.log('building the package of this checkout')
  const options = { folder, architecture: OWN_ARCHITECTURE }
  return (await buildOwn(COLLECTOR_PACKAGE, options)).tarball
}

async function install(steps: Steps): Promise<void> {
  await steps.run('/root/good/install.sh --no-start')
  await steps.run(`echo 'port: ${await freePort()}' >>/etc/yiben-collector/collector.yaml`)
  await steps.run('/root/good/install.sh --check', 10)
  await steps.run('/root/good/install.sh')
  await steps.serves('it is installed and serves')
  steps.hold((await steps.run('/root/good/install.sh')) === '', 'a second time changes nothing')
  const security = await steps.run('systemd-analyze security yiben-collector.service | tail -n 1')
  steps.hold(/level for \S+: [01]\.\d/.test(security), security.trim())
  await steps.run('yiben-collector site put BJ-01 --name A --region 110000')
  const owners = await steps.run('find /var/lib/yiben-collector ! -user yiben-collector')
  steps.hold(owners === '', 'a command of root leaves nothing of root behind', owners)
}

async function backUp(steps: Steps): Promise<void> {
  await steps.run('systemctl start yiben-collector-backup.service')
  const found = await steps.run(
    'find /var/backups/yiben-collector -name "yiben-*.sqlite" -perm 600',
  )
  steps.hold(found.trim().split('\n').length === 1, 'the backup service makes a backup', found)
  await steps.run('mv /var/backups/yiben-collector /var/backups/elsewhere')
  await steps.run('systemctl start yiben-collector-backup.service', 1)
  const failed = await steps.run('systemctl is-failed yiben-collector-backup.service')
  steps.hold(failed.trim() === 'failed', 'and fails where its folder is gone')
  await steps.run('mv /var/backups/elsewhere /var/backups/yiben-collector')
  const timer = await steps.run('systemctl is-active yiben-collector-backup.timer')
  steps.hold(timer.trim() === 'active', 'its timer is on')
}

async function kill(steps: Steps): Promise<void> {
  await steps.run('systemctl kill --signal KILL --kill-whom main yiben-collector; sleep 12')
  await steps.serves('killed, it is back')
}

async function interrupt(steps: Steps): Promise<void> {
  for (const [at, seconds] of [0.1, 0.4, 0.8, 1.5, 3, 5].entries()) {
    const name = at % 2 === 0 ? 'other' : 'good'
    await steps.run(`timeout --signal KILL ${seconds} /root/${name}/install.sh || true`)
    await steps.run(`/root/${name}/install.sh`)
    const there = await steps.run('cat /usr/lib/yiben-collector/VERSION')
    const wanted = await steps.run(`cat /root/${name}/VERSION`)
    if (there !== wanted) throw new Error(`after ${seconds} s: ${there} is there, not ${wanted}`)
    await steps.run(`/root/${name}/install.sh --check`)
    await steps.run('systemctl is-active yiben-collector')
  }
  steps.hold(true, 'an installation that is killed at any moment is mended by the next one')
  await steps.run('timeout --signal KILL 3 /root/other/install.sh || true')
  const bad = await steps.run('/root/bad/install.sh', 1)
  steps.hold(bad.includes('was put back and runs'), 'and a bad one after it is put back', bad)
  await steps.serves('the last good one serves')
  await steps.run('/root/good/install.sh')
}

async function upgrade(steps: Steps): Promise<void> {
  const bad = await steps.run('/root/bad/install.sh', 1)
  steps.hold(
    bad.includes('was put back and runs'),
    'one that does not become ready is put back',
    bad,
  )
  await steps.serves('and the old one serves')

  const late = await steps.run('/root/late/install.sh', 1)
  const [, copy] = /restore (\S+before-migration-\S+\.sqlite) --replace/.exec(late) ?? []
  steps.hold(copy !== undefined, 'one that has changed the format names the copy', late)
  const state = await steps.run('systemctl is-active yiben-collector || true')
  steps.hold(state.trim() !== 'active', 'the old one is put back and stopped', state)
  await steps.run(`yiben-collector restore ${copy} --replace && systemctl start yiben-collector`)
  await steps.serves('a restore of it goes back')
  const sites = await steps.run('yiben-collector site list')
  steps.hold(sites.includes('BJ-01'), 'with what was in it', sites)

  await steps.run('/root/next/install.sh')
  await steps.serves('a good one takes over')
  const older = await steps.run('/root/good/install.sh', 1)
  steps.hold(older.includes('a newer version wrote it'), 'an older one is not put over it', older)
  await steps.serves('which changes nothing')
}

async function uninstall(steps: Steps): Promise<void> {
  await steps.run('/root/next/uninstall.sh')
  await steps.run('test -f /var/lib/yiben-collector/ledger.sqlite')
  steps.hold(true, 'uninstalled, the ledger stays')
  await steps.run('/root/next/uninstall.sh --purge')
  const left = await steps.run(
    'find / -xdev \\( -path /root -o -path /proc -o -path /sys -o -path /var/log \\) -prune -o -name "*yiben*" -print',
  )
  steps.hold(left === '', 'purged, nothing is left', left)
}

const USAGE = `npm run collector-boot-test [-- --tarball FILE]

  --tarball FILE  of this machine’s architecture (default: built from this checkout)`
const { values } = parseArgs({
  options: { tarball: { type: 'string' }, help: { type: 'boolean', default: false } },
})
const why = hindrance()
if (values.help) console.log(USAGE)
else if (why !== null) {
  console.error(why)
  process.exitCode = CANNOT_RUN
} else {
  const base = baseDebian(CACHE)
  const folder = mkdtempSync(join(CACHE, 'run-'))
  try {
    const good = join(folder, 'good')
    mkdirSync(good)
    const tarball = values.tarball ?? (await builtIn(folder))
    execFileSync('tar', ['-xzf', resolve(tarball), '-C', good, '--strip-components=1'])
    await using machine = Container.copyOf(base, { folder, name: 'collector' })
    const root = join(machine.root, 'root')
    cpSync(good, join(root, 'good'), { recursive: true })
    variant(good, join(root, 'other'), '9.9.0', () => {})
    variant(good, join(root, 'bad'), '9.9.1', dying)
    variant(good, join(root, 'late'), '9.9.2', (lib) => {
      newFormat(lib)
      dying(lib)
    })
    variant(good, join(root, 'next'), '9.9.3', newFormat)
    appendFileSync(join(machine.root, 'etc/hosts'), '127.0.0.1 localhost\n')
    await machine.boot()
    const steps = new Steps(machine)
    for (const step of [install, backUp, kill, interrupt, upgrade, uninstall]) {
      console.log(step.name)
      await step(steps)
    }
    console.log('all of it holds')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
