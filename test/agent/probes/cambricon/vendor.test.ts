/** cnmon as a probe: UUIDs from one call, samples from another, and what is never proven free. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cambricon } from '../../../../agent/src/probes/cambricon/vendor.ts'
import { fixture } from '../../../support/captures.ts'
import { ToolBox } from '../../../support/fake-tool.ts'
import { plugCard } from '../../../support/plug-card.ts'

const TABLE = fixture('cambricon/mlu370x8-x2__5.10.22__load.txt')
const INFO = fixture('cambricon/mlu370x8-x2__5.10.22__info.txt')
const UUIDS = ['20010203-1916-0000-0000-000000000000', '20010203-1917-0000-0000-000000000000']

/** 4.x: no Bus-Id, the driver per card, virtual memory in the place of the mode. */
const TABLE_V4 = `+------------------------------------------------------------------------------+
| CNMON v4.20.18                                                               |
+-------------------------------+----------------------+-----------------------+
| Card  VF  Name       Firmware | Inited        Driver | Util        Ecc-Error |
| Fan   Temp      Pwr:Usage/Cap |         Memory-Usage |         vMemory-Usage |
|===============================+======================+=======================|
| 0     /   MLU370-S4    v1.1.6 | On          v4.20.18 | 66%         N/A       |
|  0%   49C         38 W/  75 W |  4096 MiB/ 23308 MiB | 10240 MiB/1048576 MiB |
+-------------------------------+----------------------+-----------------------+

+------------------------------------------------------------------------------+
| Processes:                                                                   |
|  Card  VF  PID    Command Line                             MLU Memory Usage  |
|==============================================================================|
|  0     /   4711   ./infer | tee log                                3996 MiB  |
+------------------------------------------------------------------------------+
`
const INFO_V4 = `================CNMON v4.20.18================
Card 0
    Product Name                   : MLU370-S4
    UUID                           : 77013006-2457-0000-0000-000000000000
    PCI                            :
        Domain ID                  : 0000
        Bus num                    : 3b
        Device                     : 00
        Function                   : 0
`

/** As a shell pattern. */
const NO_ARGUMENTS = '""'

function cnmon(box: ToolBox, table = TABLE, info = INFO): void {
  box.answers('cnmon', [
    { when: NO_ARGUMENTS, stdout: table },
    { when: 'info', stdout: info },
  ])
}

async function unitsOf(box: ToolBox) {
  const inventory = await cambricon.create(box.context()).inventory()
  if (inventory.status === 'failed') throw new Error(inventory.sentence)
  return inventory.units
}

async function firstReading(box: ToolBox) {
  const sample = await cambricon.create(box.context()).sample()
  if (sample.status === 'failed') throw new Error(sample.sentence)
  return { ...sample.readings[0], problems: sample.problems }
}

