/**
 * Nodes that lie: what no card can do is refused or flagged on the quality page, withholds what it
 * should, and leaves others alone. The liars are real agents whose spools write something else.
 */
import { decodeRecord, encodeRecord, type SpoolEntry, type UnitTick } from '@yiben/shared'
import { expect, test } from 'vitest'
import { loadCatalogue } from '../../collector/src/catalogue/catalogue.ts'
import { modelFacts } from '../../collector/src/plausibility/rules.ts'
import { PlausibilityWatcher } from '../../collector/src/plausibility/watcher.ts'
import { MemorySpool } from '../support/memory-spool.ts'
import { at, Country, MINUTE } from './country.ts'
import { cardsOf } from './machine.ts'

/** Tells of every unit of every tick what `forge` says instead. */
class LyingSpool extends MemorySpool {
  forge: (unit: UnitTick, spanMs: number) => UnitTick = (unit) => unit
  /** Tells every minute twice: a card that is busy 48 hours a day. */
  isDoubling = false

  override append(entries: readonly SpoolEntry[]) {
    const told = entries.map((entry) => this.#told(entry))
    const twice = this.isDoubling ? told.flatMap((entry) => [entry, entry]) : told
    return super.append(twice)
  }

  #told(entry: SpoolEntry): SpoolEntry {
    const decoded = decodeRecord(entry.bytes, () => [0])
    if (decoded.status !== 'ok' || decoded.record.kind !== 'tick') return entry
    const { tick } = decoded.record
    const units = tick.units.map((unit) => this.forge(unit, tick.spanMs))
    return { ...entry, bytes: encodeRecord({ kind: 'tick', tick: { ...tick, units } }) }
  }
}

const atWatts = (watts: number) => (unit: UnitTick, spanMs: number) => ({
  ...unit,
  energyJoules: Math.round((watts * spanMs) / 1_000),
})

/** To meet a quota: a card that says it computes, on the power of an empty one. */
function busyAtNone(unit: UnitTick, spanMs: number): UnitTick {
  const told = atWatts(20)(unit, spanMs)
  const utilization = { utilizationSumPermille: unit.samplesGot * 900, utilizationMaxPermille: 950 }
  return { ...told, ...utilization, activeMs: spanMs, samplesZero: 0, samplesBelowTenth: 0 }
}

function watcherOf(country: Country): PlausibilityWatcher {
  const { clock } = country.process
  return new PlausibilityWatcher({
    store: country.store,
    clock,
    logger: country.log,
    facts: modelFacts(loadCatalogue()),
    onFound: () => country.collector.bank.hint(),
  })
}

test('a card that is busy more than 24 hours a day is refused in each record, and counted once', async () => {
  const country = await Country.open()
  const spool = new LyingSpool()
  await country.join({ cards: cardsOf('a', 1), spool })
  const honest = await country.join({ cards: cardsOf('b', 1) })
  await country.runTo(at('08:30:30'))
  spool.isDoubling = true
  await country.runTo(at('08:40:30'))
  const { refused } = await country.get('/v1/quality')
  expect(refused.total).toBe(10)
  for (const row of refused.rows) expect(row).toMatchObject({ code: 'record_overlap' })
  const { states } = await country.balance(at('08:10'), at('08:40'), 1)
  const told = Object.values(states).map(Number)
  expect(told.reduce((sum, ms) => sum + ms, 0)).toBe(30 * MINUTE)
  expect(spool.state().ackedSeq).toBe(spool.state().lastSeq)
  expect(honest.linkState).toBe('online')
})

test('idle at full power, and busy at none: flagged, counted, not deposited until an administrator clears it', async () => {
  const country = await Country.open()
  const spool = new LyingSpool()
  spool.forge = atWatts(430)
  const deposit = { enabled: true, minFreeMs: 15 * MINUTE }
  const liar = await country.join({ cards: cardsOf('a', 1), spool, deposit })
  const honest = await country.join({ cards: cardsOf('b', 1), deposit })
  const busySpool = new LyingSpool()
  busySpool.forge = busyAtNone
  const boaster = await country.join({
    cards: cardsOf('c', 1),
    spool: busySpool,
    deposit: { enabled: false },
  })
  const watcher = watcherOf(country)
  await country.runTo(at('11:05'))
  const openNow = async () => {
    const all = await country.deposits()
    return all.filter(({ closedAtMs }) => closedAtMs === null).map(({ nodeId }) => nodeId)
  }
  // Nothing is judged before its hour is sealed: both are deposited by then.
  expect(await openNow()).toEqual([liar.nodeId, honest.nodeId])
  await watcher.drain()
  expect((await country.get('/v1/quality')).implausible).toMatchObject({
    total: 2,
    rows: [
      { rule: 'busy_at_idle', node_id: boaster.nodeId, withholds: false },
      {
        rule: 'idle_at_power',
        node_id: liar.nodeId,
        unit_id: 1,
        hours: 1,
        withholds: true,
        figures: [
          { name: 'mean_watts', value: 430 },
          { name: 'watts_max', value: expect.any(Number) },
          { name: 'quiet_ms', value: expect.any(Number) },
        ],
      },
    ],
  })
  expect((await country.get('/v1/ledger')).implausible_cards).toBe(2)
  // Taken back and given again: the honest card comes back, the other one does not.
  for (const machine of [liar, honest]) await machine.agent.reclaim([])
  await country.run(MINUTE)
  expect(await openNow()).toEqual([])
  for (const machine of [liar, honest]) await machine.agent.offer([])
  await country.run(20 * MINUTE)
  expect(await openNow()).toEqual([honest.nodeId])
  const explained = await country.collector.bank.explain(liar.nodeId)
  expect(explained).toMatchObject([{ unitId: 1, status: 'implausible' }])
  expect(await country.entries('implausible_found')).toHaveLength(2)

  const [, finding] = (await country.get('/v1/findings')).findings
  const cleared = await country.post(`/v1/findings/${finding.finding_id}/clear`, {
    because: 'its meter counts the fans of the whole chassis',
  })
  expect(cleared).toMatchObject({ rule: 'idle_at_power', withholds: false })
  await country.run(MINUTE)
  expect(await openNow()).toEqual([honest.nodeId, liar.nodeId])
  expect((await country.get('/v1/quality')).implausible.total).toBe(1)
  expect(await country.entries('implausible_cleared')).toMatchObject([
    { payload: { rule: 'idle_at_power', because: expect.stringContaining('fans') } },
  ])
})
