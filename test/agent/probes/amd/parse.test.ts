/** Shapes of amd-smi of which no capture is at hand, and outputs that are refused. */
import { describe, expect, test } from 'vitest'
import { readAmd } from '../../../../agent/src/probes/amd/parse.ts'
import { gatherPartitions } from '../../../../agent/src/probes/amd/partitions.ts'
import { amd } from '../../../../agent/src/probes/amd/probe.ts'
import { isFailure } from '../../../../agent/src/probes/card.ts'

const devices = (text: string) => {
  const reading = readAmd(text, null)
  return isFailure(reading) ? [] : reading.devices
}
const json = (value: unknown) => JSON.stringify(value, null, 4)

describe('amd-smi in JSON', () => {
  test('list: a list of cards, or lists under names', () => {
    const card = {
      gpu: 0,
      bdf: '0000:0C:00.0',
      uuid: 'a1ff74a1-0000-1000-8000-00000000c0de',
      kfd_id: 1,
      partition_id: 0,
    }
    const expected = [
      { index: 0, pci: '0000:0C:00.0', pci_bdf: '0000:0c:00.0', uuid: card.uuid, partition_id: 0 },
    ]
    expect(devices(json([card]))).toMatchObject(expected)
    expect(devices(json({ gpu_data: [card], cpu_data: [{ cpu: 0 }] }))).toMatchObject(expected)
    expect(devices(json(card))).toMatchObject(expected)
  })

  test.each([
    {
      name: '6.1',
      limit: { max_power: { value: 750, unit: 'W' }, socket_power: 600 },
      power_cap_w: 750,
    },
    {
      name: '6.2',
      limit: { max_power: 'N/A', socket_power: { value: 600, unit: 'W' } },
      power_cap_w: 600,
    },
    {
      name: '26.2',
      limit: { ppt0: { socket_power_limit: { value: 300, unit: 'W' } }, ppt1: 'N/A' },
      power_cap_w: 300,
    },
  ])('static of $name', ({ limit, power_cap_w }) => {
    const text = json([
      {
        gpu: 0,
        asic: {
          market_name: '0x7551',
          vendor_id: '0x1002',
          device_id: '0x7551',
          asic_serial: '0x00C0DE0000005A11',
        },
        bus: { bdf: 'N/A' },
        limit,
        driver: { name: 'amdgpu', version: '6.16.6' },
        board: { product_serial: '0', product_name: 'AMD Radeon AI PRO R9700' },
        vram: { type: 'GDDR6', size: { value: 32624, unit: 'MB' } },
        partition: { compute_partition: 'N/A', memory_partition: 'N/A', partition_id: 'N/A' },
      },
    ])
    expect(devices(text)).toMatchObject([
      {
        name: 'AMD Radeon AI PRO R9700',
        serial: null,
        uuid: null,
        pci: null,
        pci_id: '1002:7551',
        asic_serial: '0x00C0DE0000005A11',
        memory_total_mib: 32624,
        power_cap_w,
      },
    ])
    expect(readAmd(text, null)).toMatchObject({ driverVersion: '6.16.6' })
  })

  test.each([
    { list: [{ process_info: 'No running processes detected' }], processes: [] },
    { list: [{ process_info: 'N/A' }], processes: null },
    {
      list: [{ process_info: { pid: 7, name: 'N/A', mem_usage: { value: 1048576, unit: 'B' } } }],
      processes: [{ pid: 7, name: null, memory_mib: 1 }],
    },
    {
      list: [
        { process_info: { pid: 7, name: 'a', memory_usage: { vram_mem: 2097152 } } },
        { process_info: 'N/A' },
      ],
      processes: null,
    },
    { list: undefined, processes: null },
  ])('process: $list', ({ list, processes }) => {
    expect(devices(json([{ gpu: 0, process_list: list }]))).toMatchObject([{ processes }])
  })

  test('a figure in another unit than expected is none', () => {
    const text = json([
      {
        gpu: 0,
        power_usage: { value: 25000, unit: 'mW' },
        vram_used: { value: 'N/A', unit: 'MB' },
        gfx: 'N/A',
      },
    ])
    expect(devices(text)).toMatchObject([
      { power_w: null, memory_used_mib: null, utilization_pct: null },
    ])
  })

  test('partition: what a card is cut into, not what it could be', () => {
    const documents = [
      [
        { gpu_id: 0, memory: 'NPS1', accelerator_type: 'CPX*', partition_id: '0' },
        { gpu_id: 1, memory: 'N/A', accelerator_type: 'N/A', partition_id: 1 },
      ],
      [{ gpu: 0, memory_partition: { caps: 'NPS1,NPS4', current: 'NPS1' } }],
      [{ gpu_id: 0, profile_index: 0, accelerator_type: 'SPX', partition_id: 0 }],
    ]
    for (const text of [
      documents.map(json).join('\n'),
      json({ current_partition: documents[0] }),
    ]) {
      expect(devices(text)).toMatchObject([
        { index: 0, compute_partition: 'CPX', memory_partition: 'NPS1', partition_id: 0 },
        { index: 1, partition_id: 1 },
      ])
    }
  })
})

