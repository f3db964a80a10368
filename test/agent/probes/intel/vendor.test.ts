/** Intel's xpu-smi as a probe: the table of 2.0, the subcommands of 1.x, a namesake's tool. */
import { describe, expect, test } from 'vitest'
import { intel } from '../../../../agent/src/probes/intel/vendor.ts'
import { fixture } from '../../../support/captures.ts'
import { type ToolAnswer, ToolBox } from '../../../support/fake-tool.ts'
import { plugCard, putFile } from '../../../support/plug-card.ts'

const MIB = 1024 * 1024
/** As a shell pattern. */
const NO_ARGUMENTS = "''"
const TABLE = fixture('intel/b60-x2__2.0__load.txt')
const DUMP = fixture('intel/max1550-x2__1.3__dump.txt')
const HELP = `Intel(R) XPU System Management Interface -- v1.3
Usage: xpu-smi [Options]
  xpu-smi -v
  xpu-smi discovery
`
const ADDRESSES = ['0000:18:00.0', '0000:1b:00.0']
const card = (at: number) => ({
  device_id: at,
  device_name: 'Intel(R) Data Center GPU Max 1550',
  pci_bdf_address: ADDRESSES[at],
  pci_device_id: '0xbd5',
  uuid: '00000000-0000-0000-0000-0bd500008086',
})
const detail = (at: number) => ({
  ...card(at),
  driver_version: '24.39.31294.12',
  memory_physical_size_byte: '137438953472',
  number_of_tiles: '2',
  serial_number: 'LQAC20305316',
})
const status = (word: string) => ({ status: word, description: '' })
const health = (...words: readonly string[]) => ({
  device_list: words.map((word, at) => ({
    device_id: at,
    memory: status(word),
    core_temperature: status('OK'),
    frequency: status('Warning'),
  })),
})
const own = (at: number) => ({
  device_id: at,
  process_id: 900,
  process_name: 'xpu-smi',
  mem_size: 1966,
})
const USERS = [
  own(0),
  own(1),
  { device_id: 1, process_id: 88123, process_name: 'python3', mem_size: 118_000_000 },
]

const json = (when: string, value: unknown): ToolAnswer => ({
  when,
  stdout: `${JSON.stringify(value)}\n`,
})
const LISTS: readonly ToolAnswer[] = [
  json('discovery -j', { device_list: [card(0), card(1)] }),
  json('discovery -d 0 -j', detail(0)),
  json('discovery -d 1 -j', detail(1)),
]

/** Answers in front of the usual ones go before them. */
function xpuSmi(box: ToolBox, first: string, ...answers: readonly ToolAnswer[]): void {
  box.answers('xpu-smi', [
    { when: NO_ARGUMENTS, stdout: first },
    ...answers,
    ...LISTS,
    { when: 'dump -d -1 *', stdout: DUMP },
    json('ps -j', { device_util_by_proc_list: USERS }),
    json('health -l -j', health('OK', 'OK')),
  ])
}

