/** The daemon as a real process on loopback: enrolled, running, asked, stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import {
  attachLinkListener,
  createRealWorld,
  decodeRecord,
  formatEnrollmentToken,
  type RecordKind,
  sleep,
} from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fixture } from '../../support/captures.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { COLLECTOR_KEYS, FakeCollector } from '../../support/fake-collector.ts'
import { ToolBox } from '../../support/fake-tool.ts'
import { SimNetwork } from '../../support/sim-socket.ts'
import { tempDir } from '../../support/temp-dir.ts'

const MAIN = join(import.meta.dirname, '../../../agent/src/main.ts')
const { clock: realClock } = createRealWorld()
const TOKEN = formatEnrollmentToken({
  id: '0011223344556677',
  secret: new Uint8Array(16).fill(9),
  algorithm: COLLECTOR_KEYS.algorithm,
  collectorKey: COLLECTOR_KEYS.publicKey,
})

async function startCollector() {
  const clock = new FakeClock(realClock.wallMs())
  const collector = new FakeCollector(clock, new SimNetwork({ clock }))
  collector.habits.welcome = (welcome) => ({
    ...welcome,
    identityKey: { number: 1, key: new Uint8Array(32) },
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

/** Kinds of all records of all epochs, in order. */
function kindsAt(collector: FakeCollector): RecordKind[] {
  return [...collector.epochs.values()].flatMap((epoch) =>
    [...epoch.records.values()].flatMap((bytes) => {
      const decoded = decodeRecord(bytes, () => [])
      return decoded.status === 'ok' ? [decoded.record.kind] : []
    }),
  )
}

class AgentProcess {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly ended: Promise<number | null>

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env.PATH, ...environment },
    })
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk
    })
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk
    })
    this.ended = new Promise((resolve) => this.child.on('close', (code) => resolve(code)))
    onTestFinished(() => void this.child.kill('SIGKILL'))
  }
}

/** Bounded by the time-out of the test. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(realClock, 20)
}

function setUp(box: ToolBox) {
  const folder = tempDir()
  const places = ['--state-dir', join(folder, 'state'), '--run-dir', join(folder, 'run')]
  const environment = {
    YIBEN_AGENT_PROBES_ROOT_PREFIX: box.folder,
    YIBEN_AGENT_PROBES_TOOL_PATH: `[${box.toolPath}]`,
    YIBEN_AGENT_PROBES_DEADLINE: '1s',
    YIBEN_AGENT_SAMPLE_PERIOD: '1s',
    YIBEN_AGENT_TICK: '1s',
  }
  return (args: readonly string[]) => new AgentProcess([...args, ...places], environment)
}

describe('the daemon', () => {
  test('enrolls, reports, answers on its socket, refuses a second of itself, and says goodbye', async () => {
    using box = new ToolBox()
    const start = setUp(box)
    const { collector, url } = await startCollector()
    const enrolling = start(['enroll', '--collector', url, '--token', TOKEN])
    expect(await enrolling.ended).toBe(0)
    expect(enrolling.stdout).toContain('Enrolled: node node-1')

    const running = start(['run'])
    await until(() => kindsAt(collector).includes('tick'))
    expect(kindsAt(collector).slice(0, 3)).toEqual(['gap', 'facts', 'policy'])

    const asking = start(['status'])
    expect(await asking.ended).toBe(0)
    expect(asking.stdout).toContain('No accelerator has been found on this node.')

    const second = start(['run'])
    expect(await second.ended).toBe(1)
    expect(second.stderr).toContain('disk_locked')

    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    expect(kindsAt(collector).at(-1)).toBe('goodbye')
    expect(collector.violations).toEqual([])
  }, 60_000)

  test('reads cards through their tool, and shows them unknown when it vanishes', async () => {
    using box = new ToolBox()
    const board = (card: number) =>
      `NPU ID : ${card}\nChip ID : 0\nVDie ID : 42C711D4 20B03704 4A10C8D4 14CC040A D210200${card}\n`
    box.answers('npu-smi', [
      { when: 'info', stdout: fixture('ascend/910b4-x2__25.0__load.txt') },
      { when: 'info -t board -i 0 -c 0', stdout: board(0) },
      { when: 'info -t board -i 1 -c 0', stdout: board(1) },
    ])
    const start = setUp(box)
    const { url } = await startCollector()
    expect(await start(['enroll', '--collector', url, '--token', TOKEN]).ended).toBe(0)
    start(['run'])
    const states = async (): Promise<string> => {
      const asking = start(['status', '--json'])
      if ((await asking.ended) !== 0) return ''
      const { units } = JSON.parse(asking.stdout)
      return units
        .map((unit: { name: string; state: string }) => `${unit.name} ${unit.state}`)
        .join()
    }
    let seen = ''
    // The first card is idle, and nobody has said whose it is: possession is unproven.
    while (seen !== '910B4 unknown,910B4 busy') seen = await states()
    box.remove('npu-smi')
    while (seen !== '910B4 unknown,910B4 unknown') {
      seen = await states()
      expect(seen).not.toContain('free')
    }
  }, 60_000)

  test('stops in time though a vendor tool hangs and ignores SIGTERM', async () => {
    using box = new ToolBox()
    box.script('nvidia-smi', "trap '' TERM\nwhile :; do sleep 60; done")
    box.script('npu-smi', "trap '' TERM\nwhile :; do sleep 60; done")
    const start = setUp(box)
    const { collector, url } = await startCollector()
    expect(await start(['enroll', '--collector', url, '--token', TOKEN]).ended).toBe(0)
    const running = start(['run'])
    await until(() => kindsAt(collector).includes('tick'))
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    expect(kindsAt(collector).at(-1)).toBe('goodbye')
  }, 60_000)
})
