/** Forms of brsmi that documents name and nobody has shown, and damage to the one that is known. */
import { describe, expect, test } from 'vitest'
import { biren } from '../../../../agent/src/probes/biren/vendor.ts'
import { fixture } from '../../../support/captures.ts'

const TABLE = fixture('biren/biren106b-x2__1.11__load.txt')

describe('CSV', () => {
  test('without header is read by the field list of its command', () => {
    const command =
      'brsmi gpu --query-gpu=index,name,serial,memory.used,memory.free,temperature.gpu --format=csv,noheader,nounits'
    const text = '0, Biren166M, BR24050001, 1024, 64000, 41\n1, Biren166M, N/A, 0, 65024, 38\n'
    expect(biren.parse(text, command).devices).toMatchObject([
      {
        index: 0,
        name: 'Biren166M',
        serial: 'BR24050001',
        memory_used_mib: 1024,
        memory_total_mib: null,
        temperature_c: 41,
        utilization_pct: null,
        processes: null,
      },
      { index: 1, serial: null, memory_used_mib: 0 },
    ])
  })

  test('tells the SVI mode, units in the header or in the cells', () => {
    const text = 'index, svi.mode.current, memory.used [MiB]\n0, Enabled, 12 MiB\n'
    expect(biren.parse(text, null).devices).toMatchObject([
      { svi_mode: 'Enabled', memory_used_mib: 12 },
    ])
  })

  test('a row with another number of cells is left out, and one cut at the end', () => {
    const text = 'index, name, memory.used\n0, Biren106B\n1, Biren106B, 5\n2, Biren106B, 281'
    expect(biren.parse(text, null).devices.map(({ index }) => index)).toEqual([1])
  })

  test('without header and command it is refused', () => {
    expect(biren.parse('0, Biren106B, 0\n', null)).toMatchObject({
      devices: [],
      error: { class: 'unreadable' },
    })
  })
})

test('blocks of `gpu query` are told by the card they stand under', () => {
  const text = `GPU 00000000:5A:00.0
    Memory Usage
        Total                    : 65024 MiB
        Used                     : 1280 MiB
GPU 00000000:5B:00.0
    Memory Usage
        Total                    : 65024 MiB
        Used                     : 0 MiB
`
  expect(biren.parse(text, 'brsmi gpu query -d memory').devices).toMatchObject([
    { index: 0, pci_bdf: '0000:5a:00.0', memory_total_mib: 65024, memory_used_mib: 1280 },
    { index: 1, pci_bdf: '0000:5b:00.0', memory_used_mib: 0 },
  ])
})

test('lines of which the card is not named are refused', () => {
  expect(biren.parse('Total : 65024 MiB\nUsed : 0 MiB\n', null)).toMatchObject({
    devices: [],
    error: { class: 'unreadable' },
  })
})

test('XML in the shape of its model', () => {
  const text = `<?xml version="1.0" ?>
<brsmi_log><driver_version>1.11.0</driver_version>
<gpu id="00000000:5A:00.0"><product_name>Biren166M</product_name><uuid>GPU-7d1c0a52</uuid>
<fb_memory_usage><total>65024 MiB</total><used>12 MiB</used></fb_memory_usage>
<utilization><gpu_util>4 %</gpu_util></utilization><svi_mode>Disabled</svi_mode></gpu>
</brsmi_log>
`
  const output = biren.parse(text, 'brsmi gpu query -x')
  expect(output).toMatchObject({
    driver_version: '1.11.0',
    devices: [
      {
        name: 'Biren166M',
        pci_bdf: '0000:5a:00.0',
        memory_used_mib: 12,
        utilization_pct: 4,
        svi_mode: 'Disabled',
        processes: null,
      },
    ],
  })
  expect(biren.parse(text.slice(0, -14), null)).toMatchObject({ error: { class: 'unreadable' } })
})

describe('the table', () => {
  test.each([
    ['its first header line', /^\| {3}GPU .*\n/m],
    ['its second header line', /^\| {2}Temp .*\n/m],
  ])('without %s is refused', (_, line) => {
    expect(biren.parse(TABLE.replace(line, ''), null)).toMatchObject({
      devices: [],
      error: { class: 'unreadable' },
    })
  })

  test('rows of a device that lost one are left out', () => {
    const text = TABLE.replace(/^\| {4}31 .*\n/m, '')
    expect(biren.parse(text, null).devices.map(({ index }) => index)).toEqual([1])
  })

  test.each([
    { name: 'a process row nobody can read', text: TABLE.replace('4242', '42x2') },
    { name: 'a cut box of processes', text: TABLE.slice(0, TABLE.lastIndexOf('+--')) },
    { name: 'no box of processes', text: TABLE.slice(0, TABLE.indexOf('| Processes')) },
  ])('$name proves no empty card', ({ text }) => {
    expect(biren.parse(text, null).devices[0]).toMatchObject({ index: 0, processes: null })
  })

  test('the invented one of a public page is refused', () => {
    const text = `+-------------------------------------------------------------------------------+
| GPU  Id  |     Name     |  Mode  |  Temperature  |  Power  |  Memory      |
|===============================================================================|
|   0      | BIREN GPU    |  N/A   |   45°C       |  250W   |  32GB/64GB   |
+-------------------------------------------------------------------------------+
`
    expect(biren.parse(text, null)).toMatchObject({ devices: [], error: { class: 'unreadable' } })
  })
})
