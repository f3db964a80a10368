/**
 * The whole path of a draw through real processes: a vendor's tool, an agent, a collector, a bank's
 * own client. What was lent is on the node, in the ledger and in the statement, to the millisecond;
 * also when the collector is killed at the worst moments, and when the owner takes his cards back.
 */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LeaseOnNode } from '../../agent/src/leases/show-leases.ts'
import type { BankClient } from '../../scripts/bank-client/client.ts'
import type { AgentProcess } from '../support/agent-process.ts'
import { BankProcess } from '../support/bank-process.ts'
import { CollectorProcess } from '../support/collector-process.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { runProgram, until } from '../support/program.ts'

/** Machines that run the whole suite at once are slow to show anything. */
const SEEN_MS = 90_000
/** Of a long poll. */
const NEWS_MS = 1_000
const BORROWER = '/v1/borrowers/borrower/statement'
/** Three minutes: longer than any of this takes, and given back long before. */
const REQUEST = { borrower: 'borrower', contract: 'c-1', pool: { cards: 2 }, hours: 0.05 }
const HANDOVER = 'handover: { kind: manual, fenced: true, endpoint: "ssh node-1" }'

function leasesOn(agent: AgentProcess): LeaseOnNode[] {
  return JSON.parse(readFileSync(join(agent.runDir, 'leases.json'), 'utf8')).leases
}

function leased(agent: AgentProcess, account: string): Promise<true> {
  const look = () => (leasesOn(agent).some((lease) => lease.account === account) ? true : null)
  return until(`the node has the lease of ${account}`, look, SEEN_MS)
}

/** Killed and started again; resolves when the agent has found it. */
async function restarted(world: E2eWorld, agent: AgentProcess): Promise<void> {
  const links = () => agent.program.lines(/the link is up/).length
  const before = links()
  await world.collector.kill()
  await world.collector.start()
  await until('the agent is back', () => (links() > before ? true : null), SEEN_MS)
}

async function restore(collector: CollectorProcess, backup: string): Promise<void> {
  for (const name of ['ledger.sqlite', 'ledger.sqlite-wal', 'ledger.sqlite-shm']) {
    rmSync(join(collector.dataDir, name), { force: true })
  }
  await collector.say(['restore', backup])
}

/** Given back, seen free again, and no longer anybody's. */
function over(client: BankClient, drawId: string): Promise<true> {
  const look = async () => {
    await client.follow(NEWS_MS)
    return client.drawOf(drawId).state === 'ended' ? true : null
  }
  return until(`${drawId} is over`, look, SEEN_MS)
}

async function start(world: E2eWorld) {
  const { collector } = world
  await collector.start()
  const agent = world.machine({
    name: 'node-1',
    nodeTag: 'a1',
    vendors: { nvidia: 2 },
    config: [HANDOVER],
  })
  await world.enroll([agent])
  agent.start()
  const bank = await BankProcess.with(collector)
  await world.seen({ free: 2, deposited: 2 }, SEEN_MS)
  return { agent, bank, collector }
}

/** Waits until nothing of what was promised is still to be told. */
async function settled({ collector }: E2eWorld, { from, to }: { from: string; to: string }) {
  const look = async () => {
    const { body } = await collector.get(`${BORROWER}?from=${from}&to=${to}`)
    const sums: Record<string, number> = {}
    for (const line of body.lines) {
      for (const [name, value] of Object.entries(line)) {
        if (name.endsWith('_card_ms') && typeof value === 'string') {
          sums[name] = (sums[name] ?? 0) + Number(value)
        }
      }
      for (const [cause, value] of Object.entries(line.broken_card_ms)) {
        sums[`broken_${cause}`] = (sums[`broken_${cause}`] ?? 0) + Number(value)
      }
    }
    return sums.pending_card_ms === 0 ? sums : null
  }
  return await until('all that was promised is settled', look, SEEN_MS)
}

