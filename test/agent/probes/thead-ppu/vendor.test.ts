/** ppu-smi as a probe: ids, MIG, errors with exit code 0. */
import { describe, expect, test } from 'vitest'
import { theadPpu } from '../../../../agent/src/probes/thead-ppu/vendor.ts'
import { fixture } from '../../../support/captures.ts'
import { type ToolAnswer, ToolBox } from '../../../support/fake-tool.ts'
import { plugCard, putFile } from '../../../support/plug-card.ts'

const MIB = 1024 * 1024
/** As a shell pattern. */
const NO_ARGUMENTS = "''"
const MIG = fixture('thead-ppu/zw810e-x2__2.1__mig.txt')
/** The same two cards in one piece, the second one in use and healthy. */
const WHOLE = MIG.replace(/\+-+\+\n\| MIG devices:[\s\S]*?\n\n/, '')
  .replace('|              Enabled |', '|             Disabled |')
  .replace('|                    1 |', '|                    0 |')
  .replaceAll(/^\| 10 {5}\d {4}0 {4}/gm, '| 10     N/A  N/A  ')
const UUIDS = [
  'GPU-019ea108-c110-0828-0000-0000c07e1a46',
  'GPU-019ea108-c120-040c-0000-0000c0267f1e',
]
const SLICES = [
  'MIG-79c62632-04cc-574b-af7b-cb2e307121c85',
  'MIG-79c62632-04cc-574b-af7b-cb2e307121c84',
]
const IDS = `index, name, uuid, serial, pci.bus_id, memory.total [MiB], power.limit [W], driver_version
9, PPU-ZW810E, ${UUIDS[0]}, 1320421013145, 00000001:A4:00.0, 98304, 400.00, 2.1.0-dbda51
10, PPU-ZW810E, ${UUIDS[1]}, 1320421013145, 00000001:0A:00.0, 98304, 400.00, 2.1.0-dbda51
`
const LIST = `PPU 9: PPU-ZW810E (UUID: ${UUIDS[0]})
PPU 10: PPU-ZW810E (UUID: ${UUIDS[1]})
    MIG g0.c0.i0, Device 0 (UUID: ${SLICES[0]})
    MIG g1.c0.i1, Device 1 (UUID: ${SLICES[1]})
`
const PROFILES = `+---------------------------------------------------------------------------------+
| GPU instance profiles:                                                          |
| PPU  Name                 Profile  Instances   Memory  P2P  CU      DEC   ENC   |
|                             ID     Free/Total   GiB         CpyEng  JPEG  OFA   |
+=================================================================================+
| 10   MIG 8g96gb              3        0/1      96.00   No   64      4     4     |
|                                                             2       4     0     |
+---------------------------------------------------------------------------------+
| 10   MIG 4g48gb              2        0/2      48.00   No   32      2     2     |
|                                                             2       2     0     |
+---------------------------------------------------------------------------------+
`
const PPU = { address: '0001:a4:00.0', ids: ['1ded', '6001', '030200'], driver: 'alixpu' } as const

function ppuSmi(box: ToolBox, table: string, others: readonly ToolAnswer[] = []): void {
  box.answers('ppu-smi', [
    { when: NO_ARGUMENTS, stdout: table },
    ...others,
    { when: '--query-ppu=*pci.bus_id*', stdout: IDS },
    { when: '-L', stdout: LIST },
    { when: 'mig -lgip', stdout: PROFILES },
  ])
}

describe('cards in one piece', () => {
  test('are known by their UUIDs and sampled by the table alone', async () => {
    using box = new ToolBox()
    ppuSmi(box, WHOLE)
    putFile(box.folder, 'dev/alixpu_ppu10')
    const probe = theadPpu.create(box.context())
    const inventory = await probe.inventory()
    expect(inventory).toMatchObject({ tool: 'ppu-smi', toolVersion: '1.28' })
    expect(inventory.status === 'ok' && inventory.units).toMatchObject([
      { key: UUIDS[0], deviceFile: null },
      {
        key: UUIDS[1],
        name: 'PPU-ZW810E',
        pciAddress: '0001:0a:00.0',
        memoryTotalBytes: 98304 * MIB,
        powerCapWatts: 400,
        driverVersion: '2.1.0-dbda51',
        deviceFile: '/dev/alixpu_ppu10',
        // The serial is shared by the cards of a board.
        identities: [{ strength: 'strong', raw: UUIDS[1] }],
        offers: { utilization: true, processes: true, health: true, power: true },
      },
    ])
    const before = box.calls('ppu-smi').length
    expect(await probe.sample()).toMatchObject({
      readings: [
        { key: UUIDS[0], utilization: { compute: 0 }, processes: { computeCount: 0 } },
        {
          key: UUIDS[1],
          utilization: { compute: 0.71 },
          memoryUsedBytes: 33120 * MIB,
          health: { status: 'ok' },
          processes: { computeCount: 2, memoryUsedBytes: 32968 * MIB },
        },
      ],
      problems: [],
    })
    // A call without arguments leaves no line: nothing else was asked.
    expect(box.calls('ppu-smi')).toHaveLength(before)
  })

  test.each(['ppu_bus_id', 'bus_id', 'gpu_bus_id'])(
    'the address may be spelled %s',
    async (name) => {
      using box = new ToolBox()
      ppuSmi(box, WHOLE, [
        { when: `--query-ppu=*,${name},*`, stdout: IDS.replace('pci.bus_id', name) },
        { when: '--query-ppu=*', stdout: 'Field "pci.bus_id" is not a valid field to query.\n' },
      ])
      expect(await theadPpu.create(box.context()).inventory()).toMatchObject({
        units: [{ key: UUIDS[0] }, { key: UUIDS[1] }],
      })
    },
  )

  test('without any ids they are known by their places', async () => {
    using box = new ToolBox()
    ppuSmi(box, WHOLE, [{ when: '--query-ppu=*', exitCode: 2 }])
    expect(await theadPpu.create(box.context()).inventory()).toMatchObject({
      units: [{ key: 'thead-ppu:0001:a4:00.0', identities: [] }, {}],
    })
  })

  test('a card given to virtual machines in parts is never proven free', async () => {
    using box = new ToolBox()
    ppuSmi(box, WHOLE)
    putFile(box.folder, 'sys/bus/pci/devices/0001:a4:00.0/sriov_numvfs', '4\n')
    expect(await theadPpu.create(box.context()).sample()).toMatchObject({
      readings: [{ processes: null }, { processes: { computeCount: 2 } }],
      problems: [{ pciAddress: '0001:a4:00.0', sentence: expect.stringContaining('SR-IOV') }],
    })
  })
})

