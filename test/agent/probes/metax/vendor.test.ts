/** mx-smi as a probe, and the layouts of it of which no whole output is public. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { metax } from '../../../../agent/src/probes/metax/vendor.ts'
import { fixture } from '../../../support/captures.ts'
import { ToolBox } from '../../../support/fake-tool.ts'
import { plugCard } from '../../../support/plug-card.ts'

const MIB = 1024 * 1024
/** As a shell pattern. */
const NO_ARGUMENTS = "''"
const TABLE = fixture('metax/c500-x2__2.16.0__load.txt')
const BLOCKS = fixture('metax/c500-x2__3.4.4__show-load.txt')
const FIRST = 'GPU-0d7a3c41-5b0e-4f6d-8c2a-91e4b7f5a210'
const SECOND = 'GPU-77b1f9e2-31c4-4a8b-b6d0-2c5e8f10a934'
const LIST = `mx-smi  version: 2.2.6
GPU#0    MXC500      0000:2a:00.0   Available (UUID: ${FIRST})
GPU#1    MXC500      0000:3d:00.0   Available (UUID: ${SECOND})
`

function counters(uncorrectable: number, retired: number): string {
  const block = (card: string) => `GPU#${card}
    ECC Errors
        SRAM Correctable                          : 4
        SRAM Uncorrectable                        : ${uncorrectable}
    Retired Pages
        Double Bit ECC                            : ${retired}
`
  return `mx-smi  version: 2.2.6\n\nAttached GPUs : 2\n${block('0  MXC500  0000:2a:00.0')}${block('1  MXC500  0000:3d:00.0')}\nEnd of Log\n`
}

interface Answers {
  readonly table?: string
  readonly list?: string
  readonly ecc?: string
}

function smi(
  box: ToolBox,
  { table = TABLE, list = LIST, ecc = counters(0, 0) }: Answers = {},
): void {
  box.answers('mx-smi', [
    { when: NO_ARGUMENTS, stdout: table },
    { when: '-L', stdout: list },
    { when: '--count-ecc', stdout: ecc },
  ])
}

const probeOf = (box: ToolBox) => metax.create(box.context())
const devicesOf = (text: string) => metax.parse(text, null).devices

