/** hy-smi as a probe: one call per sample, ids by the chip, parts of a card, AMD's tool refused. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hygon } from '../../../../agent/src/probes/hygon/vendor.ts'
import { fixture } from '../../../support/captures.ts'
import { ToolBox } from '../../../support/fake-tool.ts'

const FIGURES = fixture('hygon/bw-x2__6.3__load.txt')
const IDS =
  '{"card0": {"Device ID": "0x6320", "Unique ID": "TAA00000000001", "Max Graphics Package Power (W)": "1000.0", "PCI Bus": "0000:0a:00.0"}, "card1": {"Device ID": "0x6320", "Unique ID": "TAA00000000002", "PCI Bus": "0000:37:00.0"}}'
const table = (mode: string) =>
  `HCU     Temp     AvgPwr     Perf     PwrCap     VRAM%      HCU%      Mode     \n0       61.0C    412.0W     auto     1000.0W    47%        93.0%     Normal   \n1       43.0C    84.0W      auto     1000.0W    0%         0.0%      ${mode}\n`

/** A shell pattern for no arguments: the table. */
const NOTHING = "''"

const ANSWERS = [
  { when: '*--showpids*', stdout: FIGURES },
  { when: '*--showuniqueid*--json', stdout: IDS },
  { when: NOTHING, stdout: table('Normal') },
]

function onBus(box: ToolBox, address: string, vendorId: string, deviceId: string): void {
  const folder = join(box.folder, 'sys/bus/pci/devices', address)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'vendor'), `0x${vendorId}\n`)
  writeFileSync(join(folder, 'device'), `0x${deviceId}\n`)
  writeFileSync(join(folder, 'class'), '0x0b4000\n')
}

