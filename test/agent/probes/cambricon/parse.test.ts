/** Outputs of cnmon of which no capture exists, and texts that look like one. */
import { describe, expect, test } from 'vitest'
import { readCambricon } from '../../../../agent/src/probes/cambricon/parse.ts'
import { isFailure } from '../../../../agent/src/probes/card.ts'
import { fixture } from '../../../support/captures.ts'

const TABLE = fixture('cambricon/mlu370x8-x2__5.10.22__load.txt')
const INFO = fixture('cambricon/mlu370x8-x2__5.10.22__info.txt')

function devicesOf(text: string) {
  const reading = readCambricon(text)
  return isFailure(reading) ? [] : reading.devices
}

describe('the blocks of `cnmon info`', () => {
  test('tell of no process of a card that the text breaks off in', () => {
    const cut = INFO.slice(0, INFO.lastIndexOf('Process  ') + 3)
    expect(cut).toContain('    Processes')
    expect(readCambricon(cut)).toMatchObject({ devices: [{}, { processes: null }] })
  })
})

describe('cnmon info -j', () => {
  const card = {
    CardNum: 3,
    ProductName: 'MLU590-M9',
    UUID: '20010203-1916-0000-0000-000000000000',
    PhysicalMemUsage: { Total: 98304, Used: 33654 },
    Temperature: { Chip: 45 },
    Utilization: { MLUAverage: 12 },
    PCI: { DomainID: '0000', Bus: '4f', Device: '00', Function: '0' },
  }

  test('figures may be numbers or texts with their unit', () => {
    const asText = {
      ...card,
      CardNum: '4',
      PhysicalMemUsage: { Total: '98304 MiB', Used: '0 MiB' },
    }
    expect(devicesOf(JSON.stringify({ CnmonInfo: [card, asText] }))).toMatchObject([
      {
        index: 3,
        name: 'MLU590-M9',
        uuid: card.UUID,
        pci_bdf: '0000:4f:00.0',
        memory_total_mib: 98304,
        memory_used_mib: 33654,
        utilization_pct: 12,
        temperature_c: 45,
        processes: null,
      },
      { index: 4, memory_total_mib: 98304, memory_used_mib: 0 },
    ])
  })

  test('a missing key is absent, and an address in numbers, whose base nobody knows, too', () => {
    const bare = { ProductName: 'MLU370-X8', PCI: { DomainID: 0, Bus: 79, Device: 0, Function: 0 } }
    expect(devicesOf(JSON.stringify({ CnmonInfo: [bare] }))).toEqual([
      expect.objectContaining({
        index: 0,
        pci: null,
        memory_total_mib: null,
        utilization_pct: null,
      }),
    ])
  })

  test('a file cut short is refused', () => {
    const text = JSON.stringify({ CnmonInfo: [card] })
    expect(readCambricon(text.slice(0, -2))).toMatchObject({ failure: { class: 'unreadable' } })
  })
})

test('cnmon -l: a UUID per line', () => {
  const text =
    'Card 0: MLU370-X8 (UUID: 20010203-1916-0000-0000-000000000000)\nCard 1: MLU370-X8 (UUID: xxxxxxxx-1917)\n'
  expect(devicesOf(text)).toMatchObject([
    { index: 0, name: 'MLU370-X8', uuid: '20010203-1916-0000-0000-000000000000' },
    { index: 1, uuid: null },
  ])
})

describe('the table', () => {
  test('of a new version may have a column more', () => {
    const wider = TABLE.split('\n')
      .map((line) => (/^\| (?:Card|Fan|\d| {1,2}\d)/.test(line) ? `${line} more |` : line))
      .join('\n')
    expect(devicesOf(wider).map((device) => device.utilization_pct)).toEqual([0, 87])
  })

  test.each([
    ['without its first header line', /^\| Card .*Bus-Id.*\n/m],
    ['without its second header line', /^\| Fan .*\n/m],
  ])('%s is refused', (_, line) => {
    expect(readCambricon(TABLE.replace(line, ''))).toMatchObject({
      failure: { class: 'unreadable', code: 'tool_output_unreadable' },
    })
  })

  test.each([
    { name: 'a row of processes that cannot be read', text: TABLE.replace('101934', '?') },
    { name: 'a missing sentence', text: TABLE.replace(/^\| {2}1 {5}\/.*\n/m, '') },
    { name: 'a missing last border', text: TABLE.replace(/\n\+-+\+\n$/, '\n') },
    { name: 'no table of processes', text: TABLE.slice(0, TABLE.indexOf('\n\n')) },
  ])('$name proves no empty card', ({ text }) => {
    expect(devicesOf(text)[0]?.processes).toBeNull()
  })

  test('a card whose second row is lost is left out', () => {
    const text = TABLE.replace(/^\| {2}0% {3}29C.*\n/m, '')
    expect(devicesOf(text).map(({ index }) => index)).toEqual([1])
  })

  test('a name may hold blanks', () => {
    const [device] = devicesOf(TABLE.replace('MLU370-X8    v1.1.6', 'MLU 370 X8   v1.1.6'))
    expect(device).toMatchObject({ name: 'MLU 370 X8', firmware: '1.1.6' })
  })
})

describe('cnmon info', () => {
  test('virtual memory is not the card’s memory', () => {
    expect(devicesOf(INFO).map((device) => device.memory_total_mib)).toEqual([20638, 20638])
  })

  test('without its Processes section nothing is told of them', () => {
    const text = INFO.replaceAll(/^ {4}Processes .*\n/gm, '')
    expect(devicesOf(text).map((device) => device.processes)).toEqual([null, null])
  })

  test('an entry without its pid is still a process', () => {
    const text = INFO.replace(/^ +PID .*\n/m, '')
    expect(devicesOf(text)[1]?.processes).toEqual([
      { pid: null, name: 'python', memory_mib: 15829 },
    ])
  })
})
