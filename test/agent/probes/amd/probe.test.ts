/** Cards of AMD by the kernel's files and by the tools, alone and together. */
import { describe, expect, test } from 'vitest'
import { amd } from '../../../../agent/src/probes/amd/probe.ts'
import { ToolBox } from '../../../support/fake-tool.ts'
import { SysfsTree } from './sysfs-tree.ts'

const GIB = 1024 ** 3
const LIST = JSON.stringify([
  { gpu: 0, bdf: '0000:05:00.0', uuid: 'a1ff74a1-0000-1000-8000-00000000c0d0' },
  { gpu: 1, bdf: '0000:15:00.0', uuid: 'a1ff74a1-0000-1000-8000-00000000c0d1' },
])
const STATIC = JSON.stringify(
  [0, 1].map((gpu) => ({
    gpu,
    asic: { market_name: 'AMD Instinct MI300X', asic_serial: `0x5A11C0DE0000000${gpu}` },
    limit: { max_power: { value: 750, unit: 'W' } },
    driver: { version: '6.12.12' },
    partition: { compute_partition: 'SPX' },
  })),
)
const METRIC = JSON.stringify(
  [0, 1].map((gpu) => ({
    gpu,
    usage: { gfx_activity: { value: 90 + gpu, unit: '%' } },
    power: { socket_power: { value: 700, unit: 'W' } },
    mem_usage: {
      total_vram: { value: 196592, unit: 'MB' },
      used_vram: { value: 1024, unit: 'MB' },
    },
    ecc: { total_uncorrectable_count: 0 },
  })),
)
const PROCESS = JSON.stringify(
  [0, 1].map((gpu) => ({
    gpu,
    process_list: [
      { process_info: gpu === 0 ? { pid: 7, name: 'python3' } : 'No running processes detected' },
    ],
  })),
)
const ANSWERS = [
  { when: 'list --json', stdout: LIST },
  { when: 'static --json', stdout: STATIC },
  { when: 'metric --json', stdout: METRIC },
  { when: 'process --json', stdout: PROCESS },
]

function twoCards(box: ToolBox): SysfsTree {
  const tree = new SysfsTree(box.folder)
  tree.card(0, { address: '0000:05:00.0' })
  tree.card(1, { address: '0000:15:00.0', files: { gpu_busy_percent: '87' } })
  tree.kfdNode(0, 0, 0)
  tree.kfdNode(1, 50001, 0x0500)
  tree.kfdNode(2, 50002, 0x1500)
  return tree
}

