/** Layouts of the rocm-smi family of which no capture is at hand, and what damage makes of them. */
import { describe, expect, test } from 'vitest'
import { readRocmSmi } from '../../../../agent/src/probes/rocm-smi/parse.ts'

const read = (text: string) => readRocmSmi(text, null, 'rocm-smi')
const devices = (text: string) => read(text)?.devices ?? []

describe('the concise table', () => {
  test.each([
    {
      name: 'ROCm 5: the sensor stands beside the word',
      text: `======================= ROCm System Management Interface =======================
================================= Concise Info =================================
GPU  Temp (DieEdge)  AvgPwr  SCLK    MCLK    Fan   Perf  PwrCap  VRAM%  GPU%  
0    39.0c           31.0W   300Mhz  1200Mhz 0%    auto  290.0W   99%   87%   
================================================================================
`,
      device: {
        temperature_c: 39,
        power_w: 31,
        power_cap_w: 290,
        memory_used_pct: 99,
        utilization_pct: 87,
      },
    },
    {
      name: 'ROCm 5.7: ids in brackets, and the name below',
      text: `==================================== Concise Info ====================================
Device  [Model : Revision]    Temp        Power     Partitions      SCLK    MCLK    Fan  Perf  PwrCap  VRAM%  GPU%  
        Name (20 chars)       (Junction)  (Socket)  (Mem, Compute)                                                  
======================================================================================
0       [0x74a1 : 0x00]       35.0°C      133.0W    NPS1, SPX       131Mhz  900Mhz  0%   auto  750.0W    0%   0%    
        AMD Instinct MI300X                                                                                         
======================================================================================
`,
      device: {
        name: 'AMD Instinct MI300X',
        pci_device_id: '0x74a1',
        temperature_c: 35,
        power_w: 133,
        memory_partition: 'NPS1',
        compute_partition: 'SPX',
        utilization_pct: 0,
      },
    },
    {
      name: 'ROCm 6.2: numbers of node and partition',
      text: `Device  Node  IDs              Temp        Power     Partitions          SCLK    MCLK    Fan  Perf  PwrCap  VRAM%  GPU%  
              (DID,     GUID)  (Junction)  (Socket)  (Mem, Compute, ID)                                                  
========================================================================================================================
0       2     0x74a1,   28851  44.0°C      Unsupported  NPS4, CPX, 3     131Mhz  900Mhz  0%   auto  750.0W  12%    N/A   
`,
      device: {
        pci_device_id: '0x74a1',
        temperature_c: 44,
        power_w: null,
        memory_partition: 'NPS4',
        compute_partition: 'CPX',
        partition_id: 3,
        memory_used_pct: 12,
        utilization_pct: null,
      },
    },
  ])('$name', ({ text, device }) => {
    expect(devices(text)).toMatchObject([{ index: 0, processes: null, ...device }])
    expect(devices(text)).toHaveLength(1)
  })

  test('columns that nobody knows are passed over, and rows of another width left out', () => {
    const text = 'HCU  Temp  New  HCU%\n0  50.0C  x  7%\n1  51.0C  9%\n2  52.0C  x  8%\n'
    expect(devices(text).map(({ index, utilization_pct }) => [index, utilization_pct])).toEqual([
      [0, 7],
      [2, 8],
    ])
  })

  test.each([
    'HCU  Temp  AvgPwr  VRAM%\n0  50.0C  23.0W  0%\n',
    '0    50.0c  23.0W   1319Mhz  800Mhz  0.0%  auto  300.0W    0%   0%\n',
  ])('a table without the header it needs is refused', (text) => {
    expect(read(text)).toBeNull()
  })
})

describe('labelled lines and CSV', () => {
  test.each([
    'GPU[0]\t\t: GPU use (%): 12\n',
    'DCU[0]  : DCU use (%): 12\n',
    'HCU[0]: HCU use (%): 12\n',
  ])('%j', (text) => {
    expect(devices(text)).toMatchObject([{ index: 0, utilization_pct: 12 }])
  })

  test('a figure with which the text ends may be half of itself', () => {
    expect(devices('GPU[0] : GPU use (%): 12\nGPU[1] : GPU use (%): 3')).toMatchObject([
      { index: 0, utilization_pct: 12 },
      { index: 1, utilization_pct: null },
    ])
    expect(devices('device,DCU use (%)\ncard0,12\ncard1,3')).toMatchObject([
      { index: 0, utilization_pct: 12 },
      { index: 1, utilization_pct: null },
    ])
  })

  test('a figure that is told twice in two ways is not told', () => {
    const text = 'HCU[0] : HCU use (%): 93.0\nHCU[0] : HCU use (%): 0.0\n'
    expect(devices(text)).toMatchObject([{ index: 0, utilization_pct: null }])
  })

  test('a message in place of a key names a card all the same', () => {
    expect(devices('GPU[3]\t\t: Not supported on the given system\n')).toMatchObject([
      { index: 3, utilization_pct: null },
    ])
  })

  test('a matrix of links names cards and tells nothing of them', () => {
    const text = '       HCU0         HCU1\nHCU0   0            40\nHCU1   40           0\n'
    expect(devices(text)).toMatchObject([{ index: 0 }, { index: 1, memory_used_mib: null }])
  })

  test('the version of the driver alone is an answer without cards', () => {
    const text = '\n==== Version of System Component ====\nDriver Version: 6.3.31-V1.5.0a\n=====\n'
    expect(read(text)).toMatchObject({ driverVersion: '6.3.31-V1.5.0a', devices: [] })
    expect(read('Some other tool\nDriver Version: 1.2\n')).toBeNull()
  })
})

