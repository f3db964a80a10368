/** mthreads-gmi as a probe, and the layouts of it of which no whole output is public. */
import { describe, expect, test } from 'vitest'
import { mooreThreads } from '../../../../agent/src/probes/moore-threads/vendor.ts'
import { fixture } from '../../../support/captures.ts'
import { ToolBox } from '../../../support/fake-tool.ts'
import { plugCard } from '../../../support/plug-card.ts'

const MIB = 1024 * 1024
/** As a shell pattern. */
const NO_ARGUMENTS = "''"
const QUERY = fixture('moore-threads/s4000-x2__2.7.1__query-load.txt')
const UUID = '3f0c1a52-77d1-4e0b-9a4e-5d2f6b1c8e90'
const SERIAL = 'MY13VG023C800099'

interface Row {
  readonly index: number
  readonly pci: string
  readonly figures: string
  readonly type?: string
}

/** The table of 1.12 to 2.0 with these cards, and these lines under `Processes:`. */
function table(rows: readonly Row[], processes: readonly string[]): string {
  const cards = rows.map(
    ({ index, pci, figures, type = 'Physical' }) =>
      `${index}    MTT S4000      |${pci}    |${figures}\n     ${type.padEnd(15)}|16x(16x)            |41C   YES\n                                         |      N/A\n`,
  )
  return `Tue Nov 12 20:55:00 2024
---------------------------------------------------------------
    mthreads-gmi:1.14.0          Driver Version:2.7.1
---------------------------------------------------------------
ID   Name           |PCIe                |%GPU  Mem
     Device Type    |Pcie Lane Width     |Temp  MPC Capable
                                         |      ECC Mode
+-------------------------------------------------------------+
${cards.join('+-------------------------------------------------------------+\n')}---------------------------------------------------------------

---------------------------------------------------------------
Processes:
ID   PID       Process name                         GPU Memory
                                                         Usage
+-------------------------------------------------------------+
${processes.join('\n')}
---------------------------------------------------------------
`
}

const FIRST = { index: 0, pci: '00000000:01:00.0', figures: '96%   41234MiB(49152MiB)' }
const SECOND = { index: 1, pci: '00000000:4b:00.0', figures: '0%    2MiB(49152MiB)' }
const IDLE = table([FIRST, SECOND], ['0    4120      python3                            41000MiB'])

function gmi(box: ToolBox, stdout = IDLE): void {
  box.answers('mthreads-gmi', [
    { when: NO_ARGUMENTS, stdout },
    { when: '-q', stdout: QUERY },
  ])
}

const probeOf = (box: ToolBox) => mooreThreads.create(box.context())
const devicesOf = (text: string) => mooreThreads.parse(text, null).devices

