/** Probes side by side: one that hangs, fails or is slow changes nothing for the others. */
import { type Clock, silentLogger, type Timer } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type {
  Detection,
  Probe,
  ProbeContext,
  ProbeFailure,
  ProbeSample,
  VendorEntry,
} from '../../../agent/src/probes/probe.ts'
import { ProbeRunner, type SampleOutcome } from '../../../agent/src/probes/run-all.ts'

/** A clock that moves only when told. */
class StillClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly run: () => void }[] = []

  wallMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.push(timer)
    return { cancel: () => this.#timers.splice(this.#timers.indexOf(timer) >>> 0, 1) }
  }

  async advance(ms: number): Promise<void> {
    this.#nowMs += ms
    for (const timer of this.#timers.filter(({ atMs }) => atMs <= this.#nowMs)) {
      this.#timers.splice(this.#timers.indexOf(timer), 1)
      timer.run()
    }
    await settle()
  }
}

async function settle(): Promise<void> {
  for (let at = 0; at < 20; at += 1) await Promise.resolve()
}

const OK: ProbeSample = { status: 'ok', tool: 'fake', readings: [], problems: [] }
const BAD: ProbeFailure = { status: 'failed', code: 'tool_failed', sentence: 'It broke.' }

type Answer = ProbeSample | ProbeFailure | 'hang' | 'throw'

class ScriptedProbe implements Probe {
  readonly vendor
  answer: Answer = OK
  detection: Detection = { status: 'present', tool: 'fake', toolVersion: null }
  calls = 0
  releases = 0
  isHung = false
  #wake: ((answer: ProbeSample) => void)[] = []

  constructor(vendor: 'nvidia' | 'ascend') {
    this.vendor = vendor
  }

  async detect(): Promise<Detection> {
    return this.detection
  }

  async inventory() {
    return { status: 'ok' as const, tool: 'fake', toolVersion: null, units: [], problems: [] }
  }

