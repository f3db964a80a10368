/**
 * The agent on the container's machine: eight made-up cards behind a made-up `nvidia-smi`, what
 * systemd says of the service, and what the collector made of it.
 */
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeMachine } from '../bench/support/fake-machine.ts'
import { until } from '../bench/support/program.ts'
import { TemporaryFolder } from '../bench/support/temporary-folder.ts'
import type { Container } from './container.ts'
import { expect } from './report.ts'
import type { Site } from './site.ts'

const CARDS = 8
const HERE = '/opt/cards'
const UNIT = 'yiben-agent.service'

export class Machine {
  readonly container: Container
  readonly site: Site

  constructor(container: Container, site: Site) {
    this.container = container
    this.site = site
  }

  /** Option lines for the agent; `hardware` are two hex digits of the machine's own number. */
  plugCards(hardware: string, pace: readonly string[]): string {
    using folder = new TemporaryFolder('boot-test')
    const { config } = makeMachine(folder.path, 'nvidia-smi') ?? { config: [] }
    const root = join(folder.path, 'root')
    writeFileSync(
      join(root, 'sys/class/dmi/id/product_uuid'),
      `${hardware}00aabb-1111-2222-3333-444455556666\n`,
    )
    // No two machines have the same cards.
    const tool = join(folder.path, 'tools/nvidia-smi')
    const script = readFileSync(tool, 'utf8').replaceAll('GPU-22222222', `GPU-${hardware}222222`)
    writeFileSync(tool, script)
    // The boots are real ones.
    const bootId = join(root, 'proc/sys/kernel/random/boot_id')
    rmSync(bootId)
    symlinkSync('/proc/sys/kernel/random/boot_id', bootId)
    // A copy of an image has the cards of what it was copied from.
    rmSync(join(this.container.root, HERE), { recursive: true, force: true })
    cpSync(folder.path, join(this.container.root, HERE), {
      recursive: true,
      verbatimSymlinks: true,
    })
    const lines = config.map((line) => line.replaceAll(folder.path, HERE))
    return [...pace, 'owner: { kind: none }', ...lines, ''].join('\n')
  }

  async property(name: string, unit = UNIT): Promise<string> {
    const text = await this.container.run(`systemctl show --property ${name} ${unit}`)
    return text.slice(name.length + 1)
  }

  /** Of the daemon, as the container counts; throws where there is none. */
  async mainPid(): Promise<string> {
    const pid = await this.property('MainPID')
    if (pid === '0') throw new Error('the agent does not run')
    return pid
  }

  async isRunning(): Promise<void> {
    await this.container.becomes(`systemctl is-active ${UNIT}`, /^active$/m)
    expect('the state of the service', await this.property('SubState'), 'running')
  }

  /** Another process than `before`, ready. */
  async hasRestarted(before: string, withinMs = 60_000): Promise<string> {
    return await until('the agent to run again', withinMs, async () => {
      const pid = await this.property('MainPID')
      const isReady = (await this.property('SubState')) === 'running'
      return isReady && pid !== '0' && pid !== before ? pid : null
    })
  }

  nodeId(): string {
    const { nodeId } = JSON.parse(this.container.read('/var/lib/yiben-agent/enrollment.json'))
    return String(nodeId)
  }

  /** What the running agent says of itself. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the command
  async status(): Promise<any> {
    return JSON.parse(await this.container.run('yiben-agent status --json'))
  }

  /** All eight cards, told up to now, second after second from the first one on. */
  async reports(): Promise<string> {
    const nodeId = this.nodeId()
    const startedAt = new Date().toISOString()
    return await until(
      `${nodeId} to tell of ${CARDS} cards up to ${startedAt}`,
      90_000,
      async () => {
        const timelines = await this.site.timelines(nodeId).catch(() => [])
        if (timelines.length !== CARDS) return null
        if (timelines.some(({ toldTo }) => toldTo === null || toldTo < startedAt)) return null
        for (const { acceleratorId, segments } of timelines) {
          const seams = segments.slice(1).filter(({ from }, at) => from !== segments[at]?.to)
          if (seams.length > 0) {
            throw new Error(`${acceleratorId} has a gap at ${seams[0]?.from}`)
          }
        }
        const segments = timelines.flatMap((one) => one.segments)
        const states = [...new Set(segments.map(({ state }) => state))].sort()
        return `${timelines.length} cards, ${segments.length} segments without a gap: ${states.join(', ')}`
      },
    )
  }

  /** Every card has a segment `unknown` that begins after `since`. */
  async hasUnknownSince(since: string): Promise<void> {
    await this.reports()
    for (const { acceleratorId, segments } of await this.site.timelines(this.nodeId())) {
      const isTold = segments.some(({ state, to }) => state === 'unknown' && to > since)
      if (!isTold) throw new Error(`${acceleratorId}: nothing is unknown after ${since}`)
    }
  }
}
