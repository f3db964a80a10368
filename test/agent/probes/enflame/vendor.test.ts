/** efsmi as a probe: ids, health, cards that are shared out, and who holds their nodes. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { enflame } from '../../../../agent/src/probes/enflame/vendor.ts'
import { fixture } from '../../../support/captures.ts'
import { ToolBox } from '../../../support/fake-tool.ts'
import { plugCard, putFile } from '../../../support/plug-card.ts'

/** The fixture has its ids masked; these stand in for them. */
const LOG = fixture('enflame/s60-x2__1.5__load.txt')
  .replace('Dev UUID                : 000000000000', 'Dev UUID                : TR1V57100001')
  .replace('Dev UUID                : 000000000000', 'Dev UUID                : TR1V57100002')
  .replace('Dev SN                  : 0000000000000', 'Dev SN                  : C0AAD00000001')
  .replace('Dev SN                  : 0000000000000', 'Dev SN                  : C0AAD00000002')

const row = (index: number, bus: string, virt: string) =>
  `| ${index}      Enflame S60          | 33.6.5            | 00:${bus}:00.0  Enable        |
| 40℃    LP1      99W / 300W  | 42976MiB ${virt}  | 0.0%        C0AAD0000000${index + 1} |
+-----------------------------+-------------------+---------------------------+
`
const tableOf = (first: string, second: string) => `
| EFSMI: 1.5.0.118          Driver Ver: 1.5.0.118                               |
+-----------------------------+-------------------+---------------------------+
| DEV    NAME                 | FW VER            | BUS-ID      ECC           |
| TEMP   Dpm   Pwr(Usage/Cap) | Mem      GCU Virt | DUsed       SN            |
|=============================================================================|
${row(0, '3d', first)}${row(1, '3e', second)}`

interface Answers {
  readonly log?: string
  readonly table?: string
}

function efsmi(box: ToolBox, answers: Answers = {}): void {
  const { log = LOG, table = tableOf('Disable', 'Disable') } = answers
  box.answers('efsmi', [
    { when: '-q', stdout: log },
    { when: "''", stdout: table },
  ])
}

/** Both cards on the bus, with the driver's number of their nodes. */
function plugBoth(root: string): void {
  for (const [at, address] of ['0000:3d:00.0', '0000:3e:00.0'].entries()) {
    plugCard(root, { address, ids: ['1e36', 'c035', '120000'], driver: 'enflame' })
    mkdirSync(join(root, `sys/bus/pci/devices/${address}/enflame/gcu${1 - at}`), {
      recursive: true,
    })
  }
}

function runProcess(root: string, pid: number, links: readonly string[]): void {
  putFile(root, `proc/${pid}/comm`, 'python3\n')
  mkdirSync(join(root, `proc/${pid}/fd`))
  for (const [at, target] of links.entries()) {
    symlinkSync(target, join(root, `proc/${pid}/fd/${at}`))
  }
}

