/**
 * A collector with certificates of its own and agents that were given a token and nothing else, as
 * processes of their own over TLS to an address: first contact, change of the authority with a node
 * that is away, change of a node's key with kills in between, revocation.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { issueServer, makeAuthority } from '../../collector/src/tls/issue.ts'
import { createRealWorld } from '../../shared/src/real-world.ts'
import { AgentProcess } from '../support/agent-process.ts'
import { CollectorProcess } from '../support/collector-process.ts'
import { until } from '../support/program.ts'
import { tempDir } from '../support/temp-dir.ts'

const { clock, random } = createRealWorld()

const CONFIG = [
  'seal_delay: 1s',
  'bank: { observing: 1s }',
  'intervals: { sequence: 100ms, deposit: 100ms, rollup: 1s, liveness: 200ms }',
  'limits: { requests_per_minute: 100000 }',
]
const OWN = [...CONFIG, 'tls: { mode: own, look: 200ms }']

async function collectorWith(config: readonly string[]): Promise<CollectorProcess> {
  const collector = new CollectorProcess(tempDir(), config)
  onTestFinished(() => collector.kill())
  await collector.start()
  return collector
}

function agentOf(name: string, nodeTag: string, config: readonly string[] = []): AgentProcess {
  const options = { folder: tempDir(), name, nodeTag, vendors: { nvidia: 1 } }
  const agent = new AgentProcess({ ...options, config })
  onTestFinished(() => agent.kill())
  return agent
}

async function enroll(agent: AgentProcess, url: string, token: string): Promise<string> {
  const done = await agent.enroll(url, token)
  if (done.exitCode !== 0) throw new Error(done.stderr)
  const [nodeId] = /n-[0-9a-f]{16}/.exec(done.stdout) ?? []
  return String(nodeId)
}

function online(agent: AgentProcess) {
  return until(`${agent.name} online`, async () =>
    (await agent.status())?.collector.state === 'online' ? true : null,
  )
}

interface Authorities {
  readonly pin: string
  readonly version: number
  readonly roots: readonly string[]
}

/** What the collector tells now; read from its folder, which costs no process. */
function toldBy(collector: CollectorProcess): Authorities {
  return JSON.parse(readFileSync(join(collector.dataDir, 'tls/told.json'), 'utf8'))
}

function knownBy(agent: AgentProcess): Omit<Authorities, 'pin'> {
  return JSON.parse(readFileSync(join(agent.stateDir, 'trust.json'), 'utf8'))
}

/** The nodes know what is told, in that many authorities. */
function allKnow(collector: CollectorProcess, agents: readonly AgentProcess[], count: number) {
  return until(`${count} authorities are known`, () => {
    const { version, roots } = toldBy(collector)
    const isKnown = agents.every((agent) => knownBy(agent).version === version)
    return isKnown && roots.length === count ? version : null
  })
}

describe('first contact', () => {
  test('a token is all that a node needs to reach an address over TLS', async () => {
    const collector = await collectorWith(OWN)
    const agent = agentOf('gpu-1', 'a1')
    const token = await collector.enrollmentToken(1)
    expect(collector.url).toMatch(/^https:\/\/127\.0\.0\.1:/)
    await enroll(agent, collector.url, token)
    expect(knownBy(agent)).toMatchObject({ version: 0, isPinned: true })
    agent.start()
    await allKnow(collector, [agent], 1)
    await online(agent)
    expect(knownBy(agent).roots.join('').trim()).toBe(await collector.say(['tls', 'ca']))
    const status = await until('the node is counted', async () => {
      const told = JSON.parse(await collector.say(['tls', 'status', '--json']))
      return told.nodes_knowing === 1 ? told : null
    })
    expect(status).toMatchObject({
      ...{ pin: toldBy(collector).pin, version: toldBy(collector).version },
      ...{ nodes: 1, nodes_waited_for: 0, nodes_not_knowing: [], drop_at: null },
      authorities: [{ role: 'signs' }],
    })
    await olderTlsIsRefused(collector.port)
  }, 60_000)

  test('somebody in between with a certificate of another authority is told nothing', async () => {
    const collector = await collectorWith(OWN)
    const token = await collector.enrollmentToken(1)
    const issuing = { random, nowMs: clock.wallMs() }
    const authority = await makeAuthority(issuing)
    const names = ['127.0.0.1', 'localhost']
    const shown = await issueServer(authority, names, { ...issuing, lifeMs: 86_400_000 })
    let heardBytes = 0
    const between = createTlsServer(
      { cert: shown.cert + authority.cert, key: shown.key },
      (victim) => {
        const upstream = connectTls({ port: collector.port, rejectUnauthorized: false })
        victim.on('data', (bytes: Buffer) => {
          heardBytes += bytes.length
        })
        victim.on('error', () => upstream.destroy())
        upstream.on('error', () => victim.destroy())
        victim.pipe(upstream)
        upstream.pipe(victim)
      },
    )
    await new Promise<void>((done) => between.listen(0, '127.0.0.1', done))
    onTestFinished(() => void between.close())
    const { port } = between.address() as { port: number }
    const agent = agentOf('gpu-1', 'a1')
    const done = await agent.enroll(`https://127.0.0.1:${port}`, token)
    expect(done.exitCode).toBe(1)
    expect(done.stderr).toContain('shows no certificate of the authority that the token names')
    expect(heardBytes).toBe(0)
    expect(existsSync(join(agent.stateDir, 'enrollment.json'))).toBe(false)
    // The token is good as it was.
    await enroll(agent, collector.url, token)
  }, 60_000)
})

