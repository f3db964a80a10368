/**
 * Two collectors over one real PostgreSQL, behind a balancer; each has a path to the database of its
 * own, which can be cut.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AgentProcess, type AgentProcessOptions } from './agent-process.ts'
import { CollectorProcess } from './collector-process.ts'
import { freePort, OwnServer, statement } from './postgres.ts'
import type { PrimaryAndStandby } from './postgres-standby.ts'
import { until } from './program.ts'
import { Relay } from './relay.ts'

const OUTPUT_SHOWN = 8_000
const DATABASE = 'ledger'

export interface PairMember {
  readonly collector: CollectorProcess
  readonly path: Relay
}

export class CollectorPair implements AsyncDisposable {
  readonly folder: string
  readonly agents: AgentProcess[] = []
  readonly members: readonly [PairMember, PairMember]
  readonly balancer: Relay

  readonly #database: OwnServer | null
  readonly #ledgerUrl: string

  private constructor(
    folder: string,
    database: { readonly server: OwnServer | null; readonly url: string },
    members: readonly [PairMember, PairMember],
    balancer: Relay,
  ) {
    this.folder = folder
    this.#database = database.server
    this.#ledgerUrl = database.url
    this.members = members
    this.balancer = balancer
  }

  /** Over a server of its own. The first one leads; both are there when this returns. */
  static async start(): Promise<CollectorPair> {
    const port = await freePort()
    const server = await OwnServer.start({ listen_addresses: '127.0.0.1', port: `${port}` })
    await statement(server.url('postgres'), `CREATE DATABASE ${DATABASE}`)
    return await CollectorPair.#over({ server, url: server.url(DATABASE), ports: [port] })
  }

  /** Over servers that stay when it ends. */
  static async on({ ports, url }: PrimaryAndStandby): Promise<CollectorPair> {
    return await CollectorPair.#over({ server: null, url, ports })
  }

  static async #over(database: {
    readonly server: OwnServer | null
    readonly url: string
    readonly ports: readonly number[]
  }): Promise<CollectorPair> {
    const [port = 0, ...others] = database.ports
    const folder = mkdtempSync(join(tmpdir(), 'yiben-pair-'))
    const memberOf = async (name: string): Promise<PairMember> => {
      const path = await Relay.start(() => [port])
      const collector = new CollectorProcess(join(folder, name))
      const hosts = [path.port, ...others].map((each) => `127.0.0.1:${each}`).join()
      collector.env = { YIBEN_COLLECTOR_STORAGE_URL: `postgresql://yiben@${hosts}/${DATABASE}` }
      return { collector, path }
    }
    const members = [await memberOf('one'), await memberOf('two')] as const
    const [one, two] = members
    const balancer = await Relay.start(() =>
      members.map(({ collector }) => collector.port).filter((bound) => bound !== 0),
    )
    const pair = new CollectorPair(folder, database, members, balancer)
    await one.collector.start()
    await pair.leads(one)
    cpSync(join(one.collector.dataDir, 'identity.key'), join(two.collector.dataDir, 'identity.key'))
    await two.collector.start()
    return pair
  }

  get url(): string {
    return `http://127.0.0.1:${this.balancer.port}`
  }

  /** The database, whoever serves and whatever is cut. */
  get ledgerUrl(): string {
    return this.#ledgerUrl
  }

  rows(text: string): Promise<readonly unknown[]> {
    return statement(this.ledgerUrl, text)
  }

  machine(options: Omit<AgentProcessOptions, 'folder'>): AgentProcess {
    const agent = new AgentProcess({ ...options, folder: join(this.folder, options.name) })
    this.agents.push(agent)
    return agent
  }

  /** Enrolled through the balancer. */
  async enroll(agents: readonly AgentProcess[]): Promise<string[]> {
    const token = await this.members[0].collector.enrollmentToken(agents.length)
    const ids: string[] = []
    for (const agent of agents) {
      const { exitCode, stdout, stderr } = await agent.enroll(this.url, token)
      if (exitCode !== 0) throw new Error(`${agent.name} could not enroll: ${stdout}${stderr}`)
      ids.push(/n-[0-9a-f]{16}/.exec(stdout)?.[0] ?? '')
    }
    return ids
  }

  /** Waits until this one leads. */
  async leads(member: PairMember, withinMs = 90_000): Promise<void> {
    await until(
      'it leads',
      async () => {
        if (!member.collector.program.isRunning) throw new Error('it has ended')
        return (await this.vital(member, 'yiben_leads')) === 1 ? true : null
      },
      withinMs,
    )
  }

  /** `null` while it does not answer. */
  async vital({ collector }: PairMember, name: string): Promise<number | null> {
    try {
      const { body } = await collector.get('/metrics')
      const [, value] = new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(body) ?? []
      return value === undefined ? null : Number(value)
    } catch {
      return null
    }
  }

  /** Cards per stage of the one ledger, as this one shows it. */
  async seen(
    { collector }: PairMember,
    expected: Readonly<Record<string, number>>,
    withinMs = 60_000,
  ): Promise<void> {
    let last: unknown = null
    await until(
      `the ledger shows ${JSON.stringify(expected)}`,
      async () => {
        try {
          const { body } = await collector.get('/v1/ledger')
          const stages: Record<string, { cards: number }> = body.rows[0]?.stages ?? {}
          last = stages
          const entries = Object.entries(expected)
          return entries.every(([name, cards]) => stages[name]?.cards === cards) ? true : null
        } catch (error) {
          last = error
          return null
        }
      },
      withinMs,
    ).catch((error: unknown) => {
      throw new Error(`${error}; it showed ${JSON.stringify(last)}`)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.kill()))
    await Promise.all(this.members.map(({ collector }) => collector.kill()))
    for (const { path } of this.members) await path[Symbol.asyncDispose]()
    await this.balancer[Symbol.asyncDispose]()
    await this.#database?.remove()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** What all of them said last. */
  show(): void {
    for (const [name, one] of [
      ...this.members.map(({ collector }, at) => [`collector ${at + 1}`, collector] as const),
      ...this.agents.map((agent) => [agent.name, agent] as const),
    ]) {
      try {
        const tail = one.program.output.slice(-OUTPUT_SHOWN)
        process.stderr.write(`---- ${name} said last:\n${tail}\n`)
      } catch {
        process.stderr.write(`---- ${name} was never started\n`)
      }
    }
  }
}