describe('hy-smi', () => {
  test('names cards by their Unique ID, with sizes, limit and render node', async () => {
    using box = new ToolBox()
    box.answers('hy-smi', ANSWERS)
    mkdirSync(join(box.folder, 'sys/bus/pci/devices/0000:0a:00.0/drm/renderD129'), {
      recursive: true,
    })
    mkdirSync(join(box.folder, 'sys/module/hycu'), { recursive: true })
    writeFileSync(join(box.folder, 'sys/module/hycu/version'), '6.3.31\n')
    const inventory = await hygon.create(box.context()).inventory()
    expect(inventory).toMatchObject({ status: 'ok', tool: 'hy-smi', problems: [] })
    expect(inventory.status === 'ok' && inventory.units[0]).toMatchObject({
      key: 'TAA00000000001',
      kind: 'card',
      name: 'BW',
      pciAddress: '0000:0a:00.0',
      driverVersion: '6.3.31',
      memoryTotalBytes: 65520 * 1024 * 1024,
      powerCapWatts: 1000,
      identities: [{ strength: 'strong', raw: 'TAA00000000001' }],
      deviceFile: '/dev/dri/renderD129',
      offers: { utilization: true, memory: true, processes: true, health: false, power: true },
    })
  })

  test('samples with one call, under the keys of the inventory', async () => {
    using box = new ToolBox()
    box.answers('hy-smi', ANSWERS)
    const probe = hygon.create(box.context())
    await probe.inventory()
    const before = box.calls('hy-smi').length
    expect(await probe.sample()).toMatchObject({
      status: 'ok',
      readings: [
        {
          key: 'TAA00000000001',
          utilization: { compute: 0.93 },
          memoryUsedBytes: 30822 * 1024 * 1024,
          powerWatts: 412,
          processes: { computeCount: 1, memoryUsedBytes: 30764 * 1024 * 1024 },
        },
        { key: 'TAA00000000002', utilization: { compute: 0 }, processes: { computeCount: 0 } },
      ],
    })
    expect(box.calls('hy-smi').slice(before)).toHaveLength(1)
  })

  test('knows the mode of a card by its place, whatever number it has now', async () => {
    using box = new ToolBox()
    box.answers('hy-smi', ANSWERS.with(2, { when: NOTHING, stdout: table('MIG') }))
    const probe = hygon.create(box.context())
    await probe.inventory()
    const swapped = FIGURES.replaceAll(/HCU\[(\d)\]/g, (_, number) => `HCU[${1 - Number(number)}]`)
    box.answers('hy-smi', ANSWERS.with(0, { when: '*--showpids*', stdout: swapped }))
    const sample = await probe.sample()
    const split = sample.status === 'ok' ? sample.problems.map(({ key }) => key) : []
    expect(split).toEqual(['TAA00000000002'])
  })

  test('of a version that lists processes apart they are asked apart', async () => {
    using box = new ToolBox()
    const [figures = '', processes = ''] = FIGURES.split(/(?=^=+ KFD Processes)/m)
    const buses = FIGURES.split('\n')
      .filter((line) => line.includes('PCI Bus:'))
      .join('\n')
    box.answers('hy-smi', [
      { when: '--showbus --showpids', stdout: `${buses}\n${processes}` },
      { when: '*--showuse*', stdout: figures },
      { when: '*--showuniqueid*--json', stdout: IDS },
    ])
    const probe = hygon.create(box.context())
    await probe.inventory()
    const before = box.calls('hy-smi').length
    expect(await probe.sample()).toMatchObject({
      readings: [{ processes: { computeCount: 1 } }, { processes: { computeCount: 0 } }],
    })
    expect(box.calls('hy-smi').slice(before)).toHaveLength(2)
  })

  test('of a version that knows JSON alone the malformed JSON is read', async () => {
    using box = new ToolBox()
    const json =
      '{"card0": {"PCI Bus": "0000:0a:00.0", "Average Graphics Package Power (W)": "91.0""HCU use (%)": "4.0", "": "", "": "", "vram Total Memory (MiB)": "65520", "vram Total Used Memory (MiB)": "64169"}}'
    box.answers('hy-smi', [
      { when: '*--showuse*--json', stdout: json },
      { when: '*--showpids*', stdout: 'No KFD PIDs currently running!\n' },
    ])
    const probe = hygon.create(box.context())
    expect(await probe.sample()).toMatchObject({
      readings: [{ utilization: { compute: 0.04 }, powerWatts: 91, processes: null }],
    })
  })

  test('the table alone proves no card free', async () => {
    using box = new ToolBox()
    box.answers('hy-smi', [{ when: NOTHING, stdout: table('Normal') }])
    expect(await hygon.create(box.context()).sample()).toMatchObject({
      readings: [{ memoryUsedBytes: null }, { memoryUsedBytes: null, utilization: { compute: 0 } }],
    })
  })

  test('a use that is not told stays required', async () => {
    using box = new ToolBox()
    const silent = FIGURES.replace(/HCU use \(%\): [\d.]+/g, 'HCU use (%): N/A')
    box.answers('hy-smi', [{ when: '*--showpids*', stdout: silent }])
    const probe = hygon.create(box.context())
    expect(await probe.inventory()).toMatchObject({
      units: [{ offers: { utilization: true } }, { offers: { utilization: true } }],
    })
    expect(await probe.sample()).toMatchObject({
      readings: [{ utilization: { compute: null } }, { utilization: { compute: null } }],
    })
  })
})

describe('a DCU in parts', () => {
  test('is never proven free: MIG by the mode of the table', async () => {
    using box = new ToolBox()
    box.answers('hy-smi', [...ANSWERS.slice(0, 2), { when: NOTHING, stdout: table('MIG') }])
    const probe = hygon.create(box.context())
    const inventory = await probe.inventory()
    expect(inventory).toMatchObject({
      problems: [{ key: 'TAA00000000002', sentence: expect.stringContaining('MIG') }],
    })
    expect(await probe.sample()).toMatchObject({
      readings: [{ processes: { computeCount: 1 } }, { processes: null }],
    })
  })

  test.each([
    {
      name: 'by its address',
      conf: 'PciBusId: 0000:37:00.0\ncu_count: 30\nmem: 4096 MiB\ndevice_id: 1\n',
      split: [false, true],
    },
    {
      name: 'all of them where the file does not say which',
      conf: 'cu_count: 30\n',
      split: [true, true],
    },
  ])('vDCUs of the device plugin: $name', async ({ conf, split }) => {
    using box = new ToolBox()
    box.answers('hy-smi', ANSWERS)
    mkdirSync(join(box.folder, 'etc/vdev'), { recursive: true })
    writeFileSync(join(box.folder, 'etc/vdev/vdev0.conf'), conf)
    const sample = await hygon.create(box.context()).sample()
    expect(
      sample.status === 'ok' && sample.readings.map(({ processes }) => processes === null),
    ).toEqual(split)
  })
})

