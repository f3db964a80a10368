/** Outputs of Intel's xpu-smi of which no capture is public. */
import { describe, expect, test } from 'vitest'
import { isFailure } from '../../../../agent/src/probes/card.ts'
import { readIntel } from '../../../../agent/src/probes/intel/parse.ts'
import { fixture } from '../../../support/captures.ts'

function devicesOf(text: string, command: string | null = null) {
  const reading = readIntel(text, command)
  return isFailure(reading) ? reading.failure.class : reading.devices
}

describe('JSON', () => {
  test('stats of 1.x: figures of the card, not of its tiles', () => {
    const metric = (name: string, value: number) => ({ metrics_type: `XPUM_STATS_${name}`, value })
    const stats = {
      device_id: 1,
      device_level: [
        metric('GPU_UTILIZATION', 48.25),
        metric('POWER', 501.20000000000005),
        metric('GPU_CORE_TEMPERATURE', 61),
        metric('MEMORY_USED', 115541.88),
      ],
      tile_level: [
        { tile_id: 0, data_list: [metric('GPU_UTILIZATION', 96.5)] },
        { tile_id: 1, data_list: [metric('GPU_UTILIZATION', 0)] },
      ],
    }
    expect(devicesOf(JSON.stringify(stats))).toMatchObject([
      {
        index: 1,
        utilization_pct: 48.25,
        power_w: 501.20000000000005,
        temperature_c: 61,
        memory_used_mib: 115541.88,
        memory_total_mib: null,
      },
    ])
  })

  test('stats of 2.0: a card with one tile has its figures, one with two has none', () => {
    const stats = (tiles: readonly number[]) => ({
      device_index: tiles.length,
      pci_bdf: '0000:03:00.0',
      utilization: { gpu_percent: Object.fromEntries(tiles.map((at) => [`tile_${at}`, 12.5])) },
      memory: {
        used_mib: Object.fromEntries(tiles.map((at) => [`tile_${at}`, { avg: 239, current: 240 }])),
      },
    })
    expect(devicesOf(JSON.stringify([stats([0]), stats([0, 1])]))).toMatchObject([
      { index: 1, pci_bdf: '0000:03:00.0', utilization_pct: 12.5, memory_used_mib: 240 },
      { index: 2, utilization_pct: null, memory_used_mib: null },
    ])
  })

  test('discovery of one card, and its state', () => {
    const text = JSON.stringify({
      device_id: 0,
      device_name: 'Intel(R) Arc(TM) Pro B60 Graphics',
      device_state: 'survivability mode',
      device_function_type: 'physical',
      memory_physical_size_byte: '25669140480',
      pci_bdf_address: '0000:18:00.0',
      pci_device_id: '0xe211',
      serial_number: 'unknown',
    })
    expect(devicesOf(`Warning: a line of the driver\n${text}\n`)).toMatchObject([
      {
        name: 'Intel(R) Arc(TM) Pro B60 Graphics',
        pci_id: '8086:e211',
        memory_total_mib: 24480,
        device_state: 'survivability mode',
        serial: null,
      },
    ])
    expect(devicesOf(text.slice(0, -20))).toBe('unreadable')
  })

  test('an error is the failure of the tool', () => {
    expect(devicesOf('{"error": "Level Zero Initialization Error", "errno": 5}')).toBe(
      'init_failed',
    )
    expect(devicesOf('{"error": "device not found", "errno": 3}')).toBe('no_devices')
  })
})

describe('framed texts', () => {
  test('discovery lists cards; its details have sizes', () => {
    const text = `+-----------+--------------------------------------------+
| Device ID | Device Information                         |
+-----------+--------------------------------------------+
| 0         | Device Name: Intel(R) Graphics [0x020a]    |
|           | Vendor Name: Intel(R) Corporation          |
|           | SOC UUID: 00000000-0000-0003-0000-0000e20b8086 |
|           | Serial Number: unknown                     |
|           | Driver Version: 16929133                   |
|           | PCI BDF Address: 0000:4d:00.0              |
|           | Memory Physical Size: 32768.00 MiB         |
|           | Number of Tiles: 2                         |
+-----------+--------------------------------------------+
| 1         | Device Name: Intel(R) Graphics [0x020a]    |
|           | PCI BDF Address: 0000:9a:00.0              |
|           | Function Type: virtual                     |
+-----------+--------------------------------------------+
`
    expect(devicesOf(text)).toMatchObject([
      {
        index: 0,
        name: 'Intel(R) Graphics [0x020a]',
        uuid: '00000000-0000-0003-0000-0000e20b8086',
        serial: null,
        pci_bdf: '0000:4d:00.0',
        memory_total_mib: 32768,
        driver_version: '16929133',
        tiles: 2,
      },
      { index: 1, pci_bdf: '0000:9a:00.0', function_type: 'virtual' },
    ])
  })

  test('stats of several tiles are no figures of the card; an older title is known', () => {
    const row = (label: string, value: string) => `| ${label.padEnd(28)}| ${value.padEnd(40)}|\n`
    const line = `+${'-'.repeat(29)}+${'-'.repeat(41)}+\n`
    const text = [
      line,
      row('Device ID', '0'),
      line,
      row('GPU Utilization (%)', 'Tile 0: 96, Tile 1: 2'),
      row('GPU Power (W)', '499'),
      row('GPU Memory Used (MiB)', ''),
      line,
      row('Device ID', '1'),
      line,
      row('GPU Utilization (%)', '3'),
      row('Mem Errors Uncorrectable', '4'),
      line,
    ].join('')
    expect(devicesOf(text)).toMatchObject([
      { index: 0, utilization_pct: null, power_w: 499, memory_used_mib: null },
      { index: 1, utilization_pct: 3, ecc_uncorrected: 4 },
    ])
  })

  test('health of 1.x and of 2.0 by component', () => {
    const first = `+-----------------+-------------------------+
| Device ID       | 0                       |
+-----------------+-------------------------+
| 3. GPU Power    | Status: Ok              |
|                 | Description: fine       |
+-----------------+-------------------------+
| 4. GPU Memory   | Status: Critical        |
+-----------------+-------------------------+
`
    const second = `+-----------------+-------------------------+
| Component       | Value                   |
+-----------------+-------------------------+
| Device ID       | 0                       |
| [ power_health ] |                        |
| status          | OK                      |
| [ memory_health ] |                       |
| status          | Critical                |
+-----------------+-------------------------+
`
    expect(devicesOf(first)).toMatchObject([
      { components: [{ component: 'GPU Power', status: 'Ok' }, { status: 'Critical' }] },
    ])
    expect(devicesOf(second)).toMatchObject([
      { components: [{ status: 'OK' }, { component: 'memory_health', status: 'Critical' }] },
    ])
  })
})