describe('from a deposit to a statement', () => {
  test('a bank draws, its borrower runs, the cards come back, the accounts agree; also restored', async () => {
    await using world = new E2eWorld()
    const { agent, bank, collector } = await start(world)
    const cards = agent.cards.nvidia

    const found = await bank.say('search', '--cards', '2', '--hours', '0.05')
    expect(found).toMatchObject({ satisfied: true, lots: [{ cards: 2 }] })
    const terms = ['--cards', '2', '--hours', '0.05']
    expect(await bank.say('try', ...terms)).toMatchObject({ possible: true })
    const posted = await bank.say('draw', 'd-1', ...terms)
    expect(posted).toMatchObject({
      state: 'posted',
      leases: [{ handover: { kind: 'manual', endpoint: 'ssh node-1', account: 'd-1' } }],
    })
    await leased(agent, 'd-1')
    const status = await agent.status()
    expect(status?.units.map(({ lease }) => lease?.account)).toEqual(['d-1', 'd-1'])

    cards?.set('busy')
    await world.seen({ lent: 2, busy: 0, deposited: 0 }, SEEN_MS)
    await until('the borrower’s job is seen', async () => {
      const now = await agent.status()
      return now?.units.every(({ state }) => state === 'busy') ? true : null
    })
    await bank.say('return', 'd-1')
    await until(
      'the node has no lease',
      () => (leasesOn(agent).length === 0 ? true : null),
      SEEN_MS,
    )
    cards?.set('free')
    await world.seen({ free: 2, deposited: 2, lent: 0 }, SEEN_MS)
    await over(bank.client(), 'd-1')
    expect(await bank.say('show', 'd-1')).toMatchObject({ state: 'ended', cards_live: 0 })

    const agreed = await bank.say('reconcile')
    expect(agreed).toMatchObject({ differences: [], draws: [] })
    const sums = await settled(world, agreed.span)
    const { delivered_active_card_ms: active = 0, delivered_idle_card_ms: idle = 0 } = sums
    const { promised_card_ms: promised = 0, returned_card_ms: returned = 0 } = sums
    expect([promised, active > 0, returned > 0]).toEqual([2 * 180_000, true, true])
    expect(active + idle + returned + (sums.unproven_card_ms ?? 0)).toBe(promised)
    expect(agreed.own.held).toBe(promised - returned)

    const note = join(world.folder, 'statement.note')
    const { from, to } = agreed.span
    await bank.say('statement', '--from', from, '--to', to, '--out', note)
    const key = /\S+\+[0-9a-f]{8}\+\S+/.exec(await collector.say(['key']))?.[0] ?? ''
    const { stdout } = await runProgram({
      script: CollectorProcess.script,
      args: ['verify-statement', note, '--key', key, '--json'],
    })
    expect(JSON.parse(stdout)).toMatchObject({ status: 'verified', signature: 'verified' })

    // C15: lent after the backup, forgotten by the restored ledger, and told again by node and bank.
    const client = bank.client()
    const backup = join(world.folder, 'backup.sqlite')
    await collector.say(['backup', backup])
    await client.hold('d-2', REQUEST)
    await client.post('d-2')
    await leased(agent, 'd-2')
    await client.follow()
    const before = client.drawOf('d-2')
    await collector.kill()
    await restore(collector, backup)
    await collector.start()
    await client.follow()
    expect(client.book.cursor).not.toMatch(/^1\./)
    expect(client.drawOf('d-2')).toEqual(before)
    await client.return('d-2')
    expect(await bank.say('reconcile')).toMatchObject({ differences: [], draws: [] })
  }, 300_000)
})

describe('a collector that is killed', () => {
  test('between hold and post, before the notice, before the settlement: the accounts agree', async () => {
    await using world = new E2eWorld()
    const { agent, bank, collector } = await start(world)
    const client = bank.client()

    // Held, and the collector forgets who has accepted: the post asks again.
    await client.hold('k-1', { ...REQUEST, hold_ms: 300_000 })
    await restarted(world, agent)
    expect(await client.post('k-1')).toMatchObject({ state: 'posted' })
    await leased(agent, 'k-1')
    // Given back, and killed before anything is settled.
    await client.return('k-1')
    await restarted(world, agent)
    await over(client, 'k-1')
    await world.seen({ free: 2, deposited: 2, lent: 0 }, SEEN_MS)

    // Accepted a moment ago; then nobody is there who could be told of the lease.
    await client.hold('k-2', REQUEST)
    await agent.kill()
    expect(await client.post('k-2')).toMatchObject({ state: 'posted' })
    await collector.kill()
    expect(leasesOn(agent)).toEqual([])
    const isAnswered = client.return('k-2')
    await collector.start()
    agent.start()
    // Asked for while nobody answered, and done once.
    expect(await isAnswered).toMatchObject({ state: 'posted', cards_live: 0 })
    await over(client, 'k-2')
    await world.seen({ free: 2, deposited: 2, lent: 0 }, SEEN_MS)

    // Told after the restart: the lease is on the node; the owner takes its cards back.
    await client.hold('k-3', REQUEST)
    await agent.kill()
    expect(await client.post('k-3')).toMatchObject({ state: 'posted' })
    await collector.kill()
    await collector.start()
    agent.start()
    await leased(agent, 'k-3')
    expect((await agent.command('reclaim')).exitCode).toBe(0)
    expect(leasesOn(agent)).toEqual([])
    const vetoed = await until('the bank is told of the veto', async () => {
      await client.follow(NEWS_MS)
      const { cards } = client.drawOf('k-3')
      return Object.values(cards).every(({ end }) => end === 'veto') ? cards : null
    })
    expect(Object.keys(vetoed)).toHaveLength(2)

    const agreed = await bank.say('reconcile')
    expect(agreed).toMatchObject({ differences: [], draws: [] })
    const sums = await settled(world, agreed.span)
    expect(sums.promised_card_ms).toBe(3 * 2 * 180_000)
    expect(sums.broken_veto).toBe(agreed.own.broken_veto)
    expect(sums.broken_veto).toBeGreaterThan(0)
    const accounts = await collector.command(['balance', '--accounts', '--json'])
    expect(accounts.exitCode, accounts.stdout).toBe(0)
  }, 300_000)
})
