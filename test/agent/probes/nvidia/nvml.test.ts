/** The library way, through a stub library that is built here and really loaded. */
import { describe, expect, test } from 'vitest'
import { NvidiaProbe } from '../../../../agent/src/probes/nvidia/probe.ts'
import type { Inventory, ProbeSample } from '../../../../agent/src/probes/probe.ts'
import { ToolBox } from '../../../support/fake-tool.ts'
import { C_COMPILER, NvmlStub } from '../../../support/nvml-stub.ts'

const CSV_ROW =
  '0, GPU-11111111-2222-3333-4444-000000000000, 00000000:1A:00.0, NVIDIA H800, 550.54.15, 81559, 100, 0, 0, 71.15, 700.00, 33'

function probeOf(box: ToolBox, stub: NvmlStub, callDeadlineMs = 10_000): NvidiaProbe {
  return new NvidiaProbe(box.context({ nvmlLibrary: stub.library }), {
    nvmlCallDeadlineMs: callDeadlineMs,
  })
}

async function inventoryOf(probe: NvidiaProbe): Promise<Inventory> {
  const inventory = await probe.inventory()
  if (inventory.status === 'failed') throw new Error(inventory.sentence)
  return inventory
}

async function sampleOf(probe: NvidiaProbe): Promise<ProbeSample> {
  const sample = await probe.sample()
  if (sample.status === 'failed') throw new Error(sample.sentence)
  return sample
}

const WHY_SKIPPED = C_COMPILER === null ? ' (skipped: no C compiler here)' : ''