describe('the files of the kernel alone', () => {
  test('name a card by its own number, with size, limit and render node', async () => {
    using box = new ToolBox()
    twoCards(box)
    const inventory = await amd.create(box.context()).inventory()
    expect(inventory).toMatchObject({ status: 'ok', tool: 'sysfs', problems: [] })
    expect(inventory.status === 'ok' && inventory.units).toHaveLength(2)
    expect(inventory.status === 'ok' && inventory.units[1]).toMatchObject({
      key: '0x5a11c0de00000001',
      kind: 'card',
      name: 'AMD MI300X',
      pciAddress: '0000:15:00.0',
      memoryTotalBytes: 196592 * 1024 * 1024,
      powerCapWatts: 750,
      driverVersion: '6.12.12',
      identities: [{ strength: 'strong', raw: '0x5a11c0de00000001' }],
      deviceFile: '/dev/dri/renderD129',
      offers: { utilization: true, memory: true, processes: true, health: true, power: true },
    })
  })

  test('tell use, memory, power, temperature, health and the processes of each card', async () => {
    using box = new ToolBox()
    const tree = twoCards(box)
    tree.kfdProcess(41207, { 50001: '0', 50002: `${30 * GIB}` })
    tree.kfdProcess(41208, { 50001: '0', 50002: `${GIB}` })
    tree.kfdProcess(41209, { 50001: '0', 50002: '0' })
    const probe = amd.create(box.context())
    expect(await probe.detect()).toMatchObject({ status: 'present', tool: 'sysfs' })
    expect(await probe.sample()).toMatchObject({
      status: 'ok',
      tool: 'sysfs',
      readings: [
        {
          key: '0x5a11c0de00000000',
          utilization: { compute: 0 },
          memoryUsedBytes: 284 * 1024 * 1024,
          powerWatts: 141,
          temperatureCelsius: 42,
          health: { status: 'ok' },
          processes: { computeCount: 0, memoryUsedBytes: 0 },
        },
        {
          utilization: { compute: 0.87 },
          processes: { computeCount: 2, memoryUsedBytes: 31 * GIB },
        },
      ],
    })
  })

  test('a process is on a card where it has a queue, though it holds nothing there', async () => {
    using box = new ToolBox()
    const tree = twoCards(box)
    tree.kfdProcess(41207, { 50001: '0', 50002: '0' })
    tree.write('sys/class/kfd/kfd/proc/41207/queues/0/gpuid', '50001')
    expect(await amd.create(box.context()).sample()).toMatchObject({
      readings: [
        { processes: { computeCount: 1, memoryUsedBytes: null } },
        { processes: { computeCount: 0 } },
      ],
    })
  })

  test.each([
    {
      name: 'the list of processes',
      damage: (tree: SysfsTree) => tree.remove('sys/class/kfd/kfd/proc'),
    },
    {
      name: 'what a process holds',
      damage: (tree: SysfsTree) => tree.kfdProcess(41207, { 50001: 'x' }),
    },
    {
      name: 'a name that is no process',
      damage: (tree: SysfsTree) => tree.write('sys/class/kfd/kfd/proc/x/pasid', '1'),
    },
  ])('no process is told where $name cannot be read', async ({ damage }) => {
    using box = new ToolBox()
    damage(twoCards(box))
    expect(await amd.create(box.context()).sample()).toMatchObject({
      readings: [{ processes: null }, { processes: null }],
    })
  })

  test.each([
    { file: 'gpu_busy_percent', content: '', reading: { utilization: { compute: null } } },
    { file: 'mem_info_vram_used', content: null, reading: { memoryUsedBytes: null } },
    { file: 'hwmon/hwmon5/power1_average', content: '0', reading: { powerWatts: null } },
    { file: 'hwmon/hwmon5/temp1_label', content: null, reading: { temperatureCelsius: 42 } },
    {
      file: 'ras/umc_err_count',
      content: 'ue: 2\nce: 0',
      reading: { health: { status: 'failed', cause: 'ecc' } },
    },
    { file: 'current_compute_partition', content: 'CPX', reading: { processes: null } },
    { file: 'sriov_numvfs', content: '4', reading: { processes: null } },
  ])('$file: $content', async ({ file, content, reading }) => {
    using box = new ToolBox()
    const tree = new SysfsTree(box.folder)
    tree.card(0, { address: '0000:05:00.0', files: { [file]: content } })
    expect(await amd.create(box.context()).sample()).toMatchObject({ readings: [reading] })
  })

  test("neither the processor's own graphics nor a desktop's card is an accelerator", async () => {
    using box = new ToolBox()
    const tree = new SysfsTree(box.folder)
    tree.card(0, { address: '0000:c3:00.0', deviceId: '1681', classCode: '0x030000' })
    tree.card(1, { address: '0000:03:00.0', deviceId: '73df', classCode: '0x030000' })
    tree.card(2, { address: '0000:05:00.0', deviceId: '1d94', files: { vendor: '0x1d94' } })
    const probe = amd.create(box.context())
    expect(await probe.detect()).toEqual({ status: 'absent' })
    expect(await probe.sample()).toMatchObject({ status: 'failed' })
  })

  test('a card of which the two dies share a board is two units, of which one has a meter', async () => {
    using box = new ToolBox()
    const tree = new SysfsTree(box.folder)
    const files = { serial_number: 'PCB000000-0001', unique_id: null }
    tree.card(0, { address: '0000:29:00.0', deviceId: '740c', files })
    tree.card(1, {
      address: '0000:2c:00.0',
      deviceId: '740c',
      files: { ...files, 'hwmon/hwmon5/power1_average': '0', 'hwmon/hwmon5/power1_cap': '0' },
    })
    const probe = amd.create(box.context())
    const inventory = await probe.inventory()
    expect(inventory).toMatchObject({
      units: [
        { key: 'amd:0000:29:00.0', identities: [], powerCapWatts: 750, offers: { power: true } },
        { key: 'amd:0000:2c:00.0', identities: [], powerCapWatts: null, offers: { power: false } },
      ],
    })
  })
})

