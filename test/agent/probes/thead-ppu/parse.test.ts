/** Outputs of ppu-smi of which no capture is public. */
import { describe, expect, test } from 'vitest'
import { theadPpu } from '../../../../agent/src/probes/thead-ppu/vendor.ts'
import { fixture } from '../../../support/captures.ts'

function devicesOf(text: string, command: string | null = null) {
  const { error, devices } = theadPpu.parse(text, command)
  return error === undefined ? devices : error.class
}

describe('ppu-smi -q', () => {
  test('is read by section and key', () => {
    const text = `==============PPUSMI LOG==============

Timestamp                                   : Wed Sep  7 19:13:36 2022
Driver Version                              : 2.1.0-dbda51
HGGC Version                                : 13.0

Attached PPUs                               : 1
PPU 00000000:3E:00.0
    Product Name                            : PPU-ZW810E
    MIG Mode
        Current                             : Disabled
    Serial Number                           : 1320421013145
    PPU UUID                                : PPU-7f53d39f-ce6e-dc78-c3d4-4c18653c19c0
    PPU Recovery Action                     : None
    Memory Usage
        Total                               : 98304 MiB
        Used                                : 248 MiB
    Utilization
        Ppu                                 : 38 %
        Core                                : 30 %
    PPU Utilization Samples
        Max                                 : 56 %
    ECC Errors
        Volatile
            SRAM Uncorrectable              : 0
            DRAM Uncorrectable              : 2
        Aggregate
            DRAM Uncorrectable              : 7
    Temperature
        PPU Current Temp                    : 42 C
        Memory Current Temp                 : 44 C
    Power Readings
        Power Draw                          : 51.99 W
        Enforced Power Limit                : 400.00 W
    Power Samples
        Max                                 : 58.68 W
    Processes
        Compute instance ID                 : N/A
        Process ID                          : 85637
            Type                            : Compute
            Name                            : ppu_test
            Used PPU Memory                 : 413 MiB
`
    expect(theadPpu.parse(text, null)).toMatchObject({
      driver_version: '2.1.0-dbda51',
      devices: [
        {
          name: 'PPU-ZW810E',
          uuid: 'PPU-7f53d39f-ce6e-dc78-c3d4-4c18653c19c0',
          serial: '1320421013145',
          pci_bdf: '0000:3e:00.0',
          memory_total_mib: 98304,
          memory_used_mib: 248,
          utilization_pct: 38,
          core_pct: 30,
          power_w: 51.99,
          power_cap_w: 400,
          temperature_c: 42,
          mig_mode: 'Disabled',
          ecc_uncorrected: 2,
          recovery_action: null,
          processes: [{ pid: 85637, name: 'ppu_test', memory_mib: 413 }],
        },
      ],
    })
  })

  test('a part of it (-d MEMORY) leaves the rest absent', () => {
    const text = `PPU 00000000:01:00.0
    Memory Usage
        Total                               : 11264 MiB
        Used                                : 248 MiB
`
    expect(devicesOf(text)).toMatchObject([
      { memory_used_mib: 248, utilization_pct: null, processes: null, ecc_uncorrected: null },
    ])
  })
})

describe('CSV', () => {
  const rows = '0, PPU-3f53d39f-ce6e-dc78-c3d4-4c18653c19c0, 606, 12, 45, 81.50\n'

  test('without header and units is read by the fields of the command, in any spelling', () => {
    for (const [use, temperature] of [
      ['utilization.ppu', 'temperature.ppu'],
      ['utilization.gpu', 'temperature.gpu'],
    ]) {
      const command = `ppu-smi --query-ppu=index,ppu_uuid,memory.used,${use},${temperature},power.draw --format=csv,noheader,nounits`
      expect(devicesOf(rows, command)).toMatchObject([
        { index: 0, memory_used_mib: 606, utilization_pct: 12, temperature_c: 45, power_w: 81.5 },
      ])
    }
  })

  test('without header and command a number says nothing', () => {
    expect(devicesOf(rows)).toBe('unreadable')
  })

  test('a last row without its end may be cut, and is left out', () => {
    const text = 'index, memory.used [MiB]\n0, 606 MiB\n1, 1606'
    expect(devicesOf(text)).toMatchObject([{ index: 0, memory_used_mib: 606 }])
  })

  test('a field that the release does not know is a failure with its own line', () => {
    expect(devicesOf('Field "bus_id" is not a valid field to query.\n')).toBe('unknown_field')
  })
})

describe('scrolling samples', () => {
  test('dmon -s m has the memory in use under the name that is a share elsewhere', () => {
    const text = '# ppu   mem\n# idx    MB\n    0   508\n    1     -\n'
    expect(devicesOf(text)).toMatchObject([
      { index: 0, memory_used_mib: 508, memory_utilization_pct: null },
      { index: 1, memory_used_mib: null },
    ])
  })

  test('without the row of units no column is known', () => {
    expect(devicesOf('# ppu   mem\n    0   508\n')).toBe('unreadable')
  })

  test('pmon counts the last round, and a dash is no process', () => {
    const head =
      '# ppu     pid  type    sm   mem   command\n# idx       #   C/G     %    MB   name\n'
    const first = '    0    4563     C     0   151   a b\n    0    4563     C     0   151   other\n'
    const idle = '    1       -     -     -     -   -\n'
    expect(devicesOf(head + first + idle + first + idle)).toMatchObject([
      { index: 0, processes: [{ name: 'a b', memory_mib: 151 }, { name: 'other' }] },
      { index: 1, processes: [] },
    ])
    const damaged = head + first.replace('4563', 'xxxx') + idle
    expect(devicesOf(damaged)).toMatchObject([{ processes: null }, { processes: [] }])
  })
})

describe('the table', () => {
  const MIG = fixture('thead-ppu/zw810e-x2__2.1__mig.txt')

  test('a list of processes that is cut, or has a row that cannot be read, proves nothing', () => {
    for (const text of [
      MIG.slice(0, MIG.lastIndexOf('+---')),
      MIG.replace('525990   C', '525990    '),
      MIG.slice(0, MIG.indexOf('| Processes:')),
    ]) {
      expect(devicesOf(text)).toMatchObject([{ index: 9, processes: null }, { index: 10 }])
    }
  })

  test('a card that has lost a line is left out, and a table without headers is none', () => {
    expect(devicesOf(MIG.replace(/^\| N\/A {2}33C.*\n/m, ''))).toMatchObject([{ index: 10 }])
    expect(devicesOf(MIG.replace(/^\| Fan .*\n/m, ''))).toBe('unreadable')
  })
})
