/** The agent as a whole, in memory: what is booked when tools, disks, clocks and owners misbehave. */
import { CALENDAR_ALWAYS, calendarText } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { Possession } from '../../agent/src/owners/owner.ts'
import { holesIn, startAgent } from '../support/agent-rig.ts'
import { FakeClock } from '../support/fake-clock.ts'
import {
  busyReading,
  type FakeCard,
  FakeProbe,
  fakeCard,
  idleReading,
  pciCardOf,
} from '../support/fake-probe.ts'
import { MemorySpool } from '../support/memory-spool.ts'

const MINUTE_MS = 60_000
const NEVER = {
  timeZone: 'Asia/Shanghai',
  weekly: [],
  holidays: [],
  workdays: [],
  exceptions: [],
}

function twoCards(): [FakeCard, FakeCard] {
  return [fakeCard('GPU-01'), fakeCard('GPU-02')]
}

describe('the record stream', () => {
  test('begins with a gap, facts and policy, then books ticks without a hole', async () => {
    const rig = startAgent({ probes: [new FakeProbe(twoCards())] })
    await rig.run(10 * MINUTE_MS)
    const kinds = rig.records().map((record) => record.kind)
    expect(kinds.slice(0, 3)).toEqual(['gap', 'facts', 'policy'])
    expect(kinds.slice(3).every((kind) => kind === 'tick')).toBe(true)
    expect(holesIn(rig.records())).toEqual([])
    expect(rig.booked(0)['free/proven']).toBeGreaterThanOrEqual(9 * MINUTE_MS)
    await rig.stop()
    expect(rig.records().at(-1)?.kind).toBe('goodbye')
  })

  test.each([
    { bootId: 'boot-1', isOrdered: true, cause: 'stopped' },
    { bootId: 'boot-1', isOrdered: true, cause: 'upgrade' },
    { bootId: 'boot-1', isOrdered: true, cause: 'reboot' },
    { bootId: 'boot-1', isOrdered: false, cause: 'restart' },
    { bootId: 'boot-2', isOrdered: false, cause: 'reboot' },
  ])('goes on after $cause with a gap of that cause and no second facts', async (row) => {
    const spool = new MemorySpool()
    const reason = (['reboot', 'upgrade'] as const).find((one) => one === row.cause) ?? 'stop'
    const stopReason = async () => reason
    const first = startAgent({ probes: [new FakeProbe(twoCards())], spool, stopReason })
    await first.run(5 * MINUTE_MS)
    if (row.isOrdered) await first.stop()
    else await first.agent.stop().catch(() => {})
    const written = row.isOrdered ? first.records().length : first.records().length - 1
    if (!row.isOrdered) spool.setMeta('agent.goodbye', '')
    await first.clock.run(MINUTE_MS)
    const second = startAgent({
      probes: [new FakeProbe(twoCards())],
      spool,
      clock: first.clock,
      bootId: row.bootId,
    })
    await second.run(2 * MINUTE_MS)
    const records = second.records().slice(written)
    const gap = records.find((record) => record.kind === 'gap')
    expect(gap).toMatchObject({ gap: { cause: row.cause, bootId: row.bootId } })
    const facts = records.filter((record) => record.kind === 'facts')
    // The boot id is part of the facts: only a reboot changes them here.
    expect(facts).toHaveLength(row.bootId === 'boot-1' ? 0 : 1)
    expect(holesIn(second.records())).toEqual([])
    await second.stop()
  })

  test('tells its facts and policy again, under new numbers, when the collector lost them', async () => {
    const rig = startAgent({ probes: [new FakeProbe(twoCards())] })
    await rig.run(MINUTE_MS)
    rig.agent.onNeedFacts()
    rig.agent.onNeedFacts()
    await rig.run(MINUTE_MS)
    const facts = rig.records().filter((record) => record.kind === 'facts')
    expect(facts.map((record) => record.facts.revision)).toEqual([1, 2])
    const policies = rig.records().filter((record) => record.kind === 'policy')
    expect(policies.map((record) => record.policy.version)).toEqual([1, 2])
    expect(rig.ticks().at(-1)?.factsRevision).toBe(2)
    await rig.stop()
  })

  test('begins a new epoch with a gap, all facts and new indexes from 0', async () => {
    const rig = startAgent({ probes: [new FakeProbe(twoCards())] })
    await rig.run(5 * MINUTE_MS)
    const endMs = rig.spool.state().timelineEndMs ?? 0
    rig.spool.newEpoch()
    rig.agent.onNewEpoch()
    await rig.run(5 * MINUTE_MS)
    const [gap, facts] = rig.records()
    expect(gap).toMatchObject({ kind: 'gap', gap: { cause: 'epoch' } })
    if (gap?.kind === 'gap') expect(gap.gap.startMs).toBeGreaterThanOrEqual(endMs)
    expect(facts).toMatchObject({
      kind: 'facts',
      facts: { revision: 1, units: [{ index: 0 }, { index: 1 }] },
    })
    expect(holesIn(rig.records())).toEqual([])
    await rig.stop()
  })
})