describe('cnmon', () => {
  test('names cards by their UUID and finds their device nodes', async () => {
    using box = new ToolBox()
    cnmon(box)
    const folder = join(box.folder, 'proc/driver/cambricon/mlus/0000:1c:00.0')
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, 'information'),
      'Device name: MLU370-X8\nDevice inode path: /dev/cambricon_dev1\nDevice Major: 240\n',
    )
    const units = await unitsOf(box)
    expect(units.map(({ deviceFile }) => deviceFile)).toEqual([null, '/dev/cambricon_dev1'])
    expect(units[1]).toMatchObject({
      key: UUIDS[1],
      name: 'MLU370-X8',
      kind: 'card',
      pciAddress: '0000:1c:00.0',
      memoryTotalBytes: 20638 * 1024 * 1024,
      powerCapWatts: 250,
      driverVersion: '5.10.22',
      identities: [{ strength: 'strong', raw: UUIDS[1] }],
      offers: { utilization: true, memory: true, processes: true, health: false, power: true },
    })
  })

  test('samples with the plain table alone, under the keys of the inventory', async () => {
    using box = new ToolBox()
    cnmon(box)
    const probe = cambricon.create(box.context())
    await probe.inventory()
    const before = box.calls('cnmon').length
    const sample = await probe.sample()
    // The fake notes an empty line for a call without arguments, which is not counted.
    expect(box.calls('cnmon').slice(before)).toEqual([])
    expect(sample).toMatchObject({
      status: 'ok',
      tool: 'cnmon',
      readings: [
        { key: UUIDS[0], utilization: { compute: 0 }, processes: { computeCount: 0 } },
        {
          key: UUIDS[1],
          utilization: { compute: 0.87 },
          memoryUsedBytes: 15870 * 1024 * 1024,
          powerWatts: 191,
          processes: { computeCount: 1, memoryUsedBytes: 15829 * 1024 * 1024 },
          // One-bit errors are counted too: shown, and no fault.
          health: { status: 'unknown', cause: null, detail: '2 ECC errors' },
        },
      ],
    })
  })

  test('a card that took the place of another in the order does not take its id', async () => {
    using box = new ToolBox()
    cnmon(box)
    const probe = cambricon.create(box.context())
    await probe.inventory()
    const moved = TABLE.replaceAll('0000:1A:00.0', '0000:1B:00.0')
    cnmon(
      box,
      moved,
      INFO.replace('Bus num                    : 1a', 'Bus num : 1b').replace('-1916-', '-1999-'),
    )
    const sample = await probe.sample()
    expect(sample.status === 'ok' && sample.readings.map(({ key }) => key)).toEqual([
      '20010203-1999-0000-0000-000000000000',
      UUIDS[1],
    ])
  })

  test('an id told of another address is not taken', async () => {
    using box = new ToolBox()
    cnmon(box, TABLE, INFO.replace('Bus num                    : 1a', 'Bus num : 7f'))
    expect((await unitsOf(box)).map(({ key }) => key)).toEqual(['cambricon:0000:1a:00.0', UUIDS[1]])
  })

  test('4.x, which prints no address, is matched by its number', async () => {
    using box = new ToolBox()
    cnmon(box, TABLE_V4, INFO_V4)
    const probe = cambricon.create(box.context())
    const inventory = await probe.inventory()
    expect(inventory).toMatchObject({
      toolVersion: '4.20.18',
      units: [{ key: '77013006-2457-0000-0000-000000000000', driverVersion: '4.20.18' }],
    })
    expect(await probe.sample()).toMatchObject({
      readings: [
        {
          key: '77013006-2457-0000-0000-000000000000',
          utilization: { compute: 0.66 },
          memoryUsedBytes: 4096 * 1024 * 1024,
          memoryTotalBytes: 23308 * 1024 * 1024,
          processes: { computeCount: 1, memoryUsedBytes: 3996 * 1024 * 1024 },
        },
      ],
    })
  })

  test('a version without `info` leaves the cards to their places', async () => {
    using box = new ToolBox()
    box.answers('cnmon', [{ when: NO_ARGUMENTS, stdout: TABLE }])
    expect((await unitsOf(box)).map(({ key, identities }) => ({ key, identities }))).toEqual([
      { key: 'cambricon:0000:1a:00.0', identities: [] },
      { key: 'cambricon:0000:1c:00.0', identities: [] },
    ])
  })

  test('never runs the command that writes a file', async () => {
    using box = new ToolBox()
    cnmon(box)
    const probe = cambricon.create(box.context())
    await probe.inventory()
    await probe.sample()
    expect(box.calls('cnmon').filter((call) => /(?:^|\s)-\w*j/.test(call))).toEqual([])
  })

  test.each([
    {
      name: 'MIM',
      table: TABLE.replace('| FULL          Default', '| MIM           Default'),
      mode: 'MIM',
    },
    {
      name: 'sMLU',
      table: TABLE.replace('| FULL          Default', '| sMLU          Default'),
      mode: 'sMLU',
    },
    {
      name: 'SR-IOV of a version before the mode',
      table: TABLE.replace('| Mode     Compute-Mode', '| SR-IOV   Compute-Mode')
        .replace('| FULL          Default', '| Enable        Default')
        .replace('| FULL          Default', '| N/A           Default'),
      mode: 'SR-IOV',
    },
  ])('a card split by $name is never proven free', async ({ table, mode }) => {
    using box = new ToolBox()
    cnmon(box, table)
    const reading = await firstReading(box)
    expect(reading.processes).toBeNull()
    expect(reading.problems).toHaveLength(1)
    expect(reading.problems[0]?.sentence).toContain(`(${mode})`)
  })

  test('rows of virtual functions are parts of their card, not cards', async () => {
    using box = new ToolBox()
    const [card = ''] = /^\| 0 .*\n.*\n\+.*\n/m.exec(TABLE) ?? []
    cnmon(box, TABLE.replace(card, card + card.replace('| 0     /', '| 0     1')))
    const reading = await firstReading(box)
    expect(reading.processes).toBeNull()
    expect((await unitsOf(box)).map(({ key }) => key)).toEqual(UUIDS)
  })

  test.each([
    {
      name: 'no device',
      stdout: 'There is no device found.\n',
      code: 'tool_failed',
      words: 'compare with the PCI bus',
    },
    {
      name: 'no rights',
      stdout: 'open /dev/cambricon_ctl: Permission denied\n',
      code: 'permission_denied',
      words: 'Permission denied',
    },
    {
      name: 'a table without headers',
      stdout: TABLE.split('\n').slice(7).join('\n'),
      code: 'tool_failed',
      words: 'exit code 1',
    },
    { name: 'nothing', stdout: '', code: 'tool_failed', words: 'exit code 1' },
    {
      name: 'another maker’s tool',
      stdout: '| NVIDIA-SMI 550.54.15   Driver Version: 550.54.15   CUDA Version: 12.4 |\n',
      code: 'tool_wrong_vendor',
      words: 'NVIDIA',
    },
  ])(
    '$name is a failure, and a broken tool only beside a card',
    async ({ stdout, code, words }) => {
      using box = new ToolBox()
      box.answers('cnmon', [{ when: '*', stdout, exitCode: 1 }])
      const probe = cambricon.create(box.context())
      const sample = await probe.sample()
      expect(sample).toMatchObject({ status: 'failed', code })
      expect(sample.status === 'failed' && sample.sentence).toContain(words)
      expect(await probe.detect()).toMatchObject({ status: 'broken', code })
      plugCard(box.folder, {
        address: '0000:0c:00.0',
        ids: ['10de', '2324', '030200'],
        driver: null,
      })
      expect(await probe.detect()).toEqual({ status: 'absent' })
      plugCard(box.folder, {
        address: '0000:1a:00.0',
        ids: ['cabc', '0370', '120000'],
        driver: null,
      })
      expect(await probe.detect()).toMatchObject({ status: 'broken', code })
    },
  )

  test('an `info` that hangs fails the inventory instead of changing the ids', async () => {
    const sentence = 'cnmon did not answer.'
    using box = new ToolBox()
    cnmon(box)
    const context = box.context()
    const probe = cambricon.create({
      ...context,
      exec: {
        ...context.exec,
        locate: (tool) => context.exec.locate(tool),
        run: async (call) =>
          call.args[0] === 'info'
            ? { status: 'timeout', sentence, durationMs: 15_000 }
            : context.exec.run(call),
      },
    })
    expect(await probe.inventory()).toEqual({ status: 'failed', code: 'tool_timeout', sentence })
  })
})