describe('mx-smi', () => {
  test('names cards by the UUID of the list', async () => {
    using box = new ToolBox()
    smi(box)
    mkdirSync(join(box.folder, 'sys/bus/pci/devices/0000:2a:00.0/drm/card3'), { recursive: true })
    mkdirSync(join(box.folder, 'sys/bus/pci/devices/0000:2a:00.0/drm/renderD131'))
    const inventory = await probeOf(box).inventory()
    expect(inventory).toMatchObject({ tool: 'mx-smi', toolVersion: '2.2.6', problems: [] })
    expect(inventory.status === 'ok' && inventory.units).toMatchObject([
      {
        key: FIRST,
        name: 'MetaX C500',
        kind: 'card',
        pciAddress: '0000:2a:00.0',
        memoryTotalBytes: 65536 * MIB,
        powerCapWatts: 350,
        driverVersion: '2.16.0',
        identities: [{ strength: 'strong', raw: FIRST }],
        deviceFile: '/dev/dri/renderD131',
        offers: { utilization: true, memory: true, processes: true, health: true, power: true },
      },
      { key: SECOND, deviceFile: null },
    ])
  })

  test('samples with the table alone, under the keys of the inventory', async () => {
    using box = new ToolBox()
    smi(box)
    const probe = probeOf(box)
    const inventory = await probe.inventory()
    const before = box.note('mx-smi.calls')
    const sample = await probe.sample()
    // One line a call; that of a call without arguments is empty.
    expect(box.note('mx-smi.calls')).toBe(`${before}
`)
    expect(sample.status === 'ok' && sample.readings.map(({ key }) => key)).toEqual(
      inventory.status === 'ok' && inventory.units.map(({ key }) => key),
    )
    expect(sample).toMatchObject({
      readings: [
        {
          utilization: { compute: 0.87 },
          memoryUsedBytes: 51234 * MIB,
          powerWatts: 238,
          temperatureCelsius: 52,
          health: { status: 'ok', cause: null, detail: null },
          processes: { computeCount: 1, graphicsCount: null, memoryUsedBytes: 50376 * MIB },
        },
        {
          health: { status: 'failed', cause: 'health', detail: 'Not Available' },
          processes: { computeCount: 0, memoryUsedBytes: 0 },
        },
      ],
    })
  })

  test.each([
    { name: 'no error', ecc: counters(0, 0), health: { status: 'ok' } },
    {
      name: 'errors that were not corrected',
      ecc: counters(2, 3),
      health: { status: 'failed', cause: 'ecc', detail: 'sram uncorrectable: 2' },
    },
    {
      // Retiring a page is how the card repairs itself.
      name: 'pages taken out of use',
      ecc: counters(0, 3),
      health: { status: 'ok', cause: null, detail: null },
    },
    { name: 'no counters at all', ecc: '', health: { status: 'ok' } },
  ])('health with $name, remembered from the inventory', async ({ ecc, health }) => {
    using box = new ToolBox()
    smi(box, { ecc })
    const probe = probeOf(box)
    await probe.inventory()
    const sample = await probe.sample()
    expect(sample.status === 'ok' && sample.readings[0]?.health).toMatchObject(health)
  })

  test('errors that were counted are not forgotten when a later count fails', async () => {
    using box = new ToolBox()
    smi(box, { ecc: counters(2, 0) })
    const probe = probeOf(box)
    await probe.inventory()
    smi(box, { ecc: '' })
    await probe.inventory()
    expect(await probe.sample()).toMatchObject({ readings: [{ health: { cause: 'ecc' } }, {}] })
  })

  test('a count of retired pages can be read all the same', () => {
    expect(metax.parse(counters(0, 3), 'mx-smi --count-ecc').devices[0]?.ecc).toMatchObject({
      retired_double_bit: 3,
    })
  })

  test('a version without the state column offers no health', async () => {
    using box = new ToolBox()
    const table = TABLE.replace('GPU-State', '         ').replaceAll(
      /(?:Not )?Available/g,
      (word) => ' '.repeat(word.length),
    )
    smi(box, { table, ecc: '' })
    const probe = probeOf(box)
    const inventory = await probe.inventory()
    expect(inventory.status === 'ok' && inventory.units[0]?.offers.health).toBe(false)
    expect(await probe.sample()).toMatchObject({
      readings: [{ health: { status: 'unknown' } }, {}],
    })
  })

  test.each([
    { word: 'Native', isSplit: false },
    { word: 'Disabled', isSplit: false },
    { word: 'N/A', isSplit: false },
    { word: 'Enabled', isSplit: true },
    { word: 'Vgpu', isSplit: true },
  ])('a card whose sGPU column says $word', async ({ word, isSplit }) => {
    using box = new ToolBox()
    smi(box, { table: TABLE.replace('87%           Native', `87%           ${word}`) })
    const probe = probeOf(box)
    const inventory = await probe.inventory()
    expect(inventory.status === 'ok' && inventory.units).toHaveLength(2)
    expect(await probe.sample()).toMatchObject({
      readings: [{ key: FIRST, processes: isSplit ? null : { computeCount: 1 } }, {}],
      problems: isSplit ? [{ key: FIRST }] : [],
    })
  })

  test('two chips on a board are two cards, and its power is counted for neither', async () => {
    using box = new ToolBox()
    smi(box, { table: boardTable([0, 0]) })
    const probe = probeOf(box)
    const inventory = await probe.inventory()
    expect(inventory.status === 'ok' && inventory.units).toMatchObject([
      { key: FIRST, offers: { power: false } },
      { key: SECOND, offers: { power: false } },
    ])
    expect(await probe.sample()).toMatchObject({
      readings: [{ powerWatts: null }, { powerWatts: null }],
    })
    expect(devicesOf(boardTable([0, 0]))).toMatchObject([
      { board: 0, index: 0, power_w: null, board_power_w: 57 },
      { board: 0, index: 1, power_w: null, board_power_w: 57 },
    ])
  })

  test('the same tool under another brand is read alike', async () => {
    using box = new ToolBox()
    const brand = (text: string) =>
      text.replaceAll('MX-SMI', 'HT-SMI').replaceAll('mx-smi', 'ht-smi').replaceAll('MetaX', 'Mars')
    box.answers('ht-smi', [
      { when: NO_ARGUMENTS, stdout: brand(TABLE) },
      { when: '-L', stdout: brand(LIST) },
    ])
    const inventory = await probeOf(box).inventory()
    expect(inventory).toMatchObject({ tool: 'ht-smi', toolVersion: '2.2.6' })
    expect(inventory.status === 'ok' && inventory.units[0]).toMatchObject({
      key: FIRST,
      name: 'Mars C500',
    })
  })

  test('ids that cannot be asked for today are not given up', async () => {
    using box = new ToolBox()
    box.answers('mx-smi', [{ when: NO_ARGUMENTS, stdout: TABLE }])
    expect(await probeOf(box).inventory()).toMatchObject({ status: 'failed', code: 'tool_failed' })
  })

  const MOFFETT = `Mon Apr 15 17:54:26 2024
╭──────────────────────────────────────────────╮
│MOFFETT-SMI 2.3.0       Driver Version 3.5.2  │
╰──────────────────────────────────────────────╯
`

  test.each([
    { name: 'the tool of Moffett', stdout: MOFFETT, code: 'tool_wrong_vendor' },
    {
      name: 'a list of the tool of Moffett',
      stdout: '│Card1  S30  700MHz  930mV   53C  110W 99%  0:2d:00.0 │\n',
      code: 'tool_wrong_vendor',
    },
    { name: 'no rights', stdout: 'open /dev/mxcd: Permission denied\n', code: 'permission_denied' },
    { name: 'no card', stdout: 'Attached GPUs                    : 0\n', code: 'tool_failed' },
    { name: 'no driver', stdout: 'Error: driver is not loaded\n', code: 'tool_failed' },
    { name: 'garbage', stdout: '\u0000\u0001 | + garbage', code: 'tool_output_unreadable' },
  ])('$name is a failure, never an empty node', async ({ stdout, code }) => {
    using box = new ToolBox()
    box.answers('mx-smi', [{ when: '*', stdout }])
    plugCard(box.folder, {
      address: '0000:2a:00.0',
      ids: ['9999', '0a01', '038000'],
      driver: 'metax',
    })
    const probe = probeOf(box)
    expect(await probe.sample()).toMatchObject({ status: 'failed', code })
    expect(await probe.detect()).toMatchObject({ status: 'broken', code })
  })

  test('the tool of Moffett on a machine without a MetaX card is nothing wrong', async () => {
    using box = new ToolBox()
    box.answers('mx-smi', [{ when: '*', stdout: MOFFETT }])
    plugCard(box.folder, {
      address: '0000:2d:00.0',
      ids: ['10de', '2335', '030200'],
      driver: 'nvidia',
    })
    expect(await probeOf(box).detect()).toEqual({ status: 'absent' })
  })
})