describe('units', () => {
  test('a new card gets a new index in new facts, and a card that left keeps its own', async () => {
    const [one, two] = twoCards()
    const probe = new FakeProbe([one, two])
    const rig = startAgent({ probes: [probe] })
    await rig.run(2 * MINUTE_MS)
    probe.cards = [two, fakeCard('GPU-03')]
    await rig.run(2 * MINUTE_MS)
    const facts = rig.records().filter((record) => record.kind === 'facts')
    const indexes = facts.map((record) => record.facts.units.map((unit) => unit.index))
    expect(indexes).toEqual([
      [0, 1],
      [1, 2],
    ])
    expect(holesIn(rig.records())).toEqual([])
    await rig.stop()
  })

  test('a card that is cut keeps its timeline; slices and the rest begin theirs (C6)', async () => {
    const card = fakeCard('GPU-01')
    const probe = new FakeProbe([card])
    const rig = startAgent({ probes: [probe] })
    await rig.run(2 * MINUTE_MS)
    const part = (key: string, kind: 'slice' | 'unsliced', sharePpm: number) =>
      fakeCard(key, { kind, sharePpm, parentKey: 'GPU-01', pciAddress: null })
    probe.cards = [
      card,
      part('MIG-1', 'slice', 428_571),
      part('MIG-2', 'slice', 428_571),
      part('GPU-01/unsliced', 'unsliced', 142_858),
    ]
    await rig.run(2 * MINUTE_MS)
    const facts = rig.records().filter((record) => record.kind === 'facts')
    const units = facts.at(-1)?.facts.units ?? []
    expect(units.map(({ index, parentIndex, kind }) => [index, parentIndex, kind])).toEqual([
      [0, null, 'card'],
      [1, 0, 'slice'],
      [2, 0, 'slice'],
      [3, 0, 'unsliced'],
    ])
    expect(units.slice(1).reduce((sum, unit) => sum + unit.sharePpm, 0)).toBe(1_000_000)
    expect(Object.keys(rig.booked(0))).toEqual(['free/proven'])
    expect(holesIn(rig.records())).toEqual([])
    await rig.stop()
  })

  test('a card of the bus without driver is faulty, one passed through is allocated', async () => {
    const [one, two] = twoCards()
    const pci = [
      pciCardOf(one, { driver: null }),
      pciCardOf(two, { driver: 'vfio-pci' }),
      pciCardOf(fakeCard('NPU-05', { vendor: 'ascend' }), { driver: 'davinci' }),
    ]
    const probe = new FakeProbe([])
    probe.mode = 'absent'
    const rig = startAgent({ probes: [probe], pci: () => pci })
    await rig.run(10 * MINUTE_MS)
    expect(Object.keys(rig.booked(0))).toContain('faulty/no_driver')
    expect(Object.keys(rig.booked(1))).toContain('allocated/passthrough')
    expect(Object.keys(rig.booked(2))).toContain('faulty/no_tool')
    const facts = rig.records().find((record) => record.kind === 'facts')
    expect(facts).toMatchObject({
      facts: { units: [{ identities: [{ strength: 'slot' }] }, {}, {}] },
    })
    await rig.stop()
  })

  test('no card enters under its slot while its own tool has not answered', async () => {
    const [one, two] = twoCards()
    const probe = new FakeProbe([one, two])
    probe.mode = 'hung'
    const rig = startAgent({ probes: [probe], pci: () => [pciCardOf(one), pciCardOf(two)] })
    await rig.run(5_000)
    expect(rig.records()).toEqual([])
    probe.unhang()
    await rig.run(MINUTE_MS)
    const facts = rig.records().find((record) => record.kind === 'facts')
    expect(facts).toMatchObject({
      facts: { units: [{ identities: [{ strength: 'strong' }] }, {}] },
    })
    await rig.stop()
  })

  test('a card known before a restart stays itself while its tool is broken', async () => {
    const spool = new MemorySpool()
    const [one, two] = twoCards()
    const first = startAgent({ probes: [new FakeProbe([one, two])], spool })
    await first.run(MINUTE_MS)
    await first.stop()
    const probe = new FakeProbe([])
    probe.mode = 'failing'
    const pci = () => [pciCardOf(one), pciCardOf(two)]
    const second = startAgent({ probes: [probe], spool, clock: first.clock, pci })
    await second.run(5 * MINUTE_MS)
    const { units } = second.agent.status()
    expect(units.map((unit) => [unit.key, unit.code])).toEqual([
      ['GPU-01', 'unknown/probe'],
      ['GPU-02', 'unknown/probe'],
    ])
    await second.stop()
  })
})

