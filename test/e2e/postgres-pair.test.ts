/**
 * Two collectors over one PostgreSQL behind a balancer, with real agents: each takes what nodes tell,
 * one of them decides, and whichever is lost or cut off, the other goes on. One pair goes through all
 * of it; at the end every second of both nodes is in the ledger once.
 */
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { openPostgresStore } from '../../collector/src/storage/postgres/store.ts'
import type { AgentProcess } from '../support/agent-process.ts'
import { CollectorPair, type PairMember } from '../support/collector-pair.ts'
import { tokenIn } from '../support/collector-process.ts'
import { checkNode } from '../support/ledger-check.ts'
import { POSTGRES_LEDGER } from '../support/postgres-store.ts'
import { until } from '../support/program.ts'

/** Machines that run the whole suite at once are slow to show anything. */
const MS_MAX = 240_000
const HANDOVER = 'handover: { kind: manual, fenced: true, endpoint: "ssh node" }'

let pair: CollectorPair
let one: PairMember
let two: PairMember
let agents: readonly AgentProcess[]
let nodeIds: readonly string[]

function set(name: 'free' | 'busy'): void {
  for (const agent of agents) agent.cards.nvidia?.set(name)
}

/** And both know of each other: one that believes itself alone keeps its agents for a minute. */
async function servesBeside(member: PairMember): Promise<void> {
  await until('it serves beside the other', async () => {
    if ((await pair.vital(member, 'yiben_leads')) !== 0) return null
    const known = pair.members.map((each) => pair.vital(each, 'yiben_collectors'))
    return (await Promise.all(known)).every((collectors) => collectors === 2) ? true : null
  })
}

beforeAll(async () => {
  pair = await CollectorPair.start()
  ;[one, two] = pair.members
  agents = ['a1', 'b2'].map((nodeTag, at) => {
    const name = `node-${at + 1}`
    return pair.machine({ name, nodeTag, vendors: { nvidia: 2 }, config: [HANDOVER] })
  })
  nodeIds = await pair.enroll(agents)
  set('free')
  for (const agent of agents) agent.start()
}, MS_MAX)

afterAll(() => pair[Symbol.asyncDispose](), MS_MAX)

test(
  'agents at both are in one ledger, which both show',
  async () => {
    onTestFailed(() => pair.show())
    for (const member of pair.members) {
      await pair.seen(member, { connected: 4, free: 4, deposited: 4 })
      expect(await pair.vital(member, 'yiben_sessions')).toBe(1)
      expect(await pair.vital(member, 'yiben_collectors')).toBe(2)
    }
  },
  MS_MAX,
)

test(
  'the one that leads is killed, and agents carry on at the other',
  async () => {
    onTestFailed(() => pair.show())
    await one.collector.kill()
    set('busy')
    await pair.leads(two)
    await pair.seen(two, { connected: 4, busy: 4, deposited: 0 })
    await one.collector.start()
    await servesBeside(one)
  },
  MS_MAX,
)

test(
  'one that hung while it led decides nothing any more',
  async () => {
    onTestFailed(() => pair.show())
    const { pid } = two.collector.program
    process.kill(pid, 'SIGSTOP')
    await pair.leads(one)
    const [taken] = await pair.rows('SELECT number FROM serving')
    set('free')
    await pair.seen(one, { connected: 4, free: 4, deposited: 4 })
    process.kill(pid, 'SIGCONT')
    await two.collector.program.line(/decides nothing any more|given this collector up/)
    await servesBeside(two)
    expect(await pair.rows('SELECT number FROM serving')).toEqual([taken])
  },
  MS_MAX,
)

test(
  'the path between one of them and the database is cut, and mended',
  async () => {
    onTestFailed(() => pair.show())
    // First the one that leads.
    one.path.cut()
    set('busy')
    await pair.leads(two)
    await pair.seen(two, { connected: 4, busy: 4, deposited: 0 })
    await one.collector.program.line(/the database is out of reach/)
    one.path.mend()
    await servesBeside(one)
    // Then the same one, which does not any more.
    one.path.cut()
    set('free')
    await pair.seen(two, { connected: 4, free: 4, deposited: 4 })
    one.path.mend()
    await servesBeside(one)
  },
  MS_MAX,
)

test(
  'a bank draws at both at once: each card once, and both tell one feed',
  async () => {
    onTestFailed(() => pair.show())
    const token = tokenIn(await one.collector.say(['token', 'create', '--role', 'bank']))
    const ask = async (at: number, method: string, path: string, body?: object) => {
      const { collector } = at % 2 === 0 ? one : two
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const sent = body === undefined ? null : JSON.stringify(body)
      const response = await fetch(collector.url + path, { method, headers, body: sent })
      // biome-ignore lint/suspicious/noExplicitAny: bodies are what the test looks at
      return { status: response.status, body: (await response.json()) as any }
    }
    const posted = await Promise.all(
      Array.from({ length: 8 }, async (_, at) => {
        const terms = { bank: 'bank', borrower: 'borrower', contract: 'c-1', hours: 0.05 }
        const draw = { draw_id: `d-${at}`, ...terms, pool: { cards: 1 } }
        const held = await ask(at, 'POST', '/v1/draws', draw)
        if (held.status >= 300) return false
        // Held at one, posted at the other.
        return (await ask(at + 1, 'POST', `/v1/draws/d-${at}/post`, {})).status === 200
      }),
    )
    expect(posted.filter((is) => is)).toHaveLength(4)
    const live = "SELECT count(*)::int AS claims FROM claims WHERE state <> 'ended'"
    expect(await pair.rows(live)).toEqual([{ claims: 4 }])

    // Read in turn; what is said of a node is of the moment, whoever says it.
    const withoutMoment = (name: string, value: unknown) => (name === 'suspended' ? null : value)
    const read = async (turns: readonly number[]) => {
      const changes: unknown[] = []
      let after = ''
      for (let turn = 0; ; turn += 1) {
        const { body } = await ask(
          turns[turn % turns.length] ?? 0,
          'GET',
          `/v1/changes?limit=3${after}`,
        )
        if (body.changes.length === 0) return changes
        changes.push(...JSON.parse(JSON.stringify(body.changes, withoutMoment)))
        after = `&after=${encodeURIComponent(body.next)}`
      }
    }
    const first = await read([0])
    expect(first.length).toBeGreaterThan(8)
    expect(await read([0, 1])).toEqual(first)
    expect(await read([1])).toEqual(first)
  },
  MS_MAX,
)

test(
  'every second of every node is in the ledger, once',
  async () => {
    onTestFailed(() => pair.show())
    for (const agent of agents) await agent.stop()
    for (const nodeId of nodeIds) {
      await until('the last word is in the ledger', async () => {
        const answer = await one.collector.get(`/v1/nodes/${nodeId}`)
        return answer.body.session?.connected === false ? true : null
      })
    }
    for (const { collector } of pair.members) expect(await collector.stop()).not.toBeNull()
    const store = await openPostgresStore({ url: pair.ledgerUrl, newLedger: POSTGRES_LEDGER })
    try {
      for (const [at, nodeId] of nodeIds.entries()) {
        const spool = agents[at]?.readSpool() ?? null
        if (spool === null) throw new Error('the agent has left no spool')
        expect(await checkNode(store, nodeId, spool)).toEqual([])
      }
    } finally {
      await store.close()
    }
  },
  MS_MAX,
)