async function olderTlsIsRefused(port: number): Promise<void> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    maxVersion: 'TLSv1.2',
  })
  const code = await new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.once('secureConnect', () => resolve(socket.getProtocol()))
  })
  expect(code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
}

describe('a change of the authority', () => {
  test('reaches every node by itself, but one that comes after it is over', async () => {
    const collector = await collectorWith(OWN)
    const token = await collector.enrollmentToken(4)
    const [here, away, late] = [
      agentOf('gpu-1', 'a1'),
      agentOf('gpu-2', 'a2'),
      agentOf('gpu-3', 'a3'),
    ]
    const lateId = await enroll(late, collector.url, token)
    for (const agent of [here, away]) await enroll(agent, collector.url, token)
    here.start()
    await allKnow(collector, [here], 1)
    const before = toldBy(collector)
    // The others were heard a moment ago, when they enrolled: waited for until the date.
    await collector.say(['tls', 'rotate-ca', '--switch-by', '4s', '--drop-after', '12s'])
    expect(await allKnow(collector, [here], 2)).toBeGreaterThan(before.version)
    expect(toldBy(collector).pin).toBe(before.pin)
    await until('the new one signs', () => (toldBy(collector).pin === before.pin ? null : true))
    expect((await here.status())?.collector.state).toBe('online')
    expect(toldBy(collector).roots).toContain(before.roots[0])
    // A node that knows only the old authority comes in, and learns.
    away.start()
    await allKnow(collector, [here, away], 2)
    await allKnow(collector, [here, away], 1)
    expect(toldBy(collector).roots).not.toContain(before.roots[0])
    // Everybody comes back to a collector that starts anew, but one that knows nothing of it.
    await collector.stop()
    await collector.start()
    late.start()
    for (const agent of [here, away]) await online(agent)
    const problem = await until(
      'the refusal',
      async () => (await late.status())?.collector.problem ?? null,
    )
    expect(problem).toContain('enroll it again with a new token')
    await late.stop()
    const refused = await agentOf('gpu-4', 'a4').enroll(collector.url, token)
    expect(refused.stderr).toContain('the authority has been changed since')
    // The same node, under the same id, its history kept.
    expect(await enroll(late, collector.url, await collector.enrollmentToken(1))).toBe(lateId)
    late.start()
    await online(late)
  }, 150_000)
})

describe('the key of a node', () => {
  test('changes by itself, whoever is killed in between', async () => {
    const collector = await collectorWith([...CONFIG, 'tls: { look: 200ms }'])
    const agent = agentOf('gpu-1', 'a1')
    const nodeId = await enroll(agent, collector.url, await collector.enrollmentToken(1))
    const keyNow = () => readFileSync(join(agent.stateDir, 'node-key'), 'utf8')
    const first = keyNow()
    // Asked while the node is away; both are killed as soon as the node has made a key.
    await collector.say(['node', 'rotate-key', nodeId])
    agent.start()
    await until('a key is made', () => {
      const isMade = readdirSync(agent.stateDir).some((name) => name.startsWith('node-key.next-'))
      return isMade || keyNow() !== first ? true : null
    })
    await Promise.all([collector.kill(), agent.kill()])
    await collector.start()
    agent.start()
    await until('the key is new', () => (keyNow() === first ? null : true))
    // Killed as it has put the new one in force, before the collector has seen it.
    await agent.kill()
    agent.start()
    await online(agent)
    // It is over: the node can be asked again.
    await until('the next order', async () => {
      const again = JSON.parse(await collector.say(['node', 'rotate-key', nodeId, '--json']))
      return again.asked.length === 1 ? true : null
    })
    // A revocation that another process orders ends the session at once, not at its next word.
    await collector.say(['node', 'revoke', nodeId])
    await until('it is out', async () =>
      (await agent.status())?.collector.state === 'refused' ? true : null,
    )
  }, 150_000)
})