describe('tools that misbehave', () => {
  test.each(['hung', 'failing', 'absent'] as const)(
    'cards of a tool that is %s are unknown within two ticks, others keep their cadence',
    async (mode) => {
      const broken = new FakeProbe([fakeCard('GPU-01')])
      const other = new FakeProbe([fakeCard('NPU-02', { vendor: 'ascend' })], 'ascend')
      const rig = startAgent({ probes: [broken, other] })
      await rig.run(5 * MINUTE_MS)
      const ticksBefore = rig.ticks().length
      broken.mode = mode
      // A tool that is not there any more fails when it is asked for a sample.
      if (mode === 'absent') broken.cards = []
      const before = other.count('sample')
      await rig.run(10 * MINUTE_MS)
      expect(other.count('sample') - before).toBe(60)
      const index = rig.agent.status().units.find((unit) => unit.key === 'GPU-01')?.index
      if (mode !== 'absent') expect(rig.agent.status().units[0]?.state).toBe('unknown')
      const late = rig.ticks().slice(ticksBefore + 3)
      const codes = late.flatMap((tick) =>
        tick.units.filter((unit) => unit.index === index).flatMap((unit) => unit.runs),
      )
      expect(codes.map((run) => run.code)).not.toContain(1)
      expect(holesIn(rig.records())).toEqual([])
      await rig.stop()
    },
  )

  test('a hung probe is asked nothing more until it answers, and then at once again', async () => {
    const probe = new FakeProbe([fakeCard('GPU-01')])
    const rig = startAgent({ probes: [probe] })
    await rig.run(MINUTE_MS)
    probe.mode = 'hung'
    await rig.run(10 * MINUTE_MS)
    const calls = probe.calls.length
    await rig.run(10 * MINUTE_MS)
    expect(probe.calls.length).toBe(calls)
    probe.unhang()
    await rig.run(3 * MINUTE_MS)
    expect(rig.agent.status().units[0]?.state).toBe('free')
    await rig.stop()
  })

  test('one sample in a hundred that fails costs its own time and starts nothing anew', async () => {
    const probe = new FakeProbe([fakeCard('GPU-01')])
    const rig = startAgent({ probes: [probe] })
    for (let round = 0; round < 20; round += 1) {
      probe.mode = 'failing'
      await rig.run(10_000)
      probe.mode = 'ok'
      await rig.run(990_000)
    }
    const booked = rig.booked(0)
    const total = Object.values(booked).reduce((sum, ms) => sum + ms, 0)
    expect((booked['unknown/probe'] ?? 0) / total).toBeLessThan(0.03)
    expect((booked['free/proven'] ?? 0) / total).toBeGreaterThan(0.96)
    expect(rig.link.events).toEqual([])
    await rig.stop()
  })

  test('an owner probe that hangs leaves possession unproven, never free', async () => {
    const owner = {
      kind: 'contract' as const,
      possession: () => new Promise<ReadonlyMap<string, Possession>>(() => {}),
      stop: async () => {},
    }
    const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01')])], owner })
    await rig.run(5 * MINUTE_MS)
    expect(rig.booked(0)['free/proven']).toBeUndefined()
    expect(rig.booked(0)['unknown/possession']).toBeGreaterThan(0)
    await rig.stop()
  })
})