describe('xpu-smi 2.0', () => {
  test('is sampled by its table; its cards are known by their slots', async () => {
    using box = new ToolBox()
    xpuSmi(box, TABLE)
    putFile(box.folder, `sys/bus/pci/devices/${ADDRESSES[0]}/drm/renderD128/dev`)
    const probe = intel.create(box.context())
    const inventory = await probe.inventory()
    expect(inventory).toMatchObject({ tool: 'xpu-smi', toolVersion: '2.0' })
    expect(inventory.status === 'ok' && inventory.units).toMatchObject([
      {
        key: ADDRESSES[0],
        name: 'Intel(R) Arc(TM) Pro B60 Graphics',
        memoryTotalBytes: 24480 * MIB,
        powerCapWatts: 200,
        driverVersion: '96E1802BAF7F7118043A89B',
        deviceFile: '/dev/dri/renderD128',
        identities: [{ strength: 'slot', raw: ADDRESSES[0] }],
        offers: { utilization: true, processes: true, health: true, power: true },
      },
      { key: ADDRESSES[1], deviceFile: null },
    ])
    const before = box.calls('xpu-smi').length
    expect(await probe.sample()).toMatchObject({
      readings: [
        {
          key: ADDRESSES[0],
          utilization: { compute: 0.96 },
          memoryUsedBytes: 21530 * MIB,
          health: { status: 'ok' },
          // The tool itself does not count.
          processes: { computeCount: 1, memoryUsedBytes: 21302 * MIB },
        },
        { key: ADDRESSES[1], utilization: { compute: null }, processes: { computeCount: 0 } },
      ],
    })
    expect(box.calls('xpu-smi').slice(before)).toEqual(['health -l -j'])
  })

  test('a card on which the tool does not even find itself tells nothing of processes', async () => {
    using box = new ToolBox()
    xpuSmi(box, TABLE.replace(/^\|\s+1\s+90551.*\n/m, ''))
    const sample = await intel.create(box.context()).sample()
    expect(
      sample.status === 'ok' && sample.readings.map(({ processes }) => processes),
    ).toMatchObject([{ computeCount: 1 }, null])
  })

  test('virtual functions of a card make it one that is never proven free', async () => {
    using box = new ToolBox()
    xpuSmi(box, TABLE)
    putFile(box.folder, `sys/bus/pci/devices/${ADDRESSES[1]}/sriov_numvfs`, '4\n')
    expect(await intel.create(box.context()).sample()).toMatchObject({
      readings: [{}, { processes: null }],
      problems: [{ pciAddress: ADDRESSES[1] }],
    })
  })
})

describe('xpu-smi 1.x', () => {
  test('is asked for figures, processes and health of all cards, once each', async () => {
    using box = new ToolBox()
    xpuSmi(box, HELP)
    const probe = intel.create(box.context())
    const inventory = await probe.inventory()
    expect(inventory.status === 'ok' && inventory.units).toMatchObject([
      {
        key: ADDRESSES[0],
        name: 'Intel(R) Data Center GPU Max 1550',
        memoryTotalBytes: 131072 * MIB,
        driverVersion: '24.39.31294.12',
        identities: [{ strength: 'slot', raw: ADDRESSES[0] }],
      },
      { key: ADDRESSES[1] },
    ])
    const before = box.calls('xpu-smi').length
    expect(await probe.sample()).toMatchObject({
      readings: [
        {
          key: ADDRESSES[0],
          memoryTotalBytes: 131072 * MIB,
          powerWatts: 263.47,
          health: { status: 'ok' },
          processes: { computeCount: 0, memoryUsedBytes: 0 },
        },
        {
          key: ADDRESSES[1],
          utilization: { compute: 0.9688 },
          temperatureCelsius: 61.5,
          processes: { computeCount: 1 },
        },
      ],
    })
    expect(box.calls('xpu-smi').slice(before)).toEqual([
      'dump -d -1 -m 0,1,2,3,5,18 -n 1',
      'ps -j',
      'health -l -j',
    ])
  })

  test.each([
    { name: 'no list', answer: { when: 'ps -j', stdout: 'null\n' } },
    {
      name: 'a list cut short',
      answer: { when: 'ps -j', stdout: '{"device_util_by_proc_list": [' },
    },
    {
      name: 'a list of other cards',
      answer: json('ps -j', { device_util_by_proc_list: [own(7)] }),
    },
    { name: 'a failure', answer: { when: 'ps -j', stdout: '', exitCode: 1 } },
  ])('$name is not an empty list of processes', async ({ answer }) => {
    using box = new ToolBox()
    xpuSmi(box, HELP, answer)
    const sample = await intel.create(box.context()).sample()
    expect(sample.status === 'ok' && sample.readings.map(({ processes }) => processes)).toEqual([
      null,
      null,
    ])
  })

  test('a card that has left is not read under the id of another one', async () => {
    using box = new ToolBox()
    xpuSmi(box, HELP)
    const probe = intel.create(box.context())
    await probe.inventory()
    const moved = { ...card(0), pci_bdf_address: ADDRESSES[1] }
    xpuSmi(
      box,
      HELP,
      {
        when: 'dump *',
        stdout: DUMP.replace(/^.*, {4}0,.*\n/gm, '').replaceAll(',    1,', ',    0,'),
      },
      json('discovery -j', { device_list: [moved] }),
      json('discovery -d 0 -j', { ...detail(0), ...moved }),
    )
    expect(await probe.sample()).toMatchObject({
      readings: [{ key: ADDRESSES[1], utilization: { compute: 0.9688 } }],
    })
  })
})