const CARDS = 'HCU[0] : PCI Bus: 0000:0a:00.0\nHCU[1] : PCI Bus: 0000:37:00.0\n'
const RULE = `${'='.repeat(86)}\n`
const process = (pid: number, buses: string, mib = '512') =>
  `PID: ${pid}\n\tPASID: 32771\n\tHCU Index: ['1'] \n\tPCI BUS: ${buses} \n\tVRAM USED(MiB): ${mib}\n\tVRAM USED(%): inf\n\n`
const processesIn = (text: string) => devices(text).map((device) => device.processes)

describe('processes of DCUs', () => {
  test('belong to the cards whose addresses they name, with what is printed', () => {
    const list = `PIDs for KFD processes:\n\n${process(7, "['0000:0a:00.0', '0000:37:00.0']")}${process(8, "['0000:37:00.0']")}`
    expect(processesIn(`${CARDS}${list}${RULE}`)).toEqual([
      [{ pid: 7, name: null, memory_mib: 512 }],
      [
        { pid: 7, name: null, memory_mib: 512 },
        { pid: 8, name: null, memory_mib: 512 },
      ],
    ])
  })

  test.each([
    { name: 'said in words', text: `${CARDS}No KFD PIDs currently running!\n` },
    { name: 'an empty list', text: `${CARDS}PIDs for KFD processes:\n\n${RULE}` },
    {
      name: 'one that is on no card',
      text: `${CARDS}PIDs for KFD processes:\n${process(7, '[]', '0')}${RULE}`,
    },
  ])('none: $name', ({ text }) => {
    expect(processesIn(text)).toEqual([[], []])
  })

  test.each([
    { name: 'no list', text: CARDS },
    {
      name: 'a list without its end',
      text: `${CARDS}PIDs for KFD processes:\n${process(7, "['0000:37:00.0']")}`,
    },
    {
      name: 'memory on a card that is not named',
      text: `${CARDS}PIDs for KFD processes:\n${process(7, '[]')}${RULE}`,
    },
    {
      name: 'a process without its first line',
      text: `${CARDS}PIDs for KFD processes:\n${process(7, "['0000:37:00.0']")}${process(8, "['0000:0a:00.0']").replace(/PID: 8\n/, '')}${RULE}`,
    },
    {
      name: 'the only process without its first line',
      text: `${CARDS}PIDs for KFD processes:\n${process(8, "['0000:0a:00.0']").replace(/PID: 8\n/, '')}${RULE}`,
    },
  ])('nothing is told: $name', ({ text }) => {
    expect(processesIn(text)).toEqual([null, null])
  })

  test('alone they name the cards that have some', () => {
    const text = `PIDs for KFD processes:\n${process(7, "['0000:37:00.0']")}${process(9, "['0000:37:00.0']")}${RULE}`
    expect(devices(text)).toMatchObject([
      { index: 1, pci_bdf: '0000:37:00.0', processes: [{ pid: 7 }, { pid: 9 }] },
    ])
    expect(read('No KFD PIDs currently running!\n')).toMatchObject({ devices: [] })
    expect(read(`PIDs for KFD processes:\n${process(7, "['0000:37:00.0']")}`)).toBeNull()
  })
})

describe('processes of AMD, which are tied to no card', () => {
  const table = (rows: string) =>
    `GPU[0]\t\t: PCI Bus: 0000:83:00.0\n==== KFD Processes ====\nKFD process information:\nPID\tPROCESS NAME\tGPU(s)\tVRAM USED\tSDMA USED\tCU OCCUPANCY\t\n${rows}${RULE}`

  test('stand beside the cards', () => {
    const text = table('41207\tray::worker  \t1     \t536870912\t0        \tUNKNOWN     \t\n')
    expect(read(text)).toMatchObject({
      devices: [{ index: 0, processes: null }],
      facts: { system_processes: [{ pid: 41207, name: 'ray::worker', memory_mib: 512 }] },
    })
  })

  test('of JSON too, with blanks in a name', () => {
    const text =
      '{"card0": {"GPU use (%)": "0"}, "system": {"PID41207": "my, job, 1, 536870912, 0, unknown"}}'
    expect(read(text)).toMatchObject({
      devices: [{ processes: null }],
      facts: { system_processes: [{ pid: 41207, name: 'my job', memory_mib: 512 }] },
    })
  })

  test('none is none of every card; a line that cannot be read proves nothing', () => {
    expect(read(table(''))).toMatchObject({ devices: [{ processes: [] }] })
    expect(read(table('41207 garbage\n'))).toMatchObject({ devices: [{ processes: null }] })
  })
})

describe('whose cards they are', () => {
  test.each([
    { text: 'HCU[0] : HCU use (%): 1\n', maker: 'hygon' },
    { text: '{"card0": {"Card Vendor": "Chengdu Haiguang IC Design Co., Ltd."}}', maker: 'hygon' },
    { text: '{"card0": {"Card Vendor": "C-3000 IC Design Co., Ltd."}}', maker: 'hygon' },
    { text: 'GPU[0] : Device ID: 0x6210\n', maker: 'hygon' },
    { text: 'GPU[0] : Device ID: 0x738c\n', maker: 'amd' },
    { text: '{"card0": {"Card vendor": "0x1002"}}', maker: 'amd' },
    { text: '{"card0": {"Card vendor": "Advanced Micro Devices, Inc. [AMD/ATI]"}}', maker: 'amd' },
    { text: '{"card0": {"GPU use (%)": "1"}}', maker: null },
    {
      text: 'GPU[0] : Card Vendor: Advanced Micro Devices\nHCU[0] : HCU use (%): 1\n',
      maker: null,
    },
  ])('$text', ({ text, maker }) => {
    expect(read(text)?.facts?.maker).toBe(maker)
  })
})
