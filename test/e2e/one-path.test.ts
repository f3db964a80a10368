/**
 * The whole path through real processes: a vendor's tool, an agent, a collector, the API. What the
 * card did is what `GET /v1/ledger` shows, its time adds up, and idle time becomes a deposit.
 */
import { describe, expect, test } from 'vitest'
import { E2eWorld } from '../support/e2e-world.ts'
import type { CardMood, FakeVendor } from '../support/fake-cards.ts'
import { checkNode } from '../support/ledger-check.ts'
import { until } from '../support/program.ts'

const SECOND_MS = 1_000

interface Segment {
  readonly from: string
  readonly to: string
  readonly state: string
}

const msOf = (instant: string) => Date.parse(instant)

function msByState(segments: readonly Segment[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const { from, to, state } of segments) {
    sums[state] = (sums[state] ?? 0) + msOf(to) - msOf(from)
  }
  return sums
}

describe('from the tool to the ledger', () => {
  test.each<{ vendor: FakeVendor; tag: string }>([
    { vendor: 'nvidia', tag: 'a1' },
    { vendor: 'ascend', tag: 'b2' },
  ])(
    '$vendor: busy, occupied and free seconds and a deposit, and the account balances',
    async ({ vendor, tag }) => {
      await using world = new E2eWorld()
      const { collector } = world
      await collector.start()
      const agent = world.machine({
        name: `node-${vendor}`,
        nodeTag: tag,
        vendors: { [vendor]: 2 },
      })
      const [nodeId] = await world.enroll([agent])
      agent.cards[vendor]?.set('busy')
      const startedAtMs = Date.now()
      agent.start()

      await world.seen({ connected: 2, busy: 2, deposited: 0 })
      // From here on: until its first sample a starting agent knows nothing.
      const seenAt = new Date().toISOString()
      for (const mood of ['occupied', 'free'] satisfies CardMood[]) {
        agent.cards[vendor]?.set(mood)
        await world.seen({ [mood]: 2, busy: 0 })
      }
      await world.seen({ free: 2, deposited: 2 })
      const deposits = await collector.get('/v1/deposits')
      expect(deposits.body.deposits).toHaveLength(2)
      for (const deposit of deposits.body.deposits) {
        expect(msOf(deposit.opened_at)).toBeGreaterThan(startedAtMs)
      }
      // Busy again: the deposit closes, and the seconds of all states are there to be added up.
      agent.cards[vendor]?.set('busy')
      await world.seen({ busy: 2, deposited: 0 })
      expect(await agent.stop()).not.toBeNull()
      expect(agent.program.exitCode).toBe(0)

      const node = await until('the last word is in the ledger', async () => {
        const answer = await collector.get(`/v1/nodes/${nodeId}`)
        return answer.body.session?.connected === false ? answer.body : null
      })
      expect(node.units).toBe(2)
      const from = new Date(startedAtMs).toISOString()
      const to = node.told_to
      const list = await collector.get('/v1/accelerators')
      expect(list.body.accelerators).toHaveLength(2)
      for (const accelerator of list.body.accelerators) {
        const id = accelerator.accelerator_id
        const timeline = await collector.get(
          `/v1/accelerators/${id}/timeline?from=${from}&to=${to}`,
        )
        const [placement] = timeline.body.placements
        const sums = msByState(placement.segments)
        for (const state of ['busy', 'occupied', 'free']) {
          expect(sums[state] ?? 0, `${state} of ${id}`).toBeGreaterThanOrEqual(SECOND_MS)
        }
        const total = Object.values(sums).reduce((sum, ms) => sum + ms, 0)
        expect(total).toBe(msOf(to) - msOf(accelerator.valid_from))
        const [deposit] = placement.deposits
        expect(deposit.closed_at).not.toBeNull()
      }

      const balanced = async (since: string) => {
        const args = ['balance', '--json', '--from', since, '--to', to]
        const { exitCode, stdout } = await collector.command(args)
        expect(exitCode, stdout).toBe(0)
        return JSON.parse(stdout)
      }
      expect(await balanced(from)).toMatchObject({ balanced: true, units: 2, errors_total: 0 })
      expect((await balanced(seenAt)).coverage).toBeGreaterThanOrEqual(0.99)
      expect(await collector.stop()).not.toBeNull()
      expect(collector.program.exitCode).toBe(0)

      // Row by row against the node's own records; a record less is a difference.
      const spool = agent.readSpool()
      if (spool === null) throw new Error('the agent has left no spool')
      const half = Math.floor(spool.lastSeq / 2)
      const torn = { ...spool, records: spool.records.filter(({ seq }) => seq !== half) }
      await world.withStore(async (store) => {
        expect(await checkNode(store, nodeId ?? '', spool)).toEqual([])
        expect(await checkNode(store, nodeId ?? '', torn)).not.toEqual([])
      })
    },
    90_000,
  )
})