describe('a card in compute partitions', () => {
  function fourParts(box: ToolBox): SysfsTree {
    const tree = new SysfsTree(box.folder)
    tree.card(0, {
      address: '0000:05:00.0',
      files: { current_compute_partition: 'QPX', gpu_busy_percent: '25' },
    })
    for (const part of [0, 1, 2, 3]) tree.kfdNode(part + 1, 60001 + part, 0x0500 + part)
    return tree
  }

  test('is one card with its partitions, whose shares make up the whole', async () => {
    using box = new ToolBox()
    fourParts(box)
    const inventory = await amd.create(box.context()).inventory()
    expect(
      inventory.status === 'ok' &&
        inventory.units.map(({ kind, key, sharePpm, deviceFile }) => [
          kind,
          key,
          sharePpm,
          deviceFile,
        ]),
    ).toEqual([
      ['card', '0x5a11c0de00000000', 1_000_000, '/dev/dri/renderD128'],
      ...[0, 1, 2, 3].map((part) => [
        'slice',
        `0x5a11c0de00000000/p${part}`,
        250_000,
        `/dev/dri/renderD${129 + part}`,
      ]),
      ['unsliced', '0x5a11c0de00000000/unsliced', 0, null],
    ])
  })

  test('tells of each partition its processes and what they hold', async () => {
    using box = new ToolBox()
    fourParts(box).kfdProcess(41207, { 60001: '0', 60002: `${GIB}`, 60003: '0', 60004: '0' })
    expect(await amd.create(box.context()).sample()).toMatchObject({
      readings: [
        { utilization: { compute: 0.25 }, processes: { computeCount: 1 } },
        { utilization: {}, memoryUsedBytes: 0, processes: { computeCount: 0 } },
        {
          utilization: {},
          memoryUsedBytes: GIB,
          processes: { computeCount: 1, memoryUsedBytes: GIB },
        },
        { processes: { computeCount: 0 } },
        { processes: { computeCount: 0 } },
        { processes: { computeCount: 0 } },
      ],
    })
  })

  test('by the tool alone: partitions are no cards of their own', async () => {
    using box = new ToolBox()
    const bdf = (gpu: number) => `0000:05:00.${gpu}`
    box.answers('amd-smi', [
      {
        when: 'list --json',
        stdout: JSON.stringify([0, 1].map((gpu) => ({ gpu, bdf: bdf(gpu), partition_id: gpu }))),
      },
      {
        when: 'static --json',
        stdout: JSON.stringify([
          { gpu: 0, asic: { asic_serial: '0x5A11C0DE00000000' } },
          { gpu: 1, asic: { asic_serial: '0x5A11C0DE00000000' } },
        ]),
      },
      {
        when: 'partition --json',
        stdout: JSON.stringify({
          current_partition: [
            { gpu_id: 0, accelerator_type: 'DPX', partition_id: 0 },
            { gpu_id: 1, accelerator_type: 'N/A', partition_id: 1 },
          ],
        }),
      },
      { when: 'metric --json', stdout: METRIC },
      { when: 'process --json', stdout: PROCESS },
    ])
    const probe = amd.create(box.context())
    const inventory = await probe.inventory()
    expect(
      inventory.status === 'ok' && inventory.units.map(({ kind, key }) => [kind, key]),
    ).toEqual([
      ['card', '0x5a11c0de00000000'],
      ['slice', '0x5a11c0de00000000/p0'],
      ['slice', '0x5a11c0de00000000/p1'],
      ['unsliced', '0x5a11c0de00000000/unsliced'],
    ])
    expect(await probe.sample()).toMatchObject({
      readings: [
        { utilization: { compute: null }, processes: null },
        { utilization: { compute: 0.9 }, processes: { computeCount: 1 } },
        { utilization: { compute: 0.91 }, processes: { computeCount: 0 } },
        { processes: { computeCount: 0 } },
      ],
    })
  })
})

