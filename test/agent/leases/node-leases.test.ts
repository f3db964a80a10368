/** Leases on a whole agent in memory: what is booked, told, shown and kept while cards are lent. */
import {
  type LeaseNoticeKind,
  type RunName,
  runName,
  type UnsignedLeaseNotice,
} from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { OwnerProbe, Possession } from '../../../agent/src/owners/owner.ts'
import { MemoryLeases } from '../../support/agent-leases.ts'
import { type AgentRig, holesIn, type RigOptions, startAgent } from '../../support/agent-rig.ts'
import { busyReading, FakeProbe, fakeCard, idleReading } from '../../support/fake-probe.ts'
import { line, signed } from './support.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

interface Lending extends AgentRig {
  readonly cards: readonly ReturnType<typeof fakeCard>[]
  readonly store: MemoryLeases
  readonly startMs: number
  readonly owner: { possession: Possession }
  notice(kind: LeaseNoticeKind, revision: number, change?: Partial<UnsignedLeaseNotice>): void
  told(): string[]
  /** Runs of a unit within `[fromMs, toMs)` since the lease began, in seconds. */
  runs(index: number): [RunName, number][]
}

/** Two free cards; a lease of both, of one hour, begins 2 s after its notice. */
async function lend(options: Partial<RigOptions> = {}): Promise<Lending> {
  const rig = await idle(options)
  rig.notice('lend', 1)
  await rig.run(2_000)
  return rig
}

async function idle(options: Partial<RigOptions> = {}): Promise<Lending> {
  const cards = [fakeCard('GPU-01'), fakeCard('GPU-02')]
  const store = options.leases ?? new MemoryLeases()
  const owner: { possession: Possession } = { possession: { status: 'nobody' } }
  const rig = startAgent({
    probes: [new FakeProbe(cards)],
    owner: ownerOf(owner),
    ...options,
    leases: store,
  })
  await rig.run(5 * MINUTE - 3_000)
  const startMs = rig.clock.wallMs() + 2_000
  const notice: Lending['notice'] = (kind, revision, change = {}) => {
    const epoch = rig.spool.state().epoch
    const whole = { epoch, startMs, endMs: startMs + HOUR, ...change, kind, revision }
    rig.agent.onLeaseMessage({ kind: 'lease_notice', leaseNotice: signed(whole) })
  }
  const told = () =>
    rig.records().flatMap((record) => (record.kind === 'lease' ? [line(record.lease)] : []))
  const runs = (index: number) => runsSince(rig, index, startMs)
  return { ...rig, cards, store, startMs, owner, notice, told, runs }
}

function ownerOf(state: { possession: Possession }): OwnerProbe {
  return {
    kind: 'slurm',
    possession: async ({ units }) => new Map(units.map(({ key }) => [key, state.possession])),
    stop: async () => {},
  }
}

function runsSince(rig: AgentRig, index: number, startMs: number): [RunName, number][] {
  const runs: [RunName, number][] = []
  for (const tick of rig.ticks()) {
    if (tick.startMs < startMs) continue
    for (const { code, durationMs } of tick.units.find((unit) => unit.index === index)?.runs ??
      []) {
      const last = runs.at(-1)
      if (last?.[0] === runName(code)) last[1] += durationMs / 1000
      else runs.push([runName(code), durationMs / 1000])
    }
  }
  return runs
}

function setCard(rig: Lending, position: number, isBusy: boolean): void {
  const card = rig.cards[position]
  if (card === undefined) throw new Error('no such card')
  card.reading = isBusy ? busyReading(card.unit.key) : idleReading(card.unit.key)
}

function after(rig: Lending, text: string): string | undefined {
  return rig.told().findLast((one) => one.startsWith(text))
}

