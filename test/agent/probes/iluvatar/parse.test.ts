/** Layouts of ixsmi of which there is no whole output, and what damage makes of any. */
import { describe, expect, test } from 'vitest'
import { iluvatar } from '../../../../agent/src/probes/iluvatar/vendor.ts'
import { fixture } from '../../../support/captures.ts'

const parse = (text: string, command: string | null = null) => iluvatar.parse(text, command)

const TABLE = fixture('iluvatar/mr-v100-x2__4.4__load.txt')
const PROCESS = /^.*40311.*\n/m

describe('the table', () => {
  test.each([
    { name: 'has lost its one row', edit: (text: string) => text.replace(PROCESS, '') },
    {
      name: 'is cut before its border',
      edit: (text: string) => text.slice(0, text.lastIndexOf('+--')),
    },
    {
      name: 'has a row that cannot be read',
      edit: (text: string) => text.replace('  40311 ', '  4x311 '),
    },
    {
      name: 'is not there',
      edit: (text: string) => text.slice(0, text.indexOf('\n\n')),
    },
  ])('tells of no processes where their box $name', ({ edit }) => {
    expect(parse(edit(TABLE)).devices.map(({ processes }) => processes)).toEqual([null, null])
  })

  test('a name with bars and several processes of one die are read', () => {
    const rows = `|    1      512        a | b c                                        27MiB |
|    1      513        [Not Found]                                       N/A |
`
    expect(parse(TABLE.replace(PROCESS, (row) => `${row}${rows}`)).devices).toMatchObject([
      { processes: [{ pid: 40311 }] },
      {
        processes: [
          { pid: 512, name: 'a | b c', memory_mib: 27 },
          { pid: 513, memory_mib: null },
        ],
      },
    ])
  })

  test.each([
    { name: 'its headers', edit: (text: string) => text.replace('Bus-Id', 'Other ') },
    { name: 'the lines of figures', edit: (text: string) => text.replaceAll(/^.*P0.*\n/gm, '') },
  ])('without $name it tells no die', ({ edit }) => {
    expect(parse(edit(TABLE))).toMatchObject({
      devices: [],
      error: { code: 'tool_output_unreadable' },
    })
  })

  const piece = (name: string, state: string) =>
    `| 5    ${name}         | 00000000:21:00.0     | 25MHz     33MHz      |
| ${state} | 513MiB / 32768MiB    | 100%      Default    |
+---------------------------------+----------------------+----------------------+
`

  test.each([
    { name: 'an overflow that ate the limit', state: '0%   0C    P0    65535W /' },
    { name: 'an overflow that ate the unit', state: '0%   0C    P0    65535W / 250' },
    { name: 'power past twice the limit', state: '0%   45C   P0    501W / 250W' },
    { name: 'no warmth under load', state: '0%   0C    P0    58W / 250W' },
  ])('a dead die by $name tells neither power, heat nor load', ({ state }) => {
    expect(parse(piece('Iluvatar BI-V100', state)).devices).toMatchObject([
      {
        index: 5,
        memory_used_mib: 513,
        faulty: true,
        power_w: null,
        temperature_c: null,
        utilization_pct: null,
      },
    ])
  })

  test('a piece without headers counts under the name of the maker alone', () => {
    const state = '0%   45C   P0    58W / 250W'
    expect(parse(piece('Iluvatar BI-V100', state)).devices).toMatchObject([{ power_w: 58 }])
    expect(parse(piece('Some Other GPU', state)).devices).toEqual([])
  })

  test('a recording of table and list has the ids of the list', () => {
    const list = `$ ixsmi -L
GPU 0: Iluvatar MR-V100 (UUID: GPU-1ac807aa-0000-5579-8591-000000000001)
GPU 1: Iluvatar MR-V100 (UUID: GPU-1ac807aa-0000-5579-8591-000000000002)
`
    expect(parse(TABLE + list).devices).toMatchObject([
      { uuid: 'GPU-1ac807aa-0000-5579-8591-000000000001', utilization_pct: 88 },
      { uuid: 'GPU-1ac807aa-0000-5579-8591-000000000002', pci_bdf: '0000:1a:00.0' },
    ])
    expect(parse(list).devices).toMatchObject([
      { index: 0, name: 'Iluvatar MR-V100', processes: null },
      { index: 1 },
    ])
  })
})