/** The table from 2.2.9 on, with a chip on each of these boards. */
function boardTable(boards: readonly number[], stateWord = 'GPU-State'): string {
  const places = ['0000:2a:00.0', '0000:3d:00.0']
  const cards = boards.map(
    (
      board,
      index,
    ) => `| ${board}     MetaX C500 | ${index}           Off | ${places[index]}        | 0%          Disabled |
| 57W / 350W       | 35C          P0 | 826/65536 MiB       | Available            |
+------------------+-----------------+---------------------+----------------------+
`,
  )
  return `=================== MetaX System Management Interface Log ===================
Attached GPUs                                     : ${boards.length}
+---------------------------------------------------------------------------------+
| MX-SMI 2.2.9                       Kernel Mode Driver Version: 3.4.4            |
| MACA Version: 3.3.0.15             BIOS Version: 1.30.0.0                       |
|------------------+-----------------+---------------------+----------------------|
| Board       Name | GPU   Persist-M | Bus-id              | GPU-Util      sGPU-M |
| Pwr:Usage/Cap    | Temp       Perf | Memory-Usage        | ${stateWord.padEnd(20)} |
|==================+=================+=====================+======================|
${cards.join('')}`
}

describe('an output of mx-smi', () => {
  test('of 2.0 prints power without a limit', () => {
    const text = TABLE.replace(
      'Temp    Pwr:Usage/Cap         Perf',
      'Temp    Power                     ',
    )
      .replace('52C     238W / 350W             P0', '52C     238W                      ')
      .replace('MetaX C500             Off', 'MXC500                    ')
    expect(devicesOf(text)[0]).toMatchObject({
      name: 'MXC500',
      power_w: 238,
      power_cap_w: null,
      temperature_c: 52,
      memory_used_mib: 51234,
    })
  })

  test('from 2.2.9 on has power and temperature the other way round', () => {
    expect(devicesOf(boardTable([0, 1], 'GPU-Util'))).toMatchObject([
      { power_w: 57, power_cap_w: 350, temperature_c: 35, state: 'Available', board: 0 },
      { utilization_pct: 0, memory_used_mib: 826, sgpu_mode: 'Disabled', processes: null },
    ])
  })

  test('without the second header line tells nothing of cards of two lines', () => {
    expect(devicesOf(boardTable([0]).replace(/^\| Pwr:.*\n/m, ''))).toEqual([])
  })

  test('that lost the first line of a card lends its second line to no other', () => {
    const lost = TABLE.replace(/^\| 1 +MetaX.*\n/m, '')
    expect(devicesOf(lost)).toMatchObject([{ index: 0, power_w: 238, state: 'Available' }])
  })

  test.each([
    { name: 'is cut', change: (text: string) => text.slice(0, text.indexOf('2477') + 40) },
    { name: 'has a line nobody can read', change: (text: string) => text.replace('2477', 'ERR!') },
    { name: 'has lost its line', change: (text: string) => text.replace(/^.*2477.*\n/m, '') },
  ])('whose list of processes $name tells of none', ({ change }) => {
    expect(devicesOf(change(TABLE)).map(({ processes }) => processes)).toEqual([null, null])
  })

  test('whose list of processes does not say its unit tells of no amounts', () => {
    const text = TABLE.replace('Usage(MiB)', '          ')
    expect(devicesOf(text)).toMatchObject([
      { processes: [{ pid: 2477, memory_mib: null }] },
      { processes: [] },
    ])
  })

  test('of --show-process names cards by what runs on them', () => {
    const text = TABLE.slice(TABLE.indexOf('+---', TABLE.indexOf('Not Available') + 100))
    expect(devicesOf(text)).toMatchObject([
      { index: 0, memory_total_mib: null, processes: [{ pid: 2477, memory_mib: 50376 }] },
    ])
  })

  test('in blocks reads the same with its indentation lost', () => {
    expect(devicesOf(BLOCKS.replace(/^\s+(?=\S)/gm, ''))).toEqual(devicesOf(BLOCKS))
  })

  test('in blocks does not lend a card what belongs to the one after it', () => {
    const lost = BLOCKS.replace('845824 KB', 'N/A')
      .replace(/vram used +: 845824 KB/, 'vram used : N/A')
      .replace(/^GPU#1.*\n/m, '')
    expect(devicesOf(lost)).toMatchObject([
      { index: 0, memory_used_mib: null, temperature_c: 40.5 },
    ])
  })

  test('of the power of the board gives its total', () => {
    const text = `GPU#0  MXC500  0000:08:00.0
    Board Power
        12V                                       : 12.05 V 2.10 A 25.30 W
        Total                                     : 57.25 W
`
    expect(devicesOf(text)).toMatchObject([{ power_w: 57.25 }])
  })

  test('of the list has states of two words, and no id that is masked', () => {
    const text = `GPU#0    MXC500      0000:08:00.0   Not Available (UUID: ${FIRST})
GPU#1    MXC600-A    0000:09:00.0   Available (UUID: GPU-00000000-0000-0000-0000-000000000000)
GPU#2    MXC600-A    0000:0a:00.0   Available (UUID: GPU-0d7a3c41-5b0e-4f6d`
    expect(devicesOf(text)).toMatchObject([
      { index: 0, state: 'Not Available', uuid: FIRST },
      { index: 1, state: 'Available', uuid: null },
    ])
  })

  test.each([
    { name: 'as CSV', separator: ', ' },
    { name: 'in columns', separator: '   ' },
  ])('of dmon, $name, counts by the last sample of a die', ({ separator }) => {
    const sample = (load: string) => `dev, die, hottemp, power, gpu, vram, total, bdfid
idx, idx, C, W, %, %, GB,
0, 0, 45, 159, ${load}, 83, 64, 0000:08:00.0
`
    const text = `${sample('12')}${sample('71')}`.replaceAll(/, ?/g, separator)
    expect(devicesOf(text)).toMatchObject([
      {
        index: 0,
        die: 0,
        utilization_pct: 71,
        memory_total_mib: 65536,
        memory_used_mib: null,
        memory_used_pct: 83,
        power_w: 159,
        temperature_c: 45,
      },
    ])
  })

  test('of dmon with other units, or a last line that was cut, is not misread', () => {
    const text = `dev, die, hottemp, power, gpu, total, bdfid
idx, idx, F, mW, %, PB,
0, 0, 113, 159000, 71, 64, 0000:08:00.0
1, 0, 113, 159000, 71, 64, 0000:09`
    expect(devicesOf(text)).toMatchObject([
      { index: 0, temperature_c: null, power_w: null, memory_total_mib: null, utilization_pct: 71 },
    ])
  })
})
