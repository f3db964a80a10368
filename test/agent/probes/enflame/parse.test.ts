/** Layouts of efsmi of which there is no whole output, and what damage makes of any. */
import { describe, expect, test } from 'vitest'
import { enflame } from '../../../../agent/src/probes/enflame/vendor.ts'

const parse = (text: string) => enflame.parse(text, null)

const STARS = `
*Sat Oct  7 15:54:28 2023-------------------------------------------------*
*EFSMI    V1.20.0          Driver Ver: 2.4.20230829                       *
*-------------------------------------------------------------------------*
* DEV    NAME                | FW VER          | BUS-ID     ECC           *
* TEMP   DPM   Pwr(Usage/Cap)| Mem         vGCU| DEV-Util   UUID          *
*-------------------------------------------------------------------------*
* 0      T20                 | 10.19.3         | 00:3d:0.0  Enable        *
* 30C    Sleep   48.0W  300W | 32G      Disable|   0.0%     W28001000001  *
*-------------------------------------------------------------------------*
`

const BARS = (rows: string) => `
| EFSMI: 1.6.2.1           Driver Ver: 1.6.2.1                                |
+-----------------------------+-------------------+---------------------------+
| DEV    NAME                 | FW VER            | BUS-ID      ECC           |
| TEMP   Lpm   Pwr(Usage/Cap) | Mem      GCU Virt | DUsed       SN            |
|=============================================================================|
${rows}`
const NAME_ROW = '| 0      Enflame S60          | 33.6.5            | 00:3d:00.0  Enable        |\n'

describe('the table', () => {
  test('drawn with stars, with the UUID behind the use and memory in G', () => {
    expect(parse(STARS)).toMatchObject({
      tool_version: '1.20.0',
      driver_version: '2.4.20230829',
      devices: [
        {
          index: 0,
          name: 'T20',
          uuid: 'W28001000001',
          serial: null,
          pci: '00:3d:0.0',
          pci_bdf: '0000:3d:00.0',
          memory_total_mib: 32768,
          utilization_pct: 0,
          power_w: 48,
          power_cap_w: 300,
          temperature_c: 30,
          virt: 'Disable',
        },
      ],
    })
  })

  test.each([
    {
      name: 'a guest that is not told its power',
      row: '| 41℃    LP1     N/A / N/A    | 12288MiB SRIOV    | 12.5%       C0AAD0000xxxx |',
      told: {
        temperature_c: 41,
        power_w: null,
        memory_total_mib: 12288,
        virt: 'SRIOV',
        serial: null,
      },
    },
    {
      name: 'words in place of figures',
      row: '| -      LP1     - / 300W     | N/A      Disable  | N/A         C0AAD00000001 |',
      told: {
        temperature_c: null,
        power_w: null,
        power_cap_w: 300,
        memory_total_mib: null,
        utilization_pct: null,
        serial: 'C0AAD00000001',
      },
    },
    {
      name: 'figures that run together',
      row: '| 34 ℃   LP1     68W/300W     | 147456MiB Disable | 0%          C0AAD00000001 |',
      told: { temperature_c: 34, power_w: 68, power_cap_w: 300, memory_total_mib: 147456 },
    },
  ])('$name', ({ row, told }) => {
    expect(parse(BARS(`${NAME_ROW}${row}\n`)).devices).toMatchObject([told])
  })

  test.each([
    { name: 'its headers', text: BARS('').replace('DUsed', 'Other') },
    { name: 'the second row of its one device', text: BARS(NAME_ROW) },
    {
      name: 'the end of its last row',
      text: BARS(
        `${NAME_ROW}| 34℃    LP1     68W / 300W   | 42976MiB Disable  | 0%          C0AAD`,
      ),
    },
  ])('without $name it tells no device', ({ text }) => {
    expect(parse(text)).toMatchObject({ devices: [], error: { code: 'tool_output_unreadable' } })
  })
})

const device = (index: number, extra = '') => `DEV ID ${index}
    PCIe Info
        Domain                  : 0000
        Bus                     : ${index}c
        Dev                     : 00
        Func                    : 1
    Device Mem Info
        Total Size              : 42976 MiB
        Used Size               : ${index + 1}000 MiB
    BAR2 Mem Info
        Total Size              : 64 GiB
        Used Size               : 1 GiB
    Device Usage Info
        GCU Usage               : ${index}.5 %
${extra}`