describe('amd-smi for people', () => {
  test('is the same tree', () => {
    const text = `GPU: 0
    BDF: 0000:01:00.0
    UUID: 7eff74a0-0000-1000-808f-000000000000
    USAGE:
        GFX_ACTIVITY: 97 %
        VCN_ACTIVITY: [0 %, N/A,
            N/A, N/A]
    POWER:
        SOCKET_POWER: 431 W
    TEMPERATURE:
        EDGE: N/A
        HOTSPOT: 61 °C
    MEM_USAGE:
        TOTAL_VRAM: 64289 MB
        USED_VRAM: 1024 MB
    PROCESS_INFO:
        NAME: python3
        PID: 41207
        MEMORY_USAGE:
            VRAM_MEM: 19.5 GB
    PROCESS_INFO:
        NAME: python3
        PID: 41208

GPU: 1
    BDF: 0001:01:00.0
    PROCESS_INFO: No running processes detected

`
    expect(devices(text)).toMatchObject([
      {
        index: 0,
        pci_bdf: '0000:01:00.0',
        utilization_pct: 97,
        power_w: 431,
        temperature_c: 61,
        memory_total_mib: 64289,
        memory_used_mib: 1024,
        processes: [
          { pid: 41207, name: 'python3', memory_mib: 19.5 * 1024 },
          { pid: 41208, memory_mib: null },
        ],
      },
      { index: 1, pci_bdf: '0001:01:00.0', processes: [], utilization_pct: null },
    ])
  })
})

describe('the table of amd-smi', () => {
  const table = (
    processes: string,
  ) => `+------------------------------------------------------------------------------+
| AMD-SMI 26.0.0+37d158ab   amdgpu version: 6.14.14  ROCm version: 7.0.0       |
|-------------------------------------+----------------------------------------|
| BDF                        GPU-Name | Mem-Uti   Temp   UEC       Power-Usage |
| GPU  HIP-ID  OAM-ID  Partition-Mode | GFX-Uti    Fan               Mem-Usage |
|=====================================+========================================|
| 0000:05:00.0    AMD Instinct MI300X | N/A     36 °C   2           132/750 W  |
|   0       0       2        CPX/NPS4 | N/A        N/A           283/196592 MB |
+-------------------------------------+----------------------------------------+
${processes}`
  const CARD = {
    name: 'AMD Instinct MI300X',
    utilization_pct: null,
    temperature_c: 36,
    ecc_uncorrected: 2,
    power_w: 132,
    power_cap_w: 750,
    memory_used_mib: 283,
    compute_partition: 'CPX',
    memory_partition: 'NPS4',
  }
  const HEADER = `+------------------------------------------------------------------------------+
| Processes:                                                                   |
|  GPU        PID  Process Name          GTT_MEM  VRAM_MEM  MEM_USAGE     CU % |
|==============================================================================|
`
  const NONE = '|  No running processes found                                                  |\n'
  const END = '+------------------------------------------------------------------------------+\n'

  test.each([
    { name: 'no process', processes: `${HEADER}${NONE}${END}`, expected: [] },
    { name: 'no list', processes: '', expected: null },
    { name: 'a list without its end', processes: `${HEADER}${NONE}`, expected: null },
    {
      name: 'a name of two words',
      processes: `${HEADER}|    0     213952  my job                7.9 MB   19.5 GB    20.1 GB  N/A     |\n${END}`,
      expected: [{ pid: 213952, name: 'my job', memory_mib: 19.5 * 1024 }],
    },
    {
      name: 'a line that cannot be read',
      processes: `${HEADER}|    0     N/A     my job                7.9 MB   19.5 GB    20.1 GB  N/A     |\n${END}`,
      expected: null,
    },
  ])('$name', ({ processes, expected }) => {
    expect(devices(table(processes))).toMatchObject([{ ...CARD, processes: expected }])
  })

  test('a card of which a line is lost is left out', () => {
    const text = table('').replace(/.*196592 MB.*\n/, '')
    expect(readAmd(text, null)).toMatchObject({ failure: { class: 'unreadable' } })
  })
})