describe('a lease', () => {
  test('is on disk before it is told, is shown, and lent time is given time', async () => {
    const rig = await lend()
    expect(rig.told()).toEqual(['taken 1 [0,1]'])
    expect(rig.store.text).toContain('"leaseId":"e-1"')
    expect(rig.store.shown).toEqual([
      {
        leaseId: 'e-1',
        account: 'tenant-7',
        units: [0, 1],
        devices: [
          { index: 0, pciAddress: '0000:01:00.0', name: 'NVIDIA GeForce RTX 4090' },
          { index: 1, pciAddress: '0000:02:00.0', name: 'NVIDIA GeForce RTX 4090' },
        ],
        startMs: rig.startMs,
        endMs: rig.startMs + HOUR,
      },
    ])
    expect(rig.agent.status().units[0]?.lease).toEqual({
      leaseId: 'e-1',
      account: 'tenant-7',
      startMs: rig.startMs,
      untilMs: rig.startMs + HOUR,
      isRecalled: false,
    })
    await rig.run(HOUR + 5 * MINUTE)
    const given = (from: number, to: number) =>
      rig
        .ticks()
        .filter(({ startMs }) => startMs >= from && startMs < to)
        .reduce((sum, tick) => sum + (tick.units[0]?.givenMs ?? 0), 0)
    const { startMs } = rig
    expect(given(0, startMs)).toBe(0)
    expect(given(startMs, startMs + HOUR)).toBe(HOUR)
    expect(given(startMs + HOUR, Number.POSITIVE_INFINITY)).toBe(0)
    const edges = new Set(rig.ticks().map((tick) => tick.startMs))
    expect(edges.has(startMs) && edges.has(startMs + HOUR)).toBe(true)
    expect(holesIn(rig.records())).toEqual([])
    expect(rig.store.shown).toEqual([])
    await rig.stop()
  })

  test('ends by itself at its stated end, to the millisecond, with no collector (C9)', async () => {
    const rig = await lend()
    await rig.run(HOUR - 1)
    expect(rig.told()).toHaveLength(1)
    await rig.run(1)
    expect(rig.records().at(-1)).toMatchObject({
      lease: { event: 'ended', cause: 'expire', atMs: rig.startMs + HOUR, units: [0, 1] },
    })
    await rig.stop()
  })

  test('of another signature, or of time that no record can name, is not taken', async () => {
    const rig = await idle()
    const leaseNotice = signed({ epoch: rig.spool.state().epoch, startMs: rig.startMs })
    for (const forged of [
      { ...leaseNotice, endMs: rig.startMs + 5 * HOUR },
      { ...leaseNotice, account: 'mallory' },
      { ...leaseNotice, signature: new Uint8Array(64) },
    ]) {
      rig.agent.onLeaseMessage({ kind: 'lease_notice', leaseNotice: forged })
    }
    rig.notice('lend', 1, { endMs: Number.MAX_SAFE_INTEGER })
    expect(rig.told()).toEqual([])
    expect(rig.store.text ?? '').not.toContain('e-1')
    await rig.stop()
  })

  test('that the disk does not take goes unanswered until it does', async () => {
    const rig = await idle()
    rig.store.failure = new Error('never')
    rig.spool.failure = 'disk_full'
    const { AppError } = await import('@yiben/shared')
    rig.store.failure = new AppError('disk_full', 'The disk is full.')
    rig.notice('lend', 1)
    rig.spool.failure = null
    await rig.run(MINUTE)
    expect(rig.told()).toEqual([])
    rig.store.failure = null
    rig.notice('lend', 1)
    expect(rig.told()).toEqual(['taken 1 [0,1]'])
    await rig.stop()
  })
})

describe('after a lease', () => {
  test('what still runs is overstay until the card was seen free (C11, C12)', async () => {
    const rig = await lend()
    await rig.run(MINUTE)
    setCard(rig, 0, true)
    await rig.run(29 * MINUTE)
    rig.notice('recall', 2, { endMs: rig.startMs + 32 * MINUTE, cause: 'owner' })
    expect(after(rig, 'taken 2')).toBe('taken 2 [0,1]')
    await rig.run(27 * MINUTE)
    setCard(rig, 0, false)
    await rig.run(10 * MINUTE)
    const [free, busy, overstay, clean] = rig.runs(0)
    expect(free?.[0]).toBe('free/proven')
    expect(busy?.[0]).toBe('busy/active')
    expect((free?.[1] ?? 0) + (busy?.[1] ?? 0)).toBe(32 * 60)
    expect(overstay?.[0]).toBe('busy/overstay')
    // The sample that found it free is up to a period later; that span is overstay too.
    expect(overstay?.[1]).toBeGreaterThanOrEqual(25 * 60 - 12)
    expect(overstay?.[1]).toBeLessThanOrEqual(25 * 60 + 12)
    expect(clean?.[0]).toBe('free/proven')
    expect(rig.runs(1).map(([name]) => name)).toEqual(['free/proven'])
    // Whoever comes next is not the borrower.
    setCard(rig, 0, true)
    await rig.run(5 * MINUTE)
    expect(rig.runs(0).at(-1)?.[0]).toBe('busy/active')
    await rig.stop()
  })

  test("a job of the bank's own is quiet within the lease, overstay after, given away before", async () => {
    const rig = await idle()
    rig.owner.possession = { status: 'given', by: 'scheduler', toBank: true }
    await rig.run(2_000)
    rig.notice('lend', 1, { endMs: rig.startMs + 10 * MINUTE })
    await rig.run(15 * MINUTE)
    rig.owner.possession = { status: 'nobody' }
    await rig.run(5 * MINUTE)
    const names = rig.runs(0).map(([name]) => name)
    expect(names).toEqual(['free/proven', 'occupied/overstay', 'free/proven'])
    expect(rig.runs(0)[0]?.[1]).toBe(600)
    rig.owner.possession = { status: 'given', by: 'scheduler', toBank: true }
    await rig.run(2 * MINUTE)
    expect(rig.runs(0).at(-1)?.[0]).toBe('allocated/scheduler')
    await rig.stop()
  })
})

