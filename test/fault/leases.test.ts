/**
 * A real agent, killed while a card of its is lent: it comes back with the lease, ends it at its
 * stated end, and what it says of it reaches the collector whole.
 */
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import {
  attachLinkListener,
  createRealWorld,
  decodeRecord,
  formatEnrollmentToken,
  type LeaseRecord,
  signLeaseNotice,
  type UnsignedLeaseNotice,
} from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { LeaseOnNode } from '../../agent/src/leases/show-leases.ts'
import { AgentProcess } from '../support/agent-process.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { COLLECTOR_KEYS, FakeCollector } from '../support/fake-collector.ts'
import { until } from '../support/program.ts'
import { SimNetwork } from '../support/sim-socket.ts'
import { tempDir } from '../support/temp-dir.ts'

const { clock: realClock } = createRealWorld()
const TOKEN = formatEnrollmentToken({
  id: '0011223344556677',
  secret: new Uint8Array(16).fill(9),
  algorithm: COLLECTOR_KEYS.algorithm,
  collectorKey: COLLECTOR_KEYS.publicKey,
})
/** Long enough for a process to be killed and to come back, on a machine with much else to do. */
const LEASE_MS = 20_000
/** How long news of a lease may take, its end among them. */
const TOLD_MS_MAX = 2 * LEASE_MS
/** A real timer is late by a turn of the event loop and the way of a record, never early. */
const LATE_MS_MAX = 5_000

