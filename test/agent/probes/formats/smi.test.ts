/**
 * The other forms of the tools modelled on nvidia-smi: lists, logs, samples, CSV and XML. What is
 * told of a card is that card's, and no list of processes is empty because something was lost.
 */
import { describe, expect, test } from 'vitest'
import { readCsv } from '../../../../agent/src/probes/formats/csv.ts'
import { readJoinedPciId, readPciId } from '../../../../agent/src/probes/formats/pci-id.ts'
import {
  commonCell,
  readSmiCsvCard,
  readSmiCsvCards,
  readSmiCsvProcesses,
  smiCsvDialect,
} from '../../../../agent/src/probes/formats/smi-csv.ts'
import { readSmiList } from '../../../../agent/src/probes/formats/smi-list.ts'
import { isSmiLog, readSmiLog } from '../../../../agent/src/probes/formats/smi-log.ts'
import {
  readSampleProcesses,
  readSamples,
} from '../../../../agent/src/probes/formats/smi-samples.ts'
import { readXmlProcesses } from '../../../../agent/src/probes/formats/smi-xml.ts'
import { childOf, isUnreadableXml, readXml } from '../../../../agent/src/probes/formats/xml.ts'

describe('a list', () => {
  test.each([
    ['GPU 0: Card 500 (UUID: GPU-1a)', 'GPU', 'GPU-1a'],
    ['GPU 0 : Card 500 (UUID : 1a-2b)', 'GPU', '1a-2b'],
    ['XPU 0: Card 500  GPU-1a', 'XPU', 'GPU-1a'],
    ['GPU 0: Card 500 (UUID: 1a?b)', 'GPU', null],
  ])('%s', (line, word, uuid) => {
    expect(readSmiList([line], word)).toEqual([{ index: 0, name: 'Card 500', uuid, parts: [] }])
  })

  test('of another word names no card', () => {
    expect(readSmiList(['XPU 0: Card 500  GPU-1a'], 'GPU')).toEqual([])
  })

  const PART = '  MIG 3g.40gb     Device  0: (UUID: MIG-2)'

  test('puts parts to the card above them', () => {
    expect(readSmiList(['GPU 0: Card (UUID: GPU-1)', PART], 'GPU')).toMatchObject([
      { parts: [{ profile: '3g.40gb', device: 0, uuid: 'MIG-2' }] },
    ])
  })

  test('puts parts to no other card where the line of theirs cannot be read', () => {
    const lines = ['GPU 0: Card (UUID: GPU-1)', 'GPU 1: Card (UU', PART]
    expect(readSmiList(lines, 'GPU')).toMatchObject([{ index: 0, parts: [] }])
  })
})

describe('a log', () => {
  const log = (...below: readonly string[]) =>
    readSmiLog(['Driver Version : 5', 'GPU 00000000:01:00.0', '    Name : a', ...below], 'GPU')
  const PROCESS = [
    '    Processes',
    '        GPU instance ID     : 3',
    '        Compute instance ID : 0',
    '        Process ID          : 12',
    '            Type            : C',
    '            Name            : python',
    '            Used GPU Memory : 7 MiB',
    '        GPU instance ID     : N/A',
    '        Compute instance ID : N/A',
    '        Process ID          : 13',
  ]

  test('has a section per card, and the instances of a process in front of it', () => {
    expect(log(...PROCESS).lookup('Driver Version')).toBe('5')
    expect(log(...PROCESS).cards).toMatchObject([
      {
        pci: '00000000:01:00.0',
        processes: [
          { pid: 12, type: 'C', name: 'python', memory_mib: 7, gi: 3, ci: 0 },
          { pid: 13, memory_mib: null },
        ],
      },
    ])
    expect(log(...PROCESS).cards[0]?.processes?.[1]).not.toHaveProperty('gi')
  })

  test.each([
    { name: 'the word None says that there are none', below: ['    Processes : None'], list: [] },
    {
      name: 'a heading that the text ends with tells nothing',
      below: ['    Processes'],
      list: null,
    },
    { name: 'so does one with ids alone below it', below: PROCESS.slice(0, 3), list: null },
    { name: 'no heading tells nothing', below: [], list: null },
    {
      name: 'a process whose id was lost makes it unknown',
      below: [...PROCESS.slice(0, 3), ...PROCESS.slice(4)],
      list: null,
    },
    {
      name: 'so does one that ran into the one before it',
      below: [
        '    Processes',
        '        Process ID : 12',
        '            Name : a',
        '            Name : b',
      ],
      list: null,
    },
    {
      name: 'so does one whose id the text ends before',
      below: [...PROCESS, '        GPU instance ID : N/A'],
      list: null,
    },
    {
      name: 'the list of the next card, whose heading was lost, is not this one',
      below: [...PROCESS.slice(0, 4), '    Name : b', '    Processes : None'],
      list: [{ pid: 12, name: null, memory_mib: null, gi: 3, ci: 0 }],
    },
  ])('$name', ({ below, list }) => expect(log(...below).cards[0]?.processes).toEqual(list))

  test('is known by its title or by a section of its own', () => {
    expect(isSmiLog(['====PPUSMI LOG===='], 'PPU')).toBe(true)
    expect(isSmiLog(['GPU 00000000:01:00.0 '], 'GPU')).toBe(true)
    expect(isSmiLog(['====NVSMI LOG====', 'XPU 00000000:01:00.0'], 'GPU')).toBe(false)
  })
})