describe('amd-smi beside the kernel', () => {
  test('gives names and ids, and is not started for a sample', async () => {
    using box = new ToolBox()
    twoCards(box)
    box.answers('amd-smi', ANSWERS)
    const probe = amd.create(box.context())
    const inventory = await probe.inventory()
    expect(inventory).toMatchObject({
      units: [
        {
          key: '0x5a11c0de00000000',
          name: 'AMD Instinct MI300X',
          driverVersion: '6.12.12',
          identities: [
            { strength: 'strong', raw: '0x5a11c0de00000000' },
            { strength: 'strong', raw: 'a1ff74a1-0000-1000-8000-00000000c0d0' },
          ],
        },
        { key: '0x5a11c0de00000001' },
      ],
    })
    const before = box.calls('amd-smi').length
    expect(await probe.sample()).toMatchObject({
      tool: 'sysfs',
      readings: [{ key: '0x5a11c0de00000000' }, { key: '0x5a11c0de00000001' }],
    })
    expect(box.calls('amd-smi')).toHaveLength(before)
  })

  test('is asked where the files do not tell the use, and keeps the keys', async () => {
    using box = new ToolBox()
    const tree = twoCards(box)
    box.answers('amd-smi', ANSWERS)
    const probe = amd.create(box.context())
    const inventory = await probe.inventory()
    tree.remove('sys/bus/pci/devices/0000:15:00.0/gpu_busy_percent')
    const sample = await probe.sample()
    expect(sample).toMatchObject({
      tool: 'amd-smi',
      readings: [{ utilization: { compute: 0 } }, { utilization: { compute: 0.91 } }],
    })
    expect(sample.status === 'ok' && sample.readings.map(({ key }) => key)).toEqual(
      inventory.status === 'ok' && inventory.units.map(({ key }) => key),
    )
  })

  test('that fails later lends the ids of a card to no other one in its place', async () => {
    using box = new ToolBox()
    const tree = twoCards(box)
    box.answers('amd-smi', ANSWERS)
    const probe = amd.create(box.context())
    await probe.inventory()
    tree.write('sys/bus/pci/devices/0000:05:00.0/unique_id', '5a11c0de000000ff')
    box.answers('amd-smi', [{ when: '*', stdout: '', exitCode: 1 }])
    const inventory = await probe.inventory()
    expect(inventory.status === 'ok' && inventory.units[0]?.identities).toEqual([
      { strength: 'strong', raw: '0x5a11c0de000000ff' },
    ])
  })

  test('that fails later leaves the cards what they are', async () => {
    using box = new ToolBox()
    twoCards(box)
    box.answers('amd-smi', ANSWERS)
    const probe = amd.create(box.context())
    const before = await probe.inventory()
    box.answers('amd-smi', [{ when: '*', stdout: '', exitCode: 1 }])
    expect(await probe.inventory()).toEqual(before)
  })

  test('alone does all of it', async () => {
    using box = new ToolBox()
    box.answers('amd-smi', ANSWERS)
    const probe = amd.create(box.context())
    const inventory = await probe.inventory()
    expect(inventory).toMatchObject({
      tool: 'amd-smi',
      units: [
        {
          key: '0x5a11c0de00000000',
          pciAddress: '0000:05:00.0',
          powerCapWatts: 750,
          offers: { processes: true, health: true },
        },
        { key: '0x5a11c0de00000001' },
      ],
    })
    expect(await probe.sample()).toMatchObject({
      readings: [
        {
          key: '0x5a11c0de00000000',
          utilization: { compute: 0.9 },
          processes: { computeCount: 1 },
        },
        { key: '0x5a11c0de00000001', memoryUsedBytes: GIB, processes: { computeCount: 0 } },
      ],
    })
  })

  test('numbers that have changed are asked anew, so that no card is read under the id of another', async () => {
    using box = new ToolBox()
    box.answers('amd-smi', ANSWERS)
    const probe = amd.create(box.context())
    await probe.inventory()
    const second = (text: string) => JSON.stringify([{ ...JSON.parse(text)[1], gpu: 0 }])
    box.answers('amd-smi', [
      { when: 'list --json', stdout: second(LIST) },
      { when: 'static --json', stdout: second(STATIC) },
      { when: 'metric --json', stdout: second(METRIC) },
      { when: 'process --json', stdout: second(PROCESS) },
    ])
    expect(await probe.sample()).toMatchObject({
      readings: [{ key: '0x5a11c0de00000001', utilization: { compute: 0.91 } }],
    })
  })
})