describe('what is told at once', () => {
  test('a card that leaves free, and one that fails', async () => {
    const [one, two] = twoCards()
    const rig = startAgent({ probes: [new FakeProbe([one, two])] })
    await rig.run(MINUTE_MS)
    one.reading = busyReading('GPU-01')
    two.reading = {
      ...idleReading('GPU-02'),
      health: { status: 'failed', cause: 'ecc', detail: 'uncorrectable' },
    }
    await rig.run(10_000)
    expect(rig.link.events).toMatchObject([
      { kind: 'left_free', units: [0] },
      { kind: 'fault', units: [1] },
    ])
    await rig.stop()
  })

  test('not a lone grey reading, but the second in a row (C21)', async () => {
    const card = fakeCard('GPU-01')
    const rig = startAgent({ probes: [new FakeProbe([card])] })
    await rig.run(MINUTE_MS)
    const grey = { ...idleReading('GPU-01'), utilization: { compute: 0.03 } }
    card.reading = grey
    await rig.run(10_000)
    card.reading = idleReading('GPU-01')
    await rig.run(30_000)
    expect(rig.link.events).toEqual([])
    card.reading = grey
    await rig.run(20_000)
    expect(rig.link.events).toMatchObject([{ kind: 'left_free', units: [0] }])
    await rig.stop()
  })

  test('the heartbeat counts samples since the last and shows who is free', async () => {
    const [one, two] = twoCards()
    one.reading = busyReading('GPU-01')
    const rig = startAgent({ probes: [new FakeProbe([one, two])] })
    await rig.run(MINUTE_MS)
    rig.agent.heartbeat()
    await rig.run(30_000)
    expect(rig.agent.heartbeat()).toEqual({ samples: 3, freeUnits: Uint8Array.of(0b10) })
    await rig.stop()
  })
})

