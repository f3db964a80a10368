/** A real collector and real agents in the network of namespaces, and how they stand at the end. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LEDGER_FILE, openCommandStore } from '../../collector/src/storage/open.ts'
import { createRealWorld } from '../../shared/src/real-world.ts'
import { AgentProcess } from '../../test/support/agent-process.ts'
import { CollectorProcess } from '../../test/support/collector-process.ts'
import type { CardMood } from '../../test/support/fake-cards.ts'
import { checkNode } from '../../test/support/ledger-check.ts'
import { runProgram, until } from '../../test/support/program.ts'
import { COLLECTOR_NAME, Net } from './net.ts'

const MACHINES = 3
const CARDS = 2
const MOODS: readonly CardMood[] = ['free', 'busy', 'occupied']
const FLIP_MS = 900
/** A tick may be on its way. */
const BEHIND_MAX = 3

export interface Member {
  readonly agent: AgentProcess
  readonly at: number
  nodeId: string
}

export class Fleet implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'yiben-network-'))
  readonly net: Net
  readonly collector: CollectorProcess
  readonly members: Member[] = []
  readonly #flips: NodeJS.Timeout

  constructor() {
    this.net = new Net(this.folder, MACHINES)
    const [cert, key] = this.#certificate()
    this.collector = new CollectorProcess(join(this.folder, 'collector'), [
      'host: 0.0.0.0',
      `tls: { cert: ${cert}, key: ${key} }`,
      'seal_delay: 1s',
      'bank: { observing: 1s }',
      'intervals: { sequence: 100ms, deposit: 1s, rollup: 1s, liveness: 200ms }',
    ])
    for (let at = 0; at < MACHINES; at += 1) {
      const agent = new AgentProcess({
        folder: join(this.folder, `node-${at}`),
        name: `node-${at}`,
        nodeTag: `${at}d`,
        vendors: { nvidia: CARDS },
        config: [`collector: { retry_max: 5s, ca_file: ${cert} }`],
      })
      this.members.push({ agent, at, nodeId: '' })
    }
    let turn = 0
    this.#flips = setInterval(() => {
      turn += 1
      const member = this.members[turn % MACHINES]
      const moods = Array.from({ length: CARDS }, (_, card) => MOODS[(turn + 2 * card) % 3])
      member?.agent.cards.nvidia?.set(moods.map((mood) => mood ?? 'free'))
    }, FLIP_MS)
  }

  async start(): Promise<void> {
    await this.collector.start({}, this.net.wrapper('collector'))
    const token = await this.collector.enrollmentToken(MACHINES)
    for (const member of this.members) {
      const { agent, at } = member
      const files = ['--config', agent.configFile, '--state-dir', agent.stateDir]
      const url = `https://${COLLECTOR_NAME}:${this.collector.port}`
      const { exitCode, stdout, stderr } = await runProgram({
        script: 'agent/src/main.ts',
        args: [
          'enroll',
          ...[...files, '--run-dir', agent.runDir, '--collector', url],
          ...['--token', token, '--name', agent.name],
        ],
        wrapper: this.net.wrapper(at),
      })
      if (exitCode !== 0) throw new Error(`${agent.name} could not enroll: ${stdout}${stderr}`)
      member.nodeId = /n-[0-9a-f]{16}/.exec(stdout)?.[0] ?? ''
      this.startAgent(member)
    }
  }

  startAgent({ agent, at }: Member): void {
    agent.start({}, this.net.wrapper(at))
  }

  async startCollector(): Promise<void> {
    await this.collector.start({}, this.net.wrapper('collector'))
  }

  member(at: number): Member {
    const member = this.members[at]
    if (member === undefined) throw new Error(`there is no machine ${at}`)
    return member
  }

  /** Records that this agent was told are taken; `null` while it does not answer. */
  async acked({ agent }: Member): Promise<number | null> {
    return (await agent.status())?.spool.ackedSeq ?? null
  }

  /** Throws unless these agents have more acknowledged within the time. */
  async flows(members: readonly Member[], withinMs: number): Promise<void> {
    await Promise.all(
      members.map(async (member) => {
        const name = `${member.agent.name} answers`
        const before = await until(name, () => this.acked(member), withinMs)
        const isMore = async () => ((await this.acked(member)) ?? 0) > before + 2 || null
        await until(`more of ${member.agent.name} is taken`, isMore, withinMs)
      }),
    )
  }

  /** Throws unless everything that every agent has kept is acknowledged within the time. */
  async settles(withinMs: number): Promise<void> {
    await Promise.all(
      this.members.map(({ agent }) =>
        until(
          `all of ${agent.name} is taken`,
          async () => {
            const behind = (await agent.status())?.collector.unacknowledgedRecords ?? null
            return behind !== null && behind <= BEHIND_MAX ? true : null
          },
          withinMs,
        ),
      ),
    )
  }

  /** Stops everything in order; sentences about what does not hold then. */
  async problemsAtRest(): Promise<string[]> {
    const problems: string[] = []
    const codes = await Promise.all(this.members.map(({ agent }) => agent.stop(20_000)))
    codes.forEach((code, at) => {
      if (code === null) problems.push(`node-${at} did not stop by itself`)
    })
    const range = ['--from', '2020-01-01T00:00:00Z', '--to', new Date().toISOString()]
    const balance = await this.collector.command(['balance', ...range])
    if (balance.exitCode !== 0) problems.push(`balance: ${balance.stdout}${balance.stderr}`)
    await this.collector.stop(20_000)
    problems.push(...this.#rosterProblems())
    const { dataDir } = this.collector
    const store = openCommandStore({ dataDir, ...createRealWorld() })
    try {
      for (const { agent, nodeId } of this.members) {
        const spool = agent.readSpool()
        if (spool === null) problems.push(`${agent.name} has no spool`)
        else problems.push(...(await checkNode(store, nodeId, spool)))
        const watermark = (await store.loadNode(nodeId as never))?.epoch?.watermark ?? null
        if (spool === null || watermark === spool.lastSeq) continue
        problems.push(`${agent.name} has kept ${spool.lastSeq} records, the ledger ${watermark}`)
      }
    } finally {
      await store.close()
    }
    return problems
  }

  /** Records that every agent has kept: of how much time this was a test. */
  async records(): Promise<number> {
    const all = await Promise.all(this.members.map(({ agent }) => agent.status()))
    return all.reduce((sum, status) => sum + (status?.spool.lastSeq ?? 0), 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#flips)
    await Promise.all(this.members.map(({ agent }) => agent.kill()))
    await this.collector.kill()
    this.net[Symbol.dispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** One node for each machine, one epoch each, nobody taken for a copy, nothing refused. */
  #rosterProblems(): string[] {
    const path = join(this.collector.dataDir, LEDGER_FILE)
    const database = new DatabaseSync(path, { readOnly: true })
    const expected = { nodes: MACHINES, epochs: MACHINES, clones: 0, refused: 0, conflicts: 0 }
    try {
      return Object.entries(expected).flatMap(([table, should]) => {
        const is = Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
        return is === should ? [] : [`${table}: ${is}, and not ${should}`]
      })
    } finally {
      database.close()
    }
  }

  #certificate(): readonly [string, string] {
    const [cert, key] = [join(this.folder, 'cert.pem'), join(this.folder, 'key.pem')]
    const args = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', '-keyout', key]
    const name = [
      '-subj',
      `/CN=${COLLECTOR_NAME}`,
      '-addext',
      `subjectAltName=DNS:${COLLECTOR_NAME}`,
    ]
    const made = spawnSync('openssl', [...args, '-out', cert, ...name], { encoding: 'utf8' })
    if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`)
    return [cert, key]
  }
}