describe('mthreads-gmi', () => {
  test('names cards by the UUID of -q, with the serial of the board beside it', async () => {
    using box = new ToolBox()
    gmi(box)
    const inventory = await probeOf(box).inventory()
    expect(inventory).toMatchObject({ tool: 'mthreads-gmi', toolVersion: '1.14.0', problems: [] })
    expect(inventory.status === 'ok' && inventory.units).toMatchObject([
      // Its ids are masked: it is known by its place.
      { key: 'moore-threads:0000:01:00.0', identities: [], deviceFile: null },
      {
        key: UUID,
        name: 'MTT S4000',
        kind: 'card',
        pciAddress: '0000:4b:00.0',
        memoryTotalBytes: 49152 * MIB,
        driverVersion: '2.7.1',
        identities: [
          { strength: 'strong', raw: UUID },
          { strength: 'board', raw: SERIAL },
        ],
        offers: { utilization: true, memory: true, processes: true, health: false, power: false },
      },
    ])
  })

  test('samples with the table alone, under the keys of the inventory', async () => {
    using box = new ToolBox()
    gmi(box)
    const probe = probeOf(box)
    const inventory = await probe.inventory()
    const before = box.note('mthreads-gmi.calls')
    const sample = await probe.sample()
    // One line a call; that of a call without arguments is empty.
    expect(box.note('mthreads-gmi.calls')).toBe(`${before}
`)
    expect(sample.status === 'ok' && sample.readings.map(({ key }) => key)).toEqual(
      inventory.status === 'ok' && inventory.units.map(({ key }) => key),
    )
    expect(sample).toMatchObject({
      readings: [
        {
          utilization: { compute: 0.96 },
          memoryUsedBytes: 41234 * MIB,
          temperatureCelsius: 41,
          powerWatts: null,
          health: { status: 'unknown' },
          processes: { computeCount: 1, graphicsCount: 0, memoryUsedBytes: 41000 * MIB },
        },
        { utilization: { compute: 0 }, processes: { computeCount: 0, graphicsCount: 0 } },
      ],
    })
  })

  test('a desktop is no compute', async () => {
    using box = new ToolBox()
    gmi(
      box,
      table(
        [SECOND],
        [
          '1    1123      /usr/lib/xorg/Xorg                       134MiB',
          '1    1361      /usr/sbin/unity-greeter                    1MiB',
        ],
      ),
    )
    expect(await probeOf(box).sample()).toMatchObject({
      readings: [{ processes: { computeCount: 0, graphicsCount: 2, memoryUsedBytes: 135 * MIB } }],
    })
  })

  test('more memory in use than there is becomes absent and is named', async () => {
    using box = new ToolBox()
    const figures = '88%   44302MiB(32768MiB)'
    gmi(box, table([{ ...SECOND, figures }], ['   No running processes found']))
    expect(await probeOf(box).sample()).toMatchObject({
      readings: [
        { memoryTotalBytes: 32768 * MIB, memoryUsedBytes: null, outOfRange: ['memoryUsed'] },
      ],
    })
  })

  test.each([
    { type: 'MPC Parent', isSplit: true },
    { type: 'MPC Instance', isSplit: true },
    { type: 'Physical', isSplit: false },
    { type: 'Virtual', isSplit: false },
  ])('a card of the type $type', async ({ type, isSplit }) => {
    using box = new ToolBox()
    gmi(box, table([{ ...SECOND, type }], ['   No running processes found']))
    const sample = await probeOf(box).sample()
    expect(sample).toMatchObject({
      readings: [{ processes: isSplit ? null : { computeCount: 0 } }],
      problems: isSplit ? [{ key: UUID }] : [],
    })
    expect(sample.status === 'ok' && sample.readings).toHaveLength(1)
  })

  test('ids that cannot be asked for today are not given up', async () => {
    using box = new ToolBox()
    box.answers('mthreads-gmi', [
      { when: NO_ARGUMENTS, stdout: IDLE },
      { when: '-q', stdout: 'failed to initialize mtml\n', exitCode: 1 },
    ])
    expect(await probeOf(box).inventory()).toMatchObject({ status: 'failed', code: 'tool_failed' })
  })

  test('a version whose -q nobody knows is read all the same', async () => {
    using box = new ToolBox()
    box.answers('mthreads-gmi', [
      { when: NO_ARGUMENTS, stdout: IDLE },
      { when: '-q', stdout: 'see mthreads-gmi --help\n' },
    ])
    const inventory = await probeOf(box).inventory()
    expect(inventory.status === 'ok' && inventory.units.map(({ key }) => key)).toEqual([
      'moore-threads:0000:01:00.0',
      'moore-threads:0000:4b:00.0',
    ])
  })

  test.each([
    {
      name: 'no rights',
      stdout: 'failed to initialize mtml\n',
      exitCode: 1,
      says: 'video and render',
    },
    { name: 'no card', stdout: 'Error: No MT GPU device found.\n', exitCode: 0, says: 'IOMMU' },
    { name: 'nothing at all, in a container', stdout: '', exitCode: 0, says: 'container' },
    { name: 'garbage', stdout: '\u0000\u0001 | garbage', exitCode: 0, says: 'known here' },
  ])('$name is a failure, never an empty node', async ({ stdout, exitCode, says }) => {
    using box = new ToolBox()
    box.answers('mthreads-gmi', [{ when: '*', stdout, exitCode }])
    plugCard(box.folder, {
      address: '0000:01:00.0',
      ids: ['1ed5', '0323', '030200'],
      driver: 'mtgpu',
    })
    const probe = probeOf(box)
    expect(await probe.sample()).toMatchObject({ status: 'failed' })
    const detection = await probe.detect()
    expect(detection).toMatchObject({ status: 'broken' })
    expect(detection.status === 'broken' && detection.sentence).toContain(says)
  })

  test('a tool that stayed behind on a machine without such a card is nothing wrong', async () => {
    using box = new ToolBox()
    box.answers('mthreads-gmi', [{ when: '*', stdout: 'Error: No MT GPU device found.\n' }])
    plugCard(box.folder, {
      address: '0000:01:00.0',
      ids: ['10de', '2335', '030200'],
      driver: 'nvidia',
    })
    expect(await probeOf(box).detect()).toEqual({ status: 'absent' })
  })
})