describe('health', () => {
  test.each([
    {
      answer: health('Critical', 'OK'),
      expected: { status: 'failed', cause: 'ecc', detail: 'memory: Critical' },
    },
    { answer: health('Warning', 'OK'), expected: { status: 'warning', detail: 'memory: Warning' } },
    { answer: health('Unknown', 'OK'), expected: { status: 'ok' } },
    { answer: { device_list: [] }, expected: { status: 'unknown' } },
    {
      answer: { device_list: [{ device_id: 0, power_health: status('Critical') }] },
      expected: { status: 'failed', cause: 'health' },
    },
  ])('$expected.status: $expected.detail', async ({ answer, expected }) => {
    using box = new ToolBox()
    xpuSmi(box, TABLE, json('health -l -j', answer))
    const sample = await intel.create(box.context()).sample()
    expect(sample.status === 'ok' && sample.readings[0]?.health).toMatchObject(expected)
  })
})

describe('a tool that reads no card', () => {
  const FLEX = { address: '0000:4d:00.0', ids: ['8086', '56c0', '038000'], driver: 'i915' } as const
  const KUNLUNXIN = fixture('kunlunxin/p800-x2__5.0.21__load.txt')

  test('Kunlunxin’s under the same name is asked nothing else, and is absent without a card', async () => {
    using box = new ToolBox()
    xpuSmi(box, KUNLUNXIN)
    plugCard(box.folder, {
      address: '0000:1a:00.0',
      ids: ['1d22', '3688', '120000'],
      driver: 'kunlun',
    })
    const probe = intel.create(box.context())
    expect(await probe.detect()).toEqual({ status: 'absent' })
    plugCard(box.folder, FLEX)
    expect(await probe.detect()).toMatchObject({
      status: 'broken',
      code: 'tool_wrong_vendor',
      sentence: expect.stringContaining('tool of Kunlunxin'),
    })
    expect(box.calls('xpu-smi')).toEqual([])
  })

  test.each([
    { name: 'no cards', stdout: 'No GPU devices found.\n', code: 'tool_failed' },
    { name: 'no driver', stdout: 'Sysman driver initialization failed.\n', code: 'tool_failed' },
    { name: 'a table cut short', stdout: TABLE.slice(0, 500), code: 'tool_output_unreadable' },
  ])('$name is a failure, never an empty node', async ({ stdout, code }) => {
    using box = new ToolBox()
    plugCard(box.folder, FLEX)
    xpuSmi(box, stdout)
    expect(await intel.create(box.context()).detect()).toMatchObject({ status: 'broken', code })
    expect(box.calls('xpu-smi')).toEqual([])
  })

  test('1.x without Level Zero says so', async () => {
    using box = new ToolBox()
    plugCard(box.folder, FLEX)
    const error = { error: 'Level Zero Initialization Error', errno: 5 }
    xpuSmi(
      box,
      HELP,
      { when: 'dump *', stdout: 'Error: Level Zero Initialization Error\n' },
      json('*', error),
    )
    expect(await intel.create(box.context()).detect()).toMatchObject({
      status: 'broken',
      code: 'tool_failed',
      sentence: expect.stringContaining('/dev/dri'),
    })
  })

  test('a processor’s own graphics are no card of this vendor', async () => {
    using box = new ToolBox()
    plugCard(box.folder, {
      address: '0000:00:02.0',
      ids: ['8086', '4680', '030000'],
      driver: 'i915',
    })
    xpuSmi(box, 'No GPU devices found.\n')
    expect(await intel.create(box.context()).detect()).toEqual({ status: 'absent' })
  })
})
