/** Local control over a real socket in a folder of the test. */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { silentLogger } from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import { askAgent } from '../../../agent/src/control/client.ts'
import { writeLeases } from '../../../agent/src/control/leases-file.ts'
import { ControlServer } from '../../../agent/src/control/server.ts'
import { createRealWorld } from '../../../shared/src/real-world.ts'
import { type AgentRig, startAgent } from '../../support/agent-rig.ts'
import { FakeProbe, fakeCard } from '../../support/fake-probe.ts'
import { tempDir } from '../../support/temp-dir.ts'

const { clock } = createRealWorld()

async function serve(): Promise<{ rig: AgentRig; runDir: string; server: ControlServer }> {
  const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01'), fakeCard('GPU-02')])] })
  await rig.run(60_000)
  const runDir = join(tempDir(), 'run')
  const server = new ControlServer({ runDir, agent: rig.agent, clock, log: silentLogger })
  await server.listen()
  onTestFinished(async () => {
    await server.stop()
    await rig.stop()
  })
  return { rig, runDir, server }
}

/** Sends raw text, gives the lines that come back until the server is done. */
function send(path: string, text: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      answer += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer.split('\n').filter((line) => line !== '')))
    socket.end(text)
  })
}

describe('the control socket', () => {
  test('is for its owner alone, replaces one a killed agent left, and goes when it stops', async () => {
    const { server, runDir } = await serve()
    expect(statSync(server.path).mode & 0o777).toBe(0o600)
    await server.stop()
    expect(existsSync(server.path)).toBe(false)
    writeFileSync(server.path, 'left over')
    const again = new ControlServer({
      runDir,
      agent: { ...new ServerlessAgent() },
      clock,
      log: silentLogger,
    })
    await again.listen()
    await again.stop()
  })

  test('answers status, and carries out orders by index, id and address', async () => {
    const { rig, runDir } = await serve()
    const status = await askAgent(runDir, { command: 'status' }, clock)
    expect(status).toMatchObject({ status: 'done', answer: { nodeId: 'node-1' } })
    for (const name of ['0', 'gpu-02', '0000:01:00.0']) {
      const answer = await askAgent(runDir, { command: 'reclaim', names: [name] }, clock)
      expect(answer).toMatchObject({ status: 'done' })
    }
    const vetoes = rig.records().flatMap((record) => (record.kind === 'veto' ? [record.veto] : []))
    expect(vetoes.map((veto) => veto.units)).toEqual([[0], [1], [0]])
  })

  test('refuses a name that fits nothing, with the words for it', async () => {
    const { runDir } = await serve()
    const answer = await askAgent(runDir, { command: 'reclaim', names: ['GPU-99'] }, clock)
    expect(answer).toMatchObject({ status: 'refused', code: 'unit_unknown' })
  })

  test.each([
    ['no JSON', 'hello'],
    ['another version', '{"version":99,"request":{"command":"status"}}'],
    ['an unknown command', '{"version":1,"request":{"command":"run_this"}}'],
    ['a pause of no length', '{"version":1,"request":{"command":"pause","forMs":0}}'],
    ['a pause without an end in sight', '{"version":1,"request":{"command":"pause","forMs":1e12}}'],
  ])('refuses %s and goes on', async (_, line) => {
    const { server } = await serve()
    const good = '{"version":1,"request":{"command":"status"}}'
    const lines = await send(server.path, `${line}\n${good}\n`)
    expect(lines.map((text) => JSON.parse(text).status)).toEqual(['refused', 'done'])
  })

  test('closes on a line without an end', async () => {
    const { server } = await serve()
    const [line] = await send(server.path, 'x'.repeat(200 * 1024))
    expect(JSON.parse(line ?? '')).toMatchObject({ status: 'refused', code: 'request_invalid' })
  })

  test('a client says what to do when there is no agent, and when it may not ask', async () => {
    const nowhere = tempDir()
    await expect(askAgent(nowhere, { command: 'status' }, clock)).rejects.toMatchObject({
      code: 'connection_failed',
      message: expect.stringContaining('No agent is running'),
    })
    if (process.getuid?.() === 0) return
    const { server, runDir } = await serve()
    chmodSync(server.path, 0)
    await expect(askAgent(runDir, { command: 'status' }, clock)).rejects.toMatchObject({
      code: 'permission_denied',
    })
  })
})

/** Has no answer for anything; never asked. */
class ServerlessAgent {
  status = () => {
    throw new Error('not asked')
  }
  reclaim = this.status
  offer = this.status
  pause = this.status
  resume = this.status
  proposeBaselines = this.status
}

describe('leases.json', () => {
  test('is written whole, for everybody to read', () => {
    const runDir = join(tempDir(), 'run')
    writeLeases(runDir, [])
    const path = join(runDir, 'leases.json')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ version: 1, leases: [] })
    expect(statSync(path).mode & 0o777).toBe(0o644)
  })
})