describe('sections', () => {
  test.each([
    { name: 'without its indentation', edit: (text: string) => text.replaceAll(/^ +/gm, '') },
    { name: 'indented as a whole', edit: (text: string) => text.replaceAll(/^/gm, '    ') },
    { name: 'with tabs', edit: (text: string) => text.replaceAll('    ', '\t') },
  ])('read the same $name', ({ edit }) => {
    expect(parse(edit(device(0) + device(1))).devices).toMatchObject([
      { index: 0, pci_bdf: '0000:0c:00.1', memory_total_mib: 42976, memory_used_mib: 1000 },
      { index: 1, pci_bdf: '0000:1c:00.1', memory_used_mib: 2000, utilization_pct: 1.5 },
    ])
  })

  test('the size of a BAR is no memory', () => {
    const text = device(0).replace(/ {4}Device Mem Info\n.*\n.*\n/, '')
    expect(parse(text).devices).toMatchObject([{ memory_total_mib: null, memory_used_mib: null }])
  })

  test('a device whose first line is lost lends nothing to the one before', () => {
    const silent = device(0).replace(/ +Used Size +: 1000 MiB\n/, '')
    expect(parse(silent + device(1).replace('DEV ID 1\n', '')).devices).toMatchObject([
      { index: 0, pci_bdf: '0000:0c:00.1', memory_used_mib: null, utilization_pct: 0.5 },
    ])
  })

  test.each([
    { name: 'an id', last: '    Device Info\n        Dev UUID : TR1V571', key: 'uuid' },
    { name: 'a figure', last: '    Power Info\n        Cur Power : 10', key: 'power_w' },
    {
      name: 'a bare temperature',
      last: '    Temperature Info\n        GCU Temp : 4',
      key: 'temperature_c',
    },
  ])('$name that the text breaks off in is not told', ({ last, key }) => {
    expect(parse(device(0, last)).devices).toMatchObject([{ [key]: null, memory_used_mib: 1000 }])
  })

  test('a text that is nothing but the first line of a device tells none', () => {
    expect(parse('DEV ID 3')).toMatchObject({ devices: [], error: {} })
  })

  test('a last line without its end counts where its unit is there', () => {
    const text = device(0, '    Power Info\n        Cur Power : 104 W')
    expect(parse(text).devices).toMatchObject([{ power_w: 104 }])
  })

  test('as JSON, with figures as numbers or as texts', () => {
    const text = JSON.stringify({
      devices: [
        { id: 0, 'Device Mem Info': { 'Total Size': 42976, 'Used Size': '8684 MiB' } },
        { id: '1', 'Device Mem Info': { 'Total Size': 'N/A', 'BAR1 Mem Info': 16 } },
      ],
    })
    expect(parse(text).devices).toMatchObject([
      { index: 0, memory_total_mib: 42976, memory_used_mib: 8684 },
      { index: 1, memory_total_mib: null, memory_used_mib: null },
    ])
    expect(parse(text.slice(0, -9))).toMatchObject({ devices: [], error: {} })
  })
})

describe('columns', () => {
  test('the monitor of T20 has other columns', () => {
    const text = `GCU Idx  Logic Id  Pwr   DTemp  DUsed  Dpm    M1Temp  M2Temp  MUsed  Dclk  Mclk
0        0         48.5  30.0   99.0   Active 31.0    32.0    12.5   1400  1600
1        1         48.0  30.0   0.0    Sleep  31.0    32.0
`
    expect(parse(text).devices).toMatchObject([
      {
        index: 0,
        power_w: 48.5,
        temperature_c: 30,
        utilization_pct: 99,
        memory_used_pct: 12.5,
        memory_used_mib: null,
        memory_total_mib: null,
      },
    ])
  })

  test('sizes in another unit than MiB are left out', () => {
    const text = 'GCU DUsed MUsed Mem Mclk\nIdx % % GiB MHz\n0 1.0 2.0 48 7000\n'
    expect(parse(text).devices).toMatchObject([{ memory_total_mib: null, memory_used_pct: 2 }])
  })

  const LIST = `DEV    SN                Slot    ID           Bus             CPU Affinity     UUID
-------------------------------------------------------------------------------------------
0      A0A8640000001     N/A     1ea0:2a22    0000:23:00.0    0-31             TPUH61100001
1      A0A8640000002     N/A     1ea0:2a22    0000:a3:00.0    32-63            TPUH61100002
`

  test('the list tells ids', () => {
    expect(parse(LIST).devices).toMatchObject([
      { index: 0, serial: 'A0A8640000001', uuid: 'TPUH61100001', pci_bdf: '0000:23:00.0' },
      { index: 1, serial: 'A0A8640000002', uuid: 'TPUH61100002', pci_bdf: '0000:a3:00.0' },
    ])
  })

  test.each([
    { name: 'in the last id', text: LIST.slice(0, -3), ids: ['TPUH61100001', null] },
    { name: 'behind the last id', text: LIST.slice(0, -1), ids: ['TPUH61100001', 'TPUH61100002'] },
    { name: 'before the last id', text: LIST.slice(0, -30), ids: ['TPUH61100001'] },
  ])('cut $name it lends no half of one', ({ text, ids }) => {
    expect(parse(text).devices.map(({ uuid }) => uuid)).toEqual(ids)
  })
})