describe('partitions of a card', () => {
  const part = (index: number, partition_id: number, more = {}) => ({
    ...{ index, name: null, uuid: null, serial: null, pci: null, pci_bdf: null },
    ...{ memory_total_mib: null, memory_used_mib: 7, utilization_pct: 3, power_w: null },
    ...{ temperature_c: null, processes: [], partition_id, ...more },
  })

  test('are one card', () => {
    const cards = gatherPartitions([
      part(0, 0, { compute_partition: 'DPX', pci_bdf: '0000:05:00.0', power_w: 300 }),
      part(1, 1, { pci_bdf: '0000:05:00.1' }),
      part(2, 0, { compute_partition: 'SPX', pci_bdf: '0000:15:00.0' }),
      part(3, 0, { compute_partition: 'DPX', pci_bdf: '0000:25:00.0' }),
      part(4, 1),
    ])
    expect(cards).toMatchObject([
      {
        index: 0,
        power_w: 300,
        utilization_pct: null,
        processes: null,
        slices: [
          { part: 'p0', weight: 1 },
          { part: 'p1', utilization_pct: 3 },
        ],
      },
      { index: 2, utilization_pct: 3 },
      { index: 3, slices: [{ part: 'p0' }, { part: 'p1' }] },
    ])
    expect(cards[1]).not.toHaveProperty('slices')
  })

  test('of different cards stay apart', () => {
    const cards = gatherPartitions([
      part(0, 0, { compute_partition: 'CPX', pci_bdf: '0000:05:00.0' }),
      part(1, 1, { pci_bdf: '0000:15:00.1' }),
    ])
    expect(cards).toHaveLength(2)
  })
})

describe('what is refused', () => {
  test.each([
    {
      name: "the DTK's rocm-smi by its lines",
      text: 'HCU[0] : HCU use (%): 3\n',
      class: 'wrong_tool',
    },
    {
      name: "the DTK's rocm-smi by its maker",
      text: '{"card0": {"Card Series": "K100_AI", "Card Vendor": "Chengdu C-3000 IC Design Co., Ltd."}}',
      class: 'wrong_tool',
    },
    {
      name: "the DTK's table",
      text: 'DCU  Temp  AvgPwr  DCU%\n0  50.0C  23.0W  0%\n',
      class: 'wrong_tool',
    },
    {
      name: "another maker's tool",
      text: '| NVIDIA-SMI 535.129.03   Driver Version: 535 |\n',
      class: 'wrong_tool',
    },
    {
      name: 'no driver',
      text: 'ERROR: Driver not loaded (amdgpu not found in modules)\n',
      class: 'driver_not_loaded',
    },
    {
      name: 'no card',
      text: '{"error": "Can not find a device: GPU \'9\'", "code": -3}',
      class: 'no_devices',
    },
    {
      name: 'no rights',
      text: 'Permission to /dev/kfd denied: add the user to the render group\n',
      class: 'permission',
    },
    {
      name: 'no library',
      text: "ModuleNotFoundError: No module named 'amdsmi'\n",
      class: 'library_missing',
    },
    {
      name: 'an old version',
      text: "Command 'partition' is invalid. Run '--help' for more info. Error code: -1\n",
      class: 'usage',
    },
    {
      name: 'a list cut in its first card',
      text: '[\n    {\n        "gpu": 0,\n        "gfx": {\n            "value": 9',
      class: 'unreadable',
    },
    { name: 'nothing', text: '', class: 'unreadable' },
  ])('$name', ({ text, class: kind }) => {
    expect(readAmd(text, null)).toMatchObject({ failure: { class: kind } })
    expect(amd.parse(text, null)).toMatchObject({ devices: [], error: { class: kind } })
  })
})