describe('clocks', () => {
  test('a stepped wall clock moves no record (C2)', async () => {
    const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01')])] })
    await rig.run(5 * MINUTE_MS)
    rig.clock.stepWall(40_000)
    await rig.run(5 * MINUTE_MS)
    rig.clock.stepWall(-40_000)
    await rig.run(5 * MINUTE_MS)
    expect(holesIn(rig.records())).toEqual([])
    expect(Object.keys(rig.booked(0))).toEqual(['free/proven'])
    expect(rig.agent.status().clock.stepMs).not.toBe(0)
    const steps = rig
      .records()
      .flatMap((record) => (record.kind === 'tick' ? (record.tick.wallStepsMs ?? []) : []))
    expect(steps).toEqual([40_000, -40_000])
    await rig.stop()
  })

  test('an anchor found an hour wrong moves what was never sent, as one block', async () => {
    const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01')])] })
    await rig.run(10 * MINUTE_MS)
    const before = rig.ticks()
    rig.agent.onTime({ offsetMs: 60 * MINUTE_MS, uncertaintyMs: 5 })
    await rig.run(5 * MINUTE_MS)
    expect(rig.ticks()[0]?.startMs).toBe((before[0]?.startMs ?? 0) + 60 * MINUTE_MS)
    expect(holesIn(rig.records())).toEqual([])
    await rig.stop()
  })

  test('a machine that slept has a gap of that cause, and nothing is free in it', async () => {
    let sleptMs = 0
    const clock = new FakeClock()
    const rig = startAgent({
      probes: [new FakeProbe([fakeCard('GPU-01')])],
      clock,
      bootTimeMs: () => clock.monotonicMs() + sleptMs,
    })
    await rig.run(5 * MINUTE_MS)
    sleptMs = 60 * MINUTE_MS
    clock.stepWall(sleptMs)
    await rig.run(5 * MINUTE_MS)
    expect(holesIn(rig.records())).toEqual([])
    const gaps = rig.records().flatMap((record) => (record.kind === 'gap' ? [record.gap] : []))
    expect(gaps.map((gap) => gap.cause)).toEqual(['epoch', 'suspend'])
    expect((gaps[1]?.endMs ?? 0) - (gaps[1]?.startMs ?? 0)).toBeGreaterThanOrEqual(sleptMs)
    expect(rig.booked(0)['free/proven']).toBeLessThanOrEqual(10 * MINUTE_MS)
    await rig.stop()
  })

  test('a collector whose clock steps later moves nothing (C4)', async () => {
    const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01')])] })
    await rig.run(5 * MINUTE_MS)
    rig.agent.onTime({ offsetMs: 3, uncertaintyMs: 5 })
    const before = rig.records()
    for (let acks = 0; acks < 10; acks += 1) {
      rig.agent.onTime({ offsetMs: 40_000, uncertaintyMs: 5 })
    }
    expect(rig.records()).toEqual(before)
    await rig.run(5 * MINUTE_MS)
    expect(rig.records().slice(0, before.length)).toEqual(before)
    expect(rig.records().filter((record) => record.kind === 'gap')).toHaveLength(1)
    await rig.stop()
  })

  test('what was sent stays where it is', async () => {
    const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01')])] })
    await rig.run(10 * MINUTE_MS)
    const sent = rig.records()
    rig.spool.markSent(rig.spool.state().lastSeq)
    rig.agent.onTime({ offsetMs: 60 * MINUTE_MS, uncertaintyMs: 5 })
    await rig.run(5 * MINUTE_MS)
    expect(rig.records().slice(0, sent.length)).toEqual(sent)
    expect(holesIn(rig.records())).toEqual([])
    await rig.stop()
  })
})

describe('a full disk', () => {
  test('ends nothing: what was kept in memory is written when space returns', async () => {
    const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01')])] })
    await rig.run(5 * MINUTE_MS)
    rig.spool.failure = 'disk_full'
    await rig.run(5 * MINUTE_MS)
    expect(rig.agent.status().spool.waitingRecords).toBeGreaterThanOrEqual(5)
    rig.spool.failure = null
    await rig.run(MINUTE_MS)
    expect(rig.agent.status().spool.waitingRecords).toBe(0)
    expect(holesIn(rig.records())).toEqual([])
    expect(rig.booked(0)['free/proven']).toBeGreaterThanOrEqual(10 * MINUTE_MS)
    await rig.stop()
  })

  test('past what may be kept the oldest time is lost openly, never left out', async () => {
    const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01')])] })
    await rig.run(5 * MINUTE_MS)
    rig.spool.failure = 'disk_full'
    await rig.run(60 * MINUTE_MS)
    rig.spool.failure = null
    await rig.run(MINUTE_MS)
    expect(holesIn(rig.records())).toEqual([])
    const lost = rig
      .records()
      .filter((record) => record.kind === 'gap' && record.gap.cause === 'lost')
    expect(lost).toHaveLength(1)
    const [gap] = lost
    if (gap?.kind === 'gap') {
      expect(gap.gap.endMs - gap.gap.startMs).toBeGreaterThan(40 * MINUTE_MS)
    }
    await rig.stop()
  })

  test('at the start is waited out', async () => {
    const spool = new MemorySpool()
    spool.failure = 'disk_full'
    const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01')])], spool })
    await rig.run(10 * MINUTE_MS)
    expect(rig.records()).toEqual([])
    spool.failure = null
    await rig.run(2 * MINUTE_MS)
    expect(
      rig
        .records()
        .map((record) => record.kind)
        .slice(0, 3),
    ).toEqual(['gap', 'facts', 'policy'])
    await rig.stop()
  })

  test('a card that appears meanwhile is told when its index can be kept', async () => {
    const probe = new FakeProbe([fakeCard('GPU-01')])
    const rig = startAgent({ probes: [probe] })
    await rig.run(5 * MINUTE_MS)
    rig.spool.failure = 'disk_full'
    probe.cards = [...probe.cards, fakeCard('GPU-02')]
    await rig.run(5 * MINUTE_MS)
    rig.spool.failure = null
    await rig.run(5 * MINUTE_MS)
    expect(rig.booked(1)['free/proven']).toBeGreaterThan(0)
    expect(holesIn(rig.records())).toEqual([])
    await rig.stop()
  })
})

