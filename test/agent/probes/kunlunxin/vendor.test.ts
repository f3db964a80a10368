/** Kunlunxin's tool as a probe: ids, old and new releases, cards that are cut, a namesake's tool. */
import { describe, expect, test } from 'vitest'
import { kunlunxin } from '../../../../agent/src/probes/kunlunxin/vendor.ts'
import { fixture } from '../../../support/captures.ts'
import { ToolBox } from '../../../support/fake-tool.ts'
import { plugCard, putFile } from '../../../support/plug-card.ts'

const MIB = 1024 * 1024
/** As a shell pattern. */
const NO_ARGUMENTS = "''"
const TABLE = fixture('kunlunxin/p800-x2__5.0.21__load.txt')
const LEGACY = fixture('kunlunxin/r200-sriov__4.0__load.txt')
const UUID = 'GPU-a0ac042a-5a14-5481-bf7e-dd8e5237920'

interface Xpu {
  readonly at: number
  readonly name?: string
  readonly use?: string
  readonly used?: string
  readonly errors?: number
  readonly processes?: string
}

function xpu({ at, name = 'P800 OAM', use = '0 %', used = '0', errors = 0, processes = '' }: Xpu) {
  return `<xpu id="00000000:0${at}:00.0">
<product_name>${name}</product_name><serial>02K15K6252V0011${at}</serial><uuid>${UUID}${at}</uuid>
<minor_number>${at}</minor_number><oam_id>${7 - at}</oam_id>
<pci><pci_bus>0${at}</pci_bus><pci_device>00</pci_device><pci_device>0</pci_device>
<pci_device_id>36881D22</pci_device_id><pci_bus_id>00000000:0${at}:00.0</pci_bus_id></pci>
<fb_memory_usage><total>98304 MiB</total><used>${used} MiB</used></fb_memory_usage>
<l3_usage><total>96 MiB</total><used>0 MiB</used></l3_usage>
<utilization><xpu_util>${use}</xpu_util></utilization>
<ecc_errors><volatile><dram_uncorrectable>${errors}</dram_uncorrectable></volatile></ecc_errors>
<temperature><xpu_temp>36 C</xpu_temp></temperature>
<power_readings><enforced_power_limit>400.00 W</enforced_power_limit>
<power_draw>87.00 W</power_draw></power_readings>
<processes>${processes}</processes></xpu>
`
}

function log(cards: readonly Xpu[]): string {
  return `<?xml version="1.0" ?>
<!DOCTYPE xpu_smi_log SYSTEM "xpusmi_device_v11.dtd">
<xpu_smi_log><driver_version>5.19.0.0</driver_version><cuda_version>10.2</cuda_version>
${cards.map(xpu).join('')}</xpu_smi_log>
`
}

const PROCESS =
  '<process_info><pid>4711</pid><process_name>python3</process_name><used_memory>90000 MiB</used_memory></process_info>'
const BOTH = log([{ at: 3, use: '87 %', used: '90440', processes: PROCESS }, { at: 5 }])

function xpuSmi(box: ToolBox, stdout: string): void {
  box.answers('xpu-smi', [{ when: '-q -x', stdout }])
}

describe('xpu-smi -q -x', () => {
  test('one call each for inventory and samples, cards known by their UUIDs', async () => {
    using box = new ToolBox()
    xpuSmi(box, BOTH)
    const probe = kunlunxin.create(box.context())
    const inventory = await probe.inventory()
    expect(inventory).toMatchObject({ tool: 'xpu-smi', toolVersion: '5.19.0.0' })
    expect(inventory.status === 'ok' && inventory.units[1]).toMatchObject({
      key: `${UUID}5`,
      name: 'P800 OAM',
      pciAddress: '0000:05:00.0',
      memoryTotalBytes: 98304 * MIB,
      powerCapWatts: 400,
      driverVersion: '5.19.0.0',
      deviceFile: '/dev/xpu5',
      identities: [{ strength: 'strong', raw: `${UUID}5` }],
      offers: { utilization: true, processes: true, health: true, power: true },
    })
    expect(await probe.sample()).toMatchObject({
      readings: [
        {
          key: `${UUID}3`,
          utilization: { compute: 0.87 },
          memoryUsedBytes: 90440 * MIB,
          powerWatts: 87,
          health: { status: 'ok' },
          processes: { computeCount: 1, memoryUsedBytes: 90000 * MIB },
        },
        { key: `${UUID}5`, utilization: { compute: 0 }, processes: { computeCount: 0 } },
      ],
    })
    expect(box.calls('xpu-smi')).toEqual(['-q -x', '-q -x'])
  })

  test('what cannot be read is absent, and an uncorrectable error of the memory is a fault', async () => {
    using box = new ToolBox()
    xpuSmi(
      box,
      log([
        { at: 3, use: 'Invalid Argument', used: 'N/A' },
        { at: 5, errors: 3 },
      ]),
    )
    expect(await kunlunxin.create(box.context()).sample()).toMatchObject({
      readings: [
        { utilization: { compute: null }, memoryUsedBytes: null },
        { health: { status: 'failed', cause: 'ecc', detail: '3 uncorrectable ECC errors' } },
      ],
    })
  })

  test('a list of processes that is not there, or no list, is not an empty one', async () => {
    using box = new ToolBox()
    xpuSmi(
      box,
      log([
        { at: 3, processes: 'N/A' },
        { at: 5, processes: '<entry/>' },
      ]),
    )
    const sample = await kunlunxin.create(box.context()).sample()
    expect(sample.status === 'ok' && sample.readings.map(({ processes }) => processes)).toEqual([
      null,
      null,
    ])
  })
})