describe('rocm-smi', () => {
  const card = (use: string, more = '') =>
    `{"card0": {"Unique ID": "0x5a11c0de00000000", "PCI Bus": "0000:05:00.0", "GPU use (%)": "${use}", "VRAM Total Memory (B)": "34342961152", "VRAM Total Used Memory (B)": "6750208"${more}}}`
  const VENDOR =
    ', "Card series": "AMD Instinct MI100", "Card vendor": "Advanced Micro Devices, Inc. [AMD/ATI]"'

  test('names cards by their Unique ID', async () => {
    using box = new ToolBox()
    box.answers('rocm-smi', [{ when: '*', stdout: card('55', VENDOR) }])
    const probe = amd.create(box.context())
    expect(await probe.inventory()).toMatchObject({
      tool: 'rocm-smi',
      units: [
        { key: '0x5a11c0de00000000', name: 'AMD Instinct MI100', offers: { processes: false } },
      ],
    })
    expect(await probe.sample()).toMatchObject({
      readings: [{ key: '0x5a11c0de00000000', utilization: { compute: 0.55 }, processes: null }],
    })
  })

  test("of the DTK is refused, by what it says or by the bus, and its cards are not AMD's", async () => {
    using box = new ToolBox()
    const tree = new SysfsTree(box.folder)
    tree.card(0, { address: '0000:05:00.0', deviceId: '55b7', files: { vendor: '0x1d94' } })
    for (const stdout of [card('55'), card('55', ', "HCU use (%)": "55"')]) {
      box.answers('rocm-smi', [{ when: '*', stdout }])
      const probe = amd.create(box.context())
      expect(await probe.sample()).toMatchObject({ status: 'failed', code: 'tool_wrong_vendor' })
      expect(await probe.detect()).toEqual({ status: 'absent' })
    }
  })

  test('lists a display of the processor too, which is no accelerator', async () => {
    using box = new ToolBox()
    const tree = new SysfsTree(box.folder)
    tree.card(0, { address: '0000:05:00.0', deviceId: '1681', classCode: '0x030000' })
    box.answers('rocm-smi', [{ when: '*', stdout: card('55', VENDOR) }])
    const probe = amd.create(box.context())
    expect(await probe.detect()).toEqual({ status: 'absent' })
  })
})

test('without tool and driver the vendor is absent', async () => {
  using box = new ToolBox()
  expect(await amd.create(box.context()).detect()).toEqual({ status: 'absent' })
})