describe('the owner', () => {
  test('whose scheduler gives a lent card away ends the lease where that run began (C8)', async () => {
    const rig = await lend()
    await rig.run(10 * MINUTE)
    rig.owner.possession = { status: 'given', by: 'scheduler', toBank: false }
    await rig.run(10_000)
    const record = rig.records().find((one) => one.kind === 'lease' && one.lease.event === 'ended')
    expect(record).toMatchObject({ lease: { cause: 'owner_claimed' } })
    await rig.run(2 * MINUTE)
    const endMs = record?.kind === 'lease' ? record.lease.atMs : 0
    const lentMs = endMs - rig.startMs
    expect(rig.runs(0)).toEqual([
      ['free/proven', lentMs / 1000],
      ['allocated/scheduler', expect.any(Number)],
    ])
    expect(rig.agent.status().units[0]?.lease).toBeNull()
    await rig.stop()
  })

  test('who takes cards back ends their leases at once, and later words are declined (C22)', async () => {
    const rig = await lend()
    await rig.run(MINUTE)
    expect(rig.agent.reclaim(['0'])).toMatchObject({ leasesEnded: 1, isDurable: true })
    expect(rig.told().at(-1)).toContain('ended 1 [0] veto')
    rig.notice('extend', 2, { endMs: rig.startMs + 2 * HOUR })
    expect(rig.told().slice(-2)).toEqual(['declined 2 [0] veto', 'taken 2 [1]'])
    rig.notice('lend', 1, { leaseId: 'e-2', units: [0] })
    expect(rig.told().at(-1)).toBe('declined 1 [0] veto')
    rig.agent.offer(['0'])
    rig.notice('lend', 1, { leaseId: 'e-2', units: [0] })
    expect(rig.told()).toHaveLength(5)
    rig.notice('lend', 1, { leaseId: 'e-3', units: [0] })
    expect(rig.told().at(-1)).toBe('taken 1 [0]')
    await rig.stop()
  })

  test('who gives notice lets the lease run for so long, and has the card then (C11)', async () => {
    const rig = await lend()
    await rig.run(MINUTE)
    expect(rig.agent.reclaim(['0'], 2 * MINUTE)).toMatchObject({ units: [0], leasesEnded: 1 })
    const announced = rig.records().at(-1)
    const atMs = announced?.kind === 'lease' ? announced.lease.atMs : 0
    expect(announced).toMatchObject({ lease: { event: 'ended', cause: 'recall', units: [0] } })
    expect(atMs).toBe(rig.clock.wallMs() + 2 * MINUTE)
    expect(rig.agent.status().units[0]?.lease).toMatchObject({ untilMs: atMs, isRecalled: true })
    expect(rig.records().some(({ kind }) => kind === 'veto')).toBe(false)
    await rig.run(2 * MINUTE)
    expect(rig.records().slice(-2)).toMatchObject([
      { kind: 'lease', lease: { event: 'ended', cause: 'recall', atMs } },
      { kind: 'veto', veto: { kind: 'reclaim', units: [0], atMs } },
    ])
    await rig.stop()
  })

  test('who offers the card again within his notice has the lease end, and nothing more', async () => {
    const rig = await lend()
    rig.agent.reclaim(['0'], 2 * MINUTE)
    rig.agent.offer(['0'])
    await rig.run(3 * MINUTE)
    expect(rig.told().at(-1)).toContain('ended 1 [0] recall')
    expect(rig.records().filter(({ kind }) => kind === 'veto')).toMatchObject([
      { veto: { kind: 'offer' } },
    ])
    await rig.stop()
  })

  test('who pauses the agent ends no lease, but none is taken until it resumes', async () => {
    const rig = await lend()
    const paused = rig.agent.pause(null)
    await rig.run(3_000)
    expect(await paused).toMatchObject({ leasesEnded: 0 })
    expect(rig.told().filter((line) => line.startsWith('ended'))).toEqual([])
    rig.notice('lend', 1, { leaseId: 'e-2' })
    expect(rig.told().at(-1)).toBe('declined 1 [0,1] paused')
    await rig.stop()
  })

  test.each([
    [{ enabled: false }, 'not_consented'],
    [{ maxLeaseMs: HOUR - 1 }, 'calendar'],
  ])('who does not consent is not overruled: %j', async (deposit, cause) => {
    const rig = await idle({ deposit })
    rig.notice('lend', 1)
    expect(rig.told()).toEqual([`declined 1 [0,1] ${cause}`])
    await rig.stop()
  })
})