describe('rows', () => {
  test('dump of older releases, with empty cells; of tiles it tells no card', () => {
    const text =
      'Timestamp, DeviceId, GPU Utilization (%), GPU Power (W), GPU Frequency (MHz), GPU Core Temperature (Celsius Degree)\n' +
      '18:38:50.000,    0,     , 43.72, 2050,\n18:38:50.000,    1, 7.50, 4'
    expect(devicesOf(text)).toMatchObject([
      { index: 0, utilization_pct: null, power_w: 43.72, temperature_c: null },
    ])
    expect(devicesOf(text.replace('DeviceId,', 'DeviceId, TileId,'))).toBe('unreadable')
  })

  test('dump of 2.0 names its columns as a query does', () => {
    const text =
      'Timestamp, DeviceId, utilization.gpu (%), power.draw (W), memory.used (MiB)\n10:00:00.123, 0, 3.20, 66.60, 239.00\n'
    expect(devicesOf(text)).toMatchObject([
      { index: 0, utilization_pct: 3.2, power_w: 66.6, memory_used_mib: 239 },
    ])
  })

  test.each([
    {
      form: 'units in round brackets',
      text: 'index, uuid, pci.bus_id, memory.total (MiB), memory.used (MiB), utilization.gpu (%)\n0, 868023e2-0000-0000-0d00-000000000000, 0000:0d:00.0, 24480, 239, N/A\n',
      command: null,
    },
    {
      form: 'no header',
      text: '0, 868023e2-0000-0000-0d00-000000000000, 0000:0d:00.0, 24480 MiB, 239, N/A\n',
      command:
        'xpu-smi --query-gpu=index,gpu_uuid,gpu_bus_id,memory.total,memory.used,utilization.gpu --format=csv,noheader,nounits',
    },
  ])('--query-gpu with $form', ({ text, command }) => {
    expect(devicesOf(text, command)).toMatchObject([
      {
        index: 0,
        uuid: '868023e2-0000-0000-0d00-000000000000',
        pci_bdf: '0000:0d:00.0',
        memory_total_mib: 24480,
        memory_used_mib: 239,
        utilization_pct: null,
      },
    ])
  })

  test('--list-gpus is read for Intel’s cards alone', () => {
    const line =
      'GPU 0: Intel(R) Arc(TM) B580 Graphics (UUID: GPU-868023e2-0000-0000-0d00-000000000000)\n'
    expect(devicesOf(line)).toMatchObject([
      {
        index: 0,
        name: 'Intel(R) Arc(TM) B580 Graphics',
        uuid: '868023e2-0000-0000-0d00-000000000000',
      },
    ])
    expect(devicesOf(line.replace('Intel(R) Arc(TM) B580', 'NVIDIA L20'))).toBe('unreadable')
  })

  test('ps without processes names no card', () => {
    expect(devicesOf('PID       Command             DeviceID       SHR            MEM\n')).toBe(
      'unreadable',
    )
  })
})

describe('the table of 2.0', () => {
  const TABLE = fixture('intel/b60-x2__2.0__load.txt')

  test('without any process says so, and without its end says nothing', () => {
    const none = TABLE.replace(
      /(?:^\|\s+\d\s+\d{5} .*\n)+/m,
      `|${' '.repeat(30)}No running GPU processes found.${' '.repeat(38)}|\n`,
    )
    expect(devicesOf(none)).toMatchObject([{ processes: [] }, { processes: [] }])
    const cut = none.slice(0, none.trimEnd().lastIndexOf('\n'))
    expect(devicesOf(cut)).toMatchObject([{ processes: null }, { processes: null }])
  })

  test('power without a limit, and a name that breaks inside a word', () => {
    const text = TABLE.replace('151W / 200W', '151W       ').replace(
      '|      60 Graphics ',
      '|      ase Graphics',
    )
    expect(devicesOf(text)).toMatchObject([
      { name: 'Intel(R) Arc(TM) Pro Base Graphics', power_w: 151, power_cap_w: null },
      {},
    ])
  })
})