describe.skipIf(C_COMPILER === null)(`the NVIDIA library${WHY_SKIPPED}`, () => {
  test('gives cards with their ids, their readings and no process per sample', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 2, util: 37, used: 2048, processes: 2, graphics: 1 })
    const probe = probeOf(box, stub)
    const inventory = await inventoryOf(probe)
    expect(inventory).toMatchObject({ tool: 'nvml', toolVersion: '550.54.15' })
    expect(inventory.units).toHaveLength(2)
    expect(inventory.units[1]).toMatchObject({
      kind: 'card',
      name: 'NVIDIA H800',
      key: 'GPU-11111111-2222-3333-4444-000000000001',
      pciAddress: '0000:1b:00.0',
      powerCapWatts: 700,
      memoryTotalBytes: 81559 * 1024 * 1024,
      identities: [
        { strength: 'strong', raw: 'GPU-11111111-2222-3333-4444-000000000001' },
        { strength: 'board', raw: '1650000000001' },
      ],
      offers: { utilization: true, memory: true, processes: true, health: true, power: true },
    })
    expect((await sampleOf(probe)).readings[0]).toMatchObject({
      utilization: { compute: 0.37, memory_controller: 0 },
      memoryUsedBytes: 2048 * 1024 * 1024,
      powerWatts: 71.15,
      temperatureCelsius: 33,
      health: { status: 'ok' },
      processes: { computeCount: 2, graphicsCount: 1, memoryUsedBytes: 1536 * 1024 * 1024 },
    })
    expect(box.calls('nvidia-smi')).toEqual([])
    await probe.release()
    expect((await sampleOf(probe)).readings).toHaveLength(2)
  })

  test.each([
    { name: 'a lost card', set: { lost: 1 }, cause: 'fallen_off_bus' },
    { name: 'a card that must be reset', set: { reset: 1 }, cause: 'reset_required' },
    { name: 'uncorrected ECC errors', set: { ecc: 3 }, cause: 'ecc' },
    { name: 'a failed row remapping', set: { remap_failure: 1 }, cause: 'ecc' },
    { name: 'a pending row remapping', set: { remap_pending: 1 }, cause: 'reset_required' },
  ])('$name is a failed health with its cause', async ({ set, cause }) => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 2 })
    const probe = probeOf(box, stub)
    await inventoryOf(probe)
    stub.set(set)
    const { readings } = await sampleOf(probe)
    expect(readings[1]?.health).toMatchObject({ status: 'failed', cause })
  })

  test('a lost card keeps its key and has no figures, while the others are read', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 2 })
    const probe = probeOf(box, stub)
    await inventoryOf(probe)
    stub.set({ lost: 1 })
    const { readings } = await sampleOf(probe)
    expect(readings[0]).toMatchObject({ memoryUsedBytes: 100 * 1024 * 1024 })
    expect(readings[1]).toMatchObject({
      key: 'GPU-11111111-2222-3333-4444-000000000001',
      memoryUsedBytes: null,
      processes: null,
      utilization: { compute: null },
    })
  })

  test.each([
    { xid: 79, cause: 'fallen_off_bus' },
    { xid: 95, cause: 'ecc' },
    { xid: 119, cause: 'fatal_error' },
  ])(
    'the fatal Xid $xid fails the card until its handle is opened anew',
    async ({ xid, cause }) => {
      using box = new ToolBox()
      using stub = new NvmlStub({ cards: 2 })
      const probe = probeOf(box, stub)
      await inventoryOf(probe)
      stub.set({ xid })
      for (let at = 0; at < 2; at += 1) {
        const { readings } = await sampleOf(probe)
        expect(readings.map((reading) => reading.health.cause)).toEqual([cause, null])
      }
      stub.set({ xid: 0 })
      await probe.release()
      const { readings } = await sampleOf(probe)
      expect(readings[0]?.health.status).toBe('ok')
    },
  )

  test('an Xid that an application causes is no fault of the card', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 1, xid: 31 })
    const { readings } = await sampleOf(probeOf(box, stub))
    expect(readings[0]?.health.status).toBe('ok')
  })

  test('a card cut 7 x 1g gives seven slices of 1/7 and a rest; shares sum to the whole', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 1, mig: 7, processes: 1 })
    const probe = probeOf(box, stub)
    const { units } = await inventoryOf(probe)
    expect(units.map((unit) => unit.kind)).toEqual([
      'card',
      ...Array.from({ length: 7 }, () => 'slice'),
      'unsliced',
    ])
    const parts = units.slice(1)
    expect(parts.reduce((sum, unit) => sum + unit.sharePpm, 0)).toBe(1_000_000)
    expect(new Set(parts.map((unit) => unit.parentKey))).toEqual(new Set([units[0]?.key]))
    expect(units.every((unit) => !unit.offers.utilization)).toBe(true)
    const { readings } = await sampleOf(probe)
    expect(readings.map((reading) => reading.key)).toEqual(units.map((unit) => unit.key))
    expect(readings.map((reading) => reading.processes?.computeCount)).toEqual([
      1, 1, 0, 0, 0, 0, 0, 0, 0,
    ])
    expect(readings[1]).toMatchObject({ utilization: {}, memoryUsedBytes: 12 * 1024 * 1024 })
  })

  test('a job that came and went between two readings is told once', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 1, kept_at: 50_000_000, kept: 100 })
    const probe = probeOf(box, stub)
    await inventoryOf(probe)
    const age = async () => (await sampleOf(probe)).readings[0]?.kernelAgeMs
    expect(await age(), 'before the first reading nothing is known').toBeNull()
    stub.set({ kept_at: 60_000_000, kept: 97 })
    await inventoryOf(probe)
    expect(await age(), 'also when the cards were looked for meanwhile').toBe(0)
    expect(await age(), 'the same values say nothing new').toBeNull()
    stub.set({ kept_at: 70_000_000, kept: 4 })
    expect(await age(), 'what is not busy in a reading is not busy here').toBeNull()
    stub.set({ kept_at: 0 })
    expect(await age(), 'of an idle card nothing need be kept').toBeNull()
    stub.set({ kept_at: 80_000_000, kept: 5, kept_kind: 4 })
    expect(await age(), 'a decoder is an engine').toBe(0)
    await probe.release()
  })

  test('a lost card is not asked what it did', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 2, kept_at: 50_000_000, kept: 100 })
    const probe = probeOf(box, stub)
    const ages = async () => (await sampleOf(probe)).readings.map((one) => one.kernelAgeMs)
    expect(await ages()).toEqual([null, null])
    stub.set({ lost: 1, kept_at: 60_000_000 })
    expect(await ages()).toEqual([0, null])
    await probe.release()
  })

  test('a clock of the driver that goes back hides one reading, not all that follow', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 1, kept_at: 50_000_000, kept: 0 })
    const probe = probeOf(box, stub)
    const age = async () => (await sampleOf(probe)).readings[0]?.kernelAgeMs
    expect(await age()).toBeNull()
    stub.set({ kept_at: 1_000_000, kept: 100 })
    expect(await age()).toBeNull()
    stub.set({ kept_at: 2_000_000, kept: 100 })
    expect(await age()).toBe(0)
    await probe.release()
  })

  test('slices of a Hopper have their own utilization, from the second reading on', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 1, mig: 2, slice_size: 3, gpm: 40 })
    const probe = probeOf(box, stub)
    const { units } = await inventoryOf(probe)
    expect(units.map(({ kind, offers }) => [kind, offers.utilization])).toEqual([
      ['card', false],
      ['slice', true],
      ['slice', true],
      ['unsliced', false],
    ])
    const compute = async () =>
      (await sampleOf(probe)).readings.map(({ utilization }) => utilization.compute ?? null)
    // The stub's instances are 3 and 4, and each is as busy as its number above 40.
    expect(await compute()).toEqual([null, 0.43, 0.44, null])
    stub.set({ gpm_fails: 1 })
    expect(await compute()).toEqual([null, null, null, null])
    stub.set({ gpm_fails: 0 })
    expect(await compute()).toEqual([null, null, null, null])
    expect(await compute()).toEqual([null, 0.43, 0.44, null])
    await probe.release()
  })

  test('a card cut 3g + 3g leaves one seventh unsliced', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 1, mig: 2, slice_size: 3 })
    const { units } = await inventoryOf(probeOf(box, stub))
    expect(units.map((unit) => unit.sharePpm)).toEqual([1_000_000, 428_572, 428_571, 142_857])
  })

  test('a card without the counter does not offer utilization; one that fails to read it does', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 1, no_utilization: 1 })
    const probe = probeOf(box, stub)
    expect((await inventoryOf(probe)).units[0]?.offers.utilization).toBe(false)
    stub.set({ no_utilization: 0, util: -1 })
    expect((await inventoryOf(probe)).units[0]?.offers.utilization).toBe(true)
    expect((await sampleOf(probe)).readings[0]?.utilization.compute).toBeNull()
  })

  test('a utilization that cannot be true is absent and named', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 1, util: 130, used: 999_999 })
    const [reading] = (await sampleOf(probeOf(box, stub))).readings
    expect(reading).toMatchObject({ utilization: { compute: null }, memoryUsedBytes: null })
    expect(reading?.outOfRange).toEqual(['utilization', 'memoryUsed'])
  })

  test('more processes than the first list holds are all counted', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 1, processes: 300 })
    const [reading] = (await sampleOf(probeOf(box, stub))).readings
    expect(reading?.processes?.computeCount).toBe(300)
  })

  test('a driver that is not loaded is a failure with the word of the library', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ init: 9 })
    expect(await probeOf(box, stub).sample()).toMatchObject({
      status: 'failed',
      code: 'library_failed',
      sentence: expect.stringContaining('Driver Not Loaded'),
    })
  })
})