  sample(): Promise<ProbeSample | ProbeFailure> {
    this.calls += 1
    if (this.answer === 'throw') return Promise.reject(new Error('a bug'))
    if (this.answer !== 'hang') return Promise.resolve(this.answer)
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  comeBack(): void {
    for (const wake of this.#wake.splice(0)) wake(OK)
  }

  async release(): Promise<void> {
    this.releases += 1
  }
}

function rig() {
  const clock = new StillClock()
  const probes = { nvidia: new ScriptedProbe('nvidia'), ascend: new ScriptedProbe('ascend') }
  const entries = Object.values(probes).map(
    (probe): VendorEntry => ({
      vendor: probe.vendor,
      create: () => probe,
    }),
  )
  const context: ProbeContext = {
    exec: {
      run: () => Promise.reject(new Error('no tools')),
      stream: () => null,
      locate: () => null,
    },
    clock,
    log: silentLogger,
    rootPrefix: '',
    toolPath: [],
    nvmlLibrary: null,
  }
  const random = { fraction: () => 0, bytes: (length: number) => new Uint8Array(length) }
  const runner = new ProbeRunner({ entries, context, random, basePeriodMs: 10_000 })
  const seen: SampleOutcome[] = []
  const tick = () => {
    void runner.sampleAll((outcome) => seen.push(outcome))
    return settle()
  }
  const take = () => seen.splice(0).map(({ vendor, isSuccess }) => [vendor, isSuccess])
  return { clock, probes, runner, seen, tick, take }
}

describe('all probes at once', () => {
  test('a hung probe delays no other, and is not called again while it hangs', async () => {
    const { clock, probes, tick, take } = rig()
    probes.nvidia.answer = 'hang'
    await tick()
    expect(take()).toEqual([['ascend', true]])
    await clock.advance(15_000)
    expect(take()).toEqual([['nvidia', false]])
    for (let at = 0; at < 5; at += 1) {
      await tick()
      expect(take().sort()).toEqual([
        ['ascend', true],
        ['nvidia', false],
      ])
      await clock.advance(10_000)
    }
    expect(probes.nvidia.calls).toBe(1)
    expect(probes.ascend.calls).toBe(6)
  })

  test('a probe that comes back after its deadline is asked again', async () => {
    const { clock, probes, tick, take } = rig()
    probes.nvidia.answer = 'hang'
    await tick()
    await clock.advance(15_000)
    probes.nvidia.answer = OK
    probes.nvidia.comeBack()
    await settle()
    take()
    await tick()
    expect(take()).toContainEqual(['nvidia', true])
  })

  test('a failure says so with its code; three open the breaker, which closes with a success', async () => {
    const { clock, probes, runner, seen, tick } = rig()
    probes.nvidia.answer = BAD
    for (let at = 0; at < 4; at += 1) {
      await tick()
      await clock.advance(10_000)
    }
    const codes = seen
      .filter(({ vendor }) => vendor === 'nvidia')
      .map(({ result }) => (result.status === 'failed' ? result.code : 'ok'))
    expect(codes).toEqual(['tool_failed', 'tool_failed', 'tool_failed', 'circuit_open'])
    expect(probes.nvidia.calls).toBe(3)
    probes.nvidia.answer = OK
    await clock.advance(30_000)
    seen.length = 0
    await tick()
    expect(seen.find(({ vendor }) => vendor === 'nvidia')?.isSuccess).toBe(true)
    expect(runner.status()[0]).toMatchObject({ isOpen: false, failuresInRow: 0, lastFailure: null })
  })

  test('a probe that throws is a failure of our own, and the others go on', async () => {
    const { probes, seen, tick } = rig()
    probes.nvidia.answer = 'throw'
    await tick()
    expect(
      seen.map(({ result }) => (result.status === 'failed' ? result.code : 'ok')).sort(),
    ).toEqual(['internal', 'ok'])
  })

  test('a slow probe is asked more rarely, and says at what period', async () => {
    const { clock, probes, seen, tick } = rig()
    probes.nvidia.answer = 'hang'
    await tick()
    await clock.advance(900)
    probes.nvidia.comeBack()
    await settle()
    expect(seen.find(({ vendor }) => vendor === 'nvidia')?.periodMs).toBe(50_000)
    probes.nvidia.answer = OK
    for (let at = 0; at < 4; at += 1) {
      await clock.advance(10_000)
      await tick()
    }
    expect([probes.nvidia.calls, probes.ascend.calls]).toEqual([1, 5])
    await clock.advance(10_000)
    await tick()
    expect([probes.nvidia.calls, probes.ascend.calls]).toEqual([2, 6])
  })

  test('the time of a reading is that of the tool where it tells one', async () => {
    const { clock, probes, seen, tick } = rig()
    await clock.advance(7_000)
    probes.nvidia.answer = { ...OK, observedAtMs: 4_000 }
    await tick()
    expect(seen.map(({ vendor, observedAtMs }) => [vendor, observedAtMs]).sort()).toEqual([
      ['ascend', 7_000],
      ['nvidia', 4_000],
    ])
  })

  test('a sample that had to wait for a list is of the moment it was taken, not of before', async () => {
    const { clock, probes, runner, seen, tick } = rig()
    const list = await probes.nvidia.inventory()
    const slow = Promise.withResolvers<typeof list>()
    probes.nvidia.inventory = () => slow.promise
    const listing = runner.inventoryAll(() => {})
    await tick()
    await clock.advance(4_000)
    slow.resolve(list)
    await listing
    await settle()
    const observed = seen.map(({ vendor, observedAtMs }) => [vendor, observedAtMs])
    expect(observed.sort()).toEqual([
      ['ascend', 0],
      ['nvidia', 4_000],
    ])
  })

  test('an absent vendor is not asked; one that was read and has vanished is broken', async () => {
    const { probes, runner, tick, take } = rig()
    probes.ascend.detection = { status: 'absent' }
    await runner.detectAll()
    await tick()
    expect(take()).toEqual([['nvidia', true]])
    probes.nvidia.detection = { status: 'absent' }
    expect(await runner.detectAll()).toMatchObject([
      { vendor: 'nvidia', detection: { status: 'broken', code: 'tool_missing' } },
      { vendor: 'ascend', detection: { status: 'absent' } },
    ])
  })

  test('release also lets go of what a call under way has opened since', async () => {
    const { probes, runner, tick } = rig()
    probes.nvidia.answer = 'hang'
    await tick()
    const released = runner.release()
    await settle()
    expect(probes.nvidia.releases).toBe(1)
    probes.nvidia.comeBack()
    await released
    expect([probes.nvidia.releases, probes.ascend.releases]).toEqual([2, 1])
  })

  test('a hung native call shows, so that whoever stops the agent can kill it', () => {
    const { probes, runner } = rig()
    expect(runner.isHung).toBe(false)
    probes.ascend.isHung = true
    expect(runner.isHung).toBe(true)
  })
})

describe('a sample that somebody asks for', () => {
  test('begins after it was asked for, whatever the cadence, and is shared by all who wait', async () => {
    const { clock, probes, runner } = rig()
    await runner.sampleAll(() => {})
    probes.nvidia.answer = 'hang'
    const first = runner.sampleNow('nvidia')
    await settle()
    expect(probes.nvidia.calls).toBe(2)
    const later = [runner.sampleNow('nvidia'), runner.sampleNow('nvidia')]
    await clock.advance(1_000)
    expect(probes.nvidia.calls).toBe(2)
    probes.nvidia.comeBack()
    await settle()
    expect((await first)?.isSuccess).toBe(true)
    expect(probes.nvidia.calls).toBe(3)
    probes.nvidia.comeBack()
    expect((await Promise.all(later)).map((one) => one?.observedAtMs)).toEqual([1_000, 1_000])
    expect(probes.ascend.calls).toBe(1)
  })

  test('of a vendor that is not here is none', async () => {
    const { probes, runner } = rig()
    probes.ascend.detection = { status: 'absent' }
    await runner.detectAll()
    expect(await runner.sampleNow('ascend')).toBeNull()
    expect(await runner.sampleNow('cambricon')).toBeNull()
  })
})