describe('a card that is cut by SR-IOV', () => {
  test('is one card, never proven free, whatever its virtual functions say', async () => {
    using box = new ToolBox()
    const names = ['R200-PF', 'R200-VF-5G', 'R200-VF-5G']
    xpuSmi(box, log(names.map((name, at) => ({ at: at + 1, name }))))
    const probe = kunlunxin.create(box.context())
    expect(await probe.inventory()).toMatchObject({
      units: [{ key: `${UUID}1`, offers: { utilization: false, processes: true } }],
      problems: [{ key: `${UUID}1`, sentence: expect.stringContaining('SR-IOV') }],
    })
    expect(await probe.sample()).toMatchObject({ readings: [{ processes: null }] })
  })

  test('is recognised by what the kernel says of it, where the tool has no word', async () => {
    using box = new ToolBox()
    xpuSmi(box, BOTH)
    putFile(box.folder, 'sys/bus/pci/devices/0000:05:00.0/sriov_numvfs', '2\n')
    putFile(box.folder, 'sys/bus/pci/devices/0000:03:00.0/sriov_numvfs', '0\n')
    expect(await kunlunxin.create(box.context()).sample()).toMatchObject({
      readings: [{ processes: { computeCount: 1 } }, { processes: null }],
      problems: [{ key: `${UUID}5` }],
    })
  })

  test('a virtual function alone is the card of a guest', async () => {
    using box = new ToolBox()
    xpuSmi(box, log([{ at: 1, name: 'R200-VF-8G' }]))
    expect(await kunlunxin.create(box.context()).inventory()).toMatchObject({
      units: [{ key: `${UUID}1`, name: 'R200-VF-8G' }],
      problems: [],
    })
  })
})

const machineLine = (pci: string, device: number, serial: string, chip: number) =>
  `${pci} 0 ${device} ${serial} 41 0 0 0 77 900 900 900 900 900 900 0 15 12 7936 3 1.0:2.6 "K200" ${chip} 0 0 0 0 0 0 0 0 0\n`
const K200 = `Runtime Version: 4.31
Driver Version: 4.0
  DEVICES
------------------------------------------------------------------------------
| DevID |   PCI Addr   | Model |   SN   |   INODE   | UseRate |     Memory     |
------------------------------------------------------------------------------
|     0 | 0000:53:00.0 | K200  | 02K10A | /dev/xpu0 |     3 % | 12 / 7936 MB   |
|     1 | 0000:53:00.0 | K200  | 02K10A | /dev/xpu1 |     0 % | 0 / 7936 MB    |
------------------------------------------------------------------------------
  PROCESSES
-------------------------------------------------
| DevID | PID | Streams | L3 | Memory | Command |
-------------------------------------------------
-------------------------------------------------
`

function olderTool(box: ToolBox, table: string, lines: string): void {
  box.answers('xpu_smi', [
    { when: '-q -x', stdout: 'Usage: xpu_smi [-m] [-d DEV]\n', exitCode: 1 },
    { when: NO_ARGUMENTS, stdout: table },
    { when: '-m', stdout: lines },
  ])
}