describe("the owner's orders", () => {
  test('reclaim is in the stream at once, clears the bit, and holds over a restart', async () => {
    const spool = new MemorySpool()
    const first = startAgent({ probes: [new FakeProbe(twoCards())], spool })
    await first.run(5 * MINUTE_MS)
    expect(
      first
        .ticks()
        .at(-1)
        ?.units.map((unit) => unit.depositable),
    ).toEqual([true, true])
    const result = first.agent.reclaim(['GPU-02'])
    const done = { status: 'done', units: [1], leasesEnded: 0, isDurable: true }
    expect(result).toEqual(done)
    expect(first.records().at(-1)).toMatchObject({
      kind: 'veto',
      veto: { kind: 'reclaim', units: [1] },
    })
    expect(first.link.events).toMatchObject([{ kind: 'veto', units: [1] }])
    await first.stop()
    const second = startAgent({
      probes: [new FakeProbe(twoCards())],
      spool,
      clock: first.clock,
    })
    await second.run(2 * MINUTE_MS)
    expect(
      second
        .ticks()
        .at(-1)
        ?.units.map((unit) => unit.depositable),
    ).toEqual([true, false])
    second.agent.offer([])
    await second.run(2 * MINUTE_MS)
    expect(
      second
        .ticks()
        .at(-1)
        ?.units.map((unit) => unit.depositable),
    ).toEqual([true, true])
    await second.stop()
  })

  test('a name that fits nothing changes nothing', async () => {
    const rig = startAgent({ probes: [new FakeProbe(twoCards())] })
    await rig.run(MINUTE_MS)
    const written = rig.records().length
    expect(rig.agent.reclaim(['GPU-01', 'GPU-99'])).toMatchObject({ status: 'unit_unknown' })
    expect(rig.records().length).toBe(written)
    expect(rig.agent.status().units.map((unit) => unit.notDepositable?.reason)).not.toContain(
      'reclaimed',
    )
    await rig.stop()
  })

  test('an order holds though the disk takes nothing, and says that it is not durable', async () => {
    const rig = startAgent({ probes: [new FakeProbe(twoCards())] })
    await rig.run(5 * MINUTE_MS)
    rig.spool.failure = 'disk_full'
    expect(rig.agent.reclaim([])).toMatchObject({ status: 'done', isDurable: false })
    await rig.run(2 * MINUTE_MS)
    rig.spool.failure = null
    await rig.run(2 * MINUTE_MS)
    expect(
      rig
        .ticks()
        .at(-1)
        ?.units.map((unit) => unit.depositable),
    ).toEqual([false, false])
    expect(rig.records().filter((record) => record.kind === 'veto')).toHaveLength(1)
    await rig.stop()
  })

  test('pause lets go of every handle, books unknown(paused), and ends by itself (C26)', async () => {
    const probe = new FakeProbe([fakeCard('GPU-01')])
    const rig = startAgent({ probes: [probe] })
    await rig.run(5 * MINUTE_MS)
    const paused = rig.agent.pause(10 * MINUTE_MS)
    await rig.run(2_000)
    await paused
    expect(probe.count('release')).toBe(1)
    const calls = probe.calls.length
    await rig.run(8 * MINUTE_MS)
    expect(probe.calls.length).toBe(calls)
    expect(rig.agent.status().units[0]).toMatchObject({
      code: 'unknown/paused',
      notDepositable: { reason: 'paused' },
    })
    await rig.run(5 * MINUTE_MS)
    expect(probe.calls.length).toBeGreaterThan(calls)
    expect(rig.agent.status().units[0]?.state).toBe('free')
    const vetoes = rig.records().flatMap((record) => (record.kind === 'veto' ? [record.veto] : []))
    expect(vetoes.map((veto) => veto.kind)).toEqual(['pause', 'resume'])
    expect(rig.booked(0)['unknown/paused']).toBeGreaterThanOrEqual(9 * MINUTE_MS)
    expect(holesIn(rig.records())).toEqual([])
    await rig.stop()
  })

  test('a pause holds over a restart: no probe is asked', async () => {
    const spool = new MemorySpool()
    const first = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01')])], spool })
    await first.run(MINUTE_MS)
    await Promise.all([first.agent.pause(null), first.run(2_000)])
    await first.stop()
    const probe = new FakeProbe([fakeCard('GPU-01')])
    const second = startAgent({ probes: [probe], spool, clock: first.clock })
    await second.run(5 * MINUTE_MS)
    expect(probe.count('sample') + probe.count('inventory') + probe.count('detect')).toBe(0)
    expect(second.agent.status().units[0]).toMatchObject({
      key: 'GPU-01',
      code: 'unknown/paused',
    })
    second.agent.resume()
    await second.run(2 * MINUTE_MS)
    expect(second.agent.status().units[0]?.state).toBe('free')
    await second.stop()
  })
})

