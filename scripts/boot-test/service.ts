/** What the service must do however it was installed: score, restarts, watchdog, reboot. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import type { Machine } from './machine.ts'
import { expect, expectMatch, type Report } from './report.ts'

const EXPOSURE_MAX = 2

export async function checkService(report: Report, machine: Machine): Promise<void> {
  const { container } = machine
  await report.step('the agent is active, told systemd so, and is watched', async () => {
    await machine.isRunning()
    expect('Type', await machine.property('Type'), 'notify')
    expect('WatchdogUSec', await machine.property('WatchdogUSec'), '1min')
    expectMatch(await machine.property('StatusText'), new RegExp(`node ${machine.nodeId()}`))
    expect('User', await machine.property('User'), 'yiben-agent')
    const pid = await machine.mainPid()
    const caps = await container.run(`grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/${pid}/status`)
    expectMatch(caps, /CapEff:\s+0000000000000000\nNoNewPrivs:\s+1\nSeccomp:\s+2/)
    return undefined
  })
  await report.step('its cards are in the ledger, second after second', () => machine.reports())
  await report.step(`systemd-analyze finds an exposure of at most ${EXPOSURE_MAX}`, async () => {
    const text = await container.run('systemd-analyze security --no-pager yiben-agent.service')
    const [, score] = /Overall exposure level for \S+ ([\d.]+)/.exec(text.replace(/:/g, '')) ?? []
    if (score === undefined || Number(score) > EXPOSURE_MAX) {
      throw new Error(
        `it is ${score}:\n${text
          .split('\n')
          .filter((line) => line.includes('✗'))
          .join('\n')}`,
      )
    }
    return score
  })
  await report.step('doctor sees what the daemon sees, and names what is wrong', async () => {
    const { exitCode, text } = await container.sh('yiben-agent doctor')
    expectMatch(text, /state folder\s+\/var\/lib\/yiben-agent belongs to this user alone/)
    expectMatch(text, /An agent is running/)
    expectMatch(text, /can be reached/)
    return `exit code ${exitCode}`
  })
  await report.step('nobody else may read its key, its records or its token', async () => {
    await container.run('useradd --no-create-home somebody')
    for (const path of ['/var/lib/yiben-agent', '/etc/yiben/agent.yaml']) {
      const { exitCode } = await container.sh(
        `setpriv --reuid somebody --regid somebody --clear-groups cat ${path}/* ${path}`,
      )
      if (exitCode === 0) throw new Error(`${path} can be read by anybody`)
    }
    const status = 'setpriv --reuid somebody --regid somebody --clear-groups yiben-agent status'
    const { exitCode } = await container.sh(status)
    await container.run('userdel somebody')
    if (exitCode === 0) throw new Error('anybody may give orders to the agent')
    return undefined
  })
  await report.step('after kill -9 it runs again, and what it missed is unknown', async () => {
    const since = new Date().toISOString()
    const pid = await machine.mainPid()
    await container.run(`kill -9 ${pid}`)
    await machine.hasRestarted(pid)
    await machine.hasUnknownSince(since)
    return machine.reports()
  })
  await report.step('an agent that hangs is ended by the watchdog and runs again', async () => {
    // Sooner than in earnest; an administrator's own drop-in does it.
    await dropIn(machine, 'WatchdogSec=6')
    try {
      const since = new Date().toISOString()
      const pid = await machine.mainPid()
      await delay(3_000)
      await container.run(`kill -STOP ${pid}`)
      await machine.hasRestarted(pid, 90_000)
      expectMatch(
        await container.run('journalctl --unit yiben-agent.service --no-pager --output cat'),
        /Watchdog timeout/,
      )
      await machine.hasUnknownSince(since)
    } finally {
      await dropIn(machine, null)
    }
    return machine.reports()
  })
  await report.step('after a reboot it is the same node and has the same records', async () => {
    const before = { node: machine.nodeId(), since: new Date().toISOString() }
    let goodbye = ''
    await container.reboot(() => {
      goodbye = lastGoodbye(machine)
    })
    expectMatch(goodbye, /^reboot /)
    await machine.isRunning()
    expect('the node', machine.nodeId(), before.node)
    await machine.hasUnknownSince(before.since, 'reboot')
    return machine.reports()
  })
}

/** The last word of an agent that has ended, its reason first; a copy is read, so that nothing is left beside it. */
function lastGoodbye({ container }: Machine): string {
  const copy = join(mkdtempSync(join(tmpdir(), 'yiben-spool-')), 'spool.db')
  container.take('/var/lib/yiben-agent/spool.db', copy)
  const spool = new DatabaseSync(copy)
  try {
    const row = spool.prepare('SELECT value FROM meta WHERE key = ?').get('agent.goodbye')
    return String(row?.value)
  } finally {
    spool.close()
    rmSync(dirname(copy), { recursive: true })
  }
}

/** Lines for `[Service]`, or none any more; the agent is restarted with them. */
export async function dropIn({ container }: Machine, line: string | null): Promise<void> {
  const folder = '/etc/systemd/system/yiben-agent.service.d'
  if (line === null) await container.run(`rm -rf ${folder}`)
  else container.write(`${folder}/test.conf`, `[Service]\n${line}\n`)
  await container.run('systemctl daemon-reload && systemctl restart yiben-agent.service')
}

/** As a newer version would have left it: a format that this one does not know. */
export async function setSpoolFormat({ container }: Machine, format: number): Promise<void> {
  await container.run(`systemctl stop yiben-agent.service
setpriv --reuid yiben-agent --regid yiben-agent --clear-groups \
  /usr/lib/yiben-agent/bin/node --no-warnings -e '
const { DatabaseSync } = require("node:sqlite")
const spool = new DatabaseSync("/var/lib/yiben-agent/spool.db")
spool.exec("PRAGMA user_version = ${format}")
spool.exec("PRAGMA wal_checkpoint(TRUNCATE)")
spool.close()'`)
}