describe('another life of the agent', () => {
  test('comes back with its leases, and ends those that fell due meanwhile where they ended', async () => {
    const first = await lend()
    first.notice('lend', 1, { leaseId: 'e-2', units: [1], endMs: first.startMs + 3 * HOUR })
    await first.run(MINUTE)
    await first.stop()
    await first.clock.run(2 * HOUR)
    const second = await again(first)
    expect(second.told().at(-1)).toBe(endedLine(first, 'ended 1 [0] expire', HOUR))
    expect(second.agent.status().units[1]?.lease).toMatchObject({ leaseId: 'e-2' })
    await second.run(HOUR)
    expect(second.told().at(-1)).toBe(endedLine(first, 'ended 1 [1] expire', 3 * HOUR))
    await second.stop()
  })

  test('tells again what a crash kept from the stream', async () => {
    const first = await idle()
    first.spool.failure = 'disk_full'
    first.notice('lend', 1)
    await first.stop()
    first.spool.failure = null
    expect(first.told()).toEqual([])
    const second = await again(first)
    expect(second.told()).toEqual(['taken 1 [0,1]'])
    await second.stop()
    const third = await again(first)
    expect(third.told()).toEqual(['taken 1 [0,1]'])
    await third.stop()
  })

  test('finds the order of its owner stronger than the lease it had no time to end', async () => {
    const first = await lend()
    const before = first.store.text
    await first.run(MINUTE)
    first.agent.reclaim([])
    await first.stop()
    const store = new MemoryLeases()
    store.text = before
    const second = await again(first, { leases: store })
    expect(second.told().at(-1)).toContain('ended 1 [0,1] veto')
    expect(second.store.shown).toEqual([])
    await second.stop()
  })

  test('stops where what it kept cannot be read', () => {
    const store = new MemoryLeases()
    store.text = '{"version":1,'
    expect(() => startAgent({ probes: [new FakeProbe([])], leases: store })).toThrow('unreadable')
  })

  test('in a new epoch tells its leases under their new indexes', async () => {
    const rig = await lend()
    rig.spool.newEpoch()
    rig.agent.onNewEpoch()
    await rig.run(MINUTE)
    expect(rig.told()).toEqual(['taken 1 [0,1]'])
    rig.notice('extend', 2, { endMs: rig.startMs + 2 * HOUR })
    expect(rig.told().at(-1)).toBe('taken 2 [0,1]')
    await rig.stop()
  })
})

async function again(first: Lending, options: Partial<RigOptions> = {}): Promise<Lending> {
  const { clock, spool, store } = first
  return await idle({ clock, spool, leases: store, ...options })
}

function endedLine(first: Lending, words: string, afterMs: number): string {
  const at = line({
    leaseId: '',
    event: 'ended',
    revision: 1,
    units: [],
    cause: 'x',
    atMs: first.startMs + afterMs,
  })
  return `${words} ${at.split(' ').at(-1)}`
}

describe('what is said on a connect', () => {
  test('is the leases, where the collector knows the word', async () => {
    const rig = await lend()
    rig.agent.onWelcome({ nodeId: 'node-1', capabilities: [] })
    rig.agent.onOnline()
    expect(rig.link.said.filter(({ kind }) => kind === 'leases')).toEqual([])
    rig.agent.onWelcome({ nodeId: 'node-1', capabilities: ['leases'] })
    rig.agent.onOnline()
    expect(rig.link.said.filter(({ kind }) => kind === 'leases')).toMatchObject([
      { leases: [{ leaseId: 'e-1', kind: 'lend', revision: 1, units: [0, 1] }] },
    ])
    await rig.stop()
  })
})