test.each([
  ['tells the collector the calendar it keeps to', NEVER, calendarText(NEVER)],
  ['tells none where cards may be deposited always', CALENDAR_ALWAYS, null],
  ['tells none where none is stated', null, null],
])('the policy %s', async (_name, calendar, expected) => {
  const rig = startAgent({ probes: [], deposit: { calendar } })
  await rig.run(MINUTE_MS)
  const policies = rig.records().filter((record) => record.kind === 'policy')
  expect(policies.map((record) => record.policy.calendar)).toEqual([expected])
  await rig.stop()
})

describe('status', () => {
  test.each([
    { name: 'consent is off', deposit: { enabled: false }, reason: 'consent_off' },
    { name: 'the calendar is closed', deposit: { calendar: NEVER }, reason: 'outside_calendar' },
    { name: 'the window is young', deposit: { minFreeMs: 3_600_000 }, reason: 'window_young' },
    { name: 'nothing stands against it', deposit: {}, reason: undefined },
  ])('says why a card is not depositable when $name, and since when', async (row) => {
    const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01')])], deposit: row.deposit })
    await rig.run(20 * MINUTE_MS)
    const [unit] = rig.agent.status().units
    expect(unit?.notDepositable?.reason).toBe(row.reason)
    expect(unit?.isDepositable).toBe(row.reason === undefined)
    if (row.reason !== undefined) {
      const ageMs = rig.agent.status().atMs - (unit?.notDepositable?.sinceMs ?? 0)
      expect(ageMs).toBeGreaterThanOrEqual(19 * MINUTE_MS)
    }
    await rig.stop()
  })

  test('a card known by its board only is not depositable', async () => {
    const card = fakeCard('SN-01', { identities: [{ strength: 'board', raw: 'SN-01' }] })
    const rig = startAgent({ probes: [new FakeProbe([card])] })
    await rig.run(20 * MINUTE_MS)
    expect(rig.agent.status().units[0]?.notDepositable?.reason).toBe('weak_identity')
    await rig.stop()
  })
})