describe('an output of mthreads-gmi', () => {
  test('of a guest has no temperature, and none that lost its blanks is misread', () => {
    const text = `mthreads-gmi:2.3.4 Driver Version:N/A

ID Name |PCIe |%GPU Mem

Device Type |Pcie Lane Width |

+--------------------------------------------------------------------+

0 MTT S3000 MtvGPU-1102 |00000000:00:0c.0 |3% 17MiB(2048MiB)

Virtual |8x(16x) |

----------------------------------------------------------------------
`
    expect(mooreThreads.parse(text, null)).toMatchObject({
      tool_version: '2.3.4',
      driver_version: null,
      devices: [
        {
          name: 'MTT S3000 MtvGPU-1102',
          pci_bdf: '0000:00:0c.0',
          memory_used_mib: 17,
          memory_total_mib: 2048,
          utilization_pct: 3,
          temperature_c: null,
          device_type: 'Virtual',
          pcie_width: '8x(16x)',
          processes: null,
        },
      ],
    })
  })

  test('without an ECC line is read card by card', () => {
    const text = table([FIRST, SECOND], ['   No running processes found'])
      .split('\n')
      .filter((line) => !/^\s+\|\s+(?:ECC Mode|N\/A)$/.test(line))
      .join('\n')
    expect(devicesOf(text)).toMatchObject([
      { utilization_pct: 96, temperature_c: 41, device_type: 'Physical', processes: [] },
      { utilization_pct: 0, temperature_c: 41, device_type: 'Physical', processes: [] },
    ])
  })

  test.each([
    { name: 'is cut', change: (text: string) => text.slice(0, -70) },
    { name: 'has a line nobody can read', change: (text: string) => text.replace('4120', 'ERR!') },
    { name: 'has no header', change: (text: string) => text.replace(/^ID +PID.*$/m, '') },
    { name: 'has lost its line', change: (text: string) => text.replace(/^0 +4120.*\n/m, '') },
  ])('whose list of processes $name tells of none', ({ change }) => {
    expect(devicesOf(change(IDLE)).map(({ processes }) => processes)).toEqual([null, null])
  })

  test('of -q reads the same with its indentation lost', () => {
    const flat = QUERY.replace(/^ +/gm, '')
    expect(flat).not.toBe(QUERY)
    expect(devicesOf(flat)).toEqual(devicesOf(QUERY))
  })

  test('of -q does not lend a card what belongs to the one after it', () => {
    const lost = QUERY.replace(/^ +GPU Current Temp.*66C\n/m, '').replace(/^GPU1 .*\n/m, '')
    expect(devicesOf(lost)).toMatchObject([{ index: 0, temperature_c: null, serial: null }])
  })

  test('of -L names cards by their UUID', () => {
    const text = `GPU 0 : MTT S80 (UUID : ${UUID})\nGPU 1: MTT S80 (UUID: xxxxxxxx-xxxx-xxxx)\n`
    expect(devicesOf(text)).toMatchObject([
      { index: 0, name: 'MTT S80', uuid: UUID },
      { index: 1, name: 'MTT S80', uuid: null },
    ])
  })

  test.each([
    {
      name: 'nested under the titles of -q',
      json: {
        'Driver Version': '3.3.5-server',
        GPU: [
          {
            Index: 2,
            'Product Name': 'MTT S5000',
            'GPU UUID': UUID,
            'FB Memory Usage': { Total: '80GiB', Used: '1428MiB' },
            Utilization: { Gpu: '7%' },
            Temperature: { 'GPU Current Temp': '44C' },
            'Power Readings': { 'Power Draw ': '153.59W' },
          },
        ],
      },
      device: {
        index: 2,
        name: 'MTT S5000',
        uuid: UUID,
        memory_total_mib: 81920,
        memory_used_mib: 1428,
        utilization_pct: 7,
        temperature_c: 44,
        power_w: 153.59,
      },
    },
    {
      name: 'flat',
      json: { gpus: [{ product_name: 'MTT S80', memory_total: '16384 MiB', memory_used: 12 }] },
      // 12 of what it does not say.
      device: { index: 0, name: 'MTT S80', memory_total_mib: 16384, memory_used_mib: null },
    },
  ])('as JSON, $name, is read', ({ json, device }) => {
    expect(devicesOf(JSON.stringify(json))).toMatchObject([device])
  })

  test.each(['{"gpus": []}', '{"GPU": [{"Index": 0', '[1, 2]', '{"GPU": {"0": 1}}'])(
    'as JSON without cards is refused: %s',
    (text) => {
      expect(mooreThreads.parse(text, null)).toMatchObject({
        devices: [],
        error: { code: 'tool_output_unreadable' },
      })
    },
  )

  test('of -pm counts by its last complete sample', () => {
    const header = '  gpu       pid   memUtil   gpuUtil\n'
    const sample = (busy: number) =>
      `${header}    0      77       44%       ${busy}%\n    1      -       -        -\n`
    const cut = `${sample(3)}${sample(9)}${header}    0      77       44%       5`
    expect(mooreThreads.parse(cut, null)).toMatchObject({
      samples: 3,
      devices: [
        { index: 0, processes: [{ pid: 77, memory_mib: null, memory_pct: 44, gpu_pct: 9 }] },
        { index: 1, processes: [] },
      ],
    })
  })
})