describe.skipIf(C_COMPILER === null)(`a call that hangs for ever${WHY_SKIPPED}`, () => {
  /**
   * A hung worker thread would hold this process for ever, so the hang happens in a child that is
   * killed by the same means an agent uses at shutdown.
   */
  test('hands over to nvidia-smi within the same sample and is never called again', async () => {
    using box = new ToolBox()
    using stub = new NvmlStub({ cards: 1 })
    box.answers('nvidia-smi', [
      { when: '*--query-gpu=index*', stdout: `${CSV_ROW}\n` },
      { when: '*--query-compute-apps*', stdout: '' },
    ])
    const runner = box.runner()
    const script = new URL('../../../support/nvml-hang.ts', import.meta.url).pathname
    const result = await runner.run({
      tool: process.execPath,
      args: [script, box.toolPath, stub.library, `${stub.folder}/settings`],
      deadlineMs: 25_000,
      outputBytesMax: 100_000,
    })
    expect(result).toMatchObject({ status: 'killed' })
    expect(JSON.parse(box.note('hang.json'))).toEqual({
      before: { tool: 'nvml', cards: 1 },
      after: { tool: 'nvidia-smi', cards: 1 },
      again: { tool: 'nvidia-smi', cards: 1 },
      isHung: true,
    })
  })
})
