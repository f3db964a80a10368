/**
 * The primary of a PostgreSQL is lost while two collectors serve nodes and a bank over it, and a
 * standby takes its place: what was acknowledged to nodes and bank is there, no card is granted twice,
 * and agents and bank go on at either collector.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFailed, test } from 'vitest'
import { openPostgresStore } from '../../collector/src/storage/postgres/store.ts'
import { CollectorPair } from '../support/collector-pair.ts'
import { tokenIn } from '../support/collector-process.ts'
import { checkNode } from '../support/ledger-check.ts'
import { statement } from '../support/postgres.ts'
import { primaryAndStandby } from '../support/postgres-standby.ts'
import { POSTGRES_LEDGER } from '../support/postgres-store.ts'
import { until } from '../support/program.ts'

/** Machines that run the whole suite at once are slow to show anything. */
const MS_MAX = 360_000
const SEEN_MS = 120_000
const HANDOVER = 'handover: { kind: manual, fenced: true, endpoint: "ssh node" }'
const CARDS = 4
/** More than there are cards for. */
const CLIENTS = 6
const ASK_AGAIN_MS = 100

/**
 * Clients of a bank that hold a card and let it go, again and again, each request at the other
 * collector, and asked again under its id until it is answered.
 */
class BankLoad {
  /** What was answered last of each draw. */
  readonly answered = new Map<string, string>()
  /** Granted, and not given back yet as far as the bank knows. */
  readonly held = new Set<string>()
  heldMax = 0
  unanswered = 0
  readonly #urls: readonly string[]
  readonly #headers: Readonly<Record<string, string>>
  #isStopping = false
  #turn = 0

  constructor(urls: readonly string[], token: string) {
    this.#urls = urls
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  }

  stop(): void {
    this.#isStopping = true
  }

  /** Holds and lets go, until it is stopped. */
  async run(name: number): Promise<void> {
    for (let number = 0; !this.#isStopping; number += 1) {
      const drawId = `d-${name}-${number}`
      if (await this.#hold(drawId)) {
        this.held.delete(drawId)
        this.answered.set(drawId, (await this.ask('POST', `/v1/draws/${drawId}/void`, {})).state)
      } else await sleep(ASK_AGAIN_MS)
    }
  }

  /** As often as it takes to have every card. */
  async drawAll(name: number): Promise<void> {
    for (let number = 0; this.held.size < CARDS; number += 1) {
      const drawId = `all-${name}-${number}`
      if (await this.#hold(drawId)) {
        this.answered.set(drawId, (await this.ask('POST', `/v1/draws/${drawId}/post`, {})).state)
      } else await sleep(ASK_AGAIN_MS)
    }
  }

  async #hold(drawId: string): Promise<boolean> {
    const terms = { bank: 'bank', borrower: 'borrower', contract: 'c-1', hours: 0.05 }
    const draw = { draw_id: drawId, ...terms, pool: { cards: 1 } }
    if ((await this.ask('POST', '/v1/draws', draw)).state !== 'held') return false
    this.held.add(drawId)
    this.heldMax = Math.max(this.heldMax, this.held.size)
    this.answered.set(drawId, 'held')
    return true
  }

  /** Until it is answered, whatever that is. */
  async ask(method: string, path: string, body?: object): Promise<{ readonly state: string }> {
    for (;;) {
      this.#turn += 1
      const url = (this.#urls[this.#turn % this.#urls.length] ?? '') + path
      const sent = body === undefined ? null : JSON.stringify(body)
      try {
        const signal = AbortSignal.timeout(20_000)
        const response = await fetch(url, { method, headers: this.#headers, body: sent, signal })
        if (response.status < 500) return (await response.json()) as { readonly state: string }
      } catch {
        // Cut off, or not listening: nobody knows what became of it.
      }
      this.unanswered += 1
      await sleep(ASK_AGAIN_MS)
    }
  }
}

test(
  'nothing acknowledged is lost, no card is granted twice, and both collectors carry on',
  async () => {
    const database = await primaryAndStandby()
    await using pair = await CollectorPair.on(database)
    onTestFailed(() => pair.show())
    const [one, two] = pair.members
    const agents = ['a1', 'b2'].map((nodeTag, at) =>
      pair.machine({
        name: `node-${at + 1}`,
        nodeTag,
        vendors: { nvidia: 2 },
        config: [HANDOVER],
      }),
    )
    const nodeIds = await pair.enroll(agents)
    for (const agent of agents) {
      agent.cards.nvidia?.set('free')
      agent.start()
    }
    await pair.seen(one, { connected: CARDS, free: CARDS, deposited: CARDS }, SEEN_MS)
    for (const member of pair.members) expect(await pair.vital(member, 'yiben_sessions')).toBe(1)

    const token = tokenIn(await one.collector.say(['token', 'create', '--role', 'bank']))
    const load = new BankLoad(
      pair.members.map(({ collector }) => collector.url),
      token,
    )
    const clients = Array.from({ length: CLIENTS }, (_, name) => load.run(name))
    await until('the bank draws', () => (load.answered.size > 10 ? true : null))
    await database.killPrimary()
    const before = load.answered.size
    await until('nobody answers', () => (load.unanswered > 0 ? true : null))
    await database.promote()
    await until(
      'the bank draws again',
      () => (load.answered.size > before + 10 ? true : null),
      SEEN_MS,
    )
    load.stop()
    await Promise.all(clients)
    expect(load.held.size).toBe(0)
    await Promise.all(Array.from({ length: CLIENTS }, (_, name) => load.drawAll(name)))

    expect(load.heldMax).toBeLessThanOrEqual(CARDS)
    const posted = [...load.answered.values()].filter((state) => state === 'posted')
    expect(posted).toHaveLength(CARDS)
    for (const [drawId, state] of load.answered) {
      expect([drawId, (await load.ask('GET', `/v1/draws/${drawId}`)).state]).toEqual([
        drawId,
        state,
      ])
    }
    const live = `SELECT count(*)::int AS claims, count(DISTINCT accelerator_id)::int AS cards
      FROM claims WHERE state <> 'ended'`
    expect(await statement(database.standbyUrl, live)).toEqual([{ claims: CARDS, cards: CARDS }])
    for (const agent of agents) agent.cards.nvidia?.set('busy')
    for (const member of pair.members) {
      await pair.seen(member, { connected: CARDS, lent: CARDS, deposited: 0 }, SEEN_MS)
      expect(await pair.vital(member, 'yiben_collectors')).toBe(2)
    }
    const sessions = await Promise.all(
      [one, two].map((member) => pair.vital(member, 'yiben_sessions')),
    )
    expect(sessions.reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBe(agents.length)

    for (const agent of agents) await agent.stop()
    for (const nodeId of nodeIds) {
      await until('the last word is in the ledger', async () => {
        const answer = await one.collector.get(`/v1/nodes/${nodeId}`)
        return answer.body.session?.connected === false ? true : null
      })
    }
    for (const { collector } of pair.members) expect(await collector.stop()).not.toBeNull()
    const store = await openPostgresStore({ url: database.standbyUrl, newLedger: POSTGRES_LEDGER })
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
