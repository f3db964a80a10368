/** Layouts of Kunlunxin's tool of which no capture is public, and damage to those that are. */
import { describe, expect, test } from 'vitest'
import { isFailure } from '../../../../agent/src/probes/card.ts'
import { readKunlunxin } from '../../../../agent/src/probes/kunlunxin/parse.ts'
import { fixture } from '../../../support/captures.ts'

function devicesOf(text: string, command: string | null = null) {
  const reading = readKunlunxin(text, command)
  return isFailure(reading) ? reading.failure.class : reading.devices
}

const LEGACY = fixture('kunlunxin/r200-sriov__4.0__load.txt')

describe('xpu-smi', () => {
  test.each([
    { form: 'the id alone', line: 'XPU 0: P800 OAM  GPU-ed733bb8-c4a8-5bb5-9431-14512597fc12' },
    {
      form: 'the id in brackets',
      line: 'XPU 0: P800 OAM (UUID: GPU-ed733bb8-c4a8-5bb5-9431-14512597fc12)',
    },
  ])('-L with $form', ({ line }) => {
    expect(devicesOf(`${line}\n`)).toMatchObject([
      { index: 0, name: 'P800 OAM', uuid: 'GPU-ed733bb8-c4a8-5bb5-9431-14512597fc12' },
    ])
  })

  test('-q names processes under their section, and memory apart from L3', () => {
    const text = `==============XPUSMI LOG==============
Driver Version                            : 5.0.21.26
Attached XPUs                             : 1
XPU 00000000:01:00.0
    Product Name                          : P800 PCIe
    Memory Usage
        Total                             : 98304 MiB
        Used                              : 4096 MiB
    L3 Usage
        Total                             : 96 MiB
        Used                              : 12 MiB
    Processes
        Process ID                        : 4711
            Name                          : python3 train.py
            Used XPU Memory               : 4000 MiB
        Process ID                        : 4712
            Name                          : python3
            Used XPU Memory               : N/A
`
    expect(devicesOf(text)).toMatchObject([
      {
        memory_total_mib: 98304,
        memory_used_mib: 4096,
        processes: [
          { pid: 4711, name: 'python3 train.py', memory_mib: 4000 },
          { pid: 4712, memory_mib: null },
        ],
      },
    ])
    // Cut below the heading: it says nothing of processes any more.
    const cut = text.slice(0, text.indexOf('        Process ID'))
    expect(devicesOf(cut)).toMatchObject([{ memory_used_mib: 4096, processes: null }])
  })

  test('-m reads lines of 32 fields and leaves out others, a cut one too', () => {
    const line =
      '00000000:03:00.0 0 0 02K15K624CV00304 36 0 0 0 86 1450 1450 1450 1450 1450 1450 2 96 90440 98304 7 1.0:2.6 "P800 OAM" 0 0 0 0 0 0 0 0 0 0'
    const text = `${line}\n${line.replace('03:00.0 0 0', '05:00.0 1 1')} 9\n${line.replace('03:00.0 0 0', '07:00.0 2 2')}`
    expect(devicesOf(text, 'xpu-smi -m')).toMatchObject([
      { index: 0, name: 'P800 OAM', power_w: 86, memory_used_mib: 90440, utilization_pct: 7 },
    ])
    expect(devicesOf(text, 'xpu-smi -m')).toHaveLength(1)
  })
})

describe('the three tables before 5.0', () => {
  test('a document that leaves out columns is read by the titles that are there', () => {
    const text = `Runtime Version: 4.0
Driver Version: 4.0
  DEVICES
--------------------------------------------------------------------------------------------------
|DevID |   PCI Addr   |       Model       | ... |    INODE   | ... |    L3     |    Memory   | ...
--------------------------------------------------------------------------------------------------
|    0 | 0000:01:00.0 | R200-PF     | ... | /dev/xpu0  | ... | 0 / 63 MB | 0 / 13568 MB|
|    1 | 0000:01:01.0 | R200-VF-5G  | ... | /dev/xpu1  | ... | 0 / 15 MB | 0 / 4006 MB | ...
--------------------------------------------------------------------------------------------------
`
    expect(devicesOf(text)).toMatchObject([
      { name: 'R200-PF', memory_total_mib: 13568, utilization_pct: null, processes: null },
      { name: 'R200-VF-5G', memory_total_mib: 4006, duplicate_of: 0 },
    ])
  })

  test.each([
    { name: 'cut before its last border', damage: (text: string) => text.trimEnd().slice(0, -60) },
    { name: 'a row cut off', damage: (text: string) => text.replace('./infer  |', './inf') },
    {
      name: 'a row without its device',
      damage: (text: string) => text.replace('|     3 | 20114', '|     x | 20114'),
    },
    {
      name: 'a row below the last border',
      damage: (text: string) => text + (text.split('\n').at(-3) ?? ''),
    },
  ])('processes are not told: $name', ({ damage }) => {
    const devices = devicesOf(damage(LEGACY))
    expect(Array.isArray(devices) && devices[0]?.processes).toBeNull()
  })
})

test('an output of neither is refused with its kind', () => {
  expect(devicesOf('<html></html>')).toBe('unreadable')
  expect(devicesOf('| NVIDIA-SMI 535.154.05  Driver Version: 535.154.05 |\n')).toBe('wrong_tool')
})