describe('whose rocm-smi', () => {
  const AMBIGUOUS =
    'GPU[0] : GPU use (%): 3\nGPU[0] : VRAM Total Memory (B): 34342961152\nGPU[0] : VRAM Total Used Memory (B): 6750208\n'

  test("AMD's is refused by what it says, and reports nothing wrong without a DCU", async () => {
    using box = new ToolBox()
    const stdout = `GPU[0] : Card Vendor: Advanced Micro Devices, Inc. [AMD/ATI]\n${AMBIGUOUS}`
    box.answers('rocm-smi', [{ when: '*', stdout }])
    onBus(box, '0000:83:00.0', '1002', '738c')
    const probe = hygon.create(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'failed', code: 'tool_wrong_vendor' })
    expect(await probe.detect()).toEqual({ status: 'absent' })
  })

  test.each([
    { name: 'a DCU on the bus', bus: [['0000:05:00.0', '1d94', '55b7']], status: 'ok' },
    { name: 'a card of AMD on the bus', bus: [['0000:05:00.0', '1002', '738c']], status: 'failed' },
    {
      name: 'both',
      bus: [
        ['0000:05:00.0', '1d94', '55b7'],
        ['0000:83:00.0', '1002', '738c'],
      ],
      status: 'failed',
    },
    { name: 'neither, and no driver', bus: [], status: 'failed' },
  ] as const)('that says nothing of it: $name', async ({ bus, status }) => {
    using box = new ToolBox()
    mkdirSync(join(box.folder, 'sys/bus/pci/devices'), { recursive: true })
    for (const [address, vendorId, deviceId] of bus) onBus(box, address, vendorId, deviceId)
    box.answers('rocm-smi', [{ when: '*', stdout: AMBIGUOUS }])
    expect(await hygon.create(box.context()).sample()).toMatchObject({ status })
  })

  test('that says nothing of it, where the driver of the DCUs is loaded', async () => {
    using box = new ToolBox()
    mkdirSync(join(box.folder, 'sys/module/hydcu'), { recursive: true })
    box.answers('rocm-smi', [{ when: '*', stdout: AMBIGUOUS }])
    expect(await hygon.create(box.context()).sample()).toMatchObject({ status: 'ok' })
  })
})

describe('a tool that fails', () => {
  test.each([
    {
      name: 'no driver',
      stdout: 'ERROR:root:Driver not initialized (hydcu not found in modules)\n',
      code: 'tool_failed',
    },
    {
      name: 'no rights',
      stdout: 'Unable to open /dev/kfd read-write: Permission denied\n',
      code: 'permission_denied',
    },
    { name: 'no cards', stdout: 'ERROR: No DRM devices available. Exiting\n', code: 'tool_failed' },
    { name: 'no service', stdout: 'cannot reach hymgr\n', code: 'tool_failed' },
    { name: 'garbage', stdout: '\u0000\u0001 HCU [[[', code: 'tool_failed' },
  ])('$name is a failure, never an empty node', async ({ stdout, code }) => {
    using box = new ToolBox()
    onBus(box, '0000:05:00.0', '1d94', '6210')
    box.answers('hy-smi', [{ when: '*', stdout, exitCode: 1 }])
    const probe = hygon.create(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'failed', code })
    expect(await probe.detect()).toMatchObject({ status: 'broken', code })
  })

  test('without the tool the vendor is absent', async () => {
    using box = new ToolBox()
    expect(await hygon.create(box.context()).detect()).toEqual({ status: 'absent' })
  })
})