describe('samples of processes', () => {
  const HEADER = ['# gpu   pid type  fb command', '# Idx     #  C/G  MB name']
  const processes = (...rows: readonly string[]) => {
    const samples = readSamples([...HEADER, ...rows], 'gpu')
    return samples === null ? null : Object.fromEntries(readSampleProcesses(samples))
  }

  test('are a card’s; a dash says that nothing runs there', () => {
    expect(processes('  0  12  C  7 python a.py', '  0  13  G  -  x', '  1  -  -  -  -')).toEqual({
      0: [
        { pid: 12, type: 'C', name: 'python a.py', memory_mib: 7 },
        { pid: 13, type: 'G', name: 'x', memory_mib: null },
      ],
      1: [],
    })
  })

  test('with a pid that cannot be read tell nothing of their card', () => {
    expect(processes('  0  ERR!  C  7 a', '  0  13  C  7 b', '  1 14 C 7 c')).toMatchObject({
      0: null,
      1: [{ pid: 14 }],
    })
  })

  test('of several rounds are those of the last one', () => {
    const rounds = ['0 12 C 7 a', '1 13 C 7 b', '0 14 C 7 c', '1 - - - -']
    expect(processes(...rounds)).toMatchObject({ 0: [{ pid: 14 }], 1: [] })
    expect(processes('0 12 C 7 a', '0 13 C 7 b', '0 12 C 7 a')).toMatchObject({ 0: [{ pid: 12 }] })
  })

  test('without their row of units are not read', () => {
    const samples = readSamples([HEADER[0] ?? '', '0 12 C 7 a'], 'gpu')
    expect(samples).toMatchObject({ areProcesses: true, rows: [] })
  })
})

describe('CSV', () => {
  const DIALECT = smiCsvDialect(/--query-gpu=(\S+)/, { card_name: 'name' }, ['own.field'])
  const table = (lines: readonly string[], command: string | null = null) =>
    readCsv(lines, command, DIALECT) ?? { columns: [], hasHeader: false, rows: [] }

  test('of cards is read by its header, or by the fields that were asked for', () => {
    const rows = ['3, Card 500, 7 %, 64 MiB']
    const header = 'index, gpu_name, utilization.gpu [%], memory.total [MiB]'
    const told = { index: 3, name: 'Card 500', utilization_pct: 7, memory_total_mib: 64 }
    const command = 'smi --query-gpu=index,card_name,utilization.gpu,memory.total'
    for (const one of [table([header, ...rows]), table(rows, command)]) {
      expect(readSmiCsvCards(one, readSmiCsvCard)).toMatchObject([told])
    }
  })

  test('leaves out a row of another width, and numbers the others by their order', () => {
    const printed = table(['name, uuid', 'a, GPU-1', 'b', 'c, GPU-3'])
    expect(readSmiCsvCards(printed, readSmiCsvCard)).toMatchObject([
      { index: 0, uuid: 'GPU-1' },
      { index: 2, uuid: 'GPU-3' },
    ])
  })

  test('of processes may have commas in a command', () => {
    const lines = [
      'gpu_uuid, pid, process_name, used_memory [MiB]',
      'GPU-1, 12, a, b --c, 7 MiB',
      'GPU-2, 13, d, N/A',
      'GPU-1, 14, e, 8 MiB',
    ]
    expect(readSmiCsvProcesses(table(lines))).toMatchObject([
      {
        card: { index: 0, uuid: 'GPU-1' },
        isNumbered: false,
        processes: [{ pid: 12, name: 'a, b --c', memory_mib: 7 }, { pid: 14 }],
      },
      { card: { index: 1 }, processes: [{ pid: 13, memory_mib: null }] },
    ])
  })

  test('has a version where all rows say the same one', () => {
    const lines = ['index, driver_version', '0, 5', '1, 5']
    expect(commonCell(table(lines), 'driver_version')).toBe('5')
    expect(commonCell(table([...lines, '2, 6']), 'driver_version')).toBeNull()
  })
})

describe('processes in XML', () => {
  const listOf = (processes: string, none: RegExp) => {
    const root = readXml(`<log><gpu>${processes}</gpu></log>`, 'log')
    const gpu = isUnreadableXml(root) ? undefined : childOf(root, 'gpu')
    return gpu === undefined ? 'unreadable' : readXmlProcesses(gpu, none)
  }

  test.each([
    ['<processes></processes>', /^$/, []],
    ['<processes>None</processes>', /^none$/i, []],
    ['<processes></processes>', /^none$/i, null],
    ['<processes>N/A</processes>', /^$/, null],
    ['<processes><other>1</other></processes>', /^$/, null],
    ['', /^$/, null],
  ])('%s, where %s says none: %j', (processes, none, list) => {
    expect(listOf(processes, none)).toEqual(list)
  })

  test('are all of them, with what is told of each', () => {
    const one = '<process_info><pid>12</pid><used_memory>7 MiB</used_memory></process_info>'
    const two = '<process_info><pid>13</pid><type>C</type></process_info>'
    expect(listOf(`<processes>${one}${two}</processes>`, /^$/)).toMatchObject([
      { pid: 12, memory_mib: 7 },
      { pid: 13, type: 'C', memory_mib: null },
    ])
  })
})

describe('PCI ids', () => {
  test.each([
    ['0x1ED5', '0x0323', '1ed5:0323'],
    ['1eed', '15a3', '1eed:15a3'],
    ['0xED5', '0x0323', null],
    ['N/A', '0x0323', null],
    [undefined, '15a3', null],
  ])('%s and %s', (vendor, device, id) => expect(readPciId(vendor, device)).toBe(id))

  test.each([
    ['00061E27', '1e27:0006'],
    ['0x36862057', '2057:3686'],
    ['0x3686205', null],
    [undefined, null],
  ])('%s', (printed, id) => expect(readJoinedPciId(printed)).toBe(id))
})