async function startCollector() {
  const clock = new FakeClock(realClock.wallMs())
  const collector = new FakeCollector(clock, new SimNetwork({ clock }))
  collector.habits.welcome = (welcome) => ({
    ...welcome,
    serverTimeMs: realClock.wallMs(),
    identityKey: { number: 1, key: new Uint8Array(32) },
    capabilities: ['leases'],
  })
  const server = createServer()
  const listener = attachLinkListener({
    server,
    isSecure: false,
    admit: () => ({ status: 'admitted' }),
    onConnection: (socket) => collector.accept(socket),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    listener.close()
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { collector, url: `http://127.0.0.1:${port}` }
}

function leaseRecords(collector: FakeCollector): LeaseRecord[] {
  return [...collector.epochs.values()].flatMap((epoch) =>
    [...epoch.records.values()].flatMap((bytes) => {
      const decoded = decodeRecord(bytes, () => null)
      return decoded.status === 'ok' && decoded.record.kind === 'lease'
        ? [decoded.record.lease]
        : []
    }),
  )
}

function shown(agent: AgentProcess): LeaseOnNode[] {
  return JSON.parse(readFileSync(join(agent.runDir, 'leases.json'), 'utf8')).leases
}

async function enrolled(config: readonly string[] = []) {
  const { collector, url } = await startCollector()
  const agent = new AgentProcess({
    folder: tempDir(),
    name: 'node',
    nodeTag: 'a1',
    vendors: { nvidia: 2 },
    config,
  })
  expect((await agent.enroll(url, TOKEN)).exitCode).toBe(0)
  agent.start()
  onTestFinished(() => agent.kill())
  await until('both cards are free and the link is up', async () => {
    const status = await agent.status()
    const isFree = status?.units.length === 2 && status.units.every(({ state }) => state === 'free')
    return isFree && status.collector.state === 'online' ? true : null
  })
  const lend = (change: Partial<UnsignedLeaseNotice> = {}) => {
    const [epoch = ''] = [...collector.epochs.keys()].slice(-1)
    const startMs = Math.round(realClock.wallMs()) + 1_000
    const leaseNotice = signLeaseNotice(COLLECTOR_KEYS, {
      leaseId: 'e-1',
      kind: 'lend',
      units: [0, 1],
      startMs,
      endMs: startMs + LEASE_MS,
      revision: 1,
      epoch,
      account: 'tenant-7',
      cause: '',
      ...change,
    })
    collector.send({ kind: 'lease_notice', leaseNotice })
    return leaseNotice
  }
  const told = (event: LeaseRecord['event']) =>
    until(
      `a lease is ${event}`,
      () => {
        const found = leaseRecords(collector).filter((record) => record.event === event)
        return found.length > 0 ? found : null
      },
      TOLD_MS_MAX,
    )
  return { collector, agent, lend, told }
}

describe('an agent killed with a running lease', () => {
  test('comes back with it, and ends it at its time', async () => {
    const { collector, agent, lend, told } = await enrolled()
    const { startMs, endMs } = lend()
    expect(await told('taken')).toMatchObject([{ leaseId: 'e-1', revision: 1, units: [0, 1] }])
    expect(shown(agent)).toMatchObject([
      { leaseId: 'e-1', account: 'tenant-7', startMs, endMs, units: [0, 1] },
    ])
    await agent.kill()
    agent.start()
    const status = await until('it answers again', async () => {
      const answer = await agent.status()
      return answer?.units.length === 2 ? answer : null
    })
    expect(status.units.map(({ lease }) => lease?.untilMs)).toEqual([endMs, endMs])
    // First of all it tells what it believes to be lent, as it was signed.
    const leases = await until('it tells its leases', () => {
      const found = collector.heard.findLast((message) => message.kind === 'leases')
      return found !== undefined && found.leases.length > 0 ? found.leases : null
    })
    expect(leases).toMatchObject([{ leaseId: 'e-1', kind: 'lend', revision: 1, endMs }])
    const ended = await told('ended')
    expect(ended).toMatchObject([{ leaseId: 'e-1', cause: 'expire', atMs: endMs, units: [0, 1] }])
    expect(realClock.wallMs()).toBeGreaterThanOrEqual(endMs)
    expect(realClock.wallMs()).toBeLessThan(endMs + LATE_MS_MAX)
    await until('nothing is shown as lent', () => (shown(agent).length === 0 ? true : null))
    // A crash may have something said twice, and never left out.
    const taken = leaseRecords(collector).filter(({ event }) => event === 'taken')
    expect(new Set(taken.map(({ revision }) => revision))).toEqual(new Set([1]))
    expect(await agent.stop()).not.toBeNull()
    expect(collector.violations).toEqual([])
  }, 90_000)

  test('and started after its end tells that it ended then', async () => {
    const { agent, lend, told, collector } = await enrolled()
    const { endMs } = lend({ endMs: Math.round(realClock.wallMs()) + 3_000 })
    await told('taken')
    await agent.kill()
    await until('the lease is over', () => (realClock.wallMs() > endMs + 100 ? true : null))
    agent.start()
    expect(await told('ended')).toMatchObject([{ cause: 'expire', atMs: endMs }])
    expect(await agent.stop()).not.toBeNull()
    expect(collector.violations).toEqual([])
  }, 90_000)
})

test('a real handover script is told of both ends, and `reclaim` says that a lease has ended', async () => {
  const folder = tempDir()
  const script = join(folder, 'handover.sh')
  const log = join(folder, 'handed')
  writeFileSync(script, `#!/bin/sh\necho "$YIBEN_EVENT $YIBEN_LEASE $YIBEN_ACCOUNT" >> ${log}\n`, {
    mode: 0o755,
  })
  const { agent, lend, told } = await enrolled([`handover: { kind: command, command: ${script} }`])
  lend({ endMs: Math.round(realClock.wallMs()) + 600_000 })
  await told('taken')
  await until('the script was run', () => {
    try {
      return readFileSync(log, 'utf8') === 'lend e-1 tenant-7\n' ? true : null
    } catch {
      return null
    }
  })
  const reclaimed = await agent.command('reclaim')
  expect(reclaimed.stdout).toContain('2 of them were lent: that has ended')
  expect(await told('ended')).toMatchObject([{ cause: 'veto', units: [0, 1] }])
  await until('the script was run again', () =>
    readFileSync(log, 'utf8').endsWith('veto e-1 tenant-7\n') ? true : null,
  )
  await agent.stop()
  // A script that others may write keeps the agent from starting, and `doctor` says so.
  chmodSync(script, 0o777)
  agent.start()
  const refused = await agent.command('doctor')
  expect(refused.stdout).toMatch(/handover.*may be written by others/)
  await until('it has ended', () => (agent.isRunning ? null : true))
  expect(agent.program.exitCode).toBe(2)
  expect(agent.program.output).toContain('handover.command')
}, 90_000)