describe('the log', () => {
  const log = (gpu: string) =>
    `<?xml version="1.0" ?>\n<ixsmi_log>\n<driver_version>4.4.0</driver_version>\n<gpu>${gpu}</gpu>\n</ixsmi_log>\n`

  test('in its short form leaves absent what it does not have', () => {
    const short = `<product_name>Iluvatar MR-V100</product_name>
<uuid>GPU-1ac807aa-0000-5579-8591-000000000001</uuid>
<pci><pci_bus_id>00000000:15:00.0</pci_bus_id></pci>
<memory_usage><total>32768 MiB</total><used>116 MiB</used></memory_usage>
<utilization><gpu_util>N/A</gpu_util></utilization>`
    expect(parse(log(short)).devices).toMatchObject([
      {
        name: 'Iluvatar MR-V100',
        pci_bdf: '0000:15:00.0',
        memory_used_mib: 116,
        utilization_pct: null,
        power_w: null,
        board_id: null,
        processes: null,
      },
    ])
  })

  test('a prompt behind the document does no harm', () => {
    expect(parse(`${log('')}root@node:~# \n`)).toMatchObject({
      tool_version: '4.4.0',
      devices: [{ index: 0, name: null }],
    })
  })

  test.each([
    { processes: '<processes></processes>', told: [] },
    { processes: '<processes>N/A</processes>', told: null },
    {
      processes: '<processes><process_info><pid>x</pid></process_info></processes>',
      told: [{ pid: null, name: null, memory_mib: null }],
    },
  ])('$processes', ({ processes, told }) => {
    expect(parse(log(processes)).devices[0]?.processes).toEqual(told)
  })
})

describe('CSV', () => {
  const FIELDS = 'index,uuid,gpu_bus_id,memory.used,utilization.gpu,temperature.gpu'
  const ROWS = `0, GPU-1ac807aa-0000-5579-8591-000000000001, 00000000:13:00.0, 64, 0, 35
1, GPU-1ac807aa-0000-5579-8591-000000000002, 00000000:16:00.0, 27012, 97, 61
`
  const dies = [
    { index: 0, pci_bdf: '0000:13:00.0', memory_used_mib: 64, utilization_pct: 0 },
    { index: 1, pci_bdf: '0000:16:00.0', memory_used_mib: 27012, temperature_c: 61 },
  ]

  test('is read by the fields of its command', () => {
    const command = `ixsmi --query-gpu=${FIELDS} --format=csv,noheader,nounits`
    expect(parse(ROWS, command).devices).toMatchObject(dies)
  })

  test('or by its header', () => {
    expect(parse(`${FIELDS.replaceAll(',', ', ')}\n${ROWS}`).devices).toMatchObject(dies)
  })

  test('without either it is refused', () => {
    expect(parse(ROWS)).toMatchObject({ devices: [], error: { code: 'tool_output_unreadable' } })
  })

  test.each(['power.draw', 'gpu.power.draw'])('power is called %s on some version', (field) => {
    const text = `index, ${field} [W], gpu.power.limit [W]\n0, 101.00 W, 350.00 W\n1, N/A, N/A\n`
    expect(parse(text).devices).toMatchObject([
      { power_w: 101, power_cap_w: 350 },
      { power_w: null, power_cap_w: null },
    ])
  })

  test('the power of the board is not that of a die', () => {
    expect(parse('index, board.power.draw\n0, 229.00 W\n').devices).toMatchObject([
      { power_w: null, board_power_w: 229 },
    ])
  })

  test('a field that the version does not know fails the whole query', () => {
    const text = 'Field "gpu.power.draw" is not a valid field to query.\n'
    expect(parse(text)).toMatchObject({ devices: [], error: { class: 'unknown_field' } })
  })

  test.each([
    {
      name: 'a figure is not told',
      last: '1, 97, 10',
      told: { memory_used_mib: 97, utilization_pct: null },
    },
    { name: 'a figure with its unit is', last: '1, 97 MiB, 10 %', told: { utilization_pct: 10 } },
  ])('of a text cut in its last row: $name', ({ last, told }) => {
    const text = `index, memory.used, utilization.gpu\n0, 64, 0\n${last}`
    expect(parse(text).devices).toMatchObject([{ utilization_pct: 0 }, told])
  })

  test('a row of another width is left out', () => {
    const text = 'index, memory.used, utilization.gpu\n0, 64, 0\n1, 64\n'
    expect(parse(text).devices).toMatchObject([{ index: 0 }])
  })
})
