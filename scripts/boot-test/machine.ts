/**
 * The agent on the container's machine: eight made-up cards behind a made-up `nvidia-smi`, what
 * systemd says of the service, and what the collector made of it.
 */
import { until } from '../bench/support/program.ts'
import { plugCards, reportsOf } from './cards.ts'
import type { Container } from './container.ts'
import { expect } from './report.ts'
import type { Site } from './site.ts'

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
    return plugCards(this.container.root, hardware, pace)
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
  reports(): Promise<string> {
    return reportsOf(this.site, this.nodeId())
  }

  /** Every card has a segment `unknown` that begins after `since`, for that cause where one is named. */
  async hasUnknownSince(since: string, cause: string | null = null): Promise<void> {
    await this.reports()
    for (const { acceleratorId, segments } of await this.site.timelines(this.nodeId())) {
      const unknown = segments.filter(({ state, to }) => state === 'unknown' && to > since)
      const causes = unknown.map((one) => one.cause)
      if (cause === null ? causes.length > 0 : causes.includes(cause)) continue
      throw new Error(`${acceleratorId}: unknown after ${since} are ${causes.join(', ')}`)
    }
  }
}
