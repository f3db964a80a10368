/** C19: 2,500 of 12,000 nodes (20.8 %) vanish within a minute: of one site, or spread over sites. */
import { describe, expect, test } from 'vitest'
import { Liveness } from '../../collector/src/inventory/liveness.ts'
import type { NodeId } from '../../collector/src/model/ids.ts'
import type { OutboxEntry } from '../../collector/src/model/ledger.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { LogLines } from '../collector/gateway/rig.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { at, Country, MINUTE, SECOND } from './country.ts'
import { cardsOf, type Machine } from './machine.ts'

const SITES = ['A', 'B', 'C', 'D', 'E']
const NODES_PER_SITE = 2_400

/** The whole of liveness over made-up nodes and a store that only keeps its entries. */
class Fleet {
  readonly clock = new FakeClock()
  readonly log = new LogLines()
  readonly entries: OutboxEntry[] = []
  readonly liveness: Liveness
  readonly sites = new Map<string, NodeId[]>()

  constructor(sizes: readonly (readonly [string, number])[]) {
    const store: Pick<Store, 'listNodes' | 'loadNode' | 'beginSilences'> = {
      listNodes: () => Promise.resolve({ rows: [], nextCursor: null }),
      loadNode: () => Promise.resolve(null),
      beginSilences: (_silences, _windows, outbox) => {
        this.entries.push(...outbox)
        return Promise.resolve()
      },
    }
    const listener = { onSilent: () => {}, onChange: () => {} }
    this.liveness = new Liveness({ store, clock: this.clock, log: this.log, listener })
    for (const [site, size] of sizes) {
      const nodes = Array.from({ length: size }, (_, index) => `n-${site}-${index}` as NodeId)
      this.sites.set(site, nodes)
      for (const [index, nodeId] of nodes.entries()) {
        // Sites do not share networks, and none of them has a single one.
        const remoteAddress = `10.${site.charCodeAt(0)}.${index % 250}.9`
        this.liveness.connected({ nodeId, siteCode: `SITE-${site}`, remoteAddress })
      }
    }
  }

  nodes(): NodeId[] {
    return [...this.sites.values()].flat()
  }

  /** Nodes are heard every 10 s, but for the lost. */
  async run(ms: number, lost: ReadonlySet<NodeId>): Promise<void> {
    const heard = this.nodes().filter((nodeId) => !lost.has(nodeId))
    for (let second = 1; second <= ms / SECOND; second += 1) {
      this.clock.advance(SECOND)
      if (second % 10 === 0) for (const nodeId of heard) this.liveness.heard(nodeId)
      await this.liveness.judge()
    }
  }
}

describe('C19: 2,500 of 12,000 nodes', () => {
  test('all of one site: the site is named, and the collector trusts itself', async () => {
    const fleet = new Fleet([
      ['A', 2_500],
      ['B', 9_500],
    ])
    const lost = new Set(fleet.sites.get('A'))
    await fleet.run(2 * MINUTE, lost)
    expect(fleet.liveness.depositsSuspended()).toBe(false)
    expect(fleet.entries).toEqual([])
    expect(fleet.log.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { fields: { explained_by: 'SITE-A', nodes: 12_000, vanished: 2_500 } },
    ])
  })

  test('spread over five sites: deposits are suspended, for 10 min at most', async () => {
    const fleet = new Fleet(SITES.map((site) => [site, NODES_PER_SITE]))
    const lost = new Set([...fleet.sites.values()].flatMap((nodes) => nodes.slice(0, 500)))
    expect(lost.size).toBe(2_500)
    await fleet.run(MINUTE, lost)
    expect(fleet.liveness.depositsSuspended()).toBe(true)
    expect(fleet.entries).toMatchObject([
      { kind: 'liveness_suspended', payload: { vanished: 2_500, nodes: 12_000 } },
    ])
    await fleet.run(9 * MINUTE, lost)
    expect(fleet.liveness.depositsSuspended()).toBe(true)
    await fleet.run(MINUTE, lost)
    expect(fleet.liveness.depositsSuspended()).toBe(false)
    expect(fleet.entries.map(({ kind }) => kind)).toEqual([
      'liveness_suspended',
      'liveness_resumed',
    ])
  })
})

describe('C19: 5 of 24 nodes (20.8 %), with their deposits', () => {
  async function fleetOf(sizes: readonly number[]): Promise<[Country, Machine[][]]> {
    const country = await Country.open()
    const sites: Machine[][] = []
    for (const [index, size] of sizes.entries()) {
      const machines: Machine[] = []
      for (let machine = 0; machine < size; machine += 1) {
        const cards = cardsOf(`s${index}m${machine}`, 1)
        machines.push(await country.machine({ cards, siteCode: `SITE-${index}` }))
      }
      sites.push(machines)
    }
    for (const machine of sites.flat()) machine.start()
    await country.runTo(at('08:20:00') + SECOND / 2)
    expect((await country.stages()).deposited).toBe(24)
    return [country, sites]
  }

  const closed = async (country: Country) => {
    const all = await country.deposits()
    return all.filter(({ closedAtMs }) => closedAtMs !== null)
  }

  test('all of one site: its deposits close at 90 s, at the last proven second', async () => {
    const [country, [site = []]] = await fleetOf([5, 19])
    for (const machine of site) machine.powerOff()
    await country.run(80 * SECOND)
    expect(await closed(country)).toEqual([])
    await country.run(30 * SECOND)
    expect(country.collector.liveness.depositsSuspended()).toBe(false)
    expect((await closed(country)).map((one) => [one.closedAtMs, one.closeReason])).toEqual(
      site.map(() => [at('08:20'), 'silent']),
    )
    expect(await country.stages()).toMatchObject({ unknown: 5, free: 19, deposited: 19 })
  })

  test('spread: their state is unknown at 90 s as ever, their deposits are visible for 10 min and close then', async () => {
    const [country, sites] = await fleetOf([6, 6, 6, 6])
    const lost = [...sites.map(([first]) => first), sites[0]?.[1]]
    for (const machine of lost) machine?.powerOff()
    await country.run(2 * MINUTE)
    expect(country.collector.liveness.depositsSuspended()).toBe(true)
    expect(await country.stages()).toMatchObject({ unknown: 5, free: 19 })
    expect(await closed(country)).toEqual([])
    const { deposits } = await country.get('/v1/deposits')
    expect(deposits).toHaveLength(24)
    expect(deposits.every((one: { suspended: boolean }) => one.suspended)).toBe(true)
    expect((await country.get('/v1/capacity?unfenced=true')).cards).toBe(0)

    await country.run(9 * MINUTE)
    expect(country.collector.liveness.depositsSuspended()).toBe(false)
    expect((await closed(country)).map((one) => [one.closedAtMs, one.closeReason])).toEqual(
      lost.map(() => [at('08:20'), 'silent']),
    )
    expect((await country.get('/v1/capacity?unfenced=true')).cards).toBe(19)
  })
})