describe('a card cut into MIG instances', () => {
  test('has one unit per instance, by its compute units, and the rest', async () => {
    using box = new ToolBox()
    ppuSmi(box, MIG)
    const probe = theadPpu.create(box.context())
    const inventory = await probe.inventory()
    const units = inventory.status === 'ok' ? inventory.units : []
    expect(units.map(({ kind, key, sharePpm }) => [kind, key, sharePpm])).toEqual([
      ['card', UUIDS[0], 1_000_000],
      ['card', UUIDS[1], 1_000_000],
      ['slice', SLICES[0], 500_000],
      ['slice', SLICES[1], 250_000],
      ['unsliced', `${UUIDS[1]}/unsliced`, 250_000],
    ])
    expect(units[2]).toMatchObject({
      parentKey: UUIDS[1],
      memoryTotalBytes: 49152 * MIB,
      offers: { utilization: false, processes: true },
    })
    const sample = await probe.sample()
    expect(sample.status === 'ok' && sample.readings.map(({ key }) => key)).toEqual(
      units.map(({ key }) => key),
    )
    expect(sample).toMatchObject({
      readings: [
        {},
        { health: { status: 'failed', cause: 'ecc' } },
        { memoryUsedBytes: 33010 * MIB, processes: { computeCount: 1 } },
        { memoryUsedBytes: 10 * MIB, processes: { computeCount: 1 } },
        {},
      ],
    })
  })

  test.each([
    {
      name: 'the size of the whole is not told',
      table: MIG,
      others: [{ when: 'mig*', exitCode: 1 }],
    },
    {
      name: 'MIG is on and nothing is cut out',
      table: MIG.replace(/\+-+\+\n\| MIG devices:[\s\S]*?\n\n/, ''),
      others: [],
    },
    {
      name: 'an instance has no size',
      table: MIG.replace('|  16    0 |', '| N/A   0 |'),
      others: [],
    },
  ])('is never proven free where $name', async ({ table, others }) => {
    using box = new ToolBox()
    ppuSmi(box, table, others)
    const probe = theadPpu.create(box.context())
    expect(await probe.inventory()).toMatchObject({
      units: [{ kind: 'card' }, { kind: 'card' }],
      problems: [{ key: UUIDS[1], sentence: expect.stringContaining('MIG') }],
    })
    const sample = await probe.sample()
    expect(
      sample.status === 'ok' && sample.readings.map(({ processes }) => processes),
    ).toMatchObject([{ computeCount: 0 }, null])
  })
})

describe('a tool that reads no card', () => {
  test.each([
    {
      name: 'a driver that is not loaded',
      stdout:
        '[ALINPU WARNING]: [../ppu_interface.cpp:654]Failed to open /dev/alixpu\ninit HGML error: driver is not loaded\n',
      code: 'tool_failed',
    },
    {
      name: 'no rights',
      stdout: 'init HGML error: no permission\n',
      code: 'permission_denied',
    },
    { name: 'another maker’s tool', stdout: '| NVIDIA-SMI 535.1  |\n', code: 'tool_wrong_vendor' },
    { name: 'a table cut short', stdout: MIG.slice(0, 400), code: 'tool_output_unreadable' },
    { name: 'nothing at all', stdout: '', code: 'tool_output_unreadable' },
  ])('$name is a failure in spite of exit code 0', async ({ stdout, code }) => {
    using box = new ToolBox()
    box.answers('ppu-smi', [{ when: '*', stdout }])
    const probe = theadPpu.create(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'failed', code })
    plugCard(box.folder, PPU)
    expect(await probe.detect()).toMatchObject({ status: 'broken', code })
  })

  test('on a machine without a card it reports nothing wrong: network cards are no PPUs', async () => {
    using box = new ToolBox()
    plugCard(box.folder, {
      address: '0000:00:08.0',
      ids: ['1ded', '107f', '020700'],
      driver: 'erdma',
    })
    box.answers('ppu-smi', [{ when: '*', stdout: 'init HGML error: driver is not loaded\n' }])
    expect(await theadPpu.create(box.context()).detect()).toEqual({ status: 'absent' })
  })

  test('finds its library by the folders of the kit', async () => {
    using box = new ToolBox()
    box.script('ppu-smi', `echo "$LD_LIBRARY_PATH" > '${box.folder}/path'`)
    await theadPpu.create(box.context()).sample()
    expect(box.note('path')).toContain('/usr/local/PPU_SDK/lib64')
  })
})