describe('a release that does not know -q -x', () => {
  test('is read from its table, with power and serials of -m; two chips of one card are two', async () => {
    using box = new ToolBox()
    const lines = [0, 1].map((at) => machineLine('0000:53:00.0', at, '02K10A', at)).join('')
    olderTool(box, K200, lines)
    const probe = kunlunxin.create(box.context())
    const inventory = await probe.inventory()
    expect(inventory).toMatchObject({
      tool: 'xpu_smi',
      toolVersion: '4.31',
      units: [
        { key: '02K10A/0', identities: [{ strength: 'board' }], deviceFile: '/dev/xpu0' },
        { key: '02K10A/1', deviceFile: '/dev/xpu1', memoryTotalBytes: 7936 * MIB },
      ],
    })
    expect(await probe.sample()).toMatchObject({
      tool: 'xpu_smi',
      readings: [
        { key: '02K10A/0', utilization: { compute: 0.03 }, powerWatts: 77 },
        { key: '02K10A/1', processes: { computeCount: 0 } },
      ],
    })
  })

  test('without -m the two chips are told apart by their numbers', async () => {
    using box = new ToolBox()
    olderTool(box, K200, '')
    const inventory = await kunlunxin.create(box.context()).inventory()
    expect(inventory.status === 'ok' && inventory.units.map(({ key }) => key)).toEqual([
      'kunlunxin:0000:53:00.0#0',
      'kunlunxin:0000:53:00.0#1',
    ])
  })

  test('a state of E is a fault, N is none, and engines of video count', async () => {
    using box = new ToolBox()
    olderTool(box, LEGACY, '')
    expect(await kunlunxin.create(box.context()).sample()).toMatchObject({
      readings: [
        { health: { status: 'ok' }, processes: null },
        {
          utilization: { decoder: 0.07, encoder: 0.12 },
          health: { status: 'failed', cause: 'health', detail: 'E' },
        },
      ],
      problems: [{ pciAddress: '0000:01:00.0' }],
    })
  })

  test('the table of 5.x names cards by their places, and says where SR-IOV is on', async () => {
    using box = new ToolBox()
    olderTool(box, TABLE, '')
    expect(await kunlunxin.create(box.context()).sample()).toMatchObject({
      readings: [
        { key: 'kunlunxin:0000:1a:00.0#0', processes: { computeCount: 2 } },
        { key: 'kunlunxin:0000:1c:00.0#1', processes: null, health: { cause: 'ecc' } },
      ],
      problems: [{ sentence: expect.stringContaining('SR-IOV') }],
    })
  })
})

describe('a tool that reads no card', () => {
  const P800 = {
    address: '0000:03:00.0',
    ids: ['1d22', '3688', '120000'],
    driver: 'kunlun',
  } as const
  const INTEL = [
    { name: '1.x', stdout: 'The following arguments were not expected: -q -x\nRun with --help.\n' },
    { name: '2.0', stdout: 'query: not yet implemented.\n' },
  ]

  test.each(INTEL)(
    'Intel’s $name under the same name: absent without a card',
    async ({ stdout }) => {
      using box = new ToolBox()
      plugCard(box.folder, {
        address: '0000:4d:00.0',
        ids: ['8086', '56c0', '038000'],
        driver: 'i915',
      })
      xpuSmi(box, stdout)
      expect(await kunlunxin.create(box.context()).detect()).toEqual({ status: 'absent' })
    },
  )

  test.each(INTEL)(
    'Intel’s $name under the same name: broken beside a card',
    async ({ stdout }) => {
      using box = new ToolBox()
      plugCard(box.folder, P800)
      xpuSmi(box, stdout)
      expect(await kunlunxin.create(box.context()).detect()).toMatchObject({
        status: 'broken',
        code: 'tool_wrong_vendor',
        sentence: expect.stringContaining('tool of Intel'),
      })
      // Nothing else is asked of a stranger's tool.
      expect(box.calls('xpu-smi')).toEqual(['-q -x'])
    },
  )

  test.each([
    { name: 'no card', stdout: 'No devices were found\n', code: 'tool_failed' },
    { name: 'no node', stdout: 'Cannot open /dev/xpuctrl\n', code: 'tool_failed' },
    { name: 'no rights', stdout: 'open /dev/xpu0: Permission denied\n', code: 'permission_denied' },
    { name: 'a log cut short', stdout: BOTH.slice(0, 900), code: 'tool_output_unreadable' },
    { name: 'nothing at all', stdout: '', code: 'tool_output_unreadable' },
  ])('$name is a failure, never an empty node', async ({ stdout, code }) => {
    using box = new ToolBox()
    plugCard(box.folder, P800)
    box.answers('xpu-smi', [{ when: '*', stdout }])
    const probe = kunlunxin.create(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'failed', code })
    expect(await probe.detect()).toMatchObject({ status: 'broken', code })
  })

  test('without the tool the vendor is absent', async () => {
    using box = new ToolBox()
    expect(await kunlunxin.create(box.context()).detect()).toEqual({ status: 'absent' })
  })
})