describe('efsmi', () => {
  test('names cards by their UUID, with the serial of the board beside it', async () => {
    using box = new ToolBox()
    plugBoth(box.folder)
    efsmi(box)
    const inventory = await enflame.create(box.context()).inventory()
    expect(inventory).toMatchObject({ status: 'ok', tool: 'efsmi', toolVersion: '1.5.0.118' })
    expect(inventory.status === 'ok' && inventory.units).toMatchObject([
      {
        key: 'TR1V57100001',
        name: 'S60',
        pciAddress: '0000:3d:00.0',
        deviceFile: '/dev/gcu1',
        memoryTotalBytes: 42976 * 1024 * 1024,
        powerCapWatts: 300,
        driverVersion: '1.5.0.118',
        identities: [
          { strength: 'strong', raw: 'TR1V57100001' },
          { strength: 'board', raw: 'C0AAD00000001' },
        ],
        // Without root nothing is known of processes, so none are offered.
        offers: { utilization: true, memory: true, processes: false, health: true, power: true },
      },
      { key: 'TR1V57100002', deviceFile: '/dev/gcu0', offers: { power: false } },
    ])
  })

  test('samples under the keys of the inventory, engines and health with them', async () => {
    using box = new ToolBox()
    efsmi(box)
    const probe = enflame.create(box.context())
    await probe.inventory()
    expect(await probe.sample()).toMatchObject({
      status: 'ok',
      readings: [
        {
          key: 'TR1V57100001',
          utilization: { compute: 0.973, encoder: 0, decoder: 0.12 },
          memoryUsedBytes: 30720 * 1024 * 1024,
          powerWatts: 231,
          temperatureCelsius: 64,
          health: { status: 'ok' },
          processes: null,
        },
        {
          key: 'TR1V57100002',
          memoryUsedBytes: 0,
          health: { status: 'failed', cause: 'ecc', detail: '3 double-bit errors' },
        },
      ],
      problems: [],
    })
  })

  test.each([
    { name: 'well', edit: (log: string) => log, health: { status: 'ok' } },
    {
      name: 'not healthy',
      edit: (log: string) => log.replace(': True', ': False'),
      health: { status: 'failed', cause: 'health', detail: 'Health: False' },
    },
    {
      name: 'to be sent in',
      edit: (log: string) => log.replace('Flags                   : False', 'Flags : True'),
      health: { status: 'failed', cause: 'health', detail: 'RMA flag' },
    },
    {
      name: 'with its cable off',
      edit: (log: string) => log.replace('Status                  : Normal', 'Status : Abnormal'),
      health: { status: 'failed', cause: 'health', detail: 'power cable: Abnormal' },
    },
    {
      name: 'with a word about its cable that nobody knows',
      edit: (log: string) => log.replace('Status                  : Normal', 'Status : Fine'),
      health: { status: 'ok' },
    },
    {
      name: 'with an error in one channel',
      edit: (log: string) =>
        log.replace(
          '    ECC Mode\n',
          '    Error Records\n        Channel 0 DBE : 0\n        Channel 1 DBE : 7\n    ECC Mode\n',
        ),
      health: { status: 'failed', cause: 'ecc', detail: '7 double-bit errors' },
    },
    {
      name: 'silent about it',
      edit: (log: string) => log.replace(': True', ': N/A'),
      health: { status: 'unknown' },
    },
  ])('the health of a card that is $name', async ({ edit, health }) => {
    using box = new ToolBox()
    efsmi(box, { log: edit(LOG) })
    const sample = await enflame.create(box.context()).sample()
    expect(sample.status === 'ok' && sample.readings[0]?.health).toMatchObject(health)
  })

  test('who holds the node of a card is its process, where all processes can be seen', async () => {
    using box = new ToolBox()
    plugBoth(box.folder)
    efsmi(box)
    runProcess(box.folder, 1, [])
    runProcess(box.folder, 77, ['/dev/null', '/dev/gcu1'])
    const probe = enflame.create(box.context())
    const inventory = await probe.inventory()
    const sample = await probe.sample()
    expect(inventory.status === 'ok' && inventory.units[1]?.offers.processes).toBe(true)
    expect(sample.status === 'ok' && sample.readings.map(({ processes }) => processes)).toEqual([
      { computeCount: 1, graphicsCount: null, memoryUsedBytes: null },
      { computeCount: 0, graphicsCount: null, memoryUsedBytes: 0 },
    ])
  })

  test.each([
    {
      name: 'SR-IOV by the table',
      answers: { table: tableOf('Disable', 'SRIOV  ') },
      mode: 'SRIOV',
    },
    { name: 'DRS by the table', answers: { table: tableOf('Disable', 'DRS    ') }, mode: 'DRS' },
    { name: 'SR-IOV by the kernel', answers: {}, functions: '2\n', mode: 'SR-IOV' },
    {
      name: 'functions with one serial',
      answers: { table: 'no table\n', log: LOG.replace('C0AAD00000001', 'C0AAD00000002') },
      mode: 'SR-IOV',
    },
  ])('a card shared out ($name) is never proven free', async ({ answers, functions, mode }) => {
    using box = new ToolBox()
    plugBoth(box.folder)
    runProcess(box.folder, 1, [])
    efsmi(box, answers)
    if (functions !== undefined) {
      putFile(box.folder, 'sys/bus/pci/devices/0000:3e:00.0/sriov_numvfs', functions)
    }
    const sample = await enflame.create(box.context()).sample()
    expect(sample.status === 'ok' && sample.readings[1]?.processes).toBeNull()
    expect(
      sample.status === 'ok' && sample.problems.map(({ sentence }) => sentence),
    ).toContainEqual(expect.stringContaining(`(${mode})`))
  })

  test('functions that share a serial are not known by it', async () => {
    using box = new ToolBox()
    efsmi(box, { log: LOG.replace('C0AAD00000001', 'C0AAD00000002') })
    const inventory = await enflame.create(box.context()).inventory()
    expect(inventory.status === 'ok' && inventory.units.map((unit) => unit.identities)).toEqual([
      [{ strength: 'strong', raw: 'TR1V57100001' }],
      [{ strength: 'strong', raw: 'TR1V57100002' }],
    ])
  })

  test.each([
    { name: 'no device', stdout: 'No devices found\n', code: 'tool_failed' },
    {
      name: 'no rights',
      stdout: 'Open /dev/gcuctl: Permission denied\n',
      code: 'permission_denied',
    },
    { name: 'its library fails', stdout: 'EFML init failed, ret 3\n', code: 'tool_failed' },
    { name: 'garbage', stdout: '\u0000\u0001 | + garbage', code: 'tool_failed' },
    {
      name: 'a tool of another maker',
      stdout: '+---+\n| NVIDIA-SMI 535.104.05  Driver Version: 535.104.05  CUDA Version: 12.2 |\n',
      code: 'tool_wrong_vendor',
    },
  ])('$name is a failure, never an empty node', async ({ stdout, code }) => {
    using box = new ToolBox()
    box.answers('efsmi', [{ when: '*', stdout, exitCode: 1 }])
    const probe = enflame.create(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'failed', code })
    plugBoth(box.folder)
    expect(await probe.detect()).toMatchObject({ status: 'broken', code })
  })

  test('on a bus without a card of the maker its tool is of no account', async () => {
    using box = new ToolBox()
    box.answers('efsmi', [{ when: '*', stdout: 'No devices found\n', exitCode: 1 }])
    plugCard(box.folder, {
      address: '0000:3d:00.0',
      ids: ['10de', '2335', '030200'],
      driver: 'nvidia',
    })
    expect(await enflame.create(box.context()).detect()).toEqual({ status: 'absent' })
  })
})
